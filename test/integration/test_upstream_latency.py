"""The latency that TCP's delays add to a request: an application that writes the head and the body of its response
separately.
"""

import statistics
import time

from harness.counting import SystemCalls
from harness.messages import Reader

HEAD, BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"


def apart(connection, _):
    """Without TCP_NODELAY, the kernel holds the body back until the head is acknowledged (Nagle's algorithm)."""
    reader = Reader(connection)
    while True:
        reader.request()
        connection.sendall(HEAD)
        connection.sendall(BODY)


def test_a_response_in_two_writes_does_not_wait_for_a_delayed_acknowledgement(start, scripted, connect):
    client = connect(start(scripted(apart)))
    took = []
    for _ in range(40):
        began = time.monotonic()
        assert client.get().body == BODY
        took.append(time.monotonic() - began)
    # A delayed acknowledgement takes 40 ms, and every request after the first few waits for it.
    assert statistics.median(took) < 0.02, took


def test_a_response_in_parts_costs_one_system_call(start, scripted, connect, tmp_path):
    # test_request_cost.py checks that a complete response costs none.
    proxy = start(scripted(apart), log={"access": "off"}, reload={"watch": False, "interval": "0"})
    client = connect(proxy)
    client.get()
    with SystemCalls(proxy.process.pid, tmp_path) as calls:
        for _ in range(100):
            client.get()
    # Both parts may arrive with one read, and then there is nothing to wait for.
    assert 0 < calls.counts["setsockopt"] <= 100
