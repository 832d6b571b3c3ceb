"""Plots as SVG text: bars of ratios, and lines of cost against numbers. Nothing but strings."""

import math
from xml.sax.saxutils import escape

COLOURS = {"mantlet": "#c0392b", "nginx": "#7f8c8d", "haproxy": "#95a5a6", "hitch": "#b8c2c6", "caddy": "#566573",
           "nghttpx": "#d5dbdb"}
FONT = 'font-family="sans-serif" font-size="12"'


def _svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def _text(x, y, text, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT} {extra}>{escape(text)}</text>'


def bars(rows, names):
    """For each row that has a best peer: every server relative to it, that peer being 1."""
    rows = [row for row in rows if row.goal.ratio and row.best_peer and row.servers[row.best_peer].get(row.metric)]
    left, bar, gap, scale, most = 400, 13, 14, 170, 2.5
    height = 60 + sum(len(names) * bar + gap for _ in rows)
    width = left + int(scale * most) + 70
    parts = [_text(left, 20, "relative to the best peer (1); shorter is better", extra='font-weight="bold"')]
    for x, name in enumerate(names):
        parts.append(f'<rect x="{left + x * 80}" y="28" width="10" height="10" fill="{COLOURS[name]}"/>')
        parts.append(_text(left + x * 80 + 14, 37, name))
    y = 52
    for row in rows:
        reference = row.servers[row.best_peer][row.metric]
        parts.append(_text(left - 8, y + len(names) * bar / 2 + 4, row.title if len(row.title) < 60 else row.title[:58] + "…", "end"))
        for name in names:
            value = row.servers.get(name, {}).get(row.metric)
            if value is None:
                y += bar
                continue
            relative = value / reference
            shown = min(max(relative, 0), most)
            parts.append(f'<rect x="{left}" y="{y}" width="{shown * scale:.1f}" height="{bar - 2}" fill="{COLOURS[name]}"/>')
            parts.append(_text(left + shown * scale + 4, y + 10, f"{relative:.2f}" + (" →" if relative > most else "")))
            y += bar
        y += gap
    parts.append(f'<line x1="{left + scale}" y1="44" x2="{left + scale}" y2="{y - gap}" stroke="#000000" stroke-dasharray="3 3"/>')
    return _svg(width, height, parts)


def lines(rows):
    """Handshake and request cost against each number that was varied, relative to the smallest, on a logarithmic axis."""
    rows = [row for row in rows if row.id.startswith("scale_") and row.series]
    panel_width, panel_height, margin = 340, 200, 55
    width, height = panel_width * 2 + 20, (panel_height + 60) * ((len(rows) + 1) // 2) + 20
    parts = []
    for index, row in enumerate(rows):
        points = next(iter(row.series.values()))
        x0 = (index % 2) * panel_width + margin
        y0 = (index // 2) * (panel_height + 60) + 40
        plot_width, plot_height = panel_width - margin - 20, panel_height - 20
        parts.append(_text(x0, y0 - 14, row.title, extra='font-weight="bold"'))
        top = max(2.0, *(each[key] / points[0][1][key] for _, each in points for key in ("handshake_us", "request_us")))
        largest = math.log10(max(points[-1][0], 10))

        def place(count, relative, x0=x0, y0=y0, top=top, largest=largest):
            return (x0 + (math.log10(max(count, 1)) / largest) * plot_width, y0 + plot_height * (1 - relative / top))

        parts.append(f'<rect x="{x0}" y="{y0}" width="{plot_width}" height="{plot_height}" fill="none" stroke="#888888"/>')
        for level in range(int(top) + 1):
            _, y = place(1, level)
            parts.append(_text(x0 - 6, y + 4, f"{level} ×", "end"))
            parts.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x0 + plot_width}" y2="{y:.1f}" stroke="#dddddd"/>')
        for count, _ in points:
            x, _ = place(count, 0)
            parts.append(_text(x, y0 + plot_height + 16, f"{count:,}", "middle"))
        for key, colour, label, down in (("handshake_us", "#c0392b", "handshake", 14), ("request_us", "#2c3e50", "request", 30)):
            path = " ".join("{:.1f},{:.1f}".format(*place(count, each[key] / points[0][1][key])) for count, each in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts.append(_text(x0 + 8, y0 + down, f"{label}: {points[0][1][key]:.1f} µs at {points[0][0]}", extra=f'fill="{colour}"'))
    return _svg(width, height, parts)
