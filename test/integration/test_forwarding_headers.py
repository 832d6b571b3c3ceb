"""Headers that applications trust as those of a proxy come only from mantlet."""

import base64

import pytest
from harness import clients
from harness.proxy import configuration, merge, run_command

import yaml

FAMILY = [
    "Forwarded", "X-Real-IP", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl",
    "X-Forwarded-Scheme", "X-Forwarded-Protocol", "X-Forwarded-By", "X-Forwarded-Tls-Client-Cert", "True-Client-IP",
    "CF-Connecting-IP", "X-Client-IP", "Client-IP", "X-Cluster-Client-IP", "Front-End-Https", "X-Original-URL",
    "X-Original-Forwarded-For", "X-Rewrite-URL", "X-Scheme", "SSL_CLIENT_VERIFY", "X-SSL-Client-Verify",
    "X-ARR-ClientCert", "SCRIPT_NAME", "WL-Proxy-Client-IP", "$WSRU",
]
FORGED = "10.66.66.66"


def spellings(header):
    return {header, header.lower(), header.upper().replace("-", "_"), header.replace("-", ".", 1)}


def forged(connect, proxy, *headers):
    """A request with all of these headers in every spelling, in its head and its trailers."""
    lines = "".join(f"{s}: {FORGED}\r\n" for header in headers for s in sorted(spellings(header)))
    reply = connect(proxy).exchange(
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        f"{lines}X-Request-Id: 7\r\n\r\n3\r\nabc\r\n0\r\n{lines}X-Fine: yes\r\n\r\n")
    assert reply.status == 200


@pytest.mark.parametrize("half", [0, 1])
def test_nothing_of_the_family_comes_from_a_client(mantlet, connect, upstream, half):
    forged(connect, mantlet, *FAMILY[half::2])
    request, = upstream.requests
    assert FORGED not in str([*request.headers, *request.trailers])
    assert request.headers.get("X-Request-Id") == "7" and request.trailers.get("X-Fine") == "yes"
    assert request.headers.all("X-Forwarded-For") == ["127.0.0.1"]
    assert request.headers.all("X-Forwarded-Proto") == ["https"]
    assert request.headers.all("X-Forwarded-Host") == ["localhost"]


def test_a_proxy_of_ones_own_in_front_may_say_it(start, connect, upstream):
    proxy = start(upstream, listener={"identity_headers": {"forwarding_headers": "forward"}})
    connect(proxy).get("/", "Forwarded: for=192.0.2.9", "X-Forwarded-Port: 8443", "X-Real-IP: 192.0.2.9",
                       "X_Forwarded_Proto: http", "X-Forwarded-Proto: http", "X-Forwarded-Client-Cert: Hash=00")
    headers = upstream.requests[0].headers
    assert headers.get("Forwarded") == "for=192.0.2.9" and headers.get("X-Forwarded-Port") == "8443"
    assert headers.get("X-Real-IP") == "192.0.2.9"
    assert headers.all("X-Forwarded-Proto") == ["https"] and not headers.all("X_Forwarded_Proto")
    assert "Hash=00" not in str(list(headers))


@pytest.mark.parametrize("how, arrives", [("append", "192.0.2.9, 192.0.2.8, 127.0.0.1"), ("replace", "127.0.0.1")])
def test_forwarded_for_is_appended_to_or_replaced(start, connect, upstream, how, arrives):
    proxy = start(upstream, listener={"identity_headers": {"forwarded_for": how}})
    connect(proxy).get("/", "X-Forwarded-For: 192.0.2.9", "x-forwarded-for: 192.0.2.8", "X_Forwarded_For: 192.0.2.7")
    assert upstream.requests[0].headers.all("X-Forwarded-For") == [arrives]
    assert "192.0.2.7" not in str(list(upstream.requests[0].headers))


def test_further_names_are_removed_in_every_spelling(start, connect, upstream):
    names = ["Remote-User", "X_Auth_Request_Email"]
    proxy = start(upstream, listener={"identity_headers": {"remove": names, "forwarding_headers": "forward"}})
    forged(connect, proxy, "Remote-User", "X-Auth-Request-Email")
    request, = upstream.requests
    assert FORGED not in str([*request.headers, *request.trailers])
    connect(proxy).get("/", f"Remote-Users: {FORGED}")
    assert upstream.requests[1].headers.get("Remote-Users") == FORGED


@pytest.mark.parametrize("client_auth", ["require", "optional"])
def test_set_may_use_xfcc_if_mantlet_does_not_write_it(
        start, connect, upstream, pki, client_auth):
    headers = {"xfcc": "sanitize", "set": {"X-Forwarded-Client-Cert": "cert_der_base64"}}
    proxy = start(upstream, listener={"client_auth": {"mode": client_auth}, "identity_headers": headers})
    with_certificate = client_auth == "require"
    client = connect(proxy, clients.context(pki, client="default" if with_certificate else None))
    lines = [f"{s}: {FORGED}" for s in spellings("X-Forwarded-Client-Cert")]
    assert client.get("/", *lines).status == 200
    got = upstream.requests[0].headers
    assert FORGED not in str(list(got))
    der = base64.b64encode(pki.client.leaf_der).decode()
    assert got.all("X-Forwarded-Client-Cert") == ([der] if with_certificate else [])


def check(tmp_path, pki, **identity_headers):
    path = tmp_path / "mantlet.yaml"
    config = configuration(pki)
    config["listeners"][0] = merge(config["listeners"][0], {"identity_headers": identity_headers})
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return run_command("check", "--config", path)


@pytest.mark.parametrize("identity_headers", [
    {"xfcc": "sanitize_set", "set": {"X-Forwarded-Client-Cert": "cert_der_base64"}},
    {"xfcc": "forward_only", "set": {"x_forwarded_client_cert": "cert_der_base64"}},
    {"set": {"Client-Cert": "cert_der_base64"}},
    {"set": {"X-Forwarded-For": "cn"}},
    {"remove": ["Content_Length"]},
    {"remove": ["X-Forwarded-Client-Cert"]},
    {"remove": ["no name"]},
])
def test_check_refuses_names_that_mean_something_else(tmp_path, pki, identity_headers):
    done = check(tmp_path, pki, **identity_headers)
    assert done.returncode == 1 and "mantlet.yaml:" in done.stderr
