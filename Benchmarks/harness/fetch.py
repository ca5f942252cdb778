"""Fetching: pages from the simulated portal through the daemon into its spool."""

import os
import time
from dataclasses import dataclass

from .child import BenchmarkError
from .figures import Insertion
from .measure import work_folder
from .portal import Portal
from .spool import Reader, refusing_port

FETCH_LIMIT_S = 180


@dataclass
class Reading:
    """How far the daemon was at one moment, and the CPU time that it and the portal had used."""

    events: int
    time: float
    daemon_ns: int
    portal_ns: int
    starved_ns: int


def fetch(spool, records, parent):
    """Lets the daemon read the whole history while nothing can be delivered.

    Measures from the first page in the spool to the last one, so that the start of neither process counts.
    """
    with work_folder(parent, "fetch") as folder, refusing_port() as siem:
        reader = Reader(os.path.join(folder, "spool.db"))
        with Portal(spool.program, folder, records) as portal:
            with spool.start(folder, portal.address, siem, portal.token) as daemon:

                def read(least):
                    events = reader.events()
                    if events < least:
                        return None
                    starved = daemon.starved_ns() + portal.starved_ns()
                    return Reading(events, time.monotonic(), daemon.cpu_ns(), portal.cpu_ns(), starved)

                first = daemon.wait_until("the first page", lambda: read(1), FETCH_LIMIT_S, pause=0.005)
                last = daemon.wait_until("the last page", lambda: read(records), FETCH_LIMIT_S, pause=0.005)
                spool.stop(daemon)
        if last.events != records or first.events == last.events:
            raise BenchmarkError(f"spool has {last.events} events of {records}, {first.events} of them of its first page")
        return Insertion(
            rows=last.events - first.events,
            seconds=last.time - first.time,
            cpu_seconds=(last.daemon_ns - first.daemon_ns) / 1e9,
            bytes_per_row=os.stat(reader.path).st_size / records,
            starved_seconds=(last.starved_ns - first.starved_ns) / 1e9,
            portal_seconds=(last.portal_ns - first.portal_ns) / 1e9,
            record_bytes=reader.number("SELECT avg(length(CAST(raw AS BLOB))) FROM record"),
        )
