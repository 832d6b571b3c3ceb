"""The metrics of what is in progress and of what it is limited to, and those of clients' certificates."""

import calendar
import signal
import socket
import threading
import time

import pytest
from harness import clients, http2
from harness.messages import Reader
from harness.timing import wait_until
from harness.upstreams import response

ISSUERS = "mantlet_client_certificate_not_after_timestamp_seconds"
HEAD = "mantlet_upstream_response_head_duration_seconds"


@pytest.fixture
def held(scripted):
    """An application that answers when `held.go` is set."""
    go = threading.Event()

    def serve(connection, _):
        reader = Reader(connection)
        while True:
            reader.request()
            go.wait(20)
            connection.sendall(response(body=b"ok"))

    application = scripted(serve)
    application.go = go
    yield application
    go.set()


def test_requests_in_flight_and_those_that_wait_for_a_connection(start, held, connect):
    proxy = start(held, upstream_options={"pool": {"connections": 2, "queue_target": "off"}})
    all_clients = [connect(proxy) for _ in range(5)]
    for client in all_clients:
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    proxy.wait_metric("mantlet_requests_active", 5, listener="public", upstream="app")
    proxy.wait_metric("mantlet_upstream_requests_waiting", 3, upstream="app")
    assert proxy.metric(HEAD + "_count") == 0
    all_clients.pop().close()  # a client that leaves neither waits nor is in flight any more
    proxy.wait_metric("mantlet_requests_active", 4)
    held.go.set()
    for client in all_clients:
        assert client.response().status == 200
    proxy.wait_metric("mantlet_requests_active", 0)
    proxy.wait_metric("mantlet_upstream_requests_waiting", 0)
    assert proxy.metric(HEAD + "_count", upstream="app") == 4


def test_streams_of_http2_and_refused_requests_are_in_flight_no_longer(start, held, connect, pki):
    proxy = start(held, listener={"policy": {"rules": [{"name": "no", "action": "deny", "match": {"path": "/no"}}]}})
    with http2.connect(proxy, pki) as client:
        streams = [client.begin() for _ in range(3)]
        client.flush()
        proxy.wait_metric("mantlet_requests_active", 3)
        client.reset(streams[0])
        client.flush()
        proxy.wait_metric("mantlet_requests_active", 2)
        assert client.get("/no").status == 403
        assert proxy.metric("mantlet_requests_active") == 2
    proxy.wait_metric("mantlet_requests_active", 0)


def test_a_tunnel_is_in_flight_until_it_ends(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        connection.recv(1)

    proxy = start(scripted(serve))
    client = connect(proxy)
    assert client.get("/", "Connection: Upgrade", "Upgrade: echo").status == 101
    proxy.wait_metric("mantlet_requests_active", 1)
    client.close()
    proxy.wait_metric("mantlet_requests_active", 0)


def test_the_time_to_the_response_head_does_not_contain_the_content(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        time.sleep(0.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        time.sleep(0.7)
        connection.sendall(b"ok")

    # No access log: the time is measured without one, too.
    proxy = start(scripted(serve), log={"access": "off"})
    assert connect(proxy).get().body == b"ok"
    proxy.wait_metric("mantlet_request_duration_seconds_count", 1)
    metrics = proxy.metrics()
    assert metrics.value(HEAD + "_count", upstream="app") == 1
    assert 0.3 <= metrics.value(HEAD + "_sum") <= metrics.value("mantlet_request_duration_seconds_sum") - 0.6


def test_limits_are_those_of_the_configuration_in_use(start):
    proxy = start(listener={"limits": {"connections": 50, "streams": 7}},
                  upstream_options={"pool": {"connections": 3, "pending": 4}})
    workers = proxy.config["workers"]
    metrics = proxy.metrics()
    assert metrics.value("mantlet_connections_limit", listener="public") == 50
    assert metrics.value("mantlet_tls_handshakes_limit", listener="public") == 1000
    assert not metrics.matching("mantlet_tls_handshakes_per_second_limit"), "a ratio to no limit has no value"
    assert metrics.value("mantlet_http2_streams_per_connection_limit", listener="public") == 7
    assert metrics.value("mantlet_upstream_connections_limit", upstream="app") == 3 * workers
    assert metrics.value("mantlet_upstream_requests_waiting_limit", upstream="app") == 4 * workers
    assert 0 < metrics.value("mantlet_client_fds_limit") < metrics.value("process_max_fds")
    proxy.reload(proxy.changed(limits={"connections": 60, "handshakes": 9, "handshakes_per_second": 5}))
    assert proxy.metric("mantlet_connections_limit") == 60
    assert proxy.metric("mantlet_tls_handshakes_limit") == 9
    assert proxy.metric("mantlet_tls_handshakes_per_second_limit", listener="public") == 5


def test_handshakes_in_progress_are_counted(start, pki, connect):
    proxy = start()
    with socket.create_connection(proxy.address()) as silent:
        wait_until(lambda: proxy.metric("mantlet_connections_active") == 1, 5)
        assert proxy.metric("mantlet_tls_handshakes_active", listener="public") == 0, "no ClientHello yet"
        incoming, outgoing = clients.ssl.MemoryBIO(), clients.ssl.MemoryBIO()
        tls = clients.context(pki).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with pytest.raises(clients.ssl.SSLWantReadError):
            tls.do_handshake()
        silent.sendall(outgoing.read())
        proxy.wait_metric("mantlet_tls_handshakes_active", 1, listener="public")
    proxy.wait_metric("mantlet_tls_handshakes_active", 0)


def test_ready_is_what_readyz_says(start, scripted, connect):
    release = threading.Event()

    def serve(connection, _):
        Reader(connection).request()
        release.wait(20)
        connection.sendall(response(body=b"ok"))

    proxy = start(scripted(serve), shutdown={"drain": "20s"})
    assert proxy.get("/readyz")[0] == 200 and proxy.metric("mantlet_ready") == 1
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    proxy.wait_metric("mantlet_requests_active", 1)
    scrape = socket.create_connection(proxy.address("metrics"))
    scrape.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert scrape.recv(65536).startswith(b"HTTP/1.1 200")
    proxy.signal(signal.SIGTERM)
    proxy.wait_log("drain_begun")
    scrape.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    text = Reader(scrape).response().body
    assert b"\nmantlet_ready 0\n" in text and b"\nmantlet_draining 1\n" in text
    release.set()
    client.response()


def test_the_soonest_end_of_the_certificates_of_verified_clients(start, connect, pki, own_pki):
    proxy = start()
    assert not proxy.metrics().matching(ISSUERS)
    connect(proxy)
    proxy.wait_metric("mantlet_tls_handshakes_total", 1)
    (labels, end), = proxy.metrics().matching(ISSUERS).items()
    assert dict(labels) == {"listener": "public", "issuer": "CN=mantlet test intermediate"}
    assert end == calendar.timegm(pki.client.certificate.not_valid_after.timetuple())
    # Strangers and clients without a certificate have no series.
    for stranger in (own_pki.client_files, None):
        clients.handshake_error(proxy.address(), clients.context(pki, client=stranger))
    assert len(proxy.metrics().matching(ISSUERS)) == 1


def test_a_certificate_that_is_not_verified_has_no_series(start, connect, pki, own_pki):
    proxy = start("127.0.0.1:9", listener={"client_auth": {"mode": "request"}})
    connect(proxy, clients.context(pki, client=own_pki.client_files))
    proxy.wait_metric("mantlet_tls_client_certificates_not_verified_total", 1)
    assert not proxy.metrics().matching(ISSUERS)
