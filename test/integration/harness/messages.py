"""Reads HTTP/1 messages from a socket and keeps every byte. It is stricter than common libraries."""


class Incomplete(Exception):
    """The connection ended inside a message. `got` has the received bytes."""

    def __init__(self, got=b""):
        super().__init__(f"connection ended inside a message after {len(got)} bytes")
        self.got = got


class Headers(list):
    """(name, value) pairs as received, names in the case they had."""

    def all(self, name):
        return [value for have, value in self if have.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def names(self):
        return [name.lower() for name, _ in self]


class Message:
    def __init__(self, start_line, headers, body, trailers=(), raw_head=b"", framing="none"):
        self.start_line = start_line
        self.headers = headers
        self.body = body
        self.trailers = Headers(trailers)
        self.raw_head = raw_head
        self.framing = framing  # "none" | "length" | "chunked" | "close"

    @property
    def method(self):
        return self.start_line.split(" ")[0]

    @property
    def target(self):
        return self.start_line.split(" ")[1]

    @property
    def version(self):
        words = self.start_line.split(" ")
        return words[0] if words[0].startswith("HTTP/") else words[2]

    @property
    def status(self):
        return int(self.start_line.split(" ")[1])

    def __repr__(self):
        return f"<{self.start_line!r} {list(self.headers)} body={self.body[:80]!r}>"


class Reader:
    """Reads messages from any object with recv()."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Incomplete(self.buffer)
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        parts, have = [self.buffer[:count]], len(self.buffer[:count])
        self.buffer = self.buffer[count:]
        while have < count:
            data = self.sock.recv(min(1 << 20, count - have))
            if not data:
                raise Incomplete(b"".join(parts))
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def to_end(self):
        try:
            while True:
                self._more()
        except Incomplete:
            rest, self.buffer = self.buffer, b""
            return rest

    def at_end(self):
        """Waits for the end of the connection; returns True if no further bytes came."""
        return not self.buffer and not self.sock.recv(1)

    def head(self):
        raw = self.until(b"\r\n\r\n")
        start, *lines = raw.decode("latin-1").split("\r\n")
        headers = Headers()
        for line in lines:
            name, _, value = line.partition(":")
            headers.append((name, value.strip(" \t")))
        return Message(start, headers, b"", raw_head=raw + b"\r\n\r\n")

    def _chunked(self, sink):
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            sink(self.exactly(size))
            assert self.exactly(2) == b"\r\n"
        trailers = Headers()
        while True:
            line = self.until(b"\r\n").decode("latin-1")
            if not line:
                return trailers
            name, _, value = line.partition(":")
            trailers.append((name, value.strip()))

    def _body(self, message, framing, length):
        parts = []
        message.framing = framing
        try:
            if framing == "chunked":
                message.trailers = self._chunked(parts.append)
            elif framing == "length":
                parts.append(self.exactly(length))
            elif framing == "close":
                parts.append(self.to_end())
        except Incomplete as error:
            raise Incomplete(b"".join(parts) + error.got) from None
        message.body = b"".join(parts)
        return message

    def request(self):
        message = self.head()
        return self.request_body(message)

    def request_body(self, message):
        if "chunked" in (message.headers.get("Transfer-Encoding") or "").lower():
            return self._body(message, "chunked", 0)
        length = message.headers.get("Content-Length")
        return self._body(message, "length" if length is not None else "none", int(length or 0))

    def response(self, to="GET"):
        """Returns the next response; `to` is the method of its request. 1xx responses are returned as well."""
        message = self.head()
        status = message.status
        if to == "HEAD" or status < 200 or status in (204, 304) or (to == "CONNECT" and status < 300):
            return message
        if "chunked" in (message.headers.get("Transfer-Encoding") or "").lower():
            return self._body(message, "chunked", 0)
        length = message.headers.get("Content-Length")
        if length is not None:
            return self._body(message, "length", int(length))
        return self._body(message, "close", 0)
