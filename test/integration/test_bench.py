"""The arithmetic of tools/bench, and a short run of it without peers."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import xml.dom.minidom

import pytest
from harness import bench
from harness import proxy as proxy_module
from harness.timing import scaled

BENCH = proxy_module.REPOSITORY / "test/bench"
sys.path.insert(0, str(BENCH))

from driver import plot, table  # noqa: E402
from driver.machine import cpu_ns, private_bytes, tree  # noqa: E402
from driver.processes import Upstream  # noqa: E402
from driver.results import (Goal, Row, best, combine, doublings, grows_at_most_logarithmically,  # noqa: E402
                            judge, summary)


def row(goal, **costs):
    made = Row("keepalive32", "keep-alive", "cpu_us", "µs CPU", goal)
    made.servers = {name: {"cpu_us": cost, "rate": 1e6 / cost, "p50_us": 1, "p99_us": 2, "p999_us": 3, "load_busy": 0.5}
                    for name, cost in costs.items()}
    return judge(made, [name for name in costs if name != "mantlet"])


def test_a_summary_is_the_median_of_each_number_and_the_sum_of_errors():
    made = summary([{"cpu_us": 10, "rate": 5, "errors": 1}, {"cpu_us": 30, "rate": 7, "errors": 0},
                    {"cpu_us": 11, "rate": 9, "errors": 2}])
    assert (made["cpu_us"], made["rate"], made["errors"], made["rounds"]) == (11, 7, 3, 3)
    assert made["spread"] == pytest.approx((20.5 - 10.5) / 2 / 11)


def test_a_number_that_is_missing_in_some_rounds_is_the_median_of_the_others():
    assert summary([{"resumed": None, "cpu_us": 1}, {"resumed": 0.5, "cpu_us": 1}])["resumed"] == 0.5


def test_the_best_peer_is_the_cheapest_one_asked_for():
    servers = {"nginx": {"cpu_us": 3}, "hitch": {"cpu_us": 1}, "caddy": {}}
    assert best(servers, "cpu_us", ("nginx", "hitch", "caddy")) == ("hitch", 1)
    assert best(servers, "cpu_us", ("nginx", "caddy")) == ("nginx", 3)
    assert best(servers, "cpu_us", ()) == (None, None)


def test_a_ratio_at_the_goal_is_met_and_above_it_missed():
    assert row(Goal(ratio=0.5), mantlet=5, nginx=10, caddy=20).met is True
    missed = row(Goal(ratio=0.5), mantlet=5.1, nginx=10, caddy=20)
    assert (missed.met, missed.best_peer, missed.ratio) == (False, "nginx", 0.51)


def test_every_part_of_a_goal_must_hold():
    goal = Goal(ratio=0.75, best_of=("nginx",), not_above=("hitch",))
    assert row(goal, mantlet=7, nginx=10, hitch=7).met is True
    assert row(goal, mantlet=7, nginx=10, hitch=6).met is False
    assert row(Goal(at_most=10, ratio=0.4), mantlet=11, nginx=100).met is False


def test_a_goal_that_lacks_a_peer_is_neither_met_nor_missed():
    assert row(Goal(ratio=0.5), mantlet=5).met is None
    assert row(Goal(ratio=0.75, best_of=("nginx",), not_above=("hitch",)), mantlet=7, nginx=10).met is None
    assert row(Goal(ratio=0.5), nginx=5).met is None


def test_one_failure_decides_and_one_unknown_leaves_it_open():
    assert combine([True, None, False]) is False
    assert combine([True, None]) is None
    assert combine([True, True]) is True
    assert combine([]) is None


def test_growth_is_measured_by_doublings():
    assert (doublings(0, 1), doublings(1, 1024), doublings(0, 1_000_000)) == (0, 10, 20)
    assert grows_at_most_logarithmically([(1, 100), (100, 110), (1_000_000, 139)]) is True
    assert grows_at_most_logarithmically([(1, 100), (1_000_000, 141)]) is False
    assert grows_at_most_logarithmically([(1, 100)]) is None


def test_the_table_lists_missed_goals_and_missing_measurements():
    missed = row(Goal(ratio=0.5, text="≤ 0.50"), mantlet=6, nginx=10)
    missed.skipped["caddy"] = "it does not start"
    names = ["mantlet", "nginx", "caddy"]
    text = table.text([missed], names)
    assert "0.60 of nginx" in text and "MISSED" in text and "caddy is not measured: it does not start" in text
    about = {"date": "today", "settings": "one round", "machine": {"processor": "p"}, "versions": {"nginx": "1"}}
    assert "0.60 of nginx" in table.markdown([missed], names, about)


def test_plots_are_well_formed():
    bars = plot.bars([row(Goal(ratio=0.5), mantlet=6, nginx=10, caddy=100)], ["mantlet", "nginx", "caddy"])
    assert "0.60" in bars
    scale = Row("scale_rules", "cost against <rules>", "worst_growth", "×", Goal())
    scale.series = {"rules": [[0, {"handshake_us": 300, "request_us": 15}], [1000, {"handshake_us": 330, "request_us": 45}]]}
    for text in (bars, plot.lines([scale])):
        xml.dom.minidom.parseString(text)


def test_processes_are_counted_with_their_children():
    with subprocess.Popen(["sh", "-c", "sh -c 'while :; do :; done' & wait"]) as parent:
        try:
            while len(tree(parent.pid)) < 2:
                pass
            before = cpu_ns(parent.pid)
            while cpu_ns(parent.pid) < before + 20_000_000:
                pass
            assert private_bytes(parent.pid) > 50_000
        finally:
            for pid in tree(parent.pid)[1:]:
                subprocess.run(["kill", str(pid)], check=False)


@pytest.mark.limit(60)
def test_a_short_run_measures_mantlet_and_prints_json(tmp_path):
    folder = bench.programs()
    done = subprocess.run(
        ["/usr/bin/python3", "-B", "-m", "driver", "--mantlet", proxy_module.binary(), "--load", folder / "load/load",
         "--upstream", folder / "upstream/upstream", "--tiny", "--json", "--write", tmp_path,
         "--only", "handshake", "--only", "keepalive32", "--only", "default256", "--only", "p99", "--only", "start", "--only", "h2_get", "--only", "h2_upload"],
        cwd=BENCH, capture_output=True, text=True, timeout=scaled(50), check=False)
    assert done.returncode == 0, done.stderr
    rows = {each["id"]: each["servers"]["mantlet"] for each in json.loads(done.stdout)["rows"]}
    assert rows["handshake"]["cpu_us"] > rows["keepalive32"]["cpu_us"] > 1
    assert rows["handshake"]["errors"] == rows["keepalive32"]["errors"] == rows["default256"]["errors"] == 0
    assert rows["h2_get"]["cpu_us"] > 1 and rows["h2_upload"]["cpu_us"] > 100
    assert rows["h2_get"]["errors"] == rows["h2_upload"]["errors"] == 0
    assert 0 < rows["p99"]["p50_us"] <= rows["p99"]["p99_us"]
    assert 0 < rows["p99"]["stretch_p99_first"] <= rows["p99"]["stretch_p99_us"] <= rows["p99"]["stretch_p99_third"]
    assert rows["p99"]["stretches"] >= 2
    assert rows["start"]["start_ms"] > 1
    assert "keep-alive GET" in (tmp_path / "RESULTS.md").read_text()


def answer_of(port):
    with socket.create_connection(("127.0.0.1", port), scaled(10)) as client:
        client.settimeout(scaled(10))
        client.sendall(b"GET /100 HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.recv(1000)


def test_the_upstream_makes_room_for_another_and_comes_back():
    upstream = Upstream(bench.programs() / "upstream/upstream", os.sched_getaffinity(0))
    try:
        assert answer_of(upstream.port).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", upstream.port), scaled(10)) as before:
            before.settimeout(scaled(10))
            before.sendall(b"GET /100 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert before.recv(1000)
            with upstream.paused():
                assert before.recv(1000) == b"", "what it had is closed"
                # The socket still listens for the replacement.
                with socket.create_connection(("127.0.0.1", upstream.port), scaled(10)) as waiting:
                    waiting.sendall(b"GET /100 HTTP/1.1\r\nHost: x\r\n\r\n")
                    waiting.settimeout(0.2)
                    with pytest.raises(TimeoutError):
                        waiting.recv(1000)
        assert answer_of(upstream.port).startswith(b"HTTP/1.1 200")
    finally:
        upstream.stop()


def test_the_command_prints_its_options():
    done = subprocess.run([proxy_module.REPOSITORY / "tools/bench", "--help"], capture_output=True, text=True,
                          timeout=scaled(10), check=True)
    assert "--quick" in done.stdout and "--only ROW" in done.stdout
