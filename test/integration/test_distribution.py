"""The files that users install: the portable binary, the tarball, the Debian package, the image."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading

import pytest
from harness import clients, distribution
from harness.timing import wait_until

# Debian 12's. Ubuntu 24.04 and RHEL 10 have later ones.
OLDEST_GLIBC = (2, 36)


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, timeout=60).stdout


# -- the binary ---------------------------------------------------------------------


def test_the_binary_needs_glibc_and_no_other_library():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", distribution.find("mantlet_portable")))
    assert set(needed) <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
    assert "libc.so.6" in needed  # not entirely static: names are resolved as the machine is configured


def test_the_binary_needs_no_glibc_newer_than_debian_12s():
    symbols = output("objdump", "--dynamic-syms", distribution.find("mantlet_portable"))
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"\(GLIBC_([0-9.]+)\)", symbols)}
    assert versions
    assert max(versions)[:2] <= OLDEST_GLIBC


def test_the_binary_contains_no_names_of_the_machine_that_built_it():
    text = distribution.find("mantlet_portable").read_bytes()
    for name in (b"/root/", b"/home/", b"/tmp/mantlet-bootstrap", b"/execroot/", str(distribution.REPOSITORY).encode() + b"/"):
        assert name not in text


def test_a_build_without_config_opt_has_the_same_options():
    lines = (distribution.REPOSITORY / ".bazelrc").read_text().splitlines()
    released = [line.removeprefix("build:opt --copt=") for line in lines if line.startswith("build:opt --copt=")]
    text = (distribution.REPOSITORY / "tools/bazel/release.bzl").read_text()
    listed = re.search(r"RELEASE_COPTS = \[(.*?)\]", text, re.S).group(1)
    assert re.findall(r'"(.*)",', listed) == released


# -- every archive ------------------------------------------------------------------


@pytest.mark.parametrize("script", ["tarball", "deb", "image"])
def test_the_same_files_make_the_same_bytes(script, tmp_path):
    binary = tmp_path / "mantlet"
    binary.write_bytes(distribution.find("mantlet").read_bytes())
    binary.chmod(0o755)
    for name in ("boringssl", "llhttp", "prometheus"):
        (tmp_path / name).write_text(f"{name}_1.0.orig.tar.xz 00ff\n")
    (tmp_path / "status").write_text("STABLE_MANTLET_COMMIT 0123\nSTABLE_MANTLET_EPOCH 1700000000\n")
    results = []
    for number, umask in enumerate((0o022, 0o077)):
        folder = tmp_path / str(number)
        folder.mkdir()
        os.utime(binary, (number, number))
        command = [sys.executable, "-B", distribution.REPOSITORY / f"deploy/package/make_{script}.py", "--version", "1.2.3",
                   "--status", tmp_path / "status", "--out", folder / "out.tar.gz", "--file", f"usr/bin/mantlet={binary}"]
        if script == "image":
            command += ["--sbom", folder / "sbom", "--sources",
                        ",".join(str(tmp_path / name) for name in ("boringssl", "llhttp", "prometheus"))]
        subprocess.run(command, check=True, timeout=60, umask=umask, env={**os.environ, "TMPDIR": str(folder)})
        results.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert results[0] == results[1]
    assert results[0]["out.tar.gz"]


def test_the_tarball_has_one_folder_and_a_binary_that_runs(tmp_path):
    path = distribution.find("mantlet-*-linux-*.tar.gz")
    name = path.name.removesuffix(".tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path)
    assert {member.name.split("/")[0] for member in members} == {name}
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(member.uid, member.gid, member.uname) for member in members} == {(0, 0, "root")}
    assert len({member.mtime for member in members}) == 1
    assert {"README.md", "LICENSE", "CHANGELOG.md", "mantlet.yaml", "bin", "examples", "systemd"} <= set(
        os.listdir(tmp_path / name))
    assert output(tmp_path / name / "bin/mantlet", "version").startswith(f"mantlet {name.split('-')[1]} ")


# -- the Debian package -------------------------------------------------------------


def test_the_package_has_these_files_with_these_modes():
    lines = output("dpkg-deb", "--contents", distribution.find("mantlet_*.deb")).splitlines()
    files = {line.split()[5].removeprefix("./"): line.split()[0] for line in lines if not line.endswith("/")}
    assert {line.split()[1] for line in lines} == {"root/root"}
    assert {name for name, mode in files.items() if mode != "-rw-r--r--"} == {"usr/bin/mantlet"}
    assert files["usr/bin/mantlet"] == "-rwxr-xr-x"
    assert {"etc/mantlet/mantlet.yaml", "usr/lib/systemd/system/mantlet.service", "usr/lib/systemd/system/mantlet.socket",
            "usr/lib/systemd/system/mantlet@.service", "usr/lib/systemd/system/mantlet@.service.d/upgrade.conf",
            "usr/lib/sysusers.d/mantlet.conf", "usr/share/doc/mantlet/copyright", "usr/share/doc/mantlet/README.Debian",
            "usr/share/doc/mantlet/changelog.Debian.gz", "usr/share/doc/mantlet/examples/minimal.yaml",
            "usr/share/man/man1/mantlet.1.gz", "usr/share/man/man5/mantlet.yaml.5.gz",
            "usr/share/bash-completion/completions/mantlet", "usr/share/zsh/vendor-completions/_mantlet",
            "usr/share/fish/vendor_completions.d/mantlet.fish"} <= set(files)


def test_the_packages_configuration_survives_upgrades_and_it_needs_glibc_only(tmp_path):
    subprocess.run(["dpkg-deb", "--control", distribution.find("mantlet_*.deb"), tmp_path / "DEBIAN"], check=True, timeout=60)
    assert (tmp_path / "DEBIAN/conffiles").read_text() == "/etc/mantlet/mantlet.yaml\n"
    depends, = re.findall(r"^Depends: (.*)", (tmp_path / "DEBIAN/control").read_text(), re.M)
    assert re.fullmatch(r"libc6 \(>= 2\.\d+\), systemd \| .*", depends)
    for script in ("postinst", "prerm", "postrm"):
        assert (tmp_path / "DEBIAN" / script).stat().st_mode & 0o777 == 0o755
        subprocess.run(["dash", "-n", tmp_path / "DEBIAN" / script], check=True, timeout=20)


def test_lintian_accepts_the_package():
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", distribution.find("mantlet_*.deb")],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# -- the image ----------------------------------------------------------------------


class Image:
    """The image's manifest and configuration, and its tree in a folder."""

    def __init__(self, path, folder):
        self.root = folder / "root"
        self.size = path.stat().st_size
        with tarfile.open(path) as archive:
            archive.extractall(folder / "layout")
        self._blobs = folder / "layout/blobs/sha256"
        index = json.loads((folder / "layout/index.json").read_text())
        self.name = index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
        self.manifest = json.loads(self.blob(index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))
        layers = [self.blob(layer) for layer in self.manifest["layers"]]
        assert [hashlib.sha256(gzip.decompress(layer)).hexdigest() for layer in layers] == [
            diff.removeprefix("sha256:") for diff in self.config["rootfs"]["diff_ids"]]
        for layer in layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                archive.extractall(self.root)

    def blob(self, descriptor):
        data = (self._blobs / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (descriptor["size"], descriptor["digest"].removeprefix("sha256:"))
        return data


@pytest.fixture
def image(tmp_path):
    os.umask(0o022)
    return Image(distribution.find("mantlet-*-oci.tar"), tmp_path)


def test_the_image_is_small_and_has_only_what_mantlet_needs(image):
    files = {str(path.relative_to(image.root)) for path in image.root.rglob("*") if path.is_file()}
    assert image.size < 25 << 20
    assert sum((image.root / name).stat().st_size for name in files) < 25 << 20
    programs = {name for name in files if os.access(image.root / name, os.X_OK) and ".so" not in name}
    assert programs == {"usr/bin/mantlet"} or os.geteuid() == 0  # root may execute what has any x bit
    assert {name for name in files if "bin/" in name} == {"usr/bin/mantlet"}
    assert {pathlib.Path(name).name.split(".so")[0] for name in files if ".so" in name} <= {"libc", "libm", "ld-linux-x86-64",
                                                                                           "ld-linux-aarch64"}


def test_the_image_runs_mantlet_as_a_user_of_its_own(image):
    config = image.config["config"]
    assert image.name == f"mantlet:{config['Labels']['org.opencontainers.image.version']}"  # what podman load names it
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/bin/mantlet"]
    assert "mantlet:x:65532:65532:" in (image.root / "etc/passwd").read_text()
    assert {"title", "description", "version", "revision", "created", "licenses"} <= {
        name.removeprefix("org.opencontainers.image.") for name in config["Labels"]}


def test_skopeo_reads_the_image(tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    path = distribution.find("mantlet-*-oci.tar")
    assert json.loads(output("skopeo", "inspect", f"oci-archive:{path}"))["Labels"]["org.opencontainers.image.title"] == "mantlet"
    output("skopeo", "copy", "--insecure-policy", f"oci-archive:{path}", f"docker-archive:{tmp_path}/docker.tar:mantlet:test")


class NameServer(threading.Thread):
    """Answers each question for an address with 127.0.0.1, and others with no record."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))

    def run(self):
        while True:
            try:
                question, client = self.socket.recvfrom(2000)
            except OSError:
                return
            end = question.index(b"\0", 12) + 5
            answers = [b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01"] if question[end - 4:end - 2] == b"\0\x01" else []
            head = question[:2] + b"\x85\x80\0\x01" + bytes([0, len(answers)]) + b"\0\0\0\0"
            self.socket.sendto(head + question[12:end] + b"".join(answers), client)


@pytest.fixture
def name_server():
    try:
        server = NameServer("127.53.53.53")
    except OSError:
        pytest.skip("a name server needs port 53")
    server.start()
    yield "127.53.53.53"
    server.socket.close()


IN_THE_IMAGE = """
mount --bind "$1" "$1" && mount --bind /dev "$1/dev" && mount --bind "$2" "$1/etc/mantlet" &&
mount --bind "$3" "$1/etc/resolv.conf" && mount -t proc proc "$1/proc" && mount -o remount,bind,ro "$1" &&
exec chroot --userspec=65532:65532 "$1" /usr/bin/mantlet run --config /etc/mantlet/mantlet.yaml
"""


def test_the_images_tree_serves_read_only_and_finds_applications_by_dns(image, pki, upstream, name_server, tmp_path):
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a mount namespace needs root")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "tls.crt").write_bytes(pki.server.chain_pem)
    (settings / "tls.key").write_bytes(pki.server.key_pem)
    (settings / "ca.crt").write_bytes(pki.root.pem)
    (settings / "mantlet.yaml").write_text(f"""
listeners:
  - name: public
    address: 127.0.0.1:{port}
    upstream: app
    tls: {{certificates: [{{chain: /etc/mantlet/tls.crt, key: /etc/mantlet/tls.key}}]}}
    client_auth: {{trust_bundle: [/etc/mantlet/ca.crt]}}
upstreams:
  - {{name: app, address: "app.example.test:{upstream.port}", allow_plaintext_network: true}}
""")
    for path in [settings, *settings.iterdir()]:
        os.chown(path, 65532, 65532)
    (tmp_path / "resolv.conf").write_text(f"nameserver {name_server}\n")
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", IN_THE_IMAGE, "sh", str(image.root), str(settings),
                                    str(tmp_path / "resolv.conf")], stdout=file, stderr=file)
    try:
        wait_until(lambda: '"started"' in log.read_text() or process.poll() is not None, 20, "the start")
        assert process.poll() is None, log.read_text()
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        assert "\nUid:\t65532\t65532" in status
        code, _ = clients.get_json(("127.0.0.1", port), clients.context(pki))
        assert code == 200
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_the_list_of_contents_is_spdx():
    document = json.loads(distribution.find("mantlet-*.spdx.json").read_text())
    assert (document["spdxVersion"], document["dataLicense"], document["SPDXID"]) == (
        "SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert document["name"] and document["documentNamespace"]
    assert document["creationInfo"]["creators"] and document["creationInfo"]["created"].endswith("Z")
    packages = {package["name"]: package for package in document["packages"]}
    identifiers = [package["SPDXID"] for package in document["packages"]]
    assert len(set(identifiers)) == len(identifiers)
    for package in packages.values():
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"])
        assert package["downloadLocation"] and package["licenseDeclared"]
        assert package["versionInfo"] != "NOASSERTION", package["name"]
    assert {"mantlet", "BoringSSL", "llhttp", "prometheus-cpp", "abseil-cpp", "libuv", "nghttp2", "yaml-cpp", "glibc"} <= set(packages)
    for relationship in document["relationships"]:
        assert {relationship["spdxElementId"], relationship["relatedSpdxElement"]} <= {"SPDXRef-DOCUMENT", *identifiers}
    assert {r["relatedSpdxElement"] for r in document["relationships"]} == set(identifiers)
