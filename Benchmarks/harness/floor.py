"""The two C programs: the receiver of every drain, and the floor, which is SQLite called from C."""

import json
import os

from .child import run

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMPILE = ["cc", "-O3", "-std=gnu11", "-Wall", "-Wextra"]


def build(folder, migrations):
    """Compiles both into `folder`; returns the receiver's path and the floor, on the schema of `migrations`."""
    receiver = os.path.join(folder, "receiver")
    floor = os.path.join(folder, "floor")
    run([*COMPILE, "-o", receiver, os.path.join(HERE, "receiver", "receiver.c")])
    sources = [os.path.join(HERE, "floor", name) for name in ("floor.c", "spool.c", "record.c", "line.c")]
    run([*COMPILE, "-o", floor, *sources, "-lsqlite3"])
    return receiver, Floor(floor, os.path.abspath(migrations))


class Floor:
    """SQLite from C, on the project's own schema."""

    def __init__(self, program, migrations):
        self.program = program
        self.migrations = migrations

    def version(self):
        return json.loads(run([self.program, "version"]))["sqlite"]

    def insert(self, spool, rows, page, stream="bench/activities"):
        """Spools generated records in pages of `page`, each in its own durable transaction."""
        arguments = ["--spool", spool, "--migrations", self.migrations, "--stream", stream]
        return self._measure("insert", *arguments, "--rows", rows, "--page", page)

    def read(self, spool):
        """Reads every event's columns in order, and discards them."""
        return self._measure("read", "--spool", spool)

    def drain(self, spool, port):
        """Reads, renders and sends every event: a drain without daemon and settlement, with no guarantees."""
        return self._measure("drain", "--spool", spool, "--port", port)

    def write_lines(self, path, rows):
        """Writes the lines that a drain of as many generated records would send."""
        run(["sh", "-c", 'exec "$0" lines --rows "$1" >"$2"', self.program, rows, path])

    def _measure(self, command, *arguments):
        return json.loads(run([self.program, command, *arguments], limit=180))
