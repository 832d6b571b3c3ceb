"""The limits and timeouts of requests, and the responses when they are exceeded."""

import socket
import ssl
import time

import pytest
from harness import clients
from harness.messages import Incomplete
from harness.proxy import configuration, sanitizers
from harness.timing import scaled, wait_until

HOST = "Host: localhost\r\n"


def refused(client, data, status):
    reply = client.exchange(data)
    assert reply.status == status, reply
    assert reply.headers.get("Connection") == "close"
    assert b"mantlet" in reply.body
    assert client.closed()


def limited(**limits):
    return {"listener": {"limits": limits}}


def test_header_bytes_431(start, upstream, connect):
    proxy = start(upstream, **limited(header_bytes="4KiB"))
    assert connect(proxy).get("/", "X-A: " + "a" * 3000).status == 200
    refused(connect(proxy), f"GET / HTTP/1.1\r\n{HOST}X-A: {'a' * 5000}\r\n\r\n", 431)


def test_header_count_431(start, upstream, connect):
    proxy = start(upstream, **limited(header_count=10))
    assert connect(proxy).get("/", *[f"X-{n}: 1" for n in range(9)]).status == 200
    refused(connect(proxy), f"GET / HTTP/1.1\r\n{HOST}" + "".join(f"X-{n}: 1\r\n" for n in range(10)) + "\r\n", 431)


def test_a_head_that_never_ends_is_431(mantlet, connect):
    client = connect(mantlet)
    client.send(f"GET / HTTP/1.1\r\n{HOST}")
    try:
        for number in range(200):
            client.send(f"X-{number}: {'a' * 1000}\r\n")
    except OSError:
        pass
    assert client.response().status == 431


def test_target_bytes_414(start, upstream, connect):
    proxy = start(upstream, **limited(target_bytes="1KiB"))
    assert connect(proxy).get("/" + "a" * 1000).status == 200
    refused(connect(proxy), f"GET /{'a' * 2000} HTTP/1.1\r\n{HOST}\r\n", 414)


def test_announced_body_413(start, upstream, connect):
    proxy = start(upstream, **limited(body_bytes="1KiB"))
    ok = connect(proxy).exchange(f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1024\r\n\r\n" + "a" * 1024)
    assert ok.status == 200
    refused(connect(proxy), f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1025\r\n\r\n", 413)
    assert len(upstream.requests) == 1


def test_chunked_body_413(start, upstream, connect):
    proxy = start(upstream, **limited(body_bytes="1KiB"))
    client = connect(proxy)
    reply = client.exchange(f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n"
                            + f"200\r\n{'a' * 512}\r\n" * 3 + "0\r\n\r\n")
    assert reply.status == 413
    assert client.closed()
    assert not upstream.requests, "a body over the limit must not look complete to the upstream"


def test_trailers_count_against_the_header_limits(start, upstream, connect):
    proxy = start(upstream, **limited(header_bytes="4KiB"))
    reply = connect(proxy).exchange(f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n"
                                    f"X-A: {'a' * 5000}\r\n\r\n")
    assert reply.status in (400, 431)
    assert not upstream.requests


def check_key(proxy, key):
    """The access log and the log have the key of the timeout that cut the only request."""
    record, = proxy.wait_access()
    assert record["error"] == "request_timeout" and key in record["error_detail"], record
    assert key in proxy.wait_log("request_timed_out", reason="request_timeout")["detail"]


def test_slow_head_408(start, upstream, connect):
    proxy = start(upstream, listener={"timeouts": {"request_head": "300ms"}})
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: loc")
    assert client.response().status == 408
    assert client.closed()
    check_key(proxy, "listeners[].timeouts.request_head")


def test_slowloris_is_408_however_often_it_adds_a_byte(start, upstream, connect):
    proxy = start(upstream, listener={"timeouts": {"request_head": "600ms"}})
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    begin = time.monotonic()
    client.tls.settimeout(scaled(0.1))
    status = None
    while status is None and time.monotonic() - begin < scaled(5):
        try:
            client.send("a")
            status = client.response().status
        except TimeoutError:
            continue
        except (Incomplete, OSError):
            break
    assert status == 408


def test_slow_body_408(start, upstream, connect):
    proxy = start(upstream, listener={"timeouts": {"body": "300ms"}})
    client = connect(proxy)
    reply = client.exchange(f"POST / HTTP/1.1\r\n{HOST}Content-Length: 10\r\n\r\nabc")
    assert reply.status == 408
    assert client.closed()
    assert not upstream.requests
    check_key(proxy, "listeners[].timeouts.body")


def test_a_client_that_takes_no_bytes_is_ended(start, upstream, connect):
    proxy = start(upstream, listener={"timeouts": {"write": "400ms"}})
    client = connect(proxy)
    client.send(f"GET /bytes/{100 * 1024 * 1024} HTTP/1.1\r\n{HOST}\r\n")
    proxy.wait_metric("mantlet_connections_active", 0, listener="public")
    with pytest.raises((Incomplete, OSError)):
        client.response()


# A record of type handshake, version TLS 1.0, that announces 512 bytes: the first of a ClientHello.
FIRST_BYTES = bytes([22, 3, 1, 2, 0])


def client_hello(tls):
    """Returns a complete ClientHello as bytes."""
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        tls.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


def is_served(proxy, tls, source=None, timeout=2):
    try:
        with clients.RawClient(proxy.address(), tls, timeout=timeout, source=source) as client:
            return client.get().status == 200
    except (OSError, Incomplete):
        return False


def opened(proxy, first_bytes=b"", source="127.0.0.1"):
    connection = socket.create_connection(proxy.address(), source_address=(source, 0))
    try:
        connection.sendall(first_bytes)
    except ConnectionError:
        pass  # it has already been evicted
    return connection


def rate_limited(proxy):
    return proxy.metric("mantlet_tls_handshake_failures_total", listener="public", reason="rate_limited")


def test_handshakes_in_flight_are_limited(start, upstream, tls):
    proxy = start(upstream, listener={"limits": {"handshakes": 2}, "timeouts": {"handshake": f"{scaled(700):.0f}ms"}})
    begun = [opened(proxy, client_hello(tls), f"127.0.0.{n}") for n in (2, 3)]
    for each in begun:
        assert each.recv(1), "the server's part of the handshake"
    assert not is_served(proxy, tls, timeout=0.4)
    wait_until(lambda: is_served(proxy, tls), 10, "a free place")
    assert rate_limited(proxy) >= 1
    for each in begun:
        each.close()


def test_silent_connections_do_not_keep_clients_out(start, upstream, tls):
    proxy = start(upstream, listener={"limits": {"handshakes": 2}})
    silent = [opened(proxy) for _ in range(20)]
    time.sleep(scaled(0.2))
    assert is_served(proxy, tls)
    assert rate_limited(proxy) == 0
    for each in silent:
        each.close()


@pytest.mark.parametrize("first_bytes", [FIRST_BYTES[:1], FIRST_BYTES, None], ids=["a byte", "a header", "almost all"])
def test_partial_clienthellos_do_not_block_other_clients(start, upstream, tls, first_bytes):
    proxy = start(upstream, listener={"limits": {"handshakes": 2}})
    part = client_hello(tls)[:-1] if first_bytes is None else first_bytes
    begun = [opened(proxy, part, "127.0.0.2") for _ in range(10)]
    proxy.wait_log("connection_refused", limit="limits.handshakes")
    assert is_served(proxy, tls)
    assert is_served(proxy, tls, source="127.0.0.2")
    wait_until(lambda: rate_limited(proxy) == 8, 5, "only as many as there may be handshakes are kept")
    for each in begun:
        each.close()


@pytest.mark.parametrize("first_bytes", [b"", FIRST_BYTES], ids=["silent", "partial"])
def test_connections_without_a_clienthello_make_room(start, upstream, connect, tls, first_bytes):
    proxy = start(upstream, workers=2, **limited(connections=10))
    kept = connect(proxy)
    assert kept.get().status == 200
    idlers = [opened(proxy, first_bytes, "127.0.0.2") for _ in range(40)]
    wait_until(lambda: rate_limited(proxy) >= 31, 10, "the end of those that came first")
    assert all(is_served(proxy, tls) for _ in range(5))
    assert kept.get().status == 200, "who has shaken hands makes no room"
    proxy.wait_log("connection_refused", limit="limits.connections")
    wait_until(lambda: proxy.metric("mantlet_connections_active", listener="public") <= 10, 5, "the limit")
    for each in idlers:
        each.close()


def test_connections_that_have_shaken_hands_make_no_room(start, upstream, connect, tls):
    proxy = start(upstream, **limited(connections=2))
    kept = [connect(proxy) for _ in range(2)]
    assert all(client.get().status == 200 for client in kept)
    assert not is_served(proxy, tls)
    assert all(client.get().status == 200 for client in kept)


def test_one_address_takes_half_of_the_handshakes_by_default(start, upstream, tls):
    proxy = start(upstream, **limited(handshakes=4))
    begun = [opened(proxy, client_hello(tls), "127.0.0.2") for _ in range(2)]
    for each in begun:
        assert each.recv(1)
    assert not is_served(proxy, tls, source="127.0.0.2")
    proxy.wait_log("connection_refused", limit="limits.client_handshakes")
    assert all(is_served(proxy, tls) for _ in range(5))
    for each in begun:
        each.close()


def test_handshakes_per_second_are_limited(start, upstream, tls):
    proxy = start(upstream, **limited(handshakes_per_second=2))
    begin = time.monotonic()
    served = sum(is_served(proxy, tls) for _ in range(12))
    most = 2 + 2 * (time.monotonic() - begin) + 1
    assert 2 <= served <= most
    assert rate_limited(proxy) == 12 - served


@pytest.mark.parametrize("limit, others_are_served", [("connections", False), ("client_connections", True)])
def test_connections_beyond_the_limit_are_not_served(start, upstream, connect, tls, limit, others_are_served):
    proxy = start(upstream, **limited(**{limit: 3}))
    kept = [connect(proxy) for _ in range(3)]
    assert all(client.get().status == 200 for client in kept)
    assert not is_served(proxy, tls)
    assert is_served(proxy, tls, source="127.0.0.2") == others_are_served
    kept[0].close()
    wait_until(lambda: is_served(proxy, tls), 10, "a free place")


def test_one_address_does_not_take_all_handshakes(start, upstream, tls):
    proxy = start(upstream, **limited(client_handshakes=1))
    begun = opened(proxy, client_hello(tls))
    assert begun.recv(1)
    assert not is_served(proxy, tls)
    assert is_served(proxy, tls, source="127.0.0.2")
    begun.close()
    wait_until(lambda: is_served(proxy, tls), 10, "a free place")


def test_one_address_does_not_begin_all_handshakes(start, upstream, tls):
    proxy = start(upstream, **limited(client_handshakes_per_second=1))
    outcomes = [is_served(proxy, tls) for _ in range(10)]
    assert outcomes[0] and not all(outcomes)
    assert is_served(proxy, tls, source="127.0.0.2")
    proxy.wait_log("connection_refused", limit="limits.client_handshakes_per_second")


@pytest.mark.limit(60)
def test_running_out_of_files_neither_kills_nor_spins(launch, pki, upstream, tls):
    if "address" in sanitizers():
        pytest.skip("UndefinedBehaviorSanitizer opens pipes to look at memory, and misjudges it when it cannot")
    proxy = launch(configuration(pki, upstream), launcher=["/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"])
    held = [socket.create_connection(proxy.address()) for _ in range(100)]
    time.sleep(scaled(0.5))
    before = proxy.cpu_seconds()
    time.sleep(scaled(1))
    assert proxy.cpu_seconds() - before < 0.5 * scaled(1), "busy without progress"
    for each in held:
        each.close()

    wait_until(lambda: is_served(proxy, tls, timeout=3), 20, "service after the files came back")


@pytest.mark.limit(60)
def test_silent_connections_give_their_files_back_to_clients(launch, pki, upstream, tls):
    if "address" in sanitizers():
        pytest.skip("UndefinedBehaviorSanitizer opens pipes to look at memory, and misjudges it when it cannot")
    proxy = launch(configuration(pki, upstream), launcher=["/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"])
    silent = [socket.create_connection(proxy.address()) for _ in range(100)]
    begin = time.monotonic()
    wait_until(lambda: is_served(proxy, tls, timeout=3), 20, "service while they are open")
    assert time.monotonic() - begin < scaled(8), "timeouts.handshake ends them, too"
    for each in silent:
        each.close()
