"""Certificates rotate under load without losing a request."""

import http.client
import ssl
import threading

import pytest
from cryptography import x509
from harness import clients
from harness.proxy import configuration
from harness.rotation import write_by_rename
from harness.timing import scaled, wait_until

ROTATIONS = 20
THREADS = 4


class Load(threading.Thread):
    """Requests one after another; a fresh connection for every fifth."""

    def __init__(self, proxy, pki):
        super().__init__(daemon=True)
        self.address, self.context = proxy.address(), clients.context(pki)
        self.done, self.failed, self.serials = 0, [], set()
        self.stop = threading.Event()

    def run(self):
        connection = None
        while not self.stop.is_set():
            try:
                if connection is None:
                    connection = clients.https(self.address, self.context)
                    connection.connect()
                    leaf = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
                    self.serials.add(leaf.serial_number)
                connection.request("POST", "/", body=b"x" * 100)
                reply = connection.getresponse()
                reply.read()
                if reply.status != 200:
                    self.failed.append(reply.status)
            except (OSError, ssl.SSLError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection = None
            self.done += 1
            if self.done % 5 == 0 and connection:
                connection.close()
                connection = None


@pytest.mark.limit(120)
@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_over_many_rotations(launch, own_pki, upstream, workers):
    proxy = launch(configuration(own_pki, upstream, workers=workers, log={"access": "off"}))
    load = [Load(proxy, own_pki) for _ in range(THREADS)]
    for each in load:
        each.start()
    rotated = []
    for _ in range(ROTATIONS):
        rotated.append(own_pki.ca.server())
        write_by_rename(rotated[-1], own_pki.server_files)  # torn between the two
        wanted = rotated[-1].certificate.serial_number
        wait_until(lambda: any(wanted in each.serials for each in load), 15, "the new certificate in use")  # noqa: B023
    for each in load:
        each.stop.set()
    for each in load:
        each.join(scaled(10))
    assert not [failure for each in load for failure in each.failed]
    seen = set().union(*(each.serials for each in load))
    assert {identity.certificate.serial_number for identity in rotated} <= seen
    assert proxy.metric("mantlet_reloads_total", result="success") >= ROTATIONS
    # A thread may only be in its last request; all answered requests were counted.
    proxy.wait_metric("mantlet_requests_total", sum(each.done for each in load), code="200")


@pytest.mark.limit(60)
def test_no_request_is_lost_while_the_configuration_is_reloaded(launch, own_pki, upstream):
    config = configuration(own_pki, upstream, log={"access": "off"})
    proxy = launch(config)
    load = [Load(proxy, own_pki) for _ in range(THREADS)]
    for each in load:
        each.start()
    for number in range(10):
        config["listeners"][0]["limits"] = {"header_count": 90 + number}
        config["upstreams"][0]["timeouts"] = {"connect": f"{1000 + number}ms"}
        proxy.reload(config, timeout=15)
    for each in load:
        each.stop.set()
    for each in load:
        each.join(scaled(10))
    assert not [failure for each in load for failure in each.failed]
    assert sum(each.done for each in load) > 50
