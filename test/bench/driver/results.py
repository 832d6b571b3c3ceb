"""Arithmetic on what was measured: medians, ratios, and whether a goal is met. Pure."""

import dataclasses
import statistics

# A row's verdict where nothing can be said.
UNKNOWN = None


@dataclasses.dataclass
class Goal:
    """What a row asks of mantlet. Every part that is given must hold; all limits are inclusive."""

    ratio: float = None            # of the metric to the best peer's
    best_of: tuple = None          # the peers among whom the best is sought; None: all
    not_above: tuple = ()          # peers whose metric must not be exceeded
    at_most: float = None          # of the metric itself
    text: str = ""


@dataclasses.dataclass
class Row:
    id: str
    title: str
    metric: str                    # the key of a summary that decides
    unit: str
    goal: Goal
    servers: dict = dataclasses.field(default_factory=dict)   # name -> summary
    skipped: dict = dataclasses.field(default_factory=dict)   # name -> why
    notes: list = dataclasses.field(default_factory=list)
    series: dict = dataclasses.field(default_factory=dict)    # for plots: name -> [[x, summary]]
    met: bool = UNKNOWN            # set by a row that judges itself, else by judge()
    best_peer: str = None
    ratio: float = None


def summary(samples):
    """Medians, key by key, of dicts of numbers; `errors` add up and `spread` is the metric's own.

    spread: half of the range between the quartiles of cpu_us, relative to its median.
    """
    keys = {key for sample in samples for key in sample}
    result = {}
    for key in sorted(keys):
        values = [sample[key] for sample in samples if sample.get(key) is not None]
        if not values:
            continue
        result[key] = sum(values) if key == "errors" else statistics.median(values)
    costs = [sample["cpu_us"] for sample in samples if "cpu_us" in sample]
    if len(costs) >= 3 and statistics.median(costs) > 0:
        low, middle, high = quartiles(costs)
        result["spread"] = (high - low) / 2 / middle
    result["rounds"] = len(samples)
    return result


def quartiles(values):
    """(first, median, third)"""
    values = values if len(values) > 1 else values * 2
    return statistics.quantiles(values, n=4, method="inclusive")


def best(servers, metric, among):
    """(name, value) of the peer with the lowest metric, or (None, None)."""
    known = {name: servers[name][metric] for name in among if metric in servers.get(name, {})}
    if not known:
        return None, None
    name = min(known, key=known.get)
    return name, known[name]


def ratio(value, reference):
    return value / reference if value is not None and reference else None


def judge(row, peers):
    """Fills in best_peer and ratio and, unless the row has judged itself, met."""
    goal = row.goal
    row.best_peer, reference = best(row.servers, row.metric, goal.best_of or peers)
    own = row.servers.get("mantlet", {}).get(row.metric)
    row.ratio = ratio(own, reference)
    if row.met is not UNKNOWN or own is None:
        return row
    verdicts = []
    if goal.ratio is not None:
        verdicts.append(None if row.ratio is None else row.ratio <= goal.ratio)
    for name in goal.not_above:
        limit = row.servers.get(name, {}).get(row.metric)
        verdicts.append(None if limit is None else own <= limit)
    if goal.at_most is not None:
        verdicts.append(own <= goal.at_most)
    row.met = combine(verdicts)
    return row


def combine(verdicts):
    """False if anything failed, None if anything is unknown or nothing was asked, else True."""
    verdicts = list(verdicts)
    if any(verdict is False for verdict in verdicts):
        return False
    return UNKNOWN if not verdicts or any(verdict is None for verdict in verdicts) else True


def doublings(low, high):
    """How often low has to be doubled to reach high; 0 counts as 1."""
    count, value = 0, max(low, 1)
    while value < high:
        value *= 2
        count += 1
    return count


def grows_at_most_logarithmically(points, per_doubling=0.02, noise=0.10):
    """Whether no point costs more than the first plus `per_doubling` of it per doubling of x, or plus `noise`.

    points: [(x, cost)], the first the smallest. None if there are fewer than two.
    """
    if len(points) < 2 or not points[0][1]:
        return UNKNOWN
    first_x, first = points[0]
    return all(cost <= first * (1 + max(noise, per_doubling * doublings(first_x, x))) for x, cost in points[1:])
