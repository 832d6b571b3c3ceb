"""Every way in which an application may break, over HTTP/1 and HTTP/2: the client's status, the reason in the metric and
in the access log, and that a request which must not be repeated reaches the application once at most.
"""

import dataclasses
import socket
import threading
import time

import h2.errors
import pytest
from harness import h2_upstreams
from harness.messages import Incomplete, Reader
from harness.timing import scaled, wait_until
from harness.upstreams import Silent, reset, response, unused_port

GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab"
TIMEOUTS = {"connect": "300ms", "response_head": "300ms", "body": "300ms", "write": "300ms"}
CUT = 0  # the response has begun and is cut


@dataclasses.dataclass
class Case:
    name: str
    act: object          # act(connection) of HTTP/1 after the request, or act(server, stream) of HTTP/2
    status: int          # for the client; CUT if it must notice that the response is incomplete
    reason: str          # of mantlet_upstream_failures_total and of the access log; None if there is no failure
    logged: int = None   # the status in the access log, if it differs


def says(data, then=lambda connection: connection.close()):
    """A script that sends `data` and then does `then`."""
    def act(connection):
        connection.sendall(data)
        time.sleep(0.05)
        then(connection)
    return act


def waits(connection):
    connection.recv(1)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
HTTP1 = [
    Case("closes before the head", lambda c: c.close(), 502, "closed_early"),
    Case("resets before the head", reset, 502, "reset"),
    Case("closes in the head", says(b"HTTP/1.1 200 OK\r\nContent-Le"), 502, "closed_early"),
    Case("resets in the head", says(b"HTTP/1.1 200 OK\r\nContent-Le", reset), 502, "reset"),
    Case("closes after the head", says(HEAD), CUT, "closed_early", 200),
    Case("resets after the head", says(HEAD, reset), CUT, "reset", 200),
    Case("closes in the content", says(HEAD + b"x" * 50), CUT, "closed_early", 200),
    Case("resets in the content", says(HEAD + b"x" * 50, reset), CUT, "reset", 200),
    Case("closes in a chunk", says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), CUT, "closed_early", 200),
    Case("garbage", says(b"\x16\x03\x01\x00\x05hello, this is not HTTP\r\n\r\n", waits), 502, "protocol_error"),
    Case("garbage in a chunk", says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", waits), CUT,
         "protocol_error", 200),
    Case("never answers", waits, 504, "timeout_head"),
    Case("stops in the head", says(b"HTTP/1.1 200", waits), 504, "timeout_head"),
    Case("stops in the content", says(HEAD + b"x" * 50, waits), CUT, "timeout_body", 200),
    Case("only interim responses", says(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3, waits), 504, "timeout_head"),
]


def h2_reset(code):
    def act(server, stream):
        server.connection.reset_stream(stream, code)
        server.flush()
    return act


def h2_head(then):
    def act(server, stream):
        server.connection.send_headers(stream, [(":status", "200")])
        server.connection.send_data(stream, b"x" * 50)
        server.flush()
        time.sleep(0.05)
        then(server, stream)
    return act


def h2_goaway(server, _):
    server.connection.close_connection(h2.errors.ErrorCodes.INTERNAL_ERROR)
    server.flush()
    server.sock.close()


def h2_nothing(_server, _stream):
    pass


INTERNAL = h2.errors.ErrorCodes.INTERNAL_ERROR
HTTP2 = [
    Case("closes before the head", lambda server, _: server.sock.shutdown(socket.SHUT_RDWR), 502, "closed_early"),
    Case("resets the stream before the head", h2_reset(INTERNAL), 502, "reset"),
    Case("refuses the stream", h2_reset(h2.errors.ErrorCodes.REFUSED_STREAM), 502, "refused_stream"),
    Case("closes in the content", h2_head(lambda server, _: server.sock.shutdown(socket.SHUT_RDWR)), CUT, "closed_early", 200),
    Case("resets the stream in the content", h2_head(h2_reset(INTERNAL)), CUT, "reset", 200),
    Case("garbage", lambda server, _: server.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 5), 502, "protocol_error"),
    Case("never answers", h2_nothing, 504, "timeout_head"),
    Case("stops in the content", h2_head(h2_nothing), CUT, "timeout_body", 200),
]


def check(proxy, client, case, sent):
    """Sends one request and compares what the client gets and what is counted and logged."""
    try:
        client.send(sent)
        message = client.response()
        while message.status < 200:
            message = client.response()
        assert message.status == case.status, message
        assert b"mantlet" in message.body
    except (Incomplete, OSError):
        assert case.status == CUT, "the client got no response"
    record, = proxy.wait_access()
    assert record["error"] == case.reason, record
    assert record["status"] == (case.logged or case.status), record
    failures = proxy.metrics().matching("mantlet_upstream_failures_total", upstream="app")
    assert {dict(labels)["reason"]: value for labels, value in failures.items() if value} == {case.reason: 1}


@pytest.mark.parametrize("sent", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("case", HTTP1, ids=lambda case: case.name)
def test_http1(start, scripted, connect, case, sent):
    arrived = []

    def serve(connection, _):
        arrived.append(Reader(connection).request())
        case.act(connection)

    proxy = start(scripted(serve), upstream_options={"timeouts": TIMEOUTS})
    check(proxy, connect(proxy), case, sent)
    assert len(arrived) == 1, "a request on a new connection is never repeated"


@pytest.mark.parametrize("sent", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("case", HTTP2, ids=lambda case: case.name)
def test_http2(start, scripted, connect, case, sent):
    arrived = []

    def respond(server, stream, *_):
        arrived.append(stream)
        case.act(server, stream)

    proxy = start(scripted(h2_upstreams.answering(respond)),
                  upstream_options={"protocol": "h2c", "timeouts": TIMEOUTS})
    check(proxy, connect(proxy), case, sent)
    # A refused stream was not processed, so it may be repeated, twice at most.
    assert len(arrived) == (3 if case.reason == "refused_stream" else 1)


@pytest.mark.parametrize("protocol", ["http1", "h2c"])
def test_an_upstream_that_refuses_connections(start, connect, protocol):
    proxy = start(f"127.0.0.1:{unused_port()}", upstream_options={"protocol": protocol})
    check(proxy, connect(proxy), Case("refuses", None, 502, "connect_refused"), POST)


@pytest.mark.parametrize("protocol", ["http1", "h2c"])
def test_an_upstream_that_does_not_accept(start, connect, protocol):
    silent = Silent()
    proxy = start(silent, upstream_options={"protocol": protocol, "timeouts": TIMEOUTS})
    try:
        check(proxy, connect(proxy), Case("hangs", None, 504, "connect_timeout"), POST)
    finally:
        silent.close()


@pytest.mark.parametrize("protocol", ["http1", "h2c"])
def test_a_socket_file_that_is_missing(start, connect, tmp_path, protocol):
    proxy = start(f"unix:{tmp_path}/nobody.sock", upstream_options={"protocol": protocol})
    check(proxy, connect(proxy), Case("missing", None, 502, "connect_refused"), POST)


def test_an_early_answer_ends_the_request(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).head()
        connection.sendall(response("413 Too Large", body=b"enough", headers=[("Connection", "close")]))
        connection.recv(1)

    proxy = start(scripted(serve), upstream_options={"timeouts": TIMEOUTS})
    client = connect(proxy)
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nab")
    assert client.response().status == 413
    record, = proxy.wait_access()
    assert record["answered_by"] == "upstream"
    failures = proxy.metrics().matching("mantlet_upstream_failures_total", upstream="app")
    assert not any(failures.values())


def test_an_upstream_that_does_not_read(start, scripted, connect):
    done = threading.Event()

    def serve(connection, _):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        Reader(connection).head()
        done.wait(scaled(20))

    proxy = start(scripted(serve), upstream_options={"timeouts": TIMEOUTS})
    client = connect(proxy)
    size = 64 << 20

    def send():
        try:
            client.send(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n")
            for _ in range(size >> 20):
                client.send(b"x" * (1 << 20))
        except OSError:
            pass  # the proxy has answered and closes

    threading.Thread(target=send, daemon=True).start()
    wait_until(lambda: proxy.metric("mantlet_upstream_failures_total", upstream="app", reason="timeout_write") == 1, 20)
    done.set()
    record, = proxy.wait_access()
    assert (record["status"], record["error"]) == (504, "timeout_write")
