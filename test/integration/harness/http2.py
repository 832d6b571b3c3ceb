"""A client for HTTP/2 that is based on Python's `h2`. It sends what it is told to, even what the protocol forbids."""

import contextlib
import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.events
import h2.settings

from . import clients
from .timing import scaled

PROTOCOL_ERROR, CANCEL, ENHANCE_YOUR_CALM = 1, 8, 11


def frame(kind, flags, stream, payload=b""):
    """Returns the bytes of one frame (RFC 9113 section 4.1)."""
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


class Stream:
    """What the client has received on a stream."""

    def __init__(self):
        self.headers, self.trailers, self.interim = [], [], []
        self.body = bytearray()
        self.ended = False
        self.error = None  # the code of RST_STREAM

    @property
    def status(self):
        return int(dict(self.headers)[":status"]) if self.headers else None

    @property
    def over(self):
        return self.ended or self.error is not None


class Client:
    """One connection. It reads only inside its methods; with `acknowledge` it opens windows for what it has read."""

    def __init__(self, address, tls, acknowledge=True, settings=None, timeout=10):
        plain = socket.create_connection(address, timeout=scaled(timeout))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = tls.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
        assert self.tls.selected_alpn_protocol() == "h2", self.tls.selected_alpn_protocol()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        # h2 regards a connection as closed after GOAWAY, although streams in flight go on.
        machine = self.h2.state_machine
        is_open = h2.connection.ConnectionState.CLIENT_OPEN
        goaway = h2.connection.ConnectionInputs.RECV_GOAWAY
        machine._transitions = {**machine._transitions, (is_open, goaway): (None, is_open)}
        self.acknowledge = acknowledge
        self.streams = {}
        self.goaways = []  # (error code, last stream)
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        if data := self.h2.data_to_send():
            self.tls.sendall(data)

    def raw(self, data):
        """Sends bytes that h2 does not know of. Returns whether the connection took them."""
        try:
            self.flush()
            self.tls.sendall(data)
            return True
        except OSError:
            return False

    def begin(self, path="/", method="GET", fields=(), end=True, authority="localhost", pseudo=None):
        """Begins a request and returns the number of its stream."""
        number = self.h2.get_next_available_stream_id()
        head = pseudo if pseudo is not None else [(":method", method), (":scheme", "https"),
                                                  (":authority", authority), (":path", path)]
        self.streams[number] = Stream()
        self.h2.send_headers(number, [*head, *fields], end_stream=end)
        self.flush()
        return number

    def send(self, number, data, end=False):
        """Sends content as far as the windows allow, and reads while they are closed."""
        while data and not self.streams[number].over:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(data))
            if room > 0:
                self.h2.send_data(number, data[:room])
                data = data[room:]
                self.flush()
            elif not self.read():
                return
        if end and not self.streams[number].over:
            self.h2.end_stream(number)
            self.flush()

    def read(self):
        """Reads once. Returns False at the end of the connection."""
        try:
            data = self.tls.recv(65536)
        except (ssl.SSLError, ConnectionError):
            return False
        if not data:
            return False
        for event in self.h2.receive_data(data):
            self._handle(event)
        with contextlib.suppress(OSError):
            self.flush()
        return True

    def _handle(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((int(event.error_code), event.last_stream_id))
        elif stream is None:
            return
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream.interim.append(event.headers)
        elif isinstance(event, h2.events.ResponseReceived):
            stream.headers = event.headers
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = event.headers
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if self.acknowledge and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset) and event.remote_reset:
            stream.error = int(event.error_code)

    def wait(self, number):
        """Reads until the stream is over, or the connection."""
        while not self.streams[number].over and self.read():
            pass
        return self.streams[number]

    def until(self, condition):
        while not condition():
            assert self.read(), "the connection has ended"

    def get(self, path="/", **more):
        return self.wait(self.begin(path, **more))

    def request(self, path="/", method="POST", body=b"", trailers=(), **more):
        number = self.begin(path, method, end=False, **more)
        self.send(number, body, end=not trailers)
        if trailers:
            self.h2.send_headers(number, trailers, end_stream=True)
            self.flush()
        return self.wait(number)

    def reset(self, number, code=CANCEL):
        self.h2.reset_stream(number, code)
        self.flush()

    def read_to_end(self):
        while self.read():
            pass
        return self

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def context(pki, **more):
    return clients.context(pki, alpn=["h2"], **more)


def connect(proxy, pki, listener="public", client="default", **more):
    return Client(proxy.address(listener), context(pki, client=client), **more)
