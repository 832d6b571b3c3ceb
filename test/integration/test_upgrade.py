"""Upgrade: WebSockets and other tunnels, and upgrades that fail."""

import asyncio
import threading
import time

import pytest
import websockets
from harness import clients
from harness.messages import Reader
from harness.timing import scaled
from harness.upstreams import reset, response


@pytest.fixture
def websocket_upstream():
    """A server of the websockets library that echoes; yields its address and the request headers it saw."""
    loop, ready, seen = asyncio.new_event_loop(), threading.Event(), []
    state = {}

    async def echo(socket):
        # The library's newer interface, Debian 13's, keeps the request whole.
        seen.append(socket.request.headers if hasattr(socket, "request") else socket.request_headers)
        async for message in socket:
            await socket.send(message)

    async def serve():
        state["stop"] = asyncio.Event()
        async with websockets.serve(echo, "127.0.0.1", 0, max_size=None) as server:
            state["port"] = server.sockets[0].getsockname()[1]
            ready.set()
            await state["stop"].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield f"127.0.0.1:{state['port']}", seen
    loop.call_soon_threadsafe(state["stop"].set)
    thread.join(scaled(10))


def talk(proxy, pki, conversation):
    async def run():
        uri = f"wss://localhost:{proxy.port()}/socket"
        async with websockets.connect(uri, ssl=clients.context(pki), max_size=None,
                                      open_timeout=scaled(10), close_timeout=scaled(5)) as socket:
            return await conversation(socket)
    return asyncio.run(run())


def test_websocket_messages_are_echoed(start, websocket_upstream, pki):
    address, _ = websocket_upstream

    async def conversation(socket):
        for message in ("hello", b"\x00\x01", "x" * 100_000):
            await socket.send(message)
            assert await socket.recv() == message

    talk(start(address), pki, conversation)


def test_a_large_websocket_message_survives(start, websocket_upstream, pki):
    address, _ = websocket_upstream

    async def conversation(socket):
        message = bytes(range(256)) * 40_000
        sending = asyncio.ensure_future(socket.send(message))
        assert await socket.recv() == message
        await sending

    talk(start(address), pki, conversation)


def test_the_websocket_handshake_carries_the_identity(start, websocket_upstream, pki):
    address, seen = websocket_upstream

    async def conversation(_):
        pass

    talk(start(address), pki, conversation)
    assert pki.client.sha256 in seen[0]["X-Forwarded-Client-Cert"]


def test_a_closing_handshake_ends_the_tunnel(start, websocket_upstream, pki):
    address, _ = websocket_upstream
    proxy = start(address)

    async def conversation(socket):
        await socket.close(1000, "done")
        return socket.close_code

    assert talk(proxy, pki, conversation) == 1000
    proxy.wait_metric("mantlet_connections_active", 0, listener="public")


UPGRADE = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"


def switching(then):
    def serve(connection, _):
        Reader(connection).head()
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        then(connection)
    return serve


def test_any_protocol_is_tunnelled_after_101(start, scripted, connect):
    def then(connection):
        while data := connection.recv(1000):
            connection.sendall(data[::-1])

    client = connect(start(scripted(switching(then))))
    reply = client.exchange(UPGRADE)
    assert (reply.status, reply.headers.get("Upgrade")) == (101, "chat")
    client.send(b"\x00abc\r\n")
    assert client.reader.exactly(6) == b"\n\rcba\x00"


def test_bytes_that_follow_the_101_at_once_are_not_lost(start, scripted, connect):
    client = connect(start(scripted(switching(lambda c: (c.sendall(b"early"), c.recv(1))))))
    client.exchange(UPGRADE)
    assert client.reader.exactly(5) == b"early"


def test_the_upstream_ends_the_tunnel(start, scripted, connect):
    client = connect(start(scripted(switching(lambda c: c.sendall(b"bye")))))
    client.exchange(UPGRADE)
    assert client.reader.to_end() == b"bye"


def test_the_client_ends_the_tunnel(start, scripted, connect):
    ended = threading.Event()
    client = connect(start(scripted(switching(lambda c: (c.recv(1) == b"") and ended.set()))))
    client.exchange(UPGRADE)
    client.close()
    assert ended.wait(scaled(10))


def test_a_tunnel_has_one_record_when_it_ends(start, scripted, connect):
    def answer(connection):
        assert connection.recv(5) == b"hello"
        connection.sendall(b"good day")

    proxy = start(scripted(switching(answer)))
    client = connect(proxy)
    client.exchange(UPGRADE)
    client.send("hello")
    assert client.reader.exactly(8) == b"good day"
    assert not proxy.access_log()
    client.close()
    record, = proxy.wait_access()
    assert (record["status"], record["request_bytes"], record["response_bytes"]) == (101, 5, 8)


def test_half_closing_the_tunnel_leaves_the_other_way_open(start, scripted, tls):
    def then(connection):
        got = Reader(connection).to_end()
        connection.sendall(b"got " + got)

    client = clients.HalfClosingClient(start(scripted(switching(then))).address(), tls)
    client.send(UPGRADE.encode())
    client.send(b"all of it")
    client.close_write()
    assert client.read_to_end().endswith(b"\r\n\r\ngot all of it")


def test_an_upgrade_that_the_upstream_ignores_is_an_ordinary_exchange(mantlet, connect):
    client = connect(mantlet)
    assert client.exchange(UPGRADE).status == 200
    assert client.get().status == 200


def test_an_upgrade_that_the_upstream_refuses_is_passed_on(start, scripted, connect):
    def serve(connection, _):
        reader = Reader(connection)
        while reader.request():
            connection.sendall(response("403 Forbidden", b"no"))
    client = connect(start(scripted(serve)))
    assert client.exchange(UPGRADE).status == 403
    assert client.get().status == 403


def test_an_unsolicited_101_is_a_bad_gateway(start, scripted, connect):
    client = connect(start(scripted(switching(lambda c: c.recv(1)))))
    assert client.get().status == 502


EXEC = "POST /exec HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
CONTENT = '{"Detach":false,"Tty":true}'
FRAMINGS = {"a length": f"Content-Length: {len(CONTENT)}\r\n\r\n{CONTENT}",
            "chunks": f"Transfer-Encoding: chunked\r\n\r\n{len(CONTENT):x}\r\n{CONTENT}\r\n0\r\n\r\n"}


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("early", [False, True], ids=["typed later", "typed at once"])
def test_an_upgrade_with_content_becomes_a_tunnel_after_it(start, scripted, connect, framing, early):
    requests = []

    def serve(connection, _):
        reader = Reader(connection)
        requests.append(reader.request())
        connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nprompt# ")
        connection.sendall(b"got: " + reader.exactly(3))

    client = connect(start(scripted(serve)))
    client.send(EXEC + framing + ("ls\n" if early else ""))
    assert client.response().status == 101
    assert client.reader.exactly(8) == b"prompt# "
    if not early:
        client.send("ls\n")
    assert client.reader.exactly(8) == b"got: ls\n"
    request, = requests
    assert request.body == CONTENT.encode()
    assert request.headers.get("Upgrade") == "tcp"


def test_an_upgrade_with_content_is_limited_and_evaluated_like_any_request(start, upstream, connect):
    proxy = start(upstream, listener={"limits": {"body_bytes": "10"},
                                      "policy": {"rules": [{"name": "no-exec", "action": "deny",
                                                            "match": {"path": ["/no"]}}]}})
    assert connect(proxy).exchange(EXEC + FRAMINGS["a length"]).status == 413
    assert connect(proxy).exchange(EXEC + FRAMINGS["chunks"]).status == 413
    refused = EXEC.replace("/exec", "/no") + "Content-Length: 2\r\n\r\n{}"
    assert connect(proxy).exchange(refused).status == 403
    assert not upstream.requests


def test_an_upgrade_with_content_that_is_not_done_leaves_an_ordinary_exchange(mantlet, connect, upstream):
    client = connect(mantlet)
    assert client.exchange(EXEC + FRAMINGS["chunks"]).status == 200
    assert client.get("/next").status == 200
    assert [(r.target, r.body) for r in upstream.requests] == [("/exec", CONTENT.encode()), ("/next", b"")]


def test_an_upgrade_that_is_not_forwarded_is_logged(mantlet, connect):
    assert connect(mantlet).get("/", "Connection: Upgrade", "Upgrade: h2c").status == 200
    assert mantlet.wait_log("upgrade_ignored", protocol="h2c", listener="public")["detail"]


def test_h2c_is_never_offered_to_the_upstream(mantlet, connect, upstream):
    connect(mantlet).exchange("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                              "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
    for request in upstream.requests:
        assert "h2c" not in request.headers.get("Upgrade", "")
        assert not request.headers.all("HTTP2-Settings")


def test_an_idle_tunnel_is_ended(start, scripted, connect):
    proxy = start(scripted(switching(lambda c: c.recv(1))), listener={"timeouts": {"tunnel": "300ms"}})
    client = connect(proxy)
    client.exchange(UPGRADE)
    assert client.closed()
    record, = proxy.wait_access()
    assert (record["status"], record["error"]) == (101, "timeout_tunnel")
    assert "listeners[].timeouts.tunnel" in record["error_detail"]
    assert "listeners[].timeouts.tunnel" in proxy.wait_log("request_timed_out")["detail"]


def test_a_client_that_half_closes_before_the_101_is_known_to_the_tunnel(start, scripted, tls):
    ended = threading.Event()

    def serve(connection, _):
        reader = Reader(connection)
        reader.head()
        time.sleep(scaled(0.3))
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        reader.to_end()
        ended.set()

    proxy = start(scripted(serve))
    client = clients.HalfClosingClient(proxy.address(), tls)
    client.send(UPGRADE.encode())
    client.close_write()
    client.read_to_end()
    assert ended.wait(scaled(10))
    proxy.wait_metric("mantlet_connections_active", 0, listener="public")


def test_a_tunnel_that_breaks_does_not_end_as_if_complete(start, scripted, connect):
    def then(connection):
        connection.sendall(b"part")
        connection.recv(1)
        reset(connection)

    client = connect(start(scripted(switching(then))))
    client.exchange(UPGRADE)
    assert client.reader.exactly(4) == b"part"
    client.send("x")
    with pytest.raises(OSError):  # close_notify would be a proper end
        client.tls.recv(1)
