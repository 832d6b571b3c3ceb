"""The requests of the known corpora of request smuggling, each with its verdict: refused, or what the upstream receives.

CL.TE, TE.CL and TE.TE with the obfuscations of Kettle (2019) and of the tools after it; CL.0 and 0.CL with `Expect`
(Kettle 2025); line ends and extensions of chunks (TERM.EXT, EXT.TERM, TERM.SPILL, SPILL.TERM, ONE.TWO and their kin,
Robinson 2025); hop-by-hop tricks; upgrades to h2c; H2.CL, H2.TE and injections by a downgrade from HTTP/2.
test_smuggling.py and test_http2_translation.py have the grammar; here is what attackers send.

Each request is followed by another one. A refusal answers 400, 417, 501 or 505, ends the connection, and nothing of
either request arrives whole at the upstream; otherwise both arrive, as listed, and nothing else.
"""

import pytest
from harness import http2
from harness.http2 import PROTOCOL_ERROR

HOST = "Host: localhost\r\n"
NEXT = f"GET /next HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
HIDDEN = f"GET /hidden HTTP/1.1\r\n{HOST}\r\n"
ZERO = "0\r\n\r\n"
REFUSALS = {400, 417, 501, 505}


def both(transfer_encoding, body=ZERO):
    """A request whose lengths differ for those who see this header as a framing and those who do not."""
    return f"POST /first HTTP/1.1\r\n{HOST}Content-Length: {len(body)}\r\n{transfer_encoding}\r\n\r\n{body}"


def chunked(body, extra=""):
    return f"POST /first HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n{extra}\r\n{body}"


TE_OBFUSCATIONS = {
    "plain": "Transfer-Encoding: chunked",
    "a tab before the value": "Transfer-Encoding:\tchunked",
    "no blank before the value": "Transfer-Encoding:chunked",
    "a blank behind the value": "Transfer-Encoding: chunked ",
    "a tab behind the value": "Transfer-Encoding: chunked\t",
    "a vertical tab before the value": "Transfer-Encoding:\x0bchunked",
    "a vertical tab behind the value": "Transfer-Encoding: chunked\x0b",
    "a form feed before the value": "Transfer-Encoding:\x0cchunked",
    "a null byte behind the value": "Transfer-Encoding: chunked\0",
    "a byte of 8 bits behind the value": "Transfer-Encoding: chunked\xff",
    "a no-break space before the value": "Transfer-Encoding:\xa0chunked",
    "a backspace in the value": "Transfer-Encoding: chunke\x08d",
    "upper case": "TRANSFER-ENCODING: CHUNKED",
    "mixed case": "tRaNsFeR-eNcOdInG: cHuNkEd",
    "a long s in the name": "Tran\xc5\xbffer-Encoding: chunked",
    "a Kelvin sign in the value": "Transfer-Encoding: chun\xe2\x84\xaaed",
    "quotes": 'Transfer-Encoding: "chunked"',
    "single quotes": "Transfer-Encoding: 'chunked'",
    "a parameter": "Transfer-Encoding: chunked;q=0.5",
    "a comma before": "Transfer-Encoding: ,chunked",
    "a comma behind": "Transfer-Encoding: chunked,",
    "identity first": "Transfer-Encoding: identity, chunked",
    "identity last": "Transfer-Encoding: chunked, identity",
    "identity alone": "Transfer-Encoding: identity",
    "an unknown one": "Transfer-Encoding: cow",
    "an unknown one first": "Transfer-Encoding: cow, chunked",
    "a prefix": "Transfer-Encoding: xchunked",
    "a suffix": "Transfer-Encoding: chunkedx",
    "an empty one before": "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
    "an empty one behind": "Transfer-Encoding: chunked\r\nTransfer-Encoding:",
    "an unknown one on a line before": "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
    "an unknown one on a line behind": "Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
    "a blank before the colon": "Transfer-Encoding : chunked",
    "a tab before the colon": "Transfer-Encoding\t: chunked",
    "a blank before the name": " Transfer-Encoding: chunked",
    "a tab before the name": "\tTransfer-Encoding: chunked",
    "a null byte before the colon": "Transfer-Encoding\0: chunked",
    "a blank in the name": "Transfer Encoding: chunked",
    "a fold before the value": "Transfer-Encoding:\r\n chunked",
    "a fold with a tab": "Transfer-Encoding:\r\n\tchunked",
    "a fold in the value": "Transfer-Encoding: chu\r\n nked",
    "a line feed before the name": "X: y\nTransfer-Encoding: chunked",
    "a line feed before the colon": "Transfer-Encoding\n: chunked",
    "a line feed before the value": "Transfer-Encoding:\nchunked",
    "a line feed behind the value": "Transfer-Encoding: chunked\nX: y",
    "a carriage return before the name": "X: y\rTransfer-Encoding: chunked",
    "a carriage return before the value": "Transfer-Encoding:\rchunked",
    "two carriage returns": "Transfer-Encoding: chunked\r",
    "an empty name before": ": x\r\nTransfer-Encoding: chunked",
    "no colon": "Transfer-Encoding chunked",
    "an equals sign": "Transfer-Encoding= chunked",
    "a semicolon for the colon": "Transfer-Encoding; chunked",
    "the name twice": "Transfer-Encoding: Transfer-Encoding: chunked",
    "gzip": "Transfer-Encoding: gzip, chunked",
}

REFUSED = {
    **{f"TE beside a length, {name}": both(line) for name, line in TE_OBFUSCATIONS.items()},
    "CL.TE, the classic": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n"
                          f"{ZERO}{HIDDEN}",
    "TE.CL, the classic": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                          f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n{ZERO}",
    "TE before the length": f"POST /first HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n{ZERO}",
    "CL.CL": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "CL.CL, the second folded": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 0\r\n Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length behind a blank name": f"POST /first HTTP/1.1\r\n{HOST}Content-Length : {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length behind a line feed": f"GET /first HTTP/1.1\r\n{HOST}X: y\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length with a null byte": f"POST /first HTTP/1.1\r\n{HOST}Content-Length\0: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length with a vertical tab": f"POST /first HTTP/1.1\r\n{HOST}Content-Length:\x0b{len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a length with a fraction": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 2.0\r\n\r\nab",
    "a length with an exponent": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 1e1\r\n\r\nab",
    "a length with an underscore": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 1_0\r\n\r\nab",
    "a length in quotes": f'POST /first HTTP/1.1\r\n{HOST}Content-Length: "2"\r\n\r\nab',
    "a length and a parameter": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: 2;x\r\n\r\nab",
    "a length in digits of another script": f"POST /first HTTP/1.1\r\n{HOST}Content-Length: \xd9\xa2\r\n\r\nab",
    "TE and a length of another case": f"POST /first HTTP/1.1\r\n{HOST}content-LENGTH: 5\r\nTransfer-Encoding: chunked\r\n\r\n{ZERO}",
    # Chunks: where one parser ends a line of size and another does not.
    "TERM.EXT, a line feed ends the size": chunked(f"2\nab\r\n{ZERO}"),
    "TERM.EXT, a line feed in an extension": chunked(f"2;a\nab\r\n{ZERO}"),
    "EXT.TERM, a line feed hides a chunk": chunked(f"2;\nxx\r\n4c\r\n{ZERO}"),
    "EXT.TERM, a carriage return in an extension": chunked(f"2;a\rb\r\nab\r\n{ZERO}"),
    "EXT.TERM, a carriage return ends the size": chunked(f"2\rab\r\n{ZERO}"),
    "EXT.TERM, two carriage returns": chunked(f"2\r\r\nab\r\n{ZERO}"),
    "a null byte in an extension": chunked(f"2;a\0b\r\nab\r\n{ZERO}"),
    "a line feed in a quoted extension": chunked(f'2;a="\n"\r\nab\r\n{ZERO}'),
    "TERM.SPILL, no line end behind the data": chunked(f"2\r\nab{ZERO}"),
    "SPILL.TERM, more data than the size": chunked(f"2\r\nabcd\r\n{ZERO}"),
    "ONE.TWO, one byte for the line end": chunked(f"2\r\nab\n{ZERO}"),
    "ONE.TWO, a carriage return for the line end": chunked(f"2\r\nab\r{ZERO}"),
    "TWO.ONE, any two bytes for the line end": chunked(f"2\r\nabXY{ZERO}"),
    "ZERO.TWO, the end without a line": chunked("2\r\nab\r\n0\r\nX"),
    "an end with a line feed": chunked("2\r\nab\r\n0\n\n"),
    "an end with half a line": chunked("2\r\nab\r\n0\r\n\n"),
    "a size with an underscore": chunked(f"0_2\r\nab\r\n{ZERO}"),
    "a size with a plus": chunked(f"+2\r\nab\r\n{ZERO}"),
    "a size with 0x": chunked(f"0x2\r\nab\r\n{ZERO}"),
    "a size behind a blank": chunked(f" 2\r\nab\r\n{ZERO}"),
    "a size that wraps around 64 bits": chunked(f"10000000000000002\r\nab\r\n{ZERO}"),
    "a comma for the semicolon": chunked(f"2,a\r\nab\r\n{ZERO}"),
    # Lines and names.
    "a line feed for the first empty line": f"\nGET /first HTTP/1.1\r\n{HOST}\r\n",
    "a blank before the method": f" GET /first HTTP/1.1\r\n{HOST}\r\n",
    "a null byte before the method": f"\0GET /first HTTP/1.1\r\n{HOST}\r\n",
    "a blank behind the version": f"GET /first HTTP/1.1 \r\n{HOST}\r\n",
    "a version with more digits": f"GET /first HTTP/1.10\r\n{HOST}\r\n",
    "a version with a leading zero": f"GET /first HTTP/01.1\r\n{HOST}\r\n",
    "version 1.2": f"GET /first HTTP/1.2\r\n{HOST}\r\n",
    "version 0.9": f"GET /first HTTP/0.9\r\n{HOST}\r\n",
    "a request line in a request line": f"GET /first HTTP/1.1 GET /hidden HTTP/1.1\r\n{HOST}\r\n",
    "a vertical tab in the request line": f"GET\x0b/first\x0bHTTP/1.1\r\n{HOST}\r\n",
    "a folded request line": f"GET /first\r\n HTTP/1.1\r\n{HOST}\r\n",
    "two hosts that are equal but for their case": f"GET /first HTTP/1.1\r\n{HOST}HOST: localhost\r\n\r\n",
    "a list of hosts": "GET /first HTTP/1.1\r\nHost: localhost, evil\r\n\r\n",
    "a host and a folded one": f"GET /first HTTP/1.1\r\n{HOST} Host: evil\r\n\r\n",
    "a host with a blank before the colon": "GET /first HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "lower case in the method": f"get /first HTTP/1.1\r\n{HOST}\r\n",
    "a tunnel": f"CONNECT localhost:80 HTTP/1.1\r\n{HOST}\r\n",
    # Expect, which makes some proxies forget the content.
    "Expect, something before 100-continue": f"POST /first HTTP/1.1\r\n{HOST}Expect: y 100-continue\r\nContent-Length: {len(HIDDEN)}\r\n\r\n"
                                             f"{HIDDEN}",
    "Expect, empty": f"POST /first HTTP/1.1\r\n{HOST}Expect:\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "Expect, twice": f"POST /first HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nExpect: x\r\nContent-Length: 2\r\n\r\nab",
    "Expect, folded": f"POST /first HTTP/1.1\r\n{HOST}Expect:\r\n 100-continue\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a framing in trailers": chunked("2\r\nab\r\n0\r\nContent-Length: 9\r\n\r\n"),
    "blanks behind a size": chunked(f"2 \r\nab\r\n{ZERO}"),
    "a tab behind a size": chunked(f"2\t\r\nab\r\n{ZERO}"),
    "an empty extension": chunked(f"2;\r\nab\r\n{ZERO}"),
}


def first(head, content, body, method="POST", **fields):
    """A request, and what the upstream receives as the first one: its content, framing and these fields."""
    return f"{method} /first HTTP/1.1\r\n{HOST}{head}\r\n{content}", {"method": method, "content": body, **fields}


# What is not ambiguous arrives, with one framing, written anew; none of these names reach the upstream otherwise.
FORWARDED = {
    "content of a GET that looks like a request": first(f"Content-Length: {len(HIDDEN)}\r\n", HIDDEN, HIDDEN, "GET", framing="length"),
    "content in chunks that looks like a request": first("Transfer-Encoding: chunked\r\n", f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n{ZERO}",
                                                         HIDDEN, "DELETE", framing="chunked"),
    "line ends around content in a chunk": first("Transfer-Encoding: chunked\r\n", f"{len(HIDDEN) + 4:x}\r\n\r\n{HIDDEN}\r\n\r\n{ZERO}",
                                                 f"\r\n{HIDDEN}\r\n", framing="chunked"),
    "content of a TRACE": first("Content-Length: 2\r\n", "ab", "ab", "TRACE", framing="length"),
    "an underscore in Transfer_Encoding": first("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", ZERO, ZERO, framing="length",
                                                absent="Transfer_Encoding"),
    "a dot in Transfer.Encoding": first("Content-Length: 5\r\nTransfer.Encoding: chunked\r\n", ZERO, ZERO, framing="length",
                                        absent="Transfer.Encoding"),
    "an underscore in Content_Length": first("Content_Length: 5\r\n", "", "", framing="none", absent="Content_Length"),
    "zeros before a length": first("Content-Length: 002\r\n", "ab", "ab", framing="length"),
    "blanks around a length": first("Content-Length:\t2 \r\n", "ab", "ab", framing="length"),
    "upper case in a framing": first("TRANSFER-ENCODING: CHUNKED\r\n", f"2\r\nab\r\n{ZERO}", "ab", framing="chunked"),
    "a length that Connection lists": first(f"Connection: Content-Length\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN, HIDDEN,
                                            framing="length"),
    "a framing that Connection lists": first("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", f"2\r\nab\r\n{ZERO}",
                                             "ab", framing="chunked"),
    "a host that Connection lists": first("Connection: Host\r\n", "", "", "GET", framing="none"),
    "Expect with content at once": first(f"Expect: 100-continue\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN, HIDDEN, framing="length"),
    "Expect of a GET with content": first(f"Expect: 100-continue\r\nContent-Length: {len(HIDDEN)}\r\n", HIDDEN, HIDDEN, "GET",
                                          framing="length"),
    "Expect without content": first("Expect: 100-continue\r\n", "", "", "GET", framing="none"),
    "extensions of chunks": first("Transfer-Encoding: chunked\r\n", "2;a=b;c\r\nab\r\n0;x\r\n\r\n", "ab", framing="chunked"),
    "a line end in a quoted pair of an extension": first("Transfer-Encoding: chunked\r\n", '2;a="b;\\"c"\r\nab\r\n' + ZERO, "ab",
                                                         framing="chunked"),
    "zeros before a size": first("Transfer-Encoding: chunked\r\n", "0002\r\nab\r\n000\r\n\r\n", "ab", framing="chunked"),
    "h2c": first("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", "", "", "GET",
                 framing="none", absent="Upgrade"),
    "h2c with content": first("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 2\r\n", "ab",
                              "ab", framing="length", absent="HTTP2-Settings"),
    "a WebSocket that the upstream refuses": first("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1337\r\n", "", "",
                                                   "GET", framing="none"),
    "a framing under another name": first("X-Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "ab", "ab", framing="length"),
    "line ends in a target, encoded": (f"GET /first%0d%0aX:%20y HTTP/1.1\r\n{HOST}\r\n",
                                       {"method": "GET", "target": "/first%0d%0aX:%20y", "content": "", "framing": "none"}),
    "an empty line before": (f"\r\nGET /first HTTP/1.1\r\n{HOST}\r\n", {"method": "GET", "content": "", "framing": "none"}),
    "an absolute target": (f"GET http://localhost/first HTTP/1.1\r\n{HOST}\r\n", {"method": "GET", "content": "", "framing": "none"}),
    # RFC 9112 section 3.2.2: the target decides, and the upstream gets no other host.
    "an absolute target of another host": (f"GET http://other.example/first HTTP/1.1\r\n{HOST}\r\n",
                                           {"method": "GET", "content": "", "framing": "none", "host": "other.example"}),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_ambiguous_request_is_refused(shared, connect, kind):
    proxy, upstream = shared
    upstream.requests.clear()
    client = connect(proxy)
    reply = client.exchange(REFUSED[kind] + NEXT)
    assert reply.status in REFUSALS, reply
    assert reply.headers.get("Connection") == "close"
    assert client.closed()
    assert not upstream.requests


@pytest.mark.parametrize("kind", FORWARDED)
def test_a_request_with_one_meaning_arrives_with_that(shared, connect, kind):
    proxy, upstream = shared
    raw, expected = FORWARDED[kind]
    upstream.requests.clear()
    client = connect(proxy)
    client.send(raw + NEXT)
    answers = []
    while not answers or answers[-1].status == 100 or len([each for each in answers if each.status != 100]) < 2:
        answers.append(client.response(expected["method"]))
    assert [each.status for each in answers if each.status != 100] == [200, 200]
    assert client.closed()
    received, after = upstream.requests
    assert (after.method, after.target, after.body) == ("GET", "/next", b"")
    assert received.method == expected["method"]
    assert received.target == expected.get("target", "/first")
    assert received.framing == expected["framing"]
    assert received.body == expected["content"].encode()
    assert received.headers.all("Host") == [expected.get("host", "localhost")]
    assert not expected.get("absent") or expected["absent"].lower() not in [name.lower() for name in received.headers.names()]
    framings = received.headers.all("Content-Length") + received.headers.all("Transfer-Encoding")
    assert len(framings) == (0 if received.framing == "none" else 1)


# H2.CL and H2.TE: a length that the frames do not have, or a framing that HTTP/2 does not know, before the downgrade.
DOWNGRADES = {
    "H2.CL, less than there is": ([("content-length", "5")], HIDDEN.encode()),
    "H2.CL, more than there is": ([("content-length", "500")], HIDDEN.encode()),
    "H2.CL, a list": ([("content-length", "41, 41")], HIDDEN.encode()),
    "H2.TE": ([("transfer-encoding", "chunked")], (ZERO + HIDDEN).encode()),
    "H2.TE, obfuscated": ([("transfer-encoding", "\x0bchunked")], (ZERO + HIDDEN).encode()),
    "H2.TE by a line end in a value": ([("x", "y\r\ntransfer-encoding: chunked")], (ZERO + HIDDEN).encode()),
    "H2.TE by a line feed in a value": ([("x", "y\ntransfer-encoding: chunked")], (ZERO + HIDDEN).encode()),
    "H2.TE by a line end in a name": ([("x: y\r\ntransfer-encoding", "chunked")], (ZERO + HIDDEN).encode()),
    "H2.TE by a colon in a name": ([("transfer-encoding: chunked", "")], (ZERO + HIDDEN).encode()),
    "a second request in a value": ([("x", f"y\r\n\r\n{HIDDEN}")], b""),
}


@pytest.mark.parametrize("kind", DOWNGRADES)
def test_a_framing_that_http2_does_not_have_ends_its_stream(shared, pki, kind):
    proxy, upstream = shared
    upstream.requests.clear()
    fields, content = DOWNGRADES[kind]
    with http2.connect(proxy, pki) as client:
        number = client.begin("/first", "POST", fields, end=False)
        client.raw(http2.frame(0, 1, number, content))
        answer = client.wait(number)
        assert answer.error == PROTOCOL_ERROR or answer.status == 400, (answer.error, answer.headers)
        assert client.get("/next").status == 200
    assert [message.target for message in upstream.requests] == ["/next"]


def test_content_beyond_a_length_of_0_goes_nowhere(shared, pki):
    proxy, upstream = shared
    upstream.requests.clear()
    with http2.connect(proxy, pki) as client:
        # The head may have been forwarded, and answered, before the content comes.
        number = client.begin("/first", "POST", [("content-length", "0")], end=False)
        client.raw(http2.frame(0, 1, number, HIDDEN.encode()))
        client.wait(number)
        assert client.get("/next").status == 200
    received = [(message.target, message.body) for message in upstream.requests]
    assert received in ([("/next", b"")], [("/first", b""), ("/next", b"")])


INJECTIONS = {
    "a line end in the path": {":path": "/first HTTP/1.1\r\nX: y"},
    "a request in the path": {":path": f"/first HTTP/1.1\r\n{HOST}\r\n{HIDDEN}"},
    "a blank in the path": {":path": "/first HTTP/1.1"},
    "a tab in the path": {":path": "/first\tHTTP/1.1"},
    "a fragment in the path": {":path": "/first#x"},
    "an empty path": {":path": ""},
    "a line end in the method": {":method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"},
    "a blank in the method": {":method": "GET /hidden HTTP/1.1"},
    "a line end in the authority": {":authority": "localhost\r\nX: y"},
    "a path in the authority": {":authority": "localhost/hidden"},
    "user information in the authority": {":authority": "me@localhost"},
    "a line end in the scheme": {":scheme": "https\r\nX: y"},
    "a request in the scheme": {":scheme": "http://localhost/hidden?"},
}


@pytest.mark.parametrize("kind", INJECTIONS)
def test_what_is_no_request_line_ends_its_stream(shared, pki, kind):
    proxy, upstream = shared
    upstream.requests.clear()
    pseudo = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/first", **INJECTIONS[kind]}
    with http2.connect(proxy, pki) as client:
        answer = client.get(pseudo=list(pseudo.items()))
        assert answer.error == PROTOCOL_ERROR or answer.status == 400, (answer.error, answer.headers)
        assert client.get("/next").status == 200
    assert [message.target for message in upstream.requests] == ["/next"]
