"""`mantlet check` in a pipeline: ends that come too soon, and reports that CI systems read."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
import yaml
from harness.pki import DAY, now
from harness.proxy import configuration, run_command

HOUR = DAY / 24

# The form of reports that Jenkins and GitLab read.
JUNIT = """<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attributeGroup name="counts">
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
  </xs:attributeGroup>
  <xs:element name="testsuites"><xs:complexType>
    <xs:sequence><xs:element name="testsuite" maxOccurs="unbounded"><xs:complexType>
      <xs:sequence><xs:element name="testcase" maxOccurs="unbounded"><xs:complexType>
        <xs:sequence>
          <xs:element name="failure" minOccurs="0" maxOccurs="unbounded"><xs:complexType mixed="true">
            <xs:attribute name="message" type="xs:string" use="required"/>
          </xs:complexType></xs:element>
          <xs:element name="system-out" type="xs:string" minOccurs="0"/>
        </xs:sequence>
        <xs:attribute name="classname" type="xs:string" use="required"/>
        <xs:attribute name="name" type="xs:string" use="required"/>
      </xs:complexType></xs:element></xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attributeGroup ref="counts"/>
    </xs:complexType></xs:element></xs:sequence>
    <xs:attributeGroup ref="counts"/>
  </xs:complexType></xs:element>
</xs:schema>
"""


@pytest.fixture
def checked(own_pki, tmp_path):
    """checked(arguments…, listener={…}) checks a configuration with everything that has an end: a certificate of 10
    days, CAs of 30 days and a revocation list of 20 days.
    """
    chain, key = own_pki.write(own_pki.ca.server("localhost", not_after=now() + 10 * DAY + HOUR), "short")
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl(next_update=now() + 20 * DAY + HOUR))

    def run(*arguments, **listener):
        listener = {"tls": {"certificates": [{"chain": chain, "key": key}]},
                    "client_auth": {"trust_bundle": [own_pki.ca_file], "crl": {"files": [str(crl)]}}} | listener
        path = tmp_path / "mantlet.yaml"
        path.write_text(yaml.safe_dump(configuration(own_pki, listener=listener)))
        return run_command("check", "--config", path, *arguments)

    run.chain, run.crl, run.ca = chain, str(crl), own_pki.ca_file
    return run


def expiring(done):
    return sorted((each["kind"], each["file"], each["days_left"]) for each in json.loads(done.stdout)["expiring"])


def test_nothing_has_to_last_without_being_asked(checked):
    done = checked("--json")
    assert done.returncode == 0, done.stderr
    assert "expiring" not in json.loads(done.stdout)


@pytest.mark.parametrize("within, ends", [
    ("10d", []),
    ("11d", ["certificate"]),
    ("264h", ["certificate"]),
    ("21d", ["certificate", "revocation list"]),
    ("31d", ["CA certificate", "certificate", "revocation list", "trust anchor"]),
])
def test_what_ends_too_soon_fails_the_check(checked, within, ends):
    done = checked("--expires-within", within, "--json")
    assert done.returncode == (1 if ends else 0), done.stderr
    found = expiring(done)
    assert [kind for kind, _, _ in found] == ends
    for kind, file, days in found:
        expected = {"certificate": (checked.chain, 10), "CA certificate": (checked.chain, 30),
                    "revocation list": (checked.crl, 20), "trust anchor": (checked.ca, 30)}[kind]
        assert file == expected[0] and days in (expected[1], expected[1] - 1)
    assert json.loads(done.stdout)["ok"] is not bool(ends)


def test_the_text_names_file_subject_date_and_days(checked):
    done = checked("--expires-within", "11d")
    assert done.returncode == 1
    for text in (done.stdout, done.stderr):
        assert re.search(re.escape(checked.chain) + r": the certificate CN=.* ends on \d{4}-\d\d-\d\d .* in 10 days", text)
    assert "renew it" in done.stderr


def test_an_expired_list_counts_too(checked, own_pki, tmp_path):
    crl = tmp_path / "old.crl"
    crl.write_bytes(own_pki.ca.crl(last_update=now() - 2 * DAY, next_update=now() - DAY))
    auth = {"trust_bundle": [own_pki.ca_file], "crl": {"files": [str(crl)], "expired": "use"}}
    done = checked("--expires-within", "0s", "--json", client_auth=auth)
    assert done.returncode == 1
    assert [(kind, file) for kind, file, _ in expiring(done)] == [("revocation list", str(crl))]


@pytest.mark.parametrize("value", ["30", "soon", "-1d", "1d1h", ""])
def test_a_time_that_is_none_is_wrong_usage(checked, value):
    assert checked("--expires-within", value).returncode == 2


def test_a_form_that_is_none_is_wrong_usage(checked):
    assert checked("--format", "yaml").returncode == 2


def junit(done, tmp_path):
    """The cases of a report: {(group, name): number of failures}."""
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is missing; tools/bootstrap --test installs it")
    (tmp_path / "report.xml").write_text(done.stdout)
    (tmp_path / "junit.xsd").write_text(JUNIT)
    lint = subprocess.run(["xmllint", "--noout", "--schema", tmp_path / "junit.xsd", tmp_path / "report.xml"],
                          capture_output=True, text=True, timeout=30)
    assert lint.returncode == 0, lint.stderr
    suite = xml.etree.ElementTree.fromstring(done.stdout).find("testsuite")
    cases = {(case.get("classname"), case.get("name")): len(case.findall("failure"))
             for case in suite.findall("testcase")}
    assert len(cases) == int(suite.get("tests"))
    assert sum(map(bool, cases.values())) == int(suite.get("failures"))
    return cases


def test_junit_has_a_case_for_everything_that_is_checked(checked, tmp_path):
    done = checked("--format", "junit", "--expires-within", "11d")
    assert done.returncode == 1
    cases = junit(done, tmp_path)
    failed = {name for (_, name), failures in cases.items() if failures}
    assert len(failed) == 1 and failed.pop().startswith(f"certificate {checked.chain}")
    assert ("listener public", "files") in cases and ("configuration", str(tmp_path / "mantlet.yaml")) in cases
    for kind in ("CA certificate", "trust anchor", "revocation list"):
        assert any(name.startswith(kind) for _, name in cases), kind


def test_junit_without_a_fault_passes(checked, tmp_path):
    done = checked("--format", "junit")
    assert done.returncode == 0, done.stderr
    assert not any(junit(done, tmp_path).values())


def test_junit_reports_a_listener_whose_files_are_bad(checked, tmp_path):
    done = checked("--format", "junit", tls={"certificates": [{"bundle": "/nowhere/<&>.pem"}]})
    assert done.returncode == 1
    assert junit(done, tmp_path)["listener public", "files"] == 1


def test_junit_reports_a_configuration_that_does_not_load(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("listners: []\n")
    done = run_command("check", "--config", path, "--format", "junit")
    assert done.returncode == 1
    assert list(junit(done, tmp_path).items())[0] == (("configuration", str(path)), 2)
