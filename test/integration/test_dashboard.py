"""deploy/grafana/mantlet.json: Debian's Prometheus scrapes a mantlet with traffic, failures and reloads, and every query of
every panel returns data. The alert rules are loaded, too.
"""

import contextlib
import copy
import json
import pathlib
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from harness import clients, http2, packages
from harness.ocsp import response as ocsp_response
from harness.proxy import REPOSITORY, configuration
from harness.timing import wait_until
from harness.upstreams import unused_port

DASHBOARD = json.loads((REPOSITORY / "deploy/grafana/mantlet.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {"$__rate_interval": "15s", "$job": ".*", "$instance": ".*", "$listener": ".*", "$upstream": ".*"}
# Empty on a healthy machine; the traffic of this test causes each.
PROVOKED = {"Failed handshakes by reason", "Failures by reason", "CAs without a revocation list"}


def queries():
    for panel in PANELS:
        for target in panel["targets"]:
            query = target["expr"]
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            assert "$" not in query, query
            yield panel["title"], query


class Prometheus:
    def __init__(self, folder, target):
        program = packages.find("prometheus", ("prometheus",), "usr/bin/prometheus")
        self._url = f"http://127.0.0.1:{unused_port()}"
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(REPOSITORY / "deploy/prometheus/mantlet.rules.yaml")],
            "scrape_configs": [{"job_name": "mantlet", "static_configs": [{"targets": [target]}]}]}))
        self.process = subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self._url[7:]}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(self, path, **parameters):
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)["data"]

    def has_data(self, query):
        values = [float(sample["value"][1]) for sample in self.get("query", query=query)["result"]]
        return any(value == value for value in values)  # not only NaN

    def ready(self):
        with contextlib.suppress(OSError):
            return self.get("query", query="mantlet_ready")["result"]
        return None

    def stop(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def traffic():
    """traffic(step) calls step() in a thread again and again, until the end of the test."""
    stop, errors = threading.Event(), []

    def loop(step):
        while not stop.is_set():
            try:
                step()
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)
            stop.wait(0.2)

    threads = []

    def begin(step):
        threads.append(threading.Thread(target=loop, args=(step,), daemon=True))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not errors, errors[:3]


def config(own_pki, upstream, tmp_path):
    revoked, ocsp = tmp_path / "ca.crl", tmp_path / "server.ocsp"
    revoked.write_bytes(own_pki.ca.crl())  # and none of the root
    ocsp.write_bytes(ocsp_response(own_pki.ca, own_pki.server))
    chain, key = own_pki.server_files
    result = configuration(
        own_pki, upstream, upstream_options={"health": {"type": "tcp", "interval": "1s"}},
        listener={"tls": {"certificates": [{"chain": chain, "key": key, "ocsp_response": str(ocsp)}]},
                  "client_auth": {"crl": {"files": [str(revoked)], "policy": "if_present"}}})
    dead = {**copy.deepcopy(result["listeners"][0]), "name": "dead", "upstream": "dead"}
    result["listeners"].append(dead)
    result["upstreams"].append({"name": "dead", "address": f"127.0.0.1:{unused_port()}"})
    return result


@pytest.mark.limit(120)
def test_every_query_returns_data(launch, own_pki, upstream, traffic, tmp_path):
    proxy = launch(config(own_pki, upstream, tmp_path))
    tls = clients.context(own_pki)

    def work():
        for listener, status in (("public", 200), ("dead", 502)):
            client = clients.RawClient(proxy.address(listener), tls)
            assert client.get().status in (status, 503)
            client.close()
        with http2.connect(proxy, own_pki) as client:
            assert client.get().status == 200
        clients.handshake_error(proxy.address(), clients.context(own_pki, client=None))

    traffic(work)
    prometheus = Prometheus(tmp_path, f"127.0.0.1:{proxy.port('metrics')}")
    try:
        wait_until(prometheus.ready, 30, "the first scrape", interval=0.2)
        key = pathlib.Path(own_pki.server_files[1])
        good = key.read_bytes()
        key.write_bytes(good[: len(good) // 2])
        proxy.wait_metric("mantlet_reload_pending", 1)
        key.write_bytes(good)
        proxy.wait_metric("mantlet_reload_pending", 0)

        def without_data():
            return [(title, query) for title, query in queries() if not prometheus.has_data(query)]

        deadline = time.monotonic() + 60
        while (missing := without_data()) and time.monotonic() < deadline:
            time.sleep(1)
        assert not missing
        check_rules(prometheus)
    finally:
        prometheus.stop()


def check_rules(prometheus):
    """Real series: no rule fails because of them, and those that fire have a text."""

    def firing():
        rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
        assert rules and not [rule["lastError"] for rule in rules if rule["health"] == "err"]
        active = [alert for rule in rules for alert in rule["alerts"]]
        assert "<error" not in json.dumps(active)
        return {alert["labels"]["alertname"] for alert in active}

    # The other one has been open for a while, or is half open for a moment.
    wait_until(lambda: {"MantletUpstreamFails", "MantletHandshakesFail", "MantletCrlMissing"} <= firing(), 30,
               "the alerts that this traffic causes")
    assert not {"MantletNotReady", "MantletReloadPending", "MantletMemoryNearLimit"} & firing()


def test_the_dashboard_can_be_imported():
    assert DASHBOARD["uid"] == "mantlet" and DASHBOARD["schemaVersion"] >= 36 and "id" not in DASHBOARD
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Overview", "Certificates", "Handshakes", "Requests", "Upstreams", "Limits", "Reloads", "Process"]
    for panel in PANELS:
        assert panel["title"] and panel["type"] in ("timeseries", "stat", "table")
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_no_two_panels_overlap():
    taken = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]


def test_every_metric_of_the_dashboard_is_documented():
    documented = set(re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "proxy/observe/README.md").read_text(), re.MULTILINE))
    for title, query in queries():
        used = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b(?:mantlet|process)_\w+", query)}
        assert used and used <= documented, (title, used - documented)
    assert PROVOKED <= {panel["title"] for panel in PANELS}
