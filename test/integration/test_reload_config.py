"""Changes of the YAML file of a running proxy."""

import copy
import os
import signal
import socket

import pytest
import yaml
from harness import clients, kubernetes, upstreams
from harness.messages import Incomplete, Reader
from harness.proxy import NO_CLIENT_AUTH, configuration, merge
from harness.timing import wait_until
from harness.upstreams import response


def connectable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_changed_settings_decide_about_new_connections(mantlet, connect, upstream):
    mantlet.reload(mantlet.changed(identity_headers={"set": {"X-Who": "cn"}}))
    connect(mantlet).get()
    assert upstream.requests[-1].headers.all("X-Who") == ["alice"]


def test_client_authentication_can_be_tightened(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}})
    anonymous = clients.context(pki, client=None)
    assert clients.get_json(proxy.address(), anonymous)[0] == 200
    proxy.reload(proxy.changed(client_auth={"mode": "require"}))
    clients.handshake_error(proxy.address(), anonymous)


# With Landlock, another port needs a restart: test_sandbox.py.
ANY_PORT = {"landlock": False}


def test_an_upstream_can_be_moved(start, upstream, connect):
    mantlet = start(upstream, sandbox=ANY_PORT)
    moved = upstreams.Echo()
    config = copy.deepcopy(mantlet.config)
    config["upstreams"][0]["address"] = moved.address
    steady = connect(mantlet)
    steady.get()
    mantlet.reload(config)
    assert connect(mantlet).get().status == 200
    assert len(moved.requests) == 1
    assert steady.get().status == 200
    moved.close()


def test_a_listener_can_be_added_and_removed(mantlet, connect):
    config = copy.deepcopy(mantlet.config)
    config["listeners"].append(merge(config["listeners"][0], {"name": "second"}))
    mantlet.reload(config)
    mantlet.wait_log("listening", listener="second")
    kept = connect(mantlet, listener="second")
    assert kept.get().status == 200
    assert connect(mantlet).get().status == 200, "the first listener is still there"
    port = mantlet.port("second")
    del config["listeners"][1]
    mantlet.reload(config)
    wait_until(lambda: not connectable(port), 10, "the second listener's end")
    assert connect(mantlet).get().status == 200


def test_a_listener_can_change_its_address(mantlet, tls):
    old, new = mantlet.port(), upstreams.unused_port()
    mantlet.reload(mantlet.changed(address=f"127.0.0.1:{new}"))
    wait_until(lambda: connectable(new) and not connectable(old), 10, "the move")
    with clients.RawClient(("127.0.0.1", new), tls) as client:
        assert client.get().status == 200


def test_a_unix_listener_that_moves_takes_its_socket_file_along(start, upstream, tmp_path):
    old, new = tmp_path / "old.sock", tmp_path / "new.sock"
    proxy = start(upstream, listener={"address": f"unix:{old}"})
    assert old.exists()
    proxy.reload(proxy.changed(address=f"unix:{new}"))
    assert new.exists() and not old.exists()
    proxy.stop()
    assert not new.exists()


def test_an_address_that_cannot_be_had_keeps_the_old_configuration(mantlet, connect):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = mantlet.changed(address="127.0.0.1:%d" % taken.getsockname()[1])
        address = mantlet.address()
        mantlet.write_config(config)
        mantlet.wait_metric("mantlet_reload_pending", 1)
        assert connectable(address[1])
        assert connect(mantlet).get().status == 200


@pytest.mark.parametrize("text, hint", [
    ("listeners: [\n", ":"),
    ("workers: 1\nlistners: []\n", "listeners"),
    ("", ""),
], ids=["broken", "unknown key", "empty"])
def test_bad_yaml_keeps_the_old_configuration(mantlet, connect, text, hint):
    good = mantlet.config_path.read_text()
    steady = connect(mantlet)
    assert steady.get().status == 200
    mantlet.write_config(text)
    mantlet.wait_metric("mantlet_reload_pending", 1)
    assert steady.get().status == 200
    assert connect(mantlet).get().status == 200
    status, body = mantlet.get("/readyz")
    assert status == 200
    assert str(mantlet.config_path) in body and hint in body
    assert [r for r in mantlet.log() if r["level"] in ("warn", "error")]
    mantlet.write_config(good)
    mantlet.wait_metric("mantlet_reload_pending", 0)
    assert str(mantlet.config_path) not in mantlet.get("/readyz")[1]


def test_a_configuration_that_names_a_missing_certificate_keeps_the_old_one(mantlet, connect):
    mantlet.write_config(mantlet.changed(tls={"certificates": [{"chain": "/nowhere/a.crt", "key": "/nowhere/a.key"}]}))
    mantlet.wait_metric("mantlet_reload_pending", 1)
    assert connect(mantlet).get().status == 200
    assert "/nowhere/a.crt" in mantlet.get("/readyz")[1]


def test_the_response_of_post_reload_reports_the_failure(mantlet):
    mantlet.config_path.write_text("nonsense: true\n")
    status, body = mantlet.get("/reload", "admin", "POST")
    assert status >= 400
    assert "nonsense" in body


def test_sighup_rereads_the_configuration(start, upstream, connect):
    proxy = start(upstream, reload={"watch": False, "interval": "0s"})
    with proxy.reloaded():
        proxy.write_config(proxy.changed(identity_headers={"set": {"X-Who": "cn"}}))
        proxy.signal(signal.SIGHUP)
    connect(proxy).get()
    assert upstream.requests[-1].headers.all("X-Who") == ["alice"]


def test_established_connections_survive_the_removal_of_their_limits(mantlet, connect):
    steady = connect(mantlet)
    steady.send("GET /slow/0.5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    mantlet.reload(mantlet.changed(limits={"header_count": 50}, client_auth=NO_CLIENT_AUTH))
    assert steady.response().status == 200
    try:
        again = steady.get()
        assert again.status == 200
    except (OSError, Incomplete):
        pass  # an idle connection may be ended after its exchange, but never within it


def test_the_configuration_through_a_kubernetes_configmap(launch, own_pki, upstream, tmp_path, connect):
    volume = tmp_path / "configmap"
    config = configuration(own_pki, upstream, reload={"interval": "0s"})
    kubernetes.write(volume, "2026_1", {"mantlet.yaml": yaml.safe_dump(config).encode()})
    mounted = launch(config, config_path=volume / "mantlet.yaml")
    config["listeners"][0]["identity_headers"] = {"set": {"X-Who": "cn"}}
    with mounted.reloaded():
        kubernetes.write(volume, "2026_2", {"mantlet.yaml": yaml.safe_dump(config).encode()})
    connect(mounted, clients.context(own_pki)).get()
    assert upstream.requests[-1].headers.all("X-Who") == ["alice"]


def test_certificates_in_another_order_misdirect_no_request(start, upstream, pki):
    files = []
    for name in ("one.example", "two.example"):
        chain, key = pki.write(pki.ca.server(name), f"order-{name}")
        files.append({"chain": chain, "key": key})
    proxy = start(upstream, listener={"tls": {"certificates": files}})
    with clients.RawClient(proxy.address(), clients.context(pki, verify=False), "two.example") as steady:
        request = "GET / HTTP/1.1\r\nHost: two.example\r\n\r\n"
        assert steady.exchange(request).status == 200
        proxy.reload(proxy.changed(tls={"certificates": files[::-1]}))
        assert steady.exchange(request).status == 200
        assert steady.exchange(request.replace("two", "one")).status == 421


def test_upstreams_that_move_while_their_connections_end_leak_nothing(start, connect, scripted):
    """The old pool is destroyed in the turn in which the upstream closes its idle connections."""
    def serve(connection, _):
        reader = Reader(connection)
        while reader.request():
            connection.sendall(response(body=b"x"))

    one, two = scripted(serve), scripted(serve)
    proxy = start(one, sandbox=ANY_PORT)
    for number in range(8):
        for _ in range(4):
            connect(proxy).get("/", "Connection: close")
        config = copy.deepcopy(proxy.config)
        config["upstreams"][0]["address"] = str(two if number % 2 == 0 else one)
        proxy.reload(config)
        (one if number % 2 == 0 else two).drop_connections()
    assert connect(proxy).get().status == 200


def test_a_fifo_in_place_of_the_configuration_stops_nothing(mantlet, connect):
    client = connect(mantlet)
    mantlet.config_path.unlink()
    os.mkfifo(mantlet.config_path)
    mantlet.signal(signal.SIGHUP)
    mantlet.wait_metric("mantlet_reload_pending", 1)
    assert "FIFO" in mantlet.get("/readyz")[1]
    assert client.get().status == 200
    mantlet.config_path.unlink()
    mantlet.reload(mantlet.changed(limits={"header_count": 50}))
    mantlet.wait_metric("mantlet_reload_pending", 0)
