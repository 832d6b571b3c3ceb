"""Checks the includes between folders.

usage: layering.py REPOSITORY FILE...   (C++ files, relative to REPOSITORY)
       layering.py --write REPOSITORY   (writes the default visibility of BUILD.bazel files)

Three tables define what is allowed: which folder may include which, which folder is the only user of
a third-party library, and which files open files. A permission in the first table that no include
uses is an error, too. The default visibility in each folder's BUILD.bazel must match the table, so
that Bazel enforces it as well. Prints one line per error; exits with 1 if there is any. Tests may
include everything.
"""

import pathlib
import re
import sys

# Maps a folder to the folders it may include. Its own is always allowed. The data path of
# proxy/ARCHITECTURE.md is listed from bottom to top.
ALLOWED = {
    # Values and helpers that every folder may use.
    "proxy/base": set(),
    "proxy/pattern": {"proxy/base"},
    # The configuration: its values, checks of several values, and the loader of the file.
    "config": set(),
    "config/checks": {"proxy/pattern", "config"},
    "config/loader": {"proxy/base", "proxy/pattern", "config", "config/checks"},
    # Pure: no sockets, no clock, no log.
    "proxy/identity": {"proxy/base", "proxy/pattern", "config"},
    "proxy/policy": {"proxy/pattern", "config", "proxy/identity"},
    "proxy/http": {"proxy/base", "proxy/identity"},
    "proxy/http1": {"proxy/base", "proxy/http", "proxy/io"},
    "proxy/http2": {"proxy/base", "proxy/http", "proxy/io"},
    # Certificates, keys and revocation lists as values; the verification of chains.
    "proxy/x509": {"proxy/base", "proxy/pattern"},
    "proxy/verify": {"proxy/base", "proxy/pattern", "proxy/identity", "proxy/x509"},
    # Each is the only user of one library.
    "proxy/io": {"proxy/base"},
    "proxy/sandbox": set(),
    "proxy/tls": {"proxy/base", "config", "proxy/identity", "proxy/io", "proxy/x509", "proxy/verify"},
    "proxy/observe": {"proxy/base", "proxy/identity", "proxy/http"},
    # Certificate files and their contents.
    "certs": {"proxy/base", "proxy/pattern", "config", "proxy/x509"},
    # The data path.
    "proxy/upstream": {
        "proxy/base", "config", "proxy/http", "proxy/http1", "proxy/http2", "proxy/io", "proxy/observe",
    },
    "proxy/session": {
        "proxy/base", "config", "proxy/identity", "proxy/policy", "proxy/http", "proxy/http1", "proxy/http2",
        "proxy/io", "proxy/x509", "proxy/verify", "proxy/tls", "proxy/observe", "proxy/upstream",
    },
    # The client of `mantlet connect`.
    "proxy/connect": {"proxy/base", "proxy/io", "proxy/x509", "certs"},
    # The composition root includes every folder; only the commands include it.
    "proxy/server": {
        "proxy/base", "config", "config/loader", "proxy/policy", "proxy/http", "proxy/http1", "proxy/http2", "proxy/io",
        "proxy/sandbox", "proxy/verify", "proxy/tls", "proxy/observe", "certs", "proxy/upstream", "proxy/session",
    },
    "proxy/cli": {
        "proxy/base", "config", "config/loader", "proxy/io", "proxy/sandbox", "proxy/tls", "certs", "proxy/connect",
        "proxy/server",
    },
    "proxy": {"proxy/base", "proxy/cli"},
}

# Maps the prefix of a library's headers to the folders that may include them. abseil is not listed,
# because every folder may use it.
THIRD_PARTY = {
    "uv.h": {"proxy/io"},
    "uv/": {"proxy/io"},
    "openssl/": {"proxy/x509", "proxy/verify", "proxy/tls", "proxy/connect"},
    "llhttp.h": {"proxy/http1"},
    "seccomp.h": {"proxy/sandbox"},
    "nghttp2/": {"proxy/http2"},
    "yaml-cpp/": {"config/loader"},
    "prometheus/": {"proxy/observe"},
    "zlib.h": {"proxy/observe"},
    "spdlog/": {"proxy/base"},
    "fmt/": {"proxy/base"},
    "CLI/": {"proxy/cli"},
    "nlohmann/": {"certs", "config/loader", "proxy/base", "proxy/observe", "proxy/server", "proxy/cli"},
    "gtest/": set(),
    "gmock/": set(),
}

# The files that may open a file without base/regular_file, with the reason.
OPENS_FILES = {
    "proxy/base/regular_file.cc",  # the implementation
    "proxy/base/process_setup.cc",  # /dev/null
    "proxy/observe/access_log_sink.cc",  # writes
    "proxy/base/kernel_file.cc",  # /proc and /sys
    "proxy/base/resident_memory.cc",  # /proc
    "proxy/sandbox/landlock.cc",  # O_PATH, reads nothing
    "config/loader/update_readme.cc",  # a tool of the build
}
OPEN = re.compile(r"(?<![\w.>:])(?:::)?(?:open|openat|fopen)\(|std::(?:ifstream|ofstream|fstream|filebuf)\b")

# Functions of libraries that only one file may call, and the replacement for others.
FUNCTIONS = {
    "X509_NAME_cmp": ("proxy/x509/canonical_name.cc", "SameName(): there is one comparison of names"),
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


def unused_permissions(used):
    """Yields a sentence for each pair of folders in ALLOWED that no include needs."""
    for folder, targets in ALLOWED.items():
        for target in sorted(targets - used.get(folder, set())):
            yield f"{folder}/ may include {target}/ and does not; take that out of ALLOWED"


def folders_included(path, text):
    """Returns the folders of this repository, other than its own, that a file includes from."""
    headers = (match.group(1) for match in map(INCLUDE.match, text.splitlines()) if match)
    return {str(pathlib.PurePosixPath(header).parent) for header in headers if header.startswith(OURS)} - {
        str(path.parent)
    }


VISIBILITY = re.compile(r"^package\(default_visibility = \[[^\]]*\]\)\n", re.M)


def visibility_of(folder):
    """Returns the package() line of a folder's BUILD.bazel: visible to the folders that may include from it, and to the tests."""
    users = sorted(f"//{user}:__pkg__" for user, targets in ALLOWED.items() if folder in targets)
    lines = "".join(f'    "{label}",\n' for label in users + ["//test:__subpackages__"])
    return f"package(default_visibility = [\n{lines}])\n"


def check_visibility(repository, write):
    """Returns how many BUILD.bazel files differ; with `write`, corrects them."""
    bad = 0
    for folder in ALLOWED.keys() - {"proxy"}:
        build = repository / folder / "BUILD.bazel"
        text = build.read_text(encoding="utf-8")
        expected = VISIBILITY.sub(visibility_of(folder), text)
        if expected == text and VISIBILITY.search(text):
            continue
        if write:
            build.write_text(expected, encoding="utf-8")
        else:
            print(f"{folder}/BUILD.bazel: its default visibility differs from ALLOWED; "
                  "run tools/checks/layering.py --write .")
            bad += 1
    return bad


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
    if sys.argv[1] == "--write":
        sys.exit(check_visibility(pathlib.Path(sys.argv[2]), write=True))
    repository = pathlib.Path(sys.argv[1])
    bad = check_visibility(repository, write=False)
    cycle = cycle_in(ALLOWED)
    if cycle:
        print("tools/checks/layering.py: the table has a cycle: " + " -> ".join(cycle))
        bad += 1
    used = {}
    for name in sys.argv[2:]:
        path = pathlib.PurePosixPath(name)
        if path.parts[0] not in ("proxy", "config", "certs"):
            continue
        text = (repository / name).read_text(encoding="utf-8")
        used.setdefault(str(path.parent), set()).update(folders_included(path, text))
        for number, sentence in offences_in(path, text):
            print(f"{name}:{number}: {sentence}")
            bad += 1
    for sentence in unused_permissions(used):
        print("tools/checks/layering.py: " + sentence)
        bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
