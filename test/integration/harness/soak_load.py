"""Clients of a soak: honest ones, whose failures count, and hostile ones, which only have to harm nobody."""

import os
import random
import socket
import ssl
import struct
import threading
import time

from . import clients, http2
from .messages import Incomplete
from .timing import scaled

ERRORS = (OSError, ssl.SSLError, Incomplete, AssertionError, ValueError)
SETTINGS, RST_STREAM, PING = 4, 3, 6
UNSTEADY = {502, 503, 504}


class Honest(threading.Thread):
    """Sends requests of one kind until stop(). `failures` has what was no answer, or not the right one."""

    def __init__(self, soak, listener, number):
        super().__init__(daemon=True)
        self.soak, self.listener = soak, listener
        self.random = random.Random(number)
        self.answers, self.failures, self.stopped = 0, [], False

    def run(self):
        while not self.stopped:
            try:
                self.converse()
            except ERRORS as error:
                if not self.may_break():
                    self.failures.append(f"{type(self).__name__} {self.listener}: {error!r}")
                time.sleep(0.1)

    def may_break(self):
        """A response that the application had begun when it ended is cut, and so is its connection."""
        return self.listener == "unsteady" and time.monotonic() - self.soak.restarted_at < scaled(3)

    def address(self):
        return self.soak.address(self.listener)

    def count(self, status, right=True):
        if self.listener == "unsteady" and (status in UNSTEADY or status is None and self.may_break()):
            return
        if status == 200 and right:
            self.answers += 1
        else:
            self.failures.append(f"{type(self).__name__} {self.listener}: {status}, right: {right}")


class Http1(Honest):
    """Keep-alive connections with some requests each: GET, uploads with a length and in chunks, downloads."""

    def converse(self):
        with clients.RawClient(self.address(), self.soak.tls) as client:
            for _ in range(self.random.choice((1, 3, 100))):
                reply, right = self.request(client)
                self.count(reply.status, right(reply))
                if self.stopped or reply.headers.get("Connection") == "close":
                    return

    def request(self, client):
        kind, size = self.random.randrange(4), self.random.choice((1, 1000, 100_000))
        if kind == 0:
            return client.get("/"), lambda reply: True
        if kind == 1:
            return client.get(f"/bytes/{size}"), lambda reply: len(reply.body) == size
        head = "POST / HTTP/1.1\r\nHost: localhost\r\n"
        if kind == 2:
            return client.exchange((head + f"Content-Length: {size}\r\n\r\n").encode() + bytes(size)), lambda reply: True
        chunk = b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n"
        return client.exchange((head + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunk), lambda reply: True


class Http2(Honest):
    """Connections with several requests at a time. A refused stream or GOAWAY is an invitation to try again."""

    def converse(self):
        with http2.Client(self.address(), self.soak.tls_h2) as client:
            for _ in range(self.random.choice((1, 5, 50))):
                numbers = [client.begin(f"/bytes/{self.random.choice((1, 1000, 50_000))}") for _ in range(5)]
                body = bytes(self.random.choice((10, 30_000)))
                numbers.append(client.begin("/", "POST", end=False))
                client.send(numbers[-1], body, end=True)
                for number in numbers:
                    stream = client.wait(number)
                    if not (client.goaways and not stream.ended):
                        self.count(stream.status)
                if self.stopped or client.goaways:
                    return


def harm(soak, kind):
    """One hostile connection, or a few, of the given kind. Whatever mantlet answers is right."""
    try:
        HOSTILE[kind](soak)
    except ERRORS:
        pass


def _connections(soak):
    made = [socket.create_connection(soak.address("steady"), timeout=scaled(5)) for _ in range(50)]
    for each in made:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", random.randrange(2), 0))
        each.close()


def _garbage(soak):
    with socket.create_connection(soak.address("steady"), timeout=scaled(2)) as client:
        client.sendall(os.urandom(2000))
        client.recv(100)


def _no_certificate(soak):
    clients.RawClient(soak.address("steady"), soak.anonymous).get()


def _revoked(soak):
    clients.RawClient(soak.address("steady"), soak.revoked).get()


def _aborted_upload(soak):
    client = clients.RawClient(soak.address("steady"), soak.tls)
    client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(100_000))
    client.reset()


def _unread_download(soak):
    with clients.RawClient(soak.address("steady"), soak.tls) as client:
        client.send(b"GET /bytes/3000000 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        time.sleep(1)


def _half_head(soak):
    with clients.RawClient(soak.address("steady"), soak.tls) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: lo")
        time.sleep(1)


def _bad_request(soak):
    with clients.RawClient(soak.address("steady"), soak.tls) as client:
        client.exchange(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")


def _rapid_reset(soak):
    with http2.Client(soak.address("steady"), soak.tls_h2) as client:
        for _ in range(2000):
            client.reset(client.begin("/"))


def _frames(soak, frame):
    with http2.Client(soak.address("steady"), soak.tls_h2) as client:
        while client.raw(frame * 200):
            pass


HOSTILE = {
    "connections": _connections, "garbage": _garbage, "no certificate": _no_certificate, "revoked": _revoked,
    "aborted upload": _aborted_upload, "unread download": _unread_download, "half a head": _half_head,
    "bad request": _bad_request, "rapid reset": _rapid_reset,
    "PING flood": lambda soak: _frames(soak, http2.frame(PING, 0, 0, bytes(8))),
    "SETTINGS flood": lambda soak: _frames(soak, http2.frame(SETTINGS, 0, 0)),
}
