"""OCSP responses that are created for one run."""

import datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def moment(**ago):
    return datetime.datetime.utcnow() - datetime.timedelta(**ago)


def response(authority, identity, status=GOOD, until=None, signer=None):
    signer = signer or authority
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate, issuer=authority.certificate, algorithm=hashes.SHA1(), cert_status=status,
        this_update=moment(hours=2), next_update=until or moment(days=-1),
        revocation_time=moment(hours=3) if status == REVOKED else None, revocation_reason=None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
