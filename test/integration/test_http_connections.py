"""Connections on both sides: keep-alive, pipelining, closing."""

import pytest
from harness.messages import Reader
from harness.timing import wait_until
from harness.upstreams import response


def test_requests_share_a_downstream_connection(mantlet, connect):
    client = connect(mantlet)
    for number in range(10):
        assert client.get(f"/{number}").status == 200
    assert mantlet.metric("mantlet_connections_total", listener="public") == 1


def test_requests_share_an_upstream_connection(mantlet, connect, upstream):
    client = connect(mantlet)
    for _ in range(10):
        client.get()
    assert upstream.connections == 1


def test_downstream_connections_share_an_upstream_connection(mantlet, connect, upstream):
    for _ in range(3):
        connect(mantlet).get("/", "Connection: close")
    assert upstream.connections == 1


def test_fifty_pipelined_requests_are_answered_in_order(mantlet, connect, upstream):
    client = connect(mantlet)
    client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: localhost\r\n\r\n" for n in range(50)))
    for number in range(50):
        assert b'"target": "/%d"' % number in client.response().body
    assert [r.target for r in upstream.requests] == [f"/{n}" for n in range(50)]


def test_pipelined_posts_keep_their_bodies(mantlet, connect, upstream):
    client = connect(mantlet)
    client.send("".join(f"POST /{n} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{n:03}" for n in range(20)))
    for _ in range(20):
        assert client.response().status == 200
    assert [r.body for r in upstream.requests] == [b"%03d" % n for n in range(20)]


def test_a_request_in_single_bytes_is_understood(mantlet, connect, upstream):
    client = connect(mantlet)
    for byte in "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok":
        client.send(byte)
    assert client.response().status == 200
    assert upstream.requests[0].body == b"ok"


def test_connection_close_is_honoured(mantlet, connect):
    client = connect(mantlet)
    reply = client.get("/", "Connection: close")
    assert reply.headers.get("Connection") == "close"
    assert client.closed()


def test_nothing_after_connection_close_is_served(mantlet, connect, upstream):
    client = connect(mantlet)
    client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.response().status == 200
    assert client.closed()
    assert [r.target for r in upstream.requests] == ["/1"]


def test_http_1_0_is_answered_and_closed(mantlet, connect, upstream):
    client = connect(mantlet)
    reply = client.exchange("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert reply.status == 200
    assert client.closed()
    assert upstream.requests[0].version == "HTTP/1.1"


def test_http_1_0_with_keep_alive_stays(mantlet, connect):
    client = connect(mantlet)
    for _ in range(3):
        reply = client.exchange("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        assert reply.headers.get("Connection", "").lower() == "keep-alive"


def test_http_1_0_with_keep_alive_is_told_that_our_own_answer_keeps_it(start, connect, tmp_path):
    proxy = start(f"unix:{tmp_path}/nobody.sock")
    client = connect(proxy)
    for _ in range(2):
        reply = client.exchange("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        assert reply.status == 502
        assert reply.headers.get("Connection", "").lower() == "keep-alive"
    assert proxy.wait_access(2)[0]["response_bytes"] == len(reply.body)


def test_http_1_0_without_host_is_answered(mantlet, connect):
    assert connect(mantlet).exchange("GET / HTTP/1.0\r\n\r\n").status == 200


def test_http_1_0_never_gets_chunks(mantlet, connect):
    client = connect(mantlet)
    reply = client.exchange("GET /chunked/5000 HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
    assert reply.framing == "close" and len(reply.body) == 5000


def test_upstream_connection_close_does_not_end_ours(mantlet, connect, scripted, start):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"x", headers=[("Connection", "close")]))
    upstream = scripted(serve)
    client = connect(start(upstream))
    for _ in range(3):
        reply = client.get()
        assert reply.status == 200 and reply.headers.get("Connection") is None
    assert upstream.connections == 3


def test_an_http_1_0_upstream_is_not_kept(scripted, start, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello")
    upstream = scripted(serve)
    client = connect(start(upstream))
    for _ in range(2):
        assert client.get().body == b"hello"
    assert upstream.connections == 2


def test_idle_downstream_connections_are_ended(start, upstream, connect):
    client = connect(start(upstream, listener={"timeouts": {"idle": "300ms"}}))
    client.get()
    assert client.closed()


def test_idle_upstream_connections_are_ended(start, upstream, connect):
    proxy = start(upstream, upstream_options={"timeouts": {"idle": "200ms"}})
    connect(proxy).get()
    proxy.wait_metric("mantlet_upstream_connections", 0, upstream="app")


def test_requests_per_connection_ends_the_connection(start, upstream, connect):
    client = connect(start(upstream, listener={"limits": {"requests_per_connection": 2}}))
    assert client.get().headers.get("Connection") is None
    assert client.get().headers.get("Connection") == "close"
    assert client.closed()


def test_concurrent_requests_get_connections_of_their_own(mantlet, connect, upstream):
    busy = [connect(mantlet) for _ in range(4)]
    for each in busy:
        each.send("GET /slow/0.3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for each in busy:
        assert each.response().status == 200
    assert upstream.connections == 4


def test_a_client_that_leaves_in_the_middle_ends_the_upstream_exchange(start, scripted, connect):
    asked, ended = [], []

    def serve(connection, _):
        asked.append(Reader(connection).request())
        ended.append(connection.recv(1))

    client = connect(start(scripted(serve)))
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: asked, 10, "the request's arrival")
    client.close()
    wait_until(lambda: ended == [b""], 10, "the upstream connection's end")


@pytest.mark.parametrize("lines", ["\r\n", "\r\n\r\n"])
def test_empty_lines_before_a_request_are_forgiven_or_refused(mantlet, connect, upstream, lines):
    reply = connect(mantlet).exchange(lines + "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply.status in (200, 400)
    assert len(upstream.requests) == (1 if reply.status == 200 else 0)
