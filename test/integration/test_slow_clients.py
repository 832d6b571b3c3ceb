"""Clients that keep a request going with a byte now and then, and those that are slow for a good reason.

The rates are higher and the times shorter than the defaults, so that the tests take seconds.
"""

import contextlib
import socket
import time

import pytest

from harness import http2
from harness.h2_upstreams import H2Server
from harness.messages import Incomplete
from harness.timing import scaled

HOST = "Host: localhost\r\n"
METRIC = "mantlet_client_timeouts_total"
RATE = 1000
# One byte is sent in PAUSE, which is far from RATE, and restarts timeouts.body each time.
LISTENER = {"timeouts": {"body": "1s", "write": "1s"},
            "limits": {"min_request_rate": RATE, "min_response_rate": RATE}}
PAUSE = 0.2
# Longer than any client that is too slow is left.
LONG = 4


def drip(client, piece, seconds, pause=PAUSE):
    """Sends the piece again and again for that time. Returns whether the connection took all of them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            client.send(piece)
        except OSError:
            return False
        time.sleep(pause)
    return True


def check_cut(proxy, reason, key, count=1):
    proxy.wait_metric(METRIC, count, listener="public", reason=reason)
    records = [*proxy.log("request_timed_out", reason=reason), *proxy.log("connection_timed_out", reason=reason)]
    assert records and key in records[0]["detail"]


# ---- requests

CHUNKED = f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("head, piece", [(f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1000000\r\n\r\n", "x"),
                                         (CHUNKED, "1\r\nx\r\n")], ids=["length", "chunks"])
def test_content_that_trickles_is_a_408(start, upstream, connect, head, piece):
    proxy = start(upstream, listener=LISTENER)
    client = connect(proxy)
    client.send(head)
    drip(client, piece, LONG)
    with contextlib.suppress(Incomplete, OSError):  # a reset, because it went on sending, may discard the response
        assert client.response().status == 408
    check_cut(proxy, "request_too_slow", "listeners[].limits.min_request_rate")
    record = proxy.wait_access()[0]
    assert (record["status"], record["error"]) == (408, "request_too_slow")
    assert not upstream.requests


def test_trailers_that_trickle_are_a_408(start, upstream, connect):
    proxy = start(upstream, listener=LISTENER)
    client = connect(proxy)
    client.send(CHUNKED + "1\r\nx\r\n0\r\nx-trailer: ")
    drip(client, "x", LONG)
    check_cut(proxy, "request_too_slow", "listeners[].limits.min_request_rate")


def test_a_slow_upload_that_keeps_the_rate_is_served(start, upstream, connect):
    client = connect(start(upstream, listener=LISTENER))
    pieces = 20
    client.send(f"POST / HTTP/1.1\r\n{HOST}Content-Length: {pieces * RATE}\r\n\r\n")
    for _ in range(pieces):
        client.send("x" * RATE)
        time.sleep(PAUSE)
    assert client.response().status == 200


def test_no_rate_is_demanded_with_0(start, upstream, connect):
    client = connect(start(upstream, listener=LISTENER | {"limits": {"min_request_rate": 0}}))
    client.send(f"POST / HTTP/1.1\r\n{HOST}Content-Length: {int(LONG / PAUSE) + 100}\r\n\r\n")
    assert drip(client, "x", LONG)
    client.send("x" * (int(LONG / PAUSE) + 100))
    assert client.response().status == 200


def test_an_upload_that_the_application_holds_up_is_not_slow(start, scripted, connect):
    """The client has much to send; it is the application that does not read."""
    size = 20_000_000

    def serve(connection, _):
        time.sleep(LONG)
        got = 0
        while got < size:
            got += len(connection.recv(1_000_000))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    client = connect(start(scripted(serve), listener=LISTENER), timeout=30)
    client.send(f"POST / HTTP/1.1\r\n{HOST}Content-Length: {size}\r\n\r\n")
    client.send(b"x" * size)
    assert client.response().status == 200


def test_content_that_trickles_is_not_cut_once_the_application_responds(start, scripted, connect):
    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        while b"0\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"0\r\n\r\n")

    client = connect(start(scripted(serve), listener=LISTENER))
    client.send(CHUNKED + "1\r\nx\r\n")
    assert drip(client, "1\r\nx\r\n", LONG)
    client.send("0\r\n\r\n")
    assert client.response().body == b"a"


def test_a_stream_whose_content_trickles_is_a_408_and_no_other_stream_notices(start, upstream, pki):
    proxy = start(upstream, listener=LISTENER)
    with http2.connect(proxy, pki) as client:
        slow = client.begin(method="POST", end=False)
        end = time.monotonic() + scaled(10)
        while not client.streams[slow].over and time.monotonic() < end:
            client.send(slow, b"x")
            assert client.get().status == 200
            time.sleep(PAUSE)
        assert client.streams[slow].status == 408
        assert client.get().status == 200
    check_cut(proxy, "request_too_slow", "listeners[].limits.min_request_rate")


def test_the_streams_of_a_connection_share_the_rate(start, upstream, pki):
    """Each of ten uploads over one slow link has a tenth of it."""
    proxy = start(upstream, listener=LISTENER)
    with http2.connect(proxy, pki) as client:
        uploads = [client.begin(method="POST", end=False) for _ in range(10)]
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            for number in uploads:
                client.send(number, b"x" * int(RATE * PAUSE / 10 * 2))
            time.sleep(PAUSE)
        for number in uploads:
            client.send(number, b"", end=True)
            assert client.wait(number).status == 200


def test_a_call_of_grpc_may_send_little(start, scripted, pki):
    def serve(connection, _):
        server = H2Server(connection)
        for stream, *_ in server.requests():
            server.answer(stream, headers=[("content-type", "application/grpc"), ("grpc-status", "0")])

    proxy = start(scripted(serve), listener=LISTENER, upstream_options={"protocol": "h2c"})
    with http2.connect(proxy, pki) as client:
        number = client.begin("/a.B/C", "POST", [("content-type", "application/grpc"), ("te", "trailers")], end=False)
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            client.send(number, b"x")
            time.sleep(PAUSE)
        client.send(number, b"", end=True)
        assert client.wait(number).status == 200


# ---- responses


def sipping(proxy, tls):
    """A client whose kernel takes little of what it does not read."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(scaled(10))
    plain.connect(proxy.address())
    return tls.wrap_socket(plain, server_hostname="localhost")


def sip(client, seconds, size=200, pause=0.02):
    """Reads a little at a time. Returns whether the connection stayed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if not client.recv(size):
                return False
        except OSError:
            return False
        time.sleep(pause)
    return True


@pytest.mark.parametrize("target, requests", [("/bytes/100000000", 1), ("/bytes/4000", 3000)],
                         ids=["a download", "a pipeline"])
@pytest.mark.parametrize("rate", [1_000_000, 240])
def test_a_client_that_reads_slowly(start, upstream, tls, target, requests, rate):
    """It takes some 10,000 bytes a second: too few for the first rate, and enough for the second."""
    proxy = start(upstream, listener={"timeouts": {"write": "2s"}, "limits": {"min_response_rate": rate}})
    with sipping(proxy, tls) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\n{HOST}\r\n".encode() * requests)
        if rate == 240:
            assert sip(client, 7)
        else:
            sip(client, 7)
            check_cut(proxy, "client_too_slow", "listeners[].limits.min_response_rate")
            proxy.wait_metric("mantlet_connections_active", 0, listener="public")


def open_windows(client, number, size, seconds, pause=0.1):
    """Opens the stream's window by `size` again and again, with PINGs between."""
    end = time.monotonic() + seconds
    client.tls.settimeout(pause)
    while time.monotonic() < end and not client.streams[number].over:
        with contextlib.suppress(OSError):
            client.h2.increment_flow_control_window(size, number)
            client.h2.ping(bytes(8))
            client.flush()
        with contextlib.suppress(TimeoutError):
            while client.read():
                pass
    client.tls.settimeout(scaled(10))


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("target", ["/bytes/50000", "/bytes/50000000"])
def test_a_stream_whose_window_opens_a_little_at_a_time(start, upstream, pki, target, size):
    proxy = start(upstream, listener=LISTENER)
    with http2.connect(proxy, pki, acknowledge=False, settings={4: 0}) as client:
        number = client.begin(target)
        client.until(lambda: client.streams[number].headers)
        open_windows(client, number, size, LONG)
        assert client.streams[number].over == (size == 1)
        if size == 1:
            assert client.streams[number].error is not None
            check_cut(proxy, "client_too_slow", "listeners[].limits.min_response_rate")
        assert client.get("/status/204").status == 204


def test_the_reader_of_an_event_stream_sets_its_pace(start, scripted, pki):
    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"data: " + b"x" * 10000 + b"\n\n")

    with http2.connect(start(scripted(serve), listener=LISTENER), pki, acknowledge=False, settings={4: 0}) as client:
        number = client.begin("/events")
        client.until(lambda: client.streams[number].headers)
        open_windows(client, number, 1, LONG)
        assert not client.streams[number].over


@pytest.mark.parametrize("version", [1, 2])
def test_a_long_poll_and_a_quiet_event_stream_are_not_slow(start, scripted, connect, pki, version):
    def serve(connection, _):
        connection.recv(65536)
        time.sleep(LONG / 2)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 2\r\n\r\na")
        time.sleep(LONG / 2)
        connection.sendall(b"b")

    proxy = start(scripted(serve), listener=LISTENER)
    if version == 1:
        assert connect(proxy).get().body == b"ab"
    else:
        with http2.connect(proxy, pki) as client:
            assert client.get().body == b"ab"


def test_a_tunnel_may_be_slow_in_both_directions(start, scripted, connect):
    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        while data := connection.recv(1000):
            connection.sendall(data)

    client = connect(start(scripted(serve), listener=LISTENER))
    client.send(f"GET / HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: chat\r\n\r\n")
    assert client.response().status == 101
    for _ in range(int(LONG / 0.5)):
        client.send("x")
        assert client.reader.exactly(1) == b"x"
        time.sleep(0.5)
