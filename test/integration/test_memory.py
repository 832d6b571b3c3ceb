"""What connections take while they are open is given back when they have gone."""

import pytest
from harness import proxy as proxy_module
from harness.timing import wait_until

CONNECTIONS = 600
# What an idle connection may hold, with some room; tools/bench measures it.
MOST_EACH = 10 * 1000


@pytest.mark.limit(60)
def test_memory_goes_back_when_connections_have_gone(start, upstream, connect, tls):
    if proxy_module.is_sanitized():
        pytest.skip("the sanitizer keeps what is freed")
    proxy = start(upstream, workers=1)
    connect(proxy).get()
    before = proxy.rss()
    clients = [connect(proxy) for _ in range(CONNECTIONS)]
    for client in clients:
        client.get()
    held = proxy.rss() - before
    assert held < CONNECTIONS * MOST_EACH
    for client in clients:
        client.close()
    wait_until(lambda: proxy.rss() - before < held / 3, 10, "memory to go back")
