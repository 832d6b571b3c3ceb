"""Writes apt source files for one Debian suite, from the mirrors this machine uses.

usage: apt_sources.py SUITE ARCHITECTURE OUTPUT_FOLDER

Reads the machine's own sources in both formats (one-line *.list and deb822
*.sources), keeps those that can be the Debian archive itself, and writes one
deb822 file per distinct mirror, 00.sources, 01.sources ..., the likeliest first.
Nothing is changed outside OUTPUT_FOLDER.
"""

import pathlib
import re
import shlex
import subprocess
import sys

# Suites of third-party repositories may be called "stable", too; the caller checks the signatures
# before it uses a file.
DEBIAN_SUITES = {
    "bookworm", "trixie", "forky", "sid",
    "oldstable", "stable", "testing", "unstable",
}
# Options about trust and validity, which are copied unchanged.
KEPT_OPTIONS = ("Signed-By", "Trusted", "Check-Valid-Until", "Check-Date")


def apt_path(name):
    """Returns the path of one of apt's configured files or folders."""
    command = ["apt-config", "shell", "value", name]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    words = shlex.split(output)
    return pathlib.Path(words[0].split("=", 1)[1]) if words else None


def entries_one_line(text):
    """Yields (types, uris, suites, components, options) of a *.list file."""
    for line in text.splitlines():
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
        if not match:
            continue
        kind, options, uri, suite, components = match.groups()
        pairs = (word.split("=", 1) for word in (options or "").split() if "=" in word)
        yield [kind], [uri], [suite], components.split(), {k.lower(): v for k, v in pairs}


def entries_deb822(text):
    """Yields (types, uris, suites, components, options) of a *.sources file."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {}
        name = None
        for line in stanza.splitlines():
            if line[:1].isspace() and name:
                fields[name] += "\n" + line  # the value may be a whole key
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        lists = [fields.get(key, "").split() for key in ("types", "uris", "suites", "components")]
        if all(lists[:3]):
            yield (*lists, fields)


def machine_entries():
    """Yields every entry of the machine's apt sources, in apt's order."""
    files = []
    main = apt_path("Dir::Etc::sourcelist/f")
    if main and main.is_file():
        files.append(main)
    parts = apt_path("Dir::Etc::sourceparts/d")
    if parts and parts.is_dir():
        files += sorted(p for p in parts.iterdir() if p.suffix in (".list", ".sources"))
    for path in files:
        parse = entries_deb822 if path.suffix == ".sources" else entries_one_line
        yield from parse(path.read_text(encoding="utf-8", errors="replace"))


def main():
    suite, architecture, output = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    wanted = {}  # maps a uri to options; the first entry with a mirror decides
    for _, uris, suites, components, options in machine_entries():
        if "main" in components and DEBIAN_SUITES.intersection(suites):
            for uri in uris:
                wanted.setdefault(uri.rstrip("/"), options)
    # Debian's own archive is called "debian" on every mirror.
    ranked = sorted(wanted, key=lambda uri: not uri.endswith("/debian"))
    for number, uri in enumerate(ranked):
        lines = [
            "Types: deb deb-src", f"URIs: {uri}", f"Suites: {suite}", "Components: main",
            f"Architectures: {architecture}",
        ]
        for name in KEPT_OPTIONS:
            if name.lower() in wanted[uri]:
                lines.append(f"{name}: {wanted[uri][name.lower()]}")
        path = output / f"{number:02}.sources"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
