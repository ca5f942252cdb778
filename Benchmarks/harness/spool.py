"""The project's own binary: filled from its simulated portal, drained into the receiver."""

import contextlib
import os
import socket
import sqlite3

from .child import BenchmarkError, Child, run
from .measure import DRAIN_LIMIT_S, as_drain, check_total, work_folder
from .receiver import Receiver

FILL_LIMIT_S = 180

CONFIGURATION = """\
spool: {{ path: {folder}/spool.db }}
sources:
  - name: bench
    type: defender-cloud-apps
    url: {source}
    poll: 1s
    requests_per_minute: 100000
    auth: {{ token: file:{folder}/token }}
    streams:
      activities: {{ start: 2d }}
sinks:
  - name: siem
    type: syslog
    address: 127.0.0.1:{port}
    transport: tcp
    format: cef-agent
    streams: [bench/activities]
status: {{ listen: none }}
"""


@contextlib.contextmanager
def refusing_port():
    """A port of this process that refuses every connection: bound, but not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


class Reader:
    """Read-only queries of a spool, as an operator would make them with sqlite3."""

    def __init__(self, path):
        self.path = path

    def number(self, sql):
        """The only number of a result; None while there is no spool or it is empty."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)) as database:
                return database.execute(sql).fetchone()[0]
        except (sqlite3.OperationalError, TypeError):
            return None

    def events(self):
        # Not the greatest seq: a record that was known already uses one up.
        return self.number("SELECT sum(inserted) FROM stream WHERE replay_id IS NULL") or 0

    def waiting(self):
        """Events that the sink has not settled."""
        return self.number("SELECT sum(t.inserted - s.passed) FROM subscription s JOIN stream t ON t.id = s.stream_id")

    def page(self):
        """Records in the pages that it was filled from."""
        return self.number("SELECT sum(seen) / sum(pages) FROM fetch_window")


class Spool:
    """The built binary."""

    name = "spool"

    def __init__(self, program):
        self.program = os.path.abspath(program)
        if not os.access(self.program, os.X_OK):
            raise BenchmarkError(f"{program} does not exist: build it with “swift build -c release”, or name it with --spool")

    def version(self):
        return run([self.program, "--version"]).strip()

    def start(self, folder, source, port, token="bench"):
        """Starts the daemon on the spool in `folder`."""
        configuration = os.path.join(folder, "spool.yaml")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, source=source, port=port))
        with open(os.path.join(folder, "token"), "w", encoding="utf-8") as file:
            file.write(token)
        return Child("spool", [self.program, "run", "--config", configuration], folder)

    def stop(self, child):
        """Stops the daemon cleanly."""
        status = child.stop()
        if status != 0:
            raise BenchmarkError(f"spool ended with {status}:\n{child.last_output()}")


def fill(spool, floor, folder, events):
    """Creates a spool in `folder` with that many events, none of them delivered.

    The daemon creates the spool with its streams and sinks, as on every first start; the events are then inserted
    from C, so that the peers' lines and the pages of the floor are made from the same records.
    """
    with refusing_port() as port, spool.start(folder, f"http://127.0.0.1:{port}", port) as child:
        reader = Reader(os.path.join(folder, "spool.db"))
        child.wait_until("a subscription", lambda: reader.number("SELECT count(*) FROM subscription"))
        spool.stop(child)
    floor.insert(reader.path, events, page=5000)
    return reader


def copy(filled, folder):
    """Copies a spool that no process has open."""
    for ending in ("", "-wal"):
        path = filled.path + ending
        if os.path.exists(path):
            run(["cp", "--reflink=auto", path, os.path.join(folder, os.path.basename(path))])
    return Reader(os.path.join(folder, os.path.basename(filled.path)))


def drain(spool, filled, lines, receiver_program, parent):
    """Starts the daemon on a full spool while the destination is up."""
    with work_folder(parent, "spool") as folder, refusing_port() as source:
        reader = copy(filled, folder)
        os.sync()
        with Receiver(receiver_program, folder) as receiver:
            receiver.open(lines.count)
            with spool.start(folder, f"http://127.0.0.1:{source}", receiver.port) as child:
                receiver.watch(child.pid)
                report = receiver.done(DRAIN_LIMIT_S)
                child.wait_until("everything settled", lambda: reader.waiting() == 0, pause=0.1)
                drained = as_drain(report, lines.count, child.cpu_ns())
                spool.stop(child)
            return check_total(receiver, drained, lines, "spool")


def capture(spool, filled, events, path, receiver_program, parent):
    """Writes the lines of a whole drain to `path`, as input for the peers."""
    with work_folder(parent, "capture") as folder, refusing_port() as source:
        reader = copy(filled, folder)
        with Receiver(receiver_program, folder, save=path) as receiver:
            receiver.open(events)
            with spool.start(folder, f"http://127.0.0.1:{source}", receiver.port) as child:
                receiver.done(DRAIN_LIMIT_S)
                child.wait_until("everything settled", lambda: reader.waiting() == 0, pause=0.1)
                spool.stop(child)
            total = receiver.total()
            if total["lines"] != events:
                raise BenchmarkError(f"spool sent {total['lines']} lines for {events} events")
