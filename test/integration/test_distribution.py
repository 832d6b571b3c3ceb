"""The files that users install: the portable binary, the tarball, the Debian package, the image."""

import re
import subprocess

from harness import distribution

# Debian 12's. Ubuntu 24.04 and RHEL 10 have later ones.
OLDEST_GLIBC = (2, 36)


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, timeout=60).stdout


# -- the binary ---------------------------------------------------------------------


def test_the_binary_needs_glibc_and_no_other_library():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", distribution.find("mantlet_portable")))
    assert set(needed) <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
    assert "libc.so.6" in needed  # not entirely static: names are resolved as the machine is configured


def test_the_binary_needs_no_glibc_newer_than_debian_12s():
    symbols = output("objdump", "--dynamic-syms", distribution.find("mantlet_portable"))
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"\(GLIBC_([0-9.]+)\)", symbols)}
    assert versions
    assert max(versions)[:2] <= OLDEST_GLIBC


def test_the_binary_contains_no_names_of_the_machine_that_built_it():
    text = distribution.find("mantlet_portable").read_bytes()
    for name in (b"/root/", b"/home/", b"/tmp/mantlet-bootstrap", b"/execroot/", str(distribution.REPOSITORY).encode() + b"/"):
        assert name not in text
