"""deploy/prometheus/mantlet.rules.yaml, judged by promtool: for each alert there is a state in which it fires, and one close
to it in which it does not.
"""

import re
import subprocess

import pytest
import yaml
from harness import packages
from harness.proxy import REPOSITORY

RULES = REPOSITORY / "deploy/prometheus/mantlet.rules.yaml"
MINUTES = 30  # when the alerts are looked at, in minutes after the epoch
DAY = 86400
DAY_MINUTES = 1440 + MINUTES
COMPARES_WITH_A_DAY_BEFORE = "MantletClientCertificateExpires"
L, U, R, F = '{listener="public"}', '{upstream="app"}', '{listener="public",reason="%s"}', '{listener="public",file="/f"}'
CERT, CA, CRL, OCSP = "mantlet_certificate_not_", "mantlet_trust_anchor_not_after_timestamp_seconds", "mantlet_crl_", "mantlet_ocsp_"


def lifetime(days_left, days_in_all, first, last):
    """Two gauges of something that ends after `days_left` days, `days_in_all` after its begin."""
    return {last + "_timestamp_seconds" + F: days_left * DAY,
            first + "_timestamp_seconds" + F: (days_left - days_in_all) * DAY}


def certificate(left, total):
    return lifetime(left, total, CERT + "before", CERT + "after")


def crl(left, total):
    return lifetime(left, total, CRL + "this_update", CRL + "next_update")


def ocsp(left, total):
    return lifetime(left, total, OCSP + "this_update", OCSP + "next_update")


def anchor(days, domain=""):
    return {CA + '{listener="public",trust_domain="%s"}' % domain: days * DAY}


def at(name, value, labels=""):
    return {name + labels: value}


def handshakes(good, bad, reason):
    """Per minute."""
    return {"mantlet_tls_handshakes_total" + L: f"0+{good}x60",
            "mantlet_tls_handshake_failures_total" + R % reason: f"0+{bad}x60"}


def ratio(part, whole, labels, limit):
    def make(value):
        return {part + labels[0]: value, whole + labels[1]: limit}
    return make


CLIENTS = 'mantlet_client_certificate_not_after_timestamp_seconds{listener="public",issuer="CN=ca"}'
ACTIVE = '{upstream="app",state="active"}'
connections = ratio("mantlet_connections_active", "mantlet_connections_limit", (L, L), 100)
progress = ratio("mantlet_tls_handshakes_active", "mantlet_tls_handshakes_limit", (L, L), 100)
pool = ratio("mantlet_upstream_connections", "mantlet_upstream_connections_limit", (ACTIVE, U), 100)
idle = ratio("mantlet_upstream_connections", "mantlet_upstream_connections_limit", ('{upstream="app",state="idle"}', U), 100)
waiting = ratio("mantlet_upstream_requests_waiting", "mantlet_upstream_requests_waiting_limit", (U, U), 100)
files = ratio("process_open_fds", "mantlet_client_fds_limit", ("", ""), 100)

# alert: (states in which it fires, states in which it does not); a number is constant, text is promtool's notation.
CASES = {
    "MantletCertificateExpiresIn30Days": ([certificate(29, 365)], [certificate(31, 365), certificate(5, 365), certificate(29, 60)]),
    "MantletCertificateExpiresIn7Days": ([certificate(6, 90)], [certificate(8, 90), certificate(0.5, 90), certificate(6, 14)]),
    "MantletCertificateExpiresIn1Day": ([certificate(0.9, 90), certificate(-1, 90)], [certificate(1.2, 90), certificate(0.5, 1)]),
    "MantletCaExpiresIn30Days": ([anchor(29)], [anchor(31), anchor(5), anchor(29, "example.org")]),
    "MantletCaExpiresIn7Days": ([anchor(6)], [anchor(8), anchor(0.5), anchor(6, "example.org")]),
    "MantletCaExpiresIn1Day": ([anchor(0.9)], [anchor(1.2), anchor(0.9, "example.org")]),
    "MantletTrustDomainExpires": ([anchor(0.2, "example.org")],
                                  [anchor(0.4, "example.org"), anchor(0.2),
                                   {**anchor(0.2, "example.org"), CA + '{listener="public",trust_domain="example.org",serial="2"}': DAY}]),
    "MantletCrlExpiresIn30Days": ([crl(29, 100)], [crl(31, 100), crl(6, 7), crl(29, 60)]),
    "MantletCrlExpiresIn7Days": ([crl(2, 7)], [crl(8, 30), crl(6, 7), crl(0.5, 7)]),
    "MantletCrlExpiresIn1Day": ([crl(0.9, 7)], [crl(1.2, 7), crl(0.5, 1)]),
    "MantletOcspResponseExpiresIn30Days": ([ocsp(29, 100)], [ocsp(31, 100), ocsp(6, 7)]),
    "MantletOcspResponseExpiresIn7Days": ([ocsp(2, 7)], [ocsp(8, 30), ocsp(6, 7), ocsp(0.5, 7)]),
    "MantletOcspResponseExpiresIn1Day": ([ocsp(0.9, 7)], [ocsp(1.2, 7), ocsp(0.5, 1)]),
    "MantletCertificateNotRenewed": ([certificate(17, 90), certificate(0.1, 1)], [certificate(19, 90), certificate(0.3, 1)]),
    "MantletClientCertificateExpires": ([at(CLIENTS, 6 * DAY)],
                                        [at(CLIENTS, 20 * DAY), at(CLIENTS, f"{DAY}+60x3000"), at(CLIENTS, f"_x1440 {6 * DAY}+0x600")]),
    "MantletCrlMissing": ([at("mantlet_crl_missing", 1, L)], [at("mantlet_crl_missing", "0+0x25 1+0x30", L), {}]),
    "MantletReloadPending": ([at("mantlet_reload_pending", 1)], [at("mantlet_reload_pending", "0+0x25 1+0x30"), at("mantlet_reload_pending", 0)]),
    "MantletReloadFails": ([at("mantlet_reloads_total", "0+0x20 1+0x30", '{result="partial"}')],
                           [at("mantlet_reloads_total", "0+1x60", '{result="success"}'),
                            at("mantlet_reloads_total", "0+0x5 1+0x50", '{result="failure"}')]),
    "MantletReloadStuck": ([at("mantlet_reload_in_progress_seconds", 31)], [at("mantlet_reload_in_progress_seconds", 29)]),
    "MantletNotReady": ([{"mantlet_ready": 0, "mantlet_draining": 0}],
                        [{"mantlet_ready": 0, "mantlet_draining": 1}, {"mantlet_ready": "1+0x27 0+0x30", "mantlet_draining": 0},
                         {"mantlet_ready": 1, "mantlet_draining": 0}]),
    "MantletHandshakesFail": ([handshakes(100, 10, "unknown_ca"), handshakes(0, 5, "expired")],
                              [handshakes(100, 4, "unknown_ca"), handshakes(100, 50, "peer_closed")]),
    "MantletUpstreamFails": ([{"mantlet_upstream_failures_total" + U: "0+6x60", "mantlet_requests_total" + U: "0+100x60"}],
                             [{"mantlet_upstream_failures_total" + U: "0+4x60", "mantlet_requests_total" + U: "0+100x60"}]),
    "MantletUpstreamCircuitOpen": ([at("mantlet_upstream_circuit_open", 1, U)],
                                   [at("mantlet_upstream_circuit_open", 0, U), at("mantlet_upstream_circuit_open", "0+0x29 1+0x30", U)]),
    "MantletUpstreamUnhealthy": ([at("mantlet_upstream_healthy", 0, U)], [at("mantlet_upstream_healthy", 1, U), {}]),
    "MantletUpstreamUnresolved": ([at("mantlet_upstream_addresses", 0, U)],
                                  [at("mantlet_upstream_addresses", 1, U), at("mantlet_upstream_addresses", "1+0x29 0+0x30", U)]),
    "MantletConnectionsNearLimit": ([connections(81)], [connections(79)]),
    "MantletHandshakesNearLimit": ([progress(81)], [progress(79)]),
    "MantletHandshakeRateNearLimit": ([{"mantlet_tls_handshakes_total" + L: "0+5100x60", "mantlet_tls_handshakes_per_second_limit" + L: 100}],
                                      [{"mantlet_tls_handshakes_total" + L: "0+4500x60", "mantlet_tls_handshakes_per_second_limit" + L: 100},
                                       {"mantlet_tls_handshakes_total" + L: "0+5100x60"}]),
    "MantletStreamsRefused": ([at("mantlet_http2_streams_refused_total", "0+1x60", R % "stream_limit")],
                              [at("mantlet_http2_streams_refused_total", "0+1x60", R % "draining")]),
    "MantletUpstreamConnectionsNearLimit": ([pool(81)], [pool(79), idle(100)]),
    "MantletRequestsWait": ([waiting(51)], [waiting(49)]),
    "MantletFileDescriptorsNearLimit": ([files(81)], [files(79)]),
    "MantletMemoryNearLimit": ([at("mantlet_memory_used_ratio", 0.71)], [at("mantlet_memory_used_ratio", 0.69)]),
    "MantletMemoryEndsConnections": ([at("mantlet_memory_connections_total", "0+0x28 1+0x30", '{action="cut"}')],
                                     [at("mantlet_memory_connections_total", 7, '{action="cut"}')]),
    "MantletOverloaded": ([at("mantlet_overload_refused_total", "0+1x60", '{listener="public",what="request"}')],
                          [at("mantlet_overload_refused_total", 7, '{listener="public",what="request"}')]),
    "MantletAccessLogDropped": ([at("mantlet_access_log_dropped_total", "0+1x60")], [at("mantlet_access_log_dropped_total", 7)]),
}


@pytest.fixture(scope="module")
def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def promtool():
    return packages.find("promtool", ("prometheus",), "usr/bin/promtool")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_rules(promtool):
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", str(RULES))


def test_each_alert_has_a_case(rules):
    names = [rule["alert"] for rule in rules]
    assert sorted(names) == sorted(CASES)
    assert all(firing and quiet for firing, quiet in CASES.values())


def test_each_alert_tells_what_to_do(rules):
    headings = {}
    for rule in rules:
        assert {"summary", "description", "runbook"} <= set(rule["annotations"]), rule["alert"]
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        file, anchor_name = rule["annotations"]["runbook"].split("#")
        if file not in headings:
            lines = re.findall(r"^#+ (.*)$", (REPOSITORY / file).read_text(), re.MULTILINE)
            headings[file] = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}
            headings[file, "text"] = (REPOSITORY / file).read_text()
        assert anchor_name in headings[file], rule["annotations"]["runbook"]
        assert re.sub(r"In(1Day|\d+Days)$", "", rule["alert"]) in headings[file, "text"]


def test_each_metric_of_the_rules_exists(rules):
    documented = set(re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "proxy/observe/README.md").read_text(), re.MULTILINE))
    for rule in rules:
        used = set(re.findall(r"\b(?:mantlet|process)_\w+", rule["expr"]))
        assert used and used <= documented, (rule["alert"], used - documented)


def of_instance(instance, state, minutes):
    """The series of a state, each with the label `instance`, by which the rules keep the states apart."""
    for name, value in state.items():
        metric, _, labels = name.partition("{")
        yield {"series": f'{metric}{{instance="{instance}",{labels or "}"}'.replace(",}", "}"),
               "values": value if isinstance(value, str) else f"{value}+0x{minutes + 30}"}


@pytest.mark.parametrize("minutes", [MINUTES, DAY_MINUTES], ids=["now", "since a day"])
def test_each_alert_fires_when_it_should_and_not_close_to_it(promtool, tmp_path, minutes):
    series, expectations = [], []
    for alert, states in CASES.items():
        if (alert == COMPARES_WITH_A_DAY_BEFORE) != (minutes == DAY_MINUTES):
            continue
        firing = [f"{alert}-fires-{i}" for i in range(len(states[0]))]
        quiet = [f"{alert}-is-quiet-{i}" for i in range(len(states[1]))]
        for instance, state in zip(firing + quiet, states[0] + states[1]):
            series += of_instance(instance, state, minutes)
        expectations.append({
            "expr": f'count by (instance) (ALERTS{{alertname="{alert}",alertstate="firing",instance=~"{alert}-.*"}})',
            "eval_time": f"{minutes}m",
            "exp_samples": [{"labels": f'{{instance="{instance}"}}', "value": 1} for instance in firing]})
    path = tmp_path / "rules.test.yaml"
    path.write_text(yaml.safe_dump({
        "rule_files": [str(RULES)], "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": expectations}]}))
    run(promtool, "test", "rules", str(path))
