"""Health checks of upstreams: what they send, and what follows from their results."""

import socket
import threading

import pytest
from harness import h2_upstreams
from harness.hosts import Hosts
from harness.messages import Reader
from harness.proxy import configuration
from harness.timing import wait_until
from harness.upstreams import response, unused_port

SERVING = b"\0\0\0\0\2\x08\x01"
NOT_SERVING = b"\0\0\0\0\2\x08\x02"


class Application:
    """An HTTP/1 server on one address. `status` is its answer to health checks, on /health."""

    def __init__(self, host="127.0.0.1", port=0):
        self.status = "200 OK"
        self.checks, self.requests = [], 0
        self.host = host
        self._listening = socket.create_server((host, port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __str__(self):
        return f"{self.host}:{self.port}"

    def close(self):
        self._listening.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            reader = Reader(connection)
            try:
                while True:
                    request = reader.request()
                    if request.target == "/health":
                        self.checks.append(request)
                        connection.sendall(response(self.status))
                    else:
                        self.requests += 1
                        connection.sendall(response(body=self.host.encode()))
            except Exception:  # pylint: disable=broad-except
                pass  # the proxy has closed the connection


@pytest.fixture
def application():
    made = []

    def make(*arguments):
        made.append(Application(*arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()


CHECKED = {"health": {"path": "/health", "interval": "100ms", "timeout": "100ms", "readiness": True}}


def test_an_http_check_decides_about_readiness(start, application, connect):
    app = application()
    proxy = start(app, upstream_options=CHECKED)
    proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
    assert proxy.get("/readyz")[0] == 200
    check = app.checks[0]
    assert check.method == "GET"
    assert not {name for name in check.headers.names() if "cert" in name or name == "x-forwarded-for"}
    app.status = "503 Service Unavailable"
    proxy.wait_metric("mantlet_upstream_healthy", 0, upstream="app")
    status, page = proxy.get("/readyz")[:2]
    assert status == 503 and "upstream 'app' has no healthy address: HTTP status 503" in page
    assert connect(proxy).get().status == 200, "the only address is used although it is unhealthy"
    record = proxy.wait_log("upstream_unhealthy")
    assert record["upstream_address"] == str(app)
    app.status = "204 No Content"
    proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
    assert proxy.get("/readyz")[0] == 200
    proxy.wait_log("upstream_healthy")
    assert len(proxy.log("upstream_unhealthy")) == 1


def test_without_readiness_the_page_has_a_note(start, application):
    app = application()
    app.status = "500 Oops"
    proxy = start(app, upstream_options={"health": {**CHECKED["health"], "readiness": False}})
    proxy.wait_metric("mantlet_upstream_healthy", 0, upstream="app")
    wait_until(lambda: "note: upstream 'app'" in proxy.get("/readyz")[1], 10)
    assert proxy.get("/readyz")[0] == 200


def test_there_are_no_checks_by_default(start, upstream):
    proxy = start(upstream)
    assert "mantlet_upstream_healthy" not in proxy.metrics().names()
    assert upstream.connections == 0


def test_an_unhealthy_address_is_not_used_while_another_is_healthy(launch, pki, application, connect, tmp_path):
    hosts = Hosts(tmp_path)
    one = application()
    two = application("127.0.0.2", one.port)
    hosts.set(app="127.0.0.1 app.example.test\n127.0.0.2")
    config = configuration(pki, f"app.example.test:{one.port}", upstream_options={
        "allow_plaintext_network": True, "timeouts": {"idle": "20s"}, **CHECKED})
    proxy = launch(config, launcher=hosts.launcher)
    proxy.wait_metric("mantlet_upstream_healthy", 2, upstream="app")
    client = connect(proxy)
    first = client.get().body.decode()
    bad, good = (one, two) if first == one.host else (two, one)
    bad.status = "500 Oops"
    proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
    # The pooled connection to the bad address is not used either.
    wait_until(lambda: client.get().body.decode() == good.host, 10)
    served = bad.requests
    assert {client.get().body.decode() for _ in range(20)} == {good.host}
    assert bad.requests == served
    assert proxy.get("/readyz")[0] == 200
    good.status = "500 Oops"
    proxy.wait_metric("mantlet_upstream_healthy", 0, upstream="app")
    assert client.get().status == 200, "all are unhealthy: requests are tried nevertheless"


def test_a_tcp_check(start, connect):
    port = unused_port()
    proxy = start(f"127.0.0.1:{port}",
                  upstream_options={"health": {"type": "tcp", "interval": "100ms", "timeout": "100ms", "readiness": True}})
    wait_until(lambda: "refused" in proxy.get("/readyz")[1], 10)
    with socket.create_server(("127.0.0.1", port)):
        proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
        assert proxy.get("/readyz")[0] == 200


@pytest.mark.parametrize("protocol", ["h2c", "http1"])
def test_a_grpc_check(start, scripted, protocol):
    answer = {"body": SERVING}
    seen = []

    def respond(server, stream, headers, body, _trailers, _number):
        seen.append((dict(headers), body))
        if answer["body"] is None:
            server.answer(stream, headers=[("content-type", "application/grpc"), ("grpc-status", "12")])
        else:
            server.answer(stream, answer["body"], headers=[("content-type", "application/grpc")],
                          trailers=[("grpc-status", "0")])

    proxy = start(scripted(h2_upstreams.answering(respond)), upstream_options={
        "protocol": protocol, "health": {"type": "grpc", "interval": "100ms", "timeout": "100ms", "readiness": True}})
    proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
    headers, body = seen[0]
    assert headers[":path"] == "/grpc.health.v1.Health/Check" and headers["content-type"] == "application/grpc"
    assert headers["te"] == "trailers" and body == b"\0\0\0\0\0"
    for answer["body"], why in [(NOT_SERVING, "does not report SERVING"), (None, "gRPC status 12")]:
        wait_until(lambda: why in proxy.get("/readyz")[1], 10, why)
        assert proxy.metric("mantlet_upstream_healthy", upstream="app") == 0


def test_a_check_that_is_not_answered_fails(start, scripted):
    proxy = start(scripted(lambda connection, _: connection.recv(100_000) and connection.recv(1)),
                  upstream_options=CHECKED)
    wait_until(lambda: "no complete response within 100 ms" in proxy.get("/readyz")[1], 10)


def test_a_reload_turns_checks_on_and_off(start, application):
    app = application()
    proxy = start(app)
    config = proxy.changed()
    config["upstreams"][0].update(CHECKED)
    proxy.reload(config)
    proxy.wait_metric("mantlet_upstream_healthy", 1, upstream="app")
    del config["upstreams"][0]["health"]
    proxy.reload(config)
    wait_until(lambda: "mantlet_upstream_healthy" not in proxy.metrics().names(), 10)
