"""The memory of open connections is released when they have closed."""

import os
import resource
import signal

import pytest
from harness import proxy as proxy_module
from harness.timing import wait_until

# The memory of an idle connection, with a margin; tools/bench measures it.
MOST_EACH = 10 * 1000


@pytest.fixture
def crowd(start, upstream, connect):
    """Returns a proxy, its memory with one client, and this many clients with one request each."""
    if proxy_module.is_sanitized():
        pytest.skip("the sanitizer keeps what is freed")

    def make(size):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        proxy = start(upstream, workers=1)
        connect(proxy).get()
        before = proxy.rss()
        clients = [connect(proxy) for _ in range(size)]
        for client in clients:
            client.get()
        return proxy, before, clients

    return make


@pytest.mark.limit(60)
def test_memory_goes_back_when_connections_have_gone(crowd):
    proxy, before, clients = crowd(600)
    held = proxy.rss() - before
    assert held < len(clients) * MOST_EACH
    for client in clients:
        client.close()
    wait_until(lambda: proxy.rss() - before < held / 3, 10, "memory to go back")


@pytest.mark.limit(60)
def test_memory_goes_back_when_all_go_in_one_turn_of_the_loop(crowd):
    # libuv handles 1,024 events at a time and continues within the turn while as many are ready.
    proxy, before, clients = crowd(1600)
    held = proxy.rss() - before
    os.kill(proxy.process.pid, signal.SIGSTOP)
    try:
        for client in clients:
            client.close()
    finally:
        os.kill(proxy.process.pid, signal.SIGCONT)
    wait_until(lambda: proxy.rss() - before < held / 3, 10, "memory to go back")
