"""Counts the system calls and allocations of a running proxy."""

import pathlib
import re
import shutil
import signal
import struct
import subprocess

import pytest

from .timing import scaled, wait_until

SOURCE = pathlib.Path(__file__).with_name("count_allocations.c")


class SystemCalls:
    """`with SystemCalls(pid) as calls: …`, then calls.counts is {name: count}, over all threads. Skips the test
    where strace is missing or may not attach.
    """

    def __init__(self, pid, directory):
        self.pid = pid
        self.table = pathlib.Path(directory) / "strace.txt"
        self.said = pathlib.Path(directory) / "strace.err"
        self.counts = {}

    def __enter__(self):
        program = shutil.which("strace")
        if program is None:
            pytest.skip("strace is not installed")
        with self.said.open("w") as said:
            self._strace = subprocess.Popen(
                [program, "-f", "-c", "-U", "calls,name", "-o", str(self.table), "-p", str(self.pid)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        wait_until(lambda: "attached" in self.said.read_text() or self._strace.poll() is not None, 10, "strace")
        if self._strace.poll() is not None:
            pytest.skip(f"strace may not attach here: {self.said.read_text().strip()}")
        return self

    def __exit__(self, *_):
        self._strace.send_signal(signal.SIGINT)
        self._strace.wait(scaled(10))
        self.counts = {name: int(count) for count, name in
                       re.findall(r"^\s*(\d+)\s+([a-z]\w*)\s*$", self.table.read_text(), re.MULTILINE) if name != "total"}

    def per(self, operations):
        """Returns {name: count per operation}, without calls that are too rare."""
        return {name: count / operations for name, count in sorted(self.counts.items()) if count * 20 >= operations}


class Allocations:
    """A library to preload into a proxy, and its count of allocations so far. Skips the test if it cannot be built."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        self._library, self._file = directory / "count_allocations.so", directory / "allocations"
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(self._library), str(SOURCE)], check=True,
                       timeout=scaled(30))
        self._file.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(self._library), "COUNT_ALLOCATIONS_FILE": str(self._file)}

    @property
    def count(self):
        return struct.unpack("Q", self._file.read_bytes())[0]
