"""An upstream that is down, slow or broken: the client gets the matching error, and no truncated response looks
complete.
"""

import socket
import threading
import time

import pytest
from harness.messages import Incomplete, Reader
from harness.timing import scaled
from harness.upstreams import Silent, reset, response, unused_port


def refusal(reply, status):
    assert reply.status == status, reply
    assert b"mantlet" in reply.body and len(reply.body) < 500
    assert reply.headers.get("Content-Type", "").startswith("text/plain")


def test_a_refused_connection_is_502(start, connect):
    proxy = start(f"127.0.0.1:{unused_port()}")
    client = connect(proxy)
    refusal(client.get(), 502)
    refusal(client.get(), 502)  # and the connection continues
    assert proxy.metric("mantlet_upstream_failures_total", upstream="app") == 2


def test_a_missing_socket_file_is_502(start, connect, tmp_path):
    refusal(connect(start(f"unix:{tmp_path}/nobody.sock")).get(), 502)


def test_an_upstream_that_comes_back_is_used(start, connect):
    port = unused_port()
    client = connect(start(f"127.0.0.1:{port}"))
    refusal(client.get(), 502)

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"back"))

    listening = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=lambda: serve(listening.accept()[0], 1), daemon=True)
    thread.start()
    assert client.get().body == b"back"
    listening.close()


def test_a_connection_that_is_not_accepted_times_out(start, connect):
    silent = Silent()
    proxy = start(silent, upstream_options={"timeouts": {"connect": "300ms"}})
    reply = connect(proxy).get()
    silent.close()
    assert reply.status in (503, 504)
    refusal(reply, reply.status)


def test_a_response_that_never_comes_is_504(start, scripted, connect):
    proxy = start(scripted(lambda c, _: c.recv(100_000) and c.recv(1)),
                  upstream_options={"timeouts": {"response_head": "300ms"}})
    refusal(connect(proxy).get(), 504)


@pytest.mark.parametrize("end", [reset, lambda c: c.close()], ids=["reset", "closed"])
def test_an_upstream_that_ends_before_answering_is_502(start, scripted, connect, end):
    def serve(connection, _):
        Reader(connection).request()
        end(connection)
    refusal(connect(start(scripted(serve))).get(), 502)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_truncated_response_never_looks_complete(start, scripted, connect, framing, how):
    head = b"Content-Length: 1000" if framing == "length" else b"Transfer-Encoding: chunked"
    body = b"x" * 100 if framing == "length" else b"64\r\n" + b"x" * 100 + b"\r\n"

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
        time.sleep(0.1)
        if how == "reset":
            reset(connection)

    client = connect(start(scripted(serve)))
    with pytest.raises((Incomplete, OSError)):
        client.get()


def test_a_truncated_response_to_http_1_0_ends_without_close_notify(start, scripted, connect):
    # Only the end of the connection delimits this response, so the end itself must be abnormal.
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + b"x" * 100 + b"\r\n")

    client = connect(start(scripted(serve)))
    with pytest.raises(OSError):
        client.exchange("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")


def test_a_body_that_stalls_is_cut_off(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
        connection.recv(1)

    client = connect(start(scripted(serve), upstream_options={"timeouts": {"body": "300ms"}}))
    with pytest.raises((Incomplete, OSError)):
        client.get()


def stale_pool(scripted, on_stale):
    """An upstream that answers the first request of its first connection and mistreats the second."""
    log = []

    def serve(connection, number):
        reader = Reader(connection)
        while True:
            request = reader.request()
            log.append((number, request.method))
            if number == 1 and len(log) > 1:
                on_stale(connection)
                return
            connection.sendall(response(body=b"%d" % number))

    return scripted(serve), log


def test_a_pooled_connection_that_dies_under_a_get_is_replaced(start, scripted, connect):
    upstream, log = stale_pool(scripted, reset)
    client = connect(start(upstream))
    assert client.get().body == b"1"
    assert client.get().body == b"2"
    assert log == [(1, "GET"), (1, "GET"), (2, "GET")]


def test_a_pooled_connection_that_dies_under_a_post_is_not_retried(start, scripted, connect):
    upstream, log = stale_pool(scripted, reset)
    client = connect(start(upstream))
    assert client.get().body == b"1"
    refusal(client.exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab"), 502)
    assert [entry for entry in log if entry[1] == "POST"] == [(1, "POST")]


def test_a_retry_happens_once(start, scripted, connect):
    log = []

    def serve(connection, number):
        reader = Reader(connection)
        while True:
            log.append((number, reader.request().method))
            if len(log) > 1:
                reset(connection)
                return
            connection.sendall(response(body=b"first"))

    client = connect(start(scripted(serve)))
    assert client.get().body == b"first"
    refusal(client.get(), 502)
    assert len(log) <= 3


def test_a_pooled_connection_that_the_upstream_closed_is_noticed(start, scripted, connect):
    def serve(connection, number):
        Reader(connection).request()
        connection.sendall(response(body=b"%d" % number))  # announces keep-alive, then closes

    upstream = scripted(serve)
    client = connect(start(upstream))
    for number in range(1, 4):
        assert client.get().body == b"%d" % number
        time.sleep(scaled(0.1))
    assert client.exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").body == b"4"


def test_an_exhausted_pool_is_503(start, scripted, connect):
    release = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        release.wait(scaled(20))
        connection.sendall(response(body=b"at last"))

    proxy = start(scripted(serve), workers=1, upstream_options={"pool": {"connections": 1, "pending": 1}})
    first, second, third = (connect(proxy) for _ in range(3))
    first.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(scaled(0.2))
    second.send("GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(scaled(0.2))
    refusal(third.get(), 503)
    release.set()
    assert first.response().body == b"at last"
    assert second.response().body == b"at last", "a waiting request is served when a connection is free"


def test_failures_are_counted_by_reason(start, connect):
    proxy = start(f"127.0.0.1:{unused_port()}")
    connect(proxy).get()
    samples = proxy.metrics().matching("mantlet_upstream_failures_total", upstream="app")
    counted = {dict(labels)["reason"]: value for labels, value in samples.items() if value}
    assert list(counted.values()) == [1], counted


def test_the_access_log_has_the_origin_of_the_response(start, connect):
    proxy = start(f"127.0.0.1:{unused_port()}")
    connect(proxy).get("/down")
    record, = proxy.wait_access()
    assert (record["status"], record["target"], record["answered_by"]) == (502, "/down", "mantlet")
    assert record["error"]
