"""Rows as text for a terminal and as Markdown."""

VERDICT = {True: "met", False: "MISSED", None: "-"}


def number(value):
    """Three digits that matter, no exponent."""
    if value is None:
        return "-"
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    if magnitude >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def cells(row, names):
    """One line of the table: a list of texts."""
    result = [row.title, row.unit]
    for name in names:
        each = row.servers.get(name)
        result.append("-" if each is None or row.metric not in each else number(each[row.metric]))
    # Where nothing depends on it, a ratio only distracts.
    ratio = "-" if row.ratio is None or row.goal.ratio is None else f"{row.ratio:.2f} of {row.best_peer}"
    return [*result, ratio, row.goal.text, VERDICT[row.met]]


def header(names):
    return ["row", "unit", *names, "ratio to the best", "goal", "goal met"]


def text(rows, names):
    lines = [header(names), *(cells(row, names) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    left = {0, 1, len(widths) - 3, len(widths) - 2, len(widths) - 1}
    formatted = [
        "  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines]
    formatted.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(formatted + ["", *remarks(rows)])


def remarks(rows):
    """Sentences about what the table cannot show."""
    said = []
    for row in rows:
        said += [f"{row.id}: {note}" for note in row.notes]
        said += [f"{row.id}: {name} is not measured: {' '.join(why.split())[:300]}" for name, why in row.skipped.items()]
        said += [f"{row.id}: {name} gave {each['errors']} errors" for name, each in row.servers.items()
                 if each.get("errors")]
    return said


def _markdown_table(lines):
    head, *rest = lines
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in rest:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"


def rates_and_latencies(rows, names):
    """A second table: what a client saw."""
    lines = [["row", "server", "rate /s", "p50 µs", "p99 µs", "p99.9 µs", "spread", "load generator busy"]]
    for row in rows:
        for name in names:
            each = row.servers.get(name, {})
            if "p50_us" not in each:
                continue
            lines.append([row.id, name, number(each["rate"]), number(each["p50_us"]), number(each["p99_us"]),
                          number(each["p999_us"]), f"± {each.get('spread', 0):.1%}", f"{each['load_busy']:.0%}"])
    return lines


def memory(rows, names):
    lines = [["row", "server", "start MiB", "with connections MiB", "after MiB", "per connection KB"]]
    for row in rows:
        if row.id not in ("memory_idle", "h2_memory"):
            continue
        for name in names:
            each = row.servers.get(name)
            if each:
                lines.append([row.id, name, *(number(each[key]) for key in
                                      ("start_mib", "held_mib", "after_mib", "per_connection_kb"))])
    return lines


def scales(rows):
    lines = [["what", "how many", "handshake µs", "request µs", "memory MiB"]]
    for row in rows:
        if not row.id.startswith("scale_"):
            continue
        for what, points in row.series.items():
            lines += [[what, f"{count:,}", number(each["handshake_us"]), number(each["request_us"]),
                       number(each["memory_mib"])] for count, each in points]
    return lines


def markdown(rows, names, about):
    """The whole report. about: {"date", "machine": {}, "versions": {}, "settings": text}."""
    lines = ["# What mantlet costs, and what its peers cost", "",
             "Made by `tools/bench`; [README.md](README.md) says how it measures. Below 1 is better.", "",
             f"Measured {about['date']}: {about['settings']}.", ""]
    lines += _markdown_table([["machine", ""], *([key, value] for key, value in about["machine"].items())])
    lines += ["", *_markdown_table([["program", "version"], *([key, value] for key, value in about["versions"].items())])]
    lines += ["", "## CPU time of the server per operation, and the rest", "", "![ratios](results.svg)", ""]
    lines += _markdown_table([header(names), *(cells(row, names) for row in rows)])
    said = remarks(rows)
    if said:
        lines += ["", *(f"- {sentence}" for sentence in said)]
    for title, table in (("What clients saw", rates_and_latencies(rows, names)), ("Memory", memory(rows, names)),
                         ("Cost against numbers", scales(rows))):
        if len(table) > 1:
            lines += ["", f"## {title}", "", *_markdown_table(table)]
            if title == "Cost against numbers":
                lines += ["", "![scales](scales.svg)"]
    return "\n".join(lines) + "\n"
