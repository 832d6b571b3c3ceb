"""slowhttptest, the usual tool for slow attacks: its connections are ended in time, and others are served meanwhile.

Its clients have no certificate, so the listener asks for none.
"""

import shutil
import subprocess
import threading
import time

import pytest
from harness import clients
from harness.proxy import NO_CLIENT_AUTH
from harness.timing import scaled, wait_until

PROGRAM = shutil.which("slowhttptest")
CONNECTIONS = 40
LIMIT = 2  # seconds
OTHERS = 60  # seconds; not what ends the attack
MIB = 1024 * 1024

pytestmark = [
    pytest.mark.limit(60),
    pytest.mark.skipif(PROGRAM is None, reason="slowhttptest is not installed (tools/bootstrap --test does it)"),
]

# The timeout that ends it, and the options: -i is the seconds between two pieces, -n those between two reads.
ATTACKS = {
    "slow heads": ("request_head", ["-H", "-i", "1"]),
    "slow bodies": ("body", ["-B", "-s", "8192", "-i", "30"]),
    "slow readers": ("write", ["-X", "-w", "1", "-y", "2", "-n", "30", "-z", "1"]),
}


class Attack:
    """A run of slowhttptest that does not end by itself while it has connections."""

    def __init__(self, proxy, options, target):
        self.process = subprocess.Popen(
            [PROGRAM, *options, "-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", "600", "-p", "5", "-v", "1",
             "-u", "https://localhost:%d%s" % (proxy.port(), target)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.process.kill()
        self.process.wait()


class Visitor:
    """Another client: a new connection and a request again and again."""

    def __init__(self, proxy, tls):
        self.waits = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._visit, args=(proxy, tls), daemon=True)
        self._thread.start()

    def _visit(self, proxy, tls):
        while not self._end.is_set():
            begin = time.monotonic()
            with clients.RawClient(proxy.address(), tls) as client:
                served = client.get().status == 200
            self.waits.append(time.monotonic() - begin if served else None)
            self._end.wait(0.05)

    def end(self):
        self._end.set()
        self._thread.join(scaled(10))
        return self.waits


@pytest.mark.parametrize("name", ATTACKS)
def test_a_slow_attack_is_ended_in_time_and_nobody_else_waits(start, upstream, pki, name):
    key, options = ATTACKS[name]
    timeouts = {each: f"{OTHERS}s" for each in ("request_head", "body", "write", "idle")}
    timeouts[key] = f"{scaled(LIMIT) * 1000:.0f}ms"
    proxy = start(upstream, listener={"client_auth": NO_CLIENT_AUTH, "timeouts": timeouts})

    def connected():
        return proxy.metric("mantlet_connections_active", listener="public")

    visitor = Visitor(proxy, clients.context(pki, client=None))
    attack = Attack(proxy, options, f"/bytes/{8 * MIB}" if key == "write" else "/")
    try:
        wait_until(lambda: connected() >= CONNECTIONS * 0.9, 15, "the attack")
        begin = time.monotonic()
        # The visitor has one, and the tool looks from time to time whether the server still responds.
        wait_until(lambda: connected() <= 2, 15, "the end of the slow connections")
        assert time.monotonic() - begin > scaled(LIMIT) / 3, "they were not held"
    finally:
        attack.end()
        waits = visitor.end()
    assert waits and None not in waits, "another client was not served"
    assert sorted(waits)[len(waits) // 2] < scaled(0.5)
