"""HTTP/2 with independent clients: curl, nghttp, h2load and Python's h2."""

import json
import re
import shutil
import ssl
import subprocess

import pytest
from harness import clients, http2
from harness.proxy import NO_CLIENT_AUTH
from harness.timing import scaled
from harness.upstreams import pattern, response

MIB = 1024 * 1024


def curl(pki, proxy, target="/", *options, **more):
    done = clients.curl(pki, proxy, target, "--http2", *options, **more)
    assert done.returncode == 0, done
    return done.stdout


def test_curl_speaks_http_2(mantlet, pki):
    account, version = curl(pki, mantlet, "/x", "--write-out", "\n%{http_version}").rsplit(b"\n", 1)
    account = json.loads(account)
    assert version == b"2"
    assert (account["method"], account["target"], account["version"]) == ("GET", "/x", "HTTP/1.1")


def test_the_access_log_has_the_protocol(mantlet, pki):
    curl(pki, mantlet)
    assert mantlet.wait_access()[0]["protocol"] == "HTTP/2"
    done = clients.curl(pki, mantlet, "/", "--http1.1", "--write-out", "\n%{http_version}")
    assert done.stdout.endswith(b"\n1.1")
    assert mantlet.wait_access(2)[1]["protocol"] == "HTTP/1.1"


def test_content_of_a_post_arrives(mantlet, pki):
    account = json.loads(curl(pki, mantlet, "/", "--data-binary", "hello"))
    assert (account["method"], account["framing"], account["body_size"]) == ("POST", "length", 5)


def test_a_head_has_no_content(mantlet, pki):
    head = curl(pki, mantlet, "/bytes/1000", "--head")
    assert head.startswith(b"HTTP/2 200") and b"content-length: 1000" in head


@pytest.mark.parametrize("status", [204, 304, 404])
def test_a_status_arrives_unchanged(mantlet, pki, status):
    assert curl(pki, mantlet, f"/status/{status}", "--write-out", "%{http_code}") == str(status).encode()


def test_curl_gets_100_continue(mantlet, pki):
    done = clients.curl(pki, mantlet, "/", "--http2", "-H", "Expect: 100-continue", "--data-binary", "x" * 2000, "-v")
    assert b"HTTP/2 100" in done.stderr and json.loads(done.stdout)["body_size"] == 2000


@pytest.mark.limit(120)
@pytest.mark.parametrize("kind", ["bytes", "chunked", "close"])
def test_a_large_download_is_complete(mantlet, pki, kind):
    assert curl(pki, mantlet, f"/{kind}/{32 * MIB}", timeout=60) == pattern(32 * MIB)


@pytest.mark.limit(120)
def test_a_large_upload_is_complete(mantlet, pki, tmp_path):
    (tmp_path / "body").write_bytes(pattern(32 * MIB))
    account = json.loads(curl(pki, mantlet, "/", "-T", str(tmp_path / "body"), timeout=60))
    assert account["body_size"] == 32 * MIB


def test_trailers_go_both_ways(mantlet, pki):
    with http2.connect(mantlet, pki) as client:
        account = json.loads(client.request(body=b"abc", trailers=[("x-sum", "1")]).body)
        assert account["trailers"] == [["x-sum", "1"]] and account["framing"] == "chunked"
        answer = client.get("/chunked/100")
        assert (answer.status, answer.body, answer.trailers) == (200, pattern(100), [("x-sum", "done")])


def test_interim_responses_are_forwarded(start, scripted, pki):
    def serve(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + response(body=b"ok"))

    with http2.connect(start(scripted(serve)), pki) as client:
        answer = client.get()
        assert [dict(head) for head in answer.interim] == [{":status": "103", "link": "</x>"}]
        assert answer.body == b"ok"


def test_nghttp_fetches_many_at_once(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": NO_CLIENT_AUTH})
    urls = [f"https://localhost:{proxy.port()}/{i}" for i in range(20)]
    done = subprocess.run(["nghttp", "--no-verify-peer", "-n", "-s", *urls], capture_output=True, text=True,
                          timeout=30, check=True)
    assert len(re.findall(r" 200 +\S+ /\d+$", done.stdout, re.M)) == 20, done.stdout
    assert {message.target for message in upstream.requests} == {f"/{i}" for i in range(20)}


def test_h2load_loses_no_request(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": NO_CLIENT_AUTH})
    done = subprocess.run(["h2load", "-n", "2000", "-c", "5", "-m", "20", f"https://localhost:{proxy.port()}/status/200"],
                          capture_output=True, text=True, timeout=60, check=True)
    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout
    proxy.wait_metric("mantlet_requests_total", 2000, code="200")


NODE = """
const http2 = require('http2'), fs = require('fs')
const [url, certificate, key, count] = process.argv.slice(2)
const session = http2.connect(url, {rejectUnauthorized: false, cert: fs.readFileSync(certificate), key: fs.readFileSync(key)})
const content = Buffer.alloc(200000, 'x')
let left = Number(count), seen = []
session.on('error', error => { console.error(error); process.exit(1) })
for (let i = 0; i < count; i++) {
  const stream = session.request({':method': 'POST', ':path': '/' + i}, {waitForTrailers: true})
  stream.on('wantTrailers', () => stream.sendTrailers({'x-sum': String(i)}))
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', piece => text += piece)
  stream.on('end', () => {
    const account = JSON.parse(text)
    seen.push([account.target, account.body_size, account.trailers])
    if (--left === 0) { session.close(); console.log(JSON.stringify(seen)) }
  })
  stream.end(content)
}
"""


def test_nodes_client(mantlet, pki, tmp_path):
    node = shutil.which("node")
    if not node:
        pytest.skip("no node")
    (tmp_path / "client.js").write_text(NODE)
    certificate, key = pki.client_files
    done = subprocess.run([node, str(tmp_path / "client.js"), f"https://127.0.0.1:{mantlet.port()}", str(certificate),
                           str(key), "50"], capture_output=True, text=True, timeout=scaled(20))
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(done.stdout)) == sorted([f"/{i}", 200_000, [["x-sum", str(i)]]] for i in range(50))


def test_all_streams_of_a_connection_have_the_identity_of_its_client(mantlet, pki):
    with http2.connect(mantlet, pki) as client:
        numbers = [client.begin(f"/{i}") for i in range(10)]
        accounts = [json.loads(client.wait(number).body) for number in numbers]
    certificates = [value for account in accounts for name, value in account["headers"]
                    if name.lower() == "x-forwarded-client-cert"]
    assert len(certificates) == 10 and len(set(certificates)) == 1 and "Hash=" in certificates[0]


def test_http_2_gets_a_suite_that_it_allows_or_is_refused(mantlet, pki):
    tls12 = ssl.TLSVersion.TLSv1_2
    good = http2.context(pki, maximum=tls12, ciphers="ECDHE+AESGCM:@SECLEVEL=0")
    with http2.Client(mantlet.address(), good) as client:
        assert client.get().status == 200
    # RFC 9113 section 9.2.2 and appendix A
    bad = clients.context(pki, maximum=tls12, ciphers="ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
                          alpn=["h2", "http/1.1"])
    try:
        with clients.RawClient(mantlet.address(), bad) as client:
            assert client.tls.selected_alpn_protocol() != "h2", client.tls.cipher()
    except (ssl.SSLError, ConnectionError):
        pass  # refusing it is right, too


def test_each_message_of_a_stream_is_forwarded_when_it_comes(start, scripted, pki):
    def serve(connection, _):
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        rest = received.split(b"\r\n\r\n", 1)[1]
        while True:
            while rest.count(b"\r\n") < 2:
                rest += connection.recv(65536)
            size, content, rest = rest.split(b"\r\n", 2)
            connection.sendall(b"%s\r\n%s\r\n" % (size, content))
            if size == b"0":
                return

    with http2.connect(start(scripted(serve)), pki) as client:
        number = client.begin(method="POST", end=False)
        for i in range(10):
            message = b"message %d" % i
            client.send(number, message)
            client.until(lambda last=message: client.streams[number].body.endswith(last))
        client.h2.end_stream(number)
        client.flush()
        assert client.wait(number).ended
