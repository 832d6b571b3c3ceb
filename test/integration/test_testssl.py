"""What testssl.sh, the usual scanner of TLS servers, says of a listener: one verdict for each of its findings.

The scan is without a client certificate, which testssl.sh 3.0 cannot send: the listener asks for none.
"""

import json
import shutil
import subprocess

import pytest
from harness import upstreams
from harness.proxy import NO_CLIENT_AUTH, Proxy, configuration, is_sanitized
from harness.timing import scaled

PROGRAM = shutil.which("testssl") or shutil.which("testssl.sh")

pytestmark = [
    pytest.mark.limit(220),
    pytest.mark.skipif(PROGRAM is None, reason="testssl.sh is not installed (tools/bootstrap --test does it)"),
    pytest.mark.skipif(is_sanitized(), reason="the scan takes minutes and sends nothing that other tests do not send"),
]

# Protocols, categories of ciphers, the server's preferences and its certificate, forward secrecy, RC4, vulnerabilities.
SECTIONS = ("-p", "-s", "-P", "-S", "-f", "-4", "-U")

# Findings that must have this severity and begin with this text.
BOTH = {
    "SSLv2": ("OK", "not offered"),
    "SSLv3": ("OK", "not offered"),
    "TLS1": ("INFO", "not offered"),
    "TLS1_1": ("INFO", "not offered"),
    "TLS1_3": ("OK", "offered"),
    "ALPN_HTTP2": ("OK", "h2"),
    "cipherlist_NULL": ("OK", "not offered"),
    "cipherlist_aNULL": ("OK", "not offered"),
    "cipherlist_EXPORT": ("OK", "not offered"),
    "cipherlist_LOW": ("OK", "not offered"),
    "cipherlist_3DES_IDEA": ("INFO", "not offered"),
    "cipherlist_AVERAGE": ("INFO", "not offered"),
    "PFS": ("OK", "offered"),
    "PFS_ECDHE_curves": ("OK", "prime256v1"),
    "protocol_negotiated": ("OK", "Default protocol TLS1.3"),
    "cipher_negotiated": ("OK", "TLS_"),
    "cert_signatureAlgorithm": ("OK", "ECDSA with SHA256"),
    "cert_keySize": ("OK", "EC 256 bits"),
    "cert_trust": ("OK", "Ok via SAN"),
    "certs_list_ordering_problem": ("INFO", "no"),
    "heartbleed": ("OK", "not vulnerable"),
    "CCS": ("OK", "not vulnerable"),
    "ticketbleed": ("OK", ""),
    "ROBOT": ("OK", "not vulnerable"),
    "secure_client_renego": ("OK", "not vulnerable"),
    "CRIME_TLS": ("OK", "not vulnerable"),
    "BREACH": ("OK", "not vulnerable"),
    "POODLE_SSL": ("OK", "not vulnerable"),
    "FREAK": ("OK", "not vulnerable"),
    "DROWN": ("OK", "not vulnerable"),
    "LOGJAM": ("OK", "not vulnerable"),
    "BEAST": ("OK", "not vulnerable"),
    "LUCKY13": ("OK", "not vulnerable"),
}
TLS_1_2 = {
    "TLS1_2": ("OK", "offered"),
    "cipherlist_STRONG": ("OK", "offered"),
    "cipher_order": ("OK", "server"),
    "secure_renego": ("OK", "supported"),
    "LOGJAM-common_primes": ("OK", "no DH key"),
    "fallback_SCSV": ("OK", "no protocol below TLS 1.2 offered"),
    "SWEET32": ("OK", "not vulnerable"),
}
ONLY_TLS_1_3 = {
    "TLS1_2": ("INFO", "not offered"),
    "fallback_SCSV": ("OK", "only TLS 1.3 supported"),
}

# Findings that are no praise, with the reason why that is as it should be.
DIFFERENCES = {
    "engine_problem": "about the scanner's own OpenSSL",
    "RC4": "about the scanner's own OpenSSL, which has no RC4; cipherlist_LOW tries it without OpenSSL",
    "cert_expirationStatus": "the certificate of the run is valid for 30 days",
    "cert_notAfter": "the same",
    "cert_chain_of_trust": "the certificate of the run is of a private CA; testssl.sh tries those of the browsers, too",
    "cert_revocation": "the CA of the run has no list and no OCSP responder: its clients know it",
}
# Severities that need no reason.
FINE = ("OK", "INFO")


VERSIONS = {"1.2": {**BOTH, **TLS_1_2}, "1.3": {**BOTH, **ONLY_TLS_1_3}}


class Scan:
    """A running scan of a listener of this process; most of its time it waits."""

    def __init__(self, proxy, pki):
        self._report = proxy.directory / "testssl.json"
        self._output = (proxy.directory / "testssl.txt").open("w+")
        self._process = subprocess.Popen(
            [PROGRAM, "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1", "--fast",
             "--openssl-timeout", "10", "--add-ca", pki.ca_file, *SECTIONS, "--jsonfile", str(self._report),
             "localhost:%d" % proxy.port()],
            stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output)

    def findings(self):
        """Waits for the end; returns {id: (severity, text)}."""
        self._process.wait(scaled(200))
        self._output.seek(0)
        output = self._output.read()[-2000:]
        assert self._report.exists(), output
        found = {each["id"]: (each["severity"], each["finding"]) for each in json.loads(self._report.read_text())}
        assert found.get("scanTime", ("WARN", ""))[0] != "WARN", output
        return found

    def end(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()


@pytest.fixture(scope="module")
def scans(pki, tmp_path_factory):
    """One scan for each version, at the same time."""
    upstream = upstreams.Echo()
    proxies = {version: Proxy(tmp_path_factory.mktemp(f"tls{version}"), configuration(
        pki, upstream, listener={"tls": {"min_version": version}, "client_auth": NO_CLIENT_AUTH})).start() for version in VERSIONS}
    running = {version: Scan(proxy, pki) for version, proxy in proxies.items()}
    yield running
    for each in running.values():
        each.end()
    for proxy in proxies.values():
        proxy.check_end()
    upstream.close()


def wrong(found, expected):
    """The findings that are not as they must be, or that nobody has judged."""
    problems = [f"{name}: {found.get(name)} instead of {wanted}" for name, wanted in expected.items()
                if name not in found or found[name][0] != wanted[0] or not found[name][1].startswith(wanted[1])]
    problems += [f"{name}: {finding} is new" for name, finding in found.items()
                 if finding[0] not in FINE and name not in expected and name not in DIFFERENCES]
    return problems


@pytest.mark.parametrize("version", VERSIONS)
def test_a_scanner_finds_nothing_that_is_not_judged(scans, version):
    assert not wrong(scans[version].findings(), VERSIONS[version])


def test_the_verdicts_notice_a_weaker_server():
    good = {**BOTH, **TLS_1_2}
    assert not wrong(good, {**BOTH, **TLS_1_2})
    assert wrong({**good, "SSLv3": ("CRITICAL", "offered")}, {**BOTH, **TLS_1_2})
    assert wrong({**good, "heartbleed": ("CRITICAL", "VULNERABLE")}, {**BOTH, **TLS_1_2})
    assert wrong({**good, "some_new_attack": ("HIGH", "VULNERABLE")}, {**BOTH, **TLS_1_2})
