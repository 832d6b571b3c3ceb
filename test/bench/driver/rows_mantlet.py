"""Rows about mantlet alone, and the start, which peers are timed at as well."""

import shutil
import signal
import time

from . import measure, servers
from .processes import Failed, JsonChild, Load
from .results import Goal, Row, summary


def run_start(bench, _):
    row = Row("start", "start to first answered handshake", "start_ms", "ms", Goal(at_most=100, text="≤ 100 ms"))
    samples = {}
    for turn in range(max(bench.rounds, 3)):
        for name in bench.names:
            if name in row.skipped:
                continue
            try:
                samples.setdefault(name, []).append({"start_ms": start_ms(bench, name)})
            except Failed as failure:
                row.skipped[name] = str(failure)
    row.servers = {name: summary(each) for name, each in samples.items()}
    return row


def start_ms(bench, name, **options):
    """From the fork to the first response that a client sees; the client asks five times a millisecond."""
    bench.number_of_starts += 1
    server = servers.start(name, bench, bench.folder / f"start{bench.number_of_starts}", **options)
    try:
        with JsonChild("load generator", [
                bench.programs.load, "--mode=first", f"--port={server.port}", f"--certificate={bench.pki.client_chain}",
                f"--key={bench.pki.client_key}"], bench.load_cpus) as first:
            said = first.hear(60)
        if said["event"] != "ready":
            raise Failed(f"{name}: {said['label']}")
        return (said["monotonic_ns"] - server.began_ns) / 1e6
    finally:
        server.stop()


def run_workers(bench, _):
    """Two processors for the server and others for the load, or else what a request costs with one worker and with two."""
    cpus = bench.server_cpus
    apart = len(cpus) >= 2
    title = "two workers on two cores against one: rate" if apart else \
        "two workers against one: CPU per request"
    goal = Goal(text="≥ 1.8 ×" if apart else "≤ 1.05 × (too few processors to compare rates)")
    row = Row("workers", title, "scaling", "×", goal)
    options = ["--mode=keepalive", "--connections=64"]
    shared = cpus if apart else sorted(set(cpus + bench.load_cpus))
    samples = {1: [], 2: []}
    one = bench.start("mantlet", workers=1, cpus=cpus[:1])
    two = bench.start("mantlet", workers=2, cpus=shared)
    try:
        for turn in range(-1, bench.rounds):
            for workers, server in ((1, one), (2, two)):
                sample = measure.run(bench, server, options, 0.2 if turn < 0 else bench.seconds)
                if turn >= 0:
                    samples[workers].append(sample)
    finally:
        one.stop()
        two.stop()
    first, second = summary(samples[1]), summary(samples[2])
    row.series = {"workers": [[1, first], [2, second]]}
    scaling = second["rate"] / first["rate"] if apart else second["cpu_us"] / first["cpu_us"]
    row.servers["mantlet"] = {"scaling": scaling, "cpu_us": second["cpu_us"], "rate": second["rate"], "errors": 0}
    row.met = scaling >= 1.8 if apart else scaling <= 1.05
    if apart and second["load_busy"] > 0.9:
        row.notes.append("the load generator was the limit; CPU per request says more: "
                         f"{second['cpu_us'] / first['cpu_us']:.2f} ×")
        row.met = second["cpu_us"] / first["cpu_us"] <= 1.05
    return row


def run_reload(bench, _):
    """100 certificates change under 1,000 open connections and a steady load."""
    row = Row("reload", "reload with 100 certificates and 1,000 open connections under load: added p99",
              "added_p99_ms", "ms", Goal(at_most=5, text="no failed request; ≤ 5 ms"))
    count, open_connections = 100, 1000
    folder = bench.folder / "rotating"
    names = bench.pki.many_servers(count, folder)
    listener = {"tls": {"certificates": [{"chain": str(folder / name), "key": str(folder / "many.key")} for name in names]}}
    server = bench.start("mantlet", listener=listener)
    samples = []
    try:
        cost = measure.run(bench, server, ["--mode=keepalive", "--connections=32"], bench.seconds / 2)["cpu_us"]
        rate = 0.3e6 / cost
        with Load(bench.programs.load, server, bench.pki, bench.load_cpus, "--mode=idle",
                  f"--connections={open_connections}", seconds=0) as idle, \
                Load(bench.programs.load, server, bench.pki, bench.load_cpus, "--mode=rate", f"--rate={rate:.0f}",
                     "--connections=64", seconds=3600) as load:
            load.start()
            time.sleep(0.5)
            for turn in range(max(3, bench.rounds)):
                fresh = bench.folder / f"rotated{turn}"
                bench.pki.many_servers(count, fresh)
                done = server.log.read_text().count("reload_succeeded")
                load.mark("making certificates")
                time.sleep(bench.seconds)
                before = load.mark("before")
                for path in fresh.iterdir():
                    shutil.copyfile(path, folder / path.name)
                load.mark("copying")
                began = time.monotonic()
                server.process.send_signal(signal.SIGHUP)
                while server.log.read_text().count("reload_succeeded") == done:
                    if time.monotonic() - began > 20:
                        raise Failed(f"the reload does not end: {server.last_words()}")
                    time.sleep(0.002)
                during = load.mark("during")
                took = time.monotonic() - began
                samples.append({"added_p99_ms": (during["latency_us"]["p99"] - before["latency_us"]["p99"]) / 1000,
                                "before_p99_us": before["latency_us"]["p99"],
                                "during_p99_us": during["latency_us"]["p99"],
                                "during_max_us": during["latency_us"]["max"],
                                "reload_ms": took * 1000,
                                "errors": before["errors"] + during["errors"]})
            lost = idle.mark("")["errors"]
            load.say("stop")
            rest = load.report()
    finally:
        server.stop()
    own = row.servers["mantlet"] = summary(samples)
    own["errors"] += lost + rest["errors"]
    row.met = own["errors"] == 0 and own["added_p99_ms"] <= 5
    row.notes.append(f"a reload takes {own['reload_ms']:.0f} ms; {rate:.0f} requests/s")
    return row
