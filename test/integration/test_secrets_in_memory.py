"""What the memory of a running process holds of the keys that it uses: the parsed key, and nothing of its files."""

import hashlib
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from harness import clients
from harness.proxy import is_sanitized
from harness.timing import scaled, wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of the process"),
              pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps freed memory")]

PASSPHRASE = "correct horse battery staple"


def mappings(proxy):
    """All memory that the process can write: (what smaps says of the mapping, its flags, its contents)."""
    found = []
    smaps = pathlib.Path(f"/proc/{proxy.process.pid}/smaps").read_text()
    with open(f"/proc/{proxy.process.pid}/mem", "rb", 0) as contents:
        for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.M)[1:]:
            title = part.splitlines()[0]
            flags = set(re.search(r"^VmFlags: (.*)$", part, re.M)[1].split())
            if not {"rd", "wr"} <= flags:
                continue
            begin, end = (int(number, 16) for number in title.split()[0].split("-"))
            contents.seek(begin)
            found.append((title, flags, contents.read(end - begin)))
    return found


def memory(proxy):
    """The contents of all memory that the process can write."""
    return [contents for _, _, contents in mappings(proxy)]


def count(contents, pattern):
    return sum(len(re.findall(re.escape(pattern), part)) for part in contents)


def private_number(pem):
    return load_pem_private_key(pem, None).private_numbers().private_value


def forms(pem):
    """The secret as key files contain it: the lines of the text, and the number in DER."""
    lines = [line for line in pem.splitlines() if len(line) > 20 and not line.startswith(b"-----")]
    return [*lines, private_number(pem).to_bytes(32, "big")]


def parsed(pem):
    """A P-256 key as the TLS library holds it."""
    return private_number(pem).to_bytes(32, "little")


def numbers(key):
    """The numbers of a key that are secret, as the TLS library holds them."""
    if isinstance(key, rsa.RSAPrivateKey):
        secret = key.private_numbers()
        found = {name: getattr(secret, name) for name in ("p", "q", "d", "dmp1", "dmq1")}
    else:
        found = {"scalar": key.private_numbers().private_value}
    # The last bytes of a number are zeros if it is short.
    return {name: number.to_bytes((number.bit_length() + 7) // 8, "little") for name, number in found.items()}


def assert_locked(proxy, keys):
    """The secret numbers of the keys are in memory, and nowhere but in memory that is locked and in no dump."""
    there = mappings(proxy)
    for key in keys:
        for name, number in numbers(key).items():
            places = [(title, flags) for title, flags, contents in there if number in contents]
            assert places, name
            for title, flags in places:
                assert {"lo", "dd"} <= flags, (name, title, flags)


def renew(pki):
    """Replaces the key and certificate of the server; returns the text of the new key."""
    server = pki.ca.server("localhost")
    for path, content in zip(pki.server_files, (server.chain_pem, server.key_pem)):
        pathlib.Path(path).write_bytes(content)
    return server.key_pem


def test_only_the_parsed_key_stays(start, upstream, own_pki):
    chain, key = own_pki.server_files
    pem = pathlib.Path(key).read_bytes()
    # So large that nothing else soon takes all of the memory into which the file was read.
    comment = b"A comment beside the key.\n"
    pathlib.Path(key).write_bytes(comment * 2000 + pem + comment * 2000)
    proxy = start(upstream, listener={"tls": {"certificates": [{"chain": chain, "key": key}]}})
    contents = memory(proxy)
    assert count(contents, parsed(pem)) == 1  # and so a key is found where there is one
    for form in [comment, *forms(pem)]:
        assert count(contents, form) == 0, form


def test_a_key_that_was_replaced_is_gone(start, upstream, own_pki):
    chain, key = own_pki.server_files
    old = pathlib.Path(key).read_bytes()
    proxy = start(upstream, listener={"tls": {"certificates": [{"chain": chain, "key": key}]}})
    with proxy.reloaded():
        new = renew(own_pki)
    # The replaced snapshot is freed when nothing uses it any more.
    wait_until(lambda: count(memory(proxy), parsed(old)) == 0, 10, "the end of the old key", interval=0.2)
    contents = memory(proxy)
    assert count(contents, parsed(new)) == 1
    for form in [*forms(old), *forms(new)]:
        assert count(contents, form) == 0, form


@pytest.mark.parametrize("form", ["encrypted key", "PKCS#12"])
def test_the_passphrase_and_the_decrypted_file_are_gone(start, upstream, own_pki, tmp_path, form):
    openssl = shutil.which("openssl")
    chain, key = own_pki.server_files
    plain = pathlib.Path(key).read_bytes()
    (tmp_path / "pass").write_text(PASSPHRASE)
    (tmp_path / "pass").chmod(0o600)
    out = str(tmp_path / "locked")
    if form == "PKCS#12":
        command = [openssl, "pkcs12", "-export", "-in", chain, "-inkey", key, "-passout", f"file:{tmp_path}/pass", "-out", out]
        files = {"pkcs12": out}
    else:
        command = [openssl, "pkcs8", "-topk8", "-in", key, "-passout", f"file:{tmp_path}/pass", "-out", out]
        files = {"chain": chain, "key": out}
    subprocess.run(command, check=True, capture_output=True)
    os.chmod(out, 0o600)
    files["passphrase_file"] = str(tmp_path / "pass")
    proxy = start(upstream, listener={"tls": {"certificates": [files]}})
    contents = memory(proxy)
    assert count(contents, parsed(plain)) == 1
    assert_locked(proxy, [load_pem_private_key(plain, None)])
    for secret in [PASSPHRASE.encode(), PASSPHRASE.encode("utf-16-be"), *forms(plain)]:
        assert count(contents, secret) == 0, secret


RSA_ONLY, ECDSA_ONLY = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"


@pytest.fixture
def two_keys(start, upstream, own_pki, tmp_path):
    """two_keys() starts a proxy with a certificate for each kind of key; returns it with the keys and their files."""

    def run(**options):
        made = [own_pki.ca.server("localhost", key=kind) for kind in ("p256", "rsa2048")]
        files = [one.write(tmp_path, f"two{number}") for number, one in enumerate(made)]
        certificates = [{"chain": str(chain), "key": str(key)} for chain, key in files]
        listener = {"tls": {"certificates": certificates}, "client_auth": {"trust_bundle": [own_pki.ca_file]}}
        return start(upstream, listener=listener, **options), made, files

    return run


def handshakes(proxy, pki):
    for ciphers in (RSA_ONLY, ECDSA_ONLY):
        for _ in range(10):
            with clients.RawClient(proxy.address(), clients.context(pki, maximum=ssl.TLSVersion.TLSv1_2, ciphers=ciphers)) as client:
                assert client.get().status == 200
    for _ in range(10):  # TLS 1.3
        with clients.RawClient(proxy.address(), clients.context(pki)) as client:
            assert client.get().status == 200


def test_keys_are_only_in_memory_that_is_locked_and_in_no_dump(two_keys, own_pki):
    proxy, made, _ = two_keys()
    keys = [one.key for one in made]
    assert_locked(proxy, keys)
    handshakes(proxy, own_pki)
    assert_locked(proxy, keys)
    assert not proxy.log("memory_not_locked")


def test_keys_of_a_reload_are_locked_and_the_replaced_ones_are_gone(two_keys, own_pki, tmp_path):
    proxy, made, files = two_keys()
    handshakes(proxy, own_pki)
    new = [own_pki.ca.server("localhost", key=kind) for kind in ("p256", "rsa2048")]
    with proxy.reloaded():
        for one, (chain, key) in zip(new, files):
            pathlib.Path(chain).write_bytes(one.chain_pem)
            pathlib.Path(key).write_bytes(one.key_pem)
    handshakes(proxy, own_pki)
    old = [number for one in made for number in numbers(one.key).values()]
    wait_until(lambda: not any(count(memory(proxy), number) for number in old), 10, "the end of the old keys", interval=0.2)
    assert_locked(proxy, [one.key for one in new])


P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def first_flight(proxy, pki):
    """Begins a handshake of TLS 1.2. Returns the connection, the client's random, and the server's messages by type."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = clients.context(pki, maximum=ssl.TLSVersion.TLSv1_2, ciphers=ECDSA_ONLY).wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    connection = socket.create_connection(proxy.address(), timeout=scaled(10))
    connection.sendall(hello)
    stream, handshake, messages = connection.makefile("rb"), b"", {}
    while 14 not in messages:  # ServerHelloDone
        header = stream.read(5)
        assert header[0] == 22
        handshake += stream.read(int.from_bytes(header[3:], "big"))
        while len(handshake) >= 4 and len(handshake) >= 4 + (size := int.from_bytes(handshake[1:4], "big")):
            messages[handshake[0]], handshake = handshake[4:4 + size], handshake[4 + size:]
    return connection, hello[11:43], messages


def test_the_secret_of_a_signature_is_gone(two_keys, own_pki):
    """With the nonce of an ECDSA signature, everybody can compute the private key."""
    proxy, made, _ = two_keys()
    connection, client_random, messages = first_flight(proxy, own_pki)
    with connection:
        server_key_exchange = messages[12]
        parameters = server_key_exchange[:4 + server_key_exchange[3]]
        algorithm, signature = server_key_exchange[len(parameters):][:2], server_key_exchange[len(parameters) + 4:]
        assert algorithm == b"\x04\x03"  # ecdsa_secp256r1_sha256
        signed = hashlib.sha256(client_random + messages[2][2:34] + parameters).digest()
        r, s = decode_dss_signature(signature)
        private = made[0].key.private_numbers().private_value
        nonce = (int.from_bytes(signed, "big") + r * private) * pow(s, -1, P256_ORDER) % P256_ORDER
        # It is the one: its point is in the signature.
        assert ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % P256_ORDER == r
        contents = memory(proxy)
        assert count(contents, made[0].key.private_numbers().private_value.to_bytes(32, "little")) == 1
        for form in (nonce, P256_ORDER - nonce):
            assert count(contents, form.to_bytes(32, "little")) == 0


# A process that may lock no memory.
NO_LOCKING = [sys.executable, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0)); "
              "os.execvp('setpriv', ['setpriv', '--bounding-set=-ipc_lock', *sys.argv[1:]])"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_without_permission_to_lock_memory_it_serves_and_tells_what_to_do(two_keys, own_pki):
    proxy, made, _ = two_keys(launch_options={"launcher": NO_LOCKING})
    handshakes(proxy, own_pki)
    record, = proxy.log("memory_not_locked")
    assert record["limit_bytes"] == 0 and record["unlocked_bytes"] == record["key_memory_bytes"] > 0
    assert "LimitMEMLOCK=" in record["msg"]
    there = mappings(proxy)
    for one in made:  # in no dump all the same
        for name, number in numbers(one.key).items():
            found = [flags for _, flags, contents in there if number in contents]
            assert found and all("dd" in flags and "lo" not in flags for flags in found), (name, found)
