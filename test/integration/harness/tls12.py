"""A TLS 1.2 client that does not check its own certificate. Libraries refuse to load certificates with damaged names,
but an attacker does not use a library. It supports only ECDHE with AES-128-GCM and the messages of a handshake; it
does not verify the server.
"""

import hmac
import os
import socket
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .timing import scaled

ALERT, HANDSHAKE, DATA, CHANGE_CIPHER_SPEC = 21, 22, 23, 20
SUITES = (0xc02b, 0xc02f)  # ECDHE-ECDSA and ECDHE-RSA with AES-128-GCM-SHA256


class Alert(Exception):
    """The server ended the handshake; `code` is the alert's number."""

    def __init__(self, code):
        super().__init__(f"alert {code}")
        self.code = code


def prf(secret, label, seed, size):
    seed, out, a = label + seed, b"", label + seed
    while len(out) < size:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + seed, "sha256")
    return out[:size]


def vector(data, width):
    return len(data).to_bytes(width, "big") + data


def extension(number, data):
    return struct.pack("!H", number) + vector(data, 2)


def hello_body(server_name="localhost", version=0x0303, suites=SUITES, groups=(29,), extensions=b""):
    """A ClientHello's body. Its random part is new each time."""
    name = extension(0, vector(b"\0" + vector(server_name.encode(), 2), 2)) if server_name else b""
    usual = (name + extension(10, vector(b"".join(struct.pack("!H", g) for g in groups), 2)) + extension(11, b"\x01\x00")
             + extension(13, vector(bytes.fromhex("0403080404010503080505010806060102010203"), 2)))
    return (struct.pack("!H", version) + os.urandom(32) + b"\0"
            + vector(b"".join(struct.pack("!H", s) for s in suites), 2) + b"\x01\x00" + vector(usual + extensions, 2))


class Client:
    """Connects and performs the handshake; send(), recv() and close() are those of a socket. chain is a list of
    DER certificates, key the private key that fits the first, or another.
    """

    def __init__(self, address, chain=(), key=None, server_name="localhost", timeout=10, hello=None):
        self._socket = socket.create_connection(address, timeout=scaled(timeout))
        self._buffer, self._messages, self._transcript = b"", b"", b""
        self._write_key = self._read_key = None
        self._sent = self._received = 0
        try:
            self._shake_hands(list(chain), key, hello or hello_body(server_name))
        except BaseException:
            self._socket.close()
            raise

    # -- records

    def _send_record(self, kind, data):
        if self._write_key:
            nonce = struct.pack("!Q", self._sent)
            header = nonce + struct.pack("!BHH", kind, 0x0303, len(data))
            data = nonce + AESGCM(self._write_key[0]).encrypt(self._write_key[1] + nonce, data, header)
            self._sent += 1
        self._socket.sendall(struct.pack("!BHH", kind, 0x0303, len(data)) + data)

    def _take(self, count):
        while len(self._buffer) < count:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection")
            self._buffer += more
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _read_record(self):
        kind, _, length = struct.unpack("!BHH", self._take(5))
        data = self._take(length)
        if self._read_key:
            header = struct.pack("!QBHH", self._received, kind, 0x0303, length - 24)
            data = AESGCM(self._read_key[0]).decrypt(self._read_key[1] + data[:8], data[8:], header)
            self._received += 1
        if kind == ALERT:
            if data == b"\x01\x00":
                raise ConnectionError("close_notify")
            raise Alert(data[1])
        return kind, data

    # -- the handshake

    def _say(self, kind, body):
        message = bytes([kind]) + vector(body, 3)
        self._transcript += message
        for start in range(0, len(message), 16384):
            self._send_record(HANDSHAKE, message[start:start + 16384])

    def _hear(self, transcript=True):
        while len(self._messages) < 4 or len(self._messages) < 4 + int.from_bytes(self._messages[1:4], "big"):
            kind, data = self._read_record()
            assert kind == HANDSHAKE, kind
            self._messages += data
        end = 4 + int.from_bytes(self._messages[1:4], "big")
        message, self._messages = self._messages[:end], self._messages[end:]
        if transcript:
            self._transcript += message
        return message[0], message[4:]

    def _shake_hands(self, chain, key, hello):
        self._say(1, hello)
        asked, share, server_random = False, b"", b""
        while True:
            kind, body = self._hear()
            if kind == 2:
                server_random = body[2:34]
            elif kind == 12:
                share = body[4:4 + body[3]]
            elif kind == 13:
                asked = True
            elif kind == 14:
                break
        if asked:
            self._say(11, vector(b"".join(vector(der, 3) for der in chain), 3))
        mine = x25519.X25519PrivateKey.generate()
        self._say(16, vector(mine.public_key().public_bytes(serialization.Encoding.Raw,
                                                            serialization.PublicFormat.Raw), 1))
        if asked and chain:
            signature = key.sign(self._transcript, ec.ECDSA(hashes.SHA256()))
            self._say(15, b"\x04\x03" + vector(signature, 2))
        randoms = hello[2:34], server_random
        master = prf(mine.exchange(x25519.X25519PublicKey.from_public_bytes(share)), b"master secret",
                     randoms[0] + randoms[1], 48)
        keys = prf(master, b"key expansion", randoms[1] + randoms[0], 40)
        self._send_record(CHANGE_CIPHER_SPEC, b"\x01")
        self._write_key = keys[:16], keys[32:36]
        self._say(20, self._finished(master, b"client finished"))
        expected = self._finished(master, b"server finished")
        while True:
            kind, data = self._read_record()
            if kind == CHANGE_CIPHER_SPEC:
                break
            self._messages += data  # a session ticket
            self._transcript += data
            self._messages = b""
            expected = self._finished(master, b"server finished")
        self._read_key = keys[16:32], keys[36:40]
        kind, body = self._hear(transcript=False)
        assert (kind, body) == (20, expected), "the server's Finished is wrong"

    def _finished(self, master, label):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self._transcript)
        return prf(master, label, digest.finalize(), 12)

    # -- a socket

    def sendall(self, data):
        self._send_record(DATA, data)

    def recv(self, _=0):
        try:
            kind, data = self._read_record()
        except ConnectionError:
            return b""
        assert kind == DATA
        return data

    def close(self):
        self._socket.close()
