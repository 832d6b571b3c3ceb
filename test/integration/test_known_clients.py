"""Clients that connect again: a verdict is cached while it is valid."""

import copy
import datetime

import pytest
from harness import clients
from harness.pki import Authority, now
from harness.proxy import configuration, merge
from harness.timing import wait_until

HEADERS = {"identity_headers": {"xfcc_fields": ["hash", "cert", "chain", "subject", "uri"], "client_cert": "chain"}}


def seen(proxy, pki, files=None):
    """Returns the identity that the upstream receives for a client on a new connection."""
    status, seen = clients.get_json(proxy.address(), clients.context(pki, client=files or "default"))
    assert status == 200
    return sorted(pair for pair in seen["headers"] if "cert" in pair[0].lower())


def refused(proxy, pki, reason, files=None, listener="public"):
    before = proxy.metric("mantlet_tls_handshake_failures_total", reason=reason)
    clients.handshake_error(proxy.address(listener), clients.context(pki, client=files or "default"))
    proxy.wait_metric("mantlet_tls_handshake_failures_total", before + 1, reason=reason)


@pytest.fixture
def known(launch, own_pki, upstream):
    """known(client_auth) returns a proxy to which the client has connected twice."""

    def run(client_auth=None, files=None, **top):
        proxy = launch(configuration(own_pki, upstream, listener={**HEADERS, "client_auth": client_auth or {}}, **top))
        first = seen(proxy, own_pki, files)
        assert first and seen(proxy, own_pki, files) == first
        return proxy

    return run


def reload(proxy, client_auth):
    config = copy.deepcopy(proxy.config)
    config["listeners"][0] = merge(config["listeners"][0], {"client_auth": client_auth})
    before = proxy.metric("mantlet_reloads_total", result="success")
    proxy.write_config(config)
    wait_until(lambda: proxy.metric("mantlet_reloads_total", result="success") > before, 10, "the reload")


def test_a_known_client_of_a_removed_ca_is_refused_and_comes_back_with_it(known, own_pki, tmp_path):
    proxy = known()
    reload(proxy, {"trust_bundle": [Authority.root("someone else").write(tmp_path, "other")]})
    refused(proxy, own_pki, "unknown_ca")
    reload(proxy, {"trust_bundle": [own_pki.ca_file]})
    assert seen(proxy, own_pki)


def test_a_known_client_is_refused_once_it_is_on_a_list(known, own_pki, tmp_path):
    (tmp_path / "before.crl").write_bytes(own_pki.ca.crl())
    (tmp_path / "after.crl").write_bytes(own_pki.ca.crl(own_pki.client))
    proxy = known({"crl": {"files": [str(tmp_path / "before.crl")]}})
    reload(proxy, {"crl": {"files": [str(tmp_path / "after.crl")]}})
    refused(proxy, own_pki, "revoked")


def test_a_known_client_is_refused_once_its_key_is_not_pinned(known, own_pki):
    proxy = known()
    reload(proxy, {"spki_pins": ["0" * 64]})
    refused(proxy, own_pki, "not_pinned")


def test_a_known_client_is_refused_once_its_certificate_has_ended(known, own_pki):
    end = now() + datetime.timedelta(seconds=4)
    files = own_pki.write(own_pki.ca.issue("brief", not_after=end), "brief")
    proxy = known(files=files)
    wait_until(lambda: now() > end + datetime.timedelta(seconds=1), 10, "the end of the certificate")
    refused(proxy, own_pki, "expired", files)


def test_a_client_known_to_one_listener_is_a_stranger_to_another(launch, own_pki, upstream, tmp_path):
    other = Authority.root("someone else").write(tmp_path, "other")
    config = configuration(own_pki, upstream, listener=HEADERS)
    config["listeners"].append(merge(config["listeners"][0], {"name": "other", "client_auth": {"trust_bundle": [other]}}))
    proxy = launch(config)
    for _ in range(2):
        assert seen(proxy, own_pki)
        refused(proxy, own_pki, "unknown_ca", listener="other")


def test_each_of_many_cached_clients_keeps_its_identity(launch, own_pki, upstream):
    proxy = launch(configuration(own_pki, upstream, listener=HEADERS))
    files = {f"client{i}": own_pki.write(own_pki.ca.issue(f"client{i}"), f"client{i}") for i in range(12)}
    first = {name: seen(proxy, own_pki, files[name]) for name in files}
    for name, headers in first.items():
        assert f"CN={name}" in str(headers)
        assert seen(proxy, own_pki, files[name]) == headers
