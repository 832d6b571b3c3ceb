"""Runs the real binary with a configuration and observes it through its public interfaces."""

import contextlib
import copy
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import yaml

from .timing import scaled, wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SANITIZER_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")


def binary():
    """Returns the mantlet under test: $MANTLET_BIN, or the binary of the last build."""
    return os.environ.get("MANTLET_BIN") or str(REPOSITORY / "bazel-bin/proxy/mantlet")


def sanitizers():
    """"address" (which brings UndefinedBehaviorSanitizer along) or "thread", if the binary is built with it."""
    code = pathlib.Path(binary()).read_bytes()
    return {name for name, mark in (("address", b"__asan_init"), ("thread", b"__tsan_init")) if mark in code}


def is_sanitized():
    """Returns whether the binary is slower and larger than the released one."""
    return bool(sanitizers())


def merge(base, changes):
    """Returns a copy of base with changes merged into it, mapping by mapping. None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def configuration(pki, upstream="127.0.0.1:9", listener=None, upstream_options=None, **top):
    """A complete configuration as a dict: one mutual-TLS listener `public`, one upstream `app`. listener and
    upstream_options are merged into theirs, everything else into the top level.
    """
    chain, key = pki.server_files
    base_listener = {
        "name": "public",
        "address": "127.0.0.1:0",
        "upstream": "app",
        "tls": {"certificates": [{"chain": chain, "key": key}]},
        "client_auth": {"mode": "require", "trust_bundle": [pki.ca_file]},
    }
    base = {
        "workers": int(os.environ.get("MANTLET_TEST_WORKERS", "1")),
        "listeners": [merge(base_listener, listener or {})],
        "upstreams": [merge({"name": "app", "address": str(upstream)}, upstream_options or {})],
        "metrics": {"address": "127.0.0.1:0"},
        "admin": {"address": "127.0.0.1:0"},
        "shutdown": {"drain": "500ms", "idle_grace": "20ms"},
    }
    return merge(base, top)


NO_CLIENT_AUTH = {"mode": "none", "trust_bundle": None}


class Metrics:
    """One scrape, parsed."""

    _LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
    _LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = self._LINE.match(line)
                assert match, f"not a metrics line: {line!r}"
                self.samples.append((match[1], dict(self._LABEL.findall(match[2] or "")), float(match[3])))

    def value(self, name, **labels):
        """Returns the sum of the samples of this name with these labels; 0 if there are none."""
        return sum(self.matching(name, **labels).values())

    def matching(self, name, **labels):
        return {tuple(sorted(have.items())): value for sample, have, value in self.samples
                if sample == name and all(have.get(k) == str(v) for k, v in labels.items())}

    def names(self):
        return {name for name, _, _ in self.samples}


class Lines:
    """The output of a pipe so far; a separate thread reads it."""

    def __init__(self, pipe):
        self.lines = []
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
        pipe.close()

    def join(self):
        self._thread.join(scaled(5))

    def records(self):
        found = []
        for line in list(self.lines):
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
        return found


class Proxy:
    """A running `mantlet run`. Use the `proxy` fixture: it also checks how the process ends."""

    def __init__(self, directory, config, env=None, pass_fds=(), launcher=(), expected_exit=0,
                 config_path=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config_path = pathlib.Path(config_path or self.directory / "mantlet.yaml")
        self.config = config
        self.expected_exit = expected_exit
        self._env = dict(os.environ, **(env or {}))
        # Freed memory that AddressSanitizer retains looks like a leak in tests of memory.
        self._env["ASAN_OPTIONS"] = self._env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        self._env["TSAN_OPTIONS"] = (self._env.get("TSAN_OPTIONS", "")
                                     + f":suppressions={REPOSITORY / 'tools/tsan.supp'}")
        self._pass_fds = pass_fds
        self._launcher = list(launcher)
        self.process = None
        if config_path is None:
            self.write_config(config)

    # -- life ---------------------------------------------------------------

    def write_config(self, config):
        """Writes a dict as YAML, or text as it is, by rename as an editor would."""
        text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)
        if isinstance(config, dict):
            self.config = config
        temporary = self.config_path.with_suffix(".new")
        temporary.write_text(text)
        temporary.rename(self.config_path)

    def changed(self, **changes):
        """Returns a copy of the configuration with changes merged into its first listener."""
        config = copy.deepcopy(self.config)
        config["listeners"][0] = merge(config["listeners"][0], changes)
        return config

    @contextlib.contextmanager
    def reloaded(self, timeout=10):
        """The configuration written inside is in use at the end."""
        before = self.metric("mantlet_reloads_total", result="success")
        yield
        wait_until(lambda: self.metric("mantlet_reloads_total", result="success") > before, timeout, "the reload")

    def reload(self, config, timeout=10):
        """Writes the configuration and waits until it is in use."""
        with self.reloaded(timeout):
            self.write_config(config)

    def start(self, wait=True):
        command = [*self._launcher, binary(), "run", "--config", str(self.config_path)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=self._env, pass_fds=self._pass_fds)
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)
        if wait:
            self.wait_listening()
        return self

    def wait_listening(self):
        wanted = {listener["name"] for listener in self.config.get("listeners", [])}
        wanted |= {name for name in ("metrics", "admin") if name in self.config}

        def ready():
            assert self.process.poll() is None, "mantlet ended at start:\n" + "\n".join(self.err.lines)
            return wanted <= {record.get("listener") for record in self.log("listening")} and self.log("started")

        wait_until(ready, 10, f"the start of {sorted(wanted)}")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, timeout=10):
        """Requests a drain and waits for the end; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=10):
        try:
            self.process.wait(scaled(timeout))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("mantlet did not end in time:\n" + "\n".join(self.err.lines[-20:]))
        self.out.join()
        self.err.join()
        return self.process.returncode

    def check_end(self):
        """Checks the invariants of every run: exit status 0, no sanitizer report, only JSON in the log of a
        daemon that ran.
        """
        status = self.stop()
        text = "\n".join(self.err.lines)
        assert not SANITIZER_REPORT.search(text), text
        assert self.expected_exit in (None, status), f"exit status {status}:\n{text}"
        if status == 0 and self.config.get("log", {}).get("format", "json") == "json":
            for line in self.err.lines + self.out.lines:
                assert isinstance(json.loads(line), dict), line

    # -- addresses ----------------------------------------------------------------

    def address(self, listener="public"):
        """Returns the last logged address of that listener as (host, port)."""
        host, port = self.log("listening", listener=listener)[-1]["address"].rsplit(":", 1)
        return host.strip("[]"), int(port)

    def port(self, listener="public"):
        return self.address(listener)[1]

    # -- output -----------------------------------------------------------

    def log(self, event=None, **fields):
        """Returns the log records so far with this event and these fields."""
        return [record for record in self.err.records()
                if (event is None or record.get("event") == event)
                and all(record.get(key) == value for key, value in fields.items())]

    def wait_log(self, event=None, timeout=10, **fields):
        return wait_until(lambda: self.log(event, **fields), timeout,
                          f"a log record {event} {fields}; there is:\n" + "\n".join(self.err.lines[-15:]))[0]

    def access_log(self):
        return self.out.records()

    def wait_access(self, count=1, timeout=10):
        wait_until(lambda: len(self.access_log()) >= count, timeout, f"{count} access log records")
        return self.access_log()

    def get(self, path, endpoint="metrics", method="GET", timeout=5):
        """Returns (status, text) of a request to the metrics or admin endpoint."""
        host, port = self.address(endpoint)
        data = b"" if method == "POST" else None
        request = urllib.request.Request(f"http://{host}:{port}{path}", method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=scaled(timeout)) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, (status, text)
        return Metrics(text)

    def metric(self, name, **labels):
        return self.metrics().value(name, **labels)

    def wait_metric(self, name, value, timeout=10, **labels):
        try:
            wait_until(lambda: self.metric(name, **labels) == value, timeout)
        except AssertionError:
            raise AssertionError(f"{name}{labels} is {self.metric(name, **labels)}, not {value}:\n"
                                 + "\n".join(l for l in self.metrics().text.splitlines() if name in l)) from None

    def rss(self):
        """Resident memory in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def state(self):
        """The state of the process as the kernel has it: "S", "R", "T" (stopped) …"""
        return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()[0]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_command(*arguments, env=None, timeout=30, launcher=()):
    """Runs `mantlet ARGUMENTS…` to its end; returns a CompletedProcess with text output."""
    return subprocess.run([*launcher, binary(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=scaled(timeout), env=dict(os.environ, **(env or {})))
