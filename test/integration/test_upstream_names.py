"""The name of an upstream cannot be resolved or changes its address, without affecting others."""

import copy

import pytest
from harness import clients
from harness.hosts import Hosts
from harness.proxy import configuration, merge, run_command
from harness.rotation import served_serial, write_by_rename
from harness.timing import wait_until


@pytest.fixture
def hosts(tmp_path):
    return Hosts(tmp_path)


def named(upstream, name="app", **options):
    return merge({"name": name, "address": f"{name}.example.test:{upstream.port}", "allow_plaintext_network": True},
                 options)


def one_named(pki, upstream, **options):
    config = configuration(pki, upstream)
    config["upstreams"] = [named(upstream, **options)]
    return config


def status(proxy, pki, listener="public"):
    with clients.RawClient(proxy.address(listener), clients.context(pki)) as client:
        return client.get().status


def test_a_certificate_is_renewed_while_the_name_is_gone(launch, hosts, own_pki, upstream):
    hosts.set(app="127.0.0.1")
    proxy = launch(one_named(own_pki, upstream, resolve_interval="100ms"), launcher=hosts.launcher)
    assert status(proxy, own_pki) == 200
    hosts.set()
    wait_until(lambda: proxy.metric("mantlet_upstream_resolve_failures_total", upstream="app") > 0, 10, "an outage")
    fresh = own_pki.ca.server()
    write_by_rename(fresh, own_pki.server_files)
    wait_until(lambda: served_serial(proxy, own_pki) == fresh.certificate.serial_number, 10, "the new certificate")
    assert status(proxy, own_pki) == 200, "the address that is known stays in use"
    assert proxy.metric("mantlet_upstream_addresses", upstream="app") == 1
    assert proxy.metric("mantlet_reload_pending") == 0
    assert proxy.wait_log("upstream_unresolved", upstream="app")["level"] == "warn"
    code, body = proxy.get("/readyz")
    assert code == 200 and "app.example.test" in body


def test_a_name_that_does_not_exist_yet_affects_no_other_upstream(launch, hosts, pki, upstream):
    config = one_named(pki, upstream)
    config["listeners"].append(merge(config["listeners"][0], {"name": "second", "upstream": "there"}))
    config["upstreams"].append({"name": "there", "address": str(upstream)})
    proxy = launch(config, launcher=hosts.launcher)
    assert status(proxy, pki) == 502
    assert status(proxy, pki, "second") == 200
    assert proxy.metric("mantlet_upstream_failures_total", upstream="app", reason="resolve_failed") >= 1
    assert [r for r in proxy.wait_access(2) if r.get("error") == "resolve_failed"
            and "app.example.test" in r["error_detail"]]
    hosts.set(app="127.0.0.1")
    wait_until(lambda: status(proxy, pki) == 200, 15, "the upstream, by itself")


def test_an_address_that_moves_is_noticed_without_a_file_that_changes(launch, hosts, pki, upstream):
    hosts.set(app="127.0.0.1")
    proxy = launch(one_named(pki, upstream, resolve_interval="100ms"), launcher=hosts.launcher)
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        client.send("GET /slow/1.5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: upstream.requests, 10, "the request at the upstream")
        hosts.set(app="127.0.0.9")
        wait_until(lambda: proxy.log("upstream_resolved", addresses=[f"127.0.0.9:{upstream.port}"]), 10, "the move")
        assert client.response().status == 200, "what is under way is not cut"
    assert status(proxy, pki) == 502, "there is no listener"


def test_connections_that_fail_have_the_name_asked_for_at_once(launch, hosts, pki, upstream):
    hosts.set(app="127.0.0.9")
    proxy = launch(one_named(pki, upstream, resolve_interval="1h"), launcher=hosts.launcher)
    assert status(proxy, pki) == 502
    hosts.set(app="127.0.0.1")
    wait_until(lambda: proxy.log("upstream_resolved", addresses=[f"127.0.0.1:{upstream.port}"]), 15, "the move")
    assert status(proxy, pki) == 200


def test_a_reload_to_a_name_that_does_not_exist_is_in_force_for_the_rest(launch, hosts, pki, upstream):
    proxy = launch(one_named(pki, upstream), launcher=hosts.launcher)
    config = copy.deepcopy(proxy.config)
    config["listeners"].append(merge(config["listeners"][0], {"name": "second", "upstream": "there"}))
    config["upstreams"].append({"name": "there", "address": str(upstream)})
    proxy.reload(config)
    assert status(proxy, pki) == 502
    assert status(proxy, pki, "second") == 200


def test_check_warns_of_a_name_that_cannot_be_resolved(hosts, pki, upstream, tmp_path, launch):
    hosts.set(other="127.0.0.1")
    config = one_named(pki, upstream)
    config["listeners"].append(merge(config["listeners"][0], {"name": "second", "upstream": "other"}))
    config["upstreams"].append(named(upstream, "other"))
    proxy = launch(config, launcher=hosts.launcher)
    ended = run_command("check", "--config", proxy.config_path, launcher=hosts.launcher)
    assert ended.returncode == 0, "run starts, too"
    warned = [line for line in ended.stdout.splitlines() if "warning" in line and "example.test" in line]
    assert len(warned) == 1 and "app.example.test" in warned[0]
