"""The counting receiver: one process for each drain, which binds its port before it listens."""

import json
import os
import select

from .child import BenchmarkError, Child


class Receiver(Child):
    """A destination that refuses connections until it is opened."""

    def __init__(self, binary, folder, save=None):
        super().__init__("receiver", [binary, *(["--save", save] if save else [])], folder, piped=True)
        self._pending = b""
        first = self._line(limit=10)
        self.port = int(first.split()[1])

    def watch(self, pid):
        """Reads the CPU clock of `pid` at the first byte and at the last line."""
        if not self._ask(f"watch {pid}", "watching", limit=10)["found"]:
            raise BenchmarkError(f"process {pid} ended before it was watched")

    def open(self, lines):
        """Starts to listen, for that many lines."""
        self._ask(f"open {lines}", "open", limit=10)

    def done(self, limit):
        """Waits until all lines have arrived, and returns the report."""
        return json.loads(self._line(limit))

    def total(self):
        """What has arrived so far."""
        return self._ask("total", "total", limit=10)

    def _ask(self, command, event, limit):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self._line(limit))
        if answer["event"] != event:
            raise BenchmarkError(f"the receiver answered {answer} to {command}")
        return answer

    def _line(self, limit):
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._pending:
            readable, _, _ = select.select([descriptor], [], [], limit)
            chunk = os.read(descriptor, 4096) if readable else b""
            if not chunk:
                self.require_running()
                raise BenchmarkError(f"the receiver did not get its lines in {limit} s")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()
