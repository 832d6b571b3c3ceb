"""The commands of deploy/grpc.md print what the page shows."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from harness.timing import scaled
from test_walkthroughs import PROLOGUE, binary, free_ports, with_ports

PAGE = pathlib.Path(__file__).parents[2] / "deploy/grpc.md"

pytest.importorskip("grpc", reason="not installed: python3-grpcio; tools/bootstrap --test installs it")


def script():
    server, listener = map(str, free_ports(2))
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    lines = PROLOGUE.format(binary=binary(), patience=int(scaled(20) / 0.05)) + "\n".join(blocks)
    lines = re.sub(r"^(python3 server.py .*) &$", rf"\1 & wait_for {server}", lines, flags=re.MULTILINE)
    lines = re.sub(r"^(mantlet run .*) &$", rf"\1 >log & wait_for {listener}", lines, flags=re.MULTILINE)
    lines = re.sub(r"\bpython3\b", sys.executable, lines)
    return with_ports(lines, server, listener)


@pytest.mark.limit(90)
def test_the_page_prints_what_it_shows(tmp_path):
    shown = re.search(r"^They print:\n\n```\n(.*?)```$", PAGE.read_text(), re.DOTALL | re.MULTILINE).group(1)
    ended = subprocess.run(["bash", "-c", script()], cwd=tmp_path, capture_output=True, text=True,
                           timeout=scaled(80), env=os.environ)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert ended.stdout.endswith(shown), f"{ended.stdout}\n{ended.stderr}"
    statuses = re.findall(r'"grpc_status":(\d+)', (tmp_path / "log").read_text())
    assert statuses == ["0", "0", "7"]
