"""Two listeners with their own files: errors in the files of one do not affect the other."""

import copy
import json
import pathlib
import signal

import pytest
from cryptography import x509
from harness import clients
from harness.messages import Incomplete
from harness.pki import Authority
from harness.proxy import configuration, merge
from harness.rotation import write_by_rename
from harness.timing import wait_until


class Pair:
    """A proxy with the listeners `public` and `other`, each with a certificate and a trust bundle."""

    def __init__(self, launch, pki, upstream):
        self.pki = pki
        self.other_files = pki.write(pki.ca.server(), "other")
        self.other_ca = str(pki.directory / "other-ca.crt")
        pathlib.Path(self.other_ca).write_bytes(pathlib.Path(pki.ca_file).read_bytes())
        config = configuration(pki, upstream, reload={"interval": "0s"})
        chain, key = self.other_files
        config["listeners"].append(merge(config["listeners"][0], {
            "name": "other", "tls": {"certificates": [{"chain": chain, "key": key}]},
            "client_auth": {"trust_bundle": [self.other_ca]}}))
        self.proxy = launch(config)
        self.context = clients.context(pki)

    def serial(self, listener):
        with clients.RawClient(self.proxy.address(listener), self.context) as client:
            return x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True)).serial_number

    def refused(self, listener):
        try:
            with clients.RawClient(self.proxy.address(listener), self.context) as client:
                return client.get().status != 200
        except (OSError, Incomplete):
            return True

    def renew(self, listener):
        fresh = self.pki.ca.server()
        write_by_rename(fresh, self.pki.server_files if listener == "public" else self.other_files)
        return fresh.certificate.serial_number

    def wait_serial(self, listener, serial):
        wait_until(lambda: self.serial(listener) == serial, 10, f"the new certificate of {listener}")


@pytest.fixture
def pair(launch, own_pki, upstream):
    return Pair(launch, own_pki, upstream)


def test_a_torn_file_of_one_listener_does_not_stop_the_renewal_of_another(pair):
    proxy, before = pair.proxy, pair.serial("other")
    key = pathlib.Path(pair.other_files[1])
    whole = key.read_bytes()
    key.write_bytes(whole[:40])
    proxy.wait_metric("mantlet_listener_reload_pending", 1, listener="other")
    renewed = pair.renew("public")
    pair.wait_serial("public", renewed)
    assert pair.serial("other") == before
    assert proxy.metric("mantlet_reload_pending") == 1
    assert proxy.metric("mantlet_listener_reload_pending", listener="public") == 0
    assert proxy.metric("mantlet_reloads_total", result="partial") >= 1
    status, body = proxy.get("/readyz")
    assert status == 200 and "listener 'other'" in body and str(key) in body
    assert "listener 'public'" not in body
    status, body = proxy.get("/reload", "admin", "POST")
    assert status == 500 and "listener 'other'" in body
    page = json.loads(proxy.get("/certs", "admin")[1])
    assert list(page["listeners_pending"]) == ["other"] and page["reload_pending"]
    assert proxy.log("reload_failed", listener="other")[0]["level"] == "info", "it may be half written"
    changes = " ".join(proxy.log("reload_succeeded")[-1]["changes"])
    assert f"{renewed:x}" in changes and "listener 'public'" in changes and "'other'" not in changes
    key.write_bytes(whole)
    proxy.wait_metric("mantlet_reload_pending", 0)
    assert proxy.metric("mantlet_listener_reload_pending") == 0


def test_files_that_stay_wrong_become_a_warning_and_then_an_error(pair):
    proxy = pair.proxy
    pathlib.Path(pair.other_files[1]).write_bytes(b"-----BEGIN")
    proxy.wait_log("reload_failed", listener="other", level="info")
    assert not proxy.log("reload_failed", level="error")
    proxy.wait_log("reload_failed", listener="other", level="warn")


def test_a_listener_with_a_torn_file_takes_up_nothing_of_its_new_set(pair):
    pathlib.Path(pair.other_files[1]).write_bytes(b"")
    stranger = Authority.root("another root")
    pathlib.Path(pair.other_ca).write_bytes(stranger.pem)
    pair.proxy.wait_metric("mantlet_listener_reload_pending", 1, listener="other")
    assert pair.proxy.get("/reload", "admin", "POST")[0] == 500
    assert pair.serial("other"), "its old client is accepted"
    clients.handshake_error(pair.proxy.address("other"),
                            clients.context(pair.pki, pair.pki.write(stranger.issue("eve"), "eve")))


def test_trust_that_is_taken_away_is_not_held_back_by_another_listener(pair):
    pathlib.Path(pair.other_files[1]).write_bytes(b"")
    pair.proxy.wait_metric("mantlet_listener_reload_pending", 1, listener="other")
    pathlib.Path(pair.pki.ca_file).write_bytes(Authority.root("another root").pem)
    pair.proxy.wait_log("reload_succeeded")
    wait_until(lambda: pair.refused("public"), 10, "the end of the old trust")
    assert not pair.refused("other")


def test_a_broken_configuration_does_not_stop_a_renewal(pair):
    pair.proxy.write_config("nonsense: true\n")
    pair.proxy.wait_metric("mantlet_reload_pending", 1)
    pair.wait_serial("public", pair.renew("public"))
    assert pair.proxy.metric("mantlet_reload_pending") == 1
    assert "nonsense" in pair.proxy.get("/readyz")[1]
    assert pair.proxy.log("reload_failed", level="error"), "an error is logged as one immediately"


def test_an_invalid_configuration_adds_no_trust(pair):
    pair.proxy.write_config("nonsense: true\n")
    pair.proxy.wait_metric("mantlet_reload_pending", 1)
    stranger = Authority.root("another root")
    with open(pair.pki.ca_file, "ab") as bundle:
        bundle.write(stranger.pem)
    pair.proxy.wait_metric("mantlet_listener_reload_pending", 1, listener="public")
    context = clients.context(pair.pki, pair.pki.write(stranger.issue("eve"), "eve"))
    clients.handshake_error(pair.proxy.address(), context)
    pair.proxy.reload(copy.deepcopy(pair.proxy.config))
    with clients.RawClient(pair.proxy.address(), context) as client:
        assert client.get().status == 200, "together with a configuration that can be read"


def test_a_reload_without_a_change_is_logged(pair):
    pair.proxy.signal(signal.SIGHUP)
    assert pair.proxy.wait_log("reload_unchanged")["level"] == "info"
    assert not pair.proxy.log("reload_succeeded")
