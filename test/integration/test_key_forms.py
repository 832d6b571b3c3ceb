"""Every form of certificates and keys, as written by OpenSSL, with a handshake for each."""

import os
import pathlib
import subprocess

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from harness import clients
from harness.pki import der, pem
from harness.proxy import configuration, run_command

Encoding, Format, Plain = serialization.Encoding, serialization.PrivateFormat, serialization.NoEncryption()
PASSPHRASE = b"open sesame"
KEYS = ("rsa2048", "p256", "p384", "ed25519")
TRADITIONAL = tuple(kind for kind in KEYS if kind != "ed25519")  # RFC 8410: PKCS#8 only


def openssl(*arguments, data=b""):
    """Returns the output of `openssl ARGUMENTS…` for the data."""
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def pkcs8(identity, encoding=Encoding.PEM):
    return identity.key.private_bytes(encoding, Format.PKCS8, Plain)


def traditional(identity, encoding=Encoding.PEM):
    """PKCS#1 or SEC1."""
    return identity.key.private_bytes(encoding, Format.TraditionalOpenSSL, Plain)


def locked(identity, *how):
    """PKCS#8, encrypted as `openssl pkcs8 -topk8` does with these options."""
    return openssl("pkcs8", "-topk8", *how, "-passout", b"pass:" + PASSPHRASE, data=pkcs8(identity))


def locked_traditional(identity, cipher):
    kind = "rsa" if b"RSA" in traditional(identity) else "ec"
    return openssl(kind, f"-{cipher}", *(("-traditional",) if kind == "rsa" else ()),
                   "-passout", b"pass:" + PASSPHRASE, data=pkcs8(identity))


KEY_FORMS = {
    "PKCS#8 PEM": pkcs8,
    "PKCS#8 DER": lambda i: pkcs8(i, Encoding.DER),
    "traditional PEM": traditional,
    "traditional DER": lambda i: traditional(i, Encoding.DER),
    "with EC parameters before it": lambda i: openssl("ecparam", "-name", "prime256v1") + traditional(i),
}
LOCKED_FORMS = {
    "PBKDF2 and AES-256, the default": lambda i: locked(i),
    "PBKDF2 and AES-256 in DER": lambda i: locked(i, "-outform", "DER"),
    "PBKDF2 with SHA-1 and AES-128": lambda i: locked(i, "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"),
    "PBKDF2 with SHA-512": lambda i: locked(i, "-v2prf", "hmacWithSHA512"),
    "PBKDF2 with SHA-384 and AES-192": lambda i: locked(i, "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA384"),
    "PBKDF2 and triple DES": lambda i: locked(i, "-v2", "des-ede3-cbc"),
    "scrypt": lambda i: locked(i, "-scrypt"),
    "scrypt in DER": lambda i: locked(i, "-scrypt", "-outform", "DER"),
    "PKCS#12's triple DES": lambda i: locked(i, "-v1", "PBE-SHA1-3DES"),
}
OLD_LOCKED_FORMS = {
    f"Proc-Type 4,ENCRYPTED with {cipher}": lambda i, cipher=cipher: locked_traditional(i, cipher)
    for cipher in ("aes128", "aes192", "aes256", "des3")
}


def forms():
    """(entry of tls.certificates[], key type, function that creates its files) for every case."""
    def chain_and_key(chain, key):
        return lambda i: {"chain": chain(i), "key": key(i)}

    def chain_pem(identity):
        return identity.chain_pem

    for kind in KEYS:
        for name, make in KEY_FORMS.items():
            if ("traditional" in name and kind not in TRADITIONAL) or ("EC parameters" in name and kind != "p256"):
                continue
            yield pytest.param(kind, chain_and_key(chain_pem, make), id=f"{kind}, {name}")
        for name, make in LOCKED_FORMS.items():
            yield pytest.param(kind, chain_and_key(chain_pem, make), id=f"{kind}, {name}")
        if kind in TRADITIONAL:
            for name, make in OLD_LOCKED_FORMS.items():
                yield pytest.param(kind, chain_and_key(chain_pem, make), id=f"{kind}, {name}")
        for name, make in {
            "key first": lambda i: pkcs8(i) + i.chain_pem,
            "key last": lambda i: i.chain_pem + pkcs8(i),
            "key in the middle": lambda i: i.leaf_pem + pkcs8(i) + b"".join(map(pem, i.intermediates)),
            "intermediate first": lambda i: b"".join(map(pem, i.intermediates)) + i.leaf_pem + pkcs8(i),
            "with text between": lambda i: b"subject=CN = x\n" + pkcs8(i) + b"\n\nsubject=/CN=y\r\n" + i.chain_pem,
            "CRLF": lambda i: (pkcs8(i) + i.chain_pem).replace(b"\n", b"\r\n"),
            "traditional key": lambda i: traditional(i) + i.chain_pem,
            "locked key": lambda i: locked(i) + i.chain_pem,
        }.items():
            if name == "traditional key" and kind not in TRADITIONAL:
                continue
            yield pytest.param(kind, lambda i, make=make: {"bundle": make(i)}, id=f"{kind}, bundle, {name}")
        for name, options in {
            "OpenSSL 3's defaults": (),
            "legacy algorithms": ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
            "AES-128 and PBKDF2": ("-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"),
            "certificates in the clear": ("-certpbe", "NONE"),
        }.items():
            yield pytest.param(kind, lambda i, options=options: {"pkcs12": pkcs12(i, *options)},
                               id=f"{kind}, PKCS#12, {name}")


def pkcs12(identity, *options, chain=True):
    together = pkcs8(identity) + (identity.chain_pem if chain else identity.leaf_pem)
    return openssl("pkcs12", "-export", *options, "-passout", b"pass:" + PASSPHRASE, data=together)


def write(directory, made, passphrase=PASSPHRASE + b"\n"):
    """Writes these files and returns their entry of tls.certificates."""
    entry = {}
    for name, data in {**made, "passphrase_file": passphrase}.items():
        path = pathlib.Path(directory) / f"server.{name}"
        path.write_bytes(data)
        os.chmod(path, 0o600)
        entry[name] = str(path)
    return entry


def shown(proxy, pki):
    with clients.RawClient(proxy.address(), clients.context(pki)) as client:
        assert client.get().status == 200
        return x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True)).serial_number


@pytest.fixture(scope="module")
def identities(pki):
    return {kind: pki.ca.server("localhost", "127.0.0.1", key=kind) for kind in KEYS}


@pytest.mark.parametrize("kind, make", forms())
def test_a_handshake_succeeds_with(launch, pki, tmp_path, upstream, identities, kind, make):
    entry = write(tmp_path, make(identities[kind]))
    proxy = launch(configuration(pki, upstream, listener={"tls": {"certificates": [entry]}}))
    assert shown(proxy, pki) == identities[kind].certificate.serial_number


@pytest.mark.parametrize("kind", KEYS)
def test_a_certificate_in_der_serves_where_no_intermediate_is_needed(launch, own_pki, tmp_path, upstream, kind):
    identity = own_pki.root.server("localhost", key=kind)
    entry = write(tmp_path, {"chain": der(identity.certificate), "key": pkcs8(identity, Encoding.DER)})
    proxy = launch(configuration(own_pki, upstream, listener={"tls": {"certificates": [entry]}}))
    assert shown(proxy, own_pki) == identity.certificate.serial_number


def test_pkcs12_without_the_chain_serves_the_leaf_alone(launch, own_pki, tmp_path, upstream):
    identity = own_pki.root.server("localhost")
    entry = write(tmp_path, {"pkcs12": pkcs12(identity, chain=False)})
    proxy = launch(configuration(own_pki, upstream, listener={"tls": {"certificates": [entry]}}))
    assert shown(proxy, own_pki) == identity.certificate.serial_number


def test_a_traditional_key_made_by_genrsa_serves(launch, own_pki, tmp_path, upstream):
    """openssl genrsa -aes256 -traditional, as it is in many a guide."""
    text = openssl("genrsa", "-aes256", "-traditional", "-passout", b"pass:" + PASSPHRASE, "2048")
    assert b"Proc-Type: 4,ENCRYPTED" in text
    key = serialization.load_pem_private_key(text, PASSPHRASE)
    identity = own_pki.ca.server("localhost", key=key)
    entry = write(tmp_path, {"chain": identity.chain_pem, "key": text})
    proxy = launch(configuration(own_pki, upstream, listener={"tls": {"certificates": [entry]}}))
    assert shown(proxy, own_pki) == identity.certificate.serial_number


WRONG = {
    "PBKDF2": lambda i: {"chain": i.chain_pem, "key": locked(i)},
    "scrypt": lambda i: {"chain": i.chain_pem, "key": locked(i, "-scrypt")},
    "the old encryption": lambda i: {"chain": i.chain_pem, "key": locked_traditional(i, "aes256")},
    "PKCS#12": lambda i: {"pkcs12": pkcs12(i)},
}


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("passphrase", [b"another", b"", None])
def test_a_wrong_or_missing_passphrase_is_named(pki, tmp_path, identities, form, passphrase):
    entry = write(tmp_path, WRONG[form](identities["p256"]), passphrase or b"")
    if passphrase is None:
        del entry["passphrase_file"]
    config = configuration(pki, listener={"tls": {"certificates": [entry]}})
    path = tmp_path / "mantlet.yaml"
    path.write_text(yaml.safe_dump(config))
    ended = run_command("run", "--config", path)
    assert ended.returncode == 78
    assert "passphrase" in ended.stderr and str(tmp_path) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("how", [("-v1", "PBE-MD5-DES"), ("-v2", "camellia-256-cbc")])
def test_an_encryption_that_is_not_supported_is_refused_with_a_way_out(pki, tmp_path, identities, how):
    try:
        key = locked(identities["p256"], *how)
    except subprocess.CalledProcessError:
        pytest.skip("this openssl does not write it")
    entry = write(tmp_path, {"chain": identities["p256"].chain_pem, "key": key})
    path = tmp_path / "mantlet.yaml"
    path.write_text(yaml.safe_dump(configuration(pki, listener={"tls": {"certificates": [entry]}})))
    ended = run_command("run", "--config", path)
    assert ended.returncode == 78
    assert "openssl pkcs8" in ended.stderr or "passphrase" in ended.stderr
