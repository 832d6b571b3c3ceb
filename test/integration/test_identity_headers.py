"""The identity headers for the upstream, which clients cannot forge."""

import base64
import urllib.parse

import pytest
from cryptography import x509
from harness import clients
from harness.messages import Reader
from harness.pki import Identity, name
from harness.proxy import NO_CLIENT_AUTH
from harness.upstreams import response

XFCC = "x-forwarded-client-cert"
FORGED = 'Hash=00;Subject="CN=admin";URI=spiffe://example.org/admin'


def seen(upstream):
    """Returns the headers of the one request that reached the upstream."""
    assert len(upstream.requests) == 1
    return upstream.requests[0].headers


def elements(value, escapes='"'):
    """Parses an XFCC value into a list of elements, each a list of (key, value) pairs. A backslash in quotes is an
    escape only before the characters of `escapes`.
    """
    found, pairs, key, text, quoted, position = [], [], None, "", False, 0
    while position <= len(value):
        char = value[position] if position < len(value) else None
        if quoted:
            if char == "\\" and value[position + 1] in escapes:
                position += 1
                text += value[position]
            elif char == '"':
                quoted = False
            else:
                assert char is not None, f"quote left open: {value!r}"
                text += char
        elif char == '"':
            quoted = True
        elif char == "=" and key is None:
            key, text = text, ""
        elif char in (";", ",", None):
            if key is not None:
                pairs.append((key, text))
            key, text = None, ""
            if char != ";":
                found.append(pairs)
                pairs = []
        else:
            text += char
        position += 1
    return found


def values(element, key):
    return [value for have, value in element if have.lower() == key.lower()]


def with_headers(**identity_headers):
    return {"identity_headers": identity_headers}


# -- XFCC ---------------------------------------------------------------------


def test_xfcc_names_the_client_by_default(mantlet, connect, upstream, pki):
    assert connect(mantlet).get().status == 200
    value, = seen(upstream).all(XFCC)
    element, = elements(value)
    assert values(element, "By") == ["spiffe://example.org/app"]
    assert values(element, "Hash") == [pki.client.sha256]
    assert values(element, "Subject") == [pki.client.certificate.subject.rfc4514_string()]
    assert values(element, "URI") == ["spiffe://example.org/alice"]
    assert values(element, "DNS") == ["alice.example", "alice-alt.example"]
    assert not values(element, "Cert") and not values(element, "Chain")


def test_xfcc_fields_cert_and_chain_carry_pem(start, connect, upstream, pki):
    connect(start(upstream, listener=with_headers(xfcc_fields=["cert", "chain"]))).get()
    element, = elements(seen(upstream).get(XFCC))
    assert [key for key, _ in element] == ["Cert", "Chain"]
    assert urllib.parse.unquote(values(element, "Cert")[0]).encode() == pki.client.leaf_pem
    assert urllib.parse.unquote(values(element, "Chain")[0]).encode() == pki.client.chain_pem


@pytest.mark.parametrize("mode, arrives", [
    ("sanitize", None),
    ("sanitize_set", "ours"),
    ("append_forward", "theirs,ours"),
    ("forward_only", "theirs"),
    ("always_forward_only", "theirs"),
])
def test_xfcc_modes_on_a_mutual_tls_connection(start, connect, upstream, pki, mode, arrives):
    connect(start(upstream, listener=with_headers(xfcc=mode))).get("/", f"X-Forwarded-Client-Cert: {FORGED}")
    got = seen(upstream).all(XFCC)
    if arrives is None:
        assert got == []
        return
    kinds = ["ours" if values(e, "Hash") == [pki.client.sha256] else "theirs" for e in elements(",".join(got))]
    assert ",".join(kinds) == arrives


@pytest.mark.parametrize("mode, arrives", [
    ("sanitize", False), ("sanitize_set", False), ("append_forward", False), ("forward_only", False),
    ("always_forward_only", True),
])
@pytest.mark.parametrize("client_auth", [NO_CLIENT_AUTH, {"mode": "optional"}], ids=["none", "optional"])
def test_xfcc_modes_without_a_client_certificate(start, connect, upstream, pki, mode, arrives, client_auth):
    proxy = start(upstream, listener={"client_auth": client_auth, **with_headers(xfcc=mode)})
    connect(proxy, clients.context(pki, client=None)).get("/", f"X-Forwarded-Client-Cert: {FORGED}")
    assert seen(upstream).all(XFCC) == ([FORGED] if arrives else [])


@pytest.mark.parametrize("mode", ["forward_only", "always_forward_only", "append_forward"])
def test_xfcc_aliases_are_removed_in_forwarding_modes_too(start, connect, upstream, mode):
    connect(start(upstream, listener=with_headers(xfcc=mode))).get("/", f"X_Forwarded_Client_Cert: {FORGED}")
    assert "admin" not in str(list(seen(upstream)))


# -- RFC 9440 -------------------------------------------------------------------


def byte_sequences(value):
    items = [item.strip() for item in value.split(",")]
    assert all(item.startswith(":") and item.endswith(":") for item in items), value
    return [base64.b64decode(item[1:-1], validate=True) for item in items]


def test_client_cert_carries_the_leaf(start, connect, upstream, pki):
    connect(start(upstream, listener=with_headers(client_cert="leaf"))).get()
    assert byte_sequences(seen(upstream).get("Client-Cert")) == [pki.client.leaf_der]
    assert not seen(upstream).all("Client-Cert-Chain")


def test_client_cert_chain_carries_the_rest(start, connect, upstream, pki):
    connect(start(upstream, listener=with_headers(client_cert="chain"))).get()
    assert byte_sequences(seen(upstream).get("Client-Cert")) == [pki.client.leaf_der]
    rest = byte_sequences(seen(upstream).get("Client-Cert-Chain"))
    assert rest == [Identity(pki.ca.certificate, None).leaf_der]


def test_no_client_cert_chain_without_a_certificate(start, connect, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}, **with_headers(client_cert="chain")})
    connect(proxy, clients.context(pki, client=None)).get("/", "Client-Cert: :AAAA:", "Client-Cert-Chain: :AAAA:")
    assert not seen(upstream).all("Client-Cert") and not seen(upstream).all("Client-Cert-Chain")


def vary_of(start, scripted, connect, *lines, **identity_headers):
    """Returns the forwarded Vary lines of a response."""
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"x", headers=[("Vary", line) for line in lines]))

    proxy = start(scripted(serve), listener=with_headers(**identity_headers))
    return connect(proxy).get().headers.all("Vary")


@pytest.mark.parametrize("lines", [
    ["Client-Cert"], ["Client-Cert-Chain"], ["client-cert"], ["CLIENT-CERT-CHAIN"], ["Accept, Client-Cert"],
    ["Accept,Client-Cert,Cookie"], ["Accept , \tcLIENT-cERT\t, Cookie"], [", ,Client-Cert,"], ["Accept", "Client-Cert"],
    ["Client-Cert", "Accept"], ["*", "Client-Cert"], ["Accept, Client-Cert-Chain, Client-Cert"]], ids="|".join)
@pytest.mark.parametrize("mode", ["off", "chain"])
def test_a_response_that_varies_by_certificate_is_not_to_be_shared(start, scripted, connect, lines, mode):
    """RFC 9440 section 2.4, independent of the request to the upstream: a cache in front never sees the field."""
    assert vary_of(start, scripted, connect, *lines, client_cert=mode) == ["*"]


@pytest.mark.parametrize("lines", [["Accept"], ["*"], ["Client-Certs"], ["X-Client-Cert, Accept"], ["Accept", "Cookie"]],
                         ids="|".join)
def test_other_variation_is_passed_on(start, scripted, connect, lines):
    assert vary_of(start, scripted, connect, *lines) == lines


# -- set: ------------------------------------------------------------------------


def test_every_identity_field_can_be_set(start, connect, upstream, pki):
    fields = ["verify", "subject", "issuer", "cn", "serial", "fingerprint_sha256", "fingerprint_sha1", "spiffe_id",
              "san_uri", "san_dns", "not_before", "not_after", "cert_pem_urlencoded", "cert_der_base64",
              "tls_version", "tls_cipher", "tls_group", "sni"]
    connect(start(upstream, listener=with_headers(set={f"X-Id-{f.replace('_', '-')}": f for f in fields}))).get()
    got = {f: seen(upstream).all(f"X-Id-{f.replace('_', '-')}") for f in fields}
    certificate = pki.client.certificate
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    expected = {
        "verify": "SUCCESS",
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "cn": "alice",
        "fingerprint_sha256": pki.client.sha256,
        "fingerprint_sha1": pki.client.sha1,
        "spiffe_id": "spiffe://example.org/alice",
        "san_uri": "spiffe://example.org/alice",
        "not_before": certificate.not_valid_before.strftime(stamp),
        "not_after": certificate.not_valid_after.strftime(stamp),
        "cert_der_base64": base64.b64encode(pki.client.leaf_der).decode(),
        "tls_version": "TLSv1.3",
        "sni": "localhost",
    }
    for field, value in expected.items():
        assert got[field] == [value], field
    assert int(got["serial"][0], 16) == certificate.serial_number
    assert urllib.parse.unquote(got["cert_pem_urlencoded"][0]).encode() == pki.client.leaf_pem
    for field in ("san_dns", "tls_cipher", "tls_group"):
        assert len(got[field]) == 1 and got[field][0], field


def test_verify_is_none_without_a_certificate(start, connect, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"},
                                      **with_headers(set={"X-SSL-Client-Verify": "verify",
                                                          "X-SSL-Client-S-DN": "subject"})})
    connect(proxy, clients.context(pki, client=None)).get("/", "X-SSL-Client-Verify: SUCCESS",
                                                         "X-SSL-Client-S-DN: CN=admin")
    assert seen(upstream).all("X-SSL-Client-Verify") == ["NONE"]
    assert seen(upstream).all("X-SSL-Client-S-DN") in ([], [""])


# -- forged headers ----------------------------------------------------------

ALIASES = [
    "X-Forwarded-Client-Cert", "x-forwarded-client-cert", "X_Forwarded-Client.Cert", "X_Forwarded_Client_Cert",
    "x.forwarded.client.cert", "X-FORWARDED_CLIENT-CERT", "Client-Cert", "Client_Cert", "client.cert",
    "CLIENT-CERT-CHAIN", "Client_Cert.Chain", "X-SSL-Client-S-DN", "X_SSL_Client_S_DN", "x.ssl.client-s-dn",
]


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("client_auth", [{"mode": "require"}, NO_CLIENT_AUTH], ids=["mtls", "no-mtls"])
def test_a_forged_header_is_removed_in_every_spelling(start, connect, upstream, pki, alias, client_auth):
    proxy = start(upstream, listener={"client_auth": client_auth,
                                      **with_headers(set={"X-SSL-Client-S-DN": "subject"})})
    context = clients.context(pki, client="default" if client_auth["mode"] == "require" else None)
    reply = connect(proxy, context).get("/", f"{alias}: forged-identity")
    if reply.status == 400:
        assert not upstream.requests
        return
    assert "forged-identity" not in str(list(seen(upstream)))


FAMILY = [*ALIASES, "X-SSL-Client-S-DN"]


@pytest.mark.parametrize("client_auth", [{"mode": "require"}, {"mode": "optional"}, NO_CLIENT_AUTH],
                         ids=["mtls", "optional", "none"])
def test_the_whole_family_is_removed_from_head_and_trailers_for_any_connection_field(
        start, connect, upstream, pki, client_auth):
    """Removes every alias in the head, the trailers, Trailer and Connection of a request."""
    proxy = start(upstream, listener={"client_auth": client_auth, **with_headers(set={"X-SSL-Client-S-DN": "subject"})})
    context = clients.context(pki, client="default" if client_auth["mode"] == "require" else None)
    lines = "".join(f"{alias}: forged-identity\r\n" for alias in FAMILY)
    reply = connect(proxy, context).exchange(
        f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: {', '.join(FAMILY)}\r\n"
        f"Connection: {', '.join(FAMILY)}\r\n{lines}X-Fine: yes\r\n\r\n3\r\nabc\r\n0\r\n{lines}X-Fine-Too: yes\r\n\r\n")
    assert reply.status == 200
    request, = upstream.requests
    assert "forged-identity" not in str([*request.headers, *request.trailers])
    assert request.headers.get("X-Fine") == "yes" and request.trailers.get("X-Fine-Too") == "yes"
    if client_auth["mode"] == "require":
        assert pki.client.sha256 in request.headers.get(XFCC)
        assert request.headers.all("X-SSL-Client-S-DN") == [pki.client.certificate.subject.rfc4514_string()]
    else:
        assert not request.headers.all(XFCC) and not request.headers.all("X-SSL-Client-S-DN")


def test_a_forged_header_in_the_trailers_is_removed(mantlet, connect, upstream):
    reply = connect(mantlet).exchange(
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Trailer: X-Forwarded-Client-Cert, X-Fine\r\n\r\n"
        "3\r\nabc\r\n0\r\nX-Forwarded-Client-Cert: forged\r\nClient_Cert: forged\r\nX-Fine: yes\r\n\r\n")
    assert reply.status == 200
    assert "forged" not in str(list(upstream.requests[0].trailers))


@pytest.mark.parametrize("listed", ["X-Forwarded-Client-Cert", "x-forwarded-client-cert, close", "Client-Cert"])
def test_connection_cannot_remove_our_headers(start, connect, upstream, pki, listed):
    proxy = start(upstream, listener=with_headers(client_cert="leaf"))
    connect(proxy).get("/", f"Connection: {listed}")
    assert pki.client.sha256 in seen(upstream).get(XFCC)
    assert seen(upstream).all("Client-Cert")


def test_each_request_of_a_connection_is_stripped(mantlet, connect, upstream, pki):
    client = connect(mantlet)
    for _ in range(3):
        client.get("/", f"X-Forwarded-Client-Cert: {FORGED}")
    assert [r.headers.all(XFCC) for r in upstream.requests] == [upstream.requests[0].headers.all(XFCC)] * 3
    assert "admin" not in upstream.requests[0].headers.get(XFCC)


HOSTILE = {
    "separators": 'a;Cert="x",Hash=00;b="c"',
    "quote-and-backslash": 'a"b\\c',
    "comma": "Smith, Alice",
    "plus": "a+b=c",
    "leading-hash": "#1234",
    "spaces": " padded ",
    "unicode": "Zoë 网",
    "newline": "alice\r\nX-Admin: yes",
    "nul": "admin\x00.example",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_subject_cannot_forge_anything(start, connect, upstream, pki, kind):
    identity = pki.ca.issue(subject=name(HOSTILE[kind]))
    files = pki.write(identity, f"hostile-{kind}")
    proxy = start(upstream, listener=with_headers(set={"X-Dn": "subject", "X-Cn": "cn"}))
    reply = connect(proxy, clients.context(pki, client=files)).get()
    assert reply.status == 200
    headers = seen(upstream)
    assert len(headers.all(XFCC)) == 1 and "x-admin" not in headers.names()
    for escapes in ('"', '"\\\\'):  # as Envoy reads it, and as one who takes \\ for an escape too
        element, = elements(headers.get(XFCC), escapes)
        assert values(element, "Hash") == [identity.sha256]
        assert not values(element, "Cert")
    for value in (headers.get(XFCC), headers.get("X-Dn", ""), headers.get("X-Cn", "")):
        assert not any(ord(c) < 0x20 or ord(c) == 0x7f for c in value), value
    if kind in ("newline", "nul"):
        assert values(element, "Subject") in ([], [""]), "a value with control bytes is not forwarded"
    else:
        assert len(values(element, "Subject")) == 1


def test_a_hostile_san_stays_in_its_quotes(mantlet, connect, upstream, pki):
    hostile = x509.UniformResourceIdentifier("http://x/;Subject=admin,By=me")
    identity = pki.ca.issue("alice", sans=(hostile,))
    connect(mantlet, clients.context(pki, client=pki.write(identity, "hostile-san"))).get()
    element, = elements(seen(upstream).get(XFCC))
    assert values(element, "URI") == ["http://x/;Subject=admin,By=me"]
    assert values(element, "Subject") == ["CN=alice"]


# -- X-Forwarded-* ----------------------------------------------------------------------


def test_forwarded_headers_are_set(mantlet, connect, upstream):
    connect(mantlet).get()
    headers = seen(upstream)
    assert headers.all("X-Forwarded-For") == ["127.0.0.1"]
    assert headers.all("X-Forwarded-Proto") == ["https"]
    assert headers.all("X-Forwarded-Host") == ["localhost"]


def test_forwarded_for_is_appended_to_and_the_others_replaced(mantlet, connect, upstream):
    connect(mantlet).get("/", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil")
    headers = seen(upstream)
    assert ", ".join(headers.all("X-Forwarded-For")) == "203.0.113.7, 127.0.0.1"
    assert headers.all("X-Forwarded-Proto") == ["https"]
    assert headers.all("X-Forwarded-Host") == ["localhost"]
