"""Clients that send requests while tools/quickstart rotates a certificate.

usage: traffic.py PORT CA CERTIFICATE KEY STATUS_FILE

Two clients open a new connection for every request, two keep theirs. Until it gets
SIGTERM, it writes to STATUS_FILE, several times a second, one line:
"REQUESTS LOST SERIAL:HANDSHAKES ..." (serials in the order they were first seen);
lost requests are reported on stderr.
"""

import http.client
import os
import signal
import ssl
import sys
import threading
import time


class Tally:
    """The results of all clients."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests = self._lost = 0
        self._serials = {}

    def answered(self):
        with self._lock:
            self._requests += 1

    def lost(self, error):
        with self._lock:
            self._requests += 1
            self._lost += 1
        print(f"lost a request: {error!r}", file=sys.stderr, flush=True)

    def handshake(self, serial):
        with self._lock:
            self._serials[serial] = self._serials.get(serial, 0) + 1

    def line(self):
        with self._lock:
            words = [str(self._requests), str(self._lost)]
            return " ".join(words + [f"{serial}:{count}" for serial, count in self._serials.items()])


def connect(port, context, tally):
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.connect()
    tally.handshake(connection.sock.getpeercert()["serialNumber"])
    return connection


def client(port, context, tally, keep_connection, ended):
    connection = None
    while not ended.is_set():
        try:
            if connection is None:
                connection = connect(port, context, tally)
            connection.request("GET", "/traffic")
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise http.client.HTTPException(f"status {response.status}")
            tally.answered()
            # The server may close a connection between two requests if it announces that.
            if not keep_connection or response.will_close:
                connection.close()
                connection = None
        except (OSError, http.client.HTTPException) as error:
            tally.lost(error)
            if connection is not None:
                connection.close()
            connection = None
            time.sleep(0.05)
        time.sleep(0.005)


def main():
    port, authority, certificate, key, status_file = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    tally, ended = Tally(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    clients = [
        threading.Thread(target=client, args=(int(port), context, tally, keep, ended), daemon=True)
        for keep in (False, False, True, True)
    ]
    for thread in clients:
        thread.start()

    def report():
        with open(status_file + ".new", "w", encoding="ascii") as file:
            file.write(tally.line() + "\n")
        os.replace(status_file + ".new", status_file)

    while not ended.wait(0.1):
        report()
    for thread in clients:
        thread.join(timeout=15)
    report()


if __name__ == "__main__":
    main()
