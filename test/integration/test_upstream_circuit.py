"""An upstream that does not accept connections: it gets few of them, clients are answered at once, and it is used again
when it is back.
"""

import socket
import threading
import time

import pytest
from harness.counting import SystemCalls
from harness.messages import Reader
from harness.timing import scaled, wait_until
from harness.upstreams import response, unused_port

class Restarting:
    """An upstream of HTTP/1 that can be taken away and brought back."""

    def __init__(self, kind, directory):
        self.path = directory / "app.sock"
        self.port = unused_port()
        self.address = f"unix:{self.path}" if kind == "unix" else f"127.0.0.1:{self.port}"
        self._unix = kind == "unix"
        self._listening = None

    def __str__(self):
        return self.address

    def begin(self):
        if self._unix:
            self._listening = socket.socket(socket.AF_UNIX)
            self._listening.bind(str(self.path))
            self._listening.listen(128)
        else:
            self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def end(self):
        if self._listening is None:
            return
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._listening = None
        self.path.unlink(missing_ok=True)

    def _accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection):
        with connection:
            try:
                Reader(connection).request()
                connection.sendall(response(body=b"up", headers=[("Connection", "close")]))
            except Exception:  # pylint: disable=broad-except
                pass  # a trial connection has no request


@pytest.fixture
def restarting(tmp_path):
    made = []

    def make(kind="tcp"):
        made.append(Restarting(kind, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.end()


def open_circuit(proxy, client):
    """Sends requests until one is answered without a connection attempt."""
    statuses = []
    while 503 not in statuses:
        assert len(statuses) < 100, statuses
        statuses.append(client.get().status)
    assert set(statuses[:-1]) <= {502}, statuses
    proxy.wait_metric("mantlet_upstream_circuit_open", 1, upstream="app")


@pytest.mark.parametrize("options", [{}, {"protocol": "h2c"}], ids=["http1", "h2c"])
def test_a_dead_upstream_gets_few_connections(start, connect, tmp_path, options):
    proxy = start(f"127.0.0.1:{unused_port()}", upstream_options=options, workers=1)
    clients = [connect(proxy) for _ in range(8)]
    statuses, seconds = [], 2
    until = time.monotonic() + seconds

    def load(client):
        while time.monotonic() < until:
            statuses.append(client.get().status)

    with SystemCalls(proxy.process.pid, tmp_path) as calls:
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=load, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) == {502, 503}
    assert statuses.count(503) > statuses.count(502)
    # Five for the failures, some that were in progress with the fifth, and the trials.
    assert calls.counts.get("connect", 0) <= 5 + len(clients) + 22 * (seconds + 1), (calls.counts, len(statuses))


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_the_absence_of_an_upstream_is_not_prolonged(start, connect, restarting, kind):
    app = restarting(kind)
    proxy = start(app, workers=1)
    client = connect(proxy)
    app.begin()
    assert client.get().status == 200
    app.end()
    open_circuit(proxy, client)
    time.sleep(1)
    app.begin()
    back = time.monotonic()
    while client.get().status != 200:
        assert time.monotonic() - back < scaled(1), "an absence of a second is prolonged by a tenth, and two ticks of 50 ms"
        time.sleep(0.005)
    assert proxy.metric("mantlet_upstream_circuit_open", upstream="app") == 0


def test_an_upstream_heals_without_requests(start, connect, restarting):
    app = restarting()
    proxy = start(app, workers=1)
    client = connect(proxy)
    open_circuit(proxy, client)
    app.begin()
    proxy.wait_metric("mantlet_upstream_circuit_open", 0, upstream="app")
    assert client.get().status == 200


def test_the_log_says_since_when_and_why(start, connect, restarting):
    app = restarting()
    proxy = start(app, workers=1)
    client = connect(proxy)
    open_circuit(proxy, client)
    for _ in range(20):
        client.get()
    wait_until(lambda: any(line.get("error") == "circuit_open" for line in proxy.access_log()), 10)
    record = [line for line in proxy.access_log() if line.get("error") == "circuit_open"][-1]
    assert (record["status"], record["answered_by"]) == (503, "mantlet")
    assert "no connection has been accepted for" in record["error_detail"]
    assert "refused" in record["error_detail"]
    assert proxy.metric("mantlet_upstream_failures_total", upstream="app", reason="circuit_open") >= 20
    assert proxy.metric("mantlet_upstream_failures_total", upstream="app", reason="connect_refused") == 5
    app.begin()
    closed = proxy.wait_log("upstream_circuit_closed")
    opened, = proxy.log("upstream_circuit_opened")
    assert opened["upstream_address"] == str(app) and "refused" in opened["error"] and opened["since"]
    assert closed["failing_seconds"] > 0
    assert len(proxy.log("upstream_circuit_closed")) == 1


def test_a_reload_keeps_the_circuit(start, connect):
    proxy = start(f"127.0.0.1:{unused_port()}", workers=1)
    client = connect(proxy)
    open_circuit(proxy, client)
    config = proxy.changed()
    config["upstreams"][0]["timeouts"] = {"connect": "2s"}
    proxy.reload(config)
    assert client.get().status == 503
