"""Programs that are started, pinned to processors, and ended again."""

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """A program did not do what was asked of it; says which and what it said."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _affinity(cpus):
    return lambda: os.sched_setaffinity(0, cpus)


class Server:
    """A proxy under measurement. Its output goes to files in its folder."""

    def __init__(self, name, command, port, cpus, folder, env=None):
        self.name, self.port, self.folder = name, port, pathlib.Path(folder)
        self.log = self.folder / "output.log"
        self.began_ns = time.monotonic_ns()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, **(env or {})), preexec_fn=_affinity(cpus))

    @property
    def pid(self):
        return self.process.pid

    def wait_listening(self, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at its start: {self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise Failed(f"{self.name} does not listen: {self.last_words()}") from None
                time.sleep(0.02)

    def last_words(self):
        text = self.log.read_text(errors="replace").strip()
        return text[-600:] or "(it said nothing)"

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                # A drain is not what is measured here.
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class JsonChild:
    """A program of ours that talks JSON lines on stdout and obeys lines on stdin."""

    def __init__(self, name, command, cpus, pass_fds=()):
        self.name = name
        self._buffer = b""
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=_affinity(cpus), pass_fds=pass_fds)

    @property
    def pid(self):
        return self.process.pid

    def say(self, command):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"the {self.name} has ended") from None

    def hear(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f"the {self.name} says nothing for {seconds:.0f} s")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise Failed(f"the {self.name} has ended")
            self._buffer += piece
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Upstream(JsonChild):
    """What the servers forward to. Its listening socket is ours, too, so that others can stand in for it."""

    def __init__(self, program, cpus):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener.setblocking(False)
        self.fd = self._listener.fileno()
        super().__init__("upstream", [program, f"--fd={self.fd}"], cpus, [self.fd])
        self.port = self.hear(10)["port"]

    @contextlib.contextmanager
    def paused(self):
        """It closes its connections and takes no new ones meanwhile."""
        self._obey("pause")
        try:
            yield
        finally:
            self._obey("resume")

    def _obey(self, command):
        self.say(command)
        self.hear(10)

    def stop(self):
        super().stop()
        self._listener.close()


class Load(JsonChild):
    """The load generator, ready to start: its connections are open."""

    def __init__(self, program, server, pki, cpus, *options, seconds=1.0, ready_within=70, pass_fds=()):
        self.seconds = seconds
        super().__init__("load generator", [
            program, f"--port={server.port}", f"--certificate={pki.client_chain}", f"--key={pki.client_key}",
            f"--seconds={seconds}", "--wait", *options], cpus, pass_fds)
        try:
            self.ready = self._expect("ready", ready_within)
        except Failed as failure:
            self.stop()
            raise Failed(f"{server.name}: {failure}; it said: {server.last_words()}") from None

    def _expect(self, event, seconds):
        said = self.hear(seconds)
        if said["event"] != event:
            raise Failed(f"the load generator reports: {said['label'] or said['event']} {said['error_kinds']}")
        return said

    def start(self):
        self.say("start")

    def report(self):
        return self._expect("report", self.seconds + 15)

    def mark(self, label):
        self.say(f"mark {label}")
        return self._expect("window", 10)
