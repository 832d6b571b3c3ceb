"""The programs of the bench, which some tests use as load generator and application."""

import pathlib

import pytest

from harness import proxy


def programs():
    """The folder of load generator and upstream; they are built with the proxy."""
    beside = pathlib.Path(proxy.binary()).parent.parent / "test/bench"
    for folder in (beside, proxy.REPOSITORY / "bazel-bin/test/bench"):
        if (folder / "load/load").exists() and (folder / "upstream/upstream").exists():
            return folder
    pytest.skip("build //test/bench/load and //test/bench/upstream first")
