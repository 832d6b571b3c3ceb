"""HTTP/2 with Go's net/http as client and as application, and one large stream beside many small ones."""

import os
import threading
import time

import pytest
from harness import golang
from harness.timing import FACTOR, scaled

MIB = 1024 * 1024
LARGE_BYTES = int(os.environ.get("MANTLET_TEST_LARGE_STREAM", (256 if FACTOR <= 1 else 64) * MIB))
# What one connection may make mantlet hold beyond what it holds with the small streams alone: a window and a buffer in
# each direction, and what malloc keeps.
MOST_GROWTH = 24 * MIB


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return tmp_path_factory.mktemp("go")


@pytest.fixture
def client(programs):
    return golang.build(programs, "go_client")


@pytest.fixture(params=["http1", "h2c"])
def application(request, programs):
    server = golang.Server(golang.build(programs, "go_server", "xnet" if request.param == "h2c" else ""))
    yield server, {"protocol": request.param}
    server.close()


@pytest.fixture
def proxy(start, application):
    server, options = application
    return start(server, upstream_options=options)


@pytest.mark.limit(120)
def test_content_and_trailers_pass_in_both_directions(client, proxy, pki):
    golang.run(client, proxy, pki, "echo", requests=3)
    golang.run(client, proxy, pki, "echo", requests=2, bytes=20 * MIB)


@pytest.mark.limit(120)
def test_a_hundred_requests_share_one_connection(client, proxy, pki):
    seen = golang.run(client, proxy, pki, "echo", requests=2000, parallel=100)
    assert seen["connections"] == 1
    proxy.wait_metric("mantlet_requests_total", 2000, code="200")


@pytest.mark.limit(120)
def test_requests_that_a_goaway_leaves_out_are_sent_again(start, application, client, pki):
    server, options = application
    proxy = start(server, upstream_options=options, listener={"limits": {"requests_per_connection": 30}})
    seen = golang.run(client, proxy, pki, "echo", requests=600, parallel=50)
    assert seen["connections"] >= 600 / 30
    proxy.wait_metric("mantlet_requests_total", 600, code="200")


@pytest.mark.limit(120)
def test_a_connection_that_becomes_too_old_loses_no_request(start, application, client, pki):
    server, options = application
    proxy = start(server, upstream_options=options, listener={"limits": {"connection_age": "1s"}})
    seen = golang.run(client, proxy, pki, "echo", requests=1000, parallel=20, pause="80ms")
    assert seen["connections"] >= 2
    proxy.wait_metric("mantlet_requests_total", 1000, code="200")


class Resident:
    """Watches a proxy's resident memory while it is used."""

    def __init__(self, proxy):
        self.proxy, self.most, self.over = proxy, 0, False

    def __enter__(self):
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self):
        while not self.over:
            self.most = max(self.most, self.proxy.rss())
            time.sleep(0.02)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


@pytest.mark.limit(600)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_large_stream_costs_no_memory_and_delays_no_other(client, proxy, pki, direction):
    alone = golang.run(client, proxy, pki, "small", seconds=2, parallel=100, pause="100ms")
    before = proxy.rss()
    with Resident(proxy) as resident:
        seen = golang.run(client, proxy, pki, direction, bytes=LARGE_BYTES, parallel=100, pause="100ms", timeout=500)
    print(f"{direction}: {seen} alone: {alone} MiB resident: {before / MIB:.1f} before, {resident.most / MIB:.1f} at most")
    assert seen["connections"] == 1
    assert seen["small"] >= 100
    # AddressSanitizer keeps freed memory.
    if FACTOR <= 1:
        assert resident.most - before < MOST_GROWTH
    # A stream that had to wait for the large one would take as long as that does, or for a window of it.
    assert seen["p99_ms"] < scaled(1000), (seen, alone)
