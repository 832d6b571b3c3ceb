"""Checks texts, which no compiler checks.

usage: texts.py REPOSITORY FILE...   (all tracked files, relative to REPOSITORY)

- The target of a relative link in a Markdown file must exist.
- No file may name the host of a package mirror: machines have their own.
- No merge conflict marker, no trailing blanks, a newline at the end.

Prints one line per error; exits with 1 if there is any.
"""

import pathlib
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
MIRROR = re.compile(r"(?:https?|ftp)://[\w.-]+/(?:debian|ubuntu)(?:-security)?\b|\b(?:deb|ftp|httpredir|snapshot)\.debian\.")
CONFLICT = re.compile(r"^(?:<{7}|>{7}|={7})(?:\s|$)")
FENCE = re.compile(r"^\s*```")
# Data files that are not checked.
SKIPPED = re.compile(r"^test/fuzz/corpus/|\.(?:png|svg|der|p12|pem|bin)$")


def offences_in(repository, name, text):
    """Yields (line number, sentence)."""
    markdown = name.endswith(".md")
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if MIRROR.search(line):
            yield number, "names the host of a package mirror"
        if CONFLICT.match(line):
            yield number, "a merge conflict marker"
        if line != line.rstrip() and not markdown:
            yield number, "blanks at the end of the line"
        if not markdown:
            continue
        fenced ^= bool(FENCE.match(line))
        for target in [] if fenced else LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            base = repository if target.startswith("/") else (repository / name).parent
            if not (base / target.lstrip("/")).exists():
                yield number, f"the link to {target} leads nowhere"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"


def main():
    repository = pathlib.Path(sys.argv[1])
    bad = 0
    for name in sys.argv[2:]:
        path = repository / name
        if SKIPPED.search(name) or path.is_symlink() or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, sentence in offences_in(repository, name, text):
            print(f"{name}:{number}: {sentence}")
            bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
