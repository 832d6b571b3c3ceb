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
    "a size that wraps around 32 bits": chunked(f"100000002\r\nab\r\n{ZERO}", "X: y\r\n")[:0] or chunked(f"10000000000000002\r\nab\r\n{ZERO}"),
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
    "an absolute target of another host": f"GET http://evil.example/first HTTP/1.1\r\n{HOST}\r\n",
}


@pytest.fixture(scope="module")
def shared(pki, tmp_path_factory):
    from harness import upstreams
    from harness.proxy import Proxy, configuration
    upstream = upstreams.Echo()
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), configuration(pki, upstream)).start()
    yield proxy, upstream
    proxy.check_end()
    upstream.close()


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
