"""What a handshake and a request cost as a configuration grows: mantlet alone."""

import time

from . import machine, measure
from .processes import Failed, free_port
from .results import Goal, Row, combine, grows_at_most_logarithmically, summary


def _listeners(bench, count):
    return {"listeners": [free_port() for _ in range(count - 1)]}, {}


def _certificates(bench, count):
    if count == 1:
        return {}, {}
    folder = bench.folder / f"certificates{count}"
    names = bench.pki.many_servers(count, folder)
    chosen = [{"chain": str(folder / name), "key": str(folder / "many.key")} for name in names]
    return {"listener": {"tls": {"certificates": chosen}}}, {"sni": f"host{count - 1}.example.org"}


def _rules(bench, count):
    """None of them holds for our client, whether they ask for its name or for the path; the default lets it in."""
    rules = [{"name": f"r{i}", "action": "deny",
              "match": {"path": f"/p{i}/**"} if i % 2 else {"spiffe_id": f"spiffe://example.org/s{i}"}}
             for i in range(count)]
    return {"listener": {"policy": {"default": "allow", "rules": rules}}} if count else {}, {}


def _serials(bench, count):
    if count == 0:
        return {}, {}
    path = bench.folder / f"serials{count}.crl"
    bench.pki.crl(count, path)
    return {"listener": {"client_auth": {"crl": {"files": [str(path)]}}}}, {}


SCALES = {
    "listeners": (_listeners, (1, 10, 100), (1, 10)),
    "certificates": (_certificates, (1, 100, 5000), (1, 100)),
    "rules": (_rules, (0, 100, 10_000), (0, 100)),
    "serials": (_serials, (0, 1000, 100_000, 1_000_000), (0, 10_000)),
}

NAMES = {"listeners": "number of listeners", "certificates": "number of certificates",
         "rules": "number of policy rules", "serials": "number of CRL serials"}


def run(bench, row_id):
    what = row_id.removeprefix("scale_")
    make, full, few = SCALES[what]
    row = Row(row_id, f"cost against {NAMES[what]}", "worst_growth", "×",
              Goal(text="no more than logarithmic: 2 % per doubling"))
    counts = few if bench.quick else full
    servers, extra, samples = {}, {}, {}
    try:
        for count in counts:
            options, extra[count] = make(bench, count)
            try:
                servers[count] = bench.start("mantlet", **options)
            except Failed as failure:
                row.skipped["mantlet"] = f"{count} {what}: {failure}"
                return row
            time.sleep(0.2)
        memory = {count: machine.private_bytes(server.pid) / 2 ** 20 for count, server in servers.items()}
        for turn in range(-1, bench.rounds):
            for count, server in servers.items():
                sni = [f"--sni={extra[count]['sni']}"] if "sni" in extra[count] else []
                seconds = 0.1 if turn < 0 else bench.seconds
                hand = measure.run(bench, server, ["--mode=handshake", "--connections=8", *sni], seconds)
                request = measure.run(bench, server, ["--mode=keepalive", "--connections=32", *sni], seconds)
                if turn >= 0:
                    samples.setdefault(count, []).append(
                        {"handshake_us": hand["cpu_us"], "request_us": request["cpu_us"],
                         "errors": hand["errors"] + request["errors"]})
    finally:
        for server in servers.values():
            server.stop()
    points = [[count, {**summary(each), "memory_mib": memory[count]}] for count, each in samples.items()]
    row.series = {what: points}
    verdicts, growth = [], 1.0
    for key in ("handshake_us", "request_us"):
        line = [(count, each[key]) for count, each in points]
        verdicts.append(grows_at_most_logarithmically(line))
        growth = max(growth, *(cost / line[0][1] for _, cost in line))
    row.servers["mantlet"] = {"worst_growth": growth, "errors": sum(each["errors"] for _, each in points)}
    row.met = combine(verdicts)
    return row
