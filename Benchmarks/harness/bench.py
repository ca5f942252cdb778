"""A run: what is measured, in which order, and with which programs."""

import os
import sys
import time
from dataclasses import dataclass

from . import floor as c_programs
from . import fetch, look, measure, memory, peers, spool, verify
from .child import BenchmarkError
from .figures import Row

SYSTEMS = ("spool", "sqlite", "rsyslog", "syslog-ng")

INSERTED_ROWS = 100_000
# rsyslog writes about 1,500 lines per second when it syncs each.
SYNCED_LINES = 5_000
PAGES = (500, 5_000)
MEMORY_EVENTS = 300_000
# Space for a backlog, its copy, the lines and a queue of them.
BYTES_PER_EVENT = 12_000
# Generated rows of a spool that is only read, and its log while it is filled.
BYTES_PER_LOOK = 600


@dataclass
class Lines:
    """The lines that every sender sends."""

    path: str
    count: int

    @property
    def bytes(self):
        return os.stat(self.path).st_size

    def first(self, count, path):
        """The first lines, in a separate file."""
        with open(self.path, "rb") as lines, open(path, "wb") as some:
            for _ in range(count):
                some.write(lines.readline())
        return Lines(path, count)


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


class Bench:
    """Measures the chosen systems, in `folder`."""

    def __init__(self, options, folder):
        self.folder = folder
        self.events = options.events
        self.rounds = options.rounds
        self.receiver, self.floor = c_programs.build(folder, options.migrations)
        self.spool = spool.Spool(options.spool) if "spool" in options.only else None
        self.sqlite = "sqlite" in options.only
        self.peers = peers.find_peers(folder, options.only)
        self._require_space(BYTES_PER_LOOK if options.task == ["look"] else BYTES_PER_EVENT)

    def versions(self):
        """Names and versions of all measured systems."""
        named = {"spool": self.spool} if self.spool else {}
        named |= {"SQLite": self.floor} if self.sqlite else {}
        named |= {peer.name: peer for peer in self.peers}
        return {name: one.version() for name, one in named.items()}

    def prepare(self):
        """Fills the backlog once, and captures the lines that draining it sends."""
        path = os.path.join(self.folder, "lines")
        backlog = os.path.join(self.folder, "backlog")
        os.mkdir(backlog)
        say(f"making a backlog of {self.events:,} events")
        if self.spool:
            self.backlog = spool.fill(self.spool, self.floor, backlog, self.events)
            say("capturing the lines of a drain, for the peers to send")
            spool.capture(self.spool, self.backlog, self.events, path, self.receiver, self.folder)
        else:
            self.backlog = spool.Reader(os.path.join(backlog, "spool.db"))
            self.floor.insert(self.backlog.path, self.events, PAGES[-1])
            self.floor.write_lines(path, self.events)
        self.lines = Lines(path, self.events)
        self.some_lines = self.lines.first(min(SYNCED_LINES, self.events), os.path.join(self.folder, "some-lines"))

    def drain(self):
        """Drains in turn, so that other load on the machine affects all systems alike; returns their rows."""
        turns = []
        if self.spool:
            turns.append((Row("spool", "SQLite, WAL, `synchronous=FULL`"), self._drain_spool))
        for peer in self.peers:
            if not peer.synced:
                turns.append((Row(peer.name, peer.queue), lambda peer=peer: self._drain_peer(peer)))
        if self.sqlite:
            turns.append((Row("SQLite from C", "the same spool, nothing settled"), self._drain_from_c))
            turns.append((Row("SQLite from C", "the same spool, only read"), self._read_from_c))
        return self._take_turns(turns)

    def insert(self):
        """Fills queues in turn; returns their rows."""
        turns = []
        if self.spool:
            turns.append((Row("spool", f"the whole way in, pages of {PAGES[-1]:,}, synced"), self._fetch))
        if self.sqlite:
            for page in PAGES:
                row = Row("SQLite from C", f"synced, {page:,} rows a transaction")
                turns.append((row, lambda page=page: self._insert_from_c(page)))
        for peer in self.peers:
            turns.append((Row(peer.name, peer.queue), lambda peer=peer: self._insert_into_peer(peer)))
        return self._take_turns(turns)

    def watch_memory(self):
        """Watches the daemon's memory through an outage of the SIEM; returns its phases."""
        say(f"watching the daemon's memory through a backlog of {MEMORY_EVENTS:,} events")
        return memory.watch(self.spool, MEMORY_EVENTS, self.receiver, self.folder)

    def verify(self):
        """Verifies a window of all events; returns the figures, in the daemon and by the command alone."""
        say(f"proving a window of {self.events:,} events")
        return verify.verify(self.spool, self.events, self.receiver, self.folder)

    def look(self):
        """Reads a spool of all events, and one of a hundredth; returns the times of both."""
        sizes = []
        for events in (max(1, self.events // 100), self.events):
            say(f"looking at a spool of {events:,} events")
            sizes.append(look.look(self.spool, events, self.folder))
        return sizes

    def _fetch(self):
        return fetch.fetch(self.spool, INSERTED_ROWS, self.folder)

    def _take_turns(self, turns):
        for number in range(self.rounds):
            for row, work in turns:
                one = work()
                row.rounds.append(one)
                say(f"round {number + 1}: {row.name}, {row.setting}: {one.per_second:,.0f}/s, {one.cpu_us:.2f} µs CPU")
        return [row for row, _ in turns]

    def _drain_spool(self):
        return spool.drain(self.spool, self.backlog, self.lines, self.receiver, self.folder)

    def _drain_peer(self, peer):
        return measure.drain_peer(peer, self.lines, self.receiver, self.folder)

    def _drain_from_c(self):
        return measure.drain_from_c(self.floor, self.backlog.path, self.lines, self.receiver, self.folder)

    def _read_from_c(self):
        return measure.read_from_c(self.floor, self.backlog.path)

    def _insert_from_c(self, page):
        return measure.insert_from_c(self.floor, INSERTED_ROWS, page, self.folder)

    def _insert_into_peer(self, peer):
        lines = self.some_lines if peer.synced else self.lines
        return measure.insert_into_peer(peer, lines, self.receiver, self.folder)

    def _require_space(self, each):
        found = os.statvfs(self.folder)
        free, needed = found.f_bavail * found.f_frsize, self.events * each
        if free < needed:
            raise BenchmarkError(f"{self.folder} has {free >> 20} MiB free, {needed >> 20} are needed; see --folder")
