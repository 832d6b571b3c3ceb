"""Upstreams and listeners on Unix sockets."""

import os
import signal
import socket
import ssl
import stat
import threading

import pytest
import yaml
from harness import clients, upstreams
from harness.messages import Reader
from harness.proxy import configuration, run_command
from harness.timing import scaled, wait_until


@pytest.fixture
def unix_upstream(tmp_path):
    echo = upstreams.Echo(path=tmp_path / "app.sock")
    yield echo
    echo.close()


def test_an_upstream_on_a_unix_socket_is_served(start, unix_upstream, connect):
    client = connect(start(unix_upstream))
    for _ in range(3):
        assert client.get().status == 200
    assert unix_upstream.connections == 1
    assert unix_upstream.requests[0].headers.all("Host") == ["localhost"]


def test_large_bodies_pass_a_unix_socket(start, unix_upstream, connect):
    client = connect(start(unix_upstream))
    assert client.get("/bytes/5000000").body == upstreams.pattern(5_000_000)
    reply = client.exchange(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000))
    assert reply.status == 200 and len(unix_upstream.requests[-1].body) == 3_000_000


@pytest.fixture
def unix_listener(start, upstream, tmp_path):
    path = tmp_path / "listen.sock"
    return start(upstream, listener={"address": f"unix:{path}"}), path


def speak(path, tls, fields=""):
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        with tls.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
            return Reader(client).response()


def test_a_listener_on_a_unix_socket_serves_tls(unix_listener, tls):
    assert speak(unix_listener[1], tls).status == 200


def test_a_listener_on_a_unix_socket_demands_a_certificate(unix_listener, pki):
    with pytest.raises((ssl.SSLError, OSError)):
        speak(unix_listener[1], clients.context(pki, client=None))


def test_the_socket_file_goes_with_the_process(unix_listener):
    proxy, path = unix_listener
    assert path.exists()
    proxy.stop()
    assert not path.exists()


def test_a_stale_socket_file_is_replaced(start, upstream, tls, tmp_path):
    path = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    start(upstream, listener={"address": f"unix:{path}"})
    assert speak(path, tls).status == 200


def test_the_admin_endpoint_may_be_a_unix_socket(start, upstream, tmp_path):
    path = tmp_path / "admin.sock"
    start(upstream, admin={"address": f"unix:{path}"})
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        plain.sendall(b"GET /certs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert Reader(plain).response().status == 200


def test_a_unix_listener_may_get_another_name(unix_listener, tls):
    proxy, path = unix_listener
    proxy.reload(proxy.changed(name="renamed"))
    assert speak(path, tls).status == 200
    assert [each.name for each in path.parent.glob("listen.sock*")] == ["listen.sock"]


def test_the_socket_of_a_removed_listener_goes(unix_listener, pki, tmp_path, tls):
    proxy, path = unix_listener
    proxy.reload(proxy.changed(address=f"unix:{tmp_path}/other.sock"))
    assert speak(tmp_path / "other.sock", tls).status == 200
    assert not path.exists()


def test_the_socket_of_a_successor_stays(unix_listener, launch, tls):
    proxy, path = unix_listener
    path.unlink()
    config = dict(proxy.config, metrics={"address": "127.0.0.1:0"})
    launch(config)
    proxy.stop()
    assert speak(path, tls).status == 200


def test_a_successor_may_begin_while_a_drain_goes_on(start, launch, scripted, tls, tmp_path):
    path = tmp_path / "listen.sock"
    go_on = threading.Event()

    def serve(connection, number):
        connection.recv(65536)
        go_on.wait(scaled(20))
        connection.sendall(upstreams.response("200 OK", b"late"))

    slow = scripted(serve)
    proxy = start(slow, listener={"address": f"unix:{path}"}, shutdown={"drain": "20s"})
    answers = []
    asking = threading.Thread(target=lambda: answers.append(speak(path, tls)))
    asking.start()
    wait_until(lambda: slow.connections, 5, "the request")
    proxy.signal(signal.SIGTERM)
    proxy.wait_log("drain_begun")
    successor = launch(proxy.config)
    go_on.set()
    asking.join()
    assert proxy.wait() == 0 and answers[0].status == 200
    assert path.exists(), "it belongs to the successor"
    assert speak(path, tls).status == 200
    successor.stop()
    assert not path.exists()


@pytest.mark.parametrize("sent", [None, "203.0.113.7"])
def test_a_client_of_a_unix_socket_adds_no_address(unix_listener, upstream, tls, sent):
    field = f"X-Forwarded-For: {sent}\r\n" if sent else ""
    assert speak(unix_listener[1], tls, field).status == 200
    headers = upstream.requests[-1].headers
    assert headers.all("X-Forwarded-For") == ([sent] if sent else [])
    assert not any("unix" in value for _, value in headers)


def test_mode_and_group_restrict_clients(start, upstream, tls, tmp_path):
    path = tmp_path / "listen.sock"
    address = f"unix:{path}"
    proxy = start(upstream, listener={"address": address, "socket_mode": "0660", "socket_group": str(os.getgid())})
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert path.stat().st_gid == os.getgid()
    proxy.reload(proxy.changed(socket_mode="0606"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o606
    assert speak(path, tls).status == 200


def test_without_a_mode_only_the_owner_may_connect(unix_listener):
    assert stat.S_IMODE(unix_listener[1].stat().st_mode) == 0o600


def test_an_unknown_group_is_found_by_check(tmp_path, pki, upstream):
    config = configuration(pki, upstream, listener={"address": f"unix:{tmp_path}/a.sock", "socket_group": "no-such-group"})
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config))
    checked = run_command("check", "--config", tmp_path / "m.yaml")
    assert checked.returncode == 1 and "no-such-group" in checked.stderr
