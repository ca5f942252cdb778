"""The peers, each configured with a queue on disk: rsyslog and syslog-ng."""

import glob
import json
import os
import re
import socket

from . import packages
from .child import BenchmarkError, Child, run

RSYSLOG = """\
global(workDirectory="{folder}" maxMessageSize="16k")
module(load="imptcp")
module(load="impstats" interval="1" format="json" log.syslog="off" log.file="{folder}/impstats")
template(name="asReceived" type="string" string="%rawmsg%\\n")
# Without its own queue the input's thread writes each line into the action's queue itself.
ruleset(name="forward" queue.type="Direct") {{
  action(
    name="siem" type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="asReceived"
    action.resumeRetryCount="-1" action.resumeInterval="1"
    queue.type="Disk" queue.filename="siem" queue.size="10000000" queue.maxDiskSpace="20g"
    queue.timeoutEnqueue="3600000" {queue}
  )
}}
input(type="imptcp" address="127.0.0.1" port="{input_port}" ruleset="forward" supportOctetCountedFraming="off")
"""

SYSLOG_NG = """\
@version: {version}
options {{ log-msg-size(16384); stats-freq(0); time-reopen(1); }};
source portal {{
  network(
    ip("127.0.0.1") port({input_port}) transport("tcp") flags(no-parse)
    log-iw-size(100000) log-fetch-limit(1000)
  );
}};
destination siem {{
  network(
    "127.0.0.1" port({port}) transport("tcp") template("$MSG\\n") time-reopen(1)
    disk-buffer(reliable(yes) disk-buf-size(4294967296) dir("{folder}"))
  );
}};
log {{ source(portal); destination(siem); flags(flow-control); }};
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A forwarder that receives lines on a port, queues them on disk and forwards them when the destination is up."""

    name = ""
    queue = ""
    # True if each line is on stable storage before the next is accepted.
    synced = False

    def __init__(self, installation):
        self.installation = installation
        self.input_port = None
        self.child = None

    def start(self, folder, port):
        """Starts it with an empty queue and a destination on `port`; returns once it accepts lines."""
        self.folder = folder
        self.port = port
        self.input_port = free_port()
        self.child = Child(self.name.split()[0], self._command(), folder, self.installation.environment)
        self.child.wait_until("a listening port", self._is_listening, limit=20)
        return self.child

    def feed(self, path):
        """Sends it all lines of a file, and returns once it has accepted the last one.

        Both peers close a connection only after they have processed its data; while the destination is down that
        means: written it into the queue.
        """
        with socket.create_connection(("127.0.0.1", self.input_port)) as connection, open(path, "rb") as lines:
            connection.settimeout(300)
            connection.sendfile(lines)
            connection.shutdown(socket.SHUT_WR)
            try:
                rest = connection.recv(1)
            except TimeoutError as error:
                raise BenchmarkError(f"{self.name} did not accept its lines:\n{self.child.last_output()}") from error
        if rest:
            raise BenchmarkError(f"{self.name} sent a response to its lines")

    def wait_for_queued(self, lines, limit=60):
        """Waits until its own count of what is queued is exactly `lines`."""
        self.child.wait_until(f"{lines} lines queued", lambda: self.queued() == lines, limit)

    def queued(self):
        """The number of queued lines, by its own count."""
        raise NotImplementedError

    def bytes_on_disk(self):
        """The size of the queue's files."""
        return sum(os.stat(path).st_blocks * 512 for path in glob.glob(os.path.join(self.folder, self.files)))

    def _is_listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.input_port), timeout=1).close()
        except OSError:
            return False
        return True

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Rsyslog(Peer):
    name = "rsyslog"
    files = "siem.*"

    def __init__(self, installation, synced=False):
        super().__init__(installation)
        self.synced = synced
        self.queue = "`Disk`, `syncqueuefiles=on`, `checkpointinterval=1`" if synced else "`Disk`, not synced"
        self.program = installation.path("usr/sbin/rsyslogd")

    def version(self):
        answer = run([self.program, "-v"], environment=self.installation.environment)
        return re.search(r"rsyslogd\s+([\d.]+)", answer).group(1)

    def queued(self):
        # A statistics line is written every second; only a complete one counts.
        try:
            with open(os.path.join(self.folder, "impstats"), "rb") as statistics:
                lines = statistics.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return None
        for line in reversed(lines):
            counters = json.loads(line[line.index(b"{") :])
            if counters["name"] == "siem queue":
                return counters["size"]
        return None

    def _command(self):
        queue = 'queue.syncqueuefiles="on" queue.checkpointinterval="1"' if self.synced else ""
        configuration = RSYSLOG.format(
            folder=self.folder, port=self.port, input_port=self.input_port, queue=queue
        )
        path = self._write("rsyslog.conf", configuration)
        modules = ":".join(os.path.join(folder, "rsyslog") for folder in self.installation.libraries)
        pid_file = os.path.join(self.folder, "rsyslog.pid")
        return [self.program, "-n", "-f", path, "-i", pid_file, "-M", modules]


class SyslogNG(Peer):
    name = "syslog-ng"
    queue = "disk-buffer `reliable(yes)`, not synced"
    files = "*.rqf"

    def __init__(self, installation):
        super().__init__(installation)
        self.program = installation.path("usr/sbin/syslog-ng")
        self.control_program = installation.path("usr/sbin/syslog-ng-ctl")

    def version(self):
        answer = run([self.program, "--version"], environment=self.installation.environment)
        return re.search(r"\(([\d.]+)\)", answer).group(1)

    def queued(self):
        command = [self.control_program, "stats", "-c", os.path.join(self.folder, "control")]
        for line in run(command, environment=self.installation.environment).splitlines():
            fields = line.split(";")
            if fields[0].startswith("dst.") and fields[4] == "queued":
                return int(fields[5])
        return None

    def _command(self):
        version = ".".join(self.version().split(".")[:2])
        configuration = SYSLOG_NG.format(
            folder=self.folder, port=self.port, input_port=self.input_port, version=version
        )
        path = self._write("syslog-ng.conf", configuration)
        command = [self.program, "--foreground", "--no-caps", "-f", path]
        command += ["-R", os.path.join(self.folder, "persist"), "-c", os.path.join(self.folder, "control")]
        command += ["-p", os.path.join(self.folder, "syslog-ng.pid")]
        modules = self.installation.path(f"usr/lib/syslog-ng/{version}")
        return [*command, f"--module-path={modules}"] if os.path.isdir(modules) else command


def find_peers(folder, wanted):
    """The peers among the given names: rsyslog, rsyslog with each line synced, syslog-ng."""
    found = []
    if "rsyslog" in wanted:
        rsyslog = packages.find("rsyslog", folder)
        found += [Rsyslog(rsyslog), Rsyslog(rsyslog, synced=True)]
    if "syslog-ng" in wanted:
        found += [SyslogNG(packages.find("syslog-ng-core", folder))]
    return found
