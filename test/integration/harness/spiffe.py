"""SPIFFE trust domains that are created for one run: authorities, valid and invalid SVIDs, bundles as JSON."""

import base64
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import pki

BOTH = pki.SERVER + pki.CLIENT


class TrustDomain:
    """An authority for spiffe://NAME; with an issuer, one below it. Two of one cn differ only in their keys."""

    _count = 0

    def __init__(self, name, issuer=None, cn=None):
        TrustDomain._count += 1
        self.name = name
        self.key = pki.new_key()
        self.issuer = issuer
        self.subject = pki.name(cn or f"authority {TrustDomain._count} of {name}")
        self.certificate = self._sign(self.subject, self.key.public_key(), issuer or self, ca=True,
                                      uris=[f"spiffe://{name}"])

    @property
    def cn(self):
        return self.subject.rfc4514_string().removeprefix("CN=")

    def svid(self, uri=None, *, uris=None, ca=False, key_usage=("digital_signature",), critical=True, usage=BOTH, key=None,
             not_after=None):
        """Returns an SVID of this authority, valid by default. uri: its whole ID, of any trust domain."""
        key = key or pki.new_key()
        certificate = self._sign(pki.name("workload"), key.public_key(), self, ca=ca, key_usage=key_usage,
                                 critical=critical, usage=usage, not_after=not_after,
                                 uris=[uri or f"spiffe://{self.name}/web"] if uris is None else uris)
        return pki.Identity(certificate, key, [self.certificate] if self.issuer else [])

    @property
    def pem(self):
        return pki.pem(self.certificate)

    def _sign(self, subject, public_key, issuer, *, uris, ca=False, key_usage=None, critical=True, usage=(),
              not_after=None):
        bits = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                              "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
        key_usage = key_usage if key_usage is not None else ("key_cert_sign", "crl_sign")
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(pki.now() - pki.DAY).not_valid_after(not_after or pki.now() + 2 * pki.DAY)
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if key_usage:
            builder = builder.add_extension(x509.KeyUsage(**dict(bits, **dict.fromkeys(key_usage, True))), critical)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(usage)), critical=False)
        if uris:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris]), critical=False)
        return builder.sign(issuer.key, hashes.SHA256())


def jwk(domain, **changes):
    """The authority as one key of a bundle, all of its members spelled out."""
    numbers = domain.key.public_key().public_numbers()

    def base64url(number):
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")

    return dict({"kty": "EC", "crv": "P-256", "x": base64url(numbers.x), "y": base64url(numbers.y),
                 "use": "x509-svid", "x5c": [base64.b64encode(pki.der(domain.certificate)).decode()]}, **changes)


def bundle(*domains, sequence=1, more=()):
    return {"spiffe_sequence": sequence, "spiffe_refresh_hint": 300, "keys": [*map(jwk, domains), *more]}


def write_json(path, value):
    """Writes by rename, like a careful agent; returns the path as a string."""
    temporary = path.with_suffix(".new")
    temporary.write_text(value if isinstance(value, str) else json.dumps(value))
    os.rename(temporary, path)
    return str(path)
