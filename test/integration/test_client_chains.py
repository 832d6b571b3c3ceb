"""Chains in the forms that clients send: cross-signed, in any order, with duplicate and unrelated certificates; of
version 1.
"""

import itertools
import subprocess

import pytest
from harness import clients
from harness.pki import DAY, Authority, Identity, now
from harness.proxy import configuration, merge
from harness.timing import wait_until


class CrossSigned:
    """A CA under an old root and a new root, where the old root has also signed the new one."""

    def __init__(self):
        self.old, self.new = Authority.root("old root"), Authority.root("new root")
        self.by_old = self.old.intermediate("issuing CA")
        self.by_new = self.new.certify(self.by_old)
        self.bridge = self.old.certify(self.new)
        self.above = [self.by_old.certificate, self.by_new.certificate, self.bridge.certificate]
        self.leaf = self.by_old.issue("alice")
        elsewhere = Authority.root("elsewhere")
        self.strangers = [elsewhere.certificate, elsewhere.intermediate("issuing CA").certificate,
                          elsewhere.issue("mallory").certificate]

    def shown(self, *certificates):
        return Identity(self.leaf.certificate, self.leaf.key, certificates)


@pytest.fixture(scope="module")
def crossed():
    return CrossSigned()


@pytest.fixture
def three(launch, pki, upstream, tmp_path, crossed):
    """A proxy whose listeners trust the old root, the new root, and both."""
    config = configuration(pki, upstream)
    trusted = {"old": [crossed.old], "new": [crossed.new], "both": [crossed.old, crossed.new]}
    config["listeners"] = [
        merge(config["listeners"][0], {"name": which, "client_auth": {"trust_bundle": [
            authority.write(tmp_path, f"{which}{i}") for i, authority in enumerate(roots)]}})
        for which, roots in trusted.items()]
    return launch(config)


@pytest.fixture
def let_in(three, pki, tmp_path):
    """let_in(identity, client) returns the listeners that accept the identity."""

    def python(address, files):
        try:
            return clients.get_json(address, clients.context(pki, client=files))[0] == 200
        except OSError:
            return False

    def openssl(address, files):
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return " 200 " in clients.s_client(pki, address, client=files, data=request).stdout

    def run(identity, client="python"):
        files = identity.write(tmp_path, "shown")
        act = {"python": python, "openssl": openssl}[client]
        return {which for which in ("old", "new", "both") if act(three.address(which), files)}

    return run


ALL = {"old", "new", "both"}


@pytest.mark.parametrize("client", ["python", "openssl"])
def test_a_cross_signed_chain_is_trusted_in_any_order(crossed, let_in, client):
    for order in itertools.permutations(crossed.above):
        assert let_in(crossed.shown(*order), client) == ALL, [c.issuer for c in order]


@pytest.mark.parametrize("client", ["python", "openssl"])
def test_duplicates_and_strangers_among_them_change_nothing(crossed, let_in, client):
    by_old, by_new, bridge = crossed.above
    root, twin, leaf = crossed.strangers
    for chain in ((root, twin, leaf, bridge, by_new, by_old), (by_new, by_new, bridge, by_old, by_new, bridge),
                  (crossed.leaf.certificate, bridge, twin, by_old, by_old, leaf, by_new),
                  (crossed.old.certificate, by_old, crossed.new.certificate, by_new)):
        assert let_in(crossed.shown(*chain), client) == ALL, [c.subject for c in chain]


def test_each_path_reaches_its_own_root_only(crossed, let_in):
    by_old, by_new, bridge = crossed.above
    assert let_in(crossed.shown(by_old)) == {"old", "both"}
    assert let_in(crossed.shown(by_new)) == {"new", "both"}
    assert let_in(crossed.shown(bridge, by_new)) == ALL
    assert let_in(crossed.shown(*crossed.strangers)) == set()


def test_an_expired_path_does_not_hide_the_good_one(crossed, let_in):
    late = crossed.old.certify(crossed.by_old, not_before=now() - 9 * DAY, not_after=now() - DAY).certificate
    by_new = crossed.above[1]
    for order in ((late, by_new), (by_new, late)):
        assert let_in(crossed.shown(*order)) == {"new", "both"}


# ---- version 1


@pytest.fixture
def version_1(tmp_path):
    """version_1(subject, authority) → certificate and key as created by a plain `openssl x509 -req`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    def make(subject, authority):
        ca, ca_key = Identity(authority.certificate, authority.key).write(tmp_path, "signer")
        key, request, out = (tmp_path / f"v1.{end}" for end in ("key", "csr", "crt"))
        for command in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                         "-keyout", key, "-out", request],
                        ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-set_serial", "0x4242",
                         "-days", "3", "-out", out]):
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
        certificate = x509.load_pem_x509_certificate(out.read_bytes())
        assert certificate.version == x509.Version.v1
        return Identity(certificate, load_pem_private_key(key.read_bytes(), None), authority.above)

    return make


def test_a_leaf_of_version_1_is_let_in_by_what_it_says(start, upstream, connect, pki, version_1):
    headers = {"xfcc_fields": ["hash", "subject", "uri", "dns"],
               "set": {"X-Cn": "cn", "X-Dns": "san_dns", "X-Serial": "serial"}}
    match = {"cn": "old device", "issuer": "CN=mantlet test intermediate"}
    rules = [{"name": "old-device", "action": "allow", "match": match}]
    proxy = start(upstream, listener={"identity_headers": headers, "policy": {"default": "deny", "rules": rules}})
    identity = version_1("/O=Plant/CN=old device", pki.ca)
    files = pki.write(identity, "v1")
    status, account = clients.get_json(proxy.address(), clients.context(pki, client=files))
    assert status == 200
    got = {key.lower(): value for key, value in account["headers"]}
    assert got["x-cn"] == "old device" and got["x-serial"].lstrip("0") == "4242" and "x-dns" not in got
    assert got["x-forwarded-client-cert"] == f'Hash={identity.sha256};Subject="CN=old device,O=Plant"'
    assert clients.curl(pki, proxy, client=files).returncode == 0
    other = pki.write(version_1("/CN=another device", pki.ca), "v1-other")
    assert connect(proxy, clients.context(pki, client=other)).get().status == 403


def test_an_intermediate_of_version_1_issues_nobody(start, upstream, pki, version_1):
    proxy = start(upstream)
    ca = version_1("/CN=a CA of version 1", pki.ca)
    below = Authority(ca.certificate, ca.key, (ca.certificate, *pki.ca.above))
    leaf = below.issue("below")
    clients.handshake_error(proxy.address(), clients.context(pki, client=pki.write(leaf, "below-v1")))
    wait_until(lambda: proxy.log("handshake_failed"), 5, "the record")
    record = proxy.log("handshake_failed")[0]
    assert (record["reason"], record["depth"], record["serial"].lstrip("0")) == ("wrong_purpose", 1, "4242")
    assert not upstream.requests
