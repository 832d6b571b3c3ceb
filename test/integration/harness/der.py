"""Writes certificates byte by byte, for names that libraries refuse to write."""

import base64
import secrets
import textwrap

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .pki import DAY, Identity, new_key, now

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8, NUMERIC, PRINTABLE, T61, IA5 = 0x0c, 0x12, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, UNIVERSAL, BMP = 0x17, 0x18, 0x1c, 0x1e
SEQUENCE, SET = 0x30, 0x31
ENUMERATED = 0x0a

CN, SURNAME, COUNTRY, LOCALITY, STATE, STREET, O, OU = (f"2.5.4.{n}" for n in (3, 4, 6, 7, 8, 9, 10, 11))
EMAIL, UID, DC = "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.1", "0.9.2342.19200300.100.1.25"


def tlv(tag, *content):
    """One DER element; content is bytes, concatenated."""
    body = b"".join(content)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value):
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def base128(value):
    out = [value & 0x7f]
    while value := value >> 7:
        out.insert(0, 0x80 | value & 0x7f)
    return bytes(out)


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    return tlv(OID, base128(40 * first + second), *map(base128, rest))


def attribute(kind, value, tag=UTF8):
    """(OID, tag, bytes) of one attribute; text is encoded as the tag wants it."""
    if isinstance(value, str):
        value = value.encode({BMP: "utf-16-be", UNIVERSAL: "utf-32-be", T61: "latin-1"}.get(tag, "utf-8"))
    return kind, tag, value


def name(rdns):
    """A Name; rdns is a list of relative names, each a list of attributes, the root's first."""
    return tlv(SEQUENCE, *(
        tlv(SET, *sorted(tlv(SEQUENCE, oid(kind), tlv(tag, value)) for kind, tag, value in attributes))
        for attributes in rdns))


def uri(value):
    return tlv(0x86, value if isinstance(value, bytes) else value.encode())


def dns(value):
    return tlv(0x82, value if isinstance(value, bytes) else value.encode())


def extension(kind, value, critical=False):
    return tlv(SEQUENCE, oid(kind), *([tlv(BOOLEAN, b"\xff")] if critical else []), tlv(OCTET_STRING, value))


def moment(when):
    """UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5280 section 4.1.2.5)."""
    if isinstance(when, bytes):
        return when
    if 1950 <= when.year < 2050:
        return tlv(UTC_TIME, when.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(GENERALIZED_TIME, f"{when.year:04}{when:%m%d%H%M%S}Z".encode())


class RawIdentity:
    """Like harness.pki.Identity, but without a library's checks of the certificate."""

    def __init__(self, leaf_der, key, intermediates_pem):
        self.leaf_der = leaf_der
        self.key = key
        self.key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption())
        self._intermediates_pem = intermediates_pem

    def identity(self, authority):
        """The same as harness.pki has it, for certificates that its library can read."""
        return Identity(x509.load_der_x509_certificate(self.leaf_der), self.key, authority.above)

    @property
    def sha256(self):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.leaf_der)
        return digest.finalize().hex()

    @property
    def leaf_pem(self):
        text = base64.b64encode(self.leaf_der).decode()
        return ("-----BEGIN CERTIFICATE-----\n" + "\n".join(textwrap.wrap(text, 64))
                + "\n-----END CERTIFICATE-----\n").encode()

    @property
    def chain_pem(self):
        return self.leaf_pem + self._intermediates_pem

    def write(self, directory, stem):
        chain, key = directory / f"{stem}.crt", directory / f"{stem}.key"
        chain.write_bytes(self.chain_pem)
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return str(chain), str(key)


def issue(authority, rdns=(), sans=(), serial=None, not_before=None, not_after=None, extensions=(), subject=None,
          key=None):
    """A client certificate of the authority (harness.pki.Authority), byte by byte."""
    key = key or new_key()
    serial = secrets.randbits(120) if serial is None else serial
    ecdsa_with_sha256 = tlv(SEQUENCE, oid("1.2.840.10045.4.3.2"))
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    usual = [
        extension("2.5.29.19", tlv(SEQUENCE), True),
        extension("2.5.29.15", tlv(BIT_STRING, b"\x07\x80"), True),
        extension("2.5.29.37", tlv(SEQUENCE, oid("1.3.6.1.5.5.7.3.2"))),
        extension("2.5.29.35", tlv(SEQUENCE, tlv(0x80, identifier))),
    ]
    if sans:
        usual.append(extension("2.5.29.17", tlv(SEQUENCE, *sans), critical=not rdns))
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    tbs = tlv(
        SEQUENCE, tlv(0xa0, integer(2)), integer(serial), ecdsa_with_sha256, authority.certificate.subject.public_bytes(),
        tlv(SEQUENCE, moment(not_before or now() - DAY), moment(not_after or now() + 30 * DAY)),
        subject if subject is not None else name(rdns), spki,
        tlv(0xa3, tlv(SEQUENCE, *usual, *extensions)))
    signature = authority.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    leaf = tlv(SEQUENCE, tbs, ecdsa_with_sha256, tlv(BIT_STRING, b"\x00", signature))
    return RawIdentity(leaf, key, b"".join(c.public_bytes(serialization.Encoding.PEM) for c in authority.above))

