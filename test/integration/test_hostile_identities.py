"""Certificates that are meant to be misread: a strict reader of each format finds the value of the certificate, or
nothing. harness/der.py writes the certificates byte by byte, harness/readers.py reads the headers by their
specifications.
"""

import copy
import urllib.parse

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from harness import der, readers, tls12
from harness.der import BMP, CN, COUNTRY, DC, EMAIL, IA5, O, OU, PRINTABLE, T61, UID, UNIVERSAL, UTF8, attribute
from harness.messages import Reader
from harness.proxy import configuration
from harness.timing import wait_until
from harness.upstreams import Nginx

ALL_XFCC = ["by", "hash", "subject", "uri", "dns", "cert", "chain"]
SET = {"X-Verify": "verify", "X-Dn": "subject", "X-Issuer": "issuer", "X-Cn": "cn", "X-Serial": "serial",
       "X-Fp256": "fingerprint_sha256", "X-Fp1": "fingerprint_sha1", "X-Spiffe": "spiffe_id", "X-Uri": "san_uri",
       "X-Dns": "san_dns", "X-From": "not_before", "X-Until": "not_after", "X-Pem": "cert_pem_urlencoded",
       "X-Der": "cert_der_base64"}
THEIRS = "By=spiffe://other/proxy;Hash=00;Subject=\"CN=someone\""
INCOMING = {"host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


def common(*values, tag=UTF8):
    return [[attribute(CN, value, tag)] for value in values]


class Case:
    """A subject and alternative names, and the values that must be omitted. lost: any of subject, cn. The
    alternative names are a list of (value, where it is omitted): "" nowhere, "q" in the quotes of XFCC, "l" in a
    list without quotes, "ql" in both.
    """

    def __init__(self, rdns=(), uris=(), dns=(), lost=(), serial=None):
        self.rdns, self.lost, self.serial = list(rdns), set(lost), serial
        self.uris, self.dns = [[self._name(n) for n in names] for names in (uris, dns)]

    @staticmethod
    def _name(name):
        value, lost = (name, "") if isinstance(name, (str, bytes)) else name
        return value if isinstance(value, bytes) else value.encode(), lost

    def issue(self, authority):
        return der.issue(authority, self.rdns, [der.uri(u) for u, _ in self.uris] + [der.dns(d) for d, _ in self.dns],
                         serial=self.serial)

    @property
    def loses(self):
        return bool(self.lost or any(lost for _, lost in self.uris + self.dns))


TEXT = {
    "plain": "alice",
    "quotes": 'a"b""c"',
    "semicolons": 'alice;Cert="x";Hash=00',
    "commas": "Smith, Alice,O=Admins,",
    "equals": "a=b==c",
    "plus": "a+CN=admin",
    "angles": "<alice>",
    "backslash": "a\\b",
    "backslash-at-the-end": "alice\\",
    "two-backslashes-at-the-end": "alice\\\\",
    "backslash-quote": 'alice\\";Hash="00',
    "escaped-hex": "alice\\2C\\22",
    "leading-hash": "#0c05616c696365",
    "hash-inside": "a#b",
    "one-space": " ",
    "percent": "%0d%0aX-Admin:%20yes",
    "xfcc-element": 'x",By=spiffe://a;Hash=ff;Subject="CN=admin',
    "looks-like-a-dn": "alice,OU=Admins,O=Example",
    "umlauts": "Zoë Ångström, 网, 🙂",
    "latin-1-line-ends": "x\u0105X-Admin: yes \u00c5",  # C4 85 and C3 85: NEL, to a reader of Latin-1
    "bidi": "alice\u202egnp.exe",
    "colon": "X-Admin: yes",
    "structured-field": ":AAAA:, :BBBB:",
    "long": "n" * 10240,
    "long-and-special": '",;\\' * 2560,
}
CONTROLS = {"nul": "admin\0.example", "newline": "alice\nX-Admin: yes", "carriage-return": "alice\rX-Admin: yes",
            "line-end": "alice\r\nX-Admin: yes", "tab": "a\tb", "del": "a\x7fb", "escape": "a\x1b[2Jb",
            "c1": "a\u0085b", "c1-csi": "a\u009bb"}
# Invalid text in its own encoding: the certificate is rejected.
DAMAGED = {
    "utf8-invalid": (b"alice\xff\xfe", UTF8), "utf8-overlong": (b"\xc0\xafalice", UTF8),
    "utf8-surrogate": (b"\xed\xa0\x80", UTF8), "utf8-cut": (b"alice\xe2\x82", UTF8),
    "bmp-odd": (b"\0a\0", BMP), "bmp-surrogate": (b"\xd8\x00\0a", BMP), "bmp-surrogates": (b"\xd8\x3d\xde\x42", BMP),
    "universal-cut": (b"\0\0\0a\0", UNIVERSAL), "universal-too-large": (b"\0\x11\0\0", UNIVERSAL),
    "octet-string": (b"alice", der.OCTET_STRING),
}
# Invalid text as well, but accepted: written as #hex if the format supports it, omitted otherwise.
UNREADABLE = {
    "ia5-with-utf8": ("Zoë".encode(), IA5), "printable-with-latin1": (b"Zo\xeb", PRINTABLE),
    "numeric-with-more": (b"1\x80", der.NUMERIC),
    "bit-string": (b"\x00alice", der.BIT_STRING), "bit-string-unused-bits": (b"\x05alice\xe0", der.BIT_STRING),
    "sequence": (der.tlv(UTF8, b"alice"), der.SEQUENCE), "enumerated": (b"\x05", der.ENUMERATED),
}
BIG_ARC = "1.3.6.1.4.1.99999999999999999999999999999"
LONG_OID = "1.3.6.1.4.1." + ".".join(["4294967295"] * 40)

CASES = {
    **{f"text-{kind}": Case(common(text), lost=["cn"] if text != text.strip(" ") else []) for kind, text in TEXT.items()},
    **{f"control-{kind}": Case(common(text), lost=["subject", "cn"]) for kind, text in CONTROLS.items()},
    **{f"unreadable-{kind}": Case(common(raw, tag=tag), lost=["cn"]) for kind, (raw, tag) in UNREADABLE.items()},
    "space-at-both-ends": Case(common(" padded "), lost=["cn"]),
    "space-ends-the-name": Case([[attribute(O, "Acme ")], *common("alice")]),
    "teletex": Case(common("Zoë", tag=T61)),
    "bmp": Case(common("Zoë 网", tag=BMP)),
    "bmp-separators": Case(common('",;\\', tag=BMP)),
    "bmp-control": Case(common("a\nb", tag=BMP), lost=["subject", "cn"]),
    "teletex-c1": Case(common(b"a\x85b", tag=T61), lost=["subject", "cn"]),
    "universal": Case(common("Zoë 🙂", tag=UNIVERSAL)),
    "universal-nul": Case(common("a\0b", tag=UNIVERSAL), lost=["subject", "cn"]),
    "ia5-control": Case(common("a\nb", tag=IA5), lost=["subject", "cn"]),
    "empty-subject": Case([], uris=["spiffe://example.org/nobody"]),
    "empty-values": Case([[attribute(O, "")], *common("")]),
    "many-values": Case([[attribute(COUNTRY, "DE", PRINTABLE)], [attribute(O, "A"), attribute(OU, "B+C"),
                                                                 attribute(UID, "u,v")], *common("alice")]),
    "two-common-names": Case(common("outer", "inner")),
    "the-last-common-name-is-unreadable": Case([*common("outer"), *common(b"\xff", tag=IA5)], lost=["cn"]),
    "mail-and-domain": Case([[attribute(DC, "example", IA5)], [attribute(EMAIL, "a@example", IA5)], *common("alice")]),
    "unknown-oid": Case([[attribute("1.3.6.1.4.1.99999.1", 'v",;\n')], *common("alice")]),
    "long-oid": Case([[attribute(LONG_OID, "v")], *common("alice")]),
    "oid-beyond-64-bits": Case([[attribute(BIG_ARC, "v")], *common("alice")], lost=["subject"]),
    "algorithm-as-attribute": Case([[attribute("1.2.840.113549.1.1.4", "v")], [attribute("2.16.840.1.101.3.4.3.1", "w")],
                                    *common("alice")]),
    "uris": Case(common("alice"), uris=[
        "https://a/;Subject=admin", ("https://a/,By=x", "l"), 'urn:a"b', "urn:a=b;c", ("urn:\\", "q"), ("urn:a\nb", "ql"),
        ("urn:\0", "ql"), (" urn:s", "l"), ("urn:s ", "l"), "urn:ok", (b"urn:\xff", "ql"), ("urn:zoë", "ql"), ("urn:a\x7f", "ql"),
        ("", "ql"), ("urn:a\u0085", "ql")]),
    "dns": Case(common("alice"), dns=[
        "a.example", 'a";DNS="b', ("a,b.example", "l"), "a;b", ("a\0.example", "ql"), ("a\r\nX-Admin: yes", "ql"),
        "*.example", ("\\", "q"), (b"\xff", "ql")]),
    "500-names": Case(common("alice"), dns=[f"host-{n}.some-long-domain.example" for n in range(500)],
                      uris=[f"urn:x:{n}" for n in range(500)]),
    "long-serial": Case(common("alice"), serial=1 << 8000),
    "negative-serial": Case(common("alice"), serial=-255),
    "zero-serial": Case(common("alice"), serial=0),
    "serial-with-the-high-bit": Case(common("alice"), serial=0xff << 152),
}


def reading(tag, raw):
    """Returns the text of a string value, or None if it has none."""
    try:
        if tag in (der.PRINTABLE, der.NUMERIC, IA5):
            return raw.decode("ascii")
        if tag == T61:
            return raw.decode("latin-1")
        if tag == BMP and any(0xd8 <= high <= 0xdf for high in raw[::2]):
            return None
        return raw.decode({UTF8: "utf-8", BMP: "utf-16-be", UNIVERSAL: "utf-32-be"}[tag])
    except (UnicodeDecodeError, KeyError):
        return None


def same_name(written, rdns):
    """Returns whether a distinguished name, read strictly, consists of these relative names."""
    got = readers.distinguished_name(written)
    wanted = [[(kind, ("text", reading(tag, raw)), ("der", der.tlv(tag, raw))) for kind, tag, raw in rdn]
              for rdn in reversed(rdns)]
    return len(got) == len(wanted) and all(
        len(have) == len(want) and all((kind, text) in have or (kind, whole) in have for kind, text, whole in want)
        for have, want in zip(got, wanted))


def der_of(authority):
    return authority.certificate.public_bytes(Encoding.DER)


def listener_for(base, name, **identity_headers):
    result = copy.deepcopy(base)
    result["name"] = name
    result["identity_headers"] = copy.deepcopy({"xfcc_fields": ALL_XFCC, "client_cert": "chain", "set": SET,
                                                "max_bytes": "1MiB", **identity_headers})  # one object for each use: YAML
    return result


def every_mode(pki, upstream):
    config = configuration(pki, upstream)
    base, = config["listeners"]
    config["listeners"] = [
        listener_for(base, "public"),
        listener_for(base, "append", xfcc="append_forward"),
        listener_for(base, "sanitize", xfcc="sanitize", client_cert="leaf"),
        listener_for(base, "forward", xfcc="forward_only", client_cert="off", set={}),
        listener_for(base, "always", xfcc="always_forward_only", client_cert="off", set={}),
    ]
    return config


def check_element(element, case, identity):
    def values(key):
        return [value for have, value in element if have == key]

    assert values("by") == [b"spiffe://example.org/app"]
    assert values("hash") == [identity.sha256.encode()]
    if "subject" in case.lost or not case.rdns:
        assert values("subject") == []
    else:
        assert len(values("subject")) == 1 and same_name(values("subject")[0], case.rdns), values("subject")
    assert values("uri") == [u for u, lost in case.uris if "q" not in lost]
    assert values("dns") == [d for d, lost in case.dns if "q" not in lost]
    assert [urllib.parse.unquote_to_bytes(v) for v in values("cert")] == [identity.leaf_pem]
    assert [urllib.parse.unquote_to_bytes(v) for v in values("chain")] == [identity.chain_pem]
    assert len(element) == 4 + len(values("subject")) + len(values("uri")) + len(values("dns"))


def check_set(got, case, identity, pki):
    assert got["x-verify"] == b"SUCCESS"
    assert same_name(got["x-issuer"], [[attribute(CN, "mantlet test intermediate")]])
    if "subject" in case.lost or not case.rdns:
        assert "x-dn" not in got
    else:
        assert same_name(got["x-dn"], case.rdns), got["x-dn"]
    names = [(tag, raw) for rdn in case.rdns for kind, tag, raw in rdn if kind == CN]
    if "cn" in case.lost or not names or not names[-1][1]:
        assert "x-cn" not in got
    else:
        assert got["x-cn"] == reading(*names[-1]).encode()
    for header, names in (("x-uri", case.uris), ("x-dns", case.dns)):
        assert got.get(header, b"") == b",".join(name for name, lost in names if "l" not in lost)
    if case.serial is not None:
        assert int(got["x-serial"], 16) == case.serial
    assert got["x-fp256"] == identity.sha256.encode()
    assert urllib.parse.unquote_to_bytes(got["x-pem"]) == identity.leaf_pem
    assert readers.item(b":" + got["x-der"] + b":") == identity.leaf_der
    assert got["x-from"][-1:] == got["x-until"][-1:] == b"Z"


def headers_of(request):
    """Returns all headers as bytes; checks that there are no duplicates and no invalid bytes."""
    got = {}
    for name, value in request.headers:
        raw = value.encode("latin-1")
        assert not any(byte < 0x20 or byte == 0x7f for byte in raw), (name, raw)
        assert name.lower() not in got, f"{name} twice"
        got[name.lower()] = raw
    return got


def get(proxy, pki, identity, listener="public", target="/"):
    """Sends one request with the client certificate, by a client that does not parse it, and returns the response."""
    client = tls12.Client(proxy.address(listener), [identity.leaf_der, der_of(pki.ca)], identity.key)
    try:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nx-forwarded-client-cert: {THEIRS}\r\n\r\n".encode())
        return Reader(client).response()
    finally:
        client.close()


def dropped(proxy, listener="public", **labels):
    return proxy.metric("mantlet_identity_fields_dropped_total", listener=listener, **labels)


@pytest.mark.parametrize("kind", CASES)
def test_a_strict_reader_finds_the_value_of_the_certificate_or_nothing(launch, upstream, pki, kind):
    case = CASES[kind]
    identity = case.issue(pki.ca)
    proxy = launch(every_mode(pki, upstream))
    seen = {}
    for listener in ("public", "append", "sanitize", "forward", "always"):
        assert get(proxy, pki, identity, listener).status == 200
        seen[listener] = headers_of(upstream.requests[-1])
    known = {name.lower() for name in SET} | INCOMING | {"x-forwarded-client-cert", "client-cert", "client-cert-chain"}
    for got in seen.values():
        assert set(got) <= known

    for listener in ("public", "append", "sanitize"):
        got = seen[listener]
        check_set(got, case, identity, pki)
        assert readers.item(got["client-cert"]) == identity.leaf_der
        if listener != "sanitize":
            assert readers.byte_sequences(got["client-cert-chain"]) == [der_of(pki.ca)]
        if listener == "public":
            ours, = readers.xfcc(got["x-forwarded-client-cert"])
        elif listener == "append":
            theirs, ours = readers.xfcc(got["x-forwarded-client-cert"])
            assert theirs == readers.xfcc(THEIRS.encode())[0]
        else:
            assert "x-forwarded-client-cert" not in got and "client-cert-chain" not in got
            continue
        check_element(ours, case, identity)
    for listener in ("forward", "always"):
        assert seen[listener]["x-forwarded-client-cert"] == THEIRS.encode()

    assert (dropped(proxy) > 0) == case.loses
    assert dropped(proxy, reason="too_large") == 0
    wait_until(lambda: len(proxy.access_log()) == 5, 5, "five access log records")
    if case.loses:
        proxy.wait_log("identity_fields_left_out", listener="public")
    else:
        assert not proxy.log("identity_fields_left_out")


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_name_that_is_damaged_in_its_encoding_is_refused(start, upstream, pki, kind):
    proxy = start(upstream)
    raw, tag = DAMAGED[kind]
    identity = der.issue(pki.ca, common(raw, tag=tag))
    with pytest.raises(tls12.Alert) as refusal:
        get(proxy, pki, identity)
    assert refusal.value.code == 42  # bad_certificate
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="invalid_certificate")
    assert proxy.metric("mantlet_tls_handshake_failures_total") == 1
    assert proxy.wait_log("handshake_failed", reason="invalid_certificate")["detail"]
    assert len(proxy.log("handshake_failed")) == 1
    assert not upstream.requests


# -- size ---------------------------------------------------------------------

FLOOD = Case(common("alice"), uris=["spiffe://example.org/alice"],
             dns=[f"host-{n}.some-long-domain.example" for n in range(500)])
# A tenth of the header size of nginx, Apache and Gunicorn is for other headers.
SMALL = {"xfcc_fields": ALL_XFCC, "client_cert": "chain",
         "set": {"X-Verify": "verify", "X-Dn": "subject", "X-Pem": "cert_pem_urlencoded", "X-Dns": "san_dns"}}


def block_size(headers):
    return sum(len(name) + len(value) + 4 for name, value in headers.items() if name not in INCOMING)


def fallback(launch, pki, upstream, case, max_bytes):
    """Returns the identity headers under a limit, which they respect, and the proxy."""
    config = configuration(pki, upstream)
    config["listeners"][0]["identity_headers"] = {**SMALL, "max_bytes": max_bytes}
    proxy = launch(config)
    assert get(proxy, pki, case.issue(pki.ca)).status == 200
    got = headers_of(upstream.requests[-1])
    assert block_size(got) <= max_bytes
    return got, proxy


def keys_of(got):
    element, = readers.xfcc(got["x-forwarded-client-cert"])
    return {key for key, _ in element}


@pytest.mark.parametrize("max_bytes, steps", [(64 * 1024, 0), (8500, 1), (3500, 2), (1024, 3)])
def test_values_that_are_too_large_are_omitted_step_by_step(launch, upstream, pki, max_bytes, steps):
    case = Case(common("alice"), uris=["spiffe://example.org/alice"], dns=["d" * 60 + f"-{n}.example" for n in range(12)])
    got, proxy = fallback(launch, pki, upstream, case, max_bytes)
    assert ("client-cert-chain" in got) == ("chain" in keys_of(got)) == (steps < 1)
    assert ("client-cert" in got) == ("x-pem" in got) == ("cert" in keys_of(got)) == (steps < 2)
    assert ("x-dns" in got) == ("dns" in keys_of(got)) == ("uri" in keys_of(got)) == (steps < 3)
    assert {"by", "hash", "subject"} <= keys_of(got) and same_name(got["x-dn"], case.rdns)
    assert dropped(proxy, reason="too_large") == steps and dropped(proxy, reason="unsafe") == 0
    if steps:
        record = proxy.wait_log("identity_fields_left_out")
        flags = ("chain_left_out", "certificate_left_out", "names_left_out", "fields_left_out")
        assert [record[flag] for flag in flags] == [n < steps for n in range(4)]


def test_of_a_name_that_is_too_large_only_verify_is_left(launch, upstream, pki):
    got, proxy = fallback(launch, pki, upstream, Case(common("n" * 10240)), 1024)
    assert got["x-verify"] == b"SUCCESS"
    assert not {"x-forwarded-client-cert", "client-cert", "x-dn"} & set(got)
    assert proxy.wait_log("identity_fields_left_out")["fields_left_out"] is True


def test_a_flood_of_names_costs_only_the_names_by_default(launch, upstream, pki):
    """The configuration does not set sizes or fields."""
    case = Case(common("alice"), dns=[f"host-{n}.some-long-domain.example" for n in range(2000)])
    proxy = launch(configuration(pki, upstream))
    assert get(proxy, pki, case.issue(pki.ca)).status == 200
    got = headers_of(upstream.requests[-1])
    assert block_size(got) <= 16 * 1024
    assert keys_of(got) == {"by", "hash", "subject"}
    assert proxy.metric("mantlet_identity_fields_dropped_total", reason="too_large") == 1


def test_an_application_with_small_limits_is_never_overrun(launch, pki, tmp_path):
    """nginx accepts 8 KiB per line and would answer 400."""
    nginx = Nginx(tmp_path / "nginx")
    try:
        config = configuration(pki, nginx)
        config["listeners"][0]["identity_headers"] = {**SMALL, "max_bytes": "8KiB"}
        proxy = launch(config)
        reply = get(proxy, pki, FLOOD.issue(pki.ca), target="/echo")
        assert reply.status == 200
        element, = readers.xfcc(reply.headers.get("X-Xfcc").encode("latin-1"))
        assert {"hash", "subject"} <= {key for key, _ in element}
    finally:
        nginx.close()


# -- the readers themselves ------------------------------------------------------


@pytest.mark.parametrize("text, value", [(b"::", b""), (b":YQ==:", b"a"), (b":YWI=:", b"ab"), (b":+/+/:", b"\xfb\xff\xbf")])
def test_the_reader_of_byte_sequences_takes(text, value):
    assert readers.item(text) == value


@pytest.mark.parametrize("text", [
    b"", b":", b":YQ==", b"YQ==:", b":YQ:", b":YQ=:", b":YR==:", b": YQ==:", b":YQ== :", b":Y Q=:", b":-_-_:", b":YQ==:x",
    b":=YQ=:", b":Y\xc3\xa9==:", b":YWI=:,", b'"YQ=="'])
def test_the_reader_of_byte_sequences_refuses(text):
    with pytest.raises(readers.Malformed):
        readers.item(text)


@pytest.mark.parametrize("text", [
    b"CN=a;b", b"CN=a,", b"CN", b"CN=\"a\"", b"CN= a", b"CN=a ", b"CN=#", b"CN=#0", b"CN=a\\", b"CN=a\\q", b"CN=a+",
    b"=a", b"1.2.3=a", b"Nonsense=a", b"CN=\\ff"])
def test_the_reader_of_distinguished_names_refuses(text):
    with pytest.raises(readers.Malformed):
        readers.distinguished_name(text)


@pytest.mark.parametrize("text", [
    b"", b"Hash", b"Hash=1;", b"Hash=1,", b'Subject="a', b'Subject="a"b', b"Nonsense=1", b'Subject=a"b"', b"Hash=a=b"])
def test_the_reader_of_xfcc_refuses(text):
    with pytest.raises(readers.Malformed):
        readers.xfcc(text)
