"""deploy/TROUBLESHOOTING.md says what clients show for every reason of a failed handshake, and what to do."""

import re

import pytest
import record_failures
from harness import failing_clients
from test_handshake_reasons import labels_in_the_code

TEXT = record_failures.DOCUMENT.read_text()
# Clients that start fast. All of them are recorded by record_failures.py.
FAST = ["curl", "openssl s_client", "Python"]
WORDS = {"no_client_certificate": "certificate required", "unknown_ca": "unknown ca", "expired": "certificate expired",
         "wrong_purpose": "unsupported certificate", "protocol_version": "protocol version"}


def recorded_lines(reason):
    return dict(re.findall(r"^\| ([^|]+) \| `(.*)` \|$", record_failures.recorded(TEXT, reason), re.M))


def recorded_versions():
    return dict(re.findall(r"([A-Za-z.][\w. ]*?) (\d[\w.]*\w)[,.]", record_failures.recorded(TEXT, "versions")))


def test_every_reason_is_explained():
    headings = set(re.findall(r"^##+ ([a-z_]+)$", TEXT, re.M))
    assert headings == labels_in_the_code()
    for reason in record_failures.SHOWN:
        section = TEXT.split(f"\n## {reason}\n")[1].split("\n## ")[0]
        assert "**Cause.**" in section and "**Cure.**" in section
        assert {"Go", "Java", "Node.js", *FAST} == set(recorded_lines(reason))


@pytest.mark.parametrize("reason", WORDS)
def test_the_recorded_lines_are_what_clients_show(pki, upstream, reason):
    clients = failing_clients.Clients(pki.ca_file)
    try:
        shown = record_failures.record(reason, pki, upstream, clients, FAST)
        versions = clients.versions()
    finally:
        clients.close()
    assert set(shown) == set(FAST)
    for name, line in shown.items():
        assert WORDS[reason] in line.lower().replace("_", " "), (name, line)
        if versions[name] == recorded_versions()[name]:
            assert line == recorded_lines(reason)[name]
