"""Upstreams that speak HTTP/2 (h2c), with clients of both versions."""

import shutil
import socket
import threading
import time

import h2.errors
import h2.events
import h2.settings
import pytest
from harness import clients, h2_upstreams
from harness.h2_upstreams import H2Server
from harness.messages import Reader
from harness.timing import scaled, wait_until
from harness.upstreams import response

H2C = {"protocol": "h2c"}


@pytest.fixture
def h2_echo():
    echo = h2_upstreams.Echo()
    yield echo
    echo.close()
    assert not echo.errors, echo.errors


def curl(pki, proxy, target="/", *options, version="--http2"):
    """Returns (status, version, body)."""
    done = clients.curl(pki, proxy, target, version, "-w", "\n%{http_code} %{http_version}", *options)
    body, _, summary = done.stdout.decode("latin-1").rpartition("\n")
    status, spoken = summary.split()
    return int(status), spoken, body


# ---- requests and responses


@pytest.mark.parametrize("version, spoken", [("--http2", "2"), ("--http1.1", "1.1")])
def test_requests_reach_the_application_over_http2(start, h2_echo, pki, version, spoken):
    proxy = start(h2_echo, upstream_options=H2C)
    status, seen, body = curl(pki, proxy, "/p?q=1", "-d", "content", version=version)
    assert (status, seen, body) == (200, spoken, "content")
    headers = h2_echo.requests[0][0]
    assert [name for name, _ in headers[:4]] == [":method", ":scheme", ":authority", ":path"]
    fields = dict(headers)
    assert fields[":method"] == "POST" and fields[":path"] == "/p?q=1" and fields[":scheme"] == "http"
    assert fields["content-length"] == "7"
    assert "x-forwarded-client-cert" in fields, "the identity of the client"
    assert not {"connection", "host", "transfer-encoding", "upgrade"} & set(fields)


def test_a_unix_socket(start, pki, tmp_path):
    echo = h2_upstreams.Echo(tmp_path / "app.sock")
    try:
        assert curl(pki, start(echo, upstream_options=H2C), "/", "-d", "abc")[2] == "abc"
    finally:
        echo.close()


def test_trailers_pass_in_both_directions(start, h2_echo, connect):
    proxy = start(h2_echo, upstream_options=H2C)
    client = connect(proxy)
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n")
    answer = client.response()
    assert answer.body == b"abc"
    assert ("x-sum", "7") in h2_echo.requests[0][2]
    assert ("x-sum", "7") in [(name.lower(), value) for name, value in answer.trailers]


def test_large_content_reaches_the_application(start, scripted, pki, tmp_path):
    content = bytes(range(256)) * 16384  # 4 MiB
    path = tmp_path / "content"
    path.write_bytes(content)

    def answer(server, stream, _headers, body, *_):
        server.answer(stream, b"%d" % len(body))

    proxy = start(scripted(h2_upstreams.answering(answer)), upstream_options=H2C)
    assert curl(pki, proxy, "/", "--data-binary", f"@{path}")[2] == str(len(content))


def test_many_requests_share_a_connection(start, scripted, pki):
    """All requests are open at the same time: the application answers when the last one has come."""
    waiting = []

    def serve(sock, _):
        server = H2Server(sock)
        for stream, *_ in server.requests():
            waiting.append(stream)
            if len(waiting) == 8:
                for each in waiting:
                    server.answer(each, b"together")

    application = scripted(serve)
    proxy = start(application, upstream_options=H2C)
    results = []
    threads = [threading.Thread(target=lambda: results.append(curl(pki, proxy))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, *_ in results] == [200] * 8
    assert application.connections == 1
    assert proxy.metric("mantlet_upstream_connections", upstream="app", state="active") == 0


def test_match_uses_the_version_of_the_client(start, scripted, pki):
    def serve(sock, _):
        first = sock.recv(16, 2)  # MSG_PEEK
        if first.startswith(b"PRI * HTTP/2.0"):
            server = H2Server(sock)
            for stream, *_ in server.requests():
                server.answer(stream, b"two")
        else:
            reader = Reader(sock)
            while True:
                reader.request()
                sock.sendall(response(body=b"one"))

    proxy = start(scripted(serve), upstream_options={"protocol": "match"})
    assert curl(pki, proxy, version="--http2")[2] == "two"
    assert curl(pki, proxy, version="--http1.1")[2] == "one"


def test_grpc_to_an_http1_upstream_names_the_key_to_change(start, upstream, pki):
    proxy = start(upstream)
    curl(pki, proxy, "/s/m", "-H", "content-type: application/grpc", "-d", "x")
    record = proxy.wait_log("grpc_over_http1")
    assert "protocol: h2c" in record["hint"] and record["upstream"] == "app"
    assert not upstream.requests


# ---- retries


def test_a_refused_post_is_sent_again_with_its_content(start, scripted, pki):
    seen = []

    def answer(server, stream, _headers, body, _trailers, number):
        seen.append((number, body))
        if number == 1:
            server.connection.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            server.flush()
        else:
            server.answer(stream, b"second")

    proxy = start(scripted(h2_upstreams.answering(answer)), upstream_options=H2C)
    assert curl(pki, proxy, "/", "-d", "x" * 1000)[::2] == (200, "second")
    assert seen == [(1, b"x" * 1000), (2, b"x" * 1000)]
    assert proxy.metric("mantlet_upstream_retries_total", upstream="app") == 1


@pytest.mark.parametrize("size, status", [(64 * 1024, 200), (64 * 1024 + 1, 502)])
def test_up_to_64_kib_of_content_are_sent_again(start, scripted, connect, size, status):
    """The application refuses the request after it has received everything but the end."""

    def serve(sock, number):
        server, received = H2Server(sock), 0
        for event in server.events():
            if isinstance(event, h2.events.DataReceived):
                received += len(event.data)
            if number == 1 and received == size:
                server.connection.reset_stream(1, h2.errors.ErrorCodes.REFUSED_STREAM)
                received = 0
                refused.set()
            if isinstance(event, h2.events.StreamEnded):
                server.answer(event.stream_id, b"%d" % received)

    refused = threading.Event()
    proxy = start(scripted(serve), upstream_options=H2C)
    client = connect(proxy)
    client.send(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size + 3}\r\n\r\n")
    client.send(b"x" * size)
    assert refused.wait(scaled(10))
    if status == 200:
        wait_until(lambda: proxy.metric("mantlet_upstream_retries_total", upstream="app") == 1, 10)
        client.send(b"end")
    answer = client.response()
    assert answer.status == status
    if status == 200:
        assert answer.body == b"%d" % (size + 3)


def test_an_upstream_that_refuses_everything_is_an_error(start, scripted, pki):
    def answer(server, stream, *_):
        server.connection.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        server.flush()

    application = scripted(h2_upstreams.answering(answer))
    proxy = start(application, upstream_options=H2C)
    assert curl(pki, proxy, "/", "-d", "x")[0] == 502
    assert proxy.wait_access()[0]["error"] == "refused_stream"
    assert application.connections == 3


def test_a_request_above_the_last_id_of_goaway_is_sent_again(start, scripted, pki):
    def answer(server, stream, _headers, _body, _trailers, number):
        if number == 1:
            server.connection.close_connection(last_stream_id=0)
            server.flush()
            while server.sock.recv(65536):
                pass
        else:
            server.answer(stream, b"second")

    proxy = start(scripted(h2_upstreams.answering(answer)), upstream_options=H2C)
    assert curl(pki, proxy, "/", "-d", "x")[::2] == (200, "second")


def test_other_resets_are_not_retried(start, scripted, pki):
    seen = []

    def answer(server, stream, _headers, body, *_):
        seen.append(body)
        server.connection.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        server.flush()

    proxy = start(scripted(h2_upstreams.answering(answer)), upstream_options=H2C)
    assert curl(pki, proxy, "/", "-d", "x")[0] == 502
    assert curl(pki, proxy)[0] == 502
    assert len(seen) == 2
    assert proxy.wait_access(2)[0]["error"] == "reset"


# ---- the end


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_an_upstream_that_dies_in_mid_response_is_no_short_success(start, scripted, pki, how, version):
    def answer(server, stream, *_):
        server.connection.send_headers(stream, [(":status", "200")])
        server.connection.send_data(stream, b"half")
        server.flush()
        if how == "end":
            # close() with unread frames would be a reset.
            server.sock.shutdown(socket.SHUT_WR)
        else:
            server.connection.reset_stream(stream, h2.errors.ErrorCodes.NO_ERROR)
            server.flush()

    proxy = start(scripted(h2_upstreams.answering(answer)), upstream_options=H2C)
    done = clients.curl(pki, proxy, "/", version)
    assert done.returncode != 0, done.stdout
    assert proxy.wait_access()[0]["error"] == ("closed_early" if how == "end" else "reset")


def test_a_client_that_leaves_cancels_its_stream(start, scripted, connect):
    cancelled = threading.Event()

    def serve(sock, _):
        for event in H2Server(sock).events():
            if isinstance(event, h2.events.StreamReset):
                assert event.error_code == h2.errors.ErrorCodes.CANCEL
                cancelled.set()

    application = scripted(serve)
    proxy = start(application, upstream_options=H2C)
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: application.connections, 10)
    client.reset()
    assert cancelled.wait(scaled(10))


def test_an_upstream_that_speaks_http1_is_an_error(start, scripted, pki):
    def serve(sock, _):
        sock.recv(65536)
        sock.sendall(response("400 Bad Request"))
        sock.recv(65536)

    proxy = start(scripted(serve), upstream_options=H2C)
    assert curl(pki, proxy)[0] == 502
    assert proxy.wait_access()[0]["error"] == "protocol_error"


def test_a_slow_request_delays_no_other(start, scripted, pki):
    release = threading.Event()

    def serve(sock, _):
        server = H2Server(sock, {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1})
        for stream, headers, *_ in server.requests():
            if dict(headers)[":path"] == "/slow":
                release.wait(scaled(20))
            server.answer(stream, b"ok")

    application = scripted(serve)
    proxy = start(application, upstream_options=H2C)
    slow = threading.Thread(target=curl, args=(pki, proxy, "/slow"))
    slow.start()
    wait_until(lambda: application.connections == 1, 10)
    assert curl(pki, proxy, "/fast")[2] == "ok"
    release.set()
    slow.join()


# ---- servers and protocols of others


NODE = """
const http2 = require('http2');
const server = http2.createServer({settings: {enableConnectProtocol: true}});
server.on('stream', (stream, headers) => {
  if (headers[':method'] === 'CONNECT') {
    stream.respond({':status': 200});
    stream.pipe(stream);
    return;
  }
  const pieces = [];
  stream.on('data', (piece) => pieces.push(piece));
  stream.on('end', () => {
    stream.additionalHeaders({':status': 103, link: '</style.css>'});
    stream.respond({':status': 200, 'x-path': headers[':path']}, {waitForTrailers: true});
    stream.on('wantTrailers', () => stream.sendTrailers({'x-sum': String(Buffer.concat(pieces).length)}));
    stream.end(Buffer.concat(pieces));
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
"""


@pytest.fixture
def node(tmp_path):
    if not shutil.which("node"):
        pytest.skip("no node")
    server = h2_upstreams.Node(tmp_path, NODE)
    yield server
    server.close()


def test_nodes_server(start, node, pki, tmp_path):
    content = "0123456789" * 300_000
    path = tmp_path / "content"
    path.write_text(content)
    proxy = start(node, upstream_options=H2C)
    status, _, body = curl(pki, proxy, "/echo", "--data-binary", f"@{path}")
    assert status == 200 and body == content
    assert proxy.wait_access()[0]["status"] == 200


def test_an_upgrade_becomes_an_extended_connect(start, node, connect):
    client = connect(start(node, upstream_options=H2C))
    client.send("GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    answer = client.response()
    assert answer.status == 101
    assert answer.headers.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    for message in (b"ping", b"x" * 100_000):
        client.send(message)
        received = b""
        while len(received) < len(message):
            received += client.tls.recv(65536)
        assert received == message


def test_an_upgrade_to_an_upstream_without_extended_connect_is_an_error(start, h2_echo, connect):
    proxy = start(h2_echo, upstream_options=H2C)
    client = connect(proxy)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert client.response().status == 502
    record = proxy.wait_access()[0]
    assert record["error"] == "upstream_protocol" and "RFC 8441" in record["error_detail"]


def test_an_idle_connection_is_closed(start, scripted, pki):
    ended = []

    def serve(sock, _):
        server = H2Server(sock)
        for stream, *_ in server.requests():
            server.answer(stream, b"ok")
            answered = time.monotonic()
        ended.append(time.monotonic() - answered)

    proxy = start(scripted(serve), upstream_options=H2C)
    assert curl(pki, proxy)[2] == "ok"
    wait_until(lambda: ended, 10, "the end of the connection")
    assert ended[0] < scaled(3)
