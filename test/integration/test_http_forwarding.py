"""One request and one response: the forwarded fields and content in both directions, and their framing."""

import hashlib
import json

import pytest
from harness import clients
from harness.messages import Reader
from harness.upstreams import pattern, response


def answering(data):
    """A script for an upstream that answers every request with these bytes, then closes."""
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(data)
    return serve


def test_curl_gets_a_page(mantlet, pki):
    done = clients.curl(pki, mantlet, "/hello?x=1")
    assert done.returncode == 0, done.stderr
    account = json.loads(done.stdout)
    assert (account["method"], account["target"], account["version"]) == ("GET", "/hello?x=1", "HTTP/1.1")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_methods_pass(mantlet, pki, method):
    status, account = clients.get_json(mantlet.address(), clients.context(pki), "/m", method)
    assert (status, account["method"]) == (200, method)


def test_an_unknown_method_is_passed_or_refused_but_not_mangled(mantlet, connect, upstream):
    reply = connect(mantlet).exchange("BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply.status in (200, 400, 501)
    assert [r.method for r in upstream.requests] == (["BREW"] if reply.status == 200 else [])


def test_options_asterisk_passes(mantlet, connect, upstream):
    assert connect(mantlet).exchange("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "OPTIONS").status == 200
    assert upstream.requests[0].target == "*"


def test_absolute_form_becomes_origin_form(mantlet, connect, upstream):
    reply = connect(mantlet).exchange("GET https://localhost/a?b HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply.status == 200
    assert upstream.requests[0].target == "/a?b"
    assert upstream.requests[0].headers.all("Host") == ["localhost"]


def test_connect_is_refused(mantlet, connect, upstream):
    reply = connect(mantlet).exchange("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n")
    assert reply.status in (400, 405, 501)
    assert not upstream.requests


@pytest.mark.parametrize("target", ["/%2e%2e/x", "/a//b", "/a?b=c?d", "/a/../b", "/%00", "/\xc3\xa4"])
def test_the_target_is_passed_as_it_came(mantlet, connect, upstream, target):
    reply = connect(mantlet).get(target)
    assert reply.status in (200, 400)
    assert [r.target for r in upstream.requests] == ([target] if reply.status == 200 else [])


def test_host_and_end_to_end_headers_pass(mantlet, connect, upstream):
    connect(mantlet).get("/", "Accept: text/plain", "Cookie: a=b", "X-Own: one", "X-Own: two", "Authorization: Basic eA==")
    headers = upstream.requests[0].headers
    assert headers.all("Host") == ["localhost"]
    assert headers.all("Accept") == ["text/plain"]
    assert headers.all("Cookie") == ["a=b"]
    assert headers.all("X-Own") == ["one", "two"]
    assert headers.all("Authorization") == ["Basic eA=="]


def test_hop_by_hop_request_headers_stay_here(mantlet, connect, upstream):
    connect(mantlet).get("/", "Connection: keep-alive, X-Listed", "X-Listed: 1", "Keep-Alive: timeout=5",
                         "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eA==", "TE: gzip")
    names = upstream.requests[0].headers.names()
    assert not {"x-listed", "keep-alive", "proxy-connection", "proxy-authorization"} & set(names)
    assert "gzip" not in upstream.requests[0].headers.get("TE", "")


def test_hop_by_hop_response_headers_stay_there(start, scripted, connect):
    proxy = start(scripted(answering(response(body=b"x", headers=[
        ("Connection", "X-Listed"), ("X-Listed", "1"), ("Keep-Alive", "timeout=5"), ("X-Fine", "2")]))))
    reply = connect(proxy).get()
    assert not {"x-listed", "keep-alive"} & set(reply.headers.names())
    assert reply.headers.all("X-Fine") == ["2"]


def test_repeated_response_headers_keep_their_number_and_order(start, scripted, connect):
    proxy = start(scripted(answering(response(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))))
    assert connect(proxy).get().headers.all("Set-Cookie") == ["a=1", "b=2"]


def test_a_content_length_body_arrives_whole(mantlet, connect, pki):
    body = pattern(200_000)
    status, account = clients.get_json(mantlet.address(), clients.context(pki), "/", "POST", body)
    assert status == 200
    assert (account["framing"], account["body_size"]) == ("length", len(body))
    assert account["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_chunked_body_arrives_whole_and_with_one_framing(mantlet, connect, upstream):
    reply = connect(mantlet).exchange("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    assert reply.status == 200
    request = upstream.requests[0]
    assert request.body == b"hello world"
    assert request.headers.all("Transfer-Encoding") == ["chunked"] and not request.headers.all("Content-Length")


def test_request_trailers_reach_the_upstream(mantlet, connect, upstream):
    connect(mantlet).exchange("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                              "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")
    assert ("x-sum", "42") in [(n.lower(), v) for n, v in upstream.requests[0].trailers]


def test_a_response_with_a_length_keeps_it(mantlet, connect):
    reply = connect(mantlet).get("/bytes/100000")
    assert reply.headers.all("Content-Length") == ["100000"]
    assert reply.body == pattern(100_000)


def test_a_chunked_response_stays_chunked_and_keeps_its_trailers(mantlet, connect):
    reply = connect(mantlet).get("/chunked/100000", "TE: trailers")
    assert reply.framing == "chunked" and reply.body == pattern(100_000)
    assert [(n.lower(), v) for n, v in reply.trailers] == [("x-sum", "done")]


def test_a_response_that_ends_with_its_connection_becomes_chunked(mantlet, connect):
    client = connect(mantlet)
    reply = client.get("/close/70000")
    assert reply.body == pattern(70_000)
    assert reply.framing == "chunked"
    assert client.get("/").status == 200


@pytest.mark.parametrize("target", ["/bytes/12345", "/chunked/10", "/close/10", "/"])
def test_a_head_response_has_no_body(mantlet, connect, target):
    client = connect(mantlet)
    reply = client.exchange(f"HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n", "HEAD")
    assert reply.status == 200
    if target == "/bytes/12345":
        assert reply.headers.all("Content-Length") == ["12345"]
    assert client.get("/").status == 200, "no byte of a body may stand in between"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(mantlet, connect, status):
    client = connect(mantlet)
    reply = client.get(f"/status/{status}")
    assert reply.status == status
    assert not reply.headers.all("Transfer-Encoding")
    assert client.get("/").status == 200


def test_a_304_may_announce_the_length_it_would_have(start, scripted, connect):
    def serve(connection, _):
        reader = Reader(connection)
        while reader.request():
            connection.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n")
    client = connect(start(scripted(serve)))
    for _ in range(2):
        assert client.get().status == 304


def test_an_empty_body_is_not_framed_as_one(mantlet, connect, upstream):
    connect(mantlet).get("/")
    headers = upstream.requests[0].headers
    assert not headers.all("Content-Length") and not headers.all("Transfer-Encoding")


def test_a_post_of_zero_bytes_has_content_length_zero(mantlet, connect, upstream):
    connect(mantlet).exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    assert upstream.requests[0].headers.all("Content-Length") == ["0"]


def test_a_get_with_a_body_passes_it_on(mantlet, connect, upstream):
    connect(mantlet).exchange("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
    assert upstream.requests[0].body == b"abc"


def test_interim_responses_are_passed_on(start, scripted, connect):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    client = connect(start(scripted(answering(early + response(body=b"done")))))
    first = client.get()
    assert (first.status, first.headers.get("Link")) == (103, "</style.css>; rel=preload")
    assert client.response().body == b"done"


def test_expect_100_continue_is_answered_before_the_body_is_sent(mantlet, connect, upstream):
    client = connect(mantlet)
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert client.response().status == 100
    assert client.exchange("hello").status == 200
    assert upstream.requests[0].body == b"hello"


def test_expect_100_continue_that_the_upstream_refuses(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).head()
        connection.sendall(response("417 Expectation Failed", b"no", [("Connection", "close")]))
    client = connect(start(scripted(serve)))
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    reply = client.response()
    assert (reply.status, reply.body) == (417, b"no")


def test_curl_sends_a_large_post_with_expect(mantlet, pki, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(pattern(3_000_000))
    done = clients.curl(pki, mantlet, "/", "-H", "Expect: 100-continue", "--data-binary", f"@{body}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["body_sha256"] == hashlib.sha256(pattern(3_000_000)).hexdigest()


def test_an_early_final_response_reaches_a_client_that_is_still_sending(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).head()
        connection.sendall(response("403 Forbidden", b"stop", [("Connection", "close")]))
    client = connect(start(scripted(serve)))
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nstart")
    reply = client.response()
    assert (reply.status, reply.body) == (403, b"stop")


def test_a_half_closing_client_still_gets_its_response(mantlet, tls):
    client = clients.HalfClosingClient(mantlet.address(), tls)
    client.send(b"GET /slow/0.3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.close_write()
    answer = client.read_to_end()
    assert answer.startswith(b"HTTP/1.1 200") and b'"target": "/slow/0.3"' in answer
