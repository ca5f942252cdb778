"""`spool verify` over a window of many events: its time and its peak memory."""

import os
import re
import subprocess
import time
from dataclasses import dataclass

from .child import BenchmarkError
from .figures import markdown
from .measure import work_folder
from .memory import Gauge, mebibytes
from .portal import Portal
from .receiver import Receiver
from .spool import Reader

FILL_LIMIT_S = 900
VERIFY_LIMIT_S = 1800
FOUND = re.compile(r"^proof \d+: ([\d,]+) events, 0 missing", re.MULTILINE)


@dataclass
class Proof:
    """One comparison: number of ids, time, and peak memory of the process."""

    setting: str
    events: int
    seconds: float
    peak: int


def verify(spool, events, receiver_program, parent):
    """Fills a spool from the portal, delivers all of it, and verifies it: in the daemon, and by the command alone."""
    with work_folder(parent, "verify") as folder, Receiver(receiver_program, folder) as receiver:
        reader = Reader(os.path.join(folder, "spool.db"))
        with Portal(spool.program, folder, events) as portal:
            receiver.open(events)
            with spool.start(folder, portal.address, receiver.port, portal.token) as daemon:
                daemon.wait_until("everything fetched", lambda: reader.events() >= events, FILL_LIMIT_S, pause=0.5)
                daemon.wait_until("everything settled", lambda: reader.waiting() == 0, FILL_LIMIT_S, pause=0.5)
                gauge = Gauge(daemon, reader)
                found, seconds, _ = _run(spool, folder)
                gauge.end("verify")
                inside = Proof("in the daemon, its own memory included", found, seconds, gauge.phases[0].peak)
                spool.stop(daemon)
            found, seconds, peak = _run(spool, folder)
            return [inside, Proof("by the command, no daemon running", found, seconds, peak)]


def _run(spool, folder):
    """Runs the command; returns the ids compared, its time, and its peak of resident memory."""
    command = [spool.program, "verify", "--config", os.path.join(folder, "spool.yaml"), "--from", "3d", "--to", "1s"]
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # Its output is short enough for the pipe: it ends without a reader.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        output, errors = process.stdout.read(), process.stderr.read()
        process.returncode = os.waitstatus_to_exitcode(status)
    found = FOUND.search(output)
    if process.returncode != 0 or not found:
        raise BenchmarkError(f"spool verify ended with {process.returncode}:\n{(output + errors)[-2000:]}")
    if seconds > VERIFY_LIMIT_S:
        raise BenchmarkError(f"spool verify took {seconds:.0f} s")
    return int(found[1].replace(",", "")), seconds, usage.ru_maxrss * 1024


def table(proofs):
    heads = ["`spool verify`", "ids compared", "seconds", "ids/s", "peak MiB"]
    lines = [
        [one.setting, f"{one.events:,}", f"{one.seconds:.1f}", f"{one.events / one.seconds:,.0f}", mebibytes(one.peak)]
        for one in proofs
    ]
    return markdown(heads, lines)
