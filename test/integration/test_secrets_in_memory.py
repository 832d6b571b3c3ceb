"""What the memory of a running process holds of the keys that it uses: the parsed key, and nothing of its files."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from harness.proxy import is_sanitized
from harness.timing import wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of the process"),
              pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps freed memory")]

PASSPHRASE = "correct horse battery staple"


def memory(proxy):
    """The contents of all memory that the process can write."""
    found = []
    with open(f"/proc/{proxy.process.pid}/maps") as maps, open(f"/proc/{proxy.process.pid}/mem", "rb", 0) as contents:
        for line in maps:
            addresses, permissions = line.split()[:2]
            if not permissions.startswith("rw"):
                continue
            begin, end = (int(number, 16) for number in addresses.split("-"))
            contents.seek(begin)
            found.append(contents.read(end - begin))
    return found


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
    for secret in [PASSPHRASE.encode(), PASSPHRASE.encode("utf-16-be"), *forms(plain)]:
        assert count(contents, secret) == 0, secret
