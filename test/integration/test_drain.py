"""The drain: exchanges finish, no new request begins, and the process ends in time."""

import signal
import socket
import ssl
import threading
import time

import pytest
from harness import clients
from harness.messages import Incomplete, Reader
from harness.proxy import configuration, merge
from harness.timing import scaled, wait_until

SLOW_REQUEST = "GET /slow/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def draining(start, upstream):
    """A proxy with a drain time of ten seconds."""
    return start(upstream, shutdown={"drain": "10s", "idle_grace": "200ms"})


def in_flight(upstream, count=1):
    wait_until(lambda: len(upstream.requests) >= count, 10, "the request at the upstream")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_proxy_ends_at_once(draining, number):
    begin = time.monotonic()
    draining.signal(number)
    assert draining.wait() == 0
    assert time.monotonic() - begin < scaled(3)


def test_a_response_in_flight_is_finished(draining, connect, upstream):
    client = connect(draining)
    client.send(SLOW_REQUEST)
    in_flight(upstream)
    draining.signal(signal.SIGTERM)
    reply = client.response()
    assert reply.status == 200
    assert reply.headers.get("Connection") == "close"
    assert client.closed()
    assert draining.wait() == 0


def test_a_body_in_flight_is_finished(start, scripted, connect):
    more = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        more.wait(scaled(10))
        connection.sendall(b"world")

    proxy = start(scripted(serve), shutdown={"drain": "10s"})
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.reader.until(b"hello")
    proxy.signal(signal.SIGTERM)
    time.sleep(scaled(0.3))
    assert proxy.process.poll() is None
    more.set()
    assert client.reader.exactly(5) == b"world"
    assert proxy.wait() == 0


def test_new_connections_are_refused_while_it_drains(draining, connect, upstream):
    client = connect(draining)
    client.send(SLOW_REQUEST)
    in_flight(upstream)
    address = draining.address()
    draining.signal(signal.SIGTERM)

    def refused():
        with socket.socket() as probe:
            return probe.connect_ex(address) != 0

    wait_until(refused, 5, "the listener's end")
    assert client.response().status == 200


def test_idle_connections_are_closed(draining, connect, upstream):
    busy, idle = connect(draining), connect(draining)
    idle.get()
    busy.send(SLOW_REQUEST)
    in_flight(upstream, 2)
    draining.signal(signal.SIGTERM)
    idle.tls.settimeout(scaled(0.8))  # well before the busy one is done
    assert idle.closed()
    assert busy.response().status == 200


def test_no_further_request_of_a_connection_begins(draining, connect, upstream):
    client = connect(draining)
    client.send(SLOW_REQUEST)
    in_flight(upstream)
    draining.signal(signal.SIGTERM)
    wait_until(lambda: draining.metric("mantlet_draining") == 1, 5, "the drain")
    client.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.response().status == 200
    assert client.closed()
    assert [r.target for r in upstream.requests] == ["/slow/1"]


def test_readiness_ends_with_the_begin_of_the_drain(draining, connect, upstream):
    assert draining.get("/readyz")[0] == 200
    client = connect(draining)
    client.send(SLOW_REQUEST)
    in_flight(upstream)
    draining.signal(signal.SIGTERM)
    wait_until(lambda: draining.get("/readyz")[0] == 503, 5, "readyz 503")
    assert "drain" in draining.get("/readyz")[1]
    assert draining.get("/healthz")[0] == 200
    assert draining.metric("mantlet_draining") == 1
    assert client.response().status == 200


def test_the_deadline_cuts_the_rest(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.recv(1)

    proxy = start(scripted(serve), shutdown={"drain": "500ms"})
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(scaled(0.2))
    begin = time.monotonic()
    proxy.signal(signal.SIGTERM)
    assert proxy.wait() == 0
    assert time.monotonic() - begin < scaled(3)
    try:
        assert client.response().status == 503
    except (OSError, Incomplete):
        pass  # ended without a response, which is also permitted


def test_a_second_signal_ends_at_once(start, connect, upstream):
    proxy = start(upstream, shutdown={"drain": "30s"}, launch_options={"expected_exit": None})
    client = connect(proxy)
    client.send("GET /slow/10 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    in_flight(upstream)
    proxy.signal(signal.SIGTERM)
    wait_until(lambda: proxy.metric("mantlet_draining") == 1, 5, "the drain")
    begin = time.monotonic()
    proxy.signal(signal.SIGTERM)
    proxy.process.wait(scaled(3))
    assert time.monotonic() - begin < scaled(2)


def test_a_tunnel_ends_by_the_deadline(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).head()
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        connection.recv(1)

    proxy = start(scripted(serve), shutdown={"drain": "500ms"})
    client = connect(proxy)
    client.exchange("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
    begin = time.monotonic()
    proxy.signal(signal.SIGTERM)
    assert proxy.wait() == 0
    assert time.monotonic() - begin < scaled(3)


def test_a_handshake_in_flight_does_not_hold_the_drain_up(draining):
    with socket.create_connection(draining.address()):
        time.sleep(scaled(0.2))
        begin = time.monotonic()
        draining.signal(signal.SIGTERM)
        assert draining.wait() == 0
        assert time.monotonic() - begin < scaled(12)


def test_post_drain_drains(draining):
    assert draining.get("/drain", "admin", "POST")[0] in (200, 202)
    assert draining.wait() == 0


def test_a_signal_does_not_cut_a_drain_short_that_the_admin_endpoint_began(draining, connect, upstream):
    """Service managers run a stop command and then send SIGTERM."""
    client = connect(draining)
    client.send(SLOW_REQUEST)
    in_flight(upstream)
    assert draining.get("/drain", "admin", "POST")[0] == 202
    draining.signal(signal.SIGTERM)
    assert client.response().status == 200
    assert draining.wait() == 0


def test_curl_is_not_cut_short_by_a_drain(draining, pki, upstream):
    results = []
    thread = threading.Thread(target=lambda: results.append(clients.curl(pki, draining, "/slow/1")))
    thread.start()
    in_flight(upstream)
    draining.signal(signal.SIGTERM)
    thread.join(scaled(10))
    assert results[0].returncode == 0 and b'"target": "/slow/1"' in results[0].stdout


def begin_hello(tls):
    """A client's side of a handshake: (its state, its input, its output)."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = tls.wrap_bio(inward, outward, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return half, inward, outward


def drive(plain, step, inward, outward):
    while True:
        try:
            result = step()
            plain.sendall(outward.read())
            return result
        except ssl.SSLWantReadError:
            plain.sendall(outward.read())
            data = plain.recv(65536)
            assert data, "the connection ended"
            inward.write(data)


@pytest.fixture
def patient(start, upstream):
    """A proxy with a long grace for idle connections."""
    return start(upstream, shutdown={"drain": "10s", "idle_grace": "10s"})


def wait_draining(proxy):
    wait_until(lambda: proxy.get("/readyz")[0] == 503, 5, "the drain")


def test_a_connection_that_was_accepted_gets_its_handshake_and_one_answer(patient, tls):
    with socket.create_connection(patient.address(), timeout=scaled(10)) as plain:
        patient.wait_metric("mantlet_connections_active", 1, listener="public")
        patient.signal(signal.SIGTERM)
        wait_draining(patient)
        with tls.wrap_socket(plain, server_hostname="localhost") as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            reply = Reader(client).response()
            assert (reply.status, reply.headers.get("Connection")) == (200, "close")
    assert patient.wait() == 0


def test_a_handshake_in_flight_is_finished_and_gets_one_answer(patient, tls):
    half, inward, outward = begin_hello(tls)
    with socket.create_connection(patient.address(), timeout=scaled(10)) as plain:
        plain.sendall(outward.read())
        inward.write(plain.recv(65536))
        patient.signal(signal.SIGTERM)
        wait_draining(patient)
        drive(plain, half.do_handshake, inward, outward)
        drive(plain, lambda: half.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), inward, outward)
        got = drive(plain, lambda: half.read(65536), inward, outward)
        assert got.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in got
    assert patient.wait() == 0


def test_a_request_on_its_way_over_an_idle_connection_is_answered(patient, connect):
    kept, fresh = connect(patient), connect(patient)
    assert kept.get().headers.get("Connection") is None
    patient.signal(signal.SIGTERM)
    wait_draining(patient)
    for client in (kept, fresh):
        reply = client.get()
        assert (reply.status, reply.headers.get("Connection")) == (200, "close")
        assert client.closed()
    assert patient.wait() == 0


def test_the_end_does_not_wait_for_the_grace_without_clients(patient, connect):
    client = connect(patient)
    client.get()
    patient.signal(signal.SIGTERM)
    wait_draining(patient)
    begin = time.monotonic()
    client.close()
    assert patient.wait() == 0
    assert time.monotonic() - begin < scaled(3)


def test_a_removed_listener_answers_requests_on_their_way(launch, pki, upstream, connect):
    config = configuration(pki, upstream, shutdown={"drain": "10s", "idle_grace": "10s"})
    second = merge(config["listeners"][0], {"name": "second"})
    proxy = launch(dict(config, listeners=[config["listeners"][0], second]))
    client = connect(proxy, listener="second")
    client.get()
    proxy.write_config(config)
    proxy.signal(signal.SIGHUP)
    proxy.wait_log("connection_ended", reason="listener_removed")
    reply = client.get()
    assert (reply.status, reply.headers.get("Connection")) == (200, "close")
    assert client.closed()


def test_a_drain_is_logged(draining):
    draining.stop()
    assert [r for r in draining.log() if "drain" in r["event"]]


def test_a_finished_download_ends_the_drain(draining, connect, upstream):
    size = 20 * 1024 * 1024
    client = connect(draining)
    client.send(f"GET /bytes/{size} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    in_flight(upstream)
    draining.signal(signal.SIGTERM)
    time.sleep(scaled(0.3))
    assert len(client.response().body) == size
    begin = time.monotonic()
    assert draining.wait() == 0  # although the client keeps its side open
    assert time.monotonic() - begin < scaled(4)
