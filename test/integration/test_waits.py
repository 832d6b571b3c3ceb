"""Every wait has a deadline: the rows of the table in proxy/ARCHITECTURE.md ("Waits") that no other file tests.

The others:

| row | test |
|---|---|
| handshake | test_handshake_failures.py: test_timeout_of_a_silent_client, test_timeout_of_a_client_that_dribbles |
| head of a request | test_limits.py: test_slow_head_408, test_slowloris…; test_http2_end.py: test_a_header_section_that_does_not_end… |
| content of a request | test_limits.py: test_slow_body_408; test_http2_end.py: test_content_that_does_not_come_is_a_408 |
| next request | test_http_connections.py: test_idle_downstream…; test_http2_end.py: test_an_idle_connection_is_asked_to_leave… |
| last response delivered | test/proxy/session/connection_protocol_test.cc |
| client takes a response | test_limits.py: test_a_client_that_takes_no_bytes…; test_http2_end.py: test_a_window_that_stays_closed… |
| tunnel | test_upgrade.py: test_an_idle_tunnel_is_ended |
| connection to the application | test_upstream_pool.py: test_a_request_that_waits_too_long…, test_a_queue_that_stays_full_is_a_timeout |
| response of the application | test_upstream_pool.py: test_a_head_that_trickles…, test_an_event_stream_that_is_silent…, test_a_body_that_stalls… |
| application takes a request | test_broken_upstreams.py: test_an_upstream_that_does_not_read |
| silent connection of HTTP/2 to the application | test/proxy/upstream/multiplexed_connections_test.cc |
| health check, probe | test_upstream_health.py: test_a_check_that_is_not_answered_fails; test_probe_forwarding.py |
| drain | test_drain.py: test_the_deadline_cuts_the_rest, test_a_tunnel_ends_by_the_deadline |
"""

import contextlib
import socket
import time

from harness import http2
from harness.timing import scaled

HOST = "Host: localhost\r\n"
METRIC = "mantlet_client_timeouts_total"


def lasts(client, begin=None):
    """Returns the seconds until the proxy ends the connection."""
    begin = begin or time.monotonic()
    assert client.closed()
    return time.monotonic() - begin


def test_a_client_that_sends_no_first_request_is_ended(start, upstream, connect):
    client = connect(start(upstream, listener={"timeouts": {"request_head": "300ms", "idle": "1m"}}))
    assert 0.2 < lasts(client) < scaled(5)


def test_empty_lines_do_not_postpone_the_end_of_an_idle_connection(start, upstream, connect):
    client = connect(start(upstream, listener={"timeouts": {"request_head": "1m", "idle": "900ms"}}))
    client.get()
    begin = time.monotonic()
    with contextlib.suppress(OSError):
        for _ in range(4):
            client.send("\r\n")
            time.sleep(0.4)
    client.tls.settimeout(scaled(0.5))
    assert client.closed(), "each empty line has made it wait again"
    assert time.monotonic() - begin < scaled(3)


def unread(proxy, tls):
    """A client whose kernel takes little of what it does not read."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(scaled(10))
    plain.connect(proxy.address())
    return tls.wrap_socket(plain, server_hostname="localhost")


def test_a_pipeline_whose_responses_are_not_read_ends_its_connection(start, upstream, tls):
    proxy = start(upstream, listener={"timeouts": {"write": "500ms"}})
    with unread(proxy, tls) as client:
        client.sendall(f"GET /bytes/4000 HTTP/1.1\r\n{HOST}\r\n".encode() * 2000)
        proxy.wait_metric("mantlet_connections_active", 0, listener="public")
    assert proxy.metric(METRIC, listener="public", reason="client_write_timeout") == 1
    record = proxy.wait_log("connection_timed_out", reason="client_write_timeout")
    assert "listeners[].timeouts.write" in record["detail"]


def test_a_stream_that_is_not_taken_is_counted_and_logged(start, upstream, pki):
    proxy = start(upstream, listener={"timeouts": {"write": "300ms"}})
    with http2.connect(proxy, pki, acknowledge=False, settings={4: 0}) as client:
        assert client.get("/bytes/1000").error == http2.CANCEL
    assert proxy.metric(METRIC, listener="public", reason="client_write_timeout") == 1
    record = proxy.wait_log("request_timed_out", reason="client_write_timeout")
    assert record["target"] == "/bytes/1000" and "listeners[].timeouts.write" in record["detail"]


def test_pings_do_not_postpone_the_end_of_an_idle_connection_of_http2(start, upstream, pki):
    proxy = start(upstream, listener={"timeouts": {"request_head": "600ms", "idle": "1m"}})
    with http2.connect(proxy, pki) as client:
        begin = time.monotonic()
        while not client.goaways and time.monotonic() - begin < scaled(5):
            with contextlib.suppress(OSError):
                client.h2.ping(bytes(8))
                client.flush()
            client.tls.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                client.read()
        assert client.goaways


def test_trailers_that_do_not_end_end_their_connection(start, upstream, pki):
    proxy = start(upstream, listener={"timeouts": {"request_head": "400ms"}})
    with http2.connect(proxy, pki) as client:
        number = client.begin(method="POST", end=False)
        client.send(number, b"content")
        client.until(lambda: client.h2.remote_settings.max_concurrent_streams == 100)
        client.raw(http2.frame(1, 1, number, b""))  # END_STREAM, without END_HEADERS
        client.read_to_end()
        assert client.goaways
    assert proxy.metric(METRIC, listener="public", reason="request_timeout") == 1


def test_a_request_that_goes_on_after_its_response_began_has_the_time_of_a_tunnel(start, scripted, pki):
    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass

    proxy = start(scripted(serve), listener={"timeouts": {"body": "200ms", "tunnel": "600ms"}})
    with http2.connect(proxy, pki) as client:
        number = client.begin(method="POST", end=False)
        client.until(lambda: client.streams[number].body)
        assert client.wait(number).error is not None
    assert proxy.metric(METRIC, listener="public", reason="timeout_tunnel") == 1


def test_an_endpoint_waits_five_seconds_for_a_request(mantlet):
    """And goes on to answer others meanwhile."""
    with socket.create_connection(mantlet.address("metrics"), timeout=scaled(15)) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        begin = time.monotonic()
        ended = False
        while not ended and time.monotonic() - begin < scaled(12):
            assert mantlet.metric("mantlet_draining") == 0
            slow.settimeout(1)
            with contextlib.suppress(TimeoutError):
                ended = slow.recv(1) == b""
            with contextlib.suppress(OSError):
                slow.sendall(b"X")  # does not postpone it
        assert ended and time.monotonic() - begin > 4


def test_an_application_that_trickles_is_waited_for(start, scripted, connect):
    """The neighbour: how fast an application answers is its own affair."""

    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.2)
            connection.sendall(b"x")

    client = connect(start(scripted(serve), upstream_options={"timeouts": {"body": "1s", "response_head": "1s"}}))
    assert client.get().body == b"x" * 8
