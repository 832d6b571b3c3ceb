"""A second process takes over from the running one (`upgrade:`), and no request fails."""

import asyncio
import contextlib
import itertools
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import yaml
from harness import clients, handover, http2, pki as pki_module
from harness.messages import Incomplete, Reader
from harness.proxy import binary, configuration, merge
from harness.timing import scaled, wait_until

from test_systemd import activated, high, notify  # noqa: F401
from test_upgrade import talk, websocket_upstream  # noqa: F401

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADES = 10
# A quick run by default; 100000 takes some minutes.
REQUESTS = int(os.environ.get("MANTLET_TEST_UPGRADE_REQUESTS", "8000"))


@pytest.fixture
def application(tmp_path):
    """`mantlet echo` in a process of its own, which is faster than the usual upstream."""
    address = f"unix:{tmp_path}/app.sock"
    process = subprocess.Popen([binary(), "echo", "--address", address], stdout=subprocess.PIPE)
    assert b"listens" in process.stdout.readline()
    yield address
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture
def upgradable(launch, pki, application, tmp_path):
    """upgradable(listener={…}, …) runs a proxy that the next one can replace. Each has the same configuration file."""
    base = {"upgrade": {"socket": str(tmp_path / "upgrade.sock")}, "log": {"access": "off"},
            "shutdown": {"drain": "10s", "idle_grace": "1s"}}

    def run(upstream=application, launch_options=None, **kwargs):
        return launch(configuration(pki, upstream, **merge(base, kwargs)), **(launch_options or {}))

    run.socket = tmp_path / "upgrade.sock"
    return run


class Load:
    """Clients of every kind until stop(). `failed` has each request without a response; a connection that the server
    has announced to close, and a new one in its place, are no failure.
    """

    def __init__(self, tls, port=None, path=None, kinds=("kept", "fresh", "fresh", "http2", "unix")):
        self.address, self.path, self.tls = ("127.0.0.1", port), path, tls
        self.tls_h2 = clients.context(tls.pki, alpn=["h2"]) if "http2" in kinds else None
        self.answers, self.failed, self.ended = dict.fromkeys(kinds, 0), [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(kind,), daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def run(self, kind):
        converse = self.http2 if kind == "http2" else self.http1
        while not self.ended:
            try:
                converse(kind)
            except (OSError, Incomplete, AssertionError) as error:
                with self.lock:
                    self.failed.append(f"{kind}: {error!r}")

    def count(self, kind, number=1):
        with self.lock:
            self.answers[kind] += number

    def open(self, kind):
        if kind == "unix":
            plain = socket.socket(socket.AF_UNIX)
            plain.settimeout(scaled(15))
            plain.connect(str(self.path))
        else:
            plain = socket.create_connection(self.address, timeout=scaled(15))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain

    def http1(self, kind):
        with contextlib.closing(self.open(kind)) as plain, \
                self.tls.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
            reader = Reader(connection)
            # One in four connections of a Unix socket is kept for a while.
            for _ in range(1 if kind == "fresh" else random.choice((1, 1, 1, 40)) if kind == "unix" else 1_000_000):
                connection.sendall(GET)
                reply = reader.response()
                assert reply.status == 200, reply
                self.count(kind)
                if self.ended or reply.headers.get("Connection") == "close":
                    return
                # Leaves time for those that make a connection for each request.
                time.sleep(random.uniform(0, 0.004))

    def http2(self, kind):
        client = http2.Client(self.address, self.tls_h2, timeout=15)
        try:
            while not self.ended and not client.goaways:
                streams = [client.begin() for _ in range(10)]
                for number in streams:
                    client.wait(number)
                # What the last GOAWAY does not name was not processed, and is sent again.
                last = client.goaways[-1][1] if client.goaways else 2**31
                for number in streams:
                    if number <= last:
                        assert client.streams[number].status == 200, (client.goaways, vars(client.streams[number]))
                self.count(kind, sum(number <= last for number in streams))
                time.sleep(random.uniform(0, 0.04))
        finally:
            client.tls.close()

    def total(self):
        with self.lock:
            return sum(self.answers.values())

    def wait_answers(self, count, timeout=60):
        wanted = self.total() + count
        wait_until(lambda: self.total() >= wanted or self.failed, timeout, f"{count} answers")
        assert not self.failed, self.failed

    def stop(self):
        self.ended = True
        for thread in self.threads:
            thread.join(scaled(20))
            assert not thread.is_alive()
        assert not self.failed, (self.answers, self.failed)


@pytest.fixture
def load(pki):
    """load(…) runs Load with the usual client certificate, and stops it after the test."""
    made = []

    def make(**kwargs):
        tls = clients.context(pki)
        tls.pki = pki
        made.append(Load(tls, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.ended = True


def with_unix(path):
    """Options for a second listener on a Unix socket."""
    return {"address": f"unix:{path}", "name": "unix"}


def two_listeners(pki, application, path, **top):
    config = configuration(pki, application, **top)
    config["listeners"].append(merge(config["listeners"][0], with_unix(path)))
    return config


def serves(proxy, pki, listener="public"):
    with clients.RawClient(proxy.address(listener), clients.context(pki)) as client:
        return client.get().status == 200


def wait_taken_over(old, new):
    """Waits until the old process has ended, and checks what both say."""
    assert old.wait(20) == 0
    assert old.log("upgrade_done", pid=new.process.pid), old.log("upgrade_done")
    assert new.log("upgrade_done", pid=old.process.pid), new.log("upgrade_done")
    assert old.log("drain_begun") and not new.log("drain_begun")


# -- nothing is lost


@pytest.mark.limit(900 if REQUESTS > 20000 else 120)
def test_ten_upgrades_under_load_fail_no_request(launch, pki, application, load, tmp_path):
    path = tmp_path / "public.sock"
    config = two_listeners(pki, application, path, workers=2, log={"access": "off"},
                           upgrade={"socket": str(tmp_path / "upgrade.sock")},
                           shutdown={"drain": "10s", "idle_grace": "1s"})
    proxy = launch(config)
    clients_ = load(port=proxy.port(), path=path)
    clients_.wait_answers(REQUESTS // (UPGRADES + 1))
    for _ in range(UPGRADES):
        old, proxy = proxy, launch(config)
        clients_.wait_answers(REQUESTS // (UPGRADES + 1), timeout=90)
        wait_taken_over(old, proxy)
        assert proxy.port() == old.port()
    clients_.stop()
    print(clients_.answers)
    assert all(clients_.answers.values()), clients_.answers
    assert clients_.total() >= REQUESTS * 0.99


@pytest.mark.limit(60)
@pytest.mark.parametrize("before, after", [(1, 3), (3, 1), (2, 3), (3, 2)])
def test_another_number_of_workers_accepts_from_every_queue(upgradable, load, before, after):
    old = upgradable(workers=before)
    clients_ = load(port=old.port(), kinds=("fresh", "fresh", "kept"))
    clients_.wait_answers(50)
    new = upgradable(workers=after)
    wait_taken_over(old, new)
    # The kernel chooses the queue by the client's port: no queue is without a worker.
    clients_.wait_answers(200)
    again = upgradable(workers=before)
    wait_taken_over(new, again)
    clients_.wait_answers(200)
    clients_.stop()


def test_the_endpoints_are_answered_by_the_new_process_at_once(upgradable):
    old = upgradable()
    address = old.address("metrics")
    ended, answers = threading.Event(), []

    def probe():
        while not ended.is_set():
            with clients.RawClient(address, None) as client:
                answers.append(client.get("/readyz", "Connection: close").status)

    prober = threading.Thread(target=probe)
    prober.start()
    # A connection that is kept, as Prometheus keeps it.
    with clients.RawClient(address, None) as kept:
        assert kept.get("/readyz").status == 200
        new = upgradable()
        assert new.address("metrics") == address and new.address("admin") == old.address("admin")
        wait_until(lambda: old.log("upgrade_done"))
        reply = kept.get("/readyz")
        assert (reply.status, reply.headers.get("Connection")) == (200, "close"), "the new one is ready"
        assert kept.closed()
    wait_taken_over(old, new)
    ended.set()
    prober.join()
    assert set(answers) == {200}, answers
    assert new.get("/healthz")[0] == 200


def test_idle_connections_are_answered_once_more_and_then_closed(upgradable, connect):
    old = upgradable(shutdown={"idle_grace": "5s"})
    idle = [connect(old) for _ in range(10)]
    for client in idle:
        assert client.get().status == 200
    new = upgradable(shutdown={"idle_grace": "5s"})
    assert old.process.poll() is None
    for client in idle:
        reply = client.get()
        assert (reply.status, reply.headers.get("Connection")) == (200, "close")
        assert client.closed()
    wait_taken_over(old, new)


@pytest.mark.limit(40)
def test_a_websocket_stays_until_the_drain_deadline(upgradable, websocket_upstream, pki):  # noqa: F811
    old = upgradable(websocket_upstream[0], shutdown={"drain": "2s"})
    started = []

    async def conversation(websocket):
        started.append(await asyncio.get_running_loop().run_in_executor(
            None, lambda: upgradable(websocket_upstream[0], shutdown={"drain": "2s"})))
        began = time.monotonic()
        await websocket.send("still here")
        assert await websocket.recv() == "still here"
        with contextlib.suppress(Exception):
            await websocket.recv()
        return time.monotonic() - began

    took = talk(old, pki, conversation)
    assert 1 < took < scaled(10)
    wait_taken_over(old, started[0])


@pytest.mark.limit(40)
def test_both_processes_count_the_upgrade(upgradable, websocket_upstream, pki):  # noqa: F811
    old = upgradable(websocket_upstream[0], shutdown={"drain": "2s"})
    new = []

    def replace():
        # The endpoint of the old process stays its own, because the new one has another address.
        new.append(upgradable(websocket_upstream[0], metrics={"address": "127.0.0.2:0"}))
        old.wait_metric("mantlet_upgrades_total", 1, role="predecessor", result="success")
        assert old.metric("mantlet_upgrades_total") == 1

    async def conversation(_):
        await asyncio.get_running_loop().run_in_executor(None, replace)

    talk(old, pki, conversation)
    wait_taken_over(old, new[0])
    assert new[0].metric("mantlet_upgrades_total", role="successor", result="success") == 1
    assert new[0].metric("mantlet_upgrades_total") == 1


def test_listeners_may_be_added_and_removed(launch, upgradable, pki, application, load, tmp_path):
    base = {"upgrade": {"socket": str(upgradable.socket)}, "shutdown": {"drain": "5s", "idle_grace": "1s"}}
    config = configuration(pki, application, **base)
    public = config["listeners"][0]
    old_paths, new_path = tmp_path / "old.sock", tmp_path / "new.sock"
    old = launch(dict(config, listeners=[public, merge(public, {"name": "gone"}),
                                         merge(public, {"name": "gone-unix", "address": f"unix:{old_paths}"})]))
    clients_ = load(port=old.port(), kinds=("fresh", "kept"))
    on_removed = load(port=old.port("gone"), kinds=("kept",))
    clients_.wait_answers(20)
    on_removed.wait_answers(20)
    on_removed.ended = True
    new = launch(dict(config, listeners=[public, merge(public, {"name": "added"}),
                                         merge(public, {"name": "added-unix", "address": f"unix:{new_path}"})]))
    wait_taken_over(old, new)
    on_removed.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(old.address("gone"), timeout=scaled(5))
    assert not old_paths.exists() and new_path.exists()
    assert serves(new, pki, "added")
    clients_.wait_answers(20)
    clients_.stop()


def test_a_listener_may_move_to_every_interface(upgradable, pki, load):
    old = upgradable()
    port = old.port()
    clients_ = load(port=port, kinds=("kept",))
    clients_.wait_answers(20)
    new = upgradable(listener={"address": f"0.0.0.0:{port}"})
    wait_taken_over(old, new)
    assert new.log("listening", listener="public")[0]["taken_over"] is False
    clients_.wait_answers(20)
    clients_.stop()


def test_a_unix_socket_with_other_permissions_replaces_the_file(upgradable, load, tmp_path):
    path = tmp_path / "public.sock"
    old = upgradable(listener={"address": f"unix:{path}"})
    clients_ = load(path=path, kinds=("unix", "unix"))
    clients_.wait_answers(20)
    new = upgradable(listener={"address": f"unix:{path}", "socket_mode": "0660"})
    wait_taken_over(old, new)
    assert path.stat().st_mode & 0o777 == 0o660
    clients_.wait_answers(20)
    clients_.stop()
    new.stop()
    assert not path.exists() and not upgradable.socket.exists()


def test_metrics_on_a_unix_socket_go_over(upgradable, tmp_path):
    path = tmp_path / "metrics.sock"
    options = {"metrics": {"address": f"unix:{path}"}}
    old = upgradable(**options)
    new = upgradable(**options)
    wait_taken_over(old, new)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert Reader(client).response().status == 200


# -- the new process fails


def test_an_invalid_configuration_changes_nothing(upgradable, launch, pki, load):
    old = upgradable()
    clients_ = load(port=old.port(), kinds=("fresh", "kept"))
    clients_.wait_answers(20)
    failing = launch("listeners: []\n", wait=False, expected_exit=78)
    assert failing.wait() == 78
    clients_.wait_answers(50)
    clients_.stop()
    assert not old.log("upgrade_begun")


def test_a_failure_after_the_sockets_have_been_passed_changes_nothing(upgradable, launch, pki, load, application,
                                                                      tmp_path):
    path = tmp_path / "public.sock"
    config = two_listeners(pki, application, path, upgrade={"socket": str(upgradable.socket)})
    old = launch(config)
    clients_ = load(port=old.port(), path=path, kinds=("fresh", "kept", "unix"))
    clients_.wait_answers(50)
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        taken = merge(config["listeners"][0], {"name": "x", "address": "127.0.0.1:%d" % occupied.getsockname()[1]})
        failing = launch(dict(config, listeners=[*config["listeners"], taken]), wait=False, expected_exit=1)
        assert failing.wait() == 1
    assert "another process listens there" in failing.err.lines[-1]
    assert "before it was ready" in old.wait_log("upgrade_failed")["reason"]
    assert path.exists() and upgradable.socket.exists()
    clients_.wait_answers(50)
    # The next attempt succeeds.
    wait_taken_over(old, launch(config))
    clients_.wait_answers(50)
    clients_.stop()


@pytest.mark.limit(60)
def test_a_process_that_is_killed_at_any_moment_of_its_start_changes_nothing(upgradable, load):
    old = upgradable(workers=2)
    clients_ = load(port=old.port(), kinds=("fresh", "kept"))
    clients_.wait_answers(20)
    killed = 0
    for number in range(12):
        failing = upgradable(workers=3, launch_options={"wait": False, "expected_exit": None})
        time.sleep(scaled(0.004) * number)
        failing.signal(signal.SIGKILL)
        failing.wait()
        if old.log("upgrade_done"):
            break  # it was too late
        killed += 1
        clients_.wait_answers(20)
    assert killed > 1
    if not old.log("upgrade_done"):
        clients_.stop()
        assert upgradable.socket.exists()
        wait_taken_over(old, upgradable())


@pytest.mark.parametrize("step", ["connected", "hello", "some sockets", "all sockets"])
def test_a_successor_that_ends_at_this_step_changes_nothing(upgradable, load, step):
    old = upgradable(workers=2)
    clients_ = load(port=old.port(), kinds=("fresh", "kept"))
    clients_.wait_answers(20)
    with handover.Successor(upgradable.socket) as successor:
        if step == "hello":
            successor.channel.send(handover.message(handover.HELLO))
        elif step == "some sockets":
            assert successor.ask(handover.message(handover.HELLO))[0] == handover.SOCKETS
        elif step == "all sockets":
            names = [name for name, _ in successor.receive_all().sockets]
            assert sorted(names) == ["admin", "metrics", "public", "public", "upgrade"]
    if step != "connected":
        assert "ended before" in old.wait_log("upgrade_failed")["reason"]
    clients_.wait_answers(50)
    wait_taken_over(old, upgradable())
    clients_.wait_answers(20)
    clients_.stop()


@pytest.mark.limit(60)
def test_a_successor_that_is_never_ready_is_given_up(upgradable, pki):
    old = upgradable()
    with handover.Successor(upgradable.socket) as successor:
        successor.receive_all()
        kind, reason = successor.receive()
        assert kind == handover.REFUSED and b"not ready within 10 s" in reason
    assert "not ready within 10 s" in old.wait_log("upgrade_failed")["reason"]
    assert serves(old, pki)


@pytest.mark.parametrize("data, reason", [
    (b"GET / HTTP/1.1\r\n\r\n", b"no message of an upgrade"),
    (handover.message(handover.HELLO, version=2), b"version 2 of the upgrade protocol, this process version 1"),
    (handover.message(handover.READY), b"not expected now"),
    (handover.message(handover.HELLO, b"more"), b"no message of an upgrade"),
])
def test_what_is_no_request_for_the_sockets_is_refused(upgradable, pki, data, reason):
    old = upgradable()
    with handover.Successor(upgradable.socket) as successor:
        kind, text = successor.ask(data)
        assert kind == handover.REFUSED and reason in text
    assert reason.decode() in old.wait_log("upgrade_failed")["reason"]
    wait_taken_over(old, upgradable())


def test_a_successor_that_takes_what_it_did_not_get_is_refused(upgradable, pki):
    old = upgradable()
    with handover.Successor(upgradable.socket) as successor:
        kind, text = successor.receive_all().ask(handover.message(handover.READY, struct.pack("!I", 99)))
        assert kind == handover.REFUSED and b"did not get" in text
    assert serves(old, pki)
    old.wait_metric("mantlet_upgrades_total", 1, role="predecessor", result="failure")
    assert old.metric("mantlet_upgrades_total") == 1


def test_the_second_of_two_new_processes_is_refused(upgradable, pki):
    old = upgradable()
    with handover.Successor(upgradable.socket) as first:
        first.receive_all()
        second = upgradable(launch_options={"wait": False, "expected_exit": 1})
        assert second.wait() == 1
        assert f"process {os.getpid()} is taking over already" in second.err.lines[-1]
        old.wait_metric("mantlet_upgrades_total", 1, role="predecessor", result="failure")
    wait_taken_over(old, upgradable())


# -- the running process


def stopped(process):
    return pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1][0] == "T"


@pytest.mark.limit(60)
def test_a_running_process_that_hangs_ends_the_start_with_an_error(upgradable, pki):
    old = upgradable()
    old.signal(signal.SIGSTOP)
    wait_until(lambda: stopped(old.process))
    try:
        failing = upgradable(launch_options={"wait": False, "expected_exit": 1})
        assert failing.wait(30) == 1
    finally:
        old.signal(signal.SIGCONT)
    assert "the running process hangs" in failing.err.lines[-1]
    assert serves(old, pki)


def test_a_running_process_of_another_version_ends_the_start_with_an_error(upgradable):
    with handover.connection() as listener:
        listener.bind(str(upgradable.socket))
        listener.listen()
        failing = upgradable(launch_options={"wait": False, "expected_exit": 1})
        channel, _ = listener.accept()
        with channel:
            channel.recv(100)
            channel.send(handover.message(handover.SOCKETS, b"whatever", version=7))
            assert failing.wait() == 1
    assert "version 7 of the upgrade protocol" in failing.err.lines[-1]


def test_a_running_process_that_dies_at_the_last_moment_does_not_stop_the_new_one(upgradable, pki):
    with handover.connection() as listener:
        listener.bind(str(upgradable.socket))
        listener.listen()
        new = upgradable(launch_options={"wait": False})
        channel, _ = listener.accept()
        with channel:
            assert channel.recv(100)[6] == handover.HELLO
            with socket.create_server(("127.0.0.1", 0)) as passed:
                contents = struct.pack("!BH", 1, 6) + b"public" + struct.pack("!H", 0)
                socket.send_fds(channel, [handover.message(handover.SOCKETS, contents)], [passed.fileno()])
                port = passed.getsockname()[1]
            assert channel.recv(100)[6] == handover.NEXT
            listener.close()
            upgradable.socket.unlink()
            channel.send(handover.message(handover.END, struct.pack("!I", 4711)))
            assert channel.recv(100) == handover.message(handover.READY, struct.pack("!I", 0))
    new.wait_listening()
    assert new.port() == port and new.log("upgrade_done", level="warn", pid=4711)
    new.wait_metric("mantlet_upgrades_total", 1, role="successor", result="unconfirmed")
    assert serves(new, pki)


def test_a_file_of_a_killed_process_is_no_hindrance(upgradable, launch, pki):
    first = upgradable(launch_options={"expected_exit": None})
    first.signal(signal.SIGKILL)
    first.wait()
    assert upgradable.socket.exists()
    second = upgradable()
    assert not second.log("upgrade_begun") and serves(second, pki)
    wait_taken_over(second, upgradable())


def test_a_process_that_drains_refuses(upgradable, connect):
    old = upgradable(shutdown={"idle_grace": "8s"})
    client = connect(old)
    assert client.get().status == 200
    old.signal(signal.SIGTERM)
    old.wait_log("drain_begun")
    failing = upgradable(launch_options={"wait": False, "expected_exit": 1})
    assert failing.wait() == 1
    assert "it is draining" in failing.err.lines[-1]
    assert client.get().status == 200


def test_a_drain_waits_for_the_end_of_an_upgrade(upgradable, load):
    old = upgradable()
    clients_ = load(port=old.port(), kinds=("fresh", "kept"))
    clients_.wait_answers(20)
    with handover.Successor(upgradable.socket) as successor:
        successor.receive_all()
        old.signal(signal.SIGTERM)
        old.wait_log("drain_postponed")
        clients_.wait_answers(20)
        assert not old.log("drain_begun")
        clients_.stop()
    assert old.wait() == 0
    assert old.log("drain_begun")[0]["why"] == "SIGTERM"


def test_a_reload_waits_for_the_end_of_an_upgrade(upgradable, pki):
    old = upgradable()
    with handover.Successor(upgradable.socket) as successor:
        successor.receive_all()
        status, text = old.get("/reload", "admin", method="POST")
        assert status == 200, text  # there is nothing to change
        changed = old.metric("mantlet_reloads_total", result="success")
        old.write_config(old.changed(limits={"streams": 50}))
        assert "an upgrade is in progress" in old.wait_log("reload_failed")["reason"]
    # It is repeated without another event.
    wait_until(lambda: old.metric("mantlet_reloads_total", result="success") > changed)


def test_a_reload_cannot_change_the_socket(upgradable, tmp_path):
    old = upgradable()
    with old.reloaded():
        old.write_config(dict(old.config, upgrade={"socket": str(tmp_path / "other.sock")}))
    assert "upgrade.socket" in str(old.wait_log("restart_needed"))
    wait_taken_over(old, upgradable())


# -- who may take over


@needs_root
def test_another_user_may_not_take_over(pki_folder, upgradable_in):
    old = upgradable_in(user="nobody")
    path = pki_folder / "upgrade.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    script = ("import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]);"
              "print(s.recv(1000))")

    def as_daemon():
        return subprocess.run(["setpriv", "--reuid=1", "--regid=1", "--clear-groups", sys.executable, "-c", script,
                               path], capture_output=True, text=True, timeout=scaled(20))

    assert "PermissionError" in as_daemon().stderr
    path.chmod(0o666)  # the check of the user does not depend on the file's permissions
    assert "user 1 may not take over from a process of user" in as_daemon().stdout
    old.wait_log("upgrade_failed")
    path.chmod(0o600)
    # The next process starts as root, too.
    wait_taken_over(old, upgradable_in(user="nobody"))


@needs_root
def test_a_socket_that_replaces_another_belongs_to_the_user(pki_folder, upgradable_in):
    path = pki_folder / "public.sock"
    old = upgradable_in(user="nobody", listener={"address": f"unix:{path}"})
    owner = path.stat().st_uid
    new = upgradable_in(user="nobody", listener={"address": f"unix:{path}", "socket_mode": "0660"})
    wait_taken_over(old, new)
    assert owner != 0 and path.stat().st_uid == owner
    assert path.stat().st_mode & 0o777 == 0o660


@needs_root
def test_the_sockets_of_another_user_are_not_taken(pki_folder, upgradable_in):
    script = ("import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind(sys.argv[1]);"
              "s.listen(); print('ready', flush=True); sys.stdin.read()")
    path = pki_folder / "upgrade.sock"
    with subprocess.Popen(["setpriv", "--reuid=1", "--regid=1", "--clear-groups", sys.executable, "-c", script, path],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as impostor:
        assert impostor.stdout.readline() == "ready\n"
        failing = upgradable_in(user="nobody", launch_options={"wait": False, "expected_exit": 1})
        assert failing.wait() == 1
        assert "it belongs to user 1" in failing.err.lines[-1]
        impostor.stdin.close()
    path.unlink()


@pytest.fixture
def pki_folder():
    """A folder that every user may use; pytest's own are the user's alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mantlet-upgrade-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def upgradable_in(launch, pki_folder, upstream):
    """upgradable_in(…) runs a proxy whose files other users can read."""
    own = pki_module.Pki(pki_folder / "pki")
    for each in [pki_folder / "pki", *(pki_folder / "pki").rglob("*")]:
        each.chmod(0o755)
    numbers = itertools.count()

    def run(launch_options=None, **kwargs):
        path = pki_folder / f"mantlet{next(numbers)}.yaml"
        config = configuration(own, upstream, upgrade={"socket": str(pki_folder / "upgrade.sock")}, **kwargs)
        path.write_text(yaml.safe_dump(config))
        return launch(config, config_path=path, **(launch_options or {}))

    return run


# -- with systemd


def test_readiness_is_sent_by_the_new_process_and_the_end_by_the_old_one(upgradable, notify):  # noqa: F811
    old = upgradable(launch_options={"env": {"NOTIFY_SOCKET": notify.name}})
    notify.wait("READY=1")
    notify.messages.clear()
    new = upgradable(launch_options={"env": {"NOTIFY_SOCKET": notify.name}})
    wait_taken_over(old, new)
    assert {"READY=1", "STOPPING=1"} <= set(notify.lines())


@pytest.mark.parametrize("also_passed", [False, True])
def test_sockets_of_the_service_manager_go_over(launch, pki, upstream, load, tmp_path, also_passed):
    options = {"workers": 2, "upgrade": {"socket": str(tmp_path / "upgrade.sock")},
               "shutdown": {"drain": "5s", "idle_grace": "1s"}}
    with socket.create_server(("127.0.0.1", 0)) as original, high(original) as passed:
        old = activated(launch, pki, upstream, [passed], "public", **options)
        old.wait_listening()
        clients_ = load(port=original.getsockname()[1], kinds=("fresh", "kept"))
        clients_.wait_answers(20)
        if also_passed:
            # As systemd does before it starts another process with the socket (NonBlocking=no).
            original.setblocking(True)
            clients_.wait_answers(20)
            new = activated(launch, pki, upstream, [passed], "public", **options)
        else:
            new = launch(configuration(pki, upstream, listener={"address": "systemd:public"}, **options), wait=False)
        new.wait_listening()
        wait_taken_over(old, new)
        clients_.wait_answers(20)
        # What was received can be passed on.
        last = launch(configuration(pki, upstream, listener={"address": "systemd:public"}, **options), wait=False)
        last.wait_listening()
        wait_taken_over(new, last)
        clients_.wait_answers(20)
        clients_.stop()
