"""Results: values, their medians, and the tables made from them."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Drain:
    """One drain of a backlog, from the first byte at the receiver to its last line."""

    lines: int
    seconds: float
    cpu_seconds: float
    # Until the sender itself counts everything as delivered; None if it does not count.
    cpu_seconds_settled: float | None = None
    repeated: int = 0

    @property
    def per_second(self):
        return self.lines / self.seconds

    @property
    def cpu_us(self):
        return self.cpu_seconds / self.lines * 1e6

    @property
    def cpu_us_settled(self):
        return None if self.cpu_seconds_settled is None else self.cpu_seconds_settled / self.lines * 1e6


@dataclass
class Insertion:
    """One filling of a queue or spool."""

    rows: int
    seconds: float
    cpu_seconds: float
    bytes_per_row: float | None = None
    # The portal that the rows came from: its CPU time, and the size of its records; None without a portal.
    portal_seconds: float | None = None
    # How long both waited for a core.
    starved_seconds: float | None = None
    record_bytes: float | None = None

    @property
    def per_second(self):
        return self.rows / self.seconds

    @property
    def cpu_us(self):
        return self.cpu_seconds / self.rows * 1e6

    @property
    def portal_us(self):
        return None if self.portal_seconds is None else self.portal_seconds / self.rows * 1e6

    @property
    def starved_us(self):
        return None if self.starved_seconds is None else self.starved_seconds / self.rows * 1e6


@dataclass
class Row:
    """All rounds of one system at one task."""

    name: str
    setting: str
    rounds: list = field(default_factory=list)

    def middle(self, figure):
        """The median of a figure over the rounds; None where it was not measured."""
        values = [getattr(one, figure) for one in self.rounds]
        return None if not values or any(value is None for value in values) else median(values)

    def spread(self, figure):
        """The spread of the rounds: the greatest over the least."""
        values = [getattr(one, figure) for one in self.rounds]
        return max(values) / min(values)


def thousands(value):
    return "–" if value is None else f"{value:,.0f}"


def micros(value):
    return "–" if value is None else f"{value:.2f}"


def ratio(value, other):
    return "–" if not value or not other else f"{value / other:.2f} ×"


def markdown(heads, lines):
    """A table with its first two columns left-aligned and all figures right-aligned."""
    rules = [":--" if index < 2 else "--:" for index in range(len(heads))]
    rows = [heads, rules, *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def drain_table(rows):
    """Drains, compared; the last columns show how many times faster the first one is, and its share of the CPU time."""
    heads = ["Drain", "queue", "lines/s", "spread", "CPU µs/line", "until settled", "repeated lines"]
    figures = [("cpu_us", micros), ("cpu_us_settled", micros), ("repeated", thousands)]
    return _table(heads, rows, figures)


def insertion_table(rows):
    """Insertions, compared in the same way."""
    heads = ["Insertion", "queue", "rows/s", "spread", "CPU µs/row", "bytes on disk/row"]
    return _table(heads, rows, [("cpu_us", micros), ("bytes_per_row", thousands)])


def _table(heads, rows, figures):
    first = rows[0]
    lines = []
    for row in rows:
        line = [row.name, row.setting, thousands(row.middle("per_second")), f"{row.spread('per_second'):.2f}"]
        line += [form(row.middle(figure)) for figure, form in figures]
        line += [ratio(first.middle("per_second"), row.middle("per_second")), ratio(first.middle("cpu_us"), row.middle("cpu_us"))]
        lines.append(line)
    return markdown([*heads, f"{first.name} is faster", f"{first.name} takes CPU"], lines)
