"""Settings that a process inherits from its parent must not affect whether it serves and how it ends."""

import http.client
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys

import pytest
import yaml
from harness import clients
from harness.messages import Reader
from harness.proxy import binary, configuration
from harness.timing import scaled, wait_until

# Run in the new process before mantlet takes its place.
CONDITIONS = {
    "as usual": "",
    "standard input closed": "os.close(0)",
    "standard output closed": "os.close(1)",
    "standard error closed": "os.close(2)",
    "all three closed": "[os.close(fd) for fd in (0, 1, 2)]",
    "output and error closed": "[os.close(fd) for fd in (1, 2)]",
    "every signal blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "every signal ignored": "[signal.signal(n, signal.SIG_IGN) for n in range(1, 32) if n not in (9, 19)]",
    "umask 0777": "os.umask(0o777)",
    "umask 0": "os.umask(0)",
    "a low soft limit of open files": "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 1024))",
    "a small stack": "resource.setrlimit(resource.RLIMIT_STACK, (64 << 10, resource.RLIM_INFINITY))",
    "no file may grow": "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
    "no core dumps": "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "an empty environment": "os.environ.clear()",
    "a strange locale": "os.environ.update(LC_ALL='tr_TR.UTF-8', LANG='xx')",
    "a removed working directory": "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
    "a pending alarm": "signal.alarm(1)",
    "a profiler's timer": "signal.setitimer(signal.ITIMER_PROF, 0.15, 0.01)",
    "a niced process": "os.nice(10)",
}

LAUNCHER = "import os, resource, signal, sys\n{condition}\nos.execv(sys.argv[1], sys.argv[1:])"


class Started:
    """A `mantlet run` with endpoints on Unix sockets, so that the test need not read its log."""

    def __init__(self, directory, pki, upstream, condition):
        self.directory = directory
        config = configuration(pki, upstream, listener={"address": f"unix:{directory}/public.sock"},
                               metrics={"address": f"unix:{directory}/metrics.sock"}, admin=None)
        (directory / "mantlet.yaml").write_text(yaml.safe_dump(config))
        self.log = open(directory / "log", "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER.format(condition=condition), binary(), "run", "--config",
             str(directory / "mantlet.yaml")], cwd=directory, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            pass_fds=(), restore_signals=True)

    def text(self):
        return pathlib.Path(self.log.name).read_text()

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.text()
            connection = http.client.HTTPConnection("localhost", timeout=5)
            connection.sock = socket.socket(socket.AF_UNIX)
            try:
                connection.sock.connect(f"{self.directory}/metrics.sock")
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False
            finally:
                connection.close()

        wait_until(ready, 10, "a ready mantlet")

    def get(self, tls):
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(scaled(10))
            plain.connect(f"{self.directory}/public.sock")
            with tls.wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return Reader(client).response().status


@pytest.fixture
def run_under(tmp_path, pki, upstream):
    made = []

    def run(condition):
        made.append(Started(tmp_path, pki, upstream, condition))
        made[-1].wait_ready()
        return made[-1]

    yield run
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()
        each.log.close()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_it_serves_and_drains_whatever_it_was_started_with(run_under, tls, condition):
    mantlet = run_under(CONDITIONS[condition])
    assert mantlet.get(tls) == 200
    mantlet.process.send_signal(signal.SIGTERM)
    assert mantlet.process.wait(scaled(10)) == 0, mantlet.text()


def test_without_standard_streams_failed_handshakes_affect_no_other_client(run_under, pki, tls):
    mantlet = run_under(CONDITIONS["all three closed"])
    anonymous = clients.context(pki, client=None)
    for _ in range(400):  # one record each: more than the capacity of a pipe
        with pytest.raises((ssl.SSLError, OSError)):
            mantlet.get(anonymous)
    assert mantlet.get(tls) == 200
    numbers = {os.readlink(f"/proc/{mantlet.process.pid}/fd/{number}") for number in range(3)}
    assert numbers == {"/dev/null"}


def test_a_command_whose_output_has_nowhere_to_go_fails():
    run = subprocess.run([sys.executable, "-c", LAUNCHER.format(condition="os.close(1)"), binary(), "version"],
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=scaled(10))
    assert run.returncode == 1 and "standard output" in run.stderr


DRAINS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGPWR", "SIGXCPU"]
IGNORED = ["SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX"]
UNMENTIONED = ["SIGPIPE", "SIGWINCH", "SIGCHLD", "SIGURG", "SIGCONT", "SIGXFSZ", "SIGTTOU"]


@pytest.mark.parametrize("name", DRAINS)
def test_this_signal_drains(mantlet, name):
    mantlet.signal(getattr(signal, name))
    assert mantlet.wait() == 0
    assert mantlet.log("drain_begun", why=name)


def test_other_signals_stop_nothing(mantlet, connect):
    client = connect(mantlet)
    for name in UNMENTIONED:
        mantlet.signal(getattr(signal, name))
    for name in IGNORED:
        if hasattr(signal, name):
            mantlet.signal(getattr(signal, name))
    mantlet.wait_log("signal_ignored")
    assert client.get().status == 200


def test_usr1_opens_the_access_log_again(start, upstream, connect, tmp_path):
    path = tmp_path / "access.log"
    proxy = start(upstream, log={"access": str(path)})
    client = connect(proxy)
    assert client.get("/before").status == 200
    wait_until(lambda: path.exists() and "/before" in path.read_text(), 5, "the first record")
    path.rename(tmp_path / "access.log.1")
    proxy.signal(signal.SIGUSR1)
    proxy.wait_log("log_reopened")
    assert client.get("/after").status == 200
    wait_until(lambda: "/after" in path.read_text(), 5, "a record in the new file")
    assert not proxy.log("drain_begun")


def test_a_second_signal_of_another_kind_ends_at_once(start, upstream, connect):
    proxy = start(upstream, shutdown={"drain": "60s"})
    client = connect(proxy)
    client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
    wait_until(lambda: upstream.connections, 5, "the request")
    proxy.signal(signal.SIGQUIT)
    proxy.wait_log("drain_begun")
    proxy.signal(signal.SIGTERM)
    assert proxy.wait() == 0


FEW_FILES = [sys.executable, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)); "
             "os.execv(sys.argv[1], sys.argv[1:])"]


def test_too_few_descriptors_for_the_limits_are_logged(start, upstream):
    proxy = start(upstream, launch_options={"launcher": FEW_FILES})
    record = proxy.wait_log("descriptors_short")
    assert record["connections"] == 10000 and record["open_files"] == 128 and record["for_clients"] == 96
    assert not start(upstream, listener={"limits": {"connections": 100}}).log("descriptors_short")


def test_clients_without_a_handshake_leave_descriptors_for_probes_and_requests(start, upstream, connect):
    proxy = start(upstream, launch_options={"launcher": FEW_FILES})
    client = connect(proxy)
    assert client.get().status == 200
    idle = []
    try:
        for _ in range(120):
            idle.append(socket.create_connection(proxy.address()))
        proxy.wait_log("accept_failed")
        assert proxy.get("/healthz")[0] == 200
        # A connected client gets a new upstream connection.
        assert client.get("/close/10").status == 200
        assert client.get().status == 200
    finally:
        for each in idle:
            each.close()
    wait_until(lambda: connect(proxy).get().status == 200, 10, "room for clients again")
