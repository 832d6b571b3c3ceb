"""The admin endpoint: loaded files, open connections, and the actions on a running proxy."""

import datetime
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import yaml
from harness.messages import Reader
from harness.proxy import configuration, run_command
from harness.timing import wait_until
from harness.upstreams import response


@pytest.mark.parametrize("path", ["/", "/certs", "/config", "/connections", "/log-level"])
def test_each_page_answers(mantlet, path):
    status, body = mantlet.get(path, "admin")
    assert status == 200 and body.strip()


def test_certs_shows_what_is_served(mantlet, pki):
    body = mantlet.get("/certs", "admin")[1]
    assert "localhost" in body
    assert pki.server.serial_hex in body.lower().replace(":", "")


def test_no_page_shows_a_private_key(mantlet, pki):
    secret = pki.server.key_pem.decode().splitlines()[1]
    for path in ("/", "/certs", "/config", "/connections"):
        body = mantlet.get(path, "admin")[1]
        assert secret not in body and "PRIVATE KEY" not in body


def test_config_shows_defaults_too(mantlet):
    body = mantlet.get("/config", "admin")[1]
    assert "max_depth" in body and "public" in body


def test_connections_lists_the_connected_clients(mantlet, connect):
    client = connect(mantlet)
    client.get()
    body = mantlet.get("/connections", "admin")[1]
    assert "alice" in body
    assert str(client.tls.getsockname()[1]) in body


def test_connections_shows_the_protocol_and_the_streams_of_each(start, scripted, connect, pki):
    def serve(connection, _):
        if Reader(connection).request().target == "/":
            connection.sendall(response(body=b"ok"))
        connection.recv(1)  # until mantlet closes it

    proxy = start(scripted(serve))

    def seen():
        connections = json.loads(proxy.get("/connections", "admin")[1])["connections"]
        return sorted((each["protocol"], each["streams"]) for each in connections)

    connect(proxy).get()
    assert seen() == [("http/1.1", 0)]
    base = "https://%s:%d" % proxy.address()
    command = ["curl", "-sS", "--http2", "--parallel", "--cacert", pki.ca_file, "--cert", pki.client_files[0],
               "--key", pki.client_files[1], *(f"{base}/held/{i}" for i in range(3))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as curl:
        try:
            wait_until(lambda: seen() == [("h2", 3), ("http/1.1", 0)], 10, "three streams")
        finally:
            curl.kill()
    wait_until(lambda: seen() == [("http/1.1", 0)], 10, "the end of the streams")


def test_connections_shows_clients_before_their_handshake(mantlet):
    with socket.create_connection(mantlet.address()) as stranger:
        mantlet.wait_metric("mantlet_connections_active", 1, listener="public")
        assert str(stranger.getsockname()[1]) in mantlet.get("/connections", "admin")[1]


def test_connections_omits_closed_connections(mantlet, connect):
    client = connect(mantlet)
    client.get()
    port = str(client.tls.getsockname()[1])
    client.close()
    mantlet.wait_metric("mantlet_connections_active", 0, listener="public")
    assert port not in mantlet.get("/connections", "admin")[1]


def ask(proxy, path="/", method="GET", data=None, headers=None):
    """Returns the status of a request to the admin endpoint."""
    host, port = proxy.address("admin")
    request = urllib.request.Request(f"http://{host}:{port}{path}", data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def set_level(proxy, level):
    return ask(proxy, "/log-level", "POST", level.encode())


def test_the_log_level_can_be_changed(mantlet, connect):
    assert "info" in mantlet.get("/log-level", "admin")[1]
    assert set_level(mantlet, "debug") in (200, 204)
    assert "debug" in mantlet.get("/log-level", "admin")[1]


def test_an_unknown_log_level_is_refused(mantlet):
    assert set_level(mantlet, "loud") == 400
    assert "info" in mantlet.get("/log-level", "admin")[1]


@pytest.mark.parametrize("path", ["/reload", "/drain"])
def test_actions_want_post(mantlet, path):
    assert mantlet.get(path, "admin")[0] == 405
    assert mantlet.get("/readyz")[0] == 200


def test_an_unknown_page_is_404(mantlet):
    assert mantlet.get("/nothing", "admin")[0] == 404


def test_a_foreign_host_header_is_refused(mantlet):
    """A web page whose name resolves to 127.0.0.1 must not reach the endpoint."""
    assert ask(mantlet, headers={"Host": "evil.example"}) == 403


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_cannot_act(mantlet, header):
    assert ask(mantlet, "/drain", "POST", b"", {header: "https://evil.example"}) == 403
    assert mantlet.get("/readyz")[0] == 200


def test_an_address_open_to_the_network_is_refused(tmp_path, pki):
    path = tmp_path / "open.yaml"
    path.write_text(yaml.safe_dump(configuration(pki, admin={"address": "0.0.0.0:0"})))
    done = run_command("check", "--config", path)
    assert done.returncode == 1
    assert "loopback" in done.stderr and f"{path}:" in done.stderr


def test_the_answers_for_machines_are_json(mantlet):
    for path in ("/certs", "/config", "/connections", "/log-level"):
        json.loads(mantlet.get(path, "admin")[1])


@pytest.fixture(params=["tcp", "unix"])
def reachable(start, upstream, tmp_path, request):
    """A proxy whose configuration has its actual admin endpoint."""
    if request.param == "unix":
        return start(upstream, admin={"address": f"unix:{tmp_path}/admin.sock"})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return start(upstream, admin={"address": f"127.0.0.1:{port}"})


def test_the_reload_command_returns_the_outcome(reachable):
    done = run_command("reload", "--config", reachable.config_path)
    assert done.returncode == 0 and done.stdout == "Reloaded.\n", done
    broken = reachable.changed(tls={"certificates": [{"chain": "/nowhere.crt", "key": "/nowhere.key"}]})
    reachable.write_config(broken)
    done = run_command("reload", "--config", reachable.config_path)
    assert done.returncode == 1 and "/nowhere.crt" in done.stderr and done.stdout == ""
    reachable.config_path.write_text("nonsense: 1\n")
    done = run_command("reload", "--config", reachable.config_path)
    assert done.returncode == 1 and "nonsense" in done.stderr


def test_the_drain_command_waits_if_asked_to(reachable):
    begin = time.monotonic()
    done = run_command("drain", "--config", reachable.config_path, "--after", "1")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin >= 1
    assert reachable.wait() == 0
    # Not until then: the times of the records are those of the process.
    started, begun = (datetime.datetime.fromisoformat(reachable.log(event)[0]["ts"]) for event in ("started", "drain_begun"))
    assert (begun - started).total_seconds() >= 1


@pytest.mark.parametrize("after", ["-1", "5s", "3601", ""])
def test_the_drain_command_refuses_a_wrong_time(reachable, after):
    assert run_command("drain", "--config", reachable.config_path, "--after", after).returncode == 2
    assert reachable.get("/readyz")[0] == 200


def test_the_drain_command_drains(reachable):
    done = run_command("drain", "--config", reachable.config_path)
    assert done.returncode == 0 and done.stdout == "Draining.\n", done
    assert reachable.wait() == 0
    done = run_command("drain", "--config", reachable.config_path)
    assert done.returncode == 1 and "is mantlet running" in done.stderr


def test_without_an_admin_endpoint_the_commands_give_a_hint(start, upstream):
    proxy = start(upstream, admin=None)
    for command in ("reload", "drain"):
        done = run_command(command, "--config", proxy.config_path)
        assert done.returncode == 1 and "admin:" in done.stderr
    assert proxy.get("/healthz")[0] == 200
