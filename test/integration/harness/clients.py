"""Independent clients (curl, openssl, Python), and one that sends raw bytes over TLS."""

import http.client
import json
import shutil
import socket
import ssl
import struct
import subprocess

from .messages import Reader
from .timing import scaled


def context(pki, client="default", verify=True, minimum=None, maximum=None, ciphers=None, alpn=None):
    """An ssl.SSLContext that trusts the run's root. client: (chain, key) paths, "default", or None. OpenSSL's own
    checks of weak keys are disabled, because the proxy must reject them.
    """
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    result.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    result.minimum_version = minimum or ssl.TLSVersion.TLSv1_2
    if maximum:
        result.maximum_version = maximum
    result.load_verify_locations(pki.ca_file)
    if not verify:
        result.check_hostname = False
        result.verify_mode = ssl.CERT_NONE
    if client == "default":
        client = pki.client_files
    if client:
        result.load_cert_chain(*client)
    if alpn:
        result.set_alpn_protocols(alpn)
    return result


class RawClient:
    """A TLS connection for raw bytes, and a reader of the responses."""

    def __init__(self, address, tls, server_name="localhost", timeout=10, source=None):
        plain = socket.create_connection(address, timeout=scaled(timeout), source_address=source and (source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # Without suppress_ragged_eofs=False, Python reports a reset as a proper end.
            self.tls = (
                tls.wrap_socket(plain, server_hostname=server_name, suppress_ragged_eofs=False) if tls else plain
            )
        except BaseException:
            plain.close()
            raise
        self.reader = Reader(self.tls)

    def send(self, data):
        self.tls.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def response(self, to="GET"):
        return self.reader.response(to)

    def exchange(self, data, to="GET"):
        return self.send(data).response(to)

    def get(self, target="/", *headers):
        lines = "".join(f"{h}\r\n" for h in headers)
        return self.exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")

    def closed(self):
        """Waits for the end of the connection; returns True if no further bytes came."""
        try:
            return self.reader.at_end()
        except (ConnectionError, ssl.SSLError):
            return True

    def reset(self):
        self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tls.close()

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HalfClosingClient:
    """Sends close_notify and continues to read, which ssl.SSLSocket cannot do."""

    def __init__(self, address, tls, server_name="localhost", timeout=10):
        self._socket = socket.create_connection(address, timeout=scaled(timeout))
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._drive(self._tls.do_handshake)

    def _flush(self):
        self._socket.sendall(self._outgoing.read())

    def _drive(self, step):
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self._socket.recv(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()

    def send(self, data):
        self._drive(lambda: self._tls.write(data))

    def close_write(self):
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._flush()

    def read_to_end(self):
        got = b""
        with self._socket:
            try:
                while more := self._drive(lambda: self._tls.read(65536)):
                    got += more
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                pass
        return got


def handshake_error(address, tls, server_name="localhost", timeout=10):
    """Returns the client's error when the proxy rejects it: ssl.SSLError or ConnectionError. In TLS 1.3 the
    rejection comes after the client's handshake, with the first read.
    """
    try:
        with RawClient(address, tls, server_name, timeout) as client:
            client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            got = client.tls.recv(1000)
    except (ssl.SSLError, ConnectionError) as error:
        return error
    raise AssertionError(f"the proxy let the client in and said {got!r}")


def alert(error):
    """Returns the name of the TLS alert that the proxy sent, in lower case; fails without an alert."""
    text = str(error).replace("_", " ").lower()
    assert isinstance(error, ssl.SSLError) and "alert" in text, repr(error)
    return text


class _Connection(http.client.HTTPSConnection):
    """Python's HTTP client, connected to a test address with the name in the certificate."""

    def __init__(self, address, **kwargs):
        super().__init__("localhost", address[1], **kwargs)
        self._address = address

    def connect(self):
        plain = socket.create_connection(self._address, timeout=self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def https(address, tls, timeout=10):
    """Python's own HTTP client on a connection to the proxy."""
    return _Connection(address, context=tls, timeout=scaled(timeout))


def get_json(address, tls, target="/", method="GET", body=None, headers=None):
    """Sends one request over a new connection; returns (status, the decoded JSON body)."""
    connection = https(address, tls)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def curl(pki, proxy, target="/", *options, client="default", host="localhost", listener="public", timeout=20):
    """Runs curl against the proxy and returns a CompletedProcess whose output is bytes."""
    port = proxy.port(listener)
    command = ["curl", "--silent", "--show-error", "--max-time", str(int(scaled(timeout))),
               "--cacert", pki.ca_file, "--resolve", f"{host}:{port}:127.0.0.1"]
    if client == "default":
        client = pki.client_files
    if client:
        command += ["--cert", client[0], "--key", client[1]]
    return subprocess.run([*command, *options, f"https://{host}:{port}{target}"], capture_output=True,
                          timeout=scaled(timeout) + 5, check=False)


def s_client(pki, address, *options, client="default", data=b"", timeout=10):
    """Runs openssl s_client with data as its input and returns a CompletedProcess whose output is text."""
    command = [shutil.which("openssl"), "s_client", "-connect", "%s:%d" % address, "-CAfile", pki.ca_file,
               "-verify_return_error", "-ign_eof" if data else "-no_ign_eof"]
    if client == "default":
        client = pki.client_files
    if client:
        command += ["-cert", client[0], "-key", client[1], "-cert_chain", client[0]]
    done = subprocess.run([*command, *options], input=data, capture_output=True, timeout=scaled(timeout), check=False)
    done.stdout, done.stderr = done.stdout.decode("latin-1"), done.stderr.decode("latin-1")
    return done
