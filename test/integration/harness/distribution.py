"""What `bazel build --config=opt //deploy:all` makes: the binary that is distributed, tarball, package and image."""

import os
import pathlib

import pytest

from .proxy import REPOSITORY, is_sanitized

FOLDER = pathlib.Path(os.environ.get("MANTLET_DISTRIBUTION", REPOSITORY / "bazel-bin/deploy"))


def find(pattern):
    """Returns the path of the one file; the test is skipped if it is not built."""
    if is_sanitized():
        pytest.skip("sanitized binaries are not distributed")
    found = sorted(FOLDER.glob(pattern))
    if not found:
        pytest.skip(f"{FOLDER}/{pattern} is not built: bazel build --config=opt //deploy:distribution")
    path, = found
    return path
