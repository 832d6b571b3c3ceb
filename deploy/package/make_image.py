"""Makes the OCI image, without a container engine: a tar archive of an OCI layout with one layer, and an SPDX document.

The layer has the binary, the parts of glibc that it loads (from this machine), and the files by which glibc finds users and
host names. There is no shell, no package manager and no CA certificate.
"""

import datetime
import hashlib
import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

import components
import sbom
import tree

USER = 65532
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def libraries(binary):
    """Returns the paths of the dynamic linker and the shared libraries that the binary loads."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(binary)
        file.flush()
        pathlib.Path(file.name).chmod(0o755)
        headers = subprocess.run(["readelf", "--wide", "--program-headers", file.name], check=True, capture_output=True,
                                 text=True, timeout=60).stdout
        linker = re.search(r"interpreter: (/[^\]]+)", headers).group(1)
        listed = subprocess.run([linker, "--list", file.name], check=True, capture_output=True, text=True, timeout=60).stdout
    return [linker, *re.findall(r"=> (/\S+) ", listed)]


def root(options):
    files = tree.Tree(options.epoch)
    binary = options.files["usr/bin/mantlet"]
    for path, contents in options.files.items():
        files.add(path, contents, tree.mode_of(path))
    for path in libraries(binary):
        files.add(path.lstrip("/"), pathlib.Path(path).read_bytes(), 0o755)
    files.add("etc/passwd", f"root:x:0:0:root:/:/usr/sbin/nologin\nmantlet:x:{USER}:{USER}:mantlet:/:/usr/sbin/nologin\n".encode())
    files.add("etc/group", f"root:x:0:\nmantlet:x:{USER}:\n".encode())
    files.add("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")
    # Container runtimes mount their own over these two.
    files.add("etc/hosts", b"127.0.0.1 localhost\n::1 localhost\n")
    files.add("etc/resolv.conf", b"")
    files.folder("etc/mantlet")  # where the configuration is mounted
    files.folder("proc")
    files.folder("dev")
    files.folder("run")
    files.folder("tmp", 0o1777)
    return files


def blob(layout, data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    layout.add(f"blobs/sha256/{digest}", data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def as_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def main():
    options = tree.arguments(__doc__, "--sbom", "--sources")
    layer = root(options).tar()
    compressed = tree.compress(layer)
    created = datetime.datetime.fromtimestamp(options.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {f"org.opencontainers.image.{key}": value for key, value in {
        "title": "mantlet", "description": "mTLS sidecar reverse proxy", "version": options.version,
        "revision": options.commit, "created": created, "licenses": "Apache-2.0"}.items()}
    machine = {"architecture": ARCHITECTURES[platform.machine()], "os": "linux"}
    config = {
        **machine, "created": created,
        "config": {"User": f"{USER}:{USER}", "Entrypoint": ["/usr/bin/mantlet"],
                   "Cmd": ["run", "--config", "/etc/mantlet/mantlet.yaml"], "Env": ["PATH=/usr/bin"], "WorkingDir": "/",
                   "ExposedPorts": {"8443/tcp": {}, "9900/tcp": {}}, "StopSignal": "SIGTERM", "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": created, "created_by": "deploy/package/make_image.py"}],
    }
    layout = tree.Tree(options.epoch)
    layout.add("oci-layout", as_json({"imageLayoutVersion": "1.0.0"}))
    manifest = blob(layout, as_json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(layout, as_json(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(layout, compressed, "application/vnd.oci.image.layer.v1.tar+gzip")],
        "annotations": labels}), "application/vnd.oci.image.manifest.v1+json")
    manifest["platform"] = machine
    manifest["annotations"] = {"org.opencontainers.image.ref.name": f"mantlet:{options.version}"}
    layout.add("index.json", as_json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                      "manifests": [manifest]}))
    pathlib.Path(options.out).write_bytes(layout.tar())
    sources = components.sources(options.sources.split(","), pathlib.Path(options.sources_of["usr/bin/mantlet"]).resolve())
    pathlib.Path(options.sbom).write_text(sbom.document(
        options, options.files["usr/bin/mantlet"], components.debian(), sources, {"glibc"}))


sys.exit(main())
