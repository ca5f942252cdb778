"""Child processes: started in a separate folder, measured by their CPU clock, ended by their pid."""

import ctypes
import glob
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchmarkError(Exception):
    """Why a row cannot be measured, with what to do."""


def _die_with_parent():
    # If the run itself is killed, the kernel ends its children.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def cpu_ns(pid):
    """User and system time of a process so far, in nanoseconds, its ended threads included.

    The number is the clock id, computed as in clock_getcpuclockid(3): exact, while /proc counts in ticks of 10 ms.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError as error:
        raise BenchmarkError(f"process {pid} ended before its CPU time was read") from error


def starved_ns(pid):
    """How long the running threads of a process waited for a core: the effect of a busy machine."""
    waited = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path, encoding="ascii") as file:
                waited += int(file.read().split()[1])
        except OSError:
            # The thread has ended meanwhile.
            continue
    return waited


class Child:
    """A running process whose output goes to a file in `folder`; leaving the `with` block ends it."""

    def __init__(self, name, arguments, folder, environment=None, piped=False):
        self.name = name
        self.log = os.path.join(folder, f"{name}.log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def cpu_ns(self):
        return cpu_ns(self.pid)

    def starved_ns(self):
        return starved_ns(self.pid)

    def stop(self, patience=20):
        """Asks it to end, then kills it; returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return status

    def require_running(self):
        """Raises with the last lines of its output if it has ended."""
        status = self.process.poll()
        if status is not None:
            raise BenchmarkError(f"{self.name} ended with status {status}:\n{self.last_output()}")

    def last_output(self, characters=2000):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-characters:]

    def wait_until(self, description, reading, limit=60, pause=0.02):
        """Calls `reading` until it returns something true, and returns that; fails when the child ends or the time is over."""
        deadline = time.monotonic() + limit
        while True:
            answer = reading()
            if answer:
                return answer
            self.require_running()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{self.name}: no sign of “{description}” in {limit} s:\n{self.last_output()}")
            time.sleep(pause)


def run(arguments, folder=None, environment=None, limit=120):
    """Runs a short command and returns its output."""
    arguments = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            preexec_fn=_die_with_parent,
        )
    except FileNotFoundError as error:
        raise BenchmarkError(f"{arguments[0]} is not installed; Benchmarks/packages lists what is needed") from error
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{arguments[0]} took longer than {limit} s") from error
    if done.returncode != 0:
        raise BenchmarkError(f"{' '.join(arguments)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
