"""Chain files and trust bundles in the forms of real CAs: chains that clients accept are served, anchors that path
building accepts are trusted.
"""

import ssl
import subprocess

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from harness import clients
from harness.pki import DAY, Authority, Identity, now, printable
from harness.proxy import configuration, run_command


class TwoRoots:
    """An issuing CA certified by an old and by a new root, and the new root certified by the old one until last week."""

    def __init__(self):
        self.old, self.new = Authority.root("old root"), Authority.root("new root")
        self.by_new = self.new.intermediate("issuing CA")
        self.by_old = self.old.certify(self.by_new)
        self.ended = self.old.certify(self.new, not_before=now() - 900 * DAY, not_after=now() - 10 * DAY)
        self.leaf = self.by_new.server()

    def chain(self, *authorities):
        return Identity(self.leaf.certificate, self.leaf.key, [a.certificate for a in authorities])


@pytest.fixture
def roots():
    return TwoRoots()


def served_by(files):
    chain, key = files
    return {"tls": {"certificates": [{"chain": chain, "key": key}]}}


def answer(proxy, pki, root_file, client="default"):
    """Returns the status of a request by a client that trusts only this root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root_file)
    context.load_cert_chain(*(pki.client_files if client == "default" else client))
    return clients.get_json(proxy.address(), context)[0]


def test_an_expired_cross_sign_after_a_valid_chain_is_not_served(start, upstream, pki, roots, tmp_path):
    files = roots.chain(roots.by_new, roots.ended).write(tmp_path, "chain")
    proxy = start(upstream, listener=served_by(files))
    assert answer(proxy, pki, roots.new.write(tmp_path, "new")) == 200
    assert [w for w in proxy.log("certificate_warning") if "new root" in str(w)]
    shown = clients.s_client(pki, proxy.address()).stdout
    assert "issuing CA" in shown and "i:CN = old root" not in shown


def test_both_cross_signs_of_an_intermediate_are_served(start, upstream, pki, roots, tmp_path):
    """In the order of the file: OpenSSL uses only the first, other clients use the matching one."""
    for first, second in ((roots.by_new, roots.by_old), (roots.by_old, roots.by_new)):
        proxy = start(upstream, listener=served_by(roots.chain(first, second).write(tmp_path, "chain")))
        by_first = roots.new if first is roots.by_new else roots.old
        assert answer(proxy, pki, by_first.write(tmp_path, "trusted")) == 200
        shown = clients.s_client(pki, proxy.address(), "-showcerts").stdout
        assert "i:CN = old root" in shown and "i:CN = new root" in shown


def test_an_expired_intermediate_that_every_path_needs_does_not_start(pki, roots, tmp_path):
    ended = roots.new.certify(roots.by_new, not_after=now() - DAY, not_before=now() - 9 * DAY)

    path = tmp_path / "mantlet.yaml"
    for intermediates, said in (([ended], "expired"), ([roots.new], "add the intermediate CN=issuing CA")):
        files = roots.chain(*intermediates).write(tmp_path, "chain")
        path.write_text(yaml.safe_dump(configuration(pki, listener=served_by(files))))
        ended_run = run_command("check", "--config", path)
        assert ended_run.returncode == 1
        assert said in ended_run.stdout + ended_run.stderr


def test_a_ca_that_writes_its_name_in_two_encodings_is_one_ca(start, upstream, pki, tmp_path):
    root = Authority.root("Corp Root")
    root.issuer_name = printable(root.certificate.subject)
    issuing = root.intermediate("Corp Issuing")
    issuing.issuer_name = printable(issuing.certificate.subject)
    client = issuing.issue("client").write(tmp_path, "client")
    root_file = root.write(tmp_path, "root")
    proxy = start(upstream, listener={**served_by(issuing.server().write(tmp_path, "server")),
                                      "client_auth": {"trust_bundle": [root_file]}})
    assert answer(proxy, pki, root_file, client) == 200
    assert run_command("check", "--config", proxy.config_path).returncode == 0


def test_a_root_of_version_1_is_an_anchor(start, upstream, pki, tmp_path):
    """A root without extensions, as created by a plain `openssl x509 -req -signkey` of OpenSSL 3.0."""
    key, request, out = (tmp_path / f"v1.{end}" for end in ("key", "csr", "crt"))
    for command in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old root",
                     "-keyout", key, "-out", request],
                    ["x509", "-req", "-in", request, "-signkey", key, "-days", "3", "-out", out]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    certificate = x509.load_pem_x509_certificate(out.read_bytes())
    assert certificate.version == x509.Version.v1
    client = Authority(certificate, load_pem_private_key(key.read_bytes(), None)).issue("client").write(tmp_path, "client")
    proxy = start(upstream, listener={"client_auth": {"trust_bundle": [str(out)]}})
    assert clients.get_json(proxy.address(), clients.context(pki, client=client))[0] == 200
    assert [w for w in proxy.log("certificate_warning") if "version 1" in str(w)]
