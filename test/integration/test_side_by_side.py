"""ECDSA, Ed25519 and RSA certificates for one name: every client gets the best one that it can verify."""

import shutil
import ssl
import subprocess
import time

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from harness import clients
from harness.messages import Incomplete
from harness.proxy import configuration, is_sanitized, run_command
from harness.timing import scaled, wait_until

KINDS = {"rsa2048": rsa.RSAPublicKey, "ed25519": ed25519.Ed25519PublicKey, "p256": ec.EllipticCurvePublicKey}
V12 = ssl.TLSVersion.TLSv1_2


def kind_of(leaf):
    return next(kind for kind, public in KINDS.items() if isinstance(leaf.public_key(), public))


@pytest.fixture
def beside(start, upstream, pki):
    """A proxy with an RSA, an Ed25519 and an ECDSA certificate for localhost, in this order, and an RSA one for
    *.wild.example; called with further settings of tls.
    """
    files = []
    for kind in KINDS:
        uri = f"spiffe://example.org/{kind}"
        chain, key = pki.write(pki.ca.server("localhost", "127.0.0.1", uri, key=kind, cn=kind), f"beside-{kind}")
        files.append({"chain": chain, "key": key})
    chain, key = pki.write(pki.ca.server("*.wild.example", key="rsa2048"), "beside-wild")
    files.append({"chain": chain, "key": key})

    def run(**tls):
        return start(upstream, listener={"tls": {"certificates": files, **tls}, "identity_headers": {"xfcc_fields": ["by"]}})

    return run


def s_client(proxy, pki, *options):
    """Returns the key type of the certificate that `openssl s_client` receives, and the status of its request."""
    host, port = proxy.address()
    chain, key = pki.client_files
    ended = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", pki.ca_file, "-verify_return_error",
         "-cert", chain, "-key", key, "-cert_chain", chain, "-ign_eof",
         *(() if "-noservername" in options else ("-servername", "localhost")), *options],
        input=b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", capture_output=True,
        timeout=scaled(20))
    text = ended.stdout
    assert b"Verify return code: 0" in text, text + ended.stderr
    begin, end = text.index(b"-----BEGIN CERT"), text.index(b"-----END CERT")
    leaf = x509.load_pem_x509_certificate(text[begin:end] + b"-----END CERTIFICATE-----\n")
    assert b"HTTP/1.1 200" in text, "the shown certificate is no reason for a 421"
    return kind_of(leaf)


@pytest.mark.parametrize("options, kind", [
    ((), "p256"),
    (("-sigalgs", "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256"), "p256"),
    (("-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ecdsa_secp384r1_sha384"), "rsa2048"),
    (("-sigalgs", "ed25519:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:ECDSA+SHA384"), "ed25519"),
    (("-tls1_2",), "p256"),
    (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "rsa2048"),
    (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "p256"),
    (("-tls1_2", "-sigalgs", "RSA+SHA256"), "rsa2048"),
    (("-tls1_2", "-groups", "X25519:P-384"), "ed25519"),
    (("-noservername",), "p256"),
    (("-noservername", "-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"), "rsa2048"),
])
def test_openssl_gets_the_best_it_can_verify(beside, pki, options, kind):
    # s_client uses -sigalgs for the client's own signature, too; its certificate is ECDSA.
    if "-sigalgs" in options:
        options = (*options, "-client_sigalgs", "ECDSA+SHA256:RSA+SHA256")
    assert s_client(beside(), pki, *options) == kind


def test_strict_sni_chooses_by_key_and_still_refuses_strangers(beside, pki):
    proxy = beside(strict_sni=True)
    assert s_client(proxy, pki, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256") == "rsa2048"
    clients.handshake_error(proxy.address(), clients.context(pki, verify=False), "unknown.example")


def test_configured_suites_for_rsa_only_choose_rsa(beside, pki):
    proxy = beside(max_version="1.2", cipher_suites=["ECDHE-RSA-AES128-GCM-SHA256"])
    assert s_client(proxy, pki) == "rsa2048"


@pytest.mark.parametrize("ciphers, kind", [
    ("ECDHE-RSA-AES128-GCM-SHA256", "rsa2048"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "p256")])
def test_the_served_certificate_is_the_one_in_xfcc(beside, pki, upstream, ciphers, kind):
    with clients.RawClient(beside().address(), clients.context(pki, maximum=V12, ciphers=ciphers)) as client:
        leaf = x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True))
        assert kind_of(leaf) == kind
        assert client.get().status == 200
    assert upstream.requests[-1].headers.all("x-forwarded-client-cert") == [f'By="spiffe://example.org/{kind}"']


def test_a_host_of_another_certificate_is_still_misdirected(beside, pki):
    with clients.RawClient(beside().address(), clients.context(pki, verify=False)) as client:
        assert client.exchange("GET / HTTP/1.1\r\nHost: a.wild.example\r\n\r\n").status == 421
        assert client.get().status == 200


@pytest.mark.parametrize("ciphers, kind", [("ECDHE-RSA-AES128-GCM-SHA256", "RSA"),
                                           ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA")])
def test_curl_is_served_either_way(beside, pki, ciphers, kind):
    proxy = beside()
    chain, key = pki.client_files
    ended = subprocess.run(
        ["curl", "-sv", "--cacert", pki.ca_file, "--cert", chain, "--key", key, "--tls-max", "1.2", "--ciphers",
         ciphers, f"https://localhost:{proxy.port()}/", "--resolve", f"localhost:{proxy.port()}:127.0.0.1"],
        capture_output=True, text=True, timeout=scaled(20))
    assert ended.returncode == 0, ended.stderr
    assert f"ECDHE-{kind}" in ended.stderr


def test_a_client_that_can_verify_none_learns_the_alert_and_the_operator_why(start, upstream, pki):
    chain, key = pki.write(pki.ca.server("localhost", key="rsa2048"), "only-rsa")
    proxy = start(upstream, listener={"tls": {"certificates": [{"chain": chain, "key": key}]}})
    clients.handshake_error(
        proxy.address(), clients.context(pki, maximum=V12, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256"))
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="no_shared_cipher")


def test_check_warns_of_a_certificate_that_is_never_shown(pki, tmp_path):
    files = []
    for stem in ("one", "two"):
        chain, key = pki.write(pki.ca.server("twice.example"), f"shadow-{stem}")
        files.append({"chain": chain, "key": key})
    path = tmp_path / "mantlet.yaml"
    path.write_text(yaml.safe_dump(configuration(pki, listener={"tls": {"certificates": files}})))
    ended = run_command("check", "--config", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the name twice.example has another certificate" in ended.stdout + ended.stderr


def is_quiet(proxy):
    before = proxy.cpu_seconds()
    time.sleep(0.3)
    return proxy.cpu_seconds() == before


@pytest.mark.limit(300)
@pytest.mark.skipif(is_sanitized() or shutil.which("openssl") is None, reason="measures time")
def test_five_thousand_certificates_cost_a_handshake_no_more_than_one(launch, own_pki, upstream, tmp_path):
    identity = own_pki.ca.server("localhost", "127.0.0.1")

    def handshakes(count):
        files = []
        for number in range(count):
            # One key for all certificates, because the creation of keys is not measured.
            each = identity if number == 0 else own_pki.ca.server(f"n{number}.example", key=identity.key)
            each.write(tmp_path / "proxy" / "many", f"n{number}")
            files.append({"chain": f"many/n{number}.crt", "key": f"many/n{number}.key"})
        path = tmp_path / "proxy" / "mantlet.yaml"
        path.write_text(yaml.safe_dump(configuration(
            own_pki, upstream, listener={"tls": {"certificates": files}}, reload={"interval": "0s", "watch": False},
            log={"access": "off"})))
        proxy = launch(yaml.safe_load(path.read_text()), config_path=path)
        context = clients.context(own_pki, verify=False)
        last = f"n{count - 1}.example" if count > 1 else "localhost"
        wait_until(lambda: is_quiet(proxy), 30, "the end of the first poll of the files")
        before, began = proxy.cpu_seconds(), time.monotonic()
        done = 0
        while done < 300 and time.monotonic() - began < scaled(20):
            try:
                with clients.RawClient(proxy.address(), context, last if done % 2 else "localhost"):
                    done += 1
            except (OSError, Incomplete) as error:
                raise AssertionError(f"handshake {done} failed") from error
        return (proxy.cpu_seconds() - before) / done

    one, many = handshakes(1), handshakes(5000)
    assert many < one * 1.5 + 0.0005, f"{one * 1e6:.0f} us with one certificate, {many * 1e6:.0f} us with 5,000"
