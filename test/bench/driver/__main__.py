"""usage: python3 -m driver … ; tools/bench builds, finds the programs and calls this."""

import argparse
import dataclasses
import datetime
import json
import pathlib
import shutil
import signal
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "integration"))

from . import machine, plot, servers, table  # noqa: E402
from .bench import Bench  # noqa: E402
from .processes import Failed  # noqa: E402
from .results import judge  # noqa: E402
from .rows import ROWS  # noqa: E402

QUICK = {"rounds": 1, "seconds": 0.3}
FULL = {"rounds": 5, "seconds": 2.0}


def arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", allow_abbrev=False)
    parser.add_argument("--mantlet", required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--peers", help="folder with the unpacked peers; without it mantlet is alone")
    parser.add_argument("--nghttpx", help="the program, for the rows about HTTP/2")
    parser.add_argument("--only", action="append", default=[], metavar="ROW", choices=sorted(ROWS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)  # for the test of this tool
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", metavar="FOLDER", help="where RESULTS.md and the plots go")
    given = parser.parse_args()
    for key, value in (QUICK if given.quick or given.tiny else FULL).items():
        if getattr(given, key) is None:
            setattr(given, key, value)
    return given


def measure_all(bench, wanted):
    rows = []
    for row_id in wanted:
        bench.say(row_id)
        try:
            made = ROWS[row_id](bench, row_id)
        except Failed as failure:
            # One row that cannot be measured costs that row.
            bench.say(f"  {row_id} is not measured: {failure}")
            made = _not_measured(row_id, failure)
        rows += [judge(row, bench.peers) for row in (made if isinstance(made, list) else [made])]
    return rows


def _not_measured(row_id, failure):
    from .results import Goal, Row
    return Row(row_id, row_id, "", "", Goal(), skipped={"mantlet": str(failure)})


def about(given, programs, names):
    rounds = "one round" if given.rounds == 1 else f"medians of {given.rounds} rounds"
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine.description(),
        "versions": {name: programs.version(name) for name in names},
        "settings": f"{rounds} of {given.seconds:g} s each",
        "load_average_before": machine.other_load(),
    }


def main():
    given = arguments()
    programs = servers.Programs(given.mantlet, given.load, given.upstream, given.peers, given.nghttpx)
    names = [name for name in ("mantlet", *servers.PEERS) if programs.path(name)]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mantlet-bench."))
    folder.chmod(0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    facts = about(given, programs, names)
    if facts["load_average_before"] > 0.5 * len(machine.os.sched_getaffinity(0)):
        print(f"bench: this machine is busy (load average {facts['load_average_before']:.1f}); "
              "figures will be noisy, latencies meaningless", file=sys.stderr)
    bench = None
    try:
        bench = Bench(programs, folder, names, given.rounds, given.seconds, given.quick or given.tiny, given.tiny)
        rows = measure_all(bench, given.only or list(ROWS))
    finally:
        if bench is not None:
            bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        print(json.dumps({**facts, "rows": [dataclasses.asdict(row) for row in rows]}, indent=1))
    else:
        print(table.text(rows, names))
    if given.write:
        target = pathlib.Path(given.write)
        target.mkdir(parents=True, exist_ok=True)
        (target / "RESULTS.md").write_text(table.markdown(rows, names, facts))
        (target / "results.svg").write_text(plot.bars(rows, names))
        if any(row.id.startswith("scale_") for row in rows):
            (target / "scales.svg").write_text(plot.lines(rows))
    # A goal that is missed is news, not a failure of the tool; a row without mantlet is.
    return 1 if any("mantlet" in row.skipped for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
