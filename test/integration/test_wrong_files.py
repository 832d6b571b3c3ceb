"""Files of the wrong kind: check, run and certs show report the same kind and the same hint. Also unusual files that
are accepted: trust stores, PKCS#7, keys with their public half.
"""

import base64
import os
import subprocess

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from harness import clients
from harness.pki import Authority
from harness.proxy import configuration, run_command
from harness.timing import wait_until

THIS_PASSES = "if it is being written right now, wait"


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def public_half(identity):
    """Returns the PKCS#8 of an Ed25519 key with its public half (RFC 5958), as written by ring and step."""
    key = identity.key
    seed = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    half = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return bytes.fromhex("3051020101300506032b657004220420") + seed + bytes.fromhex("812100") + half


def armour(label, der):
    lines = base64.encodebytes(der).decode().replace("\n", "")
    text = "\n".join(lines[i:i + 64] for i in range(0, len(lines), 64))
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


def trust_store(authority, passphrase):
    return openssl("pkcs12", "-export", "-nokeys", "-passout", f"pass:{passphrase}", data=authority.pem)


def wrong(pki):
    """{name: (use, content, kind, hint)}"""
    request = openssl("req", "-new", "-subj", "/CN=x", "-key", "/dev/stdin", data=pki.server.key_pem)
    public = openssl("pkey", "-pubout", data=pki.server.key_pem)
    return {
        "a Java key store": ("trust_bundle", bytes.fromhex("feedfeed0000000200000001"), "a Java key store (JKS)",
                             "keytool -importkeystore -srckeystore"),
        "a trust store without its passphrase": ("trust_bundle", trust_store(pki.root, "changeit"),
                                                 "PKCS#12 with a passphrase", "name"),
        "literal line ends": ("trust_bundle", pki.root.pem.replace(b"\n", b"\\n"),
                              "written as \\n, two characters", "printf"),
        "a request": ("chain", request, "a certificate signing request", "let a CA sign it"),
        "a request in DER": ("chain", openssl("req", "-outform", "DER", data=request),
                             "a certificate signing request", "let a CA sign it"),
        "a public key": ("key", public, "a public key", "its private key"),
        "an RSA-PSS key": ("key", openssl("genpkey", "-algorithm", "RSA-PSS"),
                           "RSA-PSS keys are not supported", "make an RSA key (rsaEncryption)"),
        "an Ed448 key": ("key", openssl("genpkey", "-algorithm", "ED448"), "Ed448 keys are not supported",
                         "make an ECDSA key"),
        "an HTML page": ("chain", b"<!DOCTYPE html><html>404</html>", "an HTML page", "fetch the file again"),
    }


WRONG = ("a Java key store", "a trust store without its passphrase", "literal line ends", "a request",
         "a request in DER", "a public key", "an RSA-PSS key", "an Ed448 key", "an HTML page")


@pytest.fixture(scope="module")
def wrongs(pki):
    made = wrong(pki)
    assert tuple(made) == WRONG
    return made


def with_file(pki, directory, place, content):
    """Returns a configuration with the file `content` at `place`, and the file's path."""
    path = directory / "the-file"
    path.write_bytes(content)
    path.chmod(0o600)
    config = configuration(pki)
    listener = config["listeners"][0]
    if place == "trust_bundle":
        listener["client_auth"]["trust_bundle"] = [str(path)]
    else:
        listener["tls"]["certificates"][0][place] = str(path)
    written = directory / "mantlet.yaml"
    written.write_text(yaml.safe_dump(config))
    return written, path


@pytest.mark.parametrize("name", WRONG)
def test_check_run_and_show_report_the_kind_and_a_hint(pki, tmp_path, wrongs, name):
    place, content, what, cure = wrongs[name]
    config, path = with_file(pki, tmp_path, place, content)
    check, run = run_command("check", "--config", config), run_command("run", "--config", config)
    show = run_command("certs", "show", path)
    assert (check.returncode, run.returncode) == (1, 78)
    said = {"check": check.stdout, "run": run.stderr, "show": show.stdout + show.stderr}
    for who, text in said.items():
        assert what in text and cure in text, (who, text)
        assert THIS_PASSES not in text, (who, text)
    assert str(path) in run.stderr and len(run.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("place", ["chain", "key", "trust_bundle"])
def test_only_what_may_be_half_written_passes(pki, tmp_path, place):
    good = pki.server.key_pem if place == "key" else pki.root.pem
    for content, passes in ((good[:80], True), (b"", True), (good.replace(b"\n", b"\n!", 2), False)):
        config, _ = with_file(pki, tmp_path, place, content)
        assert (THIS_PASSES in run_command("run", "--config", config).stderr) == passes


def test_an_anchor_with_an_unsupported_key_is_reported_by_its_key_only(pki, tmp_path):
    key = openssl("genpkey", "-algorithm", "RSA-PSS")
    (tmp_path / "pss.key").write_bytes(key)
    anchor = openssl("req", "-x509", "-key", str(tmp_path / "pss.key"), "-subj", "/CN=PSS Root", "-days", "2")
    config, _ = with_file(pki, tmp_path, "trust_bundle", anchor)
    ended = run_command("check", "--config", config)
    assert ended.returncode == 1
    errors = [line for line in ended.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "its key is RSA-PSS" in errors[0], ended.stdout
    assert "intermediate" not in errors[0]
    # The other certificate: beside a valid root it is ignored with a warning.
    config, _ = with_file(pki, tmp_path, "trust_bundle", anchor + pki.root.pem)
    ended = run_command("check", "--config", config)
    assert ended.returncode == 0 and "its key is RSA-PSS" in ended.stdout


def served(proxy, pki):
    try:
        with clients.RawClient(proxy.address(), clients.context(pki)) as client:
            return client.get().status
    except OSError:
        return None


def test_a_trust_store_lets_its_clients_in_and_is_reloaded(launch, own_pki, tmp_path, upstream):
    store, passphrase = tmp_path / "trust.p12", tmp_path / "trust.pass"
    store.write_bytes(trust_store(own_pki.root, "changeit"))
    passphrase.write_text("changeit\n")
    bundle = [{"pkcs12": str(store), "passphrase_file": str(passphrase)}]
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"trust_bundle": bundle}},
                                 reload={"interval": "1s"}))
    assert served(proxy, own_pki) == 200
    # The store of another CA under another passphrase: nothing changes until both files are there.
    store.write_bytes(trust_store(Authority.root("another"), "other"))
    proxy.wait_metric("mantlet_reload_pending", 1)
    assert served(proxy, own_pki) == 200
    passphrase.write_text("other\n")
    proxy.wait_metric("mantlet_reload_pending", 0)
    wait_until(lambda: served(proxy, own_pki) is None, what="the refusal of a client of the old CA")


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_pkcs7_serves_as_chain_and_as_trust_bundle(launch, own_pki, tmp_path, upstream, form):
    encoding = serialization.Encoding[form]
    chain, trust = tmp_path / "server.p7b", tmp_path / "trust.p7b"
    chain.write_bytes(pkcs7.serialize_certificates(
        [*own_pki.server.intermediates, own_pki.server.certificate], encoding))
    trust.write_bytes(pkcs7.serialize_certificates([own_pki.root.certificate], encoding))
    proxy = launch(configuration(own_pki, upstream, listener={
        "tls": {"certificates": [{"chain": str(chain), "key": own_pki.server_files[1]}]},
        "client_auth": {"trust_bundle": [str(trust)]}}))
    assert served(proxy, own_pki) == 200
    shown = run_command("certs", "show", chain).stdout
    assert shown.startswith(f"{chain}: {'PEM' if form == 'PEM' else 'PKCS#7'}") and "CN=" in shown


@pytest.mark.parametrize("der", [False, True])
def test_a_key_with_its_public_half_serves(launch, own_pki, tmp_path, upstream, der):
    identity = own_pki.ca.server("localhost", key="ed25519")
    chain, key = tmp_path / "chain.pem", tmp_path / "key"
    chain.write_bytes(identity.chain_pem)
    key.write_bytes(public_half(identity) if der else armour("PRIVATE KEY", public_half(identity)))
    os.chmod(key, 0o600)
    proxy = launch(configuration(own_pki, upstream, listener={
        "tls": {"certificates": [{"chain": str(chain), "key": str(key)}]}}))
    assert served(proxy, own_pki) == 200
