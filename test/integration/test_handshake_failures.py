"""Each kind of handshake failure: an alert for the client, a count and one record with the reason for the operator."""

import socket
import ssl

import pytest
from cryptography.hazmat.primitives import hashes
from harness import clients
from harness.pki import DAY, SERVER, Authority, now
from harness.timing import scaled, wait_until

CERTIFICATE_FAULTS = {
    # reason: (function that creates the client's identity, depth of the certificate at fault)
    "unknown_ca": (lambda pki: Authority.root("a stranger").issue("stranger"), 0),
    "expired": (lambda pki: pki.ca.issue("late", not_before=now() - 3 * DAY, not_after=now() - DAY), 0),
    "not_yet_valid": (lambda pki: pki.ca.issue("early", not_before=now() + DAY, not_after=now() + 3 * DAY), 0),
    "wrong_purpose": (lambda pki: pki.ca.issue("a server", usage=SERVER), 0),
    "bad_signature": (lambda pki: pki.ca.issue("tampered").tampered(), 0),
    "weak_key": (lambda pki: pki.ca.issue("weak", key="rsa1024"), 0),
    "path_too_long": (lambda pki: pki.root.intermediate("short", path_length=0).intermediate("too deep")
                      .issue("deep"), None),
    "name_constraint": (lambda pki: pki.root.intermediate("constrained", permitted_dns=["inside.example"])
                        .issue("outsider", sans=("outside.example",)), None),
}


def failures(proxy, reason):
    return proxy.metric("mantlet_tls_handshake_failures_total", listener="public", reason=reason)


def records(proxy, reason):
    """Returns the records of failed handshakes."""
    return [r for r in proxy.log() if r.get("reason") == reason and r.get("listener") == "public"]


def one_record(proxy, reason):
    """Waits for the count and returns the one record of the failure."""
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, listener="public", reason=reason)
    assert proxy.metric("mantlet_tls_handshake_failures_total") == 1, proxy.metrics().text
    wait_until(lambda: records(proxy, reason), 5, f"a record with reason {reason}")
    found = records(proxy, reason)
    assert len(found) == 1, found
    assert found[0]["peer"].startswith("127.0.0.1:")
    return found[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("reason", CERTIFICATE_FAULTS)
def test_a_bad_certificate_is_refused_with_its_reason(mantlet, upstream, pki, reason, version):
    make, depth = CERTIFICATE_FAULTS[reason]
    identity = make(pki)
    files = pki.write(identity, f"bad-{reason}-{version.name}")
    error = clients.handshake_error(mantlet.address(),
                                    clients.context(pki, client=files, minimum=version, maximum=version))
    assert clients.alert(error)
    record = one_record(mantlet, reason)
    assert record["sni"] == "localhost"
    assert record["tls_version"] in ("TLSv1.2", "TLSv1.3")
    assert isinstance(record["depth"], int)
    for key in ("subject", "issuer", "serial", "not_after"):
        assert record[key], record
    if depth == 0:
        assert record["depth"] == 0
        assert record["subject"] == identity.certificate.subject.rfc4514_string()
        assert record["serial"].lower().lstrip("0") == identity.serial_hex
        assert record["not_after"] == identity.certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert not upstream.requests


def test_max_depth_counts_intermediates(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"max_depth": 1}})
    fits = pki.write(pki.root.intermediate("one").issue("shallow"), "depth-1")
    assert clients.get_json(proxy.address(), clients.context(pki, client=fits))[0] == 200
    deep = pki.write(pki.root.intermediate("one").intermediate("two").issue("deep"), "depth-2")
    clients.handshake_error(proxy.address(), clients.context(pki, client=deep))
    one_record(proxy, "path_too_long")


def test_a_leaf_used_as_a_ca_is_refused(mantlet, pki, upstream):
    leaf = pki.ca.issue("not a ca")
    forged = Authority(leaf.certificate, leaf.key, (leaf.certificate, *leaf.intermediates)).issue("child")
    clients.handshake_error(mantlet.address(), clients.context(pki, client=pki.write(forged, "child-of-leaf")))
    assert one_record(mantlet, "wrong_purpose")["depth"] == 1
    assert not upstream.requests


def test_an_expired_intermediate_is_the_certificate_at_fault(mantlet, pki):
    stale = pki.root.intermediate("stale", not_before=now() - 3 * DAY, not_after=now() - DAY)
    files = pki.write(stale.issue("fresh"), "behind-stale")
    clients.handshake_error(mantlet.address(), clients.context(pki, client=files))
    record = one_record(mantlet, "expired")
    assert (record["depth"], record["subject"]) == (1, "CN=stale")


def test_a_sha1_signature_is_refused(mantlet, pki):
    # The library that creates the certificates may itself refuse to sign with SHA-1.
    try:
        identity = pki.ca.issue("sha1", digest=hashes.SHA1())
    except Exception as error:  # pylint: disable=broad-except
        pytest.skip(f"no SHA-1 certificate can be made here: {error}")
    clients.handshake_error(mantlet.address(), clients.context(pki, client=pki.write(identity, "sha1")))
    mantlet.wait_metric("mantlet_tls_handshake_failures_total", 1)


def test_no_client_certificate(mantlet, pki):
    clients.handshake_error(mantlet.address(), clients.context(pki, client=None))
    assert one_record(mantlet, "no_client_certificate")["sni"] == "localhost"


def test_protocol_version(start, pki):
    proxy = start(listener={"tls": {"min_version": "1.3"}})
    clients.handshake_error(proxy.address(), clients.context(pki, maximum=ssl.TLSVersion.TLSv1_2))
    one_record(proxy, "protocol_version")


def test_tls_1_1_is_protocol_version_too(start, pki):
    proxy = start()
    shown = clients.s_client(pki, proxy.address(), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "alert protocol version" in shown.stderr
    one_record(proxy, "protocol_version")


def test_no_shared_cipher(start, pki):
    proxy = start()
    clients.handshake_error(proxy.address(),
                            clients.context(pki, maximum=ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA256:@SECLEVEL=0"))
    one_record(proxy, "no_shared_cipher")


def talk_plain(proxy, data):
    with socket.create_connection(proxy.address(), timeout=scaled(10)) as plain:
        plain.sendall(data)
        answer = b""
        try:
            while more := plain.recv(1000):
                answer += more
        except ConnectionError:
            pass
    return answer


def test_plaintext_http(start):
    proxy = start()
    talk_plain(proxy, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    one_record(proxy, "plaintext_http")


def test_not_tls(start):
    proxy = start()
    talk_plain(proxy, b"SSH-2.0-OpenSSH_9.2p1\r\n")
    one_record(proxy, "not_tls")


def test_timeout_of_a_silent_client(start):
    proxy = start(listener={"timeouts": {"handshake": "300ms"}})
    with socket.create_connection(proxy.address(), timeout=scaled(10)) as plain:
        assert plain.recv(100) == b""
    one_record(proxy, "timeout")


def test_timeout_of_a_client_that_dribbles(start):
    proxy = start(listener={"timeouts": {"handshake": "500ms"}})
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400)
    with socket.create_connection(proxy.address(), timeout=scaled(10)) as plain:
        plain.settimeout(scaled(0.05))
        ended = False
        for position in range(len(hello)):
            try:
                plain.sendall(hello[position:position + 1])
                ended = plain.recv(10) is not None
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
            break
    assert ended
    one_record(proxy, "timeout")


def test_a_probe_that_connects_and_leaves_is_no_error(start):
    proxy = start()
    socket.create_connection(proxy.address()).close()
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="peer_closed")
    assert not [r for r in proxy.log() if r.get("level") in ("error", "warn", "warning")
                and r["event"] != "running_as_root"]


def test_peer_closed_in_the_middle_of_a_handshake(start, pki):
    proxy = start()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = clients.context(pki).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    with socket.create_connection(proxy.address(), timeout=scaled(10)) as plain:
        plain.sendall(outgoing.read())
        plain.recv(10)
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="peer_closed")


def test_peer_alert(start, pki, tmp_path):
    proxy = start()
    suspicious = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    suspicious.load_verify_locations(Authority.root("trusts nobody else").write(tmp_path, "other"))
    with pytest.raises(ssl.SSLCertVerificationError):
        clients.RawClient(proxy.address(), suspicious)
    one_record(proxy, "peer_alert")


def test_a_failure_does_not_disturb_others(mantlet, connect, pki):
    steady = connect(mantlet)
    assert steady.get().status == 200
    for _ in range(5):
        clients.handshake_error(mantlet.address(), clients.context(pki, client=None))
    assert steady.get().status == 200


def test_handshakes_that_succeed_are_counted_with_their_version(mantlet, pki):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3):
        clients.get_json(mantlet.address(), clients.context(pki, minimum=version, maximum=version))
    metrics = mantlet.metrics()
    assert metrics.value("mantlet_tls_handshakes_total", version="TLSv1.2") == 1
    assert metrics.value("mantlet_tls_handshakes_total", version="TLSv1.3") == 2
    assert metrics.value("mantlet_tls_handshake_duration_seconds_count", listener="public") == 3
    assert metrics.value("mantlet_tls_handshake_failures_total") == 0
