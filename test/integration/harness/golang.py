"""Clients and applications with Go's net/http, where a Go toolchain is installed."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from .timing import scaled

HERE = pathlib.Path(__file__).parent


def build(directory, name, tags=""):
    """Builds harness/NAME with the standard library, and with Debian's golang-golang-x-net-dev for the tag xnet; skips
    the test if that is not possible here.
    """
    go = shutil.which("go")
    if not go:
        pytest.skip("no Go toolchain (Debian's golang-go)")
    output = pathlib.Path(directory) / (name + tags)
    if not output.exists():
        environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="-p=1",
                           GOCACHE=str(pathlib.Path(directory) / "cache"), CGO_ENABLED="0")
        if tags == "xnet" and not pathlib.Path("/usr/share/gocode/src/golang.org/x/net/http2/h2c").is_dir():
            pytest.skip("no golang.org/x/net (Debian's golang-golang-x-net-dev)")
        done = subprocess.run([go, "build", "-tags", tags, "-o", str(output), "."], cwd=HERE / name, env=environment,
                              capture_output=True, text=True, timeout=scaled(300))
        assert done.returncode == 0, done.stderr
    return str(output)


class Server:
    """The application of harness/go_server."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __str__(self):
        return self.address

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def run(program, proxy, pki, mode, timeout=60, **options):
    """Runs harness/go_client; returns what it has seen."""
    certificate, key = pki.client_files
    command = [program, f"-url=https://127.0.0.1:{proxy.port()}", f"-certificate={certificate}", f"-key={key}",
               f"-mode={mode}", *(f"-{name}={value}" for name, value in options.items())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(timeout))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
