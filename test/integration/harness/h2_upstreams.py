"""HTTP/2 upstreams: Python's h2, which runs a script frame by frame, and Node's server."""

import pathlib
import shutil
import socket
import subprocess

import h2.config
import h2.connection
import h2.events
import h2.settings

from .timing import wait_until
from .upstreams import Scripted


class H2Server:
    """Speaks HTTP/2 on one accepted connection. `connection` is h2's state machine.

    events() yields h2's events, after sending what they require; a script answers them through
    `connection` and calls flush().
    """

    def __init__(self, sock, settings=None):
        self.sock = sock
        self.connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False))
        if settings:
            self.connection.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.connection.initiate_connection()
        self.flush()

    def flush(self):
        self.sock.sendall(self.connection.data_to_send())

    def events(self):
        while True:
            data = self.sock.recv(65536)
            if not data:
                return
            for event in self.connection.receive_data(data):
                if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                    self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.flush()

    def requests(self):
        """Yields (stream, headers, body, trailers) for each request when it has ended."""
        open_requests = {}
        for event in self.events():
            if isinstance(event, h2.events.RequestReceived):
                open_requests[event.stream_id] = [event.headers, b"", []]
            elif isinstance(event, h2.events.DataReceived):
                open_requests[event.stream_id][1] += event.data
            elif isinstance(event, h2.events.TrailersReceived):
                open_requests[event.stream_id][2] = event.headers
            elif isinstance(event, h2.events.StreamEnded):
                yield event.stream_id, *open_requests.pop(event.stream_id)

    def answer(self, stream, body=b"", status="200", headers=(), trailers=()):
        self.connection.send_headers(stream, [(":status", status), *headers], end_stream=not body and not trailers)
        if body:
            self.connection.send_data(stream, body, end_stream=not trailers)
        if trailers:
            self.connection.send_headers(stream, list(trailers), end_stream=True)
        self.flush()


def answering(answer):
    """A script for Scripted that calls answer(server, stream, headers, body, trailers, number)."""

    def serve(sock, number):
        server = H2Server(sock)
        for request in server.requests():
            answer(server, *request, number)

    return serve


class Echo(Scripted):
    """Answers with the content of each request and its trailers; keeps the requests in `requests`."""

    def __init__(self, path=None):
        self.requests = []
        super().__init__(answering(self._answer), path)

    def _answer(self, server, stream, headers, body, trailers, number):
        self.requests.append((headers, body, trailers, number))
        server.answer(stream, body or b"empty", trailers=trailers)


class Node:
    """Node's http2 server, which runs `script`. The script listens on process.argv[2]."""

    def __init__(self, directory, script):
        executable = shutil.which("node")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        path = pathlib.Path(directory) / "server.js"
        path.write_text(script)
        self.address = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([executable, str(path), str(self.port)], stdin=subprocess.DEVNULL)

        def listening():
            assert self.process.poll() is None, "node has ended"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listening, 15, "node listening")

    def __str__(self):
        return self.address

    def close(self):
        self.process.terminate()
        self.process.wait()
