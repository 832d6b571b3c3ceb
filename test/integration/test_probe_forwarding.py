"""Probes of the application through the metrics endpoint (metrics.forward)."""

import socket
import threading

import pytest
from harness import h2_upstreams
from harness.messages import Reader
from harness.timing import scaled
from harness.upstreams import response, unused_port

FORWARD = [{"path": "/health", "upstream": "app"}]


def forwarding(address="127.0.0.1:0"):
    return {"metrics": {"address": address, "forward": FORWARD}}


def test_a_probe_is_answered_by_the_application(start, scripted):
    seen = []

    def serve(connection, _):
        request = Reader(connection).request()
        seen.append(request)
        body = b"" if request.method == "HEAD" else b"not well"
        connection.sendall(response("503 Oh", body=body, headers=[("Content-Type", "text/x-health"), ("Set-Cookie", "a=b")]))

    proxy = start(scripted(serve), **forwarding())
    status, body = proxy.get("/health")[:2]
    assert (status, body) == (503, "not well")
    assert proxy.get("/health", method="HEAD")[0] == 503
    assert [request.method for request in seen] == ["GET", "HEAD"]
    assert all(request.target == "/health" for request in seen)
    names = {name for request in seen for name in request.headers.names()}
    assert names <= {"host", "user-agent", "x-forwarded-proto", "x-forwarded-host"}, "nothing of the client"


def raw(proxy, request):
    host, _, port = proxy.log("listening", listener="metrics")[0]["address"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=scaled(10)) as client:
        client.sendall(request)
        return Reader(client).head()


@pytest.mark.parametrize("request_line", [
    "POST /health HTTP/1.1", "DELETE /health HTTP/1.1", "GET /health/ HTTP/1.1", "GET /healthx HTTP/1.1",
    "GET /health?full=1 HTTP/1.1", "GET //health HTTP/1.1", "GET /x/../health HTTP/1.1", "GET /%68ealth HTTP/1.1",
    "GET / HTTP/1.1"])
def test_nothing_else_is_forwarded(start, upstream, request_line):
    proxy = start(upstream, **forwarding())
    answer = raw(proxy, request_line.encode() + b"\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    assert answer.status in (400, 404, 405)
    assert upstream.connections == 0


def test_fields_and_content_of_the_client_do_not_reach_the_application(start, scripted):
    seen = []

    def serve(connection, _):
        seen.append(Reader(connection).request())
        connection.sendall(response(body=b"ok"))

    proxy = start(scripted(serve), **forwarding())
    fields = b"Host: evil.example\r\nX-Forwarded-Client-Cert: URI=spiffe://x/y\r\nCookie: a=b\r\nX-Real-IP: 1.2.3.4\r\n"
    assert raw(proxy, b"GET /health HTTP/1.1\r\n" + fields + b"\r\n").status == 200
    assert b"evil" not in seen[0].raw_head and b"spiffe" not in seen[0].raw_head and b"Cookie" not in seen[0].raw_head
    assert raw(proxy, b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab").status == 404


def test_an_application_that_is_down_is_a_failed_probe(start):
    proxy = start(f"127.0.0.1:{unused_port()}", **forwarding())
    assert proxy.get("/health")[0] == 502
    assert proxy.get("/healthz")[0] == 200, "mantlet itself is alive"


def test_a_response_that_is_too_large_is_a_failed_probe(start, scripted):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"x" * 65_537))

    assert start(scripted(serve), **forwarding()).get("/health")[0] == 502


def test_an_application_that_does_not_answer_delays_no_other_page(start, scripted):
    release = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        release.wait(scaled(20))
        connection.sendall(response(body=b"late"))

    proxy = start(scripted(serve), **forwarding())
    answers = []
    probe = threading.Thread(target=lambda: answers.append(proxy.get("/health", timeout=scaled(10))[:2]))
    probe.start()
    assert proxy.get("/readyz", timeout=scaled(5))[0] == 200
    assert not answers
    release.set()
    probe.join()
    assert answers == [(200, "late")]


def test_an_application_of_http2(start, scripted):
    app = scripted(h2_upstreams.answering(lambda server, stream, *_: server.answer(stream, b"well")))
    assert start(app, upstream_options={"protocol": "h2c"}, **forwarding()).get("/health")[:2] == (200, "well")


def test_a_reload_changes_the_paths(start, scripted):
    app = scripted(lambda connection, _: Reader(connection).request() and connection.sendall(response(body=b"ok")))
    proxy = start(app)
    assert proxy.get("/health")[0] == 404
    config = proxy.changed()
    config["metrics"]["forward"] = FORWARD
    proxy.reload(config)
    assert proxy.get("/health")[0] == 200
    assert not proxy.log("restart_needed")
