"""Makes calls of a running proxy fail or take long, which rarely happens otherwise."""

import pathlib
import shutil
import struct
import subprocess

import pytest

from .timing import scaled

SOURCE = pathlib.Path(__file__).with_name("fail_calls.c")


class FailingCalls:
    """A library to preload into a proxy (`env`), and the failures in the proxy's workers. Skips the test if it
    cannot be built.
    """

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        library, self._file = directory / "fail_calls.so", directory / "orders"
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)], check=True,
                       timeout=scaled(30))
        self._file.write_bytes(bytes(32))
        self.env = {"LD_PRELOAD": str(library), "FAIL_CALLS_FILE": str(self._file)}

    def _write(self, offset, value):
        with self._file.open("r+b") as file:
            file.seek(offset)
            file.write(struct.pack("q", value))

    def _read(self, offset):
        return struct.unpack_from("q", self._file.read_bytes(), offset)[0]

    @property
    def registrations(self):
        """The number of next descriptors that cannot be registered with epoll."""
        return self._read(0)

    @registrations.setter
    def registrations(self, count):
        self._write(0, count)

    @property
    def nap_ms(self):
        """The time for which the next worker sleeps before it waits for events; 0 when it has begun."""
        return self._read(8)

    @nap_ms.setter
    def nap_ms(self, milliseconds):
        self._write(8, milliseconds)

    def hold_reads(self, hold=True):
        """From now on, reads of files do not return, as on a file system whose server has gone."""
        self._write(16, int(hold))

    @property
    def held_reads(self):
        """The number of reads that did not return."""
        return self._read(24)
