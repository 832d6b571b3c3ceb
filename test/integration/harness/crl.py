"""Revocation lists that the cryptography package cannot create, or only in minutes."""

import datetime
import hashlib
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def element(tag, content):
    """Returns the DER of one element."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


ECDSA_SHA256 = element(0x30, bytes.fromhex("06082a8648ce3d040302"))


def _time(moment):
    return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _yesterday():
    return _time(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1))


def serials(count):
    """Serial numbers of 20 octets, the same ones at each call."""
    return (b"\x5a" + hashlib.sha256(i.to_bytes(4, "big")).digest()[:19] for i in range(count))


def _signed(authority, entries, more):
    """The DER of a list of these entries and those of the given identities, signed with the authority's P-256 key."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for identity in more:
        number = identity.certificate.serial_number
        content = number.to_bytes(number.bit_length() // 8 + 1, "big")
        entries += element(0x30, element(0x02, content) + _yesterday())
    name = authority.certificate.subject.public_bytes(serialization.Encoding.DER)
    tbs = element(0x30, b"\x02\x01\x01" + ECDSA_SHA256 + name + _yesterday() + _time(now + datetime.timedelta(days=7))
                  + element(0x30, entries))
    signature = authority.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return element(0x30, tbs + ECDSA_SHA256 + element(0x03, b"\0" + signature))


def big(authority, count, more=()):
    """A list of `count` entries and those of the given identities."""
    date = _yesterday()
    entry = b"\x30\x25\x02\x14"
    return _signed(authority, b"".join(entry + serial + date for serial in serials(count)), more)


def huge(authority, size, more=()):
    """A list of about `size` bytes with random serial numbers. Its entries are written column by column, which takes
    a second for 200 MB.
    """
    entry = b"\x30\x25\x02\x14\x5a" + bytes(19) + _yesterday()
    count = size // len(entry)
    entries = bytearray(count * len(entry))
    for place, byte in enumerate(entry):
        in_serial = 5 <= place < 24
        entries[place::len(entry)] = os.urandom(count) if in_serial else bytes([byte]) * count
    return _signed(authority, bytes(entries), more)
