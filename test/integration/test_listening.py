"""Several sockets for one listener, and several listeners beside each other."""

import socket

import pytest
import yaml
from harness import clients
from harness.proxy import configuration, merge, run_command
from test_systemd import activated, high, serves


def free_port(family=socket.AF_INET6):
    """A port that is free in both families."""
    with socket.socket(family) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def answers(host, port, tls):
    with clients.RawClient((host, port), tls) as client:
        return client.get().status == 200


def beside(config, **changes):
    """The configuration with a second listener like the first."""
    config["listeners"].append(merge(config["listeners"][0], {"name": "second", **changes}))
    return config


@pytest.mark.parametrize("workers", [1, 3])
def test_every_socket_of_one_name_is_listened_on(launch, pki, upstream, tls, workers):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = [each.getsockname()[1] for each in (one, two)]
        with high(one) as first, high(two) as second:
            proxy = activated(launch, pki, upstream, [first, second], "public:public", workers=workers)
            proxy.wait_listening()
    for port in ports * 3:
        assert serves(port, tls)
    assert {record["address"] for record in proxy.log("listening", listener="public")} \
        == {f"127.0.0.1:{port}" for port in ports}
    assert not proxy.log("socket_unused")


def test_a_socket_that_no_listener_uses_is_logged(launch, pki, upstream, tls):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        with high(one) as first, high(two) as second:
            proxy = activated(launch, pki, upstream, [first, second], "public:internal")
            proxy.wait_listening()
    assert proxy.wait_log("socket_unused")["address"] == "systemd:internal"


@pytest.mark.parametrize("order", [("0.0.0.0", "[::]"), ("[::]", "0.0.0.0")])
def test_both_wildcards_may_have_one_port(launch, pki, upstream, tls, order):
    port = free_port()
    config = configuration(pki, upstream, listener={"address": f"{order[0]}:{port}"})
    launch(beside(config, address=f"{order[1]}:{port}"))
    assert answers("127.0.0.1", port, tls) and answers("::1", port, tls)


def test_a_reload_adds_the_other_wildcard_and_takes_it_away(launch, pki, upstream, tls):
    port = free_port()
    proxy = launch(configuration(pki, upstream, listener={"address": f"[::]:{port}"}))
    assert answers("127.0.0.1", port, tls) and answers("::1", port, tls)
    config = proxy.changed()
    proxy.reload(beside(config, address=f"0.0.0.0:{port}"))
    for _ in range(3):
        assert answers("127.0.0.1", port, tls) and answers("::1", port, tls)
    by_listener = {name: proxy.metric("mantlet_connections_total", listener=name) for name in ("public", "second")}
    assert by_listener["second"] == 3, by_listener
    config["listeners"].pop()
    proxy.reload(config)
    assert answers("127.0.0.1", port, tls) and answers("::1", port, tls)


CLASHES = [("127.0.0.1", "0.0.0.0"), ("127.0.0.1", "[::ffff:127.0.0.1]"), ("[::1]", "[::]"), ("localhost", "127.0.0.1")]


@pytest.mark.parametrize("first,second", CLASHES)
def test_check_finds_addresses_that_cannot_be_listened_on_together(tmp_path, pki, upstream, first, second):
    config = beside(configuration(pki, upstream, listener={"address": f"{first}:8443"}), address=f"{second}:8443")
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config))
    checked = run_command("check", "--config", tmp_path / "m.yaml")
    assert checked.returncode == 1, checked.stdout
    assert "8443" in checked.stderr


def test_check_finds_one_unix_path_under_two_names(tmp_path, pki, upstream):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    config = beside(configuration(pki, upstream, listener={"address": f"unix:{tmp_path}/run/a.sock"}),
                    address=f"unix:{tmp_path}/link/a.sock")
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(config))
    assert run_command("check", "--config", tmp_path / "m.yaml").returncode == 1


@pytest.mark.parametrize("spelling", ["127.0.0.1", "localhost", "0.0.0.0", "[::]"])
def test_a_listener_does_not_get_the_port_that_an_endpoint_still_has(launch, pki, upstream, tls, spelling):
    old, new = free_port(), free_port()
    proxy = launch(configuration(pki, upstream, metrics={"address": f"127.0.0.1:{old}"}))
    config = proxy.changed(address=f"{spelling}:{old}")
    config["metrics"]["address"] = f"127.0.0.1:{new}"  # at the next start
    proxy.write_config(config)
    assert str(old) in proxy.wait_log("reload_failed")["reason"]
    for _ in range(20):
        assert proxy.get("/healthz") == (200, "ok\n")
    assert answers(*proxy.address(), tls)
    assert proxy.get("/reload", "admin", method="POST")[0] == 500, "until the next start"


def test_a_listener_does_not_get_the_path_that_an_endpoint_still_has(launch, pki, upstream, tls, tmp_path):
    path = tmp_path / "admin.sock"
    proxy = launch(configuration(pki, upstream, admin={"address": f"unix:{path}"}))
    config = proxy.changed(address=f"unix:{path}")
    config["admin"]["address"] = "127.0.0.1:0"
    proxy.write_config(config)
    assert "until the next start" in proxy.wait_log("reload_failed")["reason"]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")


def test_an_endpoint_that_waits_for_the_next_start_holds_no_reload_up(launch, pki, upstream, tls):
    """The listener leaves IPv4 to the endpoint on its port as long as that exists."""
    port = free_port()
    proxy = launch(configuration(pki, upstream, listener={"address": f"[::]:{port}"},
                                 metrics={"address": f"127.0.0.1:{port}"}))
    config = proxy.changed(timeouts={"idle": "7s"})
    config["metrics"]["address"] = f"127.0.0.1:{free_port()}"
    proxy.reload(config)
    assert proxy.log("restart_needed", key="metrics.address")
    assert answers("::1", port, tls)
    assert proxy.get("/healthz") == (200, "ok\n")


def test_a_listener_may_have_the_port_of_one_that_goes(launch, pki, upstream, tls):
    port = free_port()
    proxy = launch(configuration(pki, upstream, listener={"address": f"127.0.0.1:{port}"}))
    config = proxy.changed(name="renamed")
    with proxy.reloaded():
        proxy.write_config(config)
    assert answers("127.0.0.1", port, tls)


def test_a_start_that_is_refused_leaves_no_socket_file(tmp_path, pki, upstream):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = configuration(pki, upstream, listener={"address": f"unix:{tmp_path}/a.sock"},
                               metrics={"address": "127.0.0.1:%d" % taken.getsockname()[1]})
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(config))
        assert run_command("run", "--config", tmp_path / "m.yaml").returncode == 1
    assert not list(tmp_path.glob("*.sock*"))
