"""Connections to the application: when they are kept, how long a request waits for one, and the errors when it waited
too long.
"""

import signal
import socket
import threading
import time

import pytest
from harness.messages import Incomplete, Reader
from harness.timing import scaled, wait_until
from harness.upstreams import response

POST = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab"


def answering(connection, _):
    reader = Reader(connection)
    while True:
        reader.request()
        connection.sendall(response(body=b"ok"))


def wait_for_requests_in_flight(proxy, count):
    wait_until(lambda: proxy.get("/connections", "admin")[1].count('"request"') == count, 10, "the requests")


# ---- keeping them


def test_an_unused_connection_is_closed_before_any_common_server_would(start, scripted, connect):
    ended = []

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"ok"))
        answered = time.monotonic()
        connection.recv(1)
        ended.append(time.monotonic() - answered)

    client = connect(start(scripted(serve)))
    assert client.get().body == b"ok"
    wait_until(lambda: ended, 10, "the end of the connection")
    assert ended[0] < 2, "gunicorn closes after 2 s"


def test_steady_load_opens_no_connections_however_many_it_needs(start, scripted, connect):
    application = scripted(answering)
    proxy = start(application, upstream_options={"pool": {"idle_connections": 2}})
    stop, done = threading.Event(), []

    def ask(client):
        while not stop.is_set():
            assert client.get().body == b"ok"
            done.append(1)

    threads = [threading.Thread(target=ask, args=(connect(proxy),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(done) > 200, 20)
    before, requests = application.connections, len(done)
    wait_until(lambda: len(done) > requests + 1500, 20)
    stop.set()
    for thread in threads:
        thread.join()
    assert application.connections - before < 0.02 * (len(done) - requests)


def test_a_post_that_waited_does_not_go_out_on_a_connection_that_has_ended(start, scripted, connect):
    """The application closes the connection with its first response, without announcing it."""
    answer, ended = threading.Event(), threading.Event()

    def serve(connection, number):
        Reader(connection).request()
        if number == 1:
            answer.wait(scaled(10))
        connection.sendall(response(body=b"%d" % number))
        connection.close()
        ended.set()

    proxy = start(scripted(serve), upstream_options={"pool": {"connections": 1}})
    first, second = connect(proxy).send(POST), connect(proxy).send(POST)
    wait_for_requests_in_flight(proxy, 2)
    proxy.signal(signal.SIGSTOP)  # it gets the response and the end at the same time
    wait_until(lambda: proxy.state() == "T", what="the stop of all threads")
    answer.set()
    assert ended.wait(scaled(10))
    proxy.signal(signal.SIGCONT)
    assert {first.response().body, second.response().body} == {b"1", b"2"}


def test_a_post_does_not_go_out_on_a_connection_that_is_about_to_end(start, scripted, connect):
    """The application's keep-alive time is shorter than mantlet's, and it closes the connection just as a request
    arrives.
    """
    posts = []

    def serve(connection, number):
        reader = Reader(connection)
        reader.request()
        connection.sendall(response(body=b"%d" % number))
        answered = time.monotonic()
        request = reader.request()
        if time.monotonic() - answered > scaled(1):
            return
        posts.append(request)
        connection.sendall(response(body=b"%d" % number))

    client = connect(start(scripted(serve), upstream_options={"timeouts": {"idle": "1m"}}))
    assert client.get().body == b"1"
    assert client.exchange(POST).body == b"1", "one that was used just now is good"
    assert client.get().body == b"2"
    time.sleep(scaled(1.2))
    assert client.exchange(POST).body == b"3"


def test_the_announced_keep_alive_time_of_a_server_is_respected(start, scripted, connect):
    def serve(connection, number):
        reader = Reader(connection)
        while True:
            reader.request()
            connection.sendall(response(body=b"%d" % number, headers=[("Keep-Alive", "timeout=2, max=100")]))

    client = connect(start(scripted(serve), upstream_options={"timeouts": {"idle": "1m"}}))
    assert [client.get().body, client.get().body] == [b"1", b"1"]
    time.sleep(scaled(1.5))
    assert client.get().body == b"2"


# ---- waiting for one


def test_a_full_queue_of_a_unix_socket_is_waited_for(start, connect, tmp_path):
    with socket.socket(socket.AF_UNIX) as application:
        application.bind(str(tmp_path / "app.sock"))
        application.listen(1)

        def serve():
            for _ in range(12):
                time.sleep(0.01)  # slow to accept
                connection, _ = application.accept()
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
                connection.close()

        proxy = start(f"unix:{tmp_path}/app.sock")
        clients = [connect(proxy) for _ in range(12)]
        for client in clients:
            client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert [client.response().status for client in clients] == [200] * 12
        thread.join()


def test_a_queue_that_stays_full_is_a_timeout(start, connect, tmp_path):
    with socket.socket(socket.AF_UNIX) as application, socket.socket(socket.AF_UNIX) as first:
        application.bind(str(tmp_path / "app.sock"))
        application.listen(0)
        first.connect(str(tmp_path / "app.sock"))
        proxy = start(f"unix:{tmp_path}/app.sock", upstream_options={"timeouts": {"connect": "300ms"}})
        assert connect(proxy).get().status == 504
        record, = proxy.wait_access()
        assert record["error"] == "connect_timeout" and "upstreams[].timeouts.connect" in record["error_detail"]


def test_a_request_that_waits_too_long_for_a_connection_in_use_is_503(start, scripted, connect):
    release = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        release.wait(scaled(20))
        connection.sendall(response(body=b"at last"))

    proxy = start(scripted(serve), workers=1, upstream_options={"pool": {"connections": 1}, "timeouts": {"queue": "200ms"}})
    first, second = connect(proxy), connect(proxy)
    first.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    proxy.wait_metric("mantlet_upstream_connections", 1, state="active")
    reply = second.get("/2")
    assert reply.status == 503 and b"Too many" not in reply.body
    record, = proxy.wait_access()
    assert record["error"] == "timeout_queue" and "upstreams[].timeouts.queue" in record["error_detail"]
    assert proxy.metric("mantlet_upstream_failures_total", reason="timeout_queue") == 1
    release.set()
    assert first.response().body == b"at last"


# ---- waiting for the response


def check_cut(proxy, key, error):
    """The access log and the log have the key of the timeout that cut the only request."""
    record, = proxy.wait_access()
    assert record["error"] == error and key in record["error_detail"], record
    cut = proxy.wait_log("request_timed_out", listener="public", upstream="app", reason=error)
    assert key in cut["detail"]


def test_a_head_that_trickles_is_cut_in_time(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    proxy = start(scripted(serve), upstream_options={"timeouts": {"response_head": "400ms"}})
    began = time.monotonic()
    assert connect(proxy).get().status == 504
    assert time.monotonic() - began < 5
    check_cut(proxy, "upstreams[].timeouts.response_head", "timeout_head")


def events(silence):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n")
        time.sleep(silence)
        connection.sendall(b"data: 2\n\n")
    return serve


def test_an_event_stream_may_be_silent_for_longer_than_another_body(start, scripted, connect):
    proxy = start(scripted(events(1)), upstream_options={"timeouts": {"body": "200ms"}})
    assert connect(proxy).get().body == b"data: 1\n\ndata: 2\n\n"


def test_an_event_stream_that_is_silent_for_too_long_is_cut(start, scripted, connect):
    proxy = start(scripted(events(scaled(3))), upstream_options={"timeouts": {"event_stream": "300ms"}})
    with pytest.raises((Incomplete, OSError)):
        connect(proxy).get()
    check_cut(proxy, "upstreams[].timeouts.event_stream", "timeout_body")


def test_a_body_that_stalls_names_the_key_that_cut_it(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
        connection.recv(1)

    proxy = start(scripted(serve), upstream_options={"timeouts": {"body": "300ms"}})
    with pytest.raises((Incomplete, OSError)):
        connect(proxy).get()
    check_cut(proxy, "upstreams[].timeouts.body", "timeout_body")


# ---- limits of the head


def many_fields(connection, _):
    Reader(connection).request()
    connection.sendall(response(headers=[("Set-Cookie", f"c{i}=1") for i in range(150)] + [("X-Big", "a" * 70000)]))


def test_a_response_may_have_many_and_long_fields(start, scripted, connect):
    proxy = start(scripted(many_fields), upstream_options={"limits": {"header_bytes": "128KiB"}})
    reply = connect(proxy).get()
    assert reply.status == 200 and len(reply.headers.all("Set-Cookie")) == 150


@pytest.mark.parametrize("limits, key", [
    ({"header_bytes": "128KiB", "header_count": 100}, "upstreams[].limits.header_count, 100"),
    ({"header_bytes": "64KiB"}, "upstreams[].limits.header_bytes, 65536")])
def test_a_head_beyond_a_limit_is_502_and_names_its_key(start, scripted, connect, limits, key):
    proxy = start(scripted(many_fields), upstream_options={"limits": limits})
    assert connect(proxy).get().status == 502
    record, = proxy.wait_access()
    assert record["error"] == "head_too_large" and key in record["error_detail"]
    assert proxy.metric("mantlet_upstream_failures_total", reason="head_too_large") == 1
