"""The protocol by which a process takes over listening sockets (proxy/server/handover_message.h), for tests that stop
in the middle of it or break it."""

import socket
import struct

from .timing import scaled

VERSION = 1
HELLO, SOCKETS, NEXT, END, READY, DONE, REFUSED = range(1, 8)


def message(kind, contents=b"", version=VERSION):
    return b"MNTU" + struct.pack("!HB", version, kind) + contents


def connection(path=None):
    """A socket of the right kind, connected to the path."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.settimeout(scaled(15))
    if path:
        made.connect(str(path))
    return made


class Successor:
    """A process that asks for the sockets. `sockets` has (name, socket) for each that it got."""

    def __init__(self, path):
        self.channel = connection(path)
        self.sockets = []

    def ask(self, data):
        """Sends a message and returns the answer as (type, contents)."""
        self.channel.send(data)
        return self.receive()

    def receive(self):
        data, descriptors, _, _ = socket.recv_fds(self.channel, 65536, 250)
        assert data[:4] == b"MNTU", data
        kind, contents = data[6], data[7:]
        if kind == SOCKETS:
            size, = struct.unpack("!H", contents[1:3])
            self.sockets += [(contents[3:3 + size].decode(), socket.socket(fileno=each)) for each in descriptors]
        return kind, contents

    def receive_all(self):
        kind, _ = self.ask(message(HELLO))
        while kind == SOCKETS:
            kind, _ = self.ask(message(NEXT))
        assert kind == END
        return self

    def close(self):
        self.channel.close()
        for _, each in self.sockets:
            each.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
