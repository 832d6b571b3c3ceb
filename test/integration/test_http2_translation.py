"""HTTP/2 requests as the upstream receives them in HTTP/1: no field can become two fields, a line end or a second
request.
"""

import json

import pytest
from harness import http2
from harness.http2 import PROTOCOL_ERROR

BASE = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]


def changed(**fields):
    """Returns the pseudo fields of a request with changes; None removes one."""
    named = {f":{name}": value for name, value in fields.items()}
    return [(name, named.get(name, value)) for name, value in BASE if named.get(name, value) is not None]


def test_the_upstream_receives_exactly_this_head(mantlet, upstream, pki):
    with http2.connect(mantlet, pki) as client:
        assert client.get("/a?b=c", fields=[("x-one", "1"), ("accept", "*/*"), ("x-one", "2")]).status == 200
    message = upstream.requests[0]
    lines = message.raw_head.decode().split("\r\n")
    assert lines[:2] == ["GET /a?b=c HTTP/1.1", "Host: localhost"]
    assert lines[2:5] == ["x-one: 1", "accept: */*", "x-one: 2"]
    assert not {"transfer-encoding", "content-length"} & set(message.headers.names())


def test_cookie_crumbs_become_one_field(mantlet, upstream, pki):
    with http2.connect(mantlet, pki) as client:
        client.get(fields=[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")])
    assert upstream.requests[0].headers.all("Cookie") == ["a=1; b=2; c=3"]


SPELLINGS = ["x-forwarded-client-cert", "x_forwarded_client_cert", "x-forwarded_client-cert", "client-cert",
             "client_cert", "client-cert-chain", "x-client-cn", "x_client_cn"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_forged_identities_reach_the_upstream_neither_in_the_head_nor_in_trailers(start, upstream, pki, name):
    proxy = start(upstream, listener={"identity_headers": {"set": {"X-Client-CN": "cn"}}})
    with http2.connect(proxy, pki) as client:
        answer = client.request(body=b"x", fields=[(name, "forged")], trailers=[(name, "forged"), ("x-ok", "1")])
    account = json.loads(answer.body)
    assert "forged" not in json.dumps(account)
    assert account["trailers"] == [["x-ok", "1"]]


MALFORMED = {
    "a line end in a value": [("x", "a\r\ny: b")],
    "a line feed in a value": [("x", "a\nb")],
    "a carriage return in a value": [("x", "a\rb")],
    "a null byte in a value": [("x", "a\0b")],
    "a second request in a value": [("x", "a\r\n\r\nGET /evil HTTP/1.1\r\nHost: b\r\n\r\n")],
    "a blank before a value": [("x", " a")],
    "a blank behind a value": [("x", "a ")],
    "a tab behind a value": [("x", "a\t")],
    "a colon in a name": [("x:y", "a")],
    "a line end in a name": [("x\r\ny", "a")],
    "a blank in a name": [("x y", "a")],
    "a blank behind a name": [("x ", "a")],
    "a null byte in a name": [("x\0", "a")],
    "an empty name": [("", "a")],
    "upper case in a name": [("X-A", "a")],
    "connection": [("connection", "x")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "upgrade": [("upgrade", "websocket")],
    "keep-alive": [("keep-alive", "1")],
    "te with more than trailers": [("te", "gzip, trailers")],
    "a pseudo field behind a field": [("x", "y"), (":path", "/evil")],
}
MALFORMED_HEADS = {
    **MALFORMED,
    "a line end in a host": [("host", "localhost\r\nx: y")],
    "two lengths": [("content-length", "0"), ("content-length", "0")],
    "a length that is a list": [("content-length", "0, 0")],
    "a length without content": [("content-length", "5")],
    "another host": [("host", "other")],
}
PSEUDO = {
    "no method": changed(method=None),
    "no path": changed(path=None),
    "no scheme": changed(scheme=None),
    "no authority": changed(authority=None),
    "an empty path": changed(path=""),
    "two paths": [*BASE, (":path", "/")],
    "a path with a request": changed(path="/ HTTP/1.1\r\nHost: b\r\n\r\nGET /evil"),
    "a path with a blank": changed(path="/a b"),
    "a path with a fragment": changed(path="/a#b"),
    "an absolute path": changed(path="http://b/"),
    "a method with a blank": changed(method="GET /evil"),
    "an authority with a line end": changed(authority="a\r\nx: y"),
    "an authority with user information": changed(authority="u@localhost"),
    "an unknown pseudo field": [*BASE, (":x", "y")],
    "the pseudo field of a response": [*BASE, (":status", "200")],
}


def check_refused(client, answer, upstream):
    assert answer.error == PROTOCOL_ERROR or answer.status == 400, (answer.error, answer.headers)
    assert client.get("/good").status == 200, "it is an error of its stream only"
    assert [message.target for message in upstream.requests] == ["/good"]


@pytest.mark.parametrize("name", MALFORMED_HEADS)
def test_a_malformed_field_is_an_error_of_its_stream(mantlet, upstream, pki, name):
    with http2.connect(mantlet, pki) as client:
        check_refused(client, client.get("/bad", fields=MALFORMED_HEADS[name]), upstream)


@pytest.mark.parametrize("name", PSEUDO)
def test_wrong_pseudo_fields_are_an_error_of_their_stream(mantlet, upstream, pki, name):
    with http2.connect(mantlet, pki) as client:
        check_refused(client, client.get(pseudo=PSEUDO[name]), upstream)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_request_with_malformed_trailers_never_ends_at_the_upstream(mantlet, upstream, pki, name):
    with http2.connect(mantlet, pki) as client:
        check_refused(client, client.request("/bad", body=b"abc", trailers=MALFORMED[name]), upstream)


@pytest.mark.parametrize("length", ["2", "4"])
def test_content_must_have_its_length(mantlet, upstream, pki, length):
    with http2.connect(mantlet, pki) as client:
        number = client.begin("/bad", "POST", [("content-length", length)], end=False)
        client.raw(http2.frame(0, 1, number, b"abc"))
        check_refused(client, client.wait(number), upstream)


def test_host_may_repeat_the_authority(mantlet, upstream, pki):
    with http2.connect(mantlet, pki) as client:
        assert client.get(fields=[("host", "LOCALHOST")]).status == 200
        assert client.get(pseudo=changed(authority=None), fields=[("host", "localhost")]).status == 200
    assert [message.headers.all("Host") for message in upstream.requests] == [["localhost"]] * 2


@pytest.mark.parametrize("authority, status", [("evil.example", 421), ("127.0.0.1", 421), ("localhost:8443", 200)])
def test_each_stream_is_asked_about_its_host(start, upstream, pki, authority, status):
    policy = {"default": "deny", "rules": [{"name": "here", "action": "allow", "match": {"sni": ["localhost"]}}]}
    with http2.connect(start(upstream, listener={"policy": policy}), pki) as client:
        assert client.get(authority=authority).status == status
        assert client.get().status == 200
