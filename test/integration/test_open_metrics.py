"""OpenMetrics, with traces as examples of latencies, and gzip, for those who ask for them."""

import gzip
import http.client
import json
import subprocess
import time
import urllib.request

import pytest
from harness import packages
from harness.timing import scaled, wait_until
from harness.upstreams import unused_port

openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser", reason="needs python3-prometheus-client")

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"traceparent: 00-{TRACE}-b7ad6b7169203331-01"
HISTOGRAMS = ("mantlet_request_duration_seconds", "mantlet_upstream_response_head_duration_seconds")


def fetch(proxy, method="GET", endpoint="metrics", **fields):
    """Returns (header fields, body) of a scrape."""
    connection = http.client.HTTPConnection(*proxy.address(endpoint), timeout=scaled(5))
    connection.request(method, "/metrics", headers={name.replace("_", "-"): value for name, value in fields.items()})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    assert reply.status == 200
    return reply.headers, body


def families(proxy):
    fields, body = fetch(proxy, accept=OPEN_METRICS)
    assert fields["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    return {family.name: family for family in openmetrics.text_string_to_metric_families(body.decode())}


def exemplars(proxy):
    return {(family.name, sample.labels["le"]): sample.exemplar
            for family in families(proxy).values() for sample in family.samples if sample.exemplar}


def test_an_independent_parser_reads_the_same_series_as_in_text(mantlet, connect):
    connect(mantlet).get("/", SAMPLED)
    mantlet.wait_metric("mantlet_requests_total", 1)
    read = {(sample.name, tuple(sorted(sample.labels.items()))) for family in families(mantlet).values()
            for sample in family.samples if "le" not in sample.labels}
    text = {(name, tuple(sorted(labels.items()))) for name, labels, _ in mantlet.metrics().samples
            if "le" not in labels}
    escaped = {(name, tuple((key, value.replace("\\\\", "\\").replace('\\"', '"')) for key, value in labels))
               for name, labels in text}
    assert read == escaped
    types = {family.name: family.type for family in families(mantlet).values()}
    assert types["mantlet_requests"] == "counter" and types["mantlet_requests_active"] == "gauge"


def test_a_recorded_trace_is_the_example_of_both_latencies(mantlet, connect):
    connect(mantlet).get("/", SAMPLED)
    mantlet.wait_metric("mantlet_requests_total", 1)
    found = exemplars(mantlet)
    assert {name for name, _ in found} == set(HISTOGRAMS)
    for (_, bound), exemplar in found.items():
        assert exemplar.labels == {"trace_id": TRACE}
        assert 0 < exemplar.value <= float(bound)
        assert abs(float(exemplar.timestamp) - time.time()) < 60
    assert b"trace_id" not in fetch(mantlet)[1], "the text format has no examples"


@pytest.mark.parametrize("field", ["x: y", f"traceparent: 00-{TRACE}-b7ad6b7169203331-00",
                                   f"traceparent: 00-{TRACE.upper()}-b7ad6b7169203331-01",
                                   'traceparent: 00-"} 1 # {trace_id="forged"} -b7ad6b7169203331-01'])
def test_what_is_no_recorded_trace_is_no_example(mantlet, connect, field):
    assert connect(mantlet).get("/", field).status == 200
    mantlet.wait_metric("mantlet_requests_total", 1)
    assert not exemplars(mantlet)


@pytest.mark.parametrize("accept", ["*/*", OPEN_METRICS])
def test_the_compressed_scrape_is_the_same(mantlet, accept):
    plain, text = fetch(mantlet, accept=accept)
    fields, body = fetch(mantlet, accept=accept, accept_encoding="gzip")
    assert fields["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain
    assert fields["Content-Type"] == plain["Content-Type"]
    assert fields["Vary"] == plain["Vary"] == "Accept, Accept-Encoding"
    names = [line.split(b" ")[0] for line in text.splitlines()]
    assert [line.split(b" ")[0] for line in gzip.decompress(body).splitlines()] == names
    assert len(body) * 5 < len(text)
    assert fetch(mantlet, "HEAD", accept=accept, accept_encoding="gzip")[1] == b""


def test_other_pages_are_not_compressed(mantlet):
    connection = http.client.HTTPConnection(*mantlet.address("metrics"), timeout=scaled(5))
    connection.request("GET", "/healthz", headers={"Accept-Encoding": "gzip", "Accept": OPEN_METRICS})
    assert connection.getresponse().read() == b"ok\n"
    connection.close()


def test_prometheus_stores_the_examples(mantlet, connect, tmp_path):
    prometheus = packages.find("prometheus", ("prometheus",), "usr/bin/prometheus")
    connect(mantlet).get("/", SAMPLED)
    port = unused_port()
    (tmp_path / "prometheus.yml").write_text(
        "scrape_configs:\n- job_name: mantlet\n  scrape_interval: 1s\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{mantlet.port('metrics')}']\n")
    process = subprocess.Popen([prometheus, f"--config.file={tmp_path}/prometheus.yml",
                                "--enable-feature=exemplar-storage",
                                f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    now = int(time.time())
    url = (f"http://127.0.0.1:{port}/api/v1/query_exemplars?query={HISTOGRAMS[0]}_bucket"
           f"&start={now - 60}&end={now + 120}")
    try:
        def stored():
            try:
                with urllib.request.urlopen(url, timeout=5) as reply:
                    return json.load(reply)["data"]
            except OSError:
                return None

        series = wait_until(stored, 20, "an example", interval=0.2)
        assert series[0]["exemplars"][0]["labels"] == {"trace_id": TRACE}
    finally:
        process.terminate()
        process.wait()
