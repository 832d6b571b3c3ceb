"""HTTP of old applications and unusual clients: messages with one reading are forwarded in the proper form, others are
rejected with a reason.
"""

import pytest
from harness.messages import Reader

LF_HEAD = b"HTTP/1.1 200 OK\nContent-Type: text/plain\nX-Empty:\nContent-Length: 3\n\nok\n"


def chunked(body):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


ONE_READING = {
    "a head with LF alone": (LF_HEAD, b"ok\n"),
    "an HTTP/1.0 head with LF alone": (b"HTTP/1.0 200\nContent-Length: 2\n\nhi", b"hi"),
    "blanks behind a chunk size": (chunked(b"5  \r\nhello\r\n0\t\r\n\r\n"), b"hello"),
    "blanks around a chunk extension": (chunked(b"5 ; a = b ;c\r\nhello\r\n0 ;d\r\n\r\n"), b"hello"),
    "both": (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5 \r\nhello\r\n0\r\n\r\n", b"hello"),
    "a tab in the phrase": (b"HTTP/1.1 200 All\tfine\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
}
TWO_READINGS = {
    "LF within a head of CRLF": b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: forged=1\r\nContent-Length: 0\r\n\r\n",
    "CRLF within a head of LF": b"HTTP/1.1 200 OK\nX: a\r\nContent-Length: 0\n\n",
    "CR within a head of LF": b"HTTP/1.1 200 OK\nX: a\rSet-Cookie: forged=1\nContent-Length: 0\n\n",
    "a folded line in a head of LF": b"HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 0\n\n",
    "two lengths in a head of LF": b"HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nab",
}
CHUNKS_WITH_TWO_READINGS = {
    "LF alone behind a size": b"5\nhello\r\n0\r\n\r\n",
    "LF alone behind an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "a blank before a size": b" 5\r\nhello\r\n0\r\n\r\n",
    "a blank within a size": b"5 5\r\nhello\r\n0\r\n\r\n",
    "LF alone behind data": b"5\r\nhello\n0\r\n\r\n",
}


def answers(scripted, *messages):
    """An application that answers the requests of each connection with these, in pieces of five bytes."""
    def serve(connection, _):
        reader = Reader(connection)
        for message in messages:
            reader.request()
            for at in range(0, len(message), 5):
                connection.sendall(message[at:at + 5])

    return scripted(serve)


@pytest.mark.parametrize("kind", ONE_READING)
def test_a_response_with_one_reading_is_delivered_and_its_connection_kept(start, scripted, connect, kind):
    message, body = ONE_READING[kind]
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"
    proxy = start(answers(scripted, message, plain))
    client = connect(proxy)
    reply = client.get()
    assert (reply.status, reply.body) == (200, body)
    if b"HTTP/1.0" not in message:
        assert client.get().body == b"again"
    assert proxy.metric("mantlet_upstream_failures_total") in (None, 0)


def test_the_client_gets_a_proper_response(start, scripted, connect):
    client = connect(start(answers(scripted, LF_HEAD)))
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    raw = b""
    while piece := client.tls.recv(4096):
        raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body == b"ok\n"
    assert b"\n" not in head.replace(b"\r\n", b"") and b"\r" not in head.replace(b"\r\n", b"")
    assert b"\r\nX-Empty: \r\n" in head + b"\r\n"


@pytest.mark.parametrize("kind", TWO_READINGS)
def test_a_head_with_two_readings_is_a_bad_gateway(start, scripted, connect, kind):
    reply = connect(start(answers(scripted, TWO_READINGS[kind]))).get()
    assert reply.status == 502 and not reply.headers.all("Set-Cookie")


@pytest.mark.parametrize("kind", CHUNKS_WITH_TWO_READINGS)
def test_chunks_with_two_readings_are_never_a_whole_response(start, scripted, connect, kind):
    client = connect(start(answers(scripted, chunked(CHUNKS_WITH_TWO_READINGS[kind]))))
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    raw = b""
    try:
        while piece := client.tls.recv(4096):
            raw += piece
    except OSError:
        pass  # it ends without close_notify
    assert b"\r\n0\r\n" not in raw


@pytest.mark.parametrize("method", ["LIST", "BAN", "REFRESH", "VERSION-CONTROL", "SETUP", "!#$%&'*+-.^_`|~"])
def test_any_token_is_a_method(mantlet, connect, upstream, method):
    reply = connect(mantlet).exchange(f"{method} /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab")
    assert reply.status == 200
    request, = upstream.requests
    assert (request.method, request.target, request.body) == (method, "/x", b"ab")
    mantlet.wait_metric("mantlet_requests_total", 1, method="other")
    assert mantlet.wait_access()[0]["method"] == method


def test_methods_about_the_connection_are_still_refused(mantlet, connect, upstream):
    for line, status in (("CONNECT localhost:443 HTTP/1.1", 501), ("CONNECT / HTTP/1.1", 501),
                         ("PRI * HTTP/2.0", 505), ("PRI / HTTP/1.1", 505), ("A" * 49 + " / HTTP/1.1", 501)):
        assert connect(mantlet).exchange(f"{line}\r\nHost: localhost\r\n\r\n").status == status
    assert not upstream.requests


def test_a_rule_about_an_unusual_method_holds(start, connect, upstream):
    rules = [{"name": "no-ban", "action": "deny", "match": {"method": "BAN"}}]
    proxy = start(upstream, listener={"policy": {"rules": rules}})
    for method, status in (("BAN", 403), ("ban", 501), ("LIST", 200)):
        assert connect(proxy).exchange(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == status


def test_an_unusual_method_is_not_sent_a_second_time(start, scripted, connect):
    """A pooled connection fails during the request: it is unknown whether the request was processed."""
    seen = []

    def serve(connection, _):
        reader = Reader(connection)
        while True:
            seen.append(reader.request().method)
            if len(seen) > 1:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    client = connect(start(scripted(serve)))
    assert client.get().status == 200
    assert client.exchange("LIST / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 502
    assert seen == ["GET", "LIST"]


@pytest.mark.parametrize("lines, words", [
    ("Host: localhost\nX-Cert: a\n\n", b"LF alone"),
    ("Host: localhost\r\nX-Cert: -----BEGIN\r\n\tMIIB\r\n\r\n", b"line folding"),
    ("Host: localhost\r\nX-Cert: -----BEGIN\nMIIB\r\n\r\n", b"LF alone"),
    ("Host: localhost\r\nX-Cert : a\r\n\r\n", b"white space"),
    ("Host: localhost\r\nX-Cert\r\n\r\n", b"without a colon"),
    ("Host: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", b"Content-Length"),
    ("Host: localhost\r\nHost: localhost\r\n\r\n", b"more than one Host"),
    ("Host: localhost\r\nX: a\x00b\r\n\r\n", b"NUL"),
])
def test_a_rejection_explains_the_reason(mantlet, connect, upstream, lines, words):
    reply = connect(mantlet).exchange(f"GET / HTTP/1.1\r\n{lines}")
    assert reply.status == 400 and not upstream.requests
    assert reply.body.startswith(b"mantlet: The request is not valid HTTP: ") and words in reply.body
    assert mantlet.wait_access()[0]["error_detail"].encode() in reply.body
