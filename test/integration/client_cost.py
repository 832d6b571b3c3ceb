"""Measures the memory that one client can make mantlet hold; tools/client-cost runs it.

Each state is measured with a proxy of its own, without limits.memory: resident memory before and after so many
clients are in that state, divided by their number. What the kernel holds for sockets is not part of it.
"""

import argparse
import pathlib
import re
import resource
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import clients, http2, pki as pki_module, upstreams  # noqa: E402
from harness import proxy as proxy_module  # noqa: E402

README = pathlib.Path(__file__).parents[2] / "config" / "README.md"
BEGIN = "<!-- tools/client-cost writes from here -->"
END = "<!-- to here -->"
HELLO = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + bytes(14_000)


class States:
    """Each method opens one client, brings it into its state and returns it."""

    def __init__(self, proxy, pki):
        self.proxy, self.pki, self.tls = proxy, pki, clients.context(pki)

    def _http1(self, request=None):
        client = clients.RawClient(self.proxy.address(), self.tls)
        return client.send(request) if request else client

    def silent(self):
        return socket.create_connection(self.proxy.address())

    def partial_hello(self):
        client = self.silent()
        client.sendall(HELLO)
        return client

    def idle(self):
        client = self._http1()
        client.get()
        return client

    def idle_http2(self):
        client = http2.connect(self.proxy, self.pki)
        client.get()
        return client

    def waiting_request(self):
        return self._http1(b"GET /slow/60 HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def waiting_streams(self):
        client = http2.connect(self.proxy, self.pki)
        for _ in range(100):
            client.begin("/slow/60")
        return client

    def unread_download(self):
        return self._http1(b"GET /bytes/30000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def unread_pipeline(self):
        return self._http1(b"GET /bytes/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300)

    def unread_streams(self):
        client = http2.connect(self.proxy, self.pki)
        for _ in range(100):
            client.begin("/bytes/1000000")
        return client

    def stalled_tunnel(self):
        client = self._http1(b"GET /tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                             b"Upgrade: websocket\r\n\r\n")
        client.response()
        threading.Thread(target=pour, args=(client.tls,), daemon=True).start()
        return client


# Method, how many clients, and what the table says.
ROWS = [
    ("silent", 1000, "has connected and sends nothing"),
    ("partial_hello", 500, "has sent a part of its ClientHello"),
    ("idle", 1000, "idle, HTTP/1.1"),
    ("idle_http2", 500, "idle, HTTP/2"),
    ("waiting_request", 300, "a request waits for the application, HTTP/1.1"),
    ("waiting_streams", 8, "100 requests wait for the application, HTTP/2"),
    ("unread_download", 60, "does not read a download, HTTP/1.1"),
    ("unread_pipeline", 60, "sends requests without reading the responses, HTTP/1.1"),
    ("unread_streams", 8, "does not read 100 downloads, HTTP/2"),
    ("stalled_tunnel", 40, "a WebSocket whose ends both send and do not read"),
]


def pour(connection):
    try:
        for _ in range(400):
            connection.sendall(bytes(65536))
    except OSError:
        pass


class Upstream(upstreams.Echo):
    """An Echo whose /tunnel switches protocols, sends and does not read."""

    def answer(self, connection, message):
        if message.target != "/tunnel":
            return super().answer(connection, message)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        pour(connection)
        time.sleep(60)
        return False


def settled(proxy):
    """Returns the resident memory when it no longer grows."""
    last = 0
    for _ in range(40):
        time.sleep(0.5)
        now = proxy.rss()
        if abs(now - last) < 64 * 1024:
            return now
        last = now
    return last


def measure(directory, pki, name, count):
    upstream = Upstream()
    config = proxy_module.configuration(
        pki, upstream, listener={"limits": {"handshakes": 10000}}, limits={"memory": "off"}, workers=1,
        log={"access": "off"}, upstream_options={"pool": {"connections": 4000}})
    proxy = proxy_module.Proxy(directory / name, config).start(True)
    try:
        states = States(proxy, pki)
        first = states.idle()
        before = settled(proxy)
        opened = [getattr(states, name)() for _ in range(count)]
        each = (settled(proxy) - before) / count
        del opened, first
        return each
    finally:
        proxy.process.kill()
        proxy.process.wait()
        upstream.close()


def text_of(size):
    return f"{size / 1024:.1f} KiB" if size < 100 * 1024 else f"{size / 1024 / 1024:.2f} MiB"


def main():
    parser = argparse.ArgumentParser(prog="tools/client-cost", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into config/README.md")
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    lines = ["| a client that | holds | with 10,000 of them |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        pki = pki_module.Pki(directory / "pki")
        for name, count, what in ROWS:
            each = measure(directory, pki, name, count)
            lines.append(f"| {what} | {text_of(each)} | {each * 10_000 / 1024 ** 2:,.0f} MiB |")
            print(lines[-1], flush=True)
    if arguments.write:
        table = "\n".join(lines)
        text = README.read_text()
        README.write_text(re.sub(f"{BEGIN}\n.*?{END}", f"{BEGIN}\n{table}\n{END}", text, flags=re.S))


if __name__ == "__main__":
    main()
