"""Attacks with HTTP/2, each by itself (with those of test_http2_end.py) and all at once, while honest clients are served."""

import contextlib
import multiprocessing
import os
import threading
import time
import traceback

import pytest
from harness import clients, http2
from harness.http2_attacks import FLOODS, MADE_TO_RESET, QUIET
from harness.proxy import is_sanitized
from harness.timing import scaled, wait_until

MIB = 1024 * 1024
QUICK = {"timeouts": {"request_head": "1s", "body": "1s", "write": "1s", "idle": "2s"}}


@pytest.mark.parametrize("name", MADE_TO_RESET)
def test_a_stream_that_is_made_to_be_reset_ends_the_connection(start, upstream, pki, name):
    proxy = start(upstream)
    with http2.connect(proxy, pki) as other, http2.connect(proxy, pki) as client:
        MADE_TO_RESET[name](client)
        wait_until(lambda: proxy.metric("mantlet_http2_connections_closed_total") == 1, 10, "the end of the connection")
        assert other.get().status == 200
    assert len(upstream.requests) <= 101, "no more than the streams that are allowed at a time"


class Attackers:
    """A process with a thread for each attack, which begins again on a new connection when the last one has ended."""

    def __init__(self, proxy, pki, attacks):
        fork = multiprocessing.get_context("fork")
        self._attacks = attacks
        self._begun = fork.Array("i", len(attacks))
        self._end = fork.Event()
        self._process = fork.Process(target=self._run_all, args=(proxy, pki), daemon=True)
        self._process.start()

    def have_begun(self):
        return all(self._begun[:])

    def join(self):
        """Returns whether each attack has ended without an error of its own."""
        self._end.set()
        self._process.join(scaled(20))
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        return self._process.exitcode == 0

    def _run_all(self, proxy, pki):
        failed = []
        threads = [threading.Thread(target=self._run, args=(proxy, pki, number, attack, failed))
                   for number, attack in enumerate(self._attacks.values())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(1 if failed else 0)  # none of what pytest would do at its own end

    def _run(self, proxy, pki, number, attack, failed):
        try:
            while not self._end.is_set():
                with contextlib.suppress(OSError), http2.connect(proxy, pki) as client:
                    self._begun[number] = 1
                    attack(client)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            failed.append(number)


@pytest.mark.limit(90)
def test_all_attacks_at_once_leave_honest_clients_their_service(start, upstream, pki, tls):
    proxy = start(upstream, listener=QUICK)
    attacks = {name: attack for name, (attack, _) in FLOODS.items()} | MADE_TO_RESET | QUIET
    with http2.connect(proxy, pki) as honest:
        assert honest.get().status == 200
        before = proxy.rss()
        attackers = Attackers(proxy, pki, attacks)
        waits = []
        try:
            wait_until(attackers.have_begun, 30, "the begin of each attack")
            end = time.monotonic() + scaled(3)
            while time.monotonic() < end or len(waits) < 20:
                begin = time.monotonic()
                assert honest.get("/honest").status == 200, "an open connection"
                with clients.RawClient(proxy.address(), tls) as client:
                    assert client.get("/honest").status == 200, "a new connection"
                waits.append(time.monotonic() - begin)
            used = proxy.rss() - before
        finally:
            ended = attackers.join()
    assert sorted(waits)[len(waits) // 2] < scaled(2)
    assert ended, "each attack is ended by the proxy, at the latest by a timeout"
    assert is_sanitized() or used < 128 * MIB
    closed = {reason: proxy.metric("mantlet_http2_connections_closed_total", reason=reason)
              for reason in ("rapid_reset", "control_frames", "empty_frames", "header_block", "protocol_error")}
    assert all(closed.values()), closed
    proxy.wait_metric("mantlet_connections_active", 0, listener="public")
    with http2.connect(proxy, pki) as client:
        assert client.get().status == 200
