"""The commands: exit status, and messages with a location and a hint."""

import json
import os
import pathlib
import pwd
import re
import signal
import ssl
import subprocess
import urllib.request

import pytest
import yaml
from harness import clients
from harness.pki import DAY, Authority, now
from harness.proxy import REPOSITORY, binary, configuration, run_command
from harness.timing import scaled


@pytest.fixture
def written(pki, tmp_path):
    """written(listener={…}, …) writes a configuration and returns its path."""
    def write(text=None, **kwargs):
        path = tmp_path / "mantlet.yaml"
        path.write_text(text if text is not None else yaml.safe_dump(configuration(pki, **kwargs), sort_keys=False))
        return path
    return write


def refused(done, *words):
    expected = 78 if done.args[1] == "run" else 1  # EX_CONFIG: another start would fail in the same way
    assert done.returncode == expected, (done.returncode, done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr
    assert "terminate called" not in done.stderr


@pytest.mark.parametrize("arguments", [
    [], ["fly"], ["run"], ["check"], ["run", "--config"], ["run", "--frobnicate"], ["certs"], ["certs", "show"],
    ["certs", "dev"], ["version", "extra"], ["schema", "extra"],
])
def test_wrong_usage_is_2(arguments):
    done = run_command(*arguments)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.strip()


def test_help_is_0():
    done = run_command("--help")
    assert done.returncode == 0
    for command in ("run", "check", "certs", "version"):
        assert command in done.stdout


def test_version_names_the_libraries():
    done = run_command("version")
    assert done.returncode == 0
    for word in ("mantlet", "BoringSSL", "libuv", "llhttp", "nghttp2", "yaml-cpp", "prometheus-cpp"):
        assert word in done.stdout


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_configuration_is_1(command):
    refused(run_command(command, "--config", "/nowhere/mantlet.yaml"), "/nowhere/mantlet.yaml")


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("text, line, column, word", [
    ("workers: 1\nlistners: []\n", 2, 1, "listeners"),
    ("workers: many\n", 1, 10, "workers"),
    ("workers: -1\n", 1, 10, "workers"),
    ("metrics:\n  address: here\n", 2, 12, "address"),
    ("log:\n  level: loud\n", 2, 10, "level"),
    ("shutdown:\n  drain: 5 parsecs\n", 2, 10, "drain"),
    ("workers: 1\nworkers: 2\n", 2, 1, "workers"),
], ids=["unknown key", "not a number", "out of range", "no address", "no level", "no duration", "twice"])
def test_a_mistake_is_named_with_its_place(written, command, text, line, column, word):
    path = written(text)
    done = run_command(command, "--config", path)
    refused(done, f"{path}:{line}:{column}: ", word)


def test_broken_yaml_is_named_with_its_place(written):
    path = written("listeners: [\n")
    done = run_command("run", "--config", path)
    refused(done)
    assert re.search(re.escape(str(path)) + r":\d+:\d+: ", done.stderr)


def test_check_accepts_a_good_configuration_and_shows_what_is_loaded(written, pki):
    done = run_command("check", "--config", written())
    assert done.returncode == 0, done.stderr
    assert "localhost" in done.stdout and "mantlet test root" in done.stdout
    assert re.search(r"in \d+ days", done.stdout)


def test_check_json_is_json(written):
    done = run_command("check", "--config", written(), "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_check_does_not_need_the_ports(written, mantlet):
    done = run_command("check", "--config", written(listener={"address": "127.0.0.1:%d" % mantlet.port()}))
    assert done.returncode == 0, done.stderr


MATERIAL = {
    "key of another certificate": (lambda pki: (pki.server.chain_pem, pki.client.key_pem), "key"),
    "expired": (lambda pki: (lambda i: (i.chain_pem, i.key_pem))(
        pki.ca.server(not_before=now() - 3 * DAY, not_after=now() - DAY)), "expired"),
    "certificate without server purpose": (lambda pki: (pki.client.chain_pem, pki.client.key_pem), "server"),
    "no certificate": (lambda pki: (b"", pki.server.key_pem), "empty"),
    "no key": (lambda pki: (pki.server.chain_pem, b""), "empty"),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("kind", MATERIAL)
def test_bad_material_refuses_to_start_and_names_the_file(written, tmp_path, pki, command, kind):
    make, word = MATERIAL[kind]
    chain, key = tmp_path / "bad.crt", tmp_path / "bad.key"
    for path, data in zip((chain, key), make(pki)):
        path.write_bytes(data)
        path.chmod(0o600)
    path = written(listener={"tls": {"certificates": [{"chain": str(chain), "key": str(key)}]}})
    refused(run_command(command, "--config", path), str(tmp_path / "bad."), word)


def test_a_trust_bundle_without_a_ca_refuses_to_start(written, pki):
    refused(run_command("run", "--config", written(listener={"client_auth": {"trust_bundle": [pki.client_files[0]]}})),
            pki.client_files[0])


def test_a_missing_intermediate_is_pointed_out(written, pki):
    chain, key = pki.write(pki.server.without_intermediates(), "no-intermediate")
    done = run_command("check", "--config", written(listener={"tls": {"certificates": [{"chain": chain, "key": key}]}}))
    assert "intermediate" in done.stdout + done.stderr


def test_a_world_readable_key_is_pointed_out(written, pki, tmp_path):
    chain, key = pki.write(pki.ca.server(), "readable")
    os.chmod(key, 0o644)
    done = run_command("check", "--config", written(listener={"tls": {"certificates": [{"chain": chain, "key": key}]}}))
    assert done.returncode == 0
    assert key in done.stdout + done.stderr
    os.chmod(key, 0o600)


@pytest.mark.parametrize("what", ["another program", "another mantlet"])
def test_a_taken_port_refuses_to_start(launch, pki, mantlet, upstream, what):
    port = mantlet.port() if what == "another mantlet" else upstream.port
    second = launch(configuration(pki, listener={"address": f"127.0.0.1:{port}"}), wait=False)
    second.expected_exit = 1
    assert second.wait() == 1
    assert str(port) in "\n".join(second.err.lines)


def test_certs_show_prints_the_contents(pki):
    done = run_command("certs", "show", *pki.client_files, pki.ca_file)
    assert done.returncode == 0, done.stderr
    for word in ("alice", "spiffe://example.org/alice", "mantlet test root"):
        assert word in done.stdout
    assert "BEGIN" not in done.stdout


def test_certs_show_json_is_json(pki):
    done = run_command("certs", "show", "--json", pki.client_files[0])
    assert "alice" in json.dumps(json.loads(done.stdout))


def test_certs_show_of_nothing_readable_is_1(tmp_path):
    (tmp_path / "x.pem").write_text("hello")
    refused(run_command("certs", "show", tmp_path / "x.pem"), "x.pem")


def test_the_daemon_serves_the_files_of_certs_dev(tmp_path, launch, upstream):
    out = tmp_path / "dev"
    assert run_command("certs", "dev", "--out", out, "--san", "localhost").returncode == 0
    listing = {p.name for p in out.iterdir()}
    assert {"ca.crt", "server.crt", "server.key", "client.crt", "client.key"} <= listing, listing
    config = {
        "workers": 1,
        "listeners": [{
            "name": "public", "address": "127.0.0.1:0", "upstream": "app",
            "tls": {"certificates": [{"chain": f"{out}/server.crt", "key": f"{out}/server.key"}]},
            "client_auth": {"trust_bundle": [f"{out}/ca.crt"]}}],
        "upstreams": [{"name": "app", "address": str(upstream)}],
    }
    proxy = launch(config)
    context = ssl.create_default_context(cafile=f"{out}/ca.crt")
    context.load_cert_chain(f"{out}/client.crt", f"{out}/client.key")
    assert clients.get_json(proxy.address(), context)[0] == 200


def test_an_unused_authority_can_still_be_shown(tmp_path):
    path = Authority.root("lonely").write(tmp_path)
    assert "lonely" in run_command("certs", "show", path).stdout


def test_certs_dev_takes_ports(tmp_path):
    done = run_command("certs", "dev", "--out", tmp_path, "--port", 9443, "--upstream-port", 9080, "--metrics-port", 9990)
    assert done.returncode == 0 and "https://localhost:9443/" in done.stdout
    config = yaml.safe_load((tmp_path / "mantlet.yaml").read_text())
    assert config["listeners"][0]["address"] == "127.0.0.1:9443"
    assert config["upstreams"][0]["address"] == "127.0.0.1:9080"
    assert config["metrics"]["address"] == "127.0.0.1:9990"


def test_echo_shows_the_request(tmp_path):
    process = subprocess.Popen([binary(), "echo", "--address", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        for path, name in (("/orders?page=2", "one"), ("/", "two")):
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"X-Name": name})
            with urllib.request.urlopen(request, timeout=scaled(5)) as response:
                text = response.read().decode()
            assert text.startswith(f"GET {path} HTTP/1.1\n") and f"X-Name: {name}\n" in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(scaled(5)) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_echo_is_for_this_machine_only():
    assert run_command("echo", "--address", "0.0.0.0:0").returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_check_may_be_asked_as_another_user(tmp_path_factory, pki):
    # Like certbot's folders: 0700 for root, until a group gets access.
    folder = tmp_path_factory.mktemp("letsencrypt")
    for above in (folder, *folder.parents):
        if above != pathlib.Path("/tmp") and above.is_relative_to("/tmp"):
            above.chmod(0o755)
    live = folder / "live"
    live.mkdir(mode=0o700)
    chain, key = live / "fullchain.pem", live / "privkey.pem"
    for path, source in zip((chain, key), pki.server_files):
        path.write_bytes(pathlib.Path(source).read_bytes())
    key.chmod(0o600)
    (folder / "ca.crt").write_bytes(pathlib.Path(pki.ca_file).read_bytes())
    config = configuration(pki, listener={"tls": {"certificates": [{"chain": str(chain), "key": str(key)}]},
                                          "client_auth": {"trust_bundle": [str(folder / "ca.crt")]}})
    path = folder / "mantlet.yaml"
    path.write_text(yaml.safe_dump(config))
    assert run_command("check", "--config", path).returncode == 0
    denied = run_command("check", "--config", path, "--user", "nobody")
    assert denied.returncode == 1 and "Permission denied" in denied.stderr
    group = pwd.getpwnam("nobody").pw_gid
    for each in (live, key):
        os.chown(each, 0, group)
    live.chmod(0o750)
    key.chmod(0o640)
    allowed = run_command("check", "--config", path, "--user", "nobody")
    assert allowed.returncode == 0, allowed.stderr
    assert run_command("check", "--config", path, "--user", "no-such-user").returncode == 1


def test_the_readme_by_hand_works_as_it_stands(tmp_path):
    text = (REPOSITORY / "README.md").read_text()
    block = text[text.index("Or by hand"):].split("```sh\n")[1].split("```")[0]
    (tmp_path / "bazel-bin/proxy").mkdir(parents=True)
    (tmp_path / "bazel-bin/proxy/mantlet").symlink_to(binary())
    # Its ports and its folder are used by others here.
    script = "set -m\nip link set lo up\n" + block.replace("/tmp/pki", str(tmp_path / "pki"))
    done = subprocess.run(["unshare", "--net", "bash", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                          timeout=scaled(25))
    if "unshare failed" in done.stderr:
        pytest.skip("no network namespaces here")
    assert "GET / HTTP/1.1" in done.stdout, (done.stdout, done.stderr)
    assert "x-forwarded-client-cert: " in done.stdout
