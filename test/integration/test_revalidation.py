"""Open connections are validated again: after changes of trust and policy, and when certificates expire."""

import concurrent.futures
import copy
import datetime
import socket
import ssl
import time

import pytest
from harness import clients
from harness.messages import Incomplete, Reader
from harness.pki import Authority, now
from harness.proxy import NO_CLIENT_AUTH, configuration, merge
from harness.timing import scaled, wait_until

UPGRADE = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def ended(proxy, reason, listener="public"):
    return proxy.metric("mantlet_connections_ended_total", listener=listener, reason=reason)


@pytest.fixture
def other_ca(tmp_path):
    return Authority.root("someone else").write(tmp_path, "other")


@pytest.fixture
def replace_ca(other_ca):
    """Removes the clients' CA."""
    return lambda proxy, **more: proxy.reload(proxy.changed(client_auth={"trust_bundle": [other_ca], **more}))


@pytest.fixture
def brief(own_pki):
    """A client certificate that expires in a few seconds."""
    identity = own_pki.ca.issue("brief", not_after=now() + datetime.timedelta(seconds=4))
    return own_pki.write(identity, "brief")


@pytest.fixture
def tunnels(scripted):
    """An upstream that switches protocols and then echoes."""

    def serve(connection, number):
        Reader(connection).head()
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        while data := connection.recv(4096):
            connection.sendall(data)

    return scripted(serve)


# ---- a CA that is removed


def test_an_idle_connection_of_a_removed_ca_is_closed_cleanly(mantlet, connect, replace_ca):
    client = connect(mantlet)
    client.get()
    replace_ca(mantlet)
    assert client.reader.at_end(), "close_notify, and nothing else"
    record = mantlet.wait_log("connection_ended")
    assert record["reason"] == "unknown_ca" and record["action"] == "drain" and record["state"] == "idle"
    assert record["subject"].startswith("CN=alice") and record["serial"] and record["listener"] == "public"
    assert ended(mantlet, "unknown_ca") == 1


def test_a_busy_connection_answers_the_request_in_flight_with_close(start, upstream, connect, replace_ca):
    mantlet = start(upstream, shutdown={"drain": "10s"})
    client = connect(mantlet)
    client.send("GET /slow/1.5 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                "GET /pipelined HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "request" in mantlet.get("/connections", "admin")[1], 5, "the request")
    replace_ca(mantlet)
    mantlet.wait_log("connection_ended", state="request")
    reply = client.response()
    assert reply.status == 200
    assert reply.headers.all("Connection") == ["close"]
    assert client.reader.at_end(), "the pipelined request is not answered"


def test_no_request_reaches_the_upstream_after_the_change(mantlet, connect, replace_ca, upstream):
    steady = [connect(mantlet) for _ in range(20)]
    for client in steady:
        client.get("/before")
    replace_ca(mantlet)
    for client in steady:
        try:
            client.get("/after")
        except (OSError, Incomplete, EOFError, AssertionError):
            pass
    assert not [request for request in upstream.requests if request.target == "/after"]
    mantlet.wait_metric("mantlet_connections_ended_total", 20, reason="unknown_ca")


def test_connections_that_are_still_good_live_on(mantlet, connect, pki, other_ca, tmp_path):
    client = connect(mantlet)
    client.get()
    mantlet.reload(mantlet.changed(client_auth={"trust_bundle": [pki.ca_file, other_ca]}))
    time.sleep(0.5)
    assert client.get().status == 200
    assert not mantlet.log("connection_ended")


def test_ignore_leaves_open_connections_alone(start, upstream, connect, replace_ca, pki):
    proxy = start(upstream, listener={"client_auth": {"on_revocation": "ignore"}})
    client = connect(proxy)
    client.get()
    replace_ca(proxy)
    clients.handshake_error(proxy.address(), clients.context(pki))
    assert client.get().status == 200
    assert not proxy.log("connection_ended")


def test_close_cuts_the_request_in_flight(start, upstream, connect, replace_ca):
    proxy = start(upstream, listener={"client_auth": {"on_revocation": "close"}})
    client = connect(proxy)
    client.send("GET /slow/5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "request" in proxy.get("/connections", "admin")[1], 5, "the request")
    began = time.monotonic()
    replace_ca(proxy)
    assert client.closed()
    assert time.monotonic() - began < 4
    assert proxy.wait_access()[0]["error"] == "client_invalid"


def test_a_response_without_end_is_cut_at_the_deadline(start, upstream, connect, replace_ca):
    proxy = start(upstream, shutdown={"drain": "300ms"})
    client = connect(proxy)
    client.send("GET /slow/8 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "request" in proxy.get("/connections", "admin")[1], 5, "the request")
    began = time.monotonic()
    replace_ca(proxy)
    assert client.closed()
    assert time.monotonic() - began < 6


def test_a_tunnel_gets_a_deadline(start, tunnels, connect, replace_ca):
    proxy = start(tunnels, shutdown={"drain": "1s"})
    client = connect(proxy)
    assert client.exchange(UPGRADE).status == 101
    replace_ca(proxy)
    proxy.wait_log("connection_ended", state="tunnel", reason="unknown_ca")
    client.send("still there")
    assert client.reader.exactly(11) == b"still there", "until the deadline"
    assert client.closed()
    assert proxy.wait_access()[0]["error"] == "client_invalid"


# ---- a revocation list


def test_a_revoked_client_loses_its_open_connections(launch, own_pki, upstream, connect, tmp_path):
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl())
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(crl)]}}}))
    bob = own_pki.ca.issue("bob")
    revoked = connect(proxy, clients.context(own_pki, client=own_pki.write(bob, "bob")))
    good = connect(proxy, clients.context(own_pki))
    revoked.get(), good.get()
    crl.write_bytes(own_pki.ca.crl(bob))
    assert revoked.reader.at_end()
    record = proxy.wait_log("connection_ended")
    assert record["reason"] == "revoked" and record["subject"] == "CN=bob"
    assert good.get().status == 200
    assert ended(proxy, "revoked") == 1


def test_a_connection_ends_with_the_revocation_list_it_relied_on(launch, own_pki, upstream, connect, tmp_path):
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl(next_update=now() + datetime.timedelta(seconds=4)))
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(crl)]}}}))
    client = connect(proxy, clients.context(own_pki))
    client.get()
    assert client.reader.at_end(), "it was not renewed"
    assert proxy.wait_log("connection_ended")["reason"] == "crl_expired"


def test_a_list_dated_ahead_is_asked_when_it_begins_to_count(launch, own_pki, upstream, connect, tmp_path):
    old, ahead = tmp_path / "old.crl", tmp_path / "ahead.crl"
    bob = own_pki.ca.issue("bob")
    old.write_bytes(own_pki.ca.crl())
    # A list is valid from five minutes before its thisUpdate, because clocks differ.
    ahead.write_bytes(own_pki.ca.crl(bob, last_update=now() + datetime.timedelta(seconds=305)))
    proxy = launch(configuration(own_pki, upstream,
                                 listener={"client_auth": {"crl": {"files": [str(old), str(ahead)]}}}))
    revoked = connect(proxy, clients.context(own_pki, client=own_pki.write(bob, "bob")))
    good = connect(proxy, clients.context(own_pki))
    assert revoked.get().status == 200, "not yet"
    good.get()
    assert revoked.reader.at_end(), "without anybody doing anything"
    assert proxy.wait_log("connection_ended")["reason"] == "revoked"
    assert good.get().status == 200


@pytest.mark.parametrize("what", ["revoked", "unpinned"])
def test_an_expired_client_that_may_stay_is_still_asked_about_the_rest(
        launch, own_pki, upstream, connect, tmp_path, what):
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl())
    identity = own_pki.ca.issue("brief", not_after=now() + datetime.timedelta(seconds=4))
    auth = {"on_expiry": "ignore", "on_revocation": "close", "crl": {"files": [str(crl)]}}
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": auth}))
    client = connect(proxy, clients.context(own_pki, client=own_pki.write(identity, "brief")))
    assert client.get().status == 200
    time.sleep(5.5)
    assert client.get().status == 200, "it may stay"
    if what == "revoked":
        crl.write_bytes(own_pki.ca.crl(identity))
    else:
        proxy.reload(proxy.changed(client_auth={"spki_pins": ["0" * 64]}))
    assert client.closed()
    record = proxy.wait_log("connection_ended")
    assert (record["reason"], record["action"]) == ("revoked" if what == "revoked" else "not_pinned", "close")


def test_a_client_of_a_removed_ca_that_may_stay_still_expires(launch, own_pki, upstream, connect, brief, replace_ca):
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"on_revocation": "ignore"}}))
    client = connect(proxy, clients.context(own_pki, client=brief))
    client.get()
    replace_ca(proxy)
    assert client.get().status == 200, "it may stay"
    assert client.reader.at_end(), "until its own end"
    assert proxy.wait_log("connection_ended")["reason"] == "expired"


def test_the_tunnel_of_an_expired_client_that_may_stay_is_asked_about_a_new_policy(
        launch, own_pki, tunnels, connect, brief):
    proxy = launch(configuration(own_pki, tunnels, listener={"client_auth": {"on_expiry": "ignore"}},
                                 shutdown={"drain": "300ms"}))
    client = connect(proxy, clients.context(own_pki, client=brief))
    assert client.exchange(UPGRADE).status == 101
    time.sleep(5.5)
    client.send("still there")
    assert client.reader.exactly(11) == b"still there"
    proxy.reload(proxy.changed(policy={"default": "deny"}))
    assert client.closed()
    assert proxy.wait_log("connection_ended")["reason"] == "policy_denied"


# ---- other changes


def test_a_connection_without_a_certificate_ends_when_one_is_required(start, upstream, connect, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}})
    anonymous, known = connect(proxy, clients.context(pki, client=None)), connect(proxy)
    anonymous.get(), known.get()
    proxy.reload(proxy.changed(client_auth={"mode": "require"}))
    assert anonymous.reader.at_end()
    assert known.get().status == 200
    assert ended(proxy, "no_client_certificate") == 1


def test_an_identity_does_not_outlive_the_trust_that_made_it(mantlet, connect):
    client = connect(mantlet)
    client.get()
    mantlet.reload(mantlet.changed(client_auth=NO_CLIENT_AUTH))
    assert client.reader.at_end()
    assert ended(mantlet, "unknown_ca") == 1


def test_connections_of_a_removed_listener_end(mantlet, connect):
    config = copy.deepcopy(mantlet.config)
    config["listeners"].append(merge(config["listeners"][0], {"name": "second"}))
    mantlet.reload(config)
    mantlet.wait_log("listening", listener="second")
    gone, kept = connect(mantlet, listener="second"), connect(mantlet)
    gone.get(), kept.get()
    del config["listeners"][1]
    mantlet.reload(config)
    assert gone.reader.at_end()
    assert kept.get().status == 200
    assert ended(mantlet, "listener_removed", "second") == 1


def test_a_tunnel_ends_when_policy_would_refuse_its_request(start, tunnels, connect):
    proxy = start(tunnels, shutdown={"drain": "500ms"})
    client = connect(proxy)
    assert client.exchange(UPGRADE).status == 101
    proxy.reload(proxy.changed(policy={"default": "deny"}))
    proxy.wait_log("connection_ended", reason="policy_denied", state="tunnel")
    assert client.closed()
    assert proxy.wait_access()[0]["error"] == "policy_denied"


def test_a_tunnel_that_policy_still_permits_lives_on(start, tunnels, connect):
    proxy = start(tunnels)
    client = connect(proxy)
    assert client.exchange(UPGRADE).status == 101
    allow = {"default": "deny", "rules": [{"name": "ws", "action": "allow", "match": {"path": "/ws"}}]}
    proxy.reload(proxy.changed(policy=allow))
    time.sleep(0.3)
    client.send("still there")
    assert client.reader.exactly(11) == b"still there"
    assert not proxy.log("connection_ended")


# ---- expiry of a certificate


def test_an_idle_connection_ends_with_its_certificate(launch, own_pki, upstream, connect, brief):
    proxy = launch(configuration(own_pki, upstream))
    client = connect(proxy, clients.context(own_pki, client=brief))
    assert client.get().status == 200
    assert client.reader.at_end(), "without anybody doing anything"
    assert proxy.wait_log("connection_ended")["reason"] == "expired"
    assert ended(proxy, "expired") == 1


def test_a_tunnel_ends_with_its_certificate(launch, own_pki, tunnels, connect, brief):
    proxy = launch(configuration(own_pki, tunnels, shutdown={"drain": "300ms"}))
    client = connect(proxy, clients.context(own_pki, client=brief))
    assert client.exchange(UPGRADE).status == 101
    assert client.closed()
    assert proxy.wait_log("connection_ended")["state"] == "tunnel"


def test_on_expiry_ignore_lets_a_connection_outlive_its_certificate(launch, own_pki, upstream, connect, brief):
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"on_expiry": "ignore"}}))
    client = connect(proxy, clients.context(own_pki, client=brief))
    assert client.get().status == 200

    def refused():
        try:
            with clients.RawClient(proxy.address(), clients.context(own_pki, client=brief)) as again:
                again.get()
        except OSError:
            return True

    wait_until(refused, 10, "the end of the certificate")
    time.sleep(0.5)
    assert client.get().status == 200
    assert not proxy.log("connection_ended")


def last_record(flight):
    """Returns the start of the last TLS record."""
    at = 0
    while (following := at + 5 + int.from_bytes(flight[at + 3:at + 5], "big")) < len(flight):
        at = following
    return at


def ask_late(address, tls, wait):
    """Sends its certificate immediately, the last record of its handshake later, and then a request. Returns the
    response.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(address, timeout=scaled(20)) as plain:

        def drive(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    data = plain.recv(65536)
                    incoming.write(data) if data else incoming.write_eof()

        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        plain.sendall(outgoing.read())
        flight = b""
        while not flight:
            incoming.write(plain.recv(65536))
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            flight = outgoing.read()
        at = last_record(flight)
        plain.sendall(flight[:at])
        time.sleep(wait)
        request = b"GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try:
            if client.version() == "TLSv1.3":
                client.write(request)
                plain.sendall(flight[at:] + outgoing.read())
            else:
                plain.sendall(flight[at:])
                drive(client.do_handshake)
                client.write(request)
                plain.sendall(outgoing.read())
            return drive(lambda: client.read(65536))
        except (ssl.SSLError, ConnectionError):
            return b""


def test_a_client_that_finishes_its_handshake_after_its_end_is_not_served(launch, own_pki, upstream, brief):
    actions = ("drain", "close", "ignore")
    config = configuration(own_pki, upstream)
    config["listeners"] = [merge(config["listeners"][0], {"name": action, "client_auth": {"on_expiry": action}})
                           for action in actions]
    proxy = launch(config)
    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert ask_late(proxy.address("ignore"), clients.context(own_pki, client=brief), 0).startswith(b"HTTP/1.1 200"), \
        "in time it is served"
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        late = [pool.submit(ask_late, proxy.address(action),
                            clients.context(own_pki, client=brief, minimum=version, maximum=version), 6)
                for action in actions for version in versions]
        assert [each.result() for each in late] == [b""] * 6
    for action in actions:
        proxy.wait_metric("mantlet_connections_ended_total", 2, listener=action, reason="expired")
    assert [request.target for request in upstream.requests] == ["/late"]


@pytest.mark.limit(60)
def test_a_sweep_of_many_connections_lets_others_through(start, upstream, connect, pki, replace_ca, tmp_path):
    proxy = start(upstream)
    many = [connect(proxy) for _ in range(300)]
    for client in many:
        client.get()
    replace_ca(proxy)
    proxy.wait_metric("mantlet_connections_ended_total", 300, reason="unknown_ca")
    for client in many:
        assert client.closed()
    proxy.wait_metric("mantlet_connections_active", 0)
