"""HTTP/2 connections end without losing a stream: drain, reload, expiry, revocation, policy, limits, timeouts."""

import datetime
import signal

import pytest
from harness import http2
from harness.http2 import CANCEL, ENHANCE_YOUR_CALM
from harness.http2_attacks import FLOODS
from harness.pki import now
from harness.proxy import configuration, merge
from harness.timing import wait_until

NO_ERROR = 0
PATIENT = {"drain": "10s", "idle_grace": "500ms"}


def graceful(client):
    """Returns whether the connection has ended with GOAWAY frames without an error."""
    client.read_to_end()
    return client.goaways and all(code == NO_ERROR for code, _ in client.goaways)


@pytest.mark.parametrize("how", ["SIGTERM", "endpoint"])
def test_a_drain_loses_no_stream(start, upstream, pki, how):
    proxy = start(upstream, shutdown=PATIENT)
    with http2.connect(proxy, pki) as client:
        before = [client.begin("/slow/0.3") for _ in range(5)]
        wait_until(lambda: len(upstream.requests) == 5, 5, "the requests")
        if how == "SIGTERM":
            proxy.signal(signal.SIGTERM)
        else:
            assert proxy.get("/drain", "admin", method="POST")[0] in (200, 202)
        client.until(lambda: client.goaways)
        # The client has opened this one before it heard of the drain.
        late = client.begin("/late")
        for number in [*before, late]:
            assert client.wait(number).status == 200, number
        assert graceful(client)
    assert proxy.wait() == 0


def test_an_idle_connection_is_asked_to_leave(start, upstream, pki):
    proxy = start(upstream, shutdown=PATIENT)
    with http2.connect(proxy, pki) as client:
        client.get()
        proxy.signal(signal.SIGTERM)
        assert graceful(client)
    assert proxy.wait() == 0


def test_the_deadline_of_the_drain_cuts_streams(start, upstream, pki):
    proxy = start(upstream, shutdown={"drain": "500ms", "idle_grace": "20ms"})
    with http2.connect(proxy, pki) as client:
        number = client.begin("/slow/20")
        wait_until(lambda: upstream.requests, 5, "the request")
        proxy.signal(signal.SIGTERM)
        answer = client.wait(number)
        assert answer.error is not None and answer.status is None
    assert proxy.wait() == 0


def test_streams_of_a_removed_listener_are_finished(launch, pki, upstream):
    config = configuration(pki, upstream, shutdown=PATIENT)
    second = merge(config["listeners"][0], {"name": "second"})
    proxy = launch(dict(config, listeners=[config["listeners"][0], second]))
    with http2.connect(proxy, pki, listener="second") as client:
        number = client.begin("/slow/0.5")
        wait_until(lambda: upstream.requests, 5, "the request")
        proxy.write_config(config)
        proxy.signal(signal.SIGHUP)
        proxy.wait_log("connection_ended", reason="listener_removed")
        assert client.wait(number).status == 200
        assert graceful(client)


@pytest.mark.parametrize("action", ["drain", "close"])
def test_a_revoked_client_begins_no_request(launch, own_pki, upstream, tmp_path, action):
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl())
    identity = own_pki.ca.issue("revoked")
    auth = {"on_revocation": action, "crl": {"files": [str(crl)]}}
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": auth}, shutdown=PATIENT))
    with http2.connect(proxy, own_pki, client=own_pki.write(identity, "revoked")) as client:
        number = client.begin("/slow/1")
        wait_until(lambda: upstream.requests, 5, "the request")
        crl.write_bytes(own_pki.ca.crl(identity))
        proxy.signal(signal.SIGHUP)
        proxy.wait_log("connection_ended", reason="revoked")
        late = None
        if action == "drain":
            late = client.begin("/late")
            assert client.wait(number).status == 200
        else:
            assert client.wait(number).error is not None
        client.read_to_end()
        assert late is None or client.streams[late].status is None
    assert [message.target for message in upstream.requests] == ["/slow/1"]


def test_a_new_policy_applies_to_the_next_stream(start, upstream, pki):
    proxy = start(upstream)
    with http2.connect(proxy, pki) as client:
        number = client.begin("/slow/1")
        wait_until(lambda: upstream.requests, 5, "the request")
        proxy.reload(proxy.changed(policy={"default": "deny", "rules": []}))
        assert client.get("/next").status == 403
        assert client.wait(number).status == 200


def test_the_last_request_of_a_connection_is_announced(start, upstream, pki):
    proxy = start(upstream, listener={"limits": {"requests_per_connection": 3}})
    with http2.connect(proxy, pki) as client:
        for _ in range(3):
            assert client.get().status == 200
        assert graceful(client)
        assert client.goaways[-1] == (NO_ERROR, 5)
    with http2.connect(proxy, pki) as client:
        assert client.get().status == 200


def test_a_connection_ends_with_its_certificate_and_loses_no_stream(launch, own_pki, upstream):
    identity = own_pki.ca.issue("brief", not_after=now() + datetime.timedelta(seconds=3))
    proxy = launch(configuration(own_pki, upstream, shutdown=PATIENT))
    with http2.connect(proxy, own_pki, client=own_pki.write(identity, "brief")) as client:
        number = client.begin("/slow/4")
        assert client.wait(number).status == 200
        assert graceful(client)
    assert proxy.wait_log("connection_ended")["reason"] == "expired"


# ---- clients that stop

QUICK = {"timeouts": {"request_head": "500ms", "body": "500ms", "write": "500ms", "idle": "1s"}}


@pytest.mark.parametrize("bytes_sent", [9, 12, 40])
def test_a_header_section_that_does_not_end_ends_its_connection(start, upstream, pki, bytes_sent):
    with http2.connect(start(upstream, listener=QUICK), pki) as client:
        client.get()
        client.h2.send_headers(3, [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"),
                                   (":path", "/" + "x" * 100)], end_stream=True)
        client.raw(client.h2.data_to_send()[:bytes_sent])
        assert graceful(client)
    assert len(upstream.requests) == 1


def test_content_that_does_not_come_is_a_408(start, upstream, pki):
    with http2.connect(start(upstream, listener=QUICK), pki) as client:
        number = client.begin(method="POST", end=False)
        assert client.wait(number).status == 408
        assert client.get().status == 200


def test_a_window_that_stays_closed_ends_its_stream(start, upstream, pki):
    with http2.connect(start(upstream, listener=QUICK), pki, acknowledge=False, settings={4: 0}) as client:
        assert client.get("/bytes/1000").error == CANCEL
        assert client.get("/status/204").status == 204


def test_a_client_that_reads_nothing_is_cut_off(start, upstream, pki):
    proxy = start(upstream, listener=QUICK)
    with http2.connect(proxy, pki, settings={4: 2**31 - 1}) as client:
        client.h2.increment_flow_control_window(2**31 - 1 - 65535)
        client.begin("/bytes/100000000")
        proxy.wait_access(timeout=15)
        proxy.wait_metric("mantlet_http2_streams_active", 0)
        proxy.wait_metric("mantlet_connections_active", 0, listener="public")


def test_an_idle_connection_is_asked_to_leave_in_time(start, upstream, pki):
    with http2.connect(start(upstream, listener=QUICK), pki) as client:
        client.get()
        assert graceful(client)


# ---- clients that make more work than their requests are worth


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_its_connection_while_others_are_served(start, upstream, pki, name):
    flood, reason = FLOODS[name]
    proxy = start(upstream)
    with http2.connect(proxy, pki) as other, http2.connect(proxy, pki) as client:
        client.until(lambda: client.h2.remote_settings.max_concurrent_streams == 100)
        cpu = proxy.cpu_seconds()
        flood(client)
        assert other.get().status == 200
        assert proxy.cpu_seconds() - cpu < 2
        proxy.wait_metric("mantlet_http2_connections_closed_total", 1, reason=reason)
        client.read_to_end()
        assert [code for code, _ in client.goaways] in ([ENHANCE_YOUR_CALM], []), "a reset may discard the last bytes"
    assert len(upstream.requests) <= 101, "no more than the streams that are allowed at a time"
