"""The commands of certs/walkthroughs/ succeed when a reader runs them."""

import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest
from harness.proxy import binary
from harness.timing import scaled

FOLDER = pathlib.Path(__file__).parents[2] / "certs/walkthroughs"
WALKTHROUGHS = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")
PROGRAMS = ("openssl", "keytool", "java", "curl", "node", "python3")
CLIENTS = ("curl --fail --cacert", "Get.java https:", "get.py https:", "get.js https:")

# A wrapper for the reader's commands: it puts mantlet into $PATH, ends background processes, and waits between the
# start of a server and a request.
PROLOGUE = r"""
set -euo pipefail
mkdir -p bin && ln -sf {binary} bin/mantlet && PATH=$PWD/bin:$PATH
trap 'code=$?; kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; exit $code' EXIT
wait_for() {{
  for _ in $(seq {patience}); do (: </dev/tcp/127.0.0.1/$1) 2>/dev/null && return 0; sleep 0.05; done
  return 1
}}
"""


def free_ports(count):
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in opened]
    for each in opened:
        each.close()
    return ports


def with_ports(lines, application, listener):
    """Replaces the page's ports, and nothing in a port that contains their digits."""
    return re.sub(r"\b8443\b", listener, re.sub(r"\b8080\b", application, lines))


def commands(name):
    """Returns the shell blocks of the walk-through in order."""
    text = (FOLDER / f"{name}.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def script(name):
    application, listener = map(str, free_ports(2))
    lines = PROLOGUE.format(binary=binary(), patience=int(scaled(20) / 0.05)) + "\n".join(commands(name))
    lines = re.sub(r"^(python3 -m http.server .*) &$", rf"\1 2>/dev/null & wait_for {application}", lines,
                   flags=re.MULTILINE)
    lines = re.sub(r"^(mantlet run .*) &$", rf"\1 & wait_for {listener}", lines, flags=re.MULTILINE)
    return with_ports(lines, application, listener)


def test_every_walkthrough_has_all_four_clients():
    assert WALKTHROUGHS == ["ca-signed", "intermediate-signed", "mutual", "self-signed"]
    for name in WALKTHROUGHS:
        text = "\n".join(commands(name))
        assert all(client in text for client in CLIENTS), name


@pytest.mark.limit(120)
@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_a_walkthrough_ends_well(name, tmp_path):
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; tools/bootstrap --test installs them")
    folder = tmp_path / "walkthrough"
    shutil.copytree(FOLDER, folder)
    ended = subprocess.run(["bash", "-c", script(name)], cwd=folder, capture_output=True, text=True,
                           timeout=scaled(110), env={**os.environ, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"})
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert ended.stdout.count("hello\n") == len(CLIENTS), ended.stdout
