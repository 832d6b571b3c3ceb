"""Ambiguous requests are rejected with 400 and the end of the connection, and not forwarded."""

import pytest
from harness.messages import Reader
from harness.upstreams import response

HOST = "Host: localhost\r\n"
BAD_REQUESTS = {
    "both framings": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two different lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "two equal lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 2, 2\r\n\r\nab",
    "a signed length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: +2\r\n\r\nab",
    "a negative length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: -2\r\n\r\nab",
    "a hexadecimal length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x2\r\n\r\nab",
    "a length with a space inside": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1 2\r\n\r\nab",
    "an empty length": f"POST / HTTP/1.1\r\n{HOST}Content-Length:\r\n\r\n",
    "a length beyond 64 bits": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 18446744073709551618\r\n\r\nab",
    "two transfer encodings": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown transfer encoding": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked that is not last": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "gzip before chunked": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an empty transfer encoding beside a length": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nab",
    "a vertical tab before chunked": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a transfer encoding in HTTP/1.0": f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": f"GET / HTTP/1.1\r\n{HOST}X-A : b\r\n\r\n",
    "a tab before the colon": f"GET / HTTP/1.1\r\n{HOST}X-A\t: b\r\n\r\n",
    "a space inside a name": f"GET / HTTP/1.1\r\n{HOST}X A: b\r\n\r\n",
    "a space before a name": f"GET / HTTP/1.1\r\n{HOST} X-A: b\r\n\r\n",
    "a folded header": f"GET / HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n",
    "a folded first header": f"GET / HTTP/1.1\r\n X-A: b\r\n{HOST}\r\n",
    "an empty name": f"GET / HTTP/1.1\r\n{HOST}: b\r\n\r\n",
    "a line without a colon": f"GET / HTTP/1.1\r\n{HOST}X-A\r\n\r\n",
    "a name with a null byte": f"GET / HTTP/1.1\r\n{HOST}X-\x00A: b\r\n\r\n",
    "a value with a null byte": f"GET / HTTP/1.1\r\n{HOST}X-A: b\x00c\r\n\r\n",
    "a value with a bell": f"GET / HTTP/1.1\r\n{HOST}X-A: b\x07c\r\n\r\n",
    "a value with DEL": f"GET / HTTP/1.1\r\n{HOST}X-A: b\x7fc\r\n\r\n",
    "a bare CR in a value": f"GET / HTTP/1.1\r\n{HOST}X-A: b\rX-B: c\r\n\r\n",
    "a bare LF ends a line": "GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare LF between headers": f"GET / HTTP/1.1\r\n{HOST}X-A: b\nX-B: c\r\n\r\n",
    "a bare LF ends the head": f"GET / HTTP/1.1\r\n{HOST}\n",
    "a CR alone ends a line": "GET / HTTP/1.1\rHost: localhost\r\r",
    "two spaces in the request line": f"GET  / HTTP/1.1\r\n{HOST}\r\n",
    "a tab in the request line": f"GET\t/ HTTP/1.1\r\n{HOST}\r\n",
    "a space in the target": f"GET /a b HTTP/1.1\r\n{HOST}\r\n",
    "a null byte in the target": f"GET /a\x00b HTTP/1.1\r\n{HOST}\r\n",
    "a fragment in the target": f"GET /a#b HTTP/1.1\r\n{HOST}\r\n",
    "a target without a slash": f"GET foo HTTP/1.1\r\n{HOST}\r\n",
    "no version": f"GET /\r\n{HOST}\r\n",
    "a version with junk": f"GET / HTTP/1.1x\r\n{HOST}\r\n",
    "lower-case http": f"GET / http/1.1\r\n{HOST}\r\n",
    "no host": "GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "a host with a path": "GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a host with user information": "GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n",
    "a host with a space": "GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "the http/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
BAD_CHUNKS = {
    "a negative size": "-1\r\nab\r\n0\r\n\r\n",
    "an overlong size": "fffffffffffffffff\r\nab\r\n",
    "a size with 0x": "0x2\r\nab\r\n0\r\n\r\n",
    "a size with a leading space": " 2\r\nab\r\n0\r\n\r\n",
    "a size that is no number": "zz\r\nab\r\n0\r\n\r\n",
    "an empty size": "\r\nab\r\n0\r\n\r\n",
    "garbage after the data": "2\r\nabXX\r\n0\r\n\r\n",
    "no CRLF after the data": "2\r\nab0\r\n\r\n",
    "a bare LF after the size": "2\nab\r\n0\r\n\r\n",
    "a bare LF after the data": "2\r\nab\n0\r\n\r\n",
    "a bare CR after the data": "2\r\nab\r0\r\n\r\n",
    "a bare LF in an extension": "2;a\nb\r\nab\r\n0\r\n\r\n",
    "a bare LF at the end": "2\r\nab\r\n0\r\n\n",
    "a trailer with a space before the colon": "2\r\nab\r\n0\r\nX : y\r\n\r\n",
    "a folded trailer": "2\r\nab\r\n0\r\nX: y\r\n z\r\n\r\n",
    "a null byte in a trailer": "2\r\nab\r\n0\r\nX: \x00\r\n\r\n",
}
PREFIXED = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("kind", BAD_REQUESTS)
def test_a_bad_request_is_refused_and_ends_the_connection(shared, connect, kind):
    proxy, upstream = shared
    upstream.requests.clear()
    client = connect(proxy)
    reply = client.exchange(BAD_REQUESTS[kind] + PREFIXED)
    # RFC 9112 section 6.1 asks for 501 where a transfer coding is unknown, RFC 9110 for 505 where the version is.
    allowed = {400}
    if "transfer encoding" in kind or "gzip" in kind:
        allowed.add(501)
    if "version" in kind or "http/2" in kind:
        allowed.add(505)
    assert reply.status in allowed, reply
    assert reply.headers.get("Connection") == "close"
    assert b"mantlet" in reply.body, "the body says which of the two refused"
    assert client.closed()
    assert not upstream.requests


@pytest.mark.parametrize("kind", BAD_CHUNKS)
def test_a_bad_chunk_ends_the_connection_and_never_completes_upstream(shared, connect, kind):
    proxy, upstream = shared
    upstream.requests.clear()
    client = connect(proxy)
    reply = client.exchange("POST /chunks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + BAD_CHUNKS[kind] + PREFIXED)
    assert reply.status == 400, reply
    assert client.closed()
    assert not upstream.requests


def test_an_invalid_request_after_a_valid_one_is_rejected_alone(shared, connect):
    proxy, upstream = shared
    upstream.requests.clear()
    client = connect(proxy)
    client.send("GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n" + BAD_REQUESTS["both framings"] + PREFIXED)
    assert client.response().status == 200
    assert client.response().status == 400
    assert client.closed()
    assert [r.target for r in upstream.requests] == ["/good"]


def test_bytes_after_a_rejected_request_are_not_forwarded(shared, connect):
    proxy, upstream = shared
    upstream.requests.clear()
    client = connect(proxy)
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n" + PREFIXED * 3)
    assert client.response().status == 400
    assert client.closed()
    assert not upstream.requests


BAD_RESPONSES = {
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a bare CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "a bare LF": b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n",
    "a bare LF behind the status line": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "a folded header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"hello, I am not a web server\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "an unknown transfer encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", BAD_RESPONSES)
def test_a_bad_response_is_a_bad_gateway(start, scripted, connect, kind):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(BAD_RESPONSES[kind])

    reply = connect(start(scripted(serve))).get()
    assert reply.status == 502, reply
    assert b"mantlet" in reply.body


def test_bytes_after_a_response_are_not_read_as_the_next_one(start, scripted, connect):
    def serve(connection, _):
        Reader(connection).request()
        connection.sendall(response(body=b"first") + response(body=b"forged"))
        Reader(connection).request()
        connection.sendall(response(body=b"late"))

    proxy = start(scripted(serve))
    client = connect(proxy)
    assert client.get().body == b"first"
    reply = client.get()
    assert b"forged" not in reply.body
