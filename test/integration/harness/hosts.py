"""A proxy with its own /etc/hosts in its own mount namespace; the machine's is not changed."""

import shutil
import subprocess

import pytest

_MOUNT = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'


class Hosts:
    """The names that one proxy can resolve. `launcher` goes before its command line."""

    def __init__(self, directory):
        command = ["unshare", "-m", "true"]
        if not shutil.which("unshare") or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("a mount namespace needs root: unshare -m is not permitted")
        self._hosts, servers = directory / "hosts", directory / "resolv.conf"
        # No name server answers there, so names outside the file do not exist.
        servers.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.set()
        self.launcher = ["unshare", "-m", "bash", "-c", _MOUNT, "bash", str(self._hosts), str(servers)]

    def set(self, **names):
        """Defines all names with an address: set(app="127.0.0.1") defines app.example.test."""
        lines = ["127.0.0.1 localhost"] + [f"{address} {name}.example.test" for name, address in names.items()]
        # Written in place, because this file is mounted.
        self._hosts.write_text("\n".join(lines) + "\n")
