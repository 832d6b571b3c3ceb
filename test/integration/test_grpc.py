"""gRPC as its users know it: grpcio as client and server, with mantlet between them."""

import pathlib
import queue
import time

import pytest
from harness import clients
from harness.grpc_server import GrpcServer
from harness.timing import scaled, wait_until

grpc = pytest.importorskip("grpc", reason="not installed: python3-grpcio; tools/bootstrap --test installs it")
H2C = {"protocol": "h2c"}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
             ("grpc.enable_retries", 0)]


@pytest.fixture(scope="module")
def server():
    running = GrpcServer()
    yield running
    running.stop()


@pytest.fixture
def channel(pki):
    """channel(proxy) opens one; it is closed after the test."""
    opened = []
    key, chain = (pathlib.Path(path).read_bytes() for path in (pki.client_files[1], pki.client_files[0]))
    credentials = grpc.ssl_channel_credentials(pathlib.Path(pki.ca_file).read_bytes(), key, chain)

    def make(proxy):
        opened.append(grpc.secure_channel(f"localhost:{proxy.port()}", credentials, options=UNLIMITED))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def unary(channel, method, request=b"", timeout=10, **options):
    return channel.unary_unary(f"/test.Echo/{method}")(request, timeout=scaled(timeout), **options)


def status(call):
    """Returns the (status, message) of a call that fails."""
    with pytest.raises(grpc.RpcError) as failed:
        call()
    return failed.value.code().name, failed.value.details()


def test_each_kind_of_call(start, server, channel):
    calls = channel(start(server, upstream_options=H2C))
    answer, call = calls.unary_unary("/test.Echo/Unary").with_call(b"hello", timeout=scaled(10))
    assert answer == b"hello" and call.code() is grpc.StatusCode.OK
    assert dict(call.trailing_metadata()) == {"x-trailer": "t", "x-trailer-bin": b"\x00\xff"}
    assert list(calls.unary_stream("/test.Echo/Down")(b"n", timeout=scaled(10))) == [b"n%d" % i for i in range(5)]
    assert calls.stream_unary("/test.Echo/Up")(iter([b"x" * 1000] * 1000), timeout=scaled(10)) == b"1000000"
    both = calls.stream_stream("/test.Echo/Both")(iter([b"a", b"b", b"c"]), timeout=scaled(10))
    assert list(both) == [b"a", b"b", b"c"]
    assert calls.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=scaled(10)) == b"\x08\x01"


def test_each_message_of_a_stream_is_passed_on_as_it_comes(start, server, channel):
    """The client sends a message only after the answer to the last one: a buffer anywhere would stop the stream."""
    calls = channel(start(server, upstream_options=H2C))
    messages = queue.Queue()
    answers = calls.stream_stream("/test.Echo/Both")(iter(messages.get, None), timeout=scaled(20))
    for number in range(200):
        messages.put(b"%d" % number)
        assert next(answers) == b"%d" % number
    messages.put(None)
    assert list(answers) == []


def test_the_caller_and_its_metadata_reach_the_server(start, server, channel):
    listener = {"identity_headers": {"set": {"x-client": "subject"}}}
    calls = channel(start(server, upstream_options=H2C, listener=listener))
    metadata = [("x-one", "1"), ("x-bytes-bin", b"\x00\x01\xff"), ("x-client", "forged")]
    seen = unary(calls, "Who", metadata=metadata).decode()
    assert "('x-one', '1')" in seen and r"('x-bytes-bin', b'\x00\x01\xff')" in seen
    assert "forged" not in seen and seen.count("'x-client'") == 1
    assert "x-forwarded-client-cert" in seen


def test_statuses_of_the_server_pass_unchanged(start, server, channel):
    proxy = start(server, upstream_options=H2C)
    calls = channel(proxy)
    assert status(lambda: unary(calls, "Abort")) == ("FAILED_PRECONDITION", "not nö, 100 %")
    assert status(lambda: unary(calls, "Missing"))[0] == "UNIMPLEMENTED"
    assert [record["grpc_status"] for record in proxy.wait_access(2)] == [9, 12]
    assert proxy.metric("mantlet_grpc_responses_total", grpc_status="FAILED_PRECONDITION") == 1


def test_a_deadline_and_a_cancelled_call_end_the_call_at_the_server(start, server, channel):
    calls = channel(start(server, upstream_options=H2C))
    before = int(unary(calls, "Ended"))
    assert status(lambda: unary(calls, "Hang", timeout=0.3))[0] == "DEADLINE_EXCEEDED"
    wait_until(lambda: int(unary(calls, "Ended")) == before + 1, 10, "the end of the call with a deadline")
    hanging = calls.unary_unary("/test.Echo/Hang").future(b"")
    time.sleep(0.2)
    hanging.cancel()
    wait_until(lambda: int(unary(calls, "Ended")) == before + 2, 10, "the end of the cancelled call")


@pytest.mark.limit(60)
def test_large_messages_and_many_calls_at_a_time(start, server, channel):
    proxy = start(server, upstream_options=H2C)
    calls = channel(proxy)
    message = bytes(range(256)) * 65536  # 16 MiB
    assert unary(calls, "Unary", message, timeout=40) == message
    pending = [calls.unary_unary("/test.Echo/Unary").future(b"%d" % i, timeout=scaled(30)) for i in range(500)]
    assert [each.result() for each in pending] == [b"%d" % i for i in range(500)]
    wait_until(lambda: proxy.metric("mantlet_http2_streams_active") == 0, 10, "the end of all streams")
    assert proxy.metric("mantlet_upstream_connections") <= 8, "many calls share a connection"


def test_a_server_that_is_started_again_is_used_again(start, channel, pki):
    server = GrpcServer()
    try:
        proxy = start(server, upstream_options=H2C)
        calls = channel(proxy)
        assert unary(calls, "Unary", b"1") == b"1"
        server.stop()
        code, message = status(lambda: unary(calls, "Unary", b"2"))
        assert code == "UNAVAILABLE" and message.startswith("mantlet: ")
        server.start()
        assert unary(calls, "Unary", b"3") == b"3"
    finally:
        server.stop()


def test_calls_that_mantlet_refuses_get_a_status_of_grpc(start, server, channel):
    proxy = start(server, upstream_options=H2C | {"timeouts": {"response_head": "200ms"}}, listener={
        "limits": {"body_bytes": 1000, "header_bytes": "4KiB"},
        "policy": {"rules": [{"name": "no-who", "action": "deny", "match": {"path": "/test.Echo/Who"}}]}})
    calls = channel(proxy)
    assert status(lambda: unary(calls, "Who"))[0] == "PERMISSION_DENIED"
    assert status(lambda: unary(calls, "Hang"))[0] == "DEADLINE_EXCEEDED"
    assert status(lambda: unary(calls, "Unary", b"x" * 5000))[0] == "RESOURCE_EXHAUSTED"
    assert status(lambda: unary(calls, "Unary", metadata=[("x", "y" * 5000)]))[0] == "RESOURCE_EXHAUSTED"
    records = proxy.wait_access(4)
    assert [(each["status"], each["grpc_status"]) for each in records] == [(200, 7), (200, 4), (200, 8), (200, 8)]
    assert proxy.metric("mantlet_grpc_responses_total", grpc_status="PERMISSION_DENIED") == 1


def test_a_server_that_is_not_there_is_unavailable(start, channel):
    calls = channel(start("127.0.0.1:9", upstream_options=H2C))
    assert status(lambda: unary(calls, "Unary"))[0] == "UNAVAILABLE"


def test_grpc_to_an_http1_upstream_names_the_key_to_change(start, upstream, channel):
    proxy = start(upstream)
    code, _ = status(lambda: unary(channel(proxy), "Unary"))
    assert code == "UNAVAILABLE"
    record = proxy.wait_log("grpc_over_http1")
    assert "upstreams[].protocol" in str(record)


def test_a_refusal_of_a_request_that_is_not_grpc_is_one_of_http(start, server, pki):
    """The neighbour: the same policy over the same protocol, for a client that knows HTTP only."""
    proxy = start(server, upstream_options=H2C, listener={"policy": {"default": "deny"}})
    done = clients.curl(pki, proxy, "/", "--http2", "-w", "%{http_code}")
    assert done.stdout.endswith(b"403")


def test_a_drain_completes_the_call_in_flight(start, server, channel):
    proxy = start(server, upstream_options=H2C, shutdown={"drain": "5s", "idle_grace": "100ms"})
    calls = channel(proxy)
    messages = queue.Queue()
    answers = calls.stream_stream("/test.Echo/Both")(iter(messages.get, None), timeout=scaled(20))
    messages.put(b"before")
    assert next(answers) == b"before"
    proxy.signal(15)
    proxy.wait_log("drain_begun")
    time.sleep(0.3)
    messages.put(b"after")
    assert next(answers) == b"after"
    messages.put(None)
    assert list(answers) == []
