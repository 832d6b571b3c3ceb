"""Pinned public keys, which are required in addition to a valid chain."""

import base64
import copy
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from harness import clients
from harness.pki import Authority
from harness.timing import wait_until


def digest(identity):
    key = identity.certificate.public_key()
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER,
                                           serialization.PublicFormat.SubjectPublicKeyInfo))


def refused(proxy, pki, identity, reason, stem):
    files = pki.write(identity, stem)
    assert clients.alert(clients.handshake_error(proxy.address(), clients.context(pki, client=files)))
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 1, listener="public", reason=reason)
    wait_until(lambda: proxy.log(reason=reason), 5, "a record")
    records = proxy.log(reason=reason)
    assert len(records) == 1, records
    return records[0]


@pytest.mark.parametrize("write", [
    lambda d: d.hexdigest(),
    lambda d: d.hexdigest().upper(),
    lambda d: base64.b64encode(d.digest()).decode(),
    lambda d: "sha256/" + base64.b64encode(d.digest()).decode(),
], ids=["hex", "upper-case-hex", "base64", "sha256-base64"])
def test_a_pinned_key_is_accepted_in_every_form_of_the_pin(start, upstream, pki, write):
    proxy = start(upstream, listener={"client_auth": {"spki_pins": ["0" * 64, write(digest(pki.client))]}})
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
    assert clients.curl(pki, proxy).returncode == 0


def test_the_pin_that_openssl_prints_is_taken(start, upstream, pki):
    printed = subprocess.run(
        f"openssl x509 -in {pki.client_files[0]} -noout -pubkey | openssl pkey -pubin -outform der "
        "| openssl dgst -sha256", shell=True, capture_output=True, text=True, check=True).stdout.split()[-1]
    proxy = start(upstream, listener={"client_auth": {"spki_pins": [printed]}})
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200


def test_another_key_with_a_good_chain_is_not_pinned(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"spki_pins": [digest(pki.client).hexdigest()]}})
    other = pki.ca.issue("other")
    record = refused(proxy, pki, other, "not_pinned", "not-pinned")
    assert record["serial"].lstrip("0") == other.serial_hex
    assert digest(other).hexdigest() in record["msg"] + record.get("detail", "")
    assert not upstream.requests


def test_a_renewed_certificate_of_the_same_key_stays_pinned(start, upstream, pki):
    renewed = pki.ca.issue("renewed", key=pki.client.key)
    proxy = start(upstream, listener={"client_auth": {"spki_pins": [digest(pki.client).hexdigest()]}})
    files = pki.write(renewed, "renewed")
    assert clients.get_json(proxy.address(), clients.context(pki, client=files))[0] == 200


def test_a_pin_that_is_taken_away_holds_from_the_next_connection_on(start, upstream, pki):
    proxy = start(upstream, listener={"client_auth": {"spki_pins": [digest(pki.client).hexdigest()]}})
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
    config = copy.deepcopy(proxy.config)
    config["listeners"][0]["client_auth"]["spki_pins"] = ["0" * 64]
    proxy.write_config(config)
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    refused(proxy, pki, pki.client, "not_pinned", "unpinned")


def test_a_pin_does_not_replace_the_chain(start, upstream, pki):
    stranger = Authority.root("a stranger").issue("stranger")
    proxy = start(upstream, listener={"client_auth": {"spki_pins": [digest(stranger).hexdigest()]}})
    refused(proxy, pki, stranger, "unknown_ca", "pinned-stranger")


def test_the_pin_of_a_ca_in_spki_pins_accepts_no_client(start, pki):
    class Ca:
        certificate = pki.ca.certificate

    proxy = start(listener={"client_auth": {"spki_pins": [digest(Ca).hexdigest()]}})
    refused(proxy, pki, pki.client, "not_pinned", "ca-pin")


def test_the_pin_of_a_ca_accepts_only_its_clients(start, upstream, pki):
    """The CA's own key: it stays when the clients' keys change."""
    proxy = start(upstream, listener={"client_auth": {"ca_pins": [digest(pki.ca).hexdigest()]},
                                      "tls": {"session_resumption": "on"}})
    renewed = pki.write(pki.ca.issue("renewed"), "ca-pin-renewed")
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200
    assert clients.get_json(proxy.address(), clients.context(pki, client=renewed))[0] == 200
    other = pki.root.intermediate("another intermediate").issue("other")
    record = refused(proxy, pki, other, "not_pinned", "ca-pin-other")
    assert "ca_pins" in record["detail"]
    config = copy.deepcopy(proxy.config)
    config["listeners"][0]["client_auth"]["ca_pins"] = ["0" * 64]
    proxy.write_config(config)
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    # Cached clients are verified again, and so are those with a ticket.
    assert clients.alert(clients.handshake_error(proxy.address(), clients.context(pki)))
    proxy.wait_metric("mantlet_tls_handshake_failures_total", 2, listener="public", reason="not_pinned")


def test_without_a_certificate_pins_have_no_say_where_none_is_required(start, upstream, pki):
    auth = {"mode": "optional", "spki_pins": ["0" * 64]}
    proxy = start(upstream, listener={"client_auth": auth})
    assert clients.get_json(proxy.address(), clients.context(pki, client=None))[0] == 200
    refused(proxy, pki, pki.client, "not_pinned", "optional")
