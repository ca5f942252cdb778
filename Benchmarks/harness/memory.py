"""Resident memory of the daemon while a backlog builds up behind a SIEM that is down, and drains when it is back."""

import os
import re
import time
from dataclasses import dataclass

from .child import BenchmarkError
from .figures import markdown
from .measure import work_folder
from .portal import Portal
from .receiver import Receiver
from .spool import Reader

THIRDS = 3
BUILD_LIMIT_S = 300
DRAIN_LIMIT_S = 120


@dataclass
class Phase:
    """One phase: the daemon's memory at its end, and the peak within it."""

    name: str
    events: int
    waiting: int
    seconds: float
    resident: int
    anonymous: int
    peak: int


class Gauge:
    """The kernel's own figures for a process; the peak is reset with each phase, so that none is missed between two readings."""

    def __init__(self, child, reader):
        self.child = child
        self.reader = reader
        self.phases = []
        self._begin()

    def end(self, name):
        """Ends a phase, and starts the next."""
        sizes = self.sizes()
        waiting = self.reader.waiting()
        seconds = time.monotonic() - self.begun
        figures = [sizes[key] for key in ("VmRSS", "RssAnon", "VmHWM")]
        self.phases.append(Phase(name, self.reader.events(), waiting or 0, seconds, *figures))
        self._begin()

    def _begin(self):
        self.begun = time.monotonic()
        # proc(5): 5 resets the peak to what is resident now.
        with open(f"/proc/{self.child.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def sizes(self):
        try:
            with open(f"/proc/{self.child.pid}/status", encoding="utf-8") as file:
                found = re.findall(r"^(\w+):\s+(\d+) kB$", file.read(), re.MULTILINE)
        except OSError as error:
            raise BenchmarkError("spool ended while its memory was watched") from error
        return {key: int(kilobytes) * 1024 for key, kilobytes in found}


def watch(spool, events, receiver_program, parent):
    """Builds up a backlog and drains it; returns the phases: start, thirds, drain, and after it."""
    with work_folder(parent, "memory") as folder, Receiver(receiver_program, folder) as receiver:
        reader = Reader(os.path.join(folder, "spool.db"))
        with Portal(spool.program, folder, events) as portal:
            with spool.start(folder, portal.address, receiver.port, portal.token) as daemon:
                gauge = Gauge(daemon, reader)
                daemon.wait_until("its first page", reader.events)
                gauge.end("start, to the first page")
                for third in range(1, THIRDS + 1):
                    share = events * third // THIRDS
                    daemon.wait_until(f"{share} events", lambda share=share: reader.events() >= share, BUILD_LIMIT_S)
                    gauge.end(f"build-up, to {share:,}")
                receiver.open(events)
                sending = receiver.done(DRAIN_LIMIT_S)["wall_ns"] / 1e9
                daemon.wait_until("everything settled", lambda: reader.waiting() == 0, DRAIN_LIMIT_S)
                gauge.end(f"drain ({sending:.1f} s from its first line to its last)")
                # Wait until a poll has been spooled after the end of the drain.
                seen = polled(reader)
                daemon.wait_until("another poll", lambda: polled(reader) > seen)
                gauge.end("after it, to the next poll")
                spool.stop(daemon)
        sent, kept = receiver.total()["lines"], reader.events()
        if sent != events or kept != events:
            raise BenchmarkError(f"spool kept {kept} events and sent {sent}, of {events}")
        return gauge.phases


def polled(reader):
    return reader.number("SELECT max(last_success_ms) FROM stream") or 0


def mebibytes(size):
    return f"{size / (1 << 20):.1f}"


def table(phases):
    heads = ["Memory of `spool run`", "events", "waiting", "seconds", "peak MiB", "resident MiB", "of it anonymous"]
    lines = []
    for phase in phases:
        line = [phase.name, f"{phase.events:,}", f"{phase.waiting:,}", f"{phase.seconds:.1f}"]
        lines.append([*line, *(mebibytes(size) for size in (phase.peak, phase.resident, phase.anonymous))])
    return markdown(heads, lines)


def growth(phases):
    """The ratio of the peak in the later thirds to that in the first third."""
    first, *later = (phase.peak for phase in phases[1 : 1 + THIRDS])
    return max(later) / first


def peak(phases):
    return max(phase.peak for phase in phases)
