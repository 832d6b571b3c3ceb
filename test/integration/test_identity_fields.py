"""The names of a certificate as identity fields: every kind in use, and only those in the certificate."""

import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from harness import clients, readers
from harness.pki import Authority, _build

XFCC = "x-forwarded-client-cert"


def upn(text):
    """A user principal name, as a UTF8String."""
    data = text.encode()
    return x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), bytes([0x0C, len(data)]) + data)


def seen(start, connect, upstream, pki, identity, stem, **listener):
    files = pki.write(identity, stem)
    proxy = start(upstream, listener=listener)
    reply = connect(proxy, clients.context(pki, client=files)).get()
    return reply, upstream.requests[-1].headers if upstream.requests else None


def test_mail_addresses_and_principal_names_reach_the_application(start, connect, upstream, pki):
    identity = pki.ca.issue("alice", sans=(
        x509.RFC822Name("alice@example.org"), x509.RFC822Name("Alice.B@example.net"), "192.0.2.7", "2001:db8::7",
        upn("alice@CORP.example"), upn("zoë@corp.example")))
    names = {"X-Mail": "san_email", "X-Ip": "san_ip", "X-Upn": "san_upn", "X-Dns": "san_dns"}
    _, headers = seen(start, connect, upstream, pki, identity, "mail", identity_headers={"set": names})
    assert headers.all("X-Mail") == ["alice@example.org,Alice.B@example.net"]
    assert headers.all("X-Ip") == ["192.0.2.7,2001:db8::7"]
    assert headers.get("X-Upn").encode("latin-1").decode() == "alice@CORP.example,zoë@corp.example"
    assert not headers.all("X-Dns")


@pytest.mark.parametrize("address", ["a,b@example.org", "a\r\nX-Admin: yes@example.org", "a\x00@example.org",
                                     " a@example.org", "a@example.org "])
def test_a_hostile_address_is_left_out(start, connect, upstream, pki, address):
    hostile = x509.RFC822Name._init_without_validation(address)
    identity = pki.ca.issue("alice", sans=(hostile, x509.RFC822Name("good@example.org")))
    _, headers = seen(start, connect, upstream, pki, identity, "hostile-mail",
                      identity_headers={"set": {"X-Mail": "san_email"}})
    assert headers.all("X-Mail") == ["good@example.org"]
    assert "x-admin" not in headers.names()


def test_attributes_have_the_names_that_openssl_gives_them(start, connect, upstream, pki):
    oid = x509.ObjectIdentifier
    subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in (
        (NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Bank, AG"),
        (oid("2.5.4.97"), "PSDDE-BAFIN-123456"), (oid("2.5.4.15"), "Private Organization"),
        (oid("1.3.6.1.4.1.311.60.2.1.3"), "DE"), (NameOID.SERIAL_NUMBER, "HRB 123"), (NameOID.SURNAME, "Meier"),
        (NameOID.GIVEN_NAME, "Anna"), (NameOID.TITLE, "Dr."), (NameOID.POSTAL_CODE, "10115"),
        (NameOID.STREET_ADDRESS, "Am Markt 1"), (NameOID.USER_ID, "anna"), (NameOID.DOMAIN_COMPONENT, "example"),
        (NameOID.EMAIL_ADDRESS, "a@example.org"), (NameOID.PSEUDONYM, "p"), (NameOID.DN_QUALIFIER, "q"),
        (oid("2.5.4.16"), "Postfach"), (oid("2.5.4.20"), "030"), (oid("1.2.3.4.5"), "no keyword"),
        (NameOID.COMMON_NAME, "bank.example"))])
    identity = pki.ca.issue(subject=subject)
    _, headers = seen(start, connect, upstream, pki, identity, "psd2", identity_headers={
        "set": {"X-Dn": "subject", "X-Organization": "organization_identifier", "X-Ou": "ou"}})
    assert headers.all("X-Organization") == ["PSDDE-BAFIN-123456"] and not headers.all("X-Ou")
    openssl = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb"],
                             input=identity.leaf_pem, capture_output=True, check=True).stdout.decode().strip()
    expected = openssl.removeprefix("subject=").lower()
    assert headers.get("X-Dn").lower() == expected
    assert "organizationIdentifier=PSDDE-BAFIN-123456," in headers.get("X-Dn")
    (pairs,) = readers.xfcc(headers.get(XFCC).encode("latin-1"))
    assert dict(pairs)["subject"].decode() == headers.get("X-Dn")
    assert len(readers.distinguished_name(headers.get("X-Dn").encode())) == 20


@pytest.mark.parametrize("match, holds", [
    ({"email_san": "alice@EXAMPLE.org"}, True),
    ({"email_san": "*@example.org"}, True),
    ({"email_san": "Alice@example.org"}, False),
    ({"email_san": "*@example.net"}, False),
    ({"upn_san": "*@corp.example"}, True),
    ({"upn_san": "alice@example.org"}, False),
    ({"ip_san": "2001:DB8:0:0::7"}, True),
    ({"ip_san": "192.0.2.8"}, False),
])
def test_rules_can_ask_for_them(start, connect, upstream, pki, match, holds):
    identity = pki.ca.issue("alice", sans=(x509.RFC822Name("alice@example.org"), "192.0.2.7", "2001:db8::7",
                                           upn("alice@Corp.example")))
    rules = {"default": "deny", "rules": [{"name": "r", "action": "allow", "match": match}]}
    reply, _ = seen(start, connect, upstream, pki, identity, "rules", policy=rules)
    assert reply.status == (200 if holds else 403)


@pytest.mark.parametrize("match, holds", [
    ({"organization_identifier": "PSDDE-BAFIN-1"}, True),
    ({"organization_identifier": "PSDDE-BAFIN-12"}, False),
    ({"subject": "CN=bank.example,organizationIdentifier=PSDDE-BAFIN-1"}, True),
    ({"subject": "CN=bank.example"}, False),
])
def test_rules_can_ask_for_the_subject_and_its_organization(start, connect, upstream, pki, match, holds):
    identity = pki.ca.issue(subject=x509.Name([
        x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), "PSDDE-BAFIN-1"),
        x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")]))
    rules = {"default": "deny", "rules": [{"name": "r", "action": "allow", "match": match}]}
    reply, _ = seen(start, connect, upstream, pki, identity, "bank", policy=rules)
    assert reply.status == (200 if holds else 403)


def test_an_issuer_is_recognised_by_its_organization_identifier(start, connect, upstream, pki):
    key = pki.root.intermediate().key
    subject = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), "VATDE-1"),
                         x509.NameAttribute(NameOID.COMMON_NAME, "Issuing")])
    certificate = _build(subject, pki.root.certificate.subject, key.public_key(), pki.root.key,
                         pki.root.certificate, None, None, ca=True)
    identity = Authority(certificate, key, (certificate,)).issue("alice")
    rules = {"default": "deny", "rules": [{"name": "r", "action": "allow", "match": {
        "issuer": "CN=Issuing,organizationIdentifier=VATDE-1"}}]}
    reply, _ = seen(start, connect, upstream, pki, identity, "issuer", policy=rules)
    assert reply.status == 200
