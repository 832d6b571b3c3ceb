"""If the kernel has no memory for another socket, one connection is lost and not the process."""

import copy
import socket
import ssl

import pytest
from harness import proxy as proxy_module
from harness.failing import FailingCalls
from harness.messages import Reader
from harness.timing import wait_until


@pytest.fixture(autouse=True)
def _an_ordinary_binary():
    if proxy_module.is_sanitized():
        pytest.skip("the sanitizer does not go with a preloaded library")


@pytest.fixture
def failing(tmp_path):
    return FailingCalls(tmp_path)


def refused(attempt):
    """Returns whether the connection ends before a response."""
    try:
        attempt()
    except (OSError, EOFError, AssertionError):
        return True
    return False


def test_an_accepted_connection_that_cannot_be_watched_is_closed(start, upstream, connect, failing):
    proxy = start(upstream, launch_options={"env": failing.env})
    bystander = connect(proxy)
    assert bystander.get().status == 200
    failing.registrations = 1
    assert refused(lambda: connect(proxy))
    assert failing.registrations == 0
    assert bystander.get().status == 200, "no other client is affected"
    assert connect(proxy).get().status == 200, "and the next one is served"
    assert proxy.log("accept_failed")
    proxy.wait_metric("mantlet_connections_active", 2, listener="public")


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_an_upstream_connection_that_cannot_be_watched_costs_its_request(start, scripted, connect, failing, tmp_path,
                                                                        kind):
    def serve(connection, _):
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            return

    application = scripted(serve, path=tmp_path / "app.sock") if kind == "unix" else scripted(serve)
    proxy = start(application, launch_options={"env": failing.env})
    client = connect(proxy)
    assert client.get().status == 200
    failing.registrations = 1
    assert client.get().status == 502
    assert failing.registrations == 0
    assert client.get().status == 200
    record = proxy.wait_access(3)[1]
    assert record["error"] == "connect_failed" and "ENOSPC" in record["error_detail"]


def test_a_paused_client_that_cannot_be_watched_again_is_cut(start, scripted, connect, failing, pki):
    """A client that is not read for a while, because the application does not read, may have to be registered
    again.
    """
    def serve(connection, number):
        if number == 1:
            Reader(connection).request()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return
        wait_until(lambda: failing.registrations == 1, 10)
        while connection.recv(1 << 20):
            pass

    proxy = start(scripted(serve), launch_options={"env": failing.env})
    bystander = connect(proxy)
    assert bystander.get().status == 200
    uploader = connect(proxy)
    uploader.tls.settimeout(1)
    uploader.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
    with pytest.raises((socket.timeout, ssl.SSLError)):
        while True:
            uploader.send(b"x" * 65536)  # until both sides have stopped reading
    failing.registrations = 1
    wait_until(lambda: failing.registrations == 0, 10, "the client being read again")
    proxy.wait_metric("mantlet_connections_active", 1, listener="public")  # of the other client


def test_a_listener_that_cannot_be_watched_at_once_listens_soon(start, upstream, connect, failing):
    proxy = start(upstream, launch_options={"env": failing.env}, workers=1)
    config = copy.deepcopy(proxy.config)
    config["listeners"].append({**copy.deepcopy(config["listeners"][0]), "name": "second"})
    failing.registrations = 1
    proxy.reload(config)
    wait_until(lambda: failing.registrations == 0)
    assert connect(proxy, listener="second").get().status == 200
    assert proxy.log("accept_failed", listener="second")
    assert connect(proxy).get().status == 200
