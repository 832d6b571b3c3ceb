"""Checks deploy/: its configuration loads, and its units are as described in deploy/README.md. test_kubernetes.py checks
the manifests.
"""

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from harness.proxy import REPOSITORY, binary, run_command

DEPLOY = REPOSITORY / "deploy"
SYSTEMD = DEPLOY / "systemd"


def check(text, pki, tmp_path):
    """Runs `mantlet check` on a configuration with a test folder instead of /etc/mantlet/tls."""
    tls = tmp_path / "tls"
    tls.mkdir()
    (tls / "tls.crt").write_bytes(pki.server.chain_pem)
    (tls / "tls.key").touch(mode=0o600)
    (tls / "tls.key").write_bytes(pki.server.key_pem)
    (tls / "ca.crt").write_bytes(pki.root.pem)
    assert "/etc/mantlet/tls/" in text
    path = tmp_path / "mantlet.yaml"
    path.write_text(text.replace("/etc/mantlet/tls/", f"{tls}/"))
    done = run_command("check", "--config", path)
    assert done.returncode == 0, done.stderr + done.stdout


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m|min)?", text).groups()
    return int(number) * (60 if unit in ("m", "min") else 1)


# -- systemd ------------------------------------------------------------------


def unit(name):
    """Section -> key -> values."""
    sections, current = {}, None
    for line in (SYSTEMD / name).read_text().splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current.setdefault(key, []).append(value)
    return sections


def test_the_services_configuration_passes_check(pki, tmp_path):
    check((SYSTEMD / "mantlet.yaml").read_text(), pki, tmp_path)


def test_systemd_accepts_the_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for name in ("mantlet.service", "mantlet.socket"):
        # Nothing is installed here; the test's binary replaces the installed one.
        (tmp_path / name).write_text((SYSTEMD / name).read_text().replace("/usr/bin/mantlet", binary()))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                           str(tmp_path / "mantlet.service"), str(tmp_path / "mantlet.socket")],
                          capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if "mantlet" in line]
    assert (done.returncode, complaints) == (0, [])


def test_the_service_is_locked_down(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "mantlet.service"
    path.write_text((SYSTEMD / "mantlet.service").read_text().replace("/usr/bin/mantlet", binary()))
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drain_ends_before_systemd_kills():
    drain = yaml.safe_load((SYSTEMD / "mantlet.yaml").read_text())["shutdown"]["drain"]
    assert seconds(drain) < seconds(unit("mantlet.service")["Service"]["TimeoutStopSec"][0])


def test_the_socket_has_the_name_that_its_comment_gives():
    assert unit("mantlet.socket")["Socket"]["FileDescriptorName"] == ["public"]


# -- the image ----------------------------------------------------------------------


def test_the_image_runs_as_the_user_of_the_manifest():
    dockerfile = (DEPLOY / "container/Dockerfile").read_text()
    users = re.findall(r"runAsUser: (\d+)", (DEPLOY / "kubernetes/sidecar.yaml").read_text())
    assert users and all(f"\nUSER {user}:{user}\n" in dockerfile for user in users)
    assert '\nENTRYPOINT ["/usr/bin/mantlet"]\n' in dockerfile


def test_readme_names_every_file_or_its_folder():
    text = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix != ".dockerignore" and path.name not in ("README.md", "BUILD.bazel"):
            name = path.relative_to(DEPLOY)
            folders = [f"`{folder}/`" for folder in name.parents if folder.name]
            assert str(name) in text or any(folder in text for folder in folders), path
