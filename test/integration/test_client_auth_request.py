"""client_auth.mode request: clients without a valid certificate are accepted, and none of its contents is used."""

import socket
import ssl

import pytest
from harness import clients, tls12
from harness.pki import DAY, Authority, der as der_of, now

SET = {"X-Verify": "verify", "X-Subject": "subject", "X-Issuer": "issuer", "X-Serial": "serial", "X-Cn": "cn",
       "X-Sha256": "fingerprint_sha256", "X-Sans": "san_dns", "X-Uris": "san_uri", "X-Until": "not_after",
       "X-Pem": "cert_pem_urlencoded", "X-Tls": "tls_version"}
FORGED = {"X-Verify": "SUCCESS", "X_Subject": "CN=admin", "X-Forwarded-Client-Cert": "Hash=00;Subject=\"CN=admin\"",
          "Client-Cert": ":AAAA:"}
REQUEST = {"client_auth": {"mode": "request"}, "identity_headers": {"set": SET, "client_cert": "chain"}}


@pytest.fixture
def who(pki, tmp_path):
    """The files of each kind of client, by the value of `verify`."""
    return {
        "SUCCESS": pki.client_files,
        "NONE": None,
        "FAILED:unknown_ca": Authority.root("a stranger").issue("mallory", sans=("m.example",)).write(tmp_path, "m"),
        "FAILED:expired": pki.ca.issue("late", not_before=now() - 3 * DAY, not_after=now() - DAY).write(tmp_path, "l"),
    }


def told(proxy, pki, files, upstream):
    """Returns the identity headers that reach the application."""
    status, _ = clients.get_json(proxy.address(), clients.context(pki, client=files), headers=FORGED)
    assert status == 200
    speaking = {"x-forwarded-client-cert", "client-cert", "client-cert-chain", *(name.lower() for name in SET)}
    return {name.lower(): value for name, value in upstream.requests[-1].headers
            if name.lower().replace("_", "-") in speaking}


def status(proxy, pki, files, path="/"):
    with clients.RawClient(proxy.address(), clients.context(pki, client=files)) as client:
        return client.get(path).status


def test_only_the_reason_is_forwarded_for_a_certificate_that_does_not_verify(start, upstream, pki, who):
    proxy = start(upstream, listener=REQUEST)
    for verify, files in who.items():
        headers = told(proxy, pki, files, upstream)
        assert headers["x-verify"] == verify
        if verify == "SUCCESS":
            assert {"x-subject", "x-forwarded-client-cert", "client-cert", "x-pem"} < set(headers)
        else:
            assert set(headers) == {"x-verify", "x-tls"}, headers
    metrics = proxy.metrics()
    assert metrics.value("mantlet_tls_handshakes_total", client_cert="true") == 1
    assert metrics.value("mantlet_tls_handshakes_total", client_cert="false") == 3
    assert metrics.value("mantlet_tls_handshake_failures_total") == 0
    not_verified = metrics.matching("mantlet_tls_client_certificates_not_verified_total")
    assert {dict(labels)["reason"]: v for labels, v in not_verified.items() if v} == {"unknown_ca": 1, "expired": 1}
    records = proxy.log("certificate_not_verified")
    assert [(r["reason"], r["subject"], r["depth"]) for r in records] == [
        ("unknown_ca", "CN=mallory", 0), ("expired", "CN=late", 0)]
    for line in proxy.wait_access(4):
        assert line["verify"] == "SUCCESS" or not {"subject", "serial", "fingerprint_sha256", "san_uri"} & set(line)


def test_policy_can_ask_for_the_reason(start, upstream, pki, who):
    proxy = start(upstream, listener=REQUEST | {"policy": {"rules": [
        {"name": "renewal", "action": "allow", "match": {"path": "/renew", "verify": ["SUCCESS", "FAILED:expired"]}},
        {"name": "rest", "action": "require_client_cert"}]}})
    for verify, files in who.items():
        statuses = [status(proxy, pki, files, path) for path in ("/renew", "/other")]
        assert statuses == {"SUCCESS": [200, 200], "FAILED:expired": [200, 403]}.get(verify, [403, 403])


def test_a_name_in_a_certificate_that_does_not_verify_matches_no_rule(start, upstream, pki, who):
    proxy = start(upstream, listener=REQUEST | {"policy": {"default": "deny", "rules": [
        {"name": "mallory", "action": "allow", "match": {"any": [{"cn": "mallory"}, {"dns_san": "m.example"}]}}]}})
    assert status(proxy, pki, who["FAILED:unknown_ca"]) == 403
    assert not upstream.requests


def test_a_client_without_the_key_is_rejected(start, upstream, pki):
    proxy = start(upstream, listener=REQUEST)
    stranger = Authority.root("a stranger").issue("mallory")
    for chain in ([stranger.leaf_der], [pki.client.leaf_der, der_of(pki.ca.certificate)]):
        with pytest.raises(tls12.Alert):
            tls12.Client(proxy.address(), chain, pki.server.key)
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 2, reason="bad_signature")
    assert not upstream.requests


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_verify_is_verified_each_time(start, upstream, pki, who, version):
    proxy = start(upstream, listener=REQUEST | {"tls": {"session_resumption": "on"}})
    context = clients.context(pki, client=who["FAILED:unknown_ca"], minimum=version, maximum=version)
    session = None
    for _ in range(2):
        with socket.create_connection(proxy.address(), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert clients.Reader(tls).response("GET").status == 200
                assert not tls.session_reused
                session = tls.session
        assert upstream.requests[-1].headers.get("X-Verify") == "FAILED:unknown_ca"
    assert proxy.metric("mantlet_tls_client_certificates_not_verified_total", reason="unknown_ca") == 2


def test_a_reload_to_require_closes_the_connections_of_unverified_clients(start, upstream, pki, who):
    proxy = start(upstream, listener=REQUEST)
    open_ones = {verify: clients.RawClient(proxy.address(), clients.context(pki, client=files))
                 for verify, files in who.items()}
    for client in open_ones.values():
        assert client.get().status == 200
    proxy.reload(proxy.changed(client_auth={"mode": "require"}))
    proxy.wait_metric("mantlet_connections_ended_total", 3, reason="no_client_certificate")
    assert open_ones["SUCCESS"].get().status == 200
    for client in open_ones.values():
        client.__exit__()
