"""A soak: mixed load of both protocols for minutes, while certificates, lists and the configuration change, an
application restarts, hostile clients come and go, and a new process takes over. tools/soak runs it, test_soak.py a
short one.

Nothing may be lost: each request to the application that does not restart has to be answered, and one to the other
may fail only with 502, 503 or 504. Nothing may grow: when the load pauses, memory, descriptors and threads are those
of the first pause of the same process, and no connection is left.
"""

import argparse
import collections
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import clients, http2, pki as pki_module, rotation, soak_load, upstreams  # noqa: E402
from harness import proxy as proxy_module  # noqa: E402
from harness.timing import scaled, wait_until  # noqa: E402

# Between the first pause and the last, with what allocators keep.
GROWTH, GROWTH_BYTES = 0.25, 4 << 20

Rest = collections.namedtuple("Rest", "memory descriptors threads")


class Upstream(upstreams.Echo):
    """Keeps no requests, unlike other tests' upstreams."""

    def answer(self, connection, message):
        self.requests.clear()
        return super().answer(connection, message)


class Soak:
    def __init__(self, directory, seed):
        self.random = random.Random(seed)
        self.pki = pki_module.Pki(pathlib.Path(directory) / "pki")
        self.revoked_identity = self.pki.ca.issue(cn="revoked")
        self.tls, self.tls_h2 = clients.context(self.pki), http2.context(self.pki)
        self.anonymous = clients.context(self.pki, client=None)
        self.revoked = clients.context(self.pki, client=self.pki.write(self.revoked_identity, "revoked"))
        self.crl_file = pathlib.Path(directory) / "list.crl"
        self.write_crl()
        self.steady = Upstream()
        self.restarting_path = pathlib.Path(directory) / "app.sock"
        self.restarting = Upstream(self.restarting_path)
        self.folder = pathlib.Path(directory) / "proxy"
        self.proxy = proxy_module.Proxy(self.folder, self.configuration()).start()
        self.restarted_at = time.monotonic()
        self.done = collections.Counter()

    def configuration(self):
        config = proxy_module.configuration(
            self.pki, self.steady, workers=2, log={"access": str(self.pki.directory / "access.log")},
            listener={"name": "steady", "client_auth": {"crl": {"files": [str(self.crl_file)]}}},
            # What restarts must not make what does not restart wait.
            upstream_options={"pool": {"connections": 200}},
            upgrade={"socket": str(self.pki.directory / "upgrade.sock")},
            # Clients that share a processor with everything here may take a second for the next request.
            shutdown={"drain": "10s", "idle_grace": "3s"})
        second = proxy_module.merge(config["listeners"][0], {"name": "unsteady", "upstream": "restarting"})
        config["listeners"].append(second)
        config["upstreams"].append({"name": "restarting", "address": f"unix:{self.restarting_path}"})
        return config

    def address(self, listener):
        return self.proxy.address(listener)

    # -- what an operator does ---------------------------------------------------

    def write_crl(self):
        more = [self.pki.ca.issue(cn=f"former {i}") for i in range(3)]
        data = self.pki.ca.crl(self.revoked_identity, *more) + self.pki.root.crl()
        temporary = self.crl_file.with_suffix(".new")
        temporary.write_bytes(data)
        temporary.rename(self.crl_file)

    def rotate(self):
        fresh = self.pki.ca.server("localhost", "127.0.0.1")
        way = self.random.choice((rotation.write_in_place, rotation.write_by_rename))
        way(fresh, self.pki.server_files)

    def damage(self):
        """A chain that does not fit its key, for a moment."""
        pathlib.Path(self.pki.server_files[0]).write_bytes(self.pki.ca.server("localhost").chain_pem[:500])
        time.sleep(0.3)
        self.rotate()

    def change_limits(self):
        config = self.configuration()
        config["listeners"][0]["limits"] = {"header_count": self.random.randrange(90, 110)}
        config["upstreams"][0]["timeouts"] = {"connect": f"{self.random.randrange(1000, 5000)}ms"}
        self.proxy.write_config(config)

    def break_configuration(self):
        self.proxy.write_config("listeners: 1\n")
        time.sleep(0.3)
        self.proxy.write_config(self.configuration())

    def restart_application(self):
        self.restarted_at = time.monotonic()
        self.restarting.close()
        self.restarting_path.unlink()
        time.sleep(self.random.choice((0, 0.5)))
        self.restarting = Upstream(self.restarting_path)

    def look(self):
        for path, endpoint in (("/metrics", "metrics"), ("/readyz", "metrics"), ("/certs", "admin"),
                               ("/config", "admin"), ("/connections", "admin")):
            status, _ = self.proxy.get(path, endpoint)
            assert status == 200 or path == "/readyz", (path, status)

    def upgrade(self):
        """Another process takes over, and the first one ends."""
        before = self.proxy
        self.proxy = proxy_module.Proxy(self.folder, self.configuration(), config_path=before.config_path).start()
        before.wait(60)
        before.check_end()
        self.done["upgrade"] += 1

    ACTIONS = (rotate, write_crl, damage, change_limits, break_configuration, restart_application, look)

    # -- the soak ------------------------------------------------------------------

    def rest(self):
        """The state when no client is there."""
        wait_until(lambda: self.proxy.metric("mantlet_connections_active") == 0, 30, "the end of all connections")
        time.sleep(scaled(2))  # pooled connections and freed memory
        process = pathlib.Path(f"/proc/{self.proxy.process.pid}")
        return Rest(self.proxy.rss(), len(os.listdir(process / "fd")), len(os.listdir(process / "task")))

    def load(self, seconds, first=None):
        """Load and events for so long, at least one; `first` comes before them. Returns the answers and the failures."""
        kinds = [(soak_load.Http1, "steady"), (soak_load.Http2, "steady"),
                 (soak_load.Http1, "unsteady"), (soak_load.Http2, "unsteady")]
        honest = [kind(self, listener, number) for number, (kind, listener) in enumerate(kinds)]
        for each in honest:
            each.start()
        if first is not None:
            first()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.proxy.process.poll() is None, "mantlet has ended:\n" + "\n".join(self.proxy.err.lines[-20:])
            action = self.random.choice(self.ACTIONS)
            action(self)
            self.done[action.__name__] += 1
            kind = self.random.choice(list(soak_load.HOSTILE))
            threading.Thread(target=soak_load.harm, args=(self, kind), daemon=True).start()
            self.done[kind] += 1
            time.sleep(self.random.uniform(0.2, 2))
        for each in honest:
            each.stopped = True
        for each in honest:
            each.join(scaled(20))
        failures = [failure for each in honest for failure in each.failures]
        return sum(each.answers for each in honest), failures

    def finish(self):
        self.proxy.check_end()
        self.steady.close()
        self.restarting.close()


def grown(rests):
    """What has grown since the first pause of a process; empty if nothing has."""
    if len(rests) < 2:
        return []
    # The median of the later pauses, because the moment of a pause is chance.
    later = rests[(len(rests) + 1) // 2:]
    first, last = rests[0], Rest(*(int(statistics.median(values)) for values in zip(*later)))
    problems = []
    if not proxy_module.is_sanitized() and last.memory > first.memory * (1 + GROWTH) + GROWTH_BYTES:
        problems.append(f"resident memory grew from {first.memory >> 10} to {last.memory >> 10} KiB")
    for what in ("descriptors", "threads"):
        if getattr(last, what) > getattr(first, what):
            problems.append(f"{what} grew from {getattr(first, what)} to {getattr(last, what)}")
    return problems


def run(directory, seconds, seed, say=print):
    """Runs a soak of about so many seconds in rounds with pauses. Returns the problems."""
    soak = Soak(directory, seed)
    problems, rests, answers = [], [[]], 0  # the pauses of each process
    rounds = max(2, min(20, int(seconds / 60)))
    try:
        soak.load(min(10, seconds / 4))  # what is needed once
        for number in range(rounds):
            rests[-1].append(soak.rest())
            if number == rounds // 2:
                good, failures = soak.load(min(5, seconds / 4), soak.upgrade)
                answers += good
                problems += failures
                rests.append([soak.rest()])
            good, failures = soak.load(seconds / rounds)
            answers += good
            problems += failures
            say(f"round {number + 1} of {rounds}: {good} answers, {len(failures)} failures, at rest before it "
                f"{rests[-1][-1].memory >> 10} KiB, {rests[-1][-1].descriptors} descriptors, "
                f"{rests[-1][-1].threads} threads")
        rests[-1].append(soak.rest())
        for process in rests:
            problems += grown(process)
    finally:
        soak.finish()
    say(f"{answers} answers; " + ", ".join(f"{what} {count}" for what, count in sorted(soak.done.items())))
    if answers == 0:
        problems.append("no request was answered")
    return problems


def main():
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="repeats an earlier run's choices")
    options = parser.parse_args()
    print(f"--seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mantlet-soak") as directory:
        problems = run(directory, options.minutes * 60, options.seed, lambda text: print(text, flush=True))
    for problem in problems[:20]:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
