"""The logs: JSON lines with searchable fields."""

import json
import time

from harness import clients
from harness.pki import name
from harness.timing import wait_until
from harness.upstreams import unused_port

EXPECTED = {
    "listener": "public", "method": "POST", "target": "/order?id=1", "protocol": "HTTP/1.1", "status": 200,
    "request_bytes": 5, "upstream": "app", "answered_by": "upstream", "verify": "SUCCESS", "tls_version": "TLSv1.3",
    "sni": "localhost", "spiffe_id": "spiffe://example.org/alice",
}


def test_an_access_record_describes_the_whole_exchange(mantlet, connect, pki, upstream):
    client = connect(mantlet)
    client.exchange("POST /order?id=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
    record, = mantlet.wait_access()
    assert {key: record.get(key) for key in EXPECTED} == EXPECTED
    assert record["peer"] == "127.0.0.1:%d" % client.tls.getsockname()[1]
    assert record["response_bytes"] > 100 and record["duration_ms"] > 0
    assert record["subject"] == pki.client.certificate.subject.rfc4514_string()
    assert record["serial"].lstrip("0") == pki.client.serial_hex
    assert record["fingerprint_sha256"] == pki.client.sha256
    assert record["upstream_address"] == str(upstream)


def test_an_access_record_of_a_client_without_certificate(start, upstream, connect, pki):
    proxy = start(upstream, listener={"client_auth": {"mode": "optional"}})
    connect(proxy, clients.context(pki, client=None)).get("/x")
    record, = proxy.wait_access()
    assert record["verify"] == "NONE" and not {"subject", "serial", "fingerprint_sha256"} & set(record)


def test_each_request_has_one_record(mantlet, connect):
    client = connect(mantlet)
    for number in range(20):
        client.get(f"/{number}")
    records = mantlet.wait_access(20)
    assert [r["target"] for r in records] == [f"/{n}" for n in range(20)]


def test_a_refused_request_has_a_record_too(mantlet, connect):
    connect(mantlet).exchange("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")
    record, = mantlet.wait_access()
    assert (record["status"], record["answered_by"]) == (400, "mantlet")
    assert record["error"]


def test_a_hostile_target_cannot_forge_a_record(mantlet, connect):
    connect(mantlet).get('/","status":500,"x":"')
    connect(mantlet).get("/%0a%0d\\n")
    assert [r["status"] for r in mantlet.wait_access(2)] == [200, 200]


def test_a_hostile_subject_cannot_forge_a_record(mantlet, pki):
    files = pki.write(pki.ca.issue(subject=name('x","level":"error"\n{"event":"forged"}')), "forging-client")
    with clients.RawClient(mantlet.address(), clients.context(pki, client=files)) as client:
        client.get()
    mantlet.wait_access()
    assert not mantlet.log("forged") and len(mantlet.access_log()) == 1


def test_the_access_log_can_be_off(start, upstream, connect):
    proxy = start(upstream, log={"access": "off"})
    connect(proxy).get()
    proxy.stop()
    assert proxy.out.lines == []


def test_the_access_log_can_be_a_file(start, upstream, connect, tmp_path):
    path = tmp_path / "access.log"
    proxy = start(upstream, log={"access": str(path)})
    connect(proxy).get("/to-a-file")
    proxy.stop()
    record, = [json.loads(line) for line in path.read_text().splitlines()]
    assert record["target"] == "/to-a-file"
    assert proxy.out.lines == []


def test_every_record_has_time_level_and_event(mantlet):
    for record in mantlet.log():
        assert record["level"] in ("debug", "info", "warn", "error")
        assert record["event"]
        stamp = record.get("time") or record.get("ts")
        assert str(stamp).startswith(time.strftime("%Y-", time.gmtime())), record


def test_text_is_for_people(start, upstream, tls):
    port = unused_port()
    proxy = start(upstream, log={"format": "text"}, listener={"address": f"127.0.0.1:{port}"},
                  launch_options={"wait": False})
    wait_until(lambda: any(str(port) in line for line in proxy.err.lines), 10, "a line about the listener")
    with clients.RawClient(("127.0.0.1", port), tls) as client:
        client.get("/for-people")
    wait_until(lambda: any("/for-people" in line for line in proxy.out.lines), 10, "a line about the request")
    assert not any(line.startswith("{") for line in proxy.err.lines + proxy.out.lines)


def test_level_error_silences_the_rest(start, upstream, tls):
    port = unused_port()
    proxy = start(upstream, log={"level": "error"}, listener={"address": f"127.0.0.1:{port}"},
                  launch_options={"wait": False})

    def served():
        try:
            with clients.RawClient(("127.0.0.1", port), tls) as client:
                return client.get().status == 200
        except OSError:
            return False

    wait_until(served, 10, "service")
    proxy.stop()
    assert proxy.err.lines == []
