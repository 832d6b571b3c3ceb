"""The costs of a keep-alive request, counted instead of timed, so that a busy machine does not change the numbers."""

import time

import pytest
from harness import proxy as proxy_module
from harness.counting import Allocations, SystemCalls
from harness.timing import wait_until

REQUESTS = 2000
# The minimal costs per request on one connection without pipelining. Lower a number if less is
# needed; if more is needed, the reason must be documented here.
#   read    of the request, of the response
#   sendto  to the upstream, to the client
#   epoll_wait  for each of the two reads; several connections share them
SYSTEM_CALLS = {"read": 2, "sendto": 2, "epoll_wait": 2}
# BoringSSL's buffer of a record that is read and of one that is written. It frees them with
# the record, so that an idle connection has none, and takes them from malloc itself: its hooks
# for another allocator do not cover them. mantlet's own allocations are 0.
ALLOCATIONS = 2

# No other work: no access log, no polls of the files.
QUIET = {"log": {"access": "off"}, "reload": {"watch": False, "interval": "0"}}
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + b"x" * 100


@pytest.fixture(autouse=True)
def _an_ordinary_binary():
    if proxy_module.is_sanitized():
        pytest.skip("the sanitizer allocates and calls on its own account")


@pytest.fixture
def prompt(scripted):
    """An upstream that reads once and writes once for each request."""

    def serve(connection, _):
        while connection.recv(65536):
            connection.sendall(RESPONSE)

    return scripted(serve)


def test_a_request_costs_no_more_system_calls_than_committed(start, prompt, connect, tmp_path):
    proxy = start(prompt, **QUIET)
    client = connect(proxy)
    for _ in range(20):
        client.get()
    with SystemCalls(proxy.process.pid, tmp_path) as calls:
        for _ in range(REQUESTS):
            client.get()
    per_request = calls.per(REQUESTS)
    assert calls.counts, calls.table.read_text()
    # A small margin for occasional work.
    too_many = {name: count for name, count in per_request.items() if count > SYSTEM_CALLS.get(name, 0) + 0.05}
    assert not too_many, f"{too_many}; all: {per_request}"


def test_an_answer_of_more_than_a_record_is_written_at_once(start, scripted, connect, tmp_path):
    """A TLS record has 16 KiB: head and body are two records and one write."""
    body = b"x" * 16384
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 16384\r\n\r\n" + body

    def serve(connection, _):
        while connection.recv(65536):
            connection.sendall(answer)

    proxy = start(scripted(serve), **QUIET)
    client = connect(proxy)
    for _ in range(20):
        assert client.get().body == body
    with SystemCalls(proxy.process.pid, tmp_path) as calls:
        for _ in range(REQUESTS):
            client.get()
    # One to the upstream, and one to the client for each read of the response, which TCP may rarely deliver in two
    # pieces.
    assert calls.per(REQUESTS)["sendto"] <= 1 + 1.3


def is_quiet(allocations):
    """Returns whether nothing is allocated for as long as the first poll waits."""
    before = allocations.count
    time.sleep(0.2)
    return allocations.count == before


def test_a_request_allocates_no_more_than_committed(start, prompt, connect, tmp_path):
    allocations = Allocations(tmp_path)
    proxy = start(prompt, **QUIET, launch_options={"env": allocations.env})
    assert allocations.count > 100, "the binary has an allocator of its own, which this test cannot see"
    client = connect(proxy)
    for _ in range(50):
        client.get()
    wait_until(lambda: is_quiet(allocations), 10, "the end of the first poll of the files")
    before = allocations.count
    for _ in range(REQUESTS):
        client.get()
    per_request = (allocations.count - before) / REQUESTS
    assert per_request <= ALLOCATIONS + 0.05, f"{per_request} allocations per request"
