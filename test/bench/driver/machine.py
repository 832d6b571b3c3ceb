"""What the kernel knows about processes and this machine."""

import os
import pathlib
import platform
import re

PROC = pathlib.Path("/proc")


def _parents():
    """{pid: parent pid} of everything that runs."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    return parents


def tree(pid):
    """pid and all its descendants."""
    parents = _parents()
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def cpu_ns(pid):
    """CPU time of a process and its descendants so far: nanoseconds, from the scheduler, not from ticks."""
    total = 0
    for member in tree(pid):
        for task in PROC.glob(f"{member}/task/*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except (OSError, IndexError):
                continue
    return total


def private_bytes(pid):
    """Memory that only this process and its descendants have: user space, resident."""
    total = 0
    for member in tree(pid):
        try:
            text = (PROC / str(member) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(kb) for kb in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE)) * 1024
    return total


def split_cpus():
    """(the server's processors, the load's processors, those of the upstream), each a list."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) >= 4:
        return cpus[:2], [cpus[2]], [cpus[3]]
    if len(cpus) == 3:
        return cpus[:1], [cpus[1]], [cpus[2]]
    return cpus[:1], cpus[-1:], cpus[-1:]


def description():
    """{what: text} about this machine, for a report."""
    cpuinfo = (PROC / "cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    release = pathlib.Path("/etc/os-release").read_text()
    name = re.search(r'^PRETTY_NAME="?(.*?)"?$', release, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+)", (PROC / "meminfo").read_text(), re.MULTILINE)
    return {
        "processor": model[1] if model else platform.machine(),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 1024 ** 2:.0f} GiB",
        "system": name[1] if name else platform.system(),
        "kernel": platform.release(),
    }


def other_load():
    """Processes that are running right now and are not ours, as /proc/loadavg counts them: a number."""
    return float((PROC / "loadavg").read_text().split()[0])
