"""Changes of an upstream while requests or connection attempts are in progress."""

import pytest
from harness import proxy as proxy_module
from harness.failing import FailingCalls
from harness.timing import wait_until
from harness.upstreams import Silent


@pytest.fixture(autouse=True)
def _an_ordinary_binary():
    if proxy_module.is_sanitized():
        pytest.skip("the sanitizer does not go with a preloaded library")


def test_a_connection_attempt_may_end_just_as_a_reload_takes_its_upstream_away(start, upstream, connect, tmp_path):
    """Both in one turn of the worker's loop, which is busy meanwhile; the request's client has left before."""
    worker = FailingCalls(tmp_path)
    application = Silent()
    # Freed memory is overwritten, so that a use after free finds no pointers.
    proxy = start(application, upstream_options={"timeouts": {"connect": "30s"}}, workers=1,
                  sandbox={"landlock": False},  # allows any port
                  launch_options={"env": {**worker.env, "MALLOC_PERTURB_": "165"}})
    with connect(proxy) as client:
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        proxy.wait_metric("mantlet_upstream_connections", 1, state="connecting")
    proxy.wait_metric("mantlet_connections_active", 0, listener="public")

    # Long enough for the kernel to repeat its SYN, after one second.
    worker.nap_ms = 2500
    proxy.get("/connections", "admin")  # wakes the worker, which then sleeps
    wait_until(lambda: worker.nap_ms == 0)
    config = proxy.config
    config["upstreams"][0].update(address=str(upstream), timeouts={"connect": "29s"})
    proxy.reload(config)
    application.accept_all()
    assert connect(proxy).get().status == 200, "by the new upstream"
    application.close()
