"""A tree of files to be distributed, and deterministic archives of it: sorted, owned by root, with one time."""

import argparse
import gzip
import io
import pathlib
import tarfile


class Tree:
    """Files, folders and links by path ("usr/bin/mantlet"). Folders above them need not be added."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.entries = {}  # path -> (mode, contents; None: a folder; a string: the target of a link)

    def add(self, path, contents, mode=0o644):
        self._add_folders(path)
        self.entries[path] = (mode, contents)

    def link(self, path, target):
        self._add_folders(path)
        self.entries[path] = (0o777, target)

    def folder(self, path, mode=0o755):
        self._add_folders(path)
        self.entries[path] = (mode, None)

    def _add_folders(self, path):
        for parent in pathlib.PurePosixPath(path).parents:
            if str(parent) != ".":
                self.entries.setdefault(str(parent), (0o755, None))

    def tar(self, prefix=""):
        """Returns an uncompressed tar archive."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path, (mode, contents) in sorted(self.entries.items()):
                info = tarfile.TarInfo(prefix + path)
                info.mode, info.mtime = mode, self.epoch
                info.uname = info.gname = "root"
                if contents is None:
                    info.type = tarfile.DIRTYPE
                elif isinstance(contents, str):
                    info.type, info.linkname = tarfile.SYMTYPE, contents
                else:
                    info.size = len(contents)
                archive.addfile(info, io.BytesIO(contents) if isinstance(contents, bytes) else None)
        return out.getvalue()


def compress(data):
    """Returns data as gzip, without a time or a name in it."""
    return gzip.compress(data, 9, mtime=0)


def mode_of(path):
    return 0o755 if "bin" in pathlib.PurePosixPath(path).parts[:-1] else 0o644


def arguments(description, *more):
    """Parses the options that all these commands have. Returns them with `epoch`, `commit`, `files`: path -> bytes,
    and `sources_of`: path -> the name of the file that was read."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--version", required=True, help="the version of mantlet")
    parser.add_argument("--status", required=True, help="Bazel's stable-status.txt")
    parser.add_argument("--out", required=True)
    parser.add_argument("--file", action="append", default=[], metavar="PATH=SOURCE", help="a file and its place")
    for option in more:
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    status = dict(line.split(" ", 1) for line in pathlib.Path(options.status).read_text().splitlines() if " " in line)
    options.epoch = int(status["STABLE_MANTLET_EPOCH"])
    options.commit = status["STABLE_MANTLET_COMMIT"]
    options.sources_of = dict(pair.split("=", 1) for pair in options.file)
    options.files = {path: pathlib.Path(source).read_bytes() for path, source in options.sources_of.items()}
    return options
