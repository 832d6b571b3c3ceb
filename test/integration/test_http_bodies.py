"""Large bodies and slow peers: bytes are streamed, and no side is read faster than the other side reads."""

import hashlib
import json
import os
import threading
import time

import pytest
from harness import clients
from harness.messages import Reader
from harness.timing import FACTOR, scaled
from harness.upstreams import response

MIB = 1024 * 1024
# The whole GiB by default; less where a sanitizer slows every byte down.
LARGE = int(os.environ.get("MANTLET_TEST_LARGE_BODY", 1024 * MIB if FACTOR <= 1 else 128 * MIB))
BLOCK = bytes(range(256)) * 256


def swallowing(total):
    """An upstream that reads a body of any size without storing it, and reports its size and hash."""
    def serve(connection, _):
        reader = Reader(connection)
        head = reader.head()
        digest, size = hashlib.sha256(), 0
        if head.headers.get("Transfer-Encoding"):
            while count := int(reader.until(b"\r\n"), 16):
                part = reader.exactly(count)
                digest.update(part)
                size += count
                reader.exactly(2)
            reader.until(b"\r\n")
        else:
            while size < total:
                part = reader.exactly(min(MIB, total - size))
                digest.update(part)
                size += len(part)
        connection.sendall(response(body=json.dumps([size, digest.hexdigest()]).encode()))
    return serve


def test_a_client_that_takes_its_response_slowly_is_waited_for(start, upstream, connect):
    """More than the capacity of the buffers, in less than the timeout for a client that does not read."""
    client = connect(start(upstream, listener={"timeouts": {"write": "500ms"}}))
    client.send(f"GET /bytes/{8 * MIB} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    end = time.monotonic() + scaled(2.5)
    head = client.reader.head()
    got = 0
    while time.monotonic() < end:
        got += len(client.reader.exactly(16 * 1024))
        time.sleep(0.05)
    assert head.status == 200 and got < 4 * MIB, "slower than the buffers fill"
    client.reader.exactly(8 * MIB - got)


class PeakMemory:
    """Samples the proxy's resident memory until the block ends."""

    def __init__(self, proxy):
        self.proxy, self.peak, self._done = proxy, proxy.rss(), threading.Event()

    def __enter__(self):
        def sample():
            while not self._done.wait(0.05):
                self.peak = max(self.peak, self.proxy.rss())
        self.start = self.proxy.rss()
        self._thread = threading.Thread(target=sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    @property
    def growth(self):
        return self.peak - self.start


def expected_hash(total):
    digest, left = hashlib.sha256(), total
    while left > 0:
        digest.update(BLOCK[:min(left, len(BLOCK))])
        left -= len(BLOCK)
    return digest.hexdigest()


@pytest.mark.limit(120)
def test_a_huge_download_passes_in_constant_memory(mantlet, connect):
    connect(mantlet).get()
    client = connect(mantlet)
    with PeakMemory(mantlet) as memory:
        client.send(f"GET /bytes/{LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = client.reader.head()
        assert head.status == 200
        got, left = hashlib.sha256(client.reader.buffer), LARGE - len(client.reader.buffer)
        while left:
            data = client.tls.recv(min(MIB, left))
            assert data, f"{left} bytes are missing"
            got.update(data)
            left -= len(data)
    assert got.hexdigest() == expected_hash(LARGE)
    assert memory.growth < 16 * MIB * FACTOR, memory.growth


@pytest.mark.limit(120)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_huge_upload_passes_in_constant_memory(start, scripted, connect, framing):
    size = LARGE // 4
    proxy = start(scripted(swallowing(size)))
    client = connect(proxy, timeout=60)
    with PeakMemory(proxy) as memory:
        header = f"Content-Length: {size}" if framing == "length" else "Transfer-Encoding: chunked"
        client.send(f"PUT /big HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n")
        for _ in range(size // len(BLOCK)):
            client.send(BLOCK if framing == "length" else b"10000\r\n" + BLOCK + b"\r\n")
        if framing == "chunked":
            client.send("0\r\n\r\n")
        got = json.loads(client.response().body)
    assert got == [size, expected_hash(size)]
    assert memory.growth < 16 * MIB * FACTOR, memory.growth


def test_a_client_that_reads_slowly_holds_the_upstream_back(start, scripted, connect):
    sent = [0]

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (512 * MIB))
        while True:
            sent[0] += connection.send(BLOCK)

    proxy = start(scripted(serve))
    client = connect(proxy)
    with PeakMemory(proxy) as memory:
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.reader.head()
        time.sleep(scaled(1))
        first = sent[0]
        time.sleep(scaled(0.5))
    assert sent[0] == first, "the upstream is still being read"
    assert first < 64 * MIB
    assert memory.growth < 8 * MIB * FACTOR


def test_an_upstream_that_reads_slowly_holds_the_client_back(start, scripted, connect):
    release = threading.Event()

    def serve(connection, _):
        Reader(connection).head()
        release.wait(scaled(20))

    proxy = start(scripted(serve))
    client = connect(proxy)
    client.tls.settimeout(scaled(1))
    sent = 0
    with PeakMemory(proxy) as memory:
        client.send(f"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {512 * MIB}\r\n\r\n")
        with pytest.raises(TimeoutError):
            while sent < 512 * MIB:
                client.tls.sendall(BLOCK)
                sent += len(BLOCK)
    release.set()
    assert sent < 64 * MIB
    assert memory.growth < 8 * MIB * FACTOR


def test_a_response_resumes_when_a_slow_client_reads_again(start, upstream, connect):
    proxy = start(upstream)
    client = connect(proxy)
    client.send(f"GET /bytes/{20 * MIB} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(scaled(0.5))
    assert len(client.response().body) == 20 * MIB
    assert client.get().status == 200


def test_other_connections_are_served_while_one_is_stuck(mantlet, connect):
    stuck = connect(mantlet)
    stuck.send(f"GET /bytes/{200 * MIB} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(scaled(0.3))
    for _ in range(5):
        assert connect(mantlet).get().status == 200


def test_server_sent_events_arrive_as_they_are_written(start, scripted, connect):
    more = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"9\r\ndata: 1\n\n\r\n")
        more.wait(scaled(10))
        connection.sendall(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    client = connect(start(scripted(serve)))
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.reader.head()
    assert client.reader.until(b"data: 1\n\n") is not None
    more.set()
    assert client.reader.until(b"data: 2\n\n") is not None


def test_bodies_are_counted(start, upstream, pki):
    proxy = start(upstream)
    clients.get_json(proxy.address(), clients.context(pki), "/", "POST", b"x" * 1000)
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        client.get("/bytes/5000")
    metrics = proxy.metrics()
    assert metrics.value("mantlet_request_bytes_total") >= 1000
    assert metrics.value("mantlet_response_bytes_total") >= 5000


def test_a_client_that_pipelines_and_never_reads_is_held_back(start, scripted, connect):
    def serve(connection, _):
        reader = Reader(connection)
        while reader.request():
            connection.sendall(response(body=b"x" * 30_000))

    proxy = start(scripted(serve))
    client = connect(proxy)
    client.tls.settimeout(scaled(1))
    with PeakMemory(proxy) as memory:
        try:
            for _ in range(200):
                client.tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        except TimeoutError:
            pass
        time.sleep(scaled(0.5))
    assert memory.growth < 8 * MIB * FACTOR, memory.growth


def test_a_held_back_pipeline_goes_on_when_its_client_reads(start, scripted, connect):
    def serve(connection, _):
        reader = Reader(connection)
        while reader.request():
            connection.sendall(response(body=b"x" * 30_000))

    client = connect(start(scripted(serve)))
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
    time.sleep(scaled(0.5))
    for _ in range(500):
        assert len(client.response().body) == 30_000


def test_an_upload_may_go_on_slowly_after_an_early_answer(start, scripted, connect):
    def serve(connection, _):
        reader = Reader(connection)
        message = reader.head()
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
        reader.request_body(message)
        connection.sendall(b"4\r\nlate\r\n0\r\n\r\n")

    proxy = start(scripted(serve), listener={"timeouts": {"body": "3s"}},
                  upstream_options={"timeouts": {"body": "600ms"}})
    client = connect(proxy)
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n")
    for _ in range(15):
        client.send("x")
        time.sleep(0.1)
    assert client.response().body == b"earlylate"
