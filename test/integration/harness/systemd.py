"""A service manager's side of the notification protocol."""

import socket

from .timing import wait_until


class NotifySocket:
    """The receiving end of $NOTIFY_SOCKET."""

    def __init__(self, path, abstract=False):
        self.name = ("@" if abstract else "") + str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + str(path) if abstract else str(path))
        self.socket.setblocking(False)
        self.messages = []

    def collect(self):
        while True:
            try:
                self.messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.messages

    def lines(self):
        return [line for message in self.collect() for line in message.splitlines()]

    def wait(self, line, timeout=10):
        wait_until(lambda: line in self.lines(), timeout, f"{line!r} among {self.messages}")
