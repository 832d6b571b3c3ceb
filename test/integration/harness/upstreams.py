"""Upstreams for tests: one that describes each request, one that follows a script, and nginx."""

import hashlib
import json
import pathlib
import re
import socket
import struct
import subprocess
import threading
import time

from . import packages
from .messages import Incomplete, Reader
from .timing import scaled, wait_until


def response(status="200 OK", body=b"", headers=(), length=True):
    """The bytes of a response. length=False leaves Content-Length out."""
    lines = [f"HTTP/1.1 {status}"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def reset(connection):
    """Closes with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Scripted:
    """Runs `serve(connection, number)` in a thread for each connection; number counts from 1.

    Listens on a free port of 127.0.0.1, or on the Unix socket `path`. Exceptions
    of the script are kept in `errors`.
    """

    def __init__(self, serve, path=None, backlog=128):
        self._serve = serve
        self.connections = 0
        self.errors = []
        self._open = set()
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(str(path))
            self.address = f"unix:{path}"
        else:
            self.socket = socket.create_server(("127.0.0.1", 0))
            self.port = self.socket.getsockname()[1]
            self.address = f"127.0.0.1:{self.port}"
        self.socket.listen(backlog)
        threading.Thread(target=self._accept, daemon=True).start()

    def __str__(self):
        return self.address

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._run, args=(connection, self.connections), daemon=True).start()

    def _run(self, connection, number):
        try:
            connection.settimeout(scaled(60))
            self._serve(connection, number)
        except (OSError, Incomplete):
            pass  # the other side may close the connection
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)
        finally:
            self._open.discard(connection)
            connection.close()

    def drop_connections(self):
        """Ends every open connection."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        # shutdown() and not only close(), because a thread in accept() would keep the socket open.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.drop_connections()


class Echo(Scripted):
    """Answers every request with a JSON description of it, and keeps the requests in `requests`. Some targets do
    more: /status/CODE that status, without a body /bytes/N N bytes with Content-Length /chunked/N N bytes in
    chunks, a trailer at the end /close/N N bytes ended by the connection's end /slow/SECONDS the account after a
    while /headers?… nothing special
    """

    def __init__(self, path=None):
        self.requests = []
        super().__init__(self._talk, path, backlog=4096)

    def _talk(self, connection, number):
        reader = Reader(connection)
        while True:
            message = reader.head()
            if message.headers.get("Expect", "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            reader.request_body(message)
            message.connection = number
            self.requests.append(message)
            if not self.answer(connection, message):
                return
            if "close" in message.headers.get("Connection", "").lower():
                return

    def answer(self, connection, message):
        path = message.target.split("?")[0].split("/")
        head_only = message.method == "HEAD"
        kind = path[1] if len(path) > 2 else ""
        if kind == "status":
            code = int(path[2])
            connection.sendall(f"HTTP/1.1 {code} Status\r\n".encode()
                               + (b"" if code in (204, 304) else b"Content-Length: 0\r\n") + b"\r\n")
        elif kind == "bytes":
            size = int(path[2])
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            if not head_only:
                self._pour(connection, size)
        elif kind == "chunked":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            if not head_only:
                self._pour(connection, int(path[2]), chunked=True)
        elif kind == "close":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            if not head_only:
                self._pour(connection, int(path[2]))
            return False
        else:
            if kind == "slow":
                time.sleep(float(path[2]))
            body = json.dumps(self.account(message)).encode()
            data = response(body=body, headers=[("Content-Type", "application/json")])
            connection.sendall(data[:-len(body)] if head_only else data)
        return True

    @staticmethod
    def _pour(connection, size, chunked=False):
        block = bytes(range(256)) * 256
        while size > 0:
            part = block[:min(size, len(block))]
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
            size -= len(part)
        if chunked:
            connection.sendall(b"0\r\nX-Sum: done\r\n\r\n")

    @staticmethod
    def account(message):
        return {
            "method": message.method,
            "target": message.target,
            "version": message.version,
            "headers": list(message.headers),
            "trailers": list(message.trailers),
            "framing": message.framing,
            "body_size": len(message.body),
            "body_sha256": hashlib.sha256(message.body).hexdigest(),
            "connection": message.connection,
        }


def pattern(size):
    """The bytes that Echo's /bytes, /chunked and /close send."""
    block = bytes(range(256))
    return (block * (size // 256 + 1))[:size]


class Silent:
    """A port with a full backlog: connecting to it hangs."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self._fill = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.socket.getsockname())
            self._fill.append(filler)

    def __str__(self):
        return self.address

    def accept_all(self):
        """Accepts the connections in the backlog, so that a retry succeeds."""
        for _ in range(2):
            self._fill.append(self.socket.accept()[0])

    def close(self):
        for each in (*self._fill, self.socket):
            each.close()


def unused_port():
    """Returns a port without a listener (for the moment)."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Nginx:
    """Debian's nginx, unpacked and not installed, with a configuration of our own in the foreground."""

    CONFIG = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  keepalive_requests {keepalive_requests};
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    root {dir}/www;
    location /echo {{ add_header X-Xfcc "$http_x_forwarded_client_cert" always; return 200 "hello from nginx"; }}
    location /old {{ return 301 /new; }}
  }}
}}
"""

    def __init__(self, directory, keepalive_requests=1000):
        executable = packages.find("nginx", ("nginx-light", "nginx"), "usr/sbin/nginx")
        self.directory = pathlib.Path(directory)
        self.www = self.directory / "www"
        self.www.mkdir(parents=True)
        self.port = unused_port()
        self.address = f"127.0.0.1:{self.port}"
        config = self.directory / "nginx.conf"
        config.write_text(self.CONFIG.format(dir=self.directory, port=self.port,
                                             keepalive_requests=keepalive_requests))
        self.process = subprocess.Popen([executable, "-p", str(self.directory), "-e", "stderr", "-c", str(config)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

        def listening():
            assert self.process.poll() is None, self.process.stderr.read()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listening, 10, "nginx listening")

    def __str__(self):
        return self.address

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


def header_names(raw_head):
    """The header names of a raw head, in order, as written."""
    return re.findall(r"^([^:\r\n]+):", raw_head.decode("latin-1").split("\r\n", 1)[1], re.M)
