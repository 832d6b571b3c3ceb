"""A proxy with an /etc/hosts of its own, in a mount namespace of its own; the machine's stays as it is."""

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
        # Nobody answers there: what is not in the file does not exist.
        servers.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.set()
        self.launcher = ["unshare", "-m", "bash", "-c", _MOUNT, "bash", str(self._hosts), str(servers)]

    def set(self, **names):
        """Exactly these names have an address: set(app="127.0.0.1") makes app.example.test known."""
        lines = ["127.0.0.1 localhost"] + [f"{address} {name}.example.test" for name, address in names.items()]
        # In place: the mount is of this very file.
        self._hosts.write_text("\n".join(lines) + "\n")
