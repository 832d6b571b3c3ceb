"""Writes new certificates in the ways of common programs, and reads the served certificate."""

import os
import pathlib

from cryptography import x509

from . import clients


def served_serial(proxy, pki, context=None):
    with clients.RawClient(proxy.address(), context or clients.context(pki)) as client:
        return x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True)).serial_number


def write_in_place(identity, files):
    for path, data in zip(files, (identity.chain_pem, identity.key_pem)):
        with open(path, "r+b") as target:
            target.truncate()
            target.write(data)


def write_by_rename(identity, files):
    for path, data in zip(files, (identity.chain_pem, identity.key_pem)):
        temporary = path + ".tmp"
        pathlib.Path(temporary).write_bytes(data)
        os.chmod(temporary, 0o600)
        os.rename(temporary, path)
