"""Memory: at start, per idle connection, and after they have gone."""

import time

from . import machine
from .bench import Group
from .processes import Failed, Load
from .results import Goal, Row, combine, summary
from .servers import Settings

MIB = 1024 * 1024


def run(bench, _):
    """Both rows come from the same connections."""
    connections = 500 if bench.tiny else 1000 if bench.quick else 5000
    idle = Row("memory_idle", f"memory per idle connection after one request, {connections} connections",
               "per_connection_kb", "KB", Goal(ratio=0.40, at_most=10, text="≤ 10 KB and ≤ 0.40"))
    whole = Row("memory_start", f"memory at start, and after {connections} connections have come and gone",
                "start_mib", "MiB", Goal(at_most=12, text="≤ 12 MiB; returns to within 4 MiB"))
    samples = _samples(bench, bench.names, connections, (idle, whole))
    for name, each in samples.items():
        idle.servers[name] = whole.servers[name] = summary(each)
    own = whole.servers.get("mantlet")
    if own:
        whole.met = combine([own["start_mib"] <= 12, own["after_mib"] - own["start_mib"] <= 4])
    return [idle, whole]


def run_http2(bench, row_id):
    connections = 500 if bench.tiny else 1000 if bench.quick else 5000
    row = Row(row_id, f"memory per idle HTTP/2 connection after one request, {connections} connections",
              "per_connection_kb", "KB", Goal(ratio=0.50, at_most=12, text="≤ 12 KB and ≤ 0.50"))
    samples = _samples(bench, bench.http2_names, connections, (row,), Settings(http2=True), ["--streams=1"])
    row.servers = {name: summary(each) for name, each in samples.items()}
    return row


def _samples(bench, names, connections, rows, settings=Settings(), options=()):
    """{name: samples}; servers that fail are among the skipped ones of the rows."""
    samples = {}
    for name in names:
        for _ in range(1 if bench.quick else min(bench.rounds, 3)):
            try:
                samples.setdefault(name, []).append(_measure(bench, name, connections, settings, options))
            except Failed as failure:
                bench.say(f"  {name} drops out: {failure}")
                for row in rows:
                    row.skipped[name] = str(failure)
                samples.pop(name, None)
                break
    return samples


def _measure(bench, name, connections, settings, options):
    row = Row("", "", "", "", Goal())
    with Group(bench, row, [name], settings=settings) as group:
        if name in row.skipped:
            raise Failed(row.skipped[name])
        server = group.running[name]
        # One connection first: what is made once, at the first use, is no connection's.
        with Load(bench.programs.load, server, bench.pki, bench.load_cpus, "--mode=idle", *options):
            pass
        time.sleep(0.3)
        start = machine.private_bytes(server.pid)
        with Load(bench.programs.load, server, bench.pki, bench.load_cpus, "--mode=idle",
                  f"--connections={connections}", *options, seconds=0):
            time.sleep(0.5 if bench.quick else 2)
            held = machine.private_bytes(server.pid)
        time.sleep(1 if bench.quick else 3)
        after = machine.private_bytes(server.pid)
    return {"start_mib": start / MIB, "held_mib": held / MIB, "after_mib": after / MIB,
            "per_connection_kb": (held - start) / connections / 1000}
