"""The measurements: each in a separate folder, which is deleted afterwards."""

import contextlib
import os
import shutil
import tempfile
import time

from .child import BenchmarkError
from .figures import Drain, Insertion
from .receiver import Receiver

DRAIN_LIMIT_S = 120


@contextlib.contextmanager
def work_folder(parent, name):
    """An empty folder, deleted afterwards; first the page cache of earlier work is written."""
    folder = tempfile.mkdtemp(prefix=f"{name}-", dir=parent)
    try:
        os.sync()
        yield folder
    finally:
        shutil.rmtree(folder)


def as_drain(report, expected, cpu_settled_ns=None):
    """The receiver's report as figures; fails if the sender was not watched or lost something."""
    first, last = report["sender_cpu_first_ns"], report["sender_cpu_last_ns"]
    if first < 0 or last < 0:
        raise BenchmarkError("the sender's CPU time could not be read")
    return Drain(
        lines=expected,
        seconds=report["wall_ns"] / 1e9,
        cpu_seconds=(last - first) / 1e9,
        cpu_seconds_settled=None if cpu_settled_ns is None else (cpu_settled_ns - first) / 1e9,
    )


def check_total(receiver, drain, lines, name):
    """Nothing may be missing or cut: the bytes show it, since every sender sends the same lines."""
    total = receiver.total()
    drain.repeated = total["lines"] - lines.count
    missing = lines.bytes - total["bytes"]
    if drain.repeated < 0 or missing > 0 or (drain.repeated == 0 and missing != 0):
        raise BenchmarkError(
            f"{name} sent {total['lines']} lines of {total['bytes']} bytes instead of {lines.count} of {lines.bytes}"
        )
    return drain


def drain_peer(peer, lines, receiver_program, parent):
    """Fills a peer's queue while its destination is down, then opens the destination."""
    with work_folder(parent, peer.name) as folder, Receiver(receiver_program, folder) as receiver:
        with peer.start(folder, receiver.port) as child:
            peer.feed(lines.path)
            peer.wait_for_queued(lines.count)
            os.sync()
            receiver.watch(child.pid)
            receiver.open(lines.count)
            report = receiver.done(DRAIN_LIMIT_S)
            peer.wait_for_queued(0)
            drain = as_drain(report, lines.count, child.cpu_ns())
            return check_total(receiver, drain, lines, peer.name)


def insert_into_peer(peer, lines, receiver_program, parent):
    """Fills a peer's queue while its destination is down, and measures the filling."""
    with work_folder(parent, peer.name) as folder, Receiver(receiver_program, folder) as receiver:
        with peer.start(folder, receiver.port) as child:
            cpu, begun = child.cpu_ns(), time.monotonic()
            peer.feed(lines.path)
            seconds, cpu = time.monotonic() - begun, child.cpu_ns() - cpu
            peer.wait_for_queued(lines.count)
            return Insertion(lines.count, seconds, cpu / 1e9, peer.bytes_on_disk() / lines.count)


def insert_from_c(floor, rows, page, parent):
    """Fills a spool from C."""
    with work_folder(parent, "floor") as folder:
        path = os.path.join(folder, "spool.db")
        report = floor.insert(path, rows, page)
        return Insertion(rows, report["wall_ns"] / 1e9, report["cpu_ns"] / 1e9, os.stat(path).st_size / rows)


def read_from_c(floor, spool):
    """Reads a spool's columns from C, in order."""
    report = floor.read(spool)
    return Drain(report["rows"], report["wall_ns"] / 1e9, report["cpu_ns"] / 1e9)


def drain_from_c(floor, spool, lines, receiver_program, parent):
    """Reads, renders and sends a spool from C."""
    with work_folder(parent, "floor") as folder, Receiver(receiver_program, folder) as receiver:
        receiver.open(lines.count)
        # It ends with its work, so it reports its own CPU time.
        report = floor.drain(spool, receiver.port)
        wall_ns = receiver.done(DRAIN_LIMIT_S)["wall_ns"]
        drain = Drain(lines.count, wall_ns / 1e9, report["cpu_ns"] / 1e9)
        return check_floor(receiver, drain, lines)


def check_floor(receiver, drain, lines):
    """The floor renders its own lines, a little longer or shorter than the project's: each must have arrived."""
    total = receiver.total()
    if total["lines"] != lines.count or abs(total["bytes"] - lines.bytes) > lines.bytes // 50:
        raise BenchmarkError(
            f"floor sent {total['lines']} lines of {total['bytes']} bytes instead of {lines.count} of about {lines.bytes}"
        )
    return drain
