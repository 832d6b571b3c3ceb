"""A reload of large or wrong files delays neither signals nor probes nor the watchdog.

The probes measure the time until the answer. A machine that runs other work may delay one of them, so an attempt is
repeated; a loop that waits for a file would delay each of them, for as long as the file takes.
"""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import signal
import socket
import threading
import time

import pytest
from harness import clients, crl
from harness.failing import FailingCalls
from harness.proxy import configuration, is_sanitized
from harness.systemd import NotifySocket
from harness.timing import scaled, wait_until

MIB = 1024 * 1024
LIMIT = 0.1  # seconds, for every answer
ATTEMPTS = 4
LIST_BYTES = 200 * 1000 * 1000 if not is_sanitized() else 20 * 1000 * 1000
JUNK_BYTES = 300 * MIB


class Probes(threading.Thread):
    """Sends one request after the other, each to the next of `targets`, and keeps the time that each took."""

    def __init__(self, proxy, targets):
        super().__init__(daemon=True)
        self.targets = targets
        self.addresses = {endpoint: proxy.address(endpoint) for _, endpoint, _ in targets}
        self.took = []  # (seconds, target)
        self.wrong = []
        self.ended = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def run(self):
        connections = {}
        for method, endpoint, path in itertools.cycle(self.targets):
            if self.ended.wait(0.003):
                return
            begin = time.monotonic()
            try:
                if endpoint not in connections:
                    connections[endpoint] = http.client.HTTPConnection(*self.addresses[endpoint], timeout=scaled(20))
                connections[endpoint].request(method, path)
                response = connections[endpoint].getresponse()
                response.read()
                if response.status not in (200, 405):
                    self.wrong.append((path, response.status))
            except OSError as problem:
                self.wrong.append((path, problem))
                connections.pop(endpoint, None)
            self.took.append((time.monotonic() - begin, f"{method} {path}"))

    def slowest(self):
        return max(self.took)


USUAL = [("GET", "metrics", "/healthz"), ("GET", "metrics", "/readyz"), ("GET", "metrics", "/metrics"),
         ("POST", "admin", "/healthz"), ("GET", "admin", "/certs")]


def in_time(attempt):
    """Repeats attempt(), which returns (seconds, what), until that is within the limit."""
    results = []
    for _ in range(ATTEMPTS):
        results.append(attempt())
        if results[-1][0] < scaled(LIMIT):
            return
    raise AssertionError(f"the slowest of each attempt: {results}")


def loader_seconds(proxy):
    """The processor time of the loading thread."""
    for task in pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "loader":
            fields = (task / "stat").read_text().rsplit(") ", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise AssertionError("there is no loading thread")


def wait_loading(proxy, since, seconds=0.15):
    wait_until(lambda: loader_seconds(proxy) >= since + seconds, 20, "a load", interval=0.002)


def replace(path, source):
    """Puts another name of the file `source` in the place of `path`."""
    temporary = pathlib.Path(f"{path}.new")
    temporary.unlink(missing_ok=True)
    os.link(source, temporary)
    temporary.rename(path)


@pytest.fixture(scope="module")
def junk(tmp_path_factory):
    path = tmp_path_factory.mktemp("junk") / "junk"
    with path.open("wb") as file:
        file.truncate(JUNK_BYTES)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def large_list(pki, tmp_path_factory):
    """A list of the root, which revokes the CA of the clients."""
    path = tmp_path_factory.mktemp("list") / "large.crl"
    path.write_bytes(crl.huge(pki.root, LIST_BYTES, [pki.ca]))
    yield path
    path.unlink()


@pytest.fixture
def files(pki, tmp_path):
    """A chain, a key, a trust bundle and a revocation list of this test, by their names."""
    chain, key = pki.server_files
    contents = {"chain": pathlib.Path(chain).read_bytes(), "key": pathlib.Path(key).read_bytes(),
                "trust": pathlib.Path(pki.ca_file).read_bytes(), "crl": crl.big(pki.root, 10)}
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / f"file.{name}"
        paths[name].write_bytes(content)
    return paths


def own_files(pki, upstream, files, **top):
    return configuration(pki, upstream, listener={
        "tls": {"certificates": [{"chain": str(files["chain"]), "key": str(files["key"])}]},
        "client_auth": {"trust_bundle": [str(files["trust"])], "crl": {"files": [str(files["crl"])]}},
    }, **{"reload": {"interval": "0s"}, **top})


@pytest.mark.limit(300)
@pytest.mark.parametrize("kind", ["chain", "key", "trust", "crl", "config"])
def test_junk_of_300_mib_delays_no_answer(launch, pki, upstream, files, junk, kind):
    proxy = launch(own_files(pki, upstream, files))
    path = proxy.config_path if kind == "config" else files[kind]
    good = path.with_name("good")
    os.link(path, good)

    def attempt():
        with Probes(proxy, USUAL) as probes:
            before = proxy.metric("mantlet_reloads_total", result="failure")
            replace(path, junk)
            time.sleep(0.15)
            proxy.signal(signal.SIGHUP)
            wait_until(lambda: proxy.metric("mantlet_reloads_total", result="failure") > before, 60, "the rejection")
        assert not probes.wrong
        assert str(path) in proxy.get("/readyz")[1]
        replace(path, good)
        proxy.wait_metric("mantlet_reload_pending", 0, timeout=60)
        return probes.slowest()

    in_time(attempt)
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200


@pytest.mark.limit(180)
def test_a_list_of_200_mb_delays_neither_answers_nor_the_watchdog_nor_requests(launch, pki, upstream, files, large_list,
                                                                               tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    proxy = launch(own_files(pki, upstream, files, client_auth=None),
                   env={"NOTIFY_SOCKET": notify.name, "WATCHDOG_USEC": "100000"})
    small = files["crl"].with_name("small")
    os.link(files["crl"], small)
    pings = []

    def collect(ended):
        while not ended.wait(0.002):
            fed = notify.lines().count("WATCHDOG=1")
            notify.messages.clear()
            pings.extend([time.monotonic()] * fed)

    def attempt():
        del pings[:]
        ended = threading.Event()
        collector = threading.Thread(target=collect, args=(ended,))
        collector.start()
        try:
            before = proxy.metric("mantlet_reloads_total", result="success")
            with Probes(proxy, USUAL) as probes:
                replace(files["crl"], large_list)
                wait_until(lambda: proxy.metric("mantlet_reloads_total", result="success") > before, 60, "the reload")
        finally:
            ended.set()
            collector.join()
        assert not probes.wrong
        error = clients.handshake_error(proxy.address(), clients.context(pki))
        assert error is not None
        assert proxy.metric("mantlet_tls_handshake_failures_total", reason="revoked") > 0
        replace(files["crl"], small)
        wait_until(lambda: proxy.metric("mantlet_reloads_total", result="success") > before + 1, 60, "the small list")
        assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
        gap = max(b - a for a, b in zip(pings, pings[1:]))
        # Half of WATCHDOG_USEC is the interval, and a timer may be late by a tick of 50 ms.
        return max(probes.slowest(), (gap - 0.1, "watchdog"))

    in_time(attempt)
    notify.socket.close()


@pytest.mark.limit(120)
def test_requests_to_reload_during_a_load_share_the_next_one(launch, pki, upstream, files, large_list):
    proxy = launch(own_files(pki, upstream, files, reload={"watch": False, "interval": "0s"}))
    since = loader_seconds(proxy)
    answers = []

    def ask():
        answers.append(proxy.get("/reload", "admin", "POST", timeout=60))

    replace(files["crl"], large_list)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads[0].start()
    wait_loading(proxy, since)
    assert not answers, "the load has just begun"
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(200, "Reloaded.\n")] * 4
    assert proxy.metric("mantlet_reloads_total", result="success") == 3, "the start, the first one, a second for three"


@pytest.mark.limit(120)
def test_a_configuration_that_changes_during_a_load_is_loaded_next(launch, pki, upstream, files, large_list):
    proxy = launch(own_files(pki, upstream, files))
    since = loader_seconds(proxy)
    replace(files["crl"], large_list)
    wait_loading(proxy, since)
    changed = own_files(pki, upstream, files)
    changed["listeners"][0]["client_auth"]["max_depth"] = 3
    proxy.write_config(changed)
    wait_until(lambda: "max_depth: 3" in json.loads(proxy.get("/config", "admin")[1])["effective_yaml"], 60,
               "the new setting")
    proxy.wait_metric("mantlet_reload_pending", 0, timeout=60)
    clients.handshake_error(proxy.address(), clients.context(pki))
    assert proxy.metric("mantlet_tls_handshake_failures_total", reason="revoked") == 1


@pytest.mark.limit(120)
def test_a_drain_begins_at_once_during_a_load_and_does_not_wait_for_it(launch, pki, upstream, files, large_list, tmp_path):
    numbers = itertools.count()
    small = files["crl"].with_name("small")
    os.link(files["crl"], small)

    def attempt():
        notify = NotifySocket(tmp_path / f"notify{next(numbers)}")
        replace(files["crl"], small)
        proxy = launch(own_files(pki, upstream, files, reload={"watch": False, "interval": "0s"}),
                       env={"NOTIFY_SOCKET": notify.name})
        since = loader_seconds(proxy)
        replace(files["crl"], large_list)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(proxy.get("/reload", "admin", "POST", timeout=60)))
        waiting.start()
        proxy.signal(signal.SIGHUP)
        wait_loading(proxy, since)
        begin = time.monotonic()
        proxy.signal(signal.SIGTERM)
        wait_until(lambda: proxy.log("drain_begun"), 20, "the drain", interval=0.002)
        begun = time.monotonic() - begin
        assert proxy.wait() == 0
        ended = time.monotonic() - begin
        waiting.join()
        assert answers == [(500, "Some files on disk are not in use: the drain has begun\n")]
        lines = notify.lines()
        notify.socket.close()
        assert "READY=1" not in lines[lines.index("STOPPING=1"):], lines
        # The process ends 50 ms after its last connection, which closes its sockets.
        return max((begun, "the begin of the drain"), (ended - 0.35, "the end of the process"))

    in_time(attempt)


def test_a_file_system_that_does_not_respond_delays_nothing_but_reloads(launch, pki, upstream, files, tmp_path):
    if is_sanitized():
        pytest.skip("the sanitizer's own read is called")
    failing = FailingCalls(tmp_path)
    config = own_files(pki, upstream, files, sandbox={"landlock": False, "seccomp": False})

    def attempt():
        failing.hold_reads(False)
        proxy = launch(config, env=failing.env)
        before = failing.held_reads
        failing.hold_reads()
        with Probes(proxy, USUAL) as probes:
            proxy.signal(signal.SIGHUP)
            wait_until(lambda: failing.held_reads > before, 10, "a load")
            time.sleep(0.5)
        assert not probes.wrong
        assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
        begin = time.monotonic()
        assert proxy.stop() == 0
        ended = time.monotonic() - begin
        # The sockets close after 50 ms, the load is given 100 ms to notice that it was cancelled.
        return max(probes.slowest(), (ended - 0.35, "the end of the process"))

    in_time(attempt)


@pytest.mark.limit(120)
def test_a_reload_that_a_file_system_holds_up_is_named(launch, pki, upstream, files, tmp_path):
    if is_sanitized():
        pytest.skip("the sanitizer's own read is called")
    failing = FailingCalls(tmp_path)
    proxy = launch(own_files(pki, upstream, files, sandbox={"landlock": False, "seccomp": False},
                             reload={"watch": False, "interval": "0s"}), env=failing.env)
    assert proxy.metric("mantlet_reload_in_progress_seconds") == 0
    loads = proxy.metric("mantlet_reloads_total", result="success")
    failing.hold_reads()
    proxy.signal(signal.SIGHUP)
    record = wait_until(lambda: proxy.log("reload_slow"), 30, "the record")[0]
    assert record["path"] in [str(path) for path in (proxy.config_path, *files.values())]
    assert record["seconds"] >= 10
    assert proxy.metric("mantlet_reload_in_progress_seconds") >= 10
    status, text = proxy.get("/reload", "admin", "POST")
    assert status == 500 and f"is still reading {record['path']}" in text, text
    assert len(proxy.log("reload_slow")) == 1
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: len(proxy.log("reload_slow")) == 2, 10, "the answer to the second signal")
    failing.hold_reads(False)
    # That of the first signal, and one for all requests after it.
    proxy.wait_metric("mantlet_reloads_total", loads + 2, result="success")
    proxy.wait_metric("mantlet_reload_in_progress_seconds", 0)
    assert proxy.get("/reload", "admin", "POST") == (200, "Reloaded.\n")
