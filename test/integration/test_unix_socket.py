"""Upstreams and listeners on Unix sockets."""

import socket
import ssl

import pytest
from harness import clients, upstreams
from harness.messages import Reader


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


def speak(path, tls):
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        with tls.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
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
