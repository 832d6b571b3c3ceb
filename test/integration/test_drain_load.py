"""Drains and restarts under load: every accepted connection gets a response."""

import random
import signal
import socket
import sys
import threading
import time

import pytest
from harness import clients
from harness.messages import Incomplete
from harness.proxy import configuration, merge
from harness.timing import scaled, wait_until

from test_systemd import activated, high

ROUNDS = 4
GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Load:
    """Clients that send requests, some on a new connection each time, until `stop()` or a refused connection.
    `lost` has the error of each request or handshake without a response although its connection was accepted.
    """

    def __init__(self, port, tls, kept=6, fresh=2, through_restarts=False):
        self.port, self.tls, self.through_restarts = port, tls, through_restarts
        self.answers, self.lost, self.ended = 0, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(n >= kept,), daemon=True) for n in range(kept + fresh)]
        for thread in self.threads:
            thread.start()

    def run(self, fresh):
        while not self.ended:
            try:
                plain = socket.create_connection(("127.0.0.1", self.port), timeout=scaled(5 if self.through_restarts else 0.3))
            except OSError as error:
                if self.through_restarts:
                    self.note(error)
                return  # the listener has closed
            plain.settimeout(scaled(10))
            try:
                self.converse(plain, fresh)
            except (OSError, Incomplete) as error:
                self.note(error)
            plain.close()

    def converse(self, plain, fresh):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.tls.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
            reader = clients.Reader(connection)
            while not self.ended:
                connection.sendall(GET.encode())
                reply = reader.response()
                assert reply.status == 200, reply
                with self.lock:
                    self.answers += 1
                if fresh or reply.headers.get("Connection") == "close":
                    return
                time.sleep(random.uniform(0, 0.004))

    def note(self, error):
        with self.lock:
            self.lost.append(repr(error))

    def wait_answers(self, count):
        more = self.answers + count
        wait_until(lambda: self.answers >= more or self.lost, 20, f"{count} answers")

    def stop(self):
        self.ended = True
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join(scaled(15))
            assert not thread.is_alive()


@pytest.mark.limit(60)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_drain_under_load_loses_no_request(start, upstream, tls, workers):
    for number in range(ROUNDS):
        proxy = start(upstream, workers=workers, log={"access": "off"}, shutdown={"drain": "10s", "idle_grace": "1s"})
        load = Load(proxy.port(), tls)
        load.wait_answers(100)
        proxy.signal(signal.SIGTERM)
        assert proxy.wait() == 0
        load.join()
        assert not load.lost, (number, load.answers, load.lost)


@pytest.mark.limit(60)
def test_a_restart_with_a_passed_socket_loses_neither_requests_nor_connections(launch, pki, upstream, tls):
    options = {"workers": 2, "log": {"access": "off"}, "shutdown": {"drain": "10s", "idle_grace": "1s"}}
    with socket.create_server(("127.0.0.1", 0), backlog=512) as original, high(original) as passed:
        load, before = None, None
        for number in range(ROUNDS):
            proxy = activated(launch, pki, upstream, [passed], "public", **options)
            proxy.wait_listening()
            load = load or Load(original.getsockname()[1], tls, through_restarts=True)
            load.wait_answers(50)
            if before is not None:
                assert before.wait() == 0
            assert not load.lost, (number, load.answers, load.lost)
            before = proxy
            proxy.signal(signal.SIGTERM)
        last = activated(launch, pki, upstream, [passed], "public", **options)
        last.wait_listening()
        load.wait_answers(50)
        load.stop()
        assert not load.lost, (load.answers, load.lost)


@pytest.mark.limit(60)
def test_a_listener_that_is_removed_under_load_loses_no_request(launch, pki, upstream, tls):
    config = configuration(pki, upstream, log={"access": "off"}, shutdown={"drain": "10s", "idle_grace": "1s"})
    second = merge(config["listeners"][0], {"name": "second"})
    for number in range(ROUNDS):
        proxy = launch(dict(config, listeners=[config["listeners"][0], second]))
        load = Load(proxy.port("second"), tls)
        load.wait_answers(100)
        proxy.write_config(config)
        proxy.signal(signal.SIGHUP)
        load.join()
        assert not load.lost, (number, load.answers, load.lost)
        proxy.stop()
