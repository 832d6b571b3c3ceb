"""Checks deploy/: its configurations load, and its units and its manifest are as described in deploy/README.md."""

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from harness.proxy import REPOSITORY, binary, run_command

DEPLOY = REPOSITORY / "deploy"
SYSTEMD = DEPLOY / "systemd"


@pytest.fixture
def documents():
    """Returns the documents of the manifest by kind."""
    found = {}
    for document in yaml.safe_load_all((DEPLOY / "kubernetes/sidecar.yaml").read_text()):
        assert document["kind"] not in found
        found[document["kind"]] = document
    return found


@pytest.fixture
def pod(documents):
    return documents["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def sidecar(pod):
    container, = pod["initContainers"]
    return container


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


def test_the_probe_of_the_application_goes_to_a_path_that_mantlet_forwards(documents, pod):
    config = yaml.safe_load(documents["ConfigMap"]["data"]["mantlet.yaml"])
    application, = pod["containers"]
    probe = application["livenessProbe"]["httpGet"]
    assert probe["port"] == int(config["metrics"]["address"].rsplit(":", 1)[1])
    assert {"path": probe["path"], "upstream": config["listeners"][0]["upstream"]} in config["metrics"]["forward"]


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


# -- Kubernetes -----------------------------------------------------------------


def test_the_configmaps_configuration_passes_check(documents, pki, tmp_path):
    check(documents["ConfigMap"]["data"]["mantlet.yaml"], pki, tmp_path)


def test_mantlet_is_a_native_sidecar(sidecar):
    assert sidecar["restartPolicy"] == "Always"


def test_every_probe_uses_the_plain_port(sidecar, documents):
    plain = yaml.safe_load(documents["ConfigMap"]["data"]["mantlet.yaml"])["metrics"]["address"].rsplit(":", 1)[1]
    ports = {port["name"]: port["containerPort"] for port in sidecar["ports"]}
    for probe, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        assert sidecar[probe]["httpGet"]["path"] == path
        assert ports[sidecar[probe]["httpGet"]["port"]] == int(plain)
    annotations = documents["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == plain


def test_the_containers_are_locked_down(pod):
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["initContainers"] + pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
        assert container["resources"]["limits"]["memory"]


def test_every_file_that_the_configuration_names_is_mounted(sidecar, pod, documents):
    config = yaml.safe_load(documents["ConfigMap"]["data"]["mantlet.yaml"])
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in sidecar["volumeMounts"]}
    assert not [mount for mount in sidecar["volumeMounts"] if "subPath" in mount]
    certificate = config["listeners"][0]["tls"]["certificates"][0]
    for path in (certificate["chain"], certificate["key"], *config["listeners"][0]["client_auth"]["trust_bundle"]):
        assert "secret" in mounts[str(pathlib.Path(path).parent)]
    configuration = pathlib.Path(sidecar["args"][sidecar["args"].index("--config") + 1])
    assert mounts[str(configuration.parent)]["configMap"]["name"] == documents["ConfigMap"]["metadata"]["name"]
    assert configuration.name in documents["ConfigMap"]["data"]


def test_the_service_leads_to_the_listener(documents, sidecar):
    config = yaml.safe_load(documents["ConfigMap"]["data"]["mantlet.yaml"])
    ports = {port["name"]: port["containerPort"] for port in sidecar["ports"]}
    target = documents["Service"]["spec"]["ports"][0]["targetPort"]
    assert config["listeners"][0]["address"].endswith(f":{ports[target]}")
    labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert documents["Service"]["spec"]["selector"].items() <= labels.items()
    assert documents["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_there_is_time_for_the_drain(documents, pod):
    config = yaml.safe_load(documents["ConfigMap"]["data"]["mantlet.yaml"])
    wait = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert wait + seconds(config["shutdown"]["drain"]) < pod["terminationGracePeriodSeconds"]


def test_the_pod_monitor_selects_the_pod(documents, sidecar):
    monitor = yaml.safe_load((DEPLOY / "kubernetes/podmonitor.yaml").read_text())
    labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in {port["name"] for port in sidecar["ports"]}


# -- the image ----------------------------------------------------------------------


def test_the_image_runs_as_the_user_of_the_manifest(pod):
    dockerfile = (DEPLOY / "container/Dockerfile").read_text()
    user = pod["securityContext"]["runAsUser"]
    assert f"\nUSER {user}:{user}\n" in dockerfile
    assert '\nENTRYPOINT ["/usr/bin/mantlet"]\n' in dockerfile


def test_readme_names_every_file():
    text = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix != ".dockerignore" and path.name not in ("README.md", "BUILD.bazel"):
            assert str(path.relative_to(DEPLOY)) in text, path
