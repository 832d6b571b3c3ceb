"""One measurement: so much load on one server, and what it cost that server."""

import contextlib
import time

from . import machine
from .processes import Failed, Load


def settle():
    """Lets work that follows the last answer (a close, a record) reach the account of the CPU."""
    time.sleep(0.03)


def flatten(report, cost_ns):
    """The numbers of a report of the load generator, with the server's CPU time per operation."""
    operations = report["operations"]
    if not operations:
        raise Failed(f"no operation succeeded: {report['error_kinds']}")
    return {
        "cpu_us": cost_ns / 1000 / operations,
        "rate": report["rate"],
        "errors": report["errors"],
        "p50_us": report["latency_us"]["p50"],
        "p99_us": report["latency_us"]["p99"],
        "p999_us": report["latency_us"]["p999"],
        "load_cpu_us": report["own_cpu_us_per_operation"],
        "load_busy": report["own_cpu_seconds"] / report["seconds"],
        "server_busy": cost_ns / 1e9 / report["seconds"],
        "resumed": report["resumed"] / report["handshakes"] if report["handshakes"] else None,
    }


def run(bench, server, options, seconds, cpus=None):
    """Loads a server for so many seconds; returns flatten()'s numbers."""
    return _run(bench, server, options, seconds, cpus)[0]


def windows(bench, server, options, seconds, window):
    """As run(); also returns the latencies of each stretch of `window` seconds.

    Where load generator and upstream have one processor between them they are one process here: as two they would
    wait for each other's turn, which is milliseconds.
    """
    with _upstream_within(bench) as (within, fds):
        sample, report = _run(bench, server, [*options, *within, f"--window={window}"], seconds, pass_fds=fds)
    return sample, report["windows"]


def _run(bench, server, options, seconds, cpus=None, pass_fds=()):
    with Load(bench.programs.load, server, bench.pki, cpus or bench.load_cpus, *options, seconds=seconds,
              pass_fds=pass_fds) as load:
        before = machine.cpu_ns(server.pid)
        load.start()
        report = load.report()
        settle()
        sample = flatten(report, machine.cpu_ns(server.pid) - before)
    check_errors(server, report)
    return sample, report


@contextlib.contextmanager
def _upstream_within(bench):
    if bench.upstream_cpus != bench.load_cpus:
        yield [], []
        return
    with bench.upstream.paused():
        yield [f"--upstream-fd={bench.upstream.fd}"], [bench.upstream.fd]


def check_errors(server, report):
    """A server that answers with errors is cheap, as is one with a weaker cipher; such a figure is none."""
    if "AES_128_GCM" not in report["cipher"] or report["group"] != "X25519":
        raise Failed(f"{server.name} chose {report['cipher']} and {report['group']}, not what all others use")
    if report["errors"] > 0.01 * max(report["operations"], 1):
        raise Failed(f"{server.name}: {report['errors']} errors in {report['operations']} operations: "
                     f"{report['error_kinds']}; {server.last_words()}")
