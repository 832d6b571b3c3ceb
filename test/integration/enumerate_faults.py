"""Lets each call of mantlet fail at each of its places; tools/faults runs it.

A fault is a call of harness/faults.py, an error, and which of the calls fails: the K-th of the start, of a bit of
traffic, or of a drain, for all K; and every second, third, seventh and, where the error is one that lasts, every call.
The exit status is 1 if mantlet has not coped with one of them.
"""

import argparse
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import faults  # noqa: E402
from harness.timing import wait_until  # noqa: E402

MOST_DRAINS = 20  # a drain takes a second


class Run:
    """Tries faults and counts the verdicts."""

    def __init__(self, rig, most, seed):
        self.rig, self.most, self.random = rig, most, random.Random(seed)
        self.coped = self.unreached = 0
        self.problems = []

    def attempt(self, phase, attempt, call, error, after, every=0):
        what = f"{phase}: {call}, {faults.error_name(error)}, number {after}" + (f", every {every}" if every else "")
        try:
            reached = attempt(call, error, after, every)
        except faults.Fault as problem:
            self.problems.append(what)
            print(f"{what}: {problem}", flush=True)
            self.rig.kill()
            return
        self.coped += bool(reached)
        self.unreached += not reached

    def sample(self, count, most=None):
        numbers = range(1, count + 1)
        most = self.most if most is None else min(self.most, most)
        return numbers if count <= most else sorted(self.random.sample(numbers, most))

    def call(self, call, phases, started, served, drained):
        for error in faults.CALLS[call]:
            if "start" in phases:
                for number in self.sample(started[call]):
                    if (call, number) not in faults.EXEMPT_STARTS:
                        self.attempt("start", self.rig.try_start, call, error, number)
            if "traffic" in phases and served[call]:
                for number in self.sample(served[call]):
                    self.attempt("traffic", self.rig.try_fault, call, error, number)
                for every in faults.periods(call, error):
                    self.attempt("traffic", self.rig.try_fault, call, error, 1, every)
            if "drain" in phases:
                for number in self.sample(drained[call], MOST_DRAINS):
                    self.attempt("drain", self.rig.try_drain, call, error, number)


def main():
    parser = argparse.ArgumentParser(prog="tools/faults", description=__doc__)
    parser.add_argument("--calls", help="some of them, with commas between; without it all: " + ", ".join(faults.CALLS))
    parser.add_argument("--phases", default="start,traffic,drain", help="some of them (default: %(default)s)")
    parser.add_argument("--most", type=int, default=10**9, help="places of each call, chosen at random; default: all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    calls = options.calls.split(",") if options.calls else list(faults.CALLS)
    unknown = set(calls) - set(faults.CALLS)
    if unknown:
        parser.error(f"no such call: {', '.join(sorted(unknown))}")
    if faults.is_sanitized():
        calls = [call for call in calls if call not in faults.ALLOCATIONS]
    with tempfile.TemporaryDirectory(prefix="mantlet-faults-") as directory:
        rig = faults.Rig(directory)
        run = Run(rig, options.most, options.seed)
        try:
            counts = rig.count_calls()
            for call in calls:
                begin = time.monotonic()
                run.call(call, options.phases.split(","), *counts)
                print(f"{call}: {time.monotonic() - begin:.0f} s; so far {run.coped} faults survived, "
                      f"{run.unreached} not reached, {len(run.problems)} problems", flush=True)
        finally:
            rig.close()
    return 1 if run.problems else 0


if __name__ == "__main__":
    sys.exit(main())
