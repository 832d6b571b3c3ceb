"""Checks who includes whom.

usage: layering.py REPOSITORY FILE...   (C++ files, relative to REPOSITORY)

Three tables say what is allowed: which of our folders may include which, and which
folder keeps a third-party library to itself, and which files open files. Prints one line per offence; exits 1
if there is any. Tests may include everything.
"""

import pathlib
import re
import sys

# folder -> folders it may include. Its own is always allowed. The data path of
# proxy/ARCHITECTURE.md reads bottom to top here.
ALLOWED = {
    # Values and helpers that everybody may use.
    "proxy/base": set(),
    "proxy/pattern": {"proxy/base"},
    "config": {"proxy/base", "proxy/pattern"},
    # Pure: no sockets, no clock, no log.
    "proxy/identity": {"proxy/base", "config"},
    "proxy/policy": {"proxy/base", "proxy/pattern", "config", "proxy/identity"},
    "proxy/http": {"proxy/base", "proxy/identity"},
    "proxy/http1": {"proxy/base", "proxy/http"},
    # Each hides one library.
    "proxy/io": {"proxy/base"},
    "proxy/tls": {"proxy/base", "proxy/pattern", "config", "proxy/identity", "proxy/io"},
    "proxy/observe": {"proxy/base", "config", "proxy/identity", "proxy/http"},
    # Certificate files, and what is made of them.
    "certs": {"proxy/base", "proxy/pattern", "config", "proxy/identity", "proxy/tls", "proxy/io"},
    # The data path.
    "proxy/upstream": {"proxy/base", "config", "proxy/http", "proxy/http1", "proxy/io", "proxy/observe"},
    "proxy/session": {
        "proxy/base", "config", "proxy/identity", "proxy/policy", "proxy/http", "proxy/http1", "proxy/io",
        "proxy/tls", "proxy/observe", "proxy/upstream",
    },
    # The composition root knows everybody; nobody but the commands knows it.
    "proxy/server": {
        "proxy/base", "config", "proxy/identity", "proxy/policy", "proxy/http", "proxy/http1", "proxy/io",
        "proxy/tls", "proxy/observe", "certs", "proxy/upstream", "proxy/session",
    },
    "proxy/cli": {
        "proxy/base", "config", "proxy/identity", "proxy/io", "proxy/tls", "proxy/observe", "certs",
        "proxy/server",
    },
    "proxy": {"proxy/base", "proxy/cli"},
}

# How a library's headers begin -> the folders that may include them. abseil is
# everybody's and not listed.
THIRD_PARTY = {
    "uv.h": {"proxy/io"},
    "uv/": {"proxy/io"},
    "openssl/": {"proxy/tls"},
    "llhttp.h": {"proxy/http1"},
    "yaml-cpp/": {"config"},
    "prometheus/": {"proxy/observe"},
    "spdlog/": {"proxy/base"},
    "fmt/": {"proxy/base"},
    "CLI/": {"proxy/cli"},
    "nlohmann/": {"certs", "proxy/base", "proxy/observe", "proxy/server", "proxy/cli"},
    "gtest/": set(),
    "gmock/": set(),
}

# Who may open a file, and why not through base/regular_file.
OPENS_FILES = {
    "proxy/base/regular_file.cc",  # the one reader
    "proxy/base/process_setup.cc",  # /dev/null
    "proxy/observe/access_log_sink.cc",  # writes
    "proxy/observe/process_stats.cc",  # /proc
    "proxy/server/worker_count.cc",  # /sys/fs/cgroup
    "config/update_readme.cc",  # a tool of the build
}
OPEN = re.compile(r"(?<![\w.>:])(?:::)?(?:open|openat|fopen)\(|std::(?:ifstream|ofstream|fstream|filebuf)\b")

# A function of a library that one file keeps to itself, and what to call instead.
FUNCTIONS = {
    "X509_NAME_cmp": ("proxy/tls/canonical_name.cc", "SameName(): there is one comparison of names"),
}

INCLUDE = re.compile(r'\s*#\s*include\s+[<"]([^>"]+)[>"]')
OURS = ("proxy/", "config/", "certs/", "test/")


def offences_in(path, text):
    """Yields (line number, sentence) for each include that is not allowed."""
    folder = str(path.parent)
    if folder not in ALLOWED:
        yield 1, f"{folder}/ is not in the table of tools/checks/layering.py; add it with what it may include"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if OPEN.search(line.split("//")[0]) and str(path) not in OPENS_FILES:
            yield number, "files are read through proxy/base/regular_file.h, which never waits for a FIFO"
        for function, (owner, instead) in FUNCTIONS.items():
            if function + "(" in line.split("//")[0] and str(path) != owner:
                yield number, f"{function} belongs to {owner}; call {instead}"
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1)
        if header.startswith(OURS):
            target = str(pathlib.PurePosixPath(header).parent)
            if target != folder and target not in ALLOWED[folder]:
                yield number, f"{folder}/ must not include {header} (allowed: {', '.join(sorted(ALLOWED[folder])) or 'nothing'})"
            continue
        for prefix, owners in THIRD_PARTY.items():
            if header.startswith(prefix) and folder not in owners:
                yield number, f"{header} belongs behind {' or '.join(sorted(owners)) or 'test/'}"


def cycle_in(table):
    """Returns a list of folders that form a cycle in the table, or None."""
    done = set()

    def visit(folder, trail):
        if folder in trail:
            return trail[trail.index(folder):] + [folder]
        if folder in done:
            return None
        for target in sorted(table[folder]):
            found = visit(target, trail + [folder])
            if found:
                return found
        done.add(folder)
        return None

    for folder in table:
        found = visit(folder, [])
        if found:
            return found
    return None


def main():
    repository = pathlib.Path(sys.argv[1])
    bad = 0
    cycle = cycle_in(ALLOWED)
    if cycle:
        print("tools/checks/layering.py: the table has a cycle: " + " -> ".join(cycle))
        bad += 1
    for name in sys.argv[2:]:
        path = pathlib.PurePosixPath(name)
        if path.parts[0] not in ("proxy", "config", "certs"):
            continue
        for number, sentence in offences_in(path, (repository / name).read_text(encoding="utf-8")):
            print(f"{name}:{number}: {sentence}")
            bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
