"""Runs the containers of a rendered pod as the kubelet and a container runtime do, without either.

A container has its own process and mount namespace, a read-only root file system with the volumes of the manifest,
the manifest's user, no capabilities, and cgroups with the manifest's limits. All containers of a pod share one network
namespace, which only they and the test can reach. Not imitated: the runtime's seccomp profile, images (the root
has the machine's /usr), and the API server.
"""

import contextlib
import ctypes
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import yaml

from . import cgroups, kubernetes
from .proxy import Lines, binary
from .timing import FACTOR, wait_until

POD_IP = "10.251.0.7"
_CLONE_NEWNET = 0x40000000
# Arguments: the root, the user, the working directory, files with process ids of cgroups, "--", pairs of source and target to mount, "--",
# the command.
_CONTAINER = r"""
set -e
root=$1 user=$2 directory=$3; shift 3
while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift
exec unshare --mount --pid --fork --kill-child --propagation private bash -c '
  set -e
  root=$1 user=$2 directory=$3; shift 3
  mount --bind "$root" "$root"
  mount --bind /usr "$root/usr"
  mount -o remount,bind,ro "$root/usr"
  mount -t proc proc "$root/proc"
  for device in null urandom; do mount --bind /dev/$device "$root/dev/$device"; done
  while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    mount -o remount,bind,${3} "$root$2"
    shift 3
  done
  shift
  mount -o remount,bind,ro "$root"
  exec chroot "$root" env --chdir="$directory" setpriv --reuid "$user" --regid "$user" --groups "$user" --no-new-privs --bounding-set=-all \
    --inh-caps=-all "$@"
' bash "$root" "$user" "$directory" "$@"
"""


def require():
    """Skips the test where the kernel or the privileges do not permit containers."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("containers need root and setpriv")
    done = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("namespaces are not permitted here")


class Volume:
    """The folder of one volume. Its files are published by the swap of `..data`, with the owners that fsGroup makes."""

    def __init__(self, folder, mode=0o644, group=None):
        self.folder, self._mode, self._group, self._generation = folder, mode, group, 0
        folder.mkdir(parents=True)

    def publish(self, files):
        """Replaces all files at once; files: name -> bytes."""
        self._generation += 1
        mode = self._mode | (0o440 if self._group else 0)
        kubernetes.write(self.folder, f"2026_11_28_{self._generation}", files, dict.fromkeys(files, mode),
                         group=self._group)


class Container:
    """One running container. `err` and `out` are its output."""

    def __init__(self, pod, spec, folder):
        self.name, self.spec = spec["name"], spec
        root = folder / "root"
        for name in ("usr", "proc", "sys/fs/cgroup", "dev", "etc", "srv", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "lib", "lib64", "sbin"):
            if not (root / name).is_symlink():
                (root / name).symlink_to(f"usr/{name}")
        for name in ("dev/null", "dev/urandom", "mantlet"):
            (root / name).touch()
        mounts = [(binary(), "/mantlet", "ro")]
        for mount in spec.get("volumeMounts", []):
            (root / mount["mountPath"].lstrip("/")).mkdir(parents=True, exist_ok=True)
            mounts.append((str(pod.volumes[mount["name"]].folder), mount["mountPath"], "ro" if mount.get("readOnly") else "rw"))
        self.cgroup = cgroups.Group(f"mantlet-test-{os.getpid()}-{self.name}-{pod.next_number()}",
                                    **cgroups.limits(spec)) if pod.with_cgroups else None
        for source, target in self.cgroup.mounts() if self.cgroup else []:
            (root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
            mounts.append((source, target, "ro"))
        context = {**pod.spec.get("securityContext", {}), **spec["securityContext"]}
        assert context["runAsNonRoot"] and context["readOnlyRootFilesystem"] and context["capabilities"]["drop"] == ["ALL"]
        self._user = str(context["runAsUser"])
        # The entry point of the image.
        command = spec.get("command") or ["/mantlet"]
        flat = [part for mount in mounts for part in mount]
        # Where a sanitizer looks for leaks, it needs rights that a container has not.
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ASAN_OPTIONS": "detect_leaks=0", **{each["name"]: each["value"] for each in spec.get("env", [])}}
        self._launcher = subprocess.Popen(
            ["nsenter", f"--net=/proc/{pod.pause.pid}/ns/net", "bash", "-c", _CONTAINER, "bash", str(root),
             self._user, spec.get("workingDir", "/"), *(self.cgroup.process_files() if self.cgroup else []), "--", *flat, "--", *command,
             *spec.get("args", [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.out, self.err = Lines(self._launcher.stdout), Lines(self._launcher.stderr)
        self.pid = wait_until(self._first_process, 10, f"the start of {self.name}")

    def _first_process(self):
        """Returns the id of the process with id 1 in the container, once it is no longer the launcher; -1 if it has
        ended already.
        """
        if not self.running():
            return -1
        path = pathlib.Path(f"/proc/{self._launcher.pid}/task/{self._launcher.pid}/children")
        with contextlib.suppress(OSError):
            for pid in path.read_text().split():
                if os.readlink(f"/proc/{pid}/exe").rsplit("/", 1)[1] not in ("bash", "unshare", "chroot", "env", "setpriv", "mount"):
                    return int(pid)
        return None

    def running(self):
        return self._launcher.poll() is None

    def signal(self, number):
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds):
        """Returns the exit status, or None if the container still runs after that time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._launcher.wait(seconds)
        return None

    def execute(self, command):
        """Runs a command in the container, as `kubectl exec` and preStop hooks do."""
        command = ["/mantlet" if part == "/usr/bin/mantlet" else part for part in command]
        done = subprocess.run(["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--root", "--wd", "setpriv",
                               "--reuid", self._user, "--regid", self._user, "--clear-groups", *command],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def log(self, event):
        return [record for record in self.err.records() if record.get("event") == event]

    def status(self):
        """Returns the kernel's status of the process."""
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def close(self):
        self.signal(signal.SIGKILL)
        self._launcher.wait(10)
        self.out.join()
        self.err.join()
        if self.cgroup:
            self.cgroup.close()


class Pod:
    """A pod of rendered documents. objects: (kind, name) -> files, for Secrets and signers outside the documents."""

    def __init__(self, folder, documents, objects, with_cgroups=False):
        self.spec = kubernetes.pod_of(documents)
        self.with_cgroups = with_cgroups
        self._folder, self._containers, self._numbers = folder, {}, 0
        self.results = {}  # (container, probe) -> results of all probes
        self._over = threading.Event()
        self._probers = []
        configurations = {document["metadata"]["name"]: {name: text.encode() for name, text in document["data"].items()}
                          for document in documents if document["kind"] == "ConfigMap"}
        group = self.spec.get("securityContext", {}).get("fsGroup")
        self.volumes = {}
        for volume in self.spec["volumes"]:
            (kind, source), = [item for item in volume.items() if item[0] != "name"]
            made = Volume(folder / "volumes" / volume["name"], source.get("defaultMode", 0o644), group)
            self.volumes[volume["name"]] = made
            if kind == "emptyDir":
                made.folder.chmod(0o777)
            else:
                made.publish(self._files(kind, source, objects, configurations))
        self.pause = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.pause.pid}/ns/net") != own, 5, "the network namespace")
        for command in (["link", "set", "lo", "up"], ["address", "add", f"{POD_IP}/32", "dev", "lo"]):
            subprocess.run(["nsenter", f"--net=/proc/{self.pause.pid}/ns/net", "ip", *command], check=True)

    @staticmethod
    def _files(kind, source, objects, configurations):
        if kind == "configMap":
            return configurations.get(source["name"]) or objects[kind, source["name"]]
        if kind == "secret":
            files = objects[kind, source["secretName"]]
            return {item["path"]: files[item["key"]] for item in source["items"]}
        if kind == "projected":
            found = {}
            for each in source["sources"]:
                (kind, projection), = each.items()
                path = projection["credentialBundlePath" if kind == "podCertificate" else "path"]
                found[path] = objects[kind, projection["signerName"]]
            return found
        raise AssertionError(f"a volume that the test cannot make: {kind}")

    def next_number(self):
        self._numbers += 1
        return self._numbers

    # -- the network ---------------------------------------------------------

    def connect(self, port, address=POD_IP, timeout=10):
        """Returns a TCP connection from within the pod's network: a socket stays in the namespace of its creation."""
        libc = ctypes.CDLL(None, use_errno=True)
        made = []

        def create():
            with contextlib.suppress(OSError), open(f"/proc/{self.pause.pid}/ns/net", "rb") as namespace:
                if libc.setns(namespace.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.socket())

        thread = threading.Thread(target=create)  # only this thread changes its namespace
        thread.start()
        thread.join()
        if not made:
            raise OSError("the pod has ended")
        made[0].settimeout(timeout)
        try:
            made[0].connect((address, port))
        except BaseException:
            made[0].close()
            raise
        return made[0]

    def port(self, container, number_or_name):
        ports = {each["name"]: each["containerPort"] for each in container.get("ports", [])}
        return ports.get(number_or_name, number_or_name)

    # -- probes -------------------------------------------------------------------

    def probe(self, container, probe):
        """Makes one HTTP probe as the kubelet does; returns whether it succeeds."""
        request = probe["httpGet"]
        timeout = probe.get("timeoutSeconds", 1) * FACTOR
        client = http.client.HTTPConnection(POD_IP, timeout=timeout)
        begin = time.monotonic()
        try:
            client.sock = self.connect(self.port(container, request["port"]), timeout=timeout)
            client.request("GET", request["path"], headers={"User-Agent": "kube-probe/1.35", "Accept": "*/*",
                                                            "Connection": "close"})
            return 200 <= client.getresponse().status < 400 and time.monotonic() - begin < timeout
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def _await_startup(self, container):
        probe, running = container["startupProbe"], self._containers[container["name"]]
        for _ in range(probe.get("failureThreshold", 3)):
            if self.probe(container, probe):
                return
            if not running.running():
                break
            time.sleep(probe.get("periodSeconds", 10))
        raise AssertionError(f"{container['name']} is restarted:\n" + "\n".join(running.err.lines[-20:]))

    def _keep_probing(self, container, kind):
        probe = container[kind]
        results = self.results.setdefault((container["name"], kind), [])
        while True:
            results.append(self.probe(container, probe))
            # More often than in a cluster, which makes a failure more probable.
            if self._over.wait(min(probe.get("periodSeconds", 10), 0.5)):
                return

    def fails(self, container, kind):
        """Returns whether so many probes in a row have failed that the kubelet acts on it."""
        threshold = kubernetes.containers_of(self.spec)[container][kind].get("failureThreshold", 3)
        row = 0
        for result in list(self.results.get((container, kind), [])):
            row = 0 if result else row + 1
            if row >= threshold:
                return True
        return False

    # -- life ---------------------------------------------------------------------

    def run(self, spec):
        self._containers[spec["name"]] = Container(self, spec, self._folder / "containers" / spec["name"])
        return self._containers[spec["name"]]

    def start(self):
        """Starts all containers in their order; a native sidecar must have started before the next one."""
        for spec in self.spec.get("initContainers") or []:
            assert spec["restartPolicy"] == "Always", "the test has no other init containers"
            self.run(spec)
            self._await_startup(spec)
        for spec in self.spec["containers"]:
            self.run(spec)
        for spec in self.spec["containers"]:
            if "startupProbe" in spec:
                self._await_startup(spec)
        for spec in kubernetes.containers_of(self.spec).values():
            for kind in ("readinessProbe", "livenessProbe"):
                if kind in spec:
                    thread = threading.Thread(target=self._keep_probing, args=(spec, kind), daemon=True)
                    self._probers.append(thread)
                    thread.start()
        return self

    def __getitem__(self, name):
        return self._containers[name]

    def end_probes(self):
        self._over.set()
        for thread in self._probers:
            thread.join()

    def terminate(self):
        """Deletes the pod as the kubelet does; returns the exit statuses by name. All preStop hooks run at once; then
        the containers get SIGTERM, sidecars after all others, and SIGKILL when the grace period is over.
        """
        end = time.monotonic() + self.spec["terminationGracePeriodSeconds"]
        self.end_probes()
        sidecars = [spec["name"] for spec in self.spec.get("initContainers") or []]
        hooks = {name: threading.Thread(target=self._run_hook, args=(name,)) for name in self._containers}
        for hook in hooks.values():
            hook.start()
        statuses = {}

        def stop(name):
            hooks[name].join()
            container = self._containers[name]
            container.signal(signal.SIGTERM)
            status = container.wait(max(0, end - time.monotonic()))
            if status is None:
                container.signal(signal.SIGKILL)
                status = container.wait(10)
            statuses[name] = status

        together = [threading.Thread(target=stop, args=(name,)) for name in self._containers if name not in sidecars]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
        for name in reversed(sidecars):
            stop(name)
        return statuses

    def _run_hook(self, name):
        hook = self._containers[name].spec.get("lifecycle", {}).get("preStop")
        if hook:
            self._containers[name].execute(hook["exec"]["command"])

    def close(self):
        self.end_probes()
        try:
            for container in self._containers.values():
                container.close()
        finally:
            self.pause.kill()
            self.pause.wait()


def configuration(documents, **changes):
    """Returns documents with changes of mantlet.yaml, top-level key by key."""
    documents = kubernetes.changed(documents)
    data = kubernetes.only(documents, "ConfigMap", "mantlet-config")["data"]
    data["mantlet.yaml"] = yaml.safe_dump({**yaml.safe_load(data["mantlet.yaml"]), **changes})
    return documents
