"""The latency that TCP's delays add to a new connection."""

import socket
import statistics
import time

import pytest
from harness import clients
from harness.counting import SystemCalls
from harness.messages import Reader

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def with_nagle(proxy, tls):
    """A client with Nagle's algorithm, like most clients that are not optimised for speed."""
    plain = socket.create_connection(proxy.address(), timeout=10)
    return tls.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("resumption", ["off", "on"])
def test_the_first_request_does_not_wait_for_a_delayed_acknowledgement(start, upstream, tls, resumption):
    proxy = start(upstream, listener={"tls": {"session_resumption": resumption}})
    took = []
    for _ in range(20):
        with with_nagle(proxy, tls) as client:
            began = time.monotonic()
            client.sendall(GET)
            assert Reader(client).response().status == 200
            took.append(time.monotonic() - began)
    # A delayed acknowledgement of the client's Finished takes 40 ms.
    assert statistics.median(took) < 0.02, took


def test_one_system_call_is_spent_on_a_connection_and_none_on_a_request(start, upstream, tls, tmp_path):
    # The connection to the upstream causes a second one; the first client connection opens it.
    proxy = start(upstream, log={"access": "off"}, reload={"watch": False, "interval": "0"})
    with clients.RawClient(proxy.address(), tls) as client:
        client.get()
    with SystemCalls(proxy.process.pid, tmp_path) as calls:
        for _ in range(10):
            with clients.RawClient(proxy.address(), tls) as client:
                for _ in range(10):
                    client.get()
    assert calls.counts["setsockopt"] <= 10 + 1
