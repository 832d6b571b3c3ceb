"""mantlet quickstart: the demonstration that needs the binary alone."""

import os
import pathlib
import signal
import subprocess

import pytest
from harness.proxy import binary
from harness.timing import scaled, wait_until


def start(tmp_path, *options):
    return subprocess.Popen([binary(), "quickstart", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)})


def processes_below(tmp_path):
    found = []
    for each in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(tmp_path).encode() in each.read_bytes():
                found.append(each.parent.name)
        except OSError:
            pass
    return found


@pytest.mark.limit(60)
def test_it_shows_a_request_a_refusal_and_a_renewal(tmp_path):
    with start(tmp_path, "--once") as process:
        out, err = process.communicate(timeout=scaled(50))
    assert (process.returncode, err) == (0, ""), out
    for words in ("GET /hello was answered: HTTP/1.1 200 OK", "x-forwarded-client-cert: ", "CN=client",
                  "116 (certificate_required)", '"reason":"no_client_certificate"', "and is now", "All steps succeeded"):
        assert words in out, out
    before, after = (line.split()[-1] for line in out.splitlines() if "serial number was" in line or "and is now" in line)
    assert before != after
    assert not list(tmp_path.iterdir()) and not processes_below(tmp_path)


@pytest.mark.limit(60)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_a_signal_and_leaves_nothing(tmp_path, number):
    with start(tmp_path) as process:
        try:
            line = ""
            while not line.startswith("Ctrl-C ends it"):
                line = process.stdout.readline()
                assert line, process.stderr.read()
            folder, = tmp_path.iterdir()
            assert {"mantlet.yaml", "server.crt", "client.key"} <= {each.name for each in folder.iterdir()}
            assert processes_below(tmp_path)
            process.send_signal(number)
            assert process.wait(scaled(20)) == 0
        finally:
            process.kill()
    wait_until(lambda: not processes_below(tmp_path), 5)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    with start(tmp_path / "missing", "--once") as process:
        _, err = process.communicate(timeout=scaled(20))
    assert process.returncode == 1 and "TMPDIR" in err
