"""Lets calls of a running proxy fail, and decides whether it has coped: see inject_faults.c for the calls."""

import contextlib
import errno
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time

import h2.exceptions
import pytest
from cryptography import x509

from . import clients, h2_upstreams, http2, pki as pki_module, proxy as proxy_module, rotation
from .messages import Incomplete
from .proxy import is_sanitized
from .timing import scaled, wait_until
from .upstreams import Echo, Scripted

SOURCE = pathlib.Path(__file__).with_name("inject_faults.c")
ONE_BYTE = -1
OUT_OF_MEMORY = "mantlet: out of memory"

# Each call, in the order of inject_faults.c, with the errors that the kernel has for it.
E = errno
CALLS = {
    "read.socket": (E.ECONNRESET, E.ETIMEDOUT, E.EINTR, ONE_BYTE),
    "read.file": (E.EIO, E.EINTR, ONE_BYTE),
    "read.pipe": (E.EINTR,),
    "read.other": (E.EINTR,),
    "write.socket": (E.ECONNRESET, E.EPIPE, E.ENOBUFS, E.EAGAIN, E.EINTR, ONE_BYTE),
    "write.file": (E.ENOSPC, E.EIO, E.EINTR, ONE_BYTE),
    "write.pipe": (E.EINTR,),  # libuv's own, which have room
    "write.other": (E.EINTR,),  # wake-ups, of which there are never too many
    "write.standard": (E.EPIPE, E.EAGAIN, E.EINTR, ONE_BYTE),
    "recv": (E.ECONNRESET, E.EINTR),
    "send": (E.ECONNRESET, E.EPIPE, E.ENOBUFS, E.ENOMEM, E.EAGAIN, E.EINTR, ONE_BYTE),
    "accept": (E.EMFILE, E.ENFILE, E.ENOMEM, E.ENOBUFS, E.ECONNABORTED, E.EINTR, E.EPROTO, E.EPERM),
    "connect": (E.EADDRNOTAVAIL, E.ENOBUFS, E.EAGAIN, E.EACCES, E.ETIMEDOUT, E.EINTR),
    "socket": (E.EMFILE, E.ENFILE, E.ENOBUFS, E.ENOMEM, E.EAFNOSUPPORT),
    "bind": (E.EADDRINUSE, E.EACCES, E.ENOMEM),
    "listen": (E.EADDRINUSE,),
    "shutdown": (E.ENOTCONN,),
    "setsockopt": (E.ENOMEM, E.EINVAL, E.ENOPROTOOPT),
    "getsockopt": (E.ENOBUFS,),
    "getsockname": (E.ENOBUFS,),
    "ioctl": (E.ENOTTY,),
    "fcntl": (E.EMFILE,),
    "epoll_create": (E.EMFILE, E.ENOMEM),
    "epoll_add": (E.ENOSPC, E.ENOMEM),
    "epoll_wait": (E.EINTR,),
    "poll": (E.ENOMEM, E.EINTR),
    "eventfd": (E.EMFILE, E.ENOMEM),
    "pipe": (E.EMFILE,),
    "open": (E.EMFILE, E.ENFILE, E.EACCES, E.EIO, E.ENOMEM),
    "opendir": (E.EMFILE, E.ENOMEM),
    "stat": (E.EIO, E.ENOMEM),
    "readlink": (E.EIO,),
    "unlink": (E.EACCES,),
    "rename": (E.ENOSPC,),
    "chmod": (E.EPERM,),
    "inotify_init": (E.EMFILE,),
    "inotify_add": (E.ENOSPC,),
    "mmap": (E.ENOMEM,),
    "thread": (E.EAGAIN,),
    "getaddrinfo": (-socket.EAI_MEMORY, -socket.EAI_AGAIN),
    "malloc": (E.ENOMEM,),
    "new": (E.ENOMEM,),
}
# How a client sees that its connection or request has failed.
FAILED = (OSError, AssertionError, Incomplete, ValueError, h2.exceptions.ProtocolError)
ALLOCATIONS = ("malloc", "new")
# Errors that last for a while on a real machine.
LASTING = (E.EMFILE, E.ENFILE, E.ENOBUFS, E.ENOSPC, E.EACCES, E.EIO, E.ENOMEM, ONE_BYTE)
# libuv's own signal pipe, which it makes after mantlet has tried (io/loop.cc): it aborts without it.
EXEMPT_STARTS = {("pipe", 2)}


def periods(call, error):
    """How often the call may fail during the traffic: every so many calls."""
    if error == E.EINTR:  # a call that is always interrupted is tried for ever
        return 2, 3, 7
    return (1, 2, 3, 7) if error in LASTING and call not in (*ALLOCATIONS, "accept") else (2, 3, 7)


def error_name(error):
    if error == ONE_BYTE:
        return "one byte"
    return errno.errorcode.get(error, str(error))


class Orders:
    """The library for LD_PRELOAD (`env`), and the orders for the process that has loaded it. Skips the test where the
    library cannot be built.
    """

    def __init__(self, directory, allocations):
        directory = pathlib.Path(directory)
        library, self._file = directory / "inject_faults.so", directory / "orders"
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-fexceptions", "-Wall", "-Werror",
                        *(["-DINJECT_ALLOCATIONS"] if allocations else []), "-o", str(library), str(SOURCE)],
                       check=True, timeout=scaled(30))
        preloaded = str(library)
        if "address" in proxy_module.sanitizers():  # its calls go through this library, and it wants to be the first
            preloaded = f"{self._asan(compiler)}:{preloaded}"
        # A process that ends because of a fault leaves libuv's handles behind.
        self.env = {"LD_PRELOAD": preloaded, "INJECT_FAULTS_FILE": str(self._file), "ASAN_OPTIONS": "detect_leaks=0"}
        self.clear()

    @staticmethod
    def _asan(compiler):
        return subprocess.run([compiler, "-print-file-name=libasan.so"], check=True, capture_output=True,
                              text=True).stdout.strip()

    def clear(self):
        """No call fails, and all counts are 0."""
        self._file.write_bytes(bytes(8 * (5 + len(CALLS))))

    def _write(self, *values):
        with self._file.open("r+b") as file:
            file.write(struct.pack(f"{len(values)}q", *values))

    def disarm(self):
        self._write(0, 0, 0, 0)

    def arm(self, call, error, after=1, every=0):
        """The call fails: the `after`-th from now, and if `every` is not 0 also each so many calls later."""
        first = self.counts()[call] + after
        self.disarm()
        self._write(list(CALLS).index(call), error, first, every, 0)

    @property
    def injected(self):
        return struct.unpack_from("q", self._file.read_bytes(), 32)[0]

    def counts(self):
        return dict(zip(CALLS, struct.unpack_from(f"{len(CALLS)}q", self._file.read_bytes(), 40)))


def free_port():
    """Returns a port below those that the kernel gives to others meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def serve_h2(connection, _):
    server = h2_upstreams.H2Server(connection)
    for stream, _, body, _ in server.requests():
        server.answer(stream, body=b"%d" % len(body))


class Rig:
    """A proxy with everything that mantlet does, its clients and applications, and the verdicts about it."""

    def __init__(self, directory):
        allocations = not is_sanitized()  # a sanitizer's allocator cannot be replaced
        self.directory = pathlib.Path(directory)
        self.pki = pki_module.Pki(self.directory / "pki")
        self.orders = Orders(self.directory, allocations)
        self.applications = [Echo(), Scripted(serve_h2)]
        self.ports = {}
        self.server = [self.pki.ca.server() for _ in range(2)]
        self.files = self.pki.write(self.server[0], "rotated")
        self.turn = 0
        foreign = pki_module.Pki(self.directory / "foreign")
        self.tls = clients.context(self.pki)
        self.tls12 = clients.context(self.pki, maximum=ssl.TLSVersion.TLSv1_2)
        self.h2 = http2.context(self.pki)
        self.refused = {"nobody": clients.context(self.pki, client=None),
                        "a stranger": clients.context(self.pki, client=foreign.client_files),
                        "a stranger with TLS 1.2": clients.context(self.pki, client=foreign.client_files,
                                                                   maximum=ssl.TLSVersion.TLSv1_2)}
        self.proxy = None
        self.started = 0
        self.drain_began = {}

    def configuration(self):
        chain, key = self.files
        config = proxy_module.configuration(
            self.pki, f"localhost:{self.applications[0].port}",
            listener={"address": f"127.0.0.1:{self.ports['public']}",
                      "tls": {"certificates": [{"chain": chain, "key": key}]}},
            upstream_options={"resolve_interval": "1s"},
            workers=1, reload={"interval": "0"}, sandbox={"landlock": False, "seccomp": False},
            log={"access": str(self.directory / "access.log")},
            shutdown={"drain": "1s", "idle_grace": "20ms"})
        config["metrics"]["address"] = f"127.0.0.1:{self.ports['metrics']}"
        config["admin"]["address"] = f"127.0.0.1:{self.ports['admin']}"
        second = {"name": "second", "upstream": "h2app", "address": f"127.0.0.1:{self.ports['second']}"}
        config["listeners"].append(proxy_module.merge(config["listeners"][0], second))
        config["upstreams"].append({"name": "h2app", "address": str(self.applications[1]), "protocol": "h2c"})
        return config

    # ---- the process

    def launch(self):
        self.started += 1
        # New ones: without SO_REUSEADDR, if that call failed, the closed connections of the last process keep its ports.
        self.ports = {}
        for name in ("public", "second", "metrics", "admin"):
            self.ports[name] = next(port for port in iter(free_port, None) if port not in self.ports.values())
        self.proxy = proxy_module.Proxy(self.directory / f"run{self.started % 10}", self.configuration(),
                                        env=self.orders.env)
        self.proxy.start(wait=False)
        return self.proxy

    def running(self):
        return self.proxy is not None and self.proxy.process.poll() is None

    def ensure_running(self):
        if self.running():
            return
        self.orders.clear()
        self.launch()
        wait_until(lambda: not self.running() or self.serves(), 10, "the first response")
        assert self.running(), "\n".join(self.proxy.err.lines)
        self.traffic(strict=True)
        self.idle_descriptors = self.descriptors()

    def serves(self):
        try:
            return self.get().status == 200
        except FAILED:
            return False

    def descriptors(self):
        """What the process holds open while it is idle."""
        for application in self.applications:
            application.drop_connections()

        def settled():
            try:
                return [os.readlink(f"/proc/{self.proxy.process.pid}/fd/{fd}")
                        for fd in os.listdir(f"/proc/{self.proxy.process.pid}/fd")]
            except FileNotFoundError:
                return None

        return len(wait_until(settled, 5, "descriptors"))

    def kill(self):
        if self.running():
            self.orders.disarm()
            self.proxy.process.kill()
            self.proxy.process.wait()

    def close(self):
        self.kill()
        for application in self.applications:
            application.close()

    def count_calls(self):
        """Returns how many calls of each kind there are in a start, in traffic, and in a drain."""
        self.orders.clear()
        self.launch()
        wait_until(self.serves, 10, "the start")
        started = self.orders.counts()
        self.kill()
        self.ensure_running()
        before = self.orders.counts()
        self.traffic(strict=True)
        after = self.orders.counts()
        self.try_drain("read.socket", 0, 10**9)
        end = self.orders.counts()
        return started, {call: after[call] - before[call] for call in CALLS}, \
            {call: end[call] - self.drain_began[call] for call in CALLS}

    # ---- its clients

    def address(self, name="public"):
        return "127.0.0.1", self.ports[name]

    def raw(self, context=None, name="public"):
        return clients.RawClient(self.address(name), context or self.tls, timeout=8)

    def get(self, context=None):
        with self.raw(context) as client:
            return client.get()

    def keep_alive(self):
        with self.raw() as client:
            for target in ("/", "/bytes/100000", "/chunked/20000"):
                assert client.get(target).status == 200
            body = bytes(200000)
            head = f"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            assert client.exchange(head + body, "POST").status == 200

    def tls_1_2(self):
        assert self.get(self.tls12).status == 200

    def streams(self, name="public"):
        with http2.Client(self.address(name), self.h2, timeout=8) as client:
            numbers = [client.begin("/bytes/50000") for _ in range(3)]
            for number in numbers:
                assert client.wait(number).status == 200 and client.streams[number].ended
            assert client.request(body=bytes(100000), trailers=[("x-sum", "1")]).status == 200

    def unverified(self):
        for who, context in self.refused.items():
            try:
                reply = self.get(context)
            except TimeoutError:
                raise
            except FAILED:
                continue
            raise Accepted(f"{who} was let in: {reply}")

    def endpoint(self, name, path, method="GET"):
        with socket.create_connection(self.address(name), timeout=scaled(8)) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Content-Length: 0\r\n\r\n".encode())
            received = b""
            while more := connection.recv(65536):
                received += more
        assert received.startswith(b"HTTP/1.1 200 "), received[:200]
        return received

    def scrape(self):
        assert b"mantlet_build_info" in self.endpoint("metrics", "/metrics")

    def rotate(self):
        self.turn += 1
        rotation.write_by_rename(self.server[self.turn % 2], self.files)
        self.endpoint("admin", "/reload", "POST")
        self.check_served()

    def check_served(self):
        with self.raw() as client:
            served = x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True)).serial_number
        assert served == self.server[self.turn % 2].certificate.serial_number, "the old certificate is served"

    def reopen(self):
        self.proxy.signal(signal.SIGUSR1)

    STEPS = (keep_alive, tls_1_2, streams, lambda self: self.streams("second"), unverified, scrape, rotate, reopen)

    def traffic(self, strict=False):
        """A bit of everything. Errors are the clients' to bear, unless `strict`; that nothing comes is an error."""
        for step in self.STEPS:
            if not self.running():
                return
            try:
                step(self)
            except TimeoutError:
                raise Fault(f"{getattr(step, '__name__', step)} hangs") from None
            except FAILED:
                if strict:
                    raise

    # ---- verdicts

    def try_fault(self, call, error, after=1, every=0):
        """Runs the traffic while the call fails. Raises Fault unless mantlet copes. Returns whether it has failed."""
        self.ensure_running()
        cpu, begin = self.proxy.cpu_seconds(), time.monotonic()
        self.orders.arm(call, error, after, every)
        try:
            self.traffic()
            injected = self.orders.injected
            self.orders.disarm()
            if self.running():
                self.recovers()
        finally:
            self.orders.disarm()
        if not self.running():
            self.check_death(call)
            return True
        wall = time.monotonic() - begin
        used = self.proxy.cpu_seconds() - cpu
        if used > scaled(0.4) + 0.5 * wall:
            raise Fault(f"{used:.2f} s of CPU time in {wall:.2f} s")
        wait = time.monotonic() + scaled(3)
        while (now := self.descriptors()) > self.idle_descriptors:
            if time.monotonic() > wait:
                raise Fault(f"{now} descriptors instead of {self.idle_descriptors}")
            time.sleep(0.02)
        return injected > 0

    def try_outage(self, error):
        """While no connection can be accepted, the open ones are served. Raises Fault unless that is so."""
        self.ensure_running()
        with self.raw() as client, contextlib.ExitStack() as stack:
            client.get()
            cpu, begin = self.proxy.cpu_seconds(), time.monotonic()
            self.orders.arm("accept", error, every=1)
            try:
                waiting = [stack.enter_context(socket.create_connection(self.address())) for _ in range(3)]
                while time.monotonic() < begin + 0.6:
                    if client.get().status != 200:
                        raise Fault("the open connection is not served")
                    time.sleep(0.02)
                used = self.proxy.cpu_seconds() - cpu
                attempts = self.orders.injected
            finally:
                self.orders.disarm()
            if attempts == 0:
                raise Fault("nothing was accepted")
            if used > scaled(0.3):
                raise Fault(f"{used:.2f} s of CPU time in 0.6 s, {attempts} attempts")
            for connection in waiting:  # they have waited in the queue
                connection.settimeout(scaled(8))
                with self.tls.wrap_socket(connection, server_hostname="localhost") as tls:
                    tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if not tls.recv(100).startswith(b"HTTP/1.1 200 "):
                        raise Fault("a connection that has waited is not served")
        self.recovers()

    def recovers(self):
        """Everything works again soon."""
        deadline = time.monotonic() + scaled(6)
        while True:
            try:
                self.traffic(strict=True)
                return
            except FAILED as error:
                if time.monotonic() > deadline:
                    raise Fault(f"does not recover: {error!r}") from error
                time.sleep(0.05)

    def check_death(self, call):
        status = self.proxy.wait()
        said = "\n".join(line[-300:] for line in self.proxy.err.lines[-3:])
        if call in ALLOCATIONS and status == 1 and OUT_OF_MEMORY in said:
            return
        raise Fault(f"ended with status {status}: {said}")

    def try_start(self, call, error, after, every=0):
        """Starts a process of which the call fails. Raises Fault unless it serves, or says why not and ends."""
        self.stop_quietly()
        self.orders.clear()
        self.orders.arm(call, error, after, every)
        begin = time.monotonic()
        self.launch()
        try:
            wait_until(lambda: not self.running() or self.serves(), 8, "service or an end", interval=0.01)
        except AssertionError:
            raise Fault("neither serves nor ends: " + "\n".join(self.proxy.err.lines[-5:])) from None
        injected = self.orders.injected
        self.orders.disarm()
        if self.running():
            self.recovers()
        if self.running():  # an allocation of another thread may have failed after the first response
            used = self.proxy.cpu_seconds()
            if used > scaled(0.6) + 0.5 * (time.monotonic() - begin):
                raise Fault(f"{used:.2f} s of CPU time")
            self.end()
            return injected > 0
        status = self.proxy.wait()
        said = [line for line in self.proxy.err.lines + self.proxy.out.lines if not line.startswith("{")]
        silent = call == "write.standard"
        if status not in (1, 78) or not (silent or len(said) == 1 and said[0].startswith("mantlet: ")):
            raise Fault(f"ended at its start with status {status} and {said}")
        return True

    def end(self):
        """A drain; the process is idle."""
        try:
            status = self.proxy.stop(6)
        except AssertionError as error:
            raise Fault(f"does not end: {str(error)[-300:]}") from None
        if status != 0:
            raise Fault(f"ended with status {status}: " + "\n".join(self.proxy.err.lines[-5:]))

    def try_drain(self, call, error, after, every=0):
        """Drains while the call fails, with an idle connection and one whose response is under way."""
        self.ensure_running()
        with contextlib.ExitStack() as stack:
            busy, idle = stack.enter_context(self.raw()), stack.enter_context(self.raw())
            idle.get()
            busy.send("GET /slow/0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: self.applications[0].requests[-1].target == "/slow/0.1", 5, "the slow request")
            self.drain_began = self.orders.counts()
            self.orders.arm(call, error, after, every)
            self.proxy.process.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            try:
                self.proxy.wait(6)
            except AssertionError as problem:
                raise Fault(f"does not end: {str(problem)[-300:]}") from None
            injected = self.orders.injected
            if self.proxy.process.returncode != 0:
                self.check_death(call)
            elif time.monotonic() - begin > scaled(3.5):
                raise Fault("the drain took too long")
        return injected > 0

    def stop_quietly(self):
        if self.running():
            self.orders.disarm()
            self.end()


class Fault(Exception):
    """mantlet has not coped."""


class Accepted(Fault):
    """A client was let in that must not be."""
