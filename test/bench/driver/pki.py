"""Certificates for one run, the same for every server: P-256, signed by the root directly."""

import datetime
import pathlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography import x509

from harness.pki import Authority, Identity, name, new_key, pem


class Pki:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.root = Authority.root("mantlet bench root")
        self.ca = self.root.write(self.folder, "ca")
        server = self.root.server("localhost", "127.0.0.1")
        self.server_chain, self.server_key = server.write(self.folder, "server")
        # haproxy and hitch want both in one file.
        self.server_both = str(self.folder / "server.pem")
        pathlib.Path(self.server_both).write_bytes(server.chain_pem + server.key_pem)
        self.client = self.root.issue(subject=name("bench client", organization_name="Example, Inc."),
                                      sans=("spiffe://example.org/client", "client.example.org"))
        self.client_chain, self.client_key = self.client.write(self.folder, "client")

    def many_servers(self, count, folder, key_file="many.key"):
        """Writes count server certificates with one key; host0.example.org and so on. Returns their file names."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        key = new_key()
        names = []
        for i in range(count):
            host = f"host{i}.example.org"
            (folder / f"{i}.crt").write_bytes(pem(_quick_server(self.root, host, key)))
            names.append(f"{i}.crt")
        (folder / key_file).write_bytes(Identity(None, key).key_pem)
        return names

    def crl(self, serials, path):
        """Writes a CRL of the root with that many serials, none of them one of ours."""
        now = datetime.datetime.utcnow().replace(microsecond=0)
        when = _der(0x17, now.strftime("%y%m%d%H%M%SZ").encode())
        until = _der(0x17, (now + datetime.timedelta(days=7)).strftime("%y%m%d%H%M%SZ").encode())
        # 14 bytes of a number that no random serial begins with, in order.
        entries = b"".join(_der(0x30, _der(2, b"\x01" + i.to_bytes(13, "big")) + when) for i in range(serials))
        algorithm = bytes.fromhex("300a06082a8648ce3d040302")
        body = _der(2, b"\x01") + algorithm + self.root.certificate.subject.public_bytes() + when + until
        if serials:
            body += _der(0x30, entries)
        number = _der(0x30, bytes.fromhex("0603551d14") + _der(4, _der(2, b"\x01")))
        identifier = self.root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        authority = _der(0x30, bytes.fromhex("0603551d23") + _der(4, _der(0x30, _der(0x80, identifier))))
        body = _der(0x30, body + _der(0xA0, _der(0x30, authority + number)))
        signature = self.root.key.sign(body, ec.ECDSA(hashes.SHA256()))
        pathlib.Path(path).write_bytes(_der(0x30, body + algorithm + _der(3, b"\0" + signature)))


def _der(tag, content):
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _quick_server(root, host, key):
    now = datetime.datetime.utcnow().replace(microsecond=0)
    return (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(root.certificate.subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(root.key, hashes.SHA256()))
