"""SPIFFE: each client is verified against the bundle of its own trust domain and by the rules of X.509-SVIDs."""

import json
import socket
import ssl

import pytest
from harness import clients, pki as pki_module, spiffe
from harness.proxy import run_command
from harness.spiffe import TrustDomain
from harness.timing import scaled, wait_until

DOMAINS = ("example.org", "example.com")
QUICK = {"reload": {"interval": "0s"}}


@pytest.fixture(scope="module")
def org():
    return TrustDomain("example.org")


@pytest.fixture(scope="module")
def com():
    return TrustDomain("example.com")


@pytest.fixture
def files(tmp_path, org, com):
    """The bundle files: example.org as JSON, example.com as PEM."""
    spiffe.write_json(tmp_path / "org.json", spiffe.bundle(org))
    (tmp_path / "com.pem").write_bytes(com.pem)
    return {"example.org": tmp_path / "org.json", "example.com": tmp_path / "com.pem"}


def listener(files, **client_auth):
    domains = [{"name": name, "bundle": [str(path)]} for name, path in files.items()]
    return {"client_auth": {"trust_bundle": None, "spiffe": {"trust_domains": domains}, **client_auth},
            "identity_headers": {"set": {"X-Spiffe-Id": "spiffe_id"}}}


@pytest.fixture
def mesh(start, upstream, files):
    """A proxy that accepts SVIDs of both trust domains and no other clients."""
    return start(upstream, listener=listener(files), **QUICK)


@pytest.fixture
def show(pki, tmp_path):
    """show(proxy, identity) returns (status, body) for a client, or the reason of its rejection."""
    def run(proxy, identity):
        before = reasons(proxy)
        context = clients.context(pki, client=identity.write(tmp_path / "clients", "client"))
        try:
            return clients.get_json(proxy.address(), context)
        except OSError:
            wait_until(lambda: reasons(proxy) != before, 5, "a counted failure")
            new = {key: value for key, value in reasons(proxy).items() if value != before.get(key)}
            assert len(new) == 1, new
            return next(iter(new))

    return run


def reasons(proxy):
    samples = proxy.metrics().matching("mantlet_tls_handshake_failures_total")
    return {dict(labels)["reason"]: value for labels, value in samples.items() if value}


def the_record(proxy, reason):
    wait_until(lambda: proxy.log(reason=reason), 5, f"a record with reason {reason}")
    records = proxy.log(reason=reason)
    assert len(records) == 1, records
    return records[0]


def header(account, name):
    return [value for key, value in account["headers"] if key.lower() == name]


def test_svids_of_both_trust_domains_are_accepted(mesh, show, org, com):
    for domain in (org, com):
        status, account = show(mesh, domain.svid())
        assert status == 200
        assert header(account, "x-spiffe-id") == [f"spiffe://{domain.name}/web"]
        assert f'URI="spiffe://{domain.name}/web"' in header(account, "x-forwarded-client-cert")[0]
    assert [record["spiffe_id"] for record in mesh.wait_access(2)] == [f"spiffe://{name}/web" for name in DOMAINS]


def test_curl_and_openssl_get_in_with_an_svid(mesh, pki, org, tmp_path):
    svid = org.svid().write(tmp_path, "svid")
    assert clients.curl(pki, mesh, client=svid).returncode == 0
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert " 200 " in clients.s_client(pki, mesh.address(), client=svid, data=request).stdout


def test_no_authority_can_mint_the_other_domains_ids(mesh, upstream, show, org, com):
    assert show(mesh, com.svid("spiffe://example.org/admin")) == "unknown_ca"
    record = the_record(mesh, "unknown_ca")
    assert record["issuer"] == f"CN={com.cn}"
    # The name of the other authority does not help.
    twin = TrustDomain("example.org", cn=org.cn)
    assert show(mesh, twin.svid()) == "bad_signature"
    # Neither does a CA that one authority certified for the other's domain.
    below = TrustDomain("example.org", issuer=com)
    assert show(mesh, below.svid()) == "unknown_ca"
    assert not upstream.requests


def test_a_ca_for_another_domain_below_ours_cannot_mint_our_ids(mesh, show, org):
    other = TrustDomain("other.example", issuer=org)
    assert show(mesh, other.svid("spiffe://example.org/admin")) == "spiffe_invalid"
    assert the_record(mesh, "spiffe_invalid")["depth"] == 1
    own = TrustDomain("example.org", issuer=org)
    assert show(mesh, own.svid())[0] == 200


def test_an_unknown_trust_domain_is_refused(mesh, show):
    assert show(mesh, TrustDomain("stranger.example").svid()) == "unknown_ca"


VIOLATIONS = {
    "two-uris": {"uris": ["spiffe://example.org/web", "https://example.org/"]},
    "two-ids": {"uris": ["spiffe://example.org/web", "spiffe://example.org/db"]},
    "no-uri": {"uris": []},
    "another-scheme": {"uri": "https://example.org/web"},
    "upper-case-scheme": {"uri": "SPIFFE://example.org/web"},
    "upper-case-domain": {"uri": "spiffe://Example.org/web"},
    "no-path": {"uri": "spiffe://example.org"},
    "root-path": {"uri": "spiffe://example.org/"},
    "trailing-slash": {"uri": "spiffe://example.org/web/"},
    "dot-segment": {"uri": "spiffe://example.org/a/../web"},
    "query": {"uri": "spiffe://example.org/web?x"},
    "fragment": {"uri": "spiffe://example.org/web#x"},
    "port": {"uri": "spiffe://example.org:443/web"},
    "user": {"uri": "spiffe://user@example.org/web"},
    "percent": {"uri": "spiffe://example.org/%77eb"},
    "too-long": {"uri": "spiffe://example.org/" + "a" * 2028},
    "a-ca": {"ca": True, "key_usage": ("digital_signature",)},
    "no-key-usage": {"key_usage": ()},
    "uncritical-key-usage": {"critical": False},
    "key-cert-sign": {"key_usage": ("digital_signature", "key_cert_sign")},
    "crl-sign": {"key_usage": ("digital_signature", "crl_sign")},
    "client-auth-only": {"usage": pki_module.CLIENT},
    "server-auth-only": {"usage": pki_module.SERVER},
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_each_rule_of_svids_is_kept(mesh, upstream, show, org, violation):
    identity = org.svid(**VIOLATIONS[violation])
    assert show(mesh, identity) == "spiffe_invalid"
    record = the_record(mesh, "spiffe_invalid")
    assert record["serial"].lstrip("0") == identity.serial_hex
    assert record["depth"] == 0
    assert reasons(mesh) == {"spiffe_invalid": 1}
    assert not upstream.requests


def test_a_key_that_may_not_sign_is_refused_by_tls_itself(mesh, show, org):
    assert show(mesh, org.svid(key_usage=("key_encipherment",))) == "wrong_purpose"


def test_an_svid_may_lack_optional_parts(mesh, show, org):
    assert show(mesh, org.svid(usage=()))[0] == 200
    assert show(mesh, org.svid("spiffe://example.org/" + "a" * 2027))[0] == 200


def test_an_expired_svid_is_expired(mesh, show, org):
    assert show(mesh, org.svid(not_after=pki_module.now() - pki_module.DAY / 2)) == "expired"


def test_without_a_trust_bundle_only_svids_get_in(mesh, show, pki):
    assert show(mesh, pki.ca.issue("no id")) == "spiffe_invalid"
    assert show(mesh, pki.ca.issue("an id", sans=("spiffe://example.org/web",), usage=spiffe.BOTH)) == "unknown_ca"


def test_with_a_trust_bundle_others_get_in_but_no_ids(start, upstream, show, files, pki, org):
    proxy = start(upstream, listener=listener(files, trust_bundle=[pki.ca_file]))
    assert show(proxy, org.svid())[0] == 200
    status, account = show(proxy, pki.ca.issue("no id", sans=("https://example.org/web",)))
    assert (status, header(account, "x-spiffe-id")) == (200, [])
    for forged in ("spiffe://example.org/web", "spiffe://stranger.example/web"):
        assert show(proxy, pki.ca.issue("forged", sans=(forged,), usage=spiffe.BOTH)) == "unknown_ca"
    assert show(proxy, pki.ca.issue("forged", sans=("SPIFFE://example.org/web",))) == "spiffe_invalid"


def test_a_removed_authority_is_trusted_no_more(mesh, show, files, org):
    successor = TrustDomain("example.org")
    spiffe.write_json(files["example.org"], spiffe.bundle(org, successor, sequence=2))
    mesh.wait_metric("mantlet_reloads_total", 2, result="success")
    assert show(mesh, org.svid())[0] == show(mesh, successor.svid())[0] == 200
    spiffe.write_json(files["example.org"], spiffe.bundle(successor, sequence=3))
    mesh.wait_metric("mantlet_reloads_total", 3, result="success")
    assert show(mesh, org.svid()) == "unknown_ca"
    assert show(mesh, successor.svid())[0] == 200


def come_back(proxy, context, session=None):
    """Sends one request; returns (whether the session was resumed, a session for the next connection)."""
    with socket.create_connection(proxy.address(), timeout=scaled(10)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert tls.recv(1000).startswith(b"HTTP/1.1 200 ")
            return tls.session_reused, tls.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls12", "tls13"])
def test_no_session_outlives_its_authority(start, upstream, files, pki, tmp_path, org, com, version):
    proxy = start(upstream, listener={**listener(files), "tls": {"session_resumption": "on"}}, **QUICK)
    svid = org.svid().write(tmp_path, "svid")
    context = clients.context(pki, client=svid, minimum=version, maximum=version)
    resumed, session = come_back(proxy, context)
    assert not resumed
    resumed, session = come_back(proxy, context, session)
    assert resumed
    spiffe.write_json(files["example.org"], spiffe.bundle(com, sequence=2))
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        come_back(proxy, context, session)
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, reason="unknown_ca")


@pytest.mark.parametrize("action", ["drain", "close"])
def test_open_connections_of_a_removed_authority_end_and_no_others(
        start, upstream, files, pki, connect, tmp_path, org, com, action):
    proxy = start(upstream, listener=listener(files, on_revocation=action), shutdown={"drain": "10s"}, **QUICK)
    successor = TrustDomain("example.org")
    spiffe.write_json(files["example.org"], spiffe.bundle(org, successor, sequence=2))
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")

    def client(domain, name):
        svid = domain.svid(f"spiffe://{domain.name}/{name}").write(tmp_path, name)
        return connect(proxy, clients.context(pki, client=svid))

    idle, busy = client(org, "idle"), client(org, "busy")
    kept = [client(successor, "successor"), client(com, "neighbour")]
    for each in (idle, *kept):
        assert each.get().status == 200
    busy.send("GET /slow/1.5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "/slow" in [request.target[:5] for request in upstream.requests], 5, "the request")

    spiffe.write_json(files["example.org"], spiffe.bundle(successor, sequence=3))
    proxy.wait_metric("mantlet_connections_ended_total", 2, reason="unknown_ca")
    assert idle.reader.at_end(), "close_notify, and nothing else"
    if action == "drain":
        reply = busy.response()
        assert (reply.status, reply.headers.all("Connection")) == (200, ["close"])
    assert busy.closed()
    records = proxy.log("connection_ended")
    assert {(record["subject"], record["action"], record["state"]) for record in records} == {
        ("CN=workload", action, "idle"), ("CN=workload", action, "request")}
    for each in kept:
        assert each.get().status == 200
    assert proxy.metric("mantlet_connections_ended_total") == 2


def test_empty_keys_revoke_the_whole_domain_and_no_other(mesh, show, files, org, com):
    spiffe.write_json(files["example.org"], {"keys": []})
    mesh.wait_metric("mantlet_reloads_total", 2, result="success")
    assert show(mesh, org.svid()) == "unknown_ca"
    assert show(mesh, com.svid())[0] == 200


@pytest.mark.parametrize("torn", ['{"keys":[', "", "{}", '{"keys":[],"keys":[]}', '{"keys":{}}',
                                  '{"keys":[{"use":"x509-svid","kty":"EC","x5c":["AAAA"]}]}'])
def test_an_incomplete_bundle_keeps_the_old_one(mesh, show, files, org, torn):
    spiffe.write_json(files["example.org"], torn)
    mesh.wait_metric("mantlet_reload_pending", 1)
    assert show(mesh, org.svid())[0] == 200
    spiffe.write_json(files["example.org"], spiffe.bundle(org, sequence=2))
    mesh.wait_metric("mantlet_reload_pending", 0)
    assert show(mesh, org.svid())[0] == 200


def test_order_and_other_uses_of_keys_are_no_change(mesh, files, org):
    second = TrustDomain("example.org")
    spiffe.write_json(files["example.org"], spiffe.bundle(org, second))
    mesh.wait_metric("mantlet_reloads_total", 2, result="success")
    generation = json.loads(mesh.get("/certs", "admin")[1])["generation"]
    other = spiffe.jwk(org, use="jwt-svid", kid="1")
    spiffe.write_json(files["example.org"], spiffe.bundle(second, org, sequence=9, more=[other]))
    mesh.wait_metric("mantlet_reloads_total", 3, result="success")
    assert json.loads(mesh.get("/certs", "admin")[1])["generation"] == generation


def test_a_sequence_that_falls_is_worth_a_warning(mesh, files, org):
    spiffe.write_json(files["example.org"], spiffe.bundle(org, TrustDomain("example.org"), sequence=0))
    assert "spiffe_sequence 0, lower than before (1)" in mesh.wait_log("certificate_warning")["msg"]


def test_a_bundle_map_holds_several_trust_domains(start, upstream, show, tmp_path, org, com):
    path = tmp_path / "map.json"
    spiffe.write_json(path, {"trust_domains": {"example.org": spiffe.bundle(org), "example.com": {"keys": []}}})
    auth = {"trust_bundle": None, "spiffe": {"bundle_map": str(path)}}
    proxy = start(upstream, listener={"client_auth": auth}, **QUICK)
    assert show(proxy, org.svid())[0] == 200
    assert show(proxy, com.svid()) == "unknown_ca"
    spiffe.write_json(path, {"trust_domains": {"example.com": spiffe.bundle(com)}})
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    assert show(proxy, com.svid())[0] == 200
    assert show(proxy, org.svid()) == "unknown_ca"


def test_an_authority_may_be_an_intermediate(start, upstream, show, tmp_path, org):
    below = TrustDomain("example.org", issuer=org)
    path = spiffe.write_json(tmp_path / "bundle.json", spiffe.bundle(below))
    auth = {"trust_bundle": None, "spiffe": {"trust_domains": [{"name": "example.org", "bundle": [path]}]}}
    proxy = start(upstream, listener={"client_auth": auth})
    assert show(proxy, below.svid())[0] == 200
    # Certificates above the authority are not trusted.
    assert show(proxy, org.svid()) == "unknown_ca"


def test_authorities_are_shown_with_file_and_trust_domain(mesh, files, org, com):
    shown = json.loads(mesh.get("/certs", "admin")[1])["listeners"][0]
    assert {(a["trust_domain"], a["file"], a["subject"]) for a in shown["trust_anchors"]} == {
        (domain.name, str(files[domain.name]), f"CN={domain.cn}") for domain in (org, com)}
    ends = mesh.metrics().matching("mantlet_trust_anchor_not_after_timestamp_seconds")
    assert {(dict(labels)["trust_domain"], dict(labels)["file"]) for labels in ends} == {
        (name, str(files[name])) for name in DOMAINS}
    checked = run_command("check", "--config", mesh.config_path)
    assert checked.returncode == 0, checked.stderr
    for name in DOMAINS:
        assert f"trust domain {name} {files[name]}" in checked.stdout


def test_two_anchors_of_one_subject_make_two_series(mesh, files, org):
    spiffe.write_json(files["example.org"], spiffe.bundle(org, TrustDomain("example.org", cn=org.cn)))
    mesh.wait_metric("mantlet_reloads_total", 2, result="success")
    ends = mesh.metrics().matching("mantlet_trust_anchor_not_after_timestamp_seconds", trust_domain="example.org")
    assert len(ends) == 2
    assert len({dict(labels)["serial"] for labels in ends}) == 2


def test_the_own_svid_is_sent_as_by(mesh, show, org):
    assert 'By="spiffe://example.org/app"' in header(show(mesh, org.svid())[1], "x-forwarded-client-cert")[0]
