"""Policy rules."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from harness import clients
from harness.pki import name

OPTIONAL = {"mode": "optional"}


def rule(name, action, **match):
    return {"name": name, "action": action, **({"match": match} if match else {})}


def policy(*rules, default="allow", auth=None):
    listener = {"policy": {"default": default, "rules": list(rules)}}
    if auth:
        listener["client_auth"] = auth
    return listener


STAFF = policy(rule("staff", "require_client_cert", path=["/admin/**"]), auth=OPTIONAL)


def status_of(proxy, tls, target="/", method="GET"):
    """Sends one raw request over a new connection and returns the status."""
    with clients.RawClient(proxy.address(), tls) as client:
        return client.exchange(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n", method).status


def test_a_certificate_is_asked_for_on_some_paths_only(start, upstream, pki):
    proxy = start(upstream, listener=STAFF)
    anybody, alice = clients.context(pki, client=None), clients.context(pki)
    assert status_of(proxy, anybody, "/") == 200
    assert status_of(proxy, anybody, "/admin/users") == 403
    assert status_of(proxy, anybody, "/administrator") == 200
    assert status_of(proxy, alice, "/admin/users") == 200


@pytest.mark.parametrize("target, host, status", [
    ("/", "localhost", 200),
    ("/", "LocalHost.:8443", 200),
    ("/", "evil.example", 421),
    ("http://evil.example/", "evil.example", 421),
    ("/", "127.0.0.1", 421),
])
def test_a_rule_about_the_server_name_holds_for_the_host(start, upstream, pki, target, host, status):
    proxy = start(upstream, listener=policy(rule("here", "allow", sni=["localhost"]), default="deny"))
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        assert client.exchange(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").status == status
    assert len(upstream.requests) == (status == 200)


@pytest.mark.parametrize("host, status", [("localhost", 421), ("127.0.0.1", 200), ("[::1]:8443", 200)])
def test_sending_no_server_name_escapes_no_rule_about_it(start, upstream, pki, host, status):
    proxy = start(upstream, listener=policy(rule("not-here", "deny", sni=["localhost"])))
    with clients.RawClient(proxy.address(), clients.context(pki, verify=False), server_name=None) as client:
        assert client.exchange(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").status == status
    assert len(upstream.requests) == (status == 200)


def test_without_rules_about_the_server_name_any_host_will_do(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("all", "allow", path=["/**"]), default="deny"))
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        assert client.exchange("GET / HTTP/1.1\r\nHost: app.internal\r\n\r\n").status == 200


def test_curl_meets_the_same_rules(start, upstream, pki):
    proxy = start(upstream, listener=STAFF)
    asked = ["--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"]
    assert clients.curl(pki, proxy, "/x/../admin", *asked, client=None).stdout == b"403"
    assert clients.curl(pki, proxy, "/x/../admin", *asked).stdout == b"200"
    assert [request.target for request in upstream.requests] == ["/admin"]


@pytest.mark.parametrize("target", [
    "/admin", "/admin/", "//admin", "/./admin", "/x/../admin", "/%61dmin", "/x/%2e%2e/admin", "/x/.%2E/admin",
    "/admin/../admin/x", "/admin?x", "/admin/x%20y", "http://localhost/admin", "http://localhost/x/../admin/y",
])
def test_no_spelling_gets_past_a_rule(start, upstream, pki, target):
    proxy = start(upstream, listener=STAFF)
    assert status_of(proxy, clients.context(pki, client=None), target) == 403
    assert not upstream.requests


@pytest.mark.parametrize("target", [
    "/x/..%2fadmin", "/x%2F..%2Fadmin", "/x/..;/admin", "/admin;x", "/admin%3bx", "/x/..%5cadmin", "/x\\..\\admin",
    "/admin%00", "/%2561dmin", "/%c0%af/admin", "/x//../admin", "/%", "/%zz", "/a%0d%0ab",
])
def test_a_path_with_two_readings_is_a_bad_request(start, upstream, pki, target):
    proxy = start(upstream, listener=STAFF)
    assert status_of(proxy, clients.context(pki), target) == 400
    assert not upstream.requests
    assert proxy.wait_access()[0]["error"] == "bad_request"


def test_the_upstream_gets_the_path_that_was_evaluated(start, upstream, pki):
    proxy = start(upstream, listener=STAFF)
    for asked, forwarded in [("//a/./b/../%63?q=//%2e", "/a/c?q=//%2e"), ("/ADMIN", "/ADMIN"), ("/a%2cb", "/a%2Cb")]:
        assert status_of(proxy, clients.context(pki, client=None), asked) == 200
        assert upstream.requests[-1].target == forwarded


def test_without_path_conditions_a_target_is_forwarded_as_it_came(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("no-puts", "deny", method="PUT")))
    assert status_of(proxy, clients.context(pki), "//a/../%61;x") == 200
    assert upstream.requests[-1].target == "//a/../%61;x"
    assert status_of(proxy, clients.context(pki), method="PUT") == 403


def test_a_denial_is_counted_and_recorded_and_the_client_learns_no_reason(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("no-alice", "deny", cn="alice")))
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        reply = client.get("/x")
        assert reply.status == 403
        assert b"alice" not in reply.raw_head + reply.body and b"rule" not in reply.body
    assert proxy.metric("mantlet_policy_denials_total", listener="public", rule="no-alice") == 1
    assert proxy.metric("mantlet_policy_denials_total", listener="public", rule="default") == 0
    record = proxy.wait_access()[0]
    assert (record["status"], record["error"], record["rule"]) == (403, "policy_denied", "no-alice")
    assert "upstream_address" not in record
    record = proxy.wait_log("policy_denied", rule="no-alice")
    assert record["spiffe_id"] == "spiffe://example.org/alice" and record["target"] == "/x"
    assert not upstream.requests


def test_the_access_log_names_the_rule_that_permits(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("alice", "allow", dns_san="*.example"), default="deny"))
    assert status_of(proxy, clients.context(pki)) == 200
    assert proxy.wait_access()[0]["rule"] == "alice"


def test_a_new_policy_holds_on_open_connections_from_the_next_request(start, upstream, pki):
    proxy = start(upstream)
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        assert client.get("/a").status == 200
        for rules, status in [([rule("no-alice", "deny", cn="alice")], 403), ([rule("no-bob", "deny", cn="bob")], 200),
                              ([rule("none", "deny", path="/a/**")], 403)]:
            config = proxy.changed(policy={"rules": rules})
            before = proxy.metric("mantlet_reloads_total", result="success")
            proxy.write_config(config)
            proxy.get("/reload", endpoint="admin", method="POST")
            assert proxy.metric("mantlet_reloads_total", result="success") > before
            assert client.get("/a").status == status


def test_a_websocket_upgrade_is_a_request_too(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("no-ws", "deny", path="/ws/**")))
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        reply = client.get("/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        assert reply.status == 403
    assert not upstream.requests


def test_a_request_with_a_body_is_refused_before_its_body(start, upstream, pki):
    proxy = start(upstream, listener=policy(rule("no-posts", "deny", method="POST")))
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        assert client.response("POST").status == 403
    assert not upstream.requests


IDENTITIES = [
    ({"spiffe_id": "spiffe://example.org/*"}, True),
    ({"spiffe_id": "spiffe://example.org/*/x"}, False),
    ({"trust_domain": "example.org"}, True),
    ({"uri_san": "spiffe://example.org/**"}, True),
    ({"dns_san": ["alice-alt.example"]}, True),
    ({"dns_san": "*.example"}, True),
    ({"cn": "alice"}, True),
    ({"cn": "Alice"}, False),
    ({"sni": "localhost"}, True),
    ({"sni": "other"}, False),
    ({"client_cert": "present"}, True),
    ({"not": {"cn": "alice"}}, False),
    ({"any": [{"cn": "bob"}, {"all": [{"trust_domain": "example.org"}, {"method": "GET"}]}]}, True),
]


@pytest.mark.parametrize("match,holds", IDENTITIES, ids=str)
def test_a_rule_compares_the_names_of_the_certificate(start, upstream, pki, match, holds):
    proxy = start(upstream, listener=policy(rule("r", "allow", **match), default="deny"))
    assert status_of(proxy, clients.context(pki)) == (200 if holds else 403)


def test_units_keys_and_issuers_are_compared(start, upstream, pki):
    identity = pki.ca.issue(subject=name("dave", organizational_unit_name="Operations"))
    tls = clients.context(pki, client=pki.write(identity, "policy-dave"))
    spki = identity.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    issuer = pki.ca.certificate.subject.rfc4514_string()
    for match, status in [({"ou": "Operations"}, 200), ({"ou": "operations"}, 403), ({"spki_sha256": pin}, 200),
                          ({"issuer": issuer}, 200), ({"issuer": issuer.lower()}, 200), ({"issuer": "CN=other"}, 403)]:
        proxy = start(upstream, listener=policy(rule("r", "allow", **match), default="deny"))
        assert status_of(proxy, tls) == status, match


def test_check_and_the_admin_page_show_the_rules(start, upstream, pki):
    proxy = start(upstream, listener=policy(
        rule("staff", "require_client_cert", path="/admin/**"), rule("late", "deny", path=["/admin/x/**", "/y/**"]),
        rule("later", "deny", path="/y/z/**"), auth=OPTIONAL))
    status, text = proxy.get("/config", endpoint="admin")
    assert status == 200 and "staff" in text and "/admin/**" in text
    assert proxy.wait_log("config_warning")["msg"].count("the rule 'later' never decides: 'late'") == 1
