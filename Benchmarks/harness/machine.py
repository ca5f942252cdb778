"""Facts about the machine, which are needed to interpret the figures."""

import os
import platform
import time

from .child import run


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def file_system(folder):
    """Type of the file system that holds the folder."""
    return run(["stat", "--file-system", "--format=%T", folder]).strip()


def sync_ms(folder, times=50):
    """The median time of a durable write of 4 KiB."""
    path = os.path.join(folder, "sync")
    taken = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for _ in range(times):
            begun = time.monotonic()
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            taken.append(time.monotonic() - begun)
    finally:
        os.close(descriptor)
        os.unlink(path)
    return sorted(taken)[times // 2] * 1000


def facts(folder, versions):
    """Lines of a list."""
    compiler = run(["cc", "--version"]).splitlines()[0]
    load = os.getloadavg()[0]
    return [
        f"{os.cpu_count()} cores ({processor()}), Linux {platform.release()}, load {load:.1f} at the start",
        f"{file_system(folder)}, 4 KiB made durable in {sync_ms(folder):.2f} ms",
        ", ".join([*(f"{name} {version}" for name, version in versions.items()), compiler]),
    ]
