"""The metrics and their format."""

import calendar
import json
import socket
import subprocess
import time
import urllib.request

import pytest
from harness import clients, packages
from harness.timing import FACTOR, scaled, wait_until
from harness.upstreams import unused_port


def test_promtool_finds_nothing_to_object(mantlet, connect, pki):
    promtool = packages.find("promtool", ("prometheus",), "usr/bin/promtool")
    connect(mantlet).get()
    clients.handshake_error(mantlet.address(), clients.context(pki, client=None))
    text = mantlet.get("/metrics")[1]
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30,
                          check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_series_stands_twice(mantlet, connect):
    connect(mantlet).get()
    lines = [line.rsplit(" ", 1)[0] for line in mantlet.get("/metrics")[1].splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))


CONTRACT = """
mantlet_build_info mantlet_connections_total mantlet_connections_active mantlet_tls_handshakes_total
mantlet_tls_handshake_failures_total mantlet_tls_handshake_duration_seconds_count mantlet_requests_total
mantlet_request_duration_seconds_bucket mantlet_request_bytes_total mantlet_response_bytes_total
mantlet_upstream_connections mantlet_upstream_failures_total mantlet_certificate_not_after_timestamp_seconds
mantlet_trust_anchor_not_after_timestamp_seconds mantlet_reload_pending mantlet_draining
mantlet_reload_last_success_timestamp_seconds mantlet_reloads_total process_cpu_seconds_total
process_resident_memory_bytes process_open_fds process_max_fds process_start_time_seconds
process_virtual_memory_bytes
""".split()


def test_every_metric_of_the_contract_is_there(mantlet, connect, pki):
    connect(mantlet).get()
    clients.handshake_error(mantlet.address(), clients.context(pki, client=None))
    missing = set(CONTRACT) - mantlet.metrics().names()
    # A counter may be absent as long as nothing was counted.
    assert missing <= {"mantlet_upstream_failures_total", "mantlet_reloads_total"}


def test_requests_are_counted_by_method_and_code(mantlet, connect):
    client = connect(mantlet)
    client.get()
    client.get()
    client.exchange("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
    client.get("/status/404")
    labels = {"listener": "public", "upstream": "app"}
    mantlet.wait_metric("mantlet_requests_total", 4)
    metrics = mantlet.metrics()
    assert metrics.value("mantlet_requests_total", method="GET", code="200", **labels) == 2
    assert metrics.value("mantlet_requests_total", method="POST", code="200", **labels) == 1
    assert metrics.value("mantlet_requests_total", method="GET", code="404", **labels) == 1
    assert metrics.value("mantlet_request_duration_seconds_count", **labels) == 4


def test_methods_of_a_client_s_invention_do_not_make_series(mantlet, connect):
    for number in range(20):
        try:
            connect(mantlet).exchange(f"M{number} / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            pass
    methods = {dict(labels)["method"] for labels in mantlet.metrics().matching("mantlet_requests_total")}
    assert len(methods) <= 12, methods


def test_connections_are_counted_and_their_number_falls_again(mantlet, connect):
    open_ones = [connect(mantlet) for _ in range(3)]
    for each in open_ones:
        each.get()
    mantlet.wait_metric("mantlet_connections_active", 3, listener="public")
    for each in open_ones:
        each.close()
    mantlet.wait_metric("mantlet_connections_active", 0, listener="public")
    assert mantlet.metric("mantlet_connections_total", listener="public") == 3


def test_upstream_connections_are_counted_by_state(mantlet, connect):
    client = connect(mantlet)
    client.send("GET /slow/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: mantlet.metric("mantlet_upstream_connections", upstream="app") == 1, 5, "a connection")
    busy = {dict(k)["state"] for k, v in mantlet.metrics().matching("mantlet_upstream_connections").items() if v}
    client.response()
    wait_until(lambda: {dict(k)["state"] for k, v in mantlet.metrics().matching("mantlet_upstream_connections").items()
                        if v} != busy, 5, "another state")
    assert mantlet.metric("mantlet_upstream_connections", upstream="app", state="idle") == 1


def test_expiry_is_a_timestamp_for_every_certificate(mantlet, pki):
    metrics = mantlet.metrics()
    leaf = calendar.timegm(pki.server.certificate.not_valid_after.timetuple())
    root = calendar.timegm(pki.root.certificate.not_valid_after.timetuple())
    assert metrics.value("mantlet_certificate_not_after_timestamp_seconds", listener="public",
                         file=pki.server_files[0], subject="CN=localhost") == leaf
    assert metrics.value("mantlet_trust_anchor_not_after_timestamp_seconds", listener="public", file=pki.ca_file,
                         subject="CN=mantlet test root") == root


def test_the_moment_of_the_last_good_load_is_known(mantlet):
    assert abs(mantlet.metric("mantlet_reload_last_success_timestamp_seconds") - time.time()) < 600


def test_process_metrics_are_plausible(mantlet):
    metrics = mantlet.metrics()
    assert abs(metrics.value("process_resident_memory_bytes") - mantlet.rss()) < 32e6 + mantlet.rss() / 2
    assert abs(metrics.value("process_start_time_seconds") - time.time()) < 600
    assert 3 <= metrics.value("process_open_fds") < metrics.value("process_max_fds")


@pytest.mark.parametrize("path, status", [("/healthz", 200), ("/readyz", 200), ("/", 404), ("/certs", 404),
                                          ("/metrics/", 404), ("/config", 404)])
def test_the_metrics_endpoint_serves_its_three_pages_and_nothing_else(mantlet, path, status):
    assert mantlet.get(path)[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_metrics_endpoint_cannot_be_written_to(mantlet, method):
    assert mantlet.get("/metrics", method=method)[0] == 405


def test_the_content_type_is_the_exposition_format(mantlet):
    host, port = mantlet.address("metrics")
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_prometheus_scrapes_it(mantlet, connect, tmp_path):
    prometheus = packages.find("prometheus", ("prometheus",), "usr/bin/prometheus")
    connect(mantlet).get()
    port = unused_port()
    (tmp_path / "prometheus.yml").write_text(
        "scrape_configs:\n- job_name: mantlet\n  scrape_interval: 1s\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{mantlet.port('metrics')}']\n")
    process = subprocess.Popen([prometheus, f"--config.file={tmp_path}/prometheus.yml",
                                f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def scraped():
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/api/v1/query?query=mantlet_requests_total", timeout=5) as reply:
                    return json.load(reply)["data"]["result"]
            except OSError:
                return None

        sample, = wait_until(scraped, 20, "a scrape", interval=0.2)
        assert sample["metric"]["code"] == "200" and sample["value"][1] == "1"
    finally:
        process.terminate()
        process.wait()


def test_unread_scrapes_are_held_back(mantlet):
    before = mantlet.rss()
    with socket.create_connection(mantlet.address("metrics")) as greedy:
        greedy.settimeout(scaled(1))
        try:
            for _ in range(300):
                greedy.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        except OSError:
            pass  # held back, or ended
        assert mantlet.get("/healthz")[0] == 200
        assert mantlet.rss() - before < 16e6 * FACTOR
