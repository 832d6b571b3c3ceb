"""limits.memory bounds the memory of the process, whatever clients and applications do, and others go on."""

import contextlib
import resource
import socket
import threading
import time

import pytest
from harness import http2
from harness import proxy as proxy_module
from harness.timing import wait_until

MIB = 1024 * 1024
LIMIT = 40 * MIB
# What a processor's part of the kernel's figure may be off, and what one read of the main thread may add.
MARGIN = 2 * MIB


class Watch:
    """The largest resident memory of a proxy while a test runs."""

    def __init__(self, proxy):
        self.proxy, self.most, self.over = proxy, 0, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.002):
            with contextlib.suppress(OSError, TypeError):
                self.most = max(self.most, self.proxy.rss())

    def end(self):
        self.over.set()
        self.thread.join()
        return self.most


@pytest.fixture
def limited(start, upstream):
    if proxy_module.is_sanitized():
        pytest.skip("a sanitizer needs more memory than the limits of this file")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def make(limit="40MiB", to=upstream, **kwargs):
        return start(to, limits={"memory": limit}, workers=1, **kwargs)

    return make


def unread_downloads(proxy, connect):
    """Responses that their clients do not read: 256 KiB of each wait in the proxy."""
    for _ in range(400):
        with contextlib.suppress(OSError):
            client = connect(proxy)
            client.send(b"GET /bytes/8000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            yield client


def unread_pipelines(proxy, connect):
    """Requests that are sent without reading the responses."""
    request = b"GET /bytes/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(400):
        with contextlib.suppress(OSError):
            client = connect(proxy)
            client.send(request * 150)
            yield client


def unread_streams(proxy, pki):
    """100 downloads on each connection, whose windows close: 64 KiB of each wait in the proxy."""
    for _ in range(24):
        with contextlib.suppress(OSError, AssertionError):
            client = http2.connect(proxy, pki)
            for _ in range(100):
                client.begin("/bytes/1000000")
            yield client


def waiting_uploads(proxy, pki):
    """Content that waits for a connection to an application that does not answer: 64 KiB on each of 100 streams."""
    for _ in range(24):
        with contextlib.suppress(OSError, AssertionError):
            client = http2.connect(proxy, pki)
            for number in [client.begin("/", "POST", end=False) for _ in range(10)]:
                client.send(number, bytes(60_000))
            client.read()
            for _ in range(9):
                for number in [client.begin("/", "POST", end=False) for _ in range(10)]:
                    client.send(number, bytes(60_000))
                client.read()
            yield client


def partial_hellos(proxy, _):
    """Beginnings of ClientHellos, 16 KiB each."""
    hello = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + bytes(14_000)
    for _ in range(1500):
        with contextlib.suppress(OSError):
            client = socket.create_connection(proxy.address(), timeout=5)
            client.sendall(hello)
            yield client


def flood(proxy, how, argument):
    clients = []
    watch = Watch(proxy)
    for client in how(proxy, argument):
        clients.append(client)
    time.sleep(1)
    return clients, watch


@pytest.mark.limit(90)
@pytest.mark.parametrize("how", [unread_downloads, unread_pipelines, unread_streams, partial_hellos])
def test_floods_stay_below_the_limit_and_others_are_served(limited, connect, pki, how):
    proxy = limited(listener={"limits": {"handshakes": 1500}}, upstream_options={"pool": {"connections": 4000}})
    with connect(proxy) as other:
        other.get()
        clients, watch = flood(proxy, how, pki if how is unread_streams else connect)
        most = watch.end()
        assert most < LIMIT + MARGIN, f"{most / MIB:.1f} MiB"
        assert other.get().status == 200
        with connect(proxy) as another:
            assert another.get().status == 200
        for client in clients:
            client.close()
    wait_until(lambda: proxy.metric("mantlet_memory_used_ratio") < 0.6, 10, "the memory to be free again")
    with connect(proxy) as later:
        assert later.get().status == 200


@pytest.mark.limit(60)
def test_connections_that_hold_the_most_are_cut_when_nothing_else_helps(limited, connect, pki, scripted):
    def serve(connection, number):
        while connection.recv(65536):
            pass

    proxy = limited("48MiB", scripted(serve), upstream_options={"pool": {"connections": 1, "pending": 10000}})
    clients, watch = flood(proxy, waiting_uploads, pki)
    assert watch.end() < 48 * MIB + MARGIN
    cut = proxy.metric("mantlet_memory_connections_total", action="cut")
    refused = proxy.metric("mantlet_memory_connections_total", action="refused")
    assert cut > 0 and refused == 0
    assert len(proxy.log("memory_scarce")) == 1
    assert proxy.log("memory_scarce")[0]["limit"] == 48 * MIB
    for client in clients:
        client.close()
    proxy.wait_log("memory_ample")
    cut_records = [record for record in proxy.access_log() if record.get("error") == "out_of_memory"]
    assert len(cut_records) >= cut  # one for each stream


@pytest.mark.limit(60)
def test_idle_connections_end_before_anything_else(limited, pki):
    proxy = limited("32MiB")
    clients = []
    for _ in range(1500):
        clients.append(http2.connect(proxy, pki))
        clients[-1].get()
        if proxy.log("memory_scarce"):
            break
    else:
        pytest.fail("1,500 idle connections are not enough for 32 MiB")
    wait_until(lambda: proxy.metric("mantlet_memory_connections_total", action="idle_ended") > 0, 5, "an end")
    assert proxy.metric("mantlet_memory_connections_total", action="cut") == 0
    # The end is a proper one, so that a client connects again and loses nothing.
    wait_until(lambda: proxy.metric("mantlet_connections_active", listener="public") < len(clients), 5, "their end")
    with http2.connect(proxy, pki) as later:
        assert later.get().status == 200
    for client in clients:
        client.close()


def test_without_a_limit_nothing_is_given_up(limited, connect):
    proxy = limited("off")
    with connect(proxy) as client:
        client.get()
    assert proxy.metric("mantlet_memory_limit_bytes") == 0
    assert proxy.metric("mantlet_memory_used_ratio") == 0


def test_the_limit_is_that_of_the_machine_by_default(mantlet):
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        total = int(meminfo.readline().split()[1]) * 1024
    assert 0 < mantlet.metric("mantlet_memory_limit_bytes") <= total * 3 / 4
    assert mantlet.log("started")[0]["memory_limit"] == mantlet.metric("mantlet_memory_limit_bytes")
