"""Groups of the kernel's control groups with the limits of a container, in version 2 or 1, whichever is there."""

import pathlib
import re

import pytest

from .timing import wait_until

ROOT = pathlib.Path("/sys/fs/cgroup")
_UNITS = {"": 1, "m": 0.001, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}


def quantity(text):
    """Returns the value of a quantity of Kubernetes."""
    number, unit = re.fullmatch(r"([\d.]+)([a-zA-Z]*)", str(text)).groups()
    return float(number) * _UNITS[unit]


def limits(container):
    """Returns the limits of a container as arguments of Group."""
    found = container.get("resources", {}).get("limits", {})
    return {"memory": int(quantity(found["memory"])) if "memory" in found else None,
            "cpus": quantity(found["cpu"]) if "cpu" in found else None}


def version():
    """Returns 2 or 1, the version that has the controllers for CPU and memory; skips the test if none can be used."""
    controllers = ROOT / "cgroup.controllers"
    subtree = ROOT / "cgroup.subtree_control"
    try:
        if controllers.exists() and {"cpu", "memory"} <= set(controllers.read_text().split()):
            if not {"cpu", "memory"} <= set(subtree.read_text().split()):
                subtree.write_text("+cpu +memory")
            return 2
        for name in ("cpu", "memory"):
            probe = ROOT / name / "mantlet-test-probe"
            probe.mkdir()
            probe.rmdir()
        return 1
    except OSError as error:
        pytest.skip(f"no writable hierarchy of cgroups with CPU and memory: {error}")


class Group:
    """One group per controller. The files are those that a container runtime writes, with a quota for each period."""

    def __init__(self, name, memory=None, cpus=None, period_us=100_000):
        self.version = version()
        self._folders = {"": ROOT / name} if self.version == 2 else {each: ROOT / each / name for each in ("cpu", "memory")}
        for folder in self._folders.values():
            folder.mkdir()
        if self.version == 2:
            (self._folders[""] / "memory.max").write_text(str(memory or "max"))
            (self._folders[""] / "cpu.max").write_text(f"{int(cpus * period_us)} {period_us}" if cpus else f"max {period_us}")
            return
        (self._folders["memory"] / "memory.limit_in_bytes").write_text(str(memory or -1))
        (self._folders["cpu"] / "cpu.cfs_period_us").write_text(str(period_us))
        (self._folders["cpu"] / "cpu.cfs_quota_us").write_text(str(int(cpus * period_us) if cpus else -1))

    def process_files(self):
        """Returns the files that take the ids of processes which enter the group."""
        return [str(folder / "cgroup.procs") for folder in self._folders.values()]

    def mounts(self):
        """Returns what a container sees: its own group as the root of each hierarchy."""
        return [(str(folder), f"/sys/fs/cgroup/{name}".rstrip("/")) for name, folder in self._folders.items()]

    def close(self):
        for folder in self._folders.values():
            wait_until(lambda path=folder: _remove(path), 10, f"the end of the processes in {folder}")


def _remove(folder):
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
