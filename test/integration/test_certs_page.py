"""/certs of the admin endpoint, and the expiry times of certificates, compared with the output of openssl."""

import datetime
import json
import os
import pathlib
import re
import subprocess

import pytest
from harness import clients, der
from harness.pki import Authority, Identity, now
from harness.proxy import configuration, run_command
from harness.timing import wait_until

NEVER = datetime.datetime(9999, 12, 31, 23, 59, 59)


def certs(proxy):
    status, body = proxy.get("/certs", "admin")
    assert status == 200
    return json.loads(body)


def openssl(pem, *options):
    """Returns the output of openssl x509 for a certificate with these options."""
    done = subprocess.run(["openssl", "x509", "-noout", *options], input=pem, capture_output=True, check=True)
    return done.stdout.decode().strip()


def as_openssl_sees_it(pem):
    def value(*options):
        return openssl(pem, *options).split("=", 1)[1]

    def moment(option):
        parsed = datetime.datetime.strptime(value(option), "%b %d %H:%M:%S %Y GMT")
        return f"{parsed:%Y-%m-%dT%H:%M:%SZ}"

    names = openssl(pem, "-ext", "subjectAltName") if b"CERT" in pem else ""
    return {
        "subject": value("-subject", "-nameopt", "RFC2253"),
        "issuer": value("-issuer", "-nameopt", "RFC2253"),
        "serial": value("-serial").lower(),
        "not_before": moment("-startdate"),
        "not_after": moment("-enddate"),
        "fingerprint_sha256": value("-fingerprint", "-sha256").replace(":", "").lower(),
        "fingerprint_sha1": value("-fingerprint", "-sha1").replace(":", "").lower(),
        "san": {"dns": re.findall(r"DNS:([^,\s]+)", names), "uri": re.findall(r"URI:([^,\s]+)", names),
                "ip": re.findall(r"IP Address:([^,\s]+)", names)},
    }


def check_certificate(shown, pem):
    for key, expected in as_openssl_sees_it(pem).items():
        have = shown[key]
        if key == "san":
            have = {kind: have[kind] for kind in expected}
        if key == "serial":
            have, expected = int(have, 16), int(expected, 16)
        assert have == expected, key


def split_pem(path):
    text = pathlib.Path(path).read_bytes()
    return re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)


def test_each_certificate_is_shown_as_openssl_sees_it(start, pki, tmp_path):
    other = pki.ca.server("other.example", key="rsa2048").write(tmp_path, "other")
    second_root = Authority.root("second root").write(tmp_path, "second")
    usual = dict(zip(("chain", "key"), pki.server_files))
    proxy = start(listener={"tls": {"certificates": [usual, dict(zip(("chain", "key"), other))]},
                            "client_auth": {"trust_bundle": [pki.ca_file, second_root]}})
    document = certs(proxy)
    listener, = document["listeners"]
    assert listener["name"] == "public"
    assert [c["chain_file"] for c in listener["certificates"]] == [pki.server_files[0], other[0]]
    assert [c["key_file"] for c in listener["certificates"]] == [pki.server_files[1], other[1]]
    assert [c["default"] for c in listener["certificates"]] == [True, False]
    assert [c["chain"][0]["key"] for c in listener["certificates"]] == ["ECDSA P-256", "RSA 2048"]
    for certificate in listener["certificates"]:
        on_disk = split_pem(certificate["chain_file"])
        assert len(certificate["chain"]) == len(on_disk) == 2
        for shown, pem in zip(certificate["chain"], on_disk):
            check_certificate(shown, pem)
    assert [a["file"] for a in listener["trust_anchors"]] == [pki.ca_file, second_root]
    for anchor in listener["trust_anchors"]:
        check_certificate(anchor, split_pem(anchor["file"])[0])


def test_all_commands_call_the_same_thing_by_the_same_name(start, pki):
    proxy = start()
    shown, = certs(proxy)["listeners"]
    checked, = json.loads(run_command("check", "--config", proxy.config_path, "--json").stdout)["listeners"]
    assert {key: checked[key] for key in shown} == shown
    file, = json.loads(run_command("certs", "show", "--json", pki.ca_file).stdout)["files"]
    anchor = dict(shown["trust_anchors"][0])
    assert anchor.pop("file") == pki.ca_file
    assert file["items"][0]["certificate"] == anchor


def test_a_reload_that_waits_is_shown_with_its_reason(launch, own_pki):
    proxy = launch(configuration(own_pki, reload={"interval": "200ms"}))
    before = certs(proxy)
    assert before["reload_pending"] is False and before["last_reload_failure"] == ""
    assert datetime.datetime.strptime(before["loaded_at"], "%Y-%m-%dT%H:%M:%SZ") <= now()
    key = pathlib.Path(own_pki.server_files[1])
    key.write_bytes(own_pki.client.key_pem)
    wait_until(lambda: certs(proxy)["reload_pending"], 15, "a pending reload")
    wait_until(lambda: "key" in certs(proxy)["last_reload_failure"], 15, "a reason")
    assert certs(proxy)["generation"] == before["generation"]
    key.write_bytes(own_pki.server.key_pem)
    wait_until(lambda: not certs(proxy)["reload_pending"], 15, "the end of it")


# -- expiry times ----------------------------------------------------------------


def seconds(moment):
    return int((moment - datetime.datetime(1970, 1, 1)).total_seconds())


@pytest.mark.parametrize("not_after", [
    datetime.datetime(2038, 1, 19, 3, 14, 8), datetime.datetime(2049, 12, 31, 23, 59, 59), datetime.datetime(2050, 1, 1),
    datetime.datetime(2106, 2, 7, 6, 28, 16), NEVER], ids=lambda m: str(m.year))
def test_times_after_any_overflow_are_exact(launch, pki, tmp_path, not_after):
    server = pki.ca.server("localhost", not_before=datetime.datetime(1950, 1, 1), not_after=not_after)
    root = Authority.root("a long life", not_before=datetime.datetime(1950, 1, 1), not_after=not_after)
    files = server.write(tmp_path, "server")
    bundle = root.write(tmp_path, "ca")
    proxy = launch(configuration(pki, listener={
        "tls": {"certificates": [dict(zip(("chain", "key"), files))]}, "client_auth": {"trust_bundle": [bundle]}}))
    metrics = proxy.metrics()
    name = "mantlet_certificate_not_after_timestamp_seconds"
    assert metrics.value(name, file=files[0], subject="CN=localhost") == seconds(not_after)
    assert metrics.value("mantlet_trust_anchor_not_after_timestamp_seconds", file=bundle) == seconds(not_after)
    assert f" {seconds(not_after)}\n" in metrics.text + "\n"
    chain = certs(proxy)["listeners"][0]["certificates"][0]["chain"]
    assert chain[0]["not_before"] == "1950-01-01T00:00:00Z"
    assert chain[0]["not_after"] == f"{not_after:%Y-%m-%dT%H:%M:%SZ}"


def test_each_certificate_of_a_chain_has_its_own_moment(mantlet, pki):
    metrics = mantlet.metrics()
    name = "mantlet_certificate_not_after_timestamp_seconds"
    for certificate in (pki.server.certificate, pki.ca.certificate):
        assert metrics.value(name, subject=certificate.subject.rfc4514_string()) == seconds(certificate.not_valid_after)


def test_an_authority_that_ended_has_a_moment_in_the_past(launch, pki, tmp_path):
    ended = Authority.root("ended", not_before=datetime.datetime(1950, 1, 1), not_after=datetime.datetime(1951, 2, 3))
    bundle = tmp_path / "ca.crt"
    bundle.write_bytes(pki.root.pem + ended.pem)
    proxy = launch(configuration(pki, listener={"client_auth": {"trust_bundle": [str(bundle)]}}))
    value = proxy.metric("mantlet_trust_anchor_not_after_timestamp_seconds", subject="CN=ended")
    assert value == seconds(datetime.datetime(1951, 2, 3)) < 0


def test_dates_of_a_client_from_before_1970_to_9999_reach_the_upstream(start, upstream, pki, tmp_path):
    proxy = start(upstream, listener={"identity_headers": {"set": {"X-From": "not_before", "X-Until": "not_after"}}})
    identity = der.issue(pki.ca, [[der.attribute(der.CN, "old")]], not_before=datetime.datetime(1950, 1, 1),
                         not_after=NEVER)
    files = identity.write(tmp_path, "old")
    assert clients.get_json(proxy.address(), clients.context(pki, client=files))[0] == 200
    headers = upstream.requests[0].headers
    assert headers.all("X-From") == ["1950-01-01T00:00:00Z"]
    assert headers.all("X-Until") == ["9999-12-31T23:59:59Z"]


def test_the_last_good_reload_is_a_moment_that_a_bad_one_does_not_move(launch, own_pki):
    proxy = launch(configuration(own_pki, reload={"interval": "200ms"}))
    name = "mantlet_reload_last_success_timestamp_seconds"
    first = proxy.metric(name)
    assert abs(first - seconds(now())) < 60
    path = own_pki.server_files[0]
    good = pathlib.Path(path).read_bytes()
    pathlib.Path(path).write_bytes(b"")
    wait_until(lambda: proxy.metric("mantlet_reload_pending") == 1, 15, "a pending reload")
    assert proxy.metric(name) == first
    fresh = own_pki.ca.server("localhost")
    Identity(fresh.certificate, fresh.key, fresh.intermediates).write(os.path.dirname(path), "server")
    assert good != pathlib.Path(path).read_bytes()
    wait_until(lambda: proxy.metric(name) >= first and proxy.metric("mantlet_reload_pending") == 0, 15, "a good one")
