"""The released binary has the protections of the compiler and the linker: what checksec would show, read from the file."""

import pathlib
import platform
import re
import subprocess

import pytest
from harness import distribution
from harness.proxy import binary, is_sanitized
from harness.timing import scaled

pytestmark = pytest.mark.skipif(is_sanitized(), reason="sanitizers replace these protections")


@pytest.fixture(params=["tested", "distributed"])
def file(request):
    """The binary under test, and the one of //deploy, which is linked statically."""
    return binary() if request.param == "tested" else str(distribution.find("mantlet_portable"))


def readelf(file, *options):
    return subprocess.run(["readelf", "--wide", *options, file], check=True, capture_output=True, text=True,
                          errors="replace", timeout=scaled(20)).stdout


def called(file):
    """The names of the functions that the binary calls in shared libraries, and of those linked into it."""
    return {line.split()[7].split("@")[0] for line in readelf(file, "--syms", "--dyn-syms").splitlines()
            if re.match(r"\s*\d+:.* (UND|FUNC .*) \S", line)}


def segments(file):
    """The flags of the segments by type: {"LOAD": ["R", "R E", "RW"], …}."""
    found = {}
    for kind, flags in re.findall(r"^  ([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([R ][W ][E ])", readelf(file, "--program-headers"), re.M):
        found.setdefault(kind, []).append(flags.strip())
    return found


def test_it_is_loaded_at_a_random_address(file):
    assert re.search(r"Type: +DYN", readelf(file, "--file-header"))
    assert re.search(r"FLAGS_1\).*\bPIE\b", readelf(file, "--dynamic"))


def test_its_table_of_functions_is_read_only_once_it_runs(file):
    assert "GNU_RELRO" in segments(file)
    assert re.search(r"\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b", readelf(file, "--dynamic"))


def test_no_memory_is_writable_and_executable(file):
    found = segments(file)
    assert found["GNU_STACK"] == ["RW"]
    assert found["LOAD"]
    for flags in found["LOAD"]:
        assert not ("W" in flags and "E" in flags), found
    assert "TEXTREL" not in readelf(file, "--dynamic")


def test_it_looks_for_libraries_in_the_system_folders_only(file):
    assert not re.search(r"RPATH|RUNPATH", readelf(file, "--dynamic"))


def test_it_checks_the_stack_buffers_and_containers(file):
    names = called(file)
    assert "__stack_chk_fail" in names
    assert {"__memcpy_chk", "__memset_chk"} <= names  # _FORTIFY_SOURCE; its level: test/proxy/base/hardening_test.cc
    assert any("glibcxx_assert_fail" in name for name in names)


def test_every_file_of_mantlet_is_compiled_with_the_protections(file):
    """The compiler records its options for the debugger."""
    options = set(re.findall(rb"GNU C\+\+\d+ [^\0]*", pathlib.Path(file).read_bytes()))
    if not options:
        pytest.skip("the binary is stripped")
    assert len(options) > 100
    control_flow = [b"-fcf-protection=full"] if platform.machine() == "x86_64" else []
    for wanted in [b"-fstack-protector-strong", b"-fstack-clash-protection", *control_flow]:
        without = [line for line in options if wanted not in line.split()]
        assert not without, (wanted, without[:3])
