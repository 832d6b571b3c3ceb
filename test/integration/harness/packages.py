"""Programs from Debian packages that are unpacked into a cache and not installed, so that no service starts."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

CACHE = pathlib.Path(os.environ.get("MANTLET_TEST_CACHE", pathlib.Path.home() / ".cache/mantlet/test-tools"))


def find(program, names, path):
    """Returns the program from $PATH, the cache, or the first available Debian package; otherwise the test is
    skipped.
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found:
        return found
    for package in names:
        root = CACHE / package
        if not (root / path).exists():
            _unpack(package, root)
        if (root / path).exists():
            return str(root / path)
    pytest.skip(f"{program} is neither installed nor to be had from Debian's {' or '.join(names)}")


def _unpack(package, root):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        try:
            subprocess.run(["apt-get", "download", "-q", package], cwd=folder, capture_output=True,
                           timeout=120, check=True)
        except (OSError, subprocess.SubprocessError):
            return
        for archive in pathlib.Path(folder).glob("*.deb"):
            fresh = root.with_name(root.name + f".{os.getpid()}")
            fresh.mkdir(parents=True)
            subprocess.run(["dpkg", "-x", str(archive), str(fresh)], check=True)
            shutil.rmtree(root, ignore_errors=True)
            fresh.rename(root)
