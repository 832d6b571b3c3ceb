"""What a run has in common: programs, certificates, processors, and how long things take."""

import pathlib
import sys
import time

from . import machine, servers
from .pki import Pki
from .processes import Failed, Upstream


class Bench:
    def __init__(self, programs, folder, names, rounds, seconds, quick, tiny=False, say=None):
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.all_names = names  # mantlet and the peers that are there
        self.rounds, self.seconds, self.quick, self.tiny = rounds, seconds, quick, tiny
        self.server_cpus, self.load_cpus, self.upstream_cpus = machine.split_cpus()
        self.pki = Pki(self.folder / "pki")
        self.upstream = Upstream(programs.upstream, self.upstream_cpus)
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))
        self._began = time.monotonic()
        self._number = 0
        self.number_of_starts = 0

    @property
    def names(self):
        """Those in the rows that are not about HTTP/2."""
        return [name for name in self.all_names if name not in servers.HTTP2_ONLY]

    @property
    def http2_names(self):
        return [name for name in self.all_names if name == "mantlet" or name in servers.HTTP2_PEERS]

    @property
    def peers(self):
        return tuple(name for name in self.all_names if name != "mantlet")

    def say(self, text):
        self._say(f"[{time.monotonic() - self._began:5.0f} s] {text}")

    def start(self, name, **options):
        """A server of its own, listening."""
        self._number += 1
        server = servers.start(name, self, self.folder / f"{name}{self._number}", **options)
        try:
            server.wait_listening()
            servers.check(server, self.pki)
            return server
        except Failed:
            server.stop()
            raise

    def close(self):
        self.upstream.stop()


class Group:
    """Several servers at once, so that rounds can go from one to the next. Those that fail drop out, with the reason."""

    def __init__(self, bench, row, names=None, **options):
        self.bench, self.row = bench, row
        self.running = {}
        for name in names or bench.names:
            try:
                self.running[name] = bench.start(name, **options)
            except Failed as failure:
                self.drop(name, failure)

    def drop(self, name, why):
        self.bench.say(f"  {name} drops out: {why}")
        self.row.skipped[name] = str(why)
        server = self.running.pop(name, None)
        if server is not None:
            server.stop()

    def each(self, turn):
        """(name, server) of each, the order turned so that nobody is always first. A Failed in the loop is the caller's to drop()."""
        names = sorted(self.running, key=self.bench.all_names.index)
        if names:
            turn %= len(names)
            names = names[turn:] + names[:turn]
        return [(name, self.running[name]) for name in names]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.running.values():
            server.stop()
