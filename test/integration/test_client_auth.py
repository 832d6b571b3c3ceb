"""The modes of client authentication, and chains."""

import ssl

import pytest
import yaml
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import clients
from harness.pki import DAY, SERVER, now
from harness.proxy import NO_CLIENT_AUTH, configuration, run_command


def test_require_lets_a_trusted_client_in(mantlet, pki):
    assert clients.get_json(mantlet.address(), clients.context(pki))[0] == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_require_refuses_a_client_without_certificate_with_an_alert(mantlet, pki, upstream, version):
    error = clients.handshake_error(mantlet.address(),
                                    clients.context(pki, client=None, minimum=version, maximum=version))
    assert "certificate required" in clients.alert(error) or version == ssl.TLSVersion.TLSv1_2 and clients.alert(error)
    assert not upstream.requests


def test_optional_lets_a_client_without_certificate_in(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}})
    assert clients.get_json(proxy.address(), clients.context(pki, client=None))[0] == 200


def test_optional_refuses_a_certificate_that_does_not_verify(start, upstream, pki):
    from harness.pki import Authority
    stranger = pki.write(Authority.root("someone else").issue(), "optional-stranger")
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}})
    clients.handshake_error(proxy.address(), clients.context(pki, client=stranger))
    assert not upstream.requests


def test_none_requests_no_certificate(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": NO_CLIENT_AUTH})
    shown = clients.s_client(pki, proxy.address(), client=None)
    assert "No client certificate CA names sent" in shown.stdout
    assert clients.get_json(proxy.address(), clients.context(pki, client=None))[0] == 200


def test_a_client_under_an_intermediate_that_it_sends_is_trusted(mantlet, pki):
    assert len(pki.client.intermediates) == 1
    assert clients.get_json(mantlet.address(), clients.context(pki))[0] == 200


def test_a_missing_intermediate_may_stand_in_the_trust_bundle(start, upstream, pki, tmp_path):
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(pki.root.pem + pki.ca.pem)
    bare = pki.write(pki.client.without_intermediates(), "bare-client")
    proxy = start(upstream, listener={"client_auth": {"trust_bundle": [str(bundle)]}})
    assert clients.get_json(proxy.address(), clients.context(pki, client=bare))[0] == 200


def test_each_root_of_several_files_is_trusted(start, upstream, pki, tmp_path):
    from harness.pki import Authority
    other = Authority.root("second root")
    proxy = start(upstream, listener={"client_auth": {"trust_bundle": [pki.ca_file, other.write(tmp_path, "second")]}})
    for client in (pki.client_files, pki.write(other.issue("bob"), "second-bob")):
        assert clients.get_json(proxy.address(), clients.context(pki, client=client))[0] == 200


@pytest.mark.parametrize("key", ["rsa2048", "p256"])
def test_client_keys_of_the_usual_kinds_are_accepted(mantlet, pki, key):
    files = pki.write(pki.ca.issue(key=key), f"client-{key}")
    assert clients.get_json(mantlet.address(), clients.context(pki, client=files))[0] == 200


def test_an_rsa_server_certificate_is_served(start, upstream, pki):
    chain, key = pki.write(pki.ca.server("localhost", key="rsa2048"), "server-rsa")
    proxy = start(upstream, listener={"tls": {"certificates": [{"chain": chain, "key": key}]}})
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200


def test_a_client_certificate_without_purposes_is_accepted(mantlet, pki):
    files = pki.write(pki.ca.issue("no eku", usage=()), "no-eku")
    assert clients.get_json(mantlet.address(), clients.context(pki, client=files))[0] == 200


SERVER_AUTH = {"client_auth": {"server_auth_clients": "on"}}


def test_a_server_certificate_is_rejected_and_the_record_has_the_required_usage(mantlet, pki, upstream):
    files = pki.write(pki.ca.issue("a mail server", usage=SERVER), "server-auth")
    clients.handshake_error(mantlet.address(), clients.context(pki, client=files))
    record = mantlet.wait_log("handshake_failed", reason="wrong_purpose")
    assert "its extended key usage is serverAuth; clientAuth is required" in record["detail"]
    assert record["subject"] == "CN=a mail server" and record["depth"] == 0
    assert not upstream.requests


def test_server_auth_clients_accepts_server_certificates_and_no_others(start, upstream, pki):
    proxy = start(upstream, listener=SERVER_AUTH)
    alone = pki.write(pki.ca.issue("a mail server", usage=SERVER), "server-auth-alone")
    assert clients.get_json(proxy.address(), clients.context(pki, client=alone))[0] == 200
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
    assert proxy.metric("mantlet_tls_server_auth_clients_total") == 1
    others = {"any": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
              "more": (*SERVER, ExtendedKeyUsageOID.CODE_SIGNING), "email": (ExtendedKeyUsageOID.EMAIL_PROTECTION,)}
    for stem, usage in others.items():
        files = pki.write(pki.ca.issue(stem, usage=usage), f"server-auth-{stem}")
        clients.handshake_error(proxy.address(), clients.context(pki, client=files))
    late = pki.ca.issue("late", usage=SERVER, not_before=now() - 3 * DAY, not_after=now() - DAY)
    clients.handshake_error(proxy.address(), clients.context(pki, client=pki.write(late, "server-auth-late")))
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 3, reason="wrong_purpose")
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="expired")
    assert len(upstream.requests) == 2


def test_check_reports_that_server_certificates_are_accepted(pki, tmp_path):
    for listener, said in ((SERVER_AUTH, True), ({}, False)):
        path = tmp_path / "mantlet.yaml"
        path.write_text(yaml.safe_dump(configuration(pki, listener=listener)))
        done = run_command("check", "--config", str(path))
        assert done.returncode == 0, done
        assert ("only extended key usage is serverAuth are accepted" in done.stdout) == said


def test_the_record_of_a_missing_certificate_has_the_requested_types_and_cas(mantlet, pki):
    # With data, openssl waits for the server's answer, which is the alert.
    shown = clients.s_client(pki, mantlet.address(), client=pki.write(pki.ca.issue("ed", key="ed448"), "ed448"),
                             data=b"x")
    assert "alert certificate required" in shown.stderr
    detail = mantlet.wait_log("handshake_failed", reason="no_client_certificate")["detail"]
    assert "ECDSA P-256, ECDSA P-384, ECDSA P-521, Ed25519, RSA" in detail
    assert f"with a chain to the CA {pki.root.certificate.subject.rfc4514_string()}" in detail
