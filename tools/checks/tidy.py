"""Runs clang-tidy on the product's files that have changed.

usage: tidy.py REPOSITORY CACHE CLANG_TIDY BAZEL

The flags of each file come from Bazel. A file that passed is cached under a hash of
everything that affects the result: its text and that of every project header it includes,
the compiler flags, .clang-tidy and the program's version. Runs one clang-tidy per
processor. Prints the findings; exits 1 if there are any.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

# Tests are not checked: because of GoogleTest's headers they would take as long again, and their
# bugs show when they run.
CHECKED = ("proxy/", "config/", "certs/")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# clang-tidy's lines with counts of suppressed warnings.
COUNT = re.compile(r"\d+ warnings?( and \d+ errors?)? generated\.$|Error while processing ")
KEEP_DAYS = 30


def bazel_output(bazel, repository, *arguments):
    result = subprocess.run([bazel, *arguments], cwd=repository, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"tidy.py: bazel {' '.join(arguments)} failed:\n{result.stderr[-4000:]}")
    return result.stdout


def compile_flags(repository, bazel):
    """Returns {source file: flags of the parser}, with absolute paths."""
    roots = bazel_output(bazel, repository, "info", "--config=opt", "output_base", "execution_root")
    info = dict(line.split(": ", 1) for line in roots.splitlines())
    graph = json.loads(bazel_output(
        bazel, repository, "aquery", "--config=opt", "--output=jsonproto", 'mnemonic("CppCompile", //proxy/... + //config/... + //certs/...)'))

    def resolve(path):
        if path.startswith("external/"):
            return f"{info['output_base']}/{path}"
        if path.startswith("bazel-out/"):
            return f"{info['execution_root']}/{path}"
        return str(repository / path)

    flags = {}
    for action in graph.get("actions", []):
        words = iter(action["arguments"])
        kept, source = [], None
        for word in words:
            if word in ("-iquote", "-isystem", "-I"):
                kept += [word, resolve(next(words))]
            elif word.startswith("-I"):
                kept.append("-I" + resolve(word[2:]))
            elif word.startswith(("-D", "-std=")):
                kept.append(word)
            elif word == "-c":
                source = next(words)
        if source and source.startswith(CHECKED):
            flags[source] = [f for f in kept if not f.startswith(("-D__DATE__", "-D__TIME", "-D_FORTIFY_SOURCE"))]
    return flags


class Texts:
    """The texts of the project's files and their project includes; each file is read once."""

    def __init__(self, repository):
        self._repository = repository
        self._known = {}

    def _read(self, name):
        if name not in self._known:
            path = self._repository / name
            data = path.read_bytes() if path.is_file() else None
            includes = INCLUDE.findall(data.decode("utf-8", "replace")) if data is not None else []
            self._known[name] = (data, includes)
        return self._known[name]

    def closure(self, name):
        """Yields (file, bytes) of `name` and of all project files that it includes."""
        seen, open_names = {name}, [name]
        while open_names:
            current = open_names.pop()
            data, includes = self._read(current)
            if data is None:
                continue
            yield current, data
            for header in includes:
                if header not in seen:
                    seen.add(header)
                    open_names.append(header)


def key_of(common, texts, source, flags):
    digest = hashlib.sha256(common)
    digest.update("\0".join(flags).encode())
    for name, data in sorted(texts.closure(source)):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def check(clang_tidy, repository, source, flags):
    """Returns clang-tidy's findings for one file, or None."""
    result = subprocess.run(
        [clang_tidy, "--quiet", source, "--", *flags, "-Wno-everything"],
        cwd=repository, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    lines = (result.stdout + result.stderr).strip().splitlines()
    return "\n".join(line for line in lines if not COUNT.match(line))


def forget_old(cache):
    for entry in cache.iterdir():
        if time.time() - entry.stat().st_mtime > KEEP_DAYS * 86400:
            entry.unlink(missing_ok=True)


def main():
    repository, cache = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    clang_tidy, bazel = sys.argv[3:5]
    cache.mkdir(parents=True, exist_ok=True)
    forget_old(cache)
    version = subprocess.run([clang_tidy, "--version"], capture_output=True, check=True).stdout
    common = version + (repository / ".clang-tidy").read_bytes()
    texts = Texts(repository)
    todo = {}
    all_flags = compile_flags(repository, bazel)
    for source, flags in all_flags.items():
        entry = cache / key_of(common, texts, source, flags)
        if entry.exists():
            entry.touch()
        else:
            todo[source] = entry
    print(f"clang-tidy: {len(all_flags)} files, {len(todo)} new or changed", flush=True)
    bad = done = 0
    last_word = time.time()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {
            pool.submit(check, clang_tidy, repository, source, all_flags[source]): source for source in todo
        }
        for future in concurrent.futures.as_completed(futures):
            source, findings = futures[future], future.result()
            done += 1
            if findings is None:
                todo[source].touch()
            else:
                print(findings, flush=True)
                bad += 1
            if time.time() - last_word > 15:
                last_word = time.time()
                print(f"clang-tidy: {done} of {len(todo)} done", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
