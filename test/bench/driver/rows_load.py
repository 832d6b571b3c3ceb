"""The rows that are one load on every server in turn: CPU time per operation decides, or p99."""

import statistics

from . import measure
from .bench import Group
from .processes import Failed
from .results import Goal, Row, quartiles, summary
from .servers import HTTP_PEERS, Settings


# Long enough for more than a thousand requests, short enough that many see nothing of what else the machine does.
STRETCH_SECONDS = 0.05


def load_row(row_id, title, options, goal, settings=Settings()):
    return row_id, dict(title=title, options=options, goal=goal, settings=settings)


# id -> what to do. The goals are ratios to the best peer of the same run.
LOADS = dict([
    load_row("handshake", "new connection, full mTLS handshake, one request, close",
             ["--mode=handshake", "--connections=8"], Goal(ratio=0.45)),
    load_row("handshake12", "the same with TLS 1.2",
             ["--mode=handshake", "--connections=8", "--tls12"], Goal(ratio=0.45), Settings(tls="1.2")),
    load_row("resumed", "the same, resumed",
             ["--mode=handshake", "--connections=8", "--resume"], Goal(ratio=0.40), Settings(resume=True)),
    load_row("keepalive32", "keep-alive GET, 100-byte answer, 32 connections",
             ["--mode=keepalive", "--connections=32"],
             Goal(ratio=0.75, best_of=HTTP_PEERS, not_above=("hitch",),
                  text="≤ 0.75 of the best HTTP peer, not above hitch")),
    load_row("keepalive512", "the same, 512 connections",
             ["--mode=keepalive", "--connections=512"],
             Goal(ratio=0.75, best_of=HTTP_PEERS, text="≤ 0.75 of the best HTTP peer")),
    load_row("headers20", "keep-alive with 20 request headers of 60 bytes",
             ["--mode=keepalive", "--connections=32", "--headers=20", "--header-bytes=60"], Goal(ratio=0.80)),
    load_row("download", "1 MiB download, 8 connections",
             ["--mode=keepalive", "--connections=8", "--path=/1m"], Goal(ratio=0.90)),
    load_row("upload", "1 MiB upload, 8 connections",
             ["--mode=keepalive", "--connections=8", "--upload=1048576"], Goal(ratio=0.90)),
    load_row("answer16k", "16 KiB answer, 32 connections",
             ["--mode=keepalive", "--connections=32", "--path=/16k"], Goal(ratio=0.80)),
])


def run(bench, row_id):
    return run_load(bench, row_id, LOADS[row_id])


def run_load(bench, row_id, what, names=None):
    """One load on every server in turn."""
    goal = what["goal"]
    goal.text = goal.text or f"≤ {goal.ratio:.2f}"
    row = Row(row_id, what["title"], "cpu_us", "µs CPU", goal)
    samples = {}
    # The round before the first warms up and is forgotten.
    first = 0 if bench.quick else -1
    with Group(bench, row, names, settings=what["settings"]) as group:
        for turn in range(first, bench.rounds):
            for name, server in group.each(turn):
                try:
                    sample = measure.run(bench, server, what["options"], 0.2 if turn < 0 else bench.seconds)
                    if what["settings"].resume and sample["resumed"] < 0.99:
                        raise Failed(f"only {sample['resumed']:.0%} of the handshakes are resumed")
                except Failed as failure:
                    group.drop(name, failure)
                    continue
                if turn >= 0:
                    samples.setdefault(name, []).append(sample)
    row.servers = {name: summary(each) for name, each in samples.items() if name not in row.skipped}
    return row


# id -> connections
DEFAULTS = {"default256": 256, "default512": 512}


def run_default(bench, row_id):
    """With the pool as it is without a word about it in the configuration: many clients at once cost no more than few."""
    clients, few = DEFAULTS[row_id], 32
    row = Row(row_id, f"keep-alive with the default pool, {clients} connections", "cpu_us", "µs CPU",
              Goal(not_above=("hitch",), text=f"≤ 1.25 × with {few}, not above hitch"))
    samples, with_few = {}, []
    names = [name for name in ("mantlet", "hitch") if name in bench.names]
    with Group(bench, row, names, default_upstream=True) as group:
        for turn in range(0 if bench.quick else -1, bench.rounds):
            seconds = 0.2 if turn < 0 else bench.seconds
            for name, server in group.each(turn):
                try:
                    made = {connections: measure.run(bench, server, ["--mode=keepalive", f"--connections={connections}"],
                                                     seconds)
                            for connections in ((few, clients) if name == "mantlet" else (clients,))}
                except Failed as failure:
                    group.drop(name, failure)
                    continue
                if turn >= 0:
                    samples.setdefault(name, []).append(made[clients])
                    with_few += [made[few]] if few in made else []
    row.servers = {name: summary(each) for name, each in samples.items() if name not in row.skipped}
    if with_few:
        cost = summary(with_few)["cpu_us"]
        row.goal.at_most = 1.25 * cost
        row.notes.append(f"with {few} connections {cost:.1f} µs")
    return row


def run_p99(bench, _):
    """Open loop at 70 % of what one processor could do, by the CPU time that a request costs under full load.

    Medians over short stretches: where the machine itself stands still now and then, some of them tell of it and the
    others of the server. The median of whole rounds is in the second table.
    """
    row = Row("p99", "p99 latency at 70 % load on one core, keep-alive", "stretch_p99_us", "µs",
              Goal(ratio=1.0, text="≤ the best peer"))
    rates, samples, stretches = {}, {}, {}
    with Group(bench, row) as group:
        for turn in range(-1, bench.rounds):
            for name, server in group.each(turn):
                try:
                    if turn < 0:
                        costs = [measure.run(bench, server, ["--mode=keepalive", "--connections=32"],
                                             bench.seconds / 2)["cpu_us"] for _ in range(2)]
                        rates[name] = 0.7e6 / min(costs)
                        continue
                    sample, made = measure.windows(
                        bench, server, ["--mode=rate", f"--rate={rates[name]:.0f}", "--connections=64"],
                        bench.seconds, STRETCH_SECONDS)
                except Failed as failure:
                    group.drop(name, failure)
                    continue
                samples.setdefault(name, []).append(sample)
                stretches.setdefault(name, []).extend(made)
    for name, each in samples.items():
        if name not in row.skipped:
            row.servers[name] = summary(each) | _over_stretches(stretches[name])
            row.notes += _p99_notes(name, row.servers[name], rates[name])
    return row


def _over_stretches(stretches):
    first, middle, third = quartiles([stretch["p99_us"] for stretch in stretches])
    return {"stretch_p99_us": middle, "stretch_p99_first": first, "stretch_p99_third": third,
            "stretch_p50_us": statistics.median(stretch["p50_us"] for stretch in stretches),
            "stretches": len(stretches)}


def _p99_notes(name, own, rate):
    yield (f"{name}: at {rate:,.0f}/s; p99 of half of {own['stretches']} stretches of {STRETCH_SECONDS * 1000:.0f} ms "
           f"between {own['stretch_p99_first']:,.0f} and {own['stretch_p99_third']:,.0f} µs")
    if own["rate"] < 0.9 * rate:
        yield f"{name}: only {own['rate']:,.0f}/s were reached"
