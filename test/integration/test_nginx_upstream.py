"""nginx as upstream and curl as client: two independent implementations."""

import hashlib

import pytest
from harness import clients, upstreams


@pytest.fixture
def nginx(tmp_path):
    server = upstreams.Nginx(tmp_path / "nginx", keepalive_requests=5)
    yield server
    server.close()


def test_a_file_arrives_unchanged(start, nginx, pki):
    content = upstreams.pattern(10_000_000)
    (nginx.www / "file.bin").write_bytes(content)
    done = clients.curl(pki, start(nginx), "/file.bin")
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(content).digest()


def test_ranges_and_validators_work(start, nginx, connect):
    (nginx.www / "file.txt").write_text("0123456789")
    client = connect(start(nginx))
    part = client.get("/file.txt", "Range: bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    whole = client.get("/file.txt")
    assert client.get("/file.txt", f"If-None-Match: {whole.headers.get('ETag')}").status == 304
    assert client.get("/file.txt").body == b"0123456789"


def test_identity_reaches_nginx(start, nginx, connect, pki):
    reply = connect(start(nginx)).get("/echo")
    assert pki.client.sha256 in reply.headers.get("X-Xfcc")


def test_nginx_closing_connections_after_five_requests_loses_none(start, nginx, connect):
    client = connect(start(nginx))
    for _ in range(30):
        assert client.get("/echo").body == b"hello from nginx"


def test_an_error_page_of_nginx_is_passed_on(start, nginx, connect):
    reply = connect(start(nginx)).get("/missing")
    assert reply.status == 404 and b"nginx" in reply.body


def test_head_of_a_file(start, nginx, connect):
    (nginx.www / "file.txt").write_text("0123456789")
    client = connect(start(nginx))
    reply = client.exchange("HEAD /file.txt HTTP/1.1\r\nHost: localhost\r\n\r\n", "HEAD")
    assert reply.headers.get("Content-Length") == "10"
    assert client.get("/file.txt").body == b"0123456789"


def test_curl_reuses_its_connection(start, nginx, pki):
    (nginx.www / "file.txt").write_text("0123456789")
    proxy = start(nginx)
    url = f"https://localhost:{proxy.port()}/file.txt"
    done = clients.curl(pki, proxy, "/file.txt", url, url)
    assert done.stdout == b"0123456789" * 3
    assert proxy.metric("mantlet_connections_total", listener="public") == 1
