"""Certificates that are created for one run: authorities, and invalid certificates."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def new_key(kind="p256"):
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "p224":
        return ec.generate_private_key(ec.SECP224R1())
    if kind == "p384":
        return ec.generate_private_key(ec.SECP384R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    assert kind.startswith("rsa"), kind
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))


def name(cn, **attributes):
    parts = [x509.NameAttribute(getattr(NameOID, key.upper()), value) for key, value in attributes.items()]
    if cn is not None:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, cn))
    return x509.Name(parts)


def printable(subject):
    """The same name with PrintableStrings, where cryptography writes UTF8Strings."""
    return x509.Name([x509.NameAttribute(part.oid, part.value, _type=_ASN1Type.PrintableString) for part in subject])


def general_name(text):
    """"spiffe://…" is a URI, "10.0.0.1" an address, everything else a DNS name."""
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


class Identity:
    """A leaf certificate, its key, and the intermediates to send with it."""

    def __init__(self, certificate, key, intermediates=()):
        self.certificate = certificate
        self.key = key
        self.intermediates = tuple(intermediates)

    @property
    def leaf_pem(self):
        return pem(self.certificate)

    @property
    def leaf_der(self):
        return der(self.certificate)

    @property
    def chain_pem(self):
        return b"".join(pem(c) for c in (self.certificate, *self.intermediates))

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def serial_hex(self):
        return f"{self.certificate.serial_number:x}"

    @property
    def sha256(self):
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def sha1(self):
        return self.certificate.fingerprint(hashes.SHA1()).hex()

    def without_intermediates(self):
        return Identity(self.certificate, self.key)

    def tampered(self):
        """Returns the same certificate with one inverted bit in its signature."""
        raw = bytearray(self.leaf_der)
        raw[-5] ^= 1
        return Identity(x509.load_der_x509_certificate(bytes(raw)), self.key, self.intermediates)

    def write(self, directory, stem):
        """Writes STEM.crt and STEM.key; returns both paths as strings."""
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        chain, key = directory / f"{stem}.crt", directory / f"{stem}.key"
        chain.write_bytes(self.chain_pem)
        if not key.exists():
            key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return str(chain), str(key)


class Authority:
    """A CA certificate with its key. Lives in memory; write() puts the certificate on disk."""

    def __init__(self, certificate, key, above=()):
        self.certificate = certificate
        self.key = key
        self.above = tuple(above)  # intermediates from this one upwards, itself included; no root
        self.issuer_name = certificate.subject  # written into the certificates that it issues

    @staticmethod
    def root(cn="mantlet test root", key="p256", not_before=None, not_after=None):
        key = new_key(key) if isinstance(key, str) else key
        subject = name(cn)
        certificate = _build(subject, subject, key.public_key(), key, None, not_before, not_after, ca=True)
        return Authority(certificate, key)

    def intermediate(self, cn="mantlet test intermediate", path_length=None, not_before=None,
                     not_after=None, permitted_dns=None):
        key = new_key()
        certificate = _build(name(cn), self.issuer_name, key.public_key(), self.key,
                             self.certificate, not_before, not_after, ca=True,
                             path_length=path_length, permitted_dns=permitted_dns)
        return Authority(certificate, key, (certificate, *self.above))

    def certify(self, authority, not_before=None, not_after=None):
        """Returns the other authority with another certificate of its key, signed by this one."""
        certificate = _build(authority.certificate.subject, self.certificate.subject, authority.key.public_key(),
                             self.key, self.certificate, not_before, not_after, ca=True)
        return Authority(certificate, authority.key, (certificate, *self.above))

    def issue(self, cn="client", sans=(), usage=CLIENT, key="p256", digest=None, subject=None,
              not_before=None, not_after=None, ca=False, encipherment=False, crl_urls=()):
        """encipherment: the key usage is keyEncipherment instead of digitalSignature."""
        key = new_key(key) if isinstance(key, str) else key
        certificate = _build(subject or name(cn), self.issuer_name, key.public_key(), self.key,
                             self.certificate, not_before, not_after, sans=sans, usage=usage,
                             digest=digest, ca=ca, encipherment=encipherment, crl_urls=crl_urls)
        return Identity(certificate, key, self.above)

    def server(self, *names, cn=None, **kwargs):
        names = names or ("localhost", "127.0.0.1")
        return self.issue(cn=cn or names[0], sans=names, usage=SERVER, **kwargs)

    def crl(self, *identities, next_update=None, last_update=None, changes_to=None, url=None):
        """Returns a PEM CRL of this authority that revokes the given identities. changes_to: a delta to that
        number; url: its distribution point, for users' certificates with that point only.
        """
        moment = last_update or now() - DAY
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
                   .last_update(moment).next_update(next_update or now() + 7 * DAY))
        for identity in identities:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
                .revocation_date(moment).build())
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        if changes_to is not None:
            builder = builder.add_extension(x509.DeltaCRLIndicator(changes_to), critical=True)
        if url is not None:
            point = x509.IssuingDistributionPoint(full_name=[x509.UniformResourceIdentifier(url)], relative_name=None,
                                                  only_contains_user_certs=True, only_contains_ca_certs=False,
                                                  only_some_reasons=None, indirect_crl=False,
                                                  only_contains_attribute_certs=False)
            builder = builder.add_extension(point, critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    @property
    def pem(self):
        return pem(self.certificate)

    def write(self, directory, stem="ca"):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{stem}.crt"
        path.write_bytes(self.pem)
        return str(path)


def _build(subject, issuer, public_key, signing_key, issuer_certificate, not_before, not_after,
           sans=(), usage=(), digest=None, ca=False, path_length=None, permitted_dns=None, encipherment=False,
           crl_urls=()):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
               .serial_number(x509.random_serial_number())
               .not_valid_before(not_before or now() - DAY)
               .not_valid_after(not_after or now() + 30 * DAY))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    if issuer_certificate is not None and issuer_certificate.version == x509.Version.v3:
        identifier = issuer_certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value), critical=False)
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=not ca and not encipherment, content_commitment=False,
                      key_encipherment=encipherment,
                      data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
                      encipher_only=False, decipher_only=False), critical=True)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usage)), critical=False)
    if sans:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([s if isinstance(s, x509.GeneralName) else general_name(s) for s in sans]),
            critical=False)
    if permitted_dns:
        builder = builder.add_extension(
            x509.NameConstraints([x509.DNSName(n) for n in permitted_dns], None), critical=True)
    if crl_urls:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in crl_urls]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
    return builder.sign(signing_key, digest or hashes.SHA256())


class Pki:
    """The usual set: a root, an intermediate, a server and a client, written below one folder."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = Authority.root()
        self.ca = self.root.intermediate()
        self.ca_file = self.root.write(self.directory)
        self.server = self.ca.server("localhost", "app.example", "127.0.0.1", "spiffe://example.org/app")
        self.server_files = self.server.write(self.directory, "server")
        self.client = self.ca.issue(
            subject=name("alice", organization_name="Example, Inc.", country_name="DE"),
            sans=("spiffe://example.org/alice", "alice.example", "alice-alt.example"))
        self.client_files = self.client.write(self.directory, "client")

    def write(self, identity, stem):
        return identity.write(self.directory, stem)
