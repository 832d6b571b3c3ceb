"""Every reason of handshake failures, caused by real clients: one count, one record, and only the alert for the
client. | clients | make | |---|---| | `openssl s_client`, curl, Python's ssl | all that a wrong certificate, version,
cipher suite or server name can cause | | curl over http:// | plaintext_http | | a TLS 1.2 client of ours
(harness/tls12.py) | a signature by another key, names damaged in their encoding, a wrong Finished | | a socket |
not_tls, timeout, rate_limited, peer_closed |
"""

import re
import socket
import ssl
import subprocess

import pytest
from harness import clients, der, spiffe, tls12
from harness.pki import DAY, SERVER, Authority, der as der_of, now
from harness.proxy import REPOSITORY
from harness.timing import scaled, wait_until

WEAK = "ALL:@SECLEVEL=0"  # of the library on the client's side
ALWAYS = {"ts", "level", "event", "msg", "listener", "peer", "reason", "detail"}
AT_FAULT = {"subject", "issuer", "serial", "not_after", "depth"}
# RFC 8446 section 6
CLOSE, HANDSHAKE_FAILURE, BAD_CERTIFICATE, UNSUPPORTED_CERTIFICATE, REVOKED, EXPIRED, CERTIFICATE_UNKNOWN = 0, 40, 42, 43, 44, 45, 46
UNKNOWN_CA, DECRYPT_ERROR, PROTOCOL_VERSION, UNRECOGNIZED_NAME, CERTIFICATE_REQUIRED = 48, 51, 70, 112, 116
ILLEGAL_PARAMETER, DECODE_ERROR, NO_APPLICATION_PROTOCOL = 47, 50, 120
NAMES = {47: "illegal parameter", 50: "decode error", 120: "no application protocol",
         40: "handshake failure", 42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked",
         45: "certificate expired", 46: "certificate unknown", 48: "unknown ca", 51: "decrypt error",
         70: "protocol version", 112: "unrecognized name", 116: "certificate required"}


# -- clients: each returns the number of the alert that it was sent, or None ------


def alert_in(text):
    """The one alert that a client's words tell of."""
    text = text.replace("_", " ").lower()
    found = {number for number, name in NAMES.items()
             if re.search(f"(alert|tlsv1) {name}", text) or re.search(f"alert number {number}\\b", text)}
    assert len(found) == 1, text
    return found.pop()


def openssl(world, files, maximum=None, ciphers=WEAK, server_name="localhost"):
    options = ["-servername", server_name, "-cipher", ciphers]
    if maximum:
        options.append({"1.2": "-tls1_2", "1.1": "-tls1_1"}[maximum])
    done = clients.s_client(world.pki, world.proxy.address(), *options, client=files, data=b"GET / HTTP/1.1\r\n\r\n")
    assert done.returncode != 0 or "alert" in done.stderr
    return alert_in(done.stderr)


def curl(world, files, maximum=None, ciphers=WEAK, server_name="localhost"):
    options = ["--ciphers", ciphers]
    if maximum:
        options += ["--tls-max", maximum]
    done = clients.curl(world.pki, world.proxy, "/", *options, client=files, host=server_name)
    assert done.returncode != 0 and not done.stdout
    return alert_in(done.stderr.decode("latin-1"))


def python(world, files, maximum=None, ciphers=WEAK, server_name="localhost"):
    context = clients.context(world.pki, client=files, ciphers=ciphers,
                              maximum=maximum and ssl.TLSVersion.TLSv1_2)
    return alert_in(str(clients.handshake_error(world.proxy.address(), context, server_name=server_name)))


LIBRARIES = {"openssl": openssl, "curl": curl, "python": python}


def ours(world, chain, key, **kwargs):
    with pytest.raises(tls12.Alert) as refusal:
        tls12.Client(world.proxy.address(), chain, key, **kwargs)
    return refusal.value.code


class World:
    def __init__(self, pki, tmp_path):
        self.pki, self.tmp_path, self.proxy = pki, tmp_path, None


# -- failures ----------------------------------------------------------------


class Case:
    """A failure: what of the configuration is different, and what the client does.

    clients: {name: act(world) → alert or None}. fields: what the record has besides ALWAYS; all of AT_FAULT if
    `identity` names the certificates that were shown.
    """

    def __init__(self, alert, by, listener=None, identity=None, fields=(), event="handshake_failed", alerts=()):
        self.alerts, self.clients, self.event = {alert, *alerts}, by, event
        self.listener = listener or (lambda world: {})
        self.identity = identity
        self.fields = set(fields) | (AT_FAULT | {"sni", "tls_version"} if identity else set())


def shown(alert, make, libraries=tuple(LIBRARIES), **kwargs):
    """A certificate that these libraries can send; make(world) creates it."""
    def act(library):
        return lambda world: library(world, world.identity.write(world.tmp_path / "client", "client"))

    return Case(alert, {name: act(LIBRARIES[name]) for name in libraries}, identity=make, **kwargs)


def refused(alert, fields=("sni", "tls_version"), alerts=(), listener=None, **options):
    """A handshake that all libraries can begin and that fails before a certificate is verified."""
    def act(library):
        return lambda world: library(world, world.pki.client_files if options.get("client", True) else None,
                                     **{k: v for k, v in options.items() if k != "client"})

    return Case(alert, {name: act(library) for name, library in LIBRARIES.items()}, listener=listener, fields=fields,
                alerts=alerts)


def with_lists(write, policy="if_present"):
    """A configuration with the lists of write(world) in addition to the root's."""
    def listener(world):
        path = world.tmp_path / "list.crl"
        path.write_bytes(world.pki.root.crl() + write(world))
        return {"client_auth": {"crl": {"files": [str(path)], "policy": policy}}}

    return listener


def revoking(world):
    world.identity = world.pki.ca.issue("revoked")
    return world.pki.ca.crl(world.identity)


def ended(world):
    return world.pki.ca.crl(last_update=now() - 3 * DAY, next_update=now() - DAY)


def trust_domain(world):
    domain = spiffe.TrustDomain("example.org")
    world.identity = domain.svid(uris=["spiffe://example.org/web", "spiffe://example.org/two"])
    (world.tmp_path / "domain.pem").write_bytes(domain.pem)
    return {"client_auth": {"trust_bundle": None, "spiffe": {"trust_domains": [
        {"name": "example.org", "bundle": [str(world.tmp_path / "domain.pem")]}]}}}


def plaintext_with_curl(world):
    done = subprocess.run(["curl", "-sS", "http://%s:%d/" % world.proxy.address()], capture_output=True, check=False,
                          timeout=scaled(10))
    assert b"https" in done.stdout and b"TLS" in done.stdout
    return None


def said(world, data, wait=True):
    """Sends bytes and reads to the end. Returns the alert in the response, or None."""
    with socket.create_connection(world.proxy.address(), timeout=scaled(10)) as plain:
        plain.sendall(data)
        answer = b""
        try:
            while wait and (more := plain.recv(1000)):
                answer += more
        except ConnectionError:
            pass
    return answer[6] if answer[:1] == b"\x15" else None


def hello():
    body = tls12.hello_body()
    message = b"\x01" + tls12.vector(body, 3)
    return b"\x16\x03\x01" + tls12.vector(message, 2)


def leaves_in_the_middle(world):
    with socket.create_connection(world.proxy.address(), timeout=scaled(10)) as plain:
        plain.sendall(hello())
        plain.recv(10)
    return None


def twice(world):
    """With a limit of one handshake per second, one of the next handshakes is rejected without a response."""
    for _ in range(5):
        try:
            with socket.create_connection(world.proxy.address(), timeout=scaled(10)) as plain:
                plain.sendall(hello())
                if not plain.recv(10):
                    return None
        except ConnectionError:
            return None
    raise AssertionError("nothing was refused")


def distrusting(library):
    def act(world):
        stranger = Authority.root("trusts nobody else").write(world.tmp_path, "other")
        host, port = world.proxy.address()
        if library == "openssl":
            command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", stranger, "-verify_return_error",
                       "-servername", "localhost"]
            done = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=scaled(10))
            assert b"verify error" in done.stderr + done.stdout
        elif library == "curl":
            done = subprocess.run(["curl", "-sS", "--cacert", stranger, "--resolve", f"localhost:{port}:{host}",
                                   f"https://localhost:{port}/"], capture_output=True, check=False, timeout=scaled(10))
            assert done.returncode == 60, done
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(stranger)
            with pytest.raises(ssl.SSLCertVerificationError):
                clients.RawClient((host, port), context)
        return None

    return act


class WrongFinished(tls12.Client):
    def _finished(self, master, label):
        return bytes(12)


def wrong_finished(world):
    with pytest.raises(tls12.Alert) as refusal:
        WrongFinished(world.proxy.address(), [world.pki.client.leaf_der, der_of(world.pki.ca.certificate)],
                      world.pki.client.key)
    return refusal.value.code


def signed_by_another(world):
    return ours(world, [world.pki.client.leaf_der, der_of(world.pki.ca.certificate)], world.pki.server.key)


class UnofferedAlgorithm(tls12.Client):
    """Signs the handshake and announces ecdsa_sha1, which was not offered."""

    def _say(self, kind, body):
        super()._say(kind, b"\x02\x03" + body[2:] if kind == 15 else body)


def signed_with_an_unoffered_algorithm(world):
    with pytest.raises(tls12.Alert) as refusal:
        UnofferedAlgorithm(world.proxy.address(), [world.pki.client.leaf_der, der_of(world.pki.ca.certificate)],
                           world.pki.client.key)
    return refusal.value.code


def of_another_kind(world):
    """A certificate with an Ed448 key, whose signatures are not supported."""
    return ours(world, [world.identity.leaf_der, der_of(world.pki.ca.certificate)], world.pki.client.key)


def offering(world, *protocols):
    context = clients.context(world.pki, alpn=protocols)
    return alert_in(str(clients.handshake_error(world.proxy.address(), context)))


def damaged_name(world):
    identity = der.issue(world.pki.ca, [[der.attribute(der.CN, b"\xff\xfe")]])
    return ours(world, [identity.leaf_der], identity.key)


def unknown_critical(pki):
    raw = der.issue(pki.ca, [[der.attribute(der.CN, "odd")]],
                    extensions=[der.extension("1.3.6.1.4.1.99999.7", b"\x05\x00", critical=True)])
    return raw.identity(pki.ca)


CASES = {
    "no_client_certificate": refused(CERTIFICATE_REQUIRED, client=False),
    "no_client_certificate-1.2": refused(HANDSHAKE_FAILURE, client=False, maximum="1.2", alerts=[CERTIFICATE_REQUIRED]),
    "unknown_ca": shown(UNKNOWN_CA, lambda w: Authority.root("a stranger").issue("stranger")),
    "expired": shown(EXPIRED, lambda w: w.pki.ca.issue("late", not_before=now() - 3 * DAY, not_after=now() - DAY)),
    "expired-intermediate": shown(EXPIRED, lambda w: w.pki.root.intermediate(
        "stale", not_before=now() - 3 * DAY, not_after=now() - DAY).issue("fresh")),
    "not_yet_valid": shown(EXPIRED, lambda w: w.pki.ca.issue("early", not_before=now() + DAY, not_after=now() + 3 * DAY)),
    "revoked": shown(REVOKED, lambda w: w.identity, listener=with_lists(revoking)),
    "crl_missing": shown(CERTIFICATE_UNKNOWN, lambda w: w.pki.ca.issue("unlisted"),
                         listener=with_lists(lambda w: b"", policy="require")),
    "crl_expired": shown(CERTIFICATE_UNKNOWN, lambda w: w.pki.ca.issue("unsure"), listener=with_lists(ended)),
    "bad_signature": shown(BAD_CERTIFICATE, lambda w: w.pki.ca.issue("tampered").tampered()),
    "bad_signature-of-the-handshake": Case(DECRYPT_ERROR, {"ours": signed_by_another}, fields=["sni", "tls_version"]),
    "bad_signature-algorithm": Case(ILLEGAL_PARAMETER, {"ours": signed_with_an_unoffered_algorithm},
                                    fields=["sni", "tls_version"]),
    "weak_key-ed448": Case(DECODE_ERROR, {"ours": of_another_kind}, identity=lambda w: w.pki.ca.issue("ed", key="ed448")),
    "wrong_purpose-key-usage": shown(ILLEGAL_PARAMETER, lambda w: w.pki.ca.issue("encipherer", encipherment=True),
                                     alerts=[UNSUPPORTED_CERTIFICATE]),
    "no_application_protocol": Case(NO_APPLICATION_PROTOCOL, {"h3": lambda w: offering(w, "h3"),
                                                              "acme": lambda w: offering(w, "acme-tls/1", "x")},
                                    fields=["sni", "tls_version"]),
    "weak_key": shown(BAD_CERTIFICATE, lambda w: w.pki.ca.issue("weak", key="rsa1024"),
                      libraries=("openssl", "python")),  # curl will not load it
    "wrong_purpose": shown(UNSUPPORTED_CERTIFICATE, lambda w: w.pki.ca.issue("a server", usage=SERVER)),
    "name_constraint": shown(BAD_CERTIFICATE, lambda w: w.pki.root.intermediate(
        "constrained", permitted_dns=["inside.example"]).issue("outsider", sans=("outside.example",))),
    "path_too_long": shown(UNKNOWN_CA, lambda w: w.pki.root.intermediate("short", path_length=0)
                           .intermediate("too deep").issue("deep")),
    "invalid_certificate": shown(BAD_CERTIFICATE, lambda w: unknown_critical(w.pki)),
    "invalid_certificate-damaged": Case(BAD_CERTIFICATE, {"ours": damaged_name}, fields=["sni", "tls_version"]),
    "spiffe_invalid": shown(BAD_CERTIFICATE, lambda w: w.identity, listener=trust_domain),
    "not_pinned": shown(BAD_CERTIFICATE, lambda w: w.pki.ca.issue("unpinned"),
                        listener=lambda w: {"client_auth": {"spki_pins": ["0" * 64]}}),
    "protocol_version": refused(PROTOCOL_VERSION, maximum="1.2",
                                listener=lambda w: {"tls": {"min_version": "1.3"}}),
    "no_shared_cipher": refused(HANDSHAKE_FAILURE, maximum="1.2", ciphers="AES128-SHA256:@SECLEVEL=0",
                                fields=["sni", "tls_version"]),
    "plaintext_http": Case(None, {"curl": plaintext_with_curl,
                                  "socket": lambda w: said(w, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")}),
    "not_tls": Case(None, {"ssh": lambda w: said(w, b"SSH-2.0-OpenSSH_9.2p1\r\n"),
                           "zeros": lambda w: said(w, bytes(64))}, alerts=[10, 50, PROTOCOL_VERSION]),
    "timeout": Case(None, {"silent": lambda w: said(w, b""), "half-a-hello": lambda w: said(w, hello()[:40])},
                    listener=lambda w: {"timeouts": {"handshake": "300ms"}}),
    "rate_limited": Case(None, {"socket": twice}, event="connection_refused", fields=["limit", "suppressed"],
                         listener=lambda w: {"limits": {"handshakes_per_second": 1}}),
    "peer_closed": Case(None, {"socket": leaves_in_the_middle}, fields=["sni", "tls_version"]),
    "peer_alert": Case(None, {name: distrusting(name) for name in LIBRARIES}, fields=["sni", "tls_version"]),
    "other": Case(DECRYPT_ERROR, {"ours": wrong_finished}, fields=["sni", "tls_version"]),
    "other-strict-sni": refused(UNRECOGNIZED_NAME, fields=["sni", "tls_version"], server_name="nobody.example",
                                listener=lambda w: {"tls": {"strict_sni": True}}),
}


def labels_in_the_code():
    text = (REPOSITORY / "proxy/base/handshake_failure.h").read_text()
    listed = text[text.index("kHandshakeFailureLabels = {"):]
    return set(re.findall(r'"([a-z_]+)"', listed[:listed.index("};")]))


def test_every_reason_that_the_code_knows_has_a_case():
    assert {kind.split("-")[0] for kind in CASES} == labels_in_the_code()


@pytest.mark.parametrize("kind, client", [(kind, client) for kind, case in CASES.items() for client in case.clients])
def test_a_failure_has_one_count_one_record_and_one_alert(start, upstream, pki, tmp_path, kind, client):
    case, reason = CASES[kind], kind.split("-")[0]
    world = World(pki, tmp_path)
    changes = case.listener(world)
    if case.identity:
        world.identity = case.identity(world)
    world.proxy = start(upstream, listener=changes)
    assert case.clients[client](world) in case.alerts

    def counts():
        samples = world.proxy.metrics().matching("mantlet_tls_handshake_failures_total")
        return {dict(labels)["reason"]: value for labels, value in samples.items() if value}

    if reason == "rate_limited":  # the connections before it left in the middle
        wait_until(lambda: counts().get("rate_limited") == 1, 5, "the count")
        records = world.proxy.log(case.event)
    else:
        wait_until(counts, 5, "a count")
        assert counts() == {reason: 1}
        wait_until(lambda: world.proxy.log(case.event), 5, f"a record; there is {world.proxy.log()}")
        records = [r for r in world.proxy.log() if "reason" in r]
    assert len(records) == 1
    record, = records
    assert record["reason"] == reason and record["event"] == case.event and record["level"] == "warn"
    assert record["peer"].startswith("127.0.0.1:") and record["listener"] == "public"
    assert set(record) - {"detail"} == (ALWAYS | case.fields) - {"detail"}, record
    if case.event == "handshake_failed":
        assert record["detail"]
        bare = re.sub(r"\([^)]*\)", "", record["detail"])
        assert not re.search(r"[A-Z]{2,}_[A-Z]", bare), f"a word of the library: {record['detail']}"
    if "tls_version" in record:
        assert record["tls_version"] in ("TLSv1.2", "TLSv1.3")
    if case.identity:
        check_certificate_at_fault(record, world)
    assert not upstream.requests


def check_certificate_at_fault(record, world):
    path = [world.identity.certificate, *world.identity.intermediates, world.pki.root.certificate]
    at_fault = path[record["depth"]]
    assert record["subject"] == at_fault.subject.rfc4514_string()
    assert record["issuer"] == at_fault.issuer.rfc4514_string()
    assert int(record["serial"], 16) == at_fault.serial_number
    assert record["not_after"] == at_fault.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert record["sni"] == "localhost"


def test_the_newest_version_that_was_offered_is_in_the_record(start, pki):
    proxy = start()
    clients.s_client(pki, proxy.address(), "-tls1_1", "-cipher", WEAK)
    assert proxy.wait_log("handshake_failed", reason="protocol_version")["tls_version"] == "TLSv1.1"


def test_probes_that_connect_and_leave_are_counted_apart_and_are_no_error(start):
    proxy = start(log={"level": "debug"})
    for _ in range(3):
        socket.create_connection(proxy.address()).close()
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 3, reason="peer_closed")
    assert proxy.metric("mantlet_tls_handshake_failures_total") == 3
    wait_until(lambda: len(proxy.log("handshake_failed")) == 3, 5, "records for those who look")
    assert {record["level"] for record in proxy.log("handshake_failed")} == {"debug"}
    assert {record["level"] for record in proxy.log() if record["event"] != "running_as_root"} <= {"debug", "info"}
