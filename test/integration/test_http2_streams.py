"""The streams of an HTTP/2 connection do not disturb each other: resets, failures, stalls, large bodies."""

import json
import threading
import time

import pytest
from harness import http2
from harness.messages import Reader
from harness.proxy import is_sanitized
from harness.timing import scaled, wait_until
from harness.upstreams import Echo, pattern, response

MIB = 1024 * 1024


class Held:
    """An upstream that answers /fast at once and holds every other connection until the test decides."""

    def __init__(self, scripted):
        self.connections = {}
        self.ended = set()
        self.upstream = scripted(self._serve)

    def _serve(self, connection, number):
        reader = Reader(connection)
        while True:
            message = reader.head()
            if message.target != "/fast":
                break
            connection.sendall(response(body=b"fast"))
        self.connections[message.target] = connection
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass
        self.ended.add(message.target)

    def wait(self, target):
        return wait_until(lambda: self.connections.get(target), 10, f"the request for {target}")

    def wait_end(self, target):
        wait_until(lambda: target in self.ended, 5, f"the end of the connection of {target}")


@pytest.fixture
def held(scripted):
    return Held(scripted)


def test_a_reset_closes_the_connection_to_the_upstream_at_once(start, held, pki):
    with http2.connect(start(held.upstream), pki) as client:
        first, second = client.begin("/first"), client.begin("/second")
        held.wait("/first"), held.wait("/second")
        client.reset(first)
        held.wait_end("/first")
        assert "/second" not in held.ended
        held.wait("/second").sendall(response(body=b"ok"))
        assert client.wait(second).body == b"ok"


def test_a_client_that_leaves_closes_all_of_its_connections_to_the_upstream(start, held, pki):
    client = http2.connect(start(held.upstream), pki)
    for target in ("/first", "/second"):
        client.begin(target)
        held.wait(target)
    client.close()
    held.wait_end("/first")
    held.wait_end("/second")


@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_a_response_that_is_cut_is_never_taken_for_whole(start, held, pki, head):
    with http2.connect(start(held.upstream), pki) as client:
        number = client.begin("/cut")
        connection = held.wait("/cut")
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + b"5\r\nhello\r\n"[:5])
        client.until(lambda: client.streams[number].status)
        connection.shutdown(2)
        answer = client.wait(number)
        assert answer.error is not None and not answer.ended
        assert client.get("/fast").body == b"fast"


def test_an_upstream_that_dies_before_its_response_is_a_502(start, held, pki):
    with http2.connect(start(held.upstream), pki) as client:
        number = client.begin("/dies")
        held.wait("/dies").shutdown(2)
        assert client.wait(number).status == 502


def test_a_stream_that_is_not_read_delays_no_other(mantlet, pki):
    with http2.connect(mantlet, pki, acknowledge=False, settings={4: 20000}) as client:
        stalled = client.begin(f"/bytes/{10 * MIB}")
        client.until(lambda: len(client.streams[stalled].body) == 20000)
        for i in range(20):
            assert client.get(f"/small/{i}").status == 200
        assert len(client.streams[stalled].body) == 20000 and not client.streams[stalled].over
        client.h2.increment_flow_control_window(500, stalled)
        client.flush()
        client.until(lambda: len(client.streams[stalled].body) == 20500)


def test_an_upload_that_the_upstream_does_not_take_delays_no_other(start, held, pki):
    proxy = start(held.upstream)
    with http2.connect(proxy, pki) as client:
        number = client.begin("/slow", "POST", end=False)
        held.wait("/slow")
        block = bytes(16384)
        sent = 0
        # held reads: stop it, so that the sockets fill up.
        while client.h2.local_flow_control_window(number) >= len(block) and sent < 200 * MIB:
            client.h2.send_data(number, block)
            client.flush()
            sent += len(block)
            if sent % (64 * len(block)) == 0:
                assert client.get("/fast").body == b"fast"
        assert client.get("/fast").body == b"fast"


class Slow(Echo):
    """Reads the content of /unread only when `go` is set, and counts what it has sent of /endless."""

    def __init__(self):
        self.go = threading.Event()
        self.poured = 0
        super().__init__()

    def _talk(self, connection, number):
        reader = Reader(connection)
        while True:
            message = reader.head()
            if message.target == "/unread":
                self.go.wait(scaled(20))
            reader.request_body(message)
            if message.target == "/endless":
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    self.poured += connection.send(bytes(65536))
            connection.sendall(response(body=str(len(message.body)).encode()))


@pytest.fixture
def slow():
    upstream = Slow()
    yield upstream
    upstream.go.set()
    upstream.close()


def stands_still(value):
    """Waits until value() does not change for half a second, and returns it."""
    last = [value(), time.monotonic()]

    def still():
        if value() != last[0]:
            last[:] = [value(), time.monotonic()]
        return time.monotonic() - last[1] > scaled(0.5)

    wait_until(still, 15, "the end of the growth")
    return last[0]


def test_a_slow_reader_stops_the_upstream(start, slow, pki):
    proxy = start(slow)
    with http2.connect(proxy, pki, acknowledge=False) as client:
        client.begin("/endless")
        client.until(lambda: client.streams[1].body)
        poured = stands_still(lambda: slow.poured)
        assert poured < 20 * MIB  # mostly in the buffers of the kernel


def test_an_upstream_that_does_not_read_stops_the_client(start, slow, pki):
    proxy = start(slow)
    with http2.connect(proxy, pki) as client:
        before = proxy.rss()
        number = client.begin("/unread", "POST", end=False)
        sent = [0]
        client.tls.settimeout(scaled(2))
        with pytest.raises(TimeoutError):
            while sent[0] < 100 * MIB:
                client.send(number, bytes(16384))
                sent[0] += 16384
        assert sent[0] < 20 * MIB
        assert is_sanitized() or proxy.rss() - before < 4 * MIB
        client.tls.settimeout(scaled(10))
        slow.go.set()
        client.h2.end_stream(number)
        client.flush()
        client.wait(number)


def test_memory_is_bounded_while_a_hundred_streams_stall(mantlet, pki):
    with http2.connect(mantlet, pki, acknowledge=False, settings={4: 0}) as client:
        before = mantlet.rss()
        for _ in range(100):
            client.begin(f"/bytes/{MIB}")
        client.until(lambda: all(stream.status for stream in client.streams.values()))
        assert is_sanitized() or stands_still(mantlet.rss) - before < 32 * MIB


@pytest.mark.limit(180)
@pytest.mark.parametrize("upload", [False, True], ids=["download", "upload"])
def test_a_large_body_and_a_hundred_small_requests_share_a_connection(mantlet, pki, upload):
    size = 64 * MIB
    with http2.connect(mantlet, pki, timeout=60) as client:
        client.get()
        before = mantlet.rss()
        large = client.begin("/" if upload else f"/bytes/{size}", "POST" if upload else "GET", end=not upload)
        for i in range(100):
            small = client.begin(f"/small/{i}")
            if upload:
                client.send(large, bytes(size // 100))
            assert client.wait(small).status == 200
        if upload:
            client.send(large, bytes(size - size // 100 * 100), end=True)
        answer = client.wait(large)
        if upload:
            assert json.loads(answer.body)["body_size"] == size
        else:
            assert answer.body == pattern(size)
        assert is_sanitized() or mantlet.rss() - before < 16 * MIB
