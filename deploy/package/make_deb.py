"""Makes the Debian package with dpkg-deb: the same bytes each time. Its dependencies are those that dpkg-shlibdeps finds."""

import datetime
import hashlib
import os
import pathlib
import platform
import subprocess
import tempfile

import tree

DEBIAN = pathlib.Path(__file__).resolve().parent / "debian"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CHANGELOG = """mantlet ({version}) unstable; urgency=medium

  * This version: see /usr/share/doc/mantlet/changelog.gz.

 -- mantlet maintainers <maintainers@mantlet.invalid>  {date}
"""


def dependencies(binary, folder):
    """Returns the value of Depends for the binary, a path."""
    (folder / "debian").mkdir()
    (folder / "debian/control").write_text("Source: mantlet\n\nPackage: mantlet\nArchitecture: any\n")
    output = subprocess.run(["dpkg-shlibdeps", "-O", str(binary)], cwd=folder, check=True, capture_output=True, text=True,
                            timeout=120).stdout
    return dict(line.split("=", 1) for line in output.splitlines())["shlibs:Depends"]


def contents(options, version):
    """Returns the tree of the package without its control files."""
    files = tree.Tree(options.epoch)
    for path, data in options.files.items():
        if path.startswith("usr/share/man/") or path.endswith("/changelog"):
            path, data = path + ".gz", tree.compress(data)
        files.add(path, data, tree.mode_of(path))
    date = datetime.datetime.fromtimestamp(options.epoch, datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S +0000")
    doc = "usr/share/doc/mantlet/"
    files.add(doc + "changelog.Debian.gz", tree.compress(CHANGELOG.format(version=version, date=date).encode()))
    for name in ("copyright", "README.Debian"):
        files.add(doc + name, (DEBIAN / name).read_bytes())
    files.add("usr/share/lintian/overrides/mantlet", (DEBIAN / "lintian-overrides").read_bytes())
    return files


def control(options, version, files, depends):
    """Returns the control files: name -> (mode, data)."""
    sizes = [(len(data) + 1023) // 1024 if isinstance(data, bytes) else 1 for _, data in files.entries.values()]
    text = (DEBIAN / "control").read_text()
    for name, value in (("VERSION", version), ("ARCHITECTURE", ARCHITECTURES[platform.machine()]),
                        ("SIZE", str(sum(sizes))), ("DEPENDS", depends)):
        text = text.replace(f"@{name}@", value)
    regular = sorted((path, data) for path, (_, data) in files.entries.items() if isinstance(data, bytes))
    conffiles = [path for path, _ in regular if path.startswith("etc/")]
    found = {"control": (0o644, text.encode()),
             "conffiles": (0o644, "".join(f"/{path}\n" for path in conffiles).encode()),
             "md5sums": (0o644, "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n"
                                        for path, data in regular if path not in conffiles).encode())}
    for name in ("postinst", "prerm", "postrm"):
        found[name] = (0o755, (DEBIAN / name).read_bytes())
    return found


def main():
    options = tree.arguments(__doc__)
    version = options.version + "-1"
    os.umask(0o022)  # the modes of folders
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "binary").write_bytes(options.files["usr/bin/mantlet"])
        files = contents(options, version)
        root = folder / "root"
        root.mkdir()
        for path, (mode, data) in sorted(files.entries.items()):
            if data is None:
                (root / path).mkdir()
            else:
                (root / path).write_bytes(data)
            (root / path).chmod(mode)
        (root / "DEBIAN").mkdir()
        for name, (mode, data) in control(options, version, files, dependencies(folder / "binary", folder)).items():
            (root / "DEBIAN" / name).write_bytes(data)
            (root / "DEBIAN" / name).chmod(mode)
        for path in [root, *root.rglob("*")]:
            os.utime(path, (options.epoch, options.epoch))
        # One thread: with more, xz makes other blocks.
        subprocess.run(["dpkg-deb", "--root-owner-group", "--uniform-compression", "-Zxz", "-z6", "--threads-max=1", "--build",
                        str(root), str(folder / "out.deb")], check=True, stdout=subprocess.DEVNULL, timeout=300,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(options.epoch)})
        pathlib.Path(options.out).write_bytes((folder / "out.deb").read_bytes())


main()
