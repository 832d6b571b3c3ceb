"""The selection of certificates by server name."""

import ssl

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from harness import clients


@pytest.fixture
def several(start, upstream, pki):
    """A proxy with a default, an exact and a wildcard certificate; called with strict_sni or not."""
    files = []
    for stem, names in (("default", ("default.example",)), ("exact", ("exact.wild.example",)),
                        ("wildcard", ("*.wild.example",))):
        chain, key = pki.write(pki.ca.server(*names), f"sni-{stem}")
        files.append({"chain": chain, "key": key})

    def run(**tls):
        return start(upstream, listener={"tls": {"certificates": files, **tls}})

    return run


def served_name(proxy, pki, server_name):
    context = clients.context(pki, verify=False)
    with clients.RawClient(proxy.address(), context, server_name) as client:
        leaf = x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True))
    return leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


@pytest.mark.parametrize("asked, served", [
    ("default.example", "default.example"),
    ("exact.wild.example", "exact.wild.example"),
    ("EXACT.Wild.Example", "exact.wild.example"),
    ("other.wild.example", "*.wild.example"),
    ("unknown.example", "default.example"),
    (None, "default.example"),
    ("two.labels.wild.example", "default.example"),
    ("wild.example", "default.example"),
])
def test_the_certificate_fits_the_name(several, pki, asked, served):
    assert served_name(several(), pki, asked) == served


def test_strict_sni_refuses_an_unknown_name(several, pki):
    error = clients.handshake_error(several(strict_sni=True).address(), clients.context(pki, verify=False),
                                    "unknown.example")
    assert "unrecognized name" in str(error)


def test_strict_sni_refuses_a_client_without_a_name(several, pki):
    assert isinstance(clients.handshake_error(several(strict_sni=True).address(),
                                              clients.context(pki, verify=False), None),
                      (ssl.SSLError, ConnectionError))


def test_strict_sni_serves_a_known_name(several, pki):
    assert served_name(several(strict_sni=True), pki, "x.wild.example") == "*.wild.example"


def test_a_host_that_the_certificate_does_not_cover_is_misdirected(several, pki, upstream):
    proxy = several()
    with clients.RawClient(proxy.address(), clients.context(pki, verify=False), "exact.wild.example") as client:
        reply = client.exchange("GET / HTTP/1.1\r\nHost: default.example\r\n\r\n")
    assert reply.status == 421
    assert not upstream.requests


def test_a_host_that_the_certificate_covers_is_served(several, pki):
    with clients.RawClient(several().address(), clients.context(pki, verify=False), "a.wild.example") as client:
        assert client.exchange("GET / HTTP/1.1\r\nHost: b.wild.example:8443\r\n\r\n").status == 200


def test_the_sni_name_can_be_handed_to_the_upstream(start, upstream, connect):
    proxy = start(upstream, listener={"identity_headers": {"set": {"X-Sni": "sni"}}})
    connect(proxy, server_name="localhost").get()
    assert upstream.requests[0].headers.all("X-Sni") == ["localhost"]
