"""Where a peer's programs are: installed, or unpacked beside what is installed.

Debian's rsyslog and syslog-ng exclude each other, so at most one of them can be installed. The other one is
downloaded with apt-get and unpacked into the run's temporary folder, with the libraries that it needs.
"""

import glob
import os
import shutil
import subprocess

from .child import BenchmarkError, run

LIBRARIES = {
    "rsyslog": ["libestr0", "libfastjson4", "liblognorm5"],
    "syslog-ng-core": ["libivykis0", "libjson-c5", "libnet1", "libpcre3", "libwrap0"],
}


class Installation:
    """A peer's files under `root`, which is `/` when its package is installed."""

    def __init__(self, root, package):
        self.root = root
        self.package = package

    def path(self, absolute):
        return os.path.join(self.root, absolute.lstrip("/"))

    @property
    def libraries(self):
        """The folders that hold its shared libraries."""
        found = [*glob.glob(self.path("usr/lib/*-linux-gnu")), *glob.glob(self.path("lib/*-linux-gnu"))]
        return [*found, self.path("usr/lib/syslog-ng")]

    @property
    def environment(self):
        return {} if self.root == "/" else {"LD_LIBRARY_PATH": ":".join(self.libraries)}


def is_installed(package):
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True
    )
    return answer.returncode == 0 and answer.stdout == "installed"


def find(package, folder):
    """The package as installed, or unpacked into `folder`."""
    if is_installed(package):
        return Installation("/", package)
    root = os.path.join(folder, package)
    downloads = os.path.join(folder, f"{package}.debs")
    os.makedirs(downloads)
    wanted = [package, *(name for name in LIBRARIES[package] if not is_installed(name))]
    _download(wanted, downloads)
    for archive in glob.glob(os.path.join(downloads, "*.deb")):
        run(["dpkg", "-x", archive, root])
    shutil.rmtree(downloads)
    return Installation(root, package)


def _download(names, folder):
    # The folder belongs to the user who runs this, so apt's own user could not write there.
    command = ["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *names]
    try:
        run(command, folder)
    except BenchmarkError:
        if os.geteuid() != 0:
            raise BenchmarkError(f"cannot download {' '.join(names)}: run “apt-get update” as root, then again") from None
        run(["apt-get", "update", "-q"])
        run(command, folder)
