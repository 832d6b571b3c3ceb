"""Revocation lists: revoked clients are rejected with every format of the list, and the newest list applies
immediately.
"""

import base64
import datetime
import json
import pathlib
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from harness import clients, crl
from harness.pki import DAY, Authority, Identity, now
from harness.proxy import run_command, is_sanitized
from harness.timing import wait_until

MIB = 1024 * 1024


def der(pem):
    return x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)


@pytest.fixture
def lists(tmp_path):
    """lists({name: bytes}, …) writes files and gives the listener's client_auth that applies them."""

    def write(files, **more):
        paths = []
        for name, content in files.items():
            path = tmp_path / name
            path.write_bytes(content)
            paths.append(str(path))
        return {"client_auth": {"crl": {"files": paths, **more}}}

    return write


def passes(proxy, pki, files=None):
    tls = clients.context(pki, client=files) if files else clients.context(pki)
    return clients.get_json(proxy.address(), tls)[0] == 200


def refused(proxy, pki, reason, files=None):
    """Returns the one log record of the client's rejection for this reason."""
    before = proxy.metric("mantlet_tls_handshake_failures_total", reason=reason)
    tls = clients.context(pki, client=files) if files else clients.context(pki)
    clients.handshake_error(proxy.address(), tls)
    proxy.wait_metric("mantlet_tls_handshake_failures_total", before + 1, reason=reason)
    wait_until(lambda: len(proxy.log("handshake_failed", reason=reason)) == before + 1, 5, "its record")
    return proxy.log("handshake_failed", reason=reason)[-1]


def marked(pem):
    """In the form of an editor or PowerShell."""
    return b"\xef\xbb\xbf" + pem.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("encode", [bytes, der, marked], ids=["pem", "der", "byte_order_mark"])
def test_a_client_on_its_cas_list_is_refused_and_its_neighbour_is_not(start, upstream, pki, lists, encode):
    bad = pki.ca.issue("mallory")
    files = pki.write(bad, "revoked-client")
    proxy = start(upstream, listener=lists({"ca.crl": encode(pki.ca.crl(bad))}))
    assert passes(proxy, pki)
    record = refused(proxy, pki, "revoked", files)
    assert int(record["serial"], 16) == bad.certificate.serial_number
    assert record["depth"] == 0
    assert "mallory" in record["subject"]
    assert len(upstream.requests) == 1


def test_the_roots_list_revokes_an_intermediate_with_all_it_issued(start, upstream, pki, lists):
    proxy = start(upstream, listener=lists({"root.crl": pki.root.crl(pki.ca), "ca.crl": pki.ca.crl()}))
    record = refused(proxy, pki, "revoked")
    assert int(record["serial"], 16) == pki.ca.certificate.serial_number
    assert record["depth"] == 1


def test_one_file_may_hold_the_lists_of_several_cas(start, upstream, pki, lists):
    bad = pki.ca.issue("mallory")
    both = pki.root.crl() + pki.ca.crl(bad)
    proxy = start(upstream, listener=lists({"all.crl": both}, policy="require"))
    assert passes(proxy, pki)
    refused(proxy, pki, "revoked", pki.write(bad, "revoked-several"))


def test_require_refuses_where_one_ca_of_the_path_has_no_list(start, upstream, pki, lists):
    proxy = start(upstream, listener=lists({"ca.crl": pki.root.crl()}, policy="require"))
    assert "revocation list" in refused(proxy, pki, "crl_missing")["detail"]


def test_if_present_accepts_a_client_whose_ca_has_no_list(start, upstream, pki, lists):
    assert passes(start(upstream, listener=lists({"root.crl": pki.root.crl()})), pki)


def test_an_overdue_list_refuses_unless_it_may_be_used(start, upstream, pki, lists):
    overdue = pki.ca.crl(last_update=now() - 3 * DAY, next_update=now() - DAY)
    proxy = start(upstream, listener=lists({"ca.crl": overdue}))
    refused(proxy, pki, "crl_expired")
    assert proxy.log("certificate_warning")
    assert passes(start(upstream, listener=lists({"ca.crl": overdue}, expired="use")), pki)


def test_a_list_signed_by_a_stranger_in_an_intermediates_name_refuses(start, upstream, pki, lists):
    forged = Authority.root(pki.ca.certificate.subject.rfc4514_string()[3:]).crl()
    proxy = start(upstream, listener=lists({"ca.crl": forged}))
    assert "another key" in refused(proxy, pki, "crl_missing")["detail"]


def test_a_list_signed_by_a_stranger_in_an_anchors_name_does_not_start(launch, pki, lists, tmp_path):
    from harness.proxy import configuration
    import yaml
    forged = Authority.root(pki.root.certificate.subject.rfc4514_string()[3:]).crl()
    path = tmp_path / "mantlet.yaml"
    path.write_text(yaml.safe_dump(configuration(pki, listener=lists({"ca.crl": forged}))))
    for command in ("check", "run"):
        ended = run_command(command, "--config", path)
        assert ended.returncode == (78 if command == "run" else 1)
        assert "not signed with the key" in ended.stdout + ended.stderr


@pytest.mark.parametrize("policy", ["if_present", "require"])
def test_a_list_with_a_published_name_counts_for_certificates_that_name_it(start, upstream, pki, lists, policy):
    """step-ca issues only such lists: a critical issuing distribution point with the list's URL, for users'
    certificates only.
    """
    here, there = "https://ca.example/1.0/crl", "https://ca.example/2.0/crl"
    good, bad = (pki.ca.issue(name, crl_urls=[here]) for name in ("good", "bad"))
    elsewhere, nowhere = pki.ca.issue("elsewhere", crl_urls=[there]), pki.ca.issue("nowhere")
    files = {identity: pki.write(identity, f"{policy}-{i}") for i, identity in enumerate((good, bad, elsewhere, nowhere))}
    # The root revokes the intermediate's own certificate.
    proxy = start(upstream, listener=lists({"root.crl": pki.root.crl(), "ca.crl": pki.ca.crl(bad, url=here)}, policy=policy))
    assert passes(proxy, pki, files[good])
    refused(proxy, pki, "revoked", files[bad])
    # The list does not cover these two, and there is no other: their status is unknown.
    for identity in (elsewhere, nowhere):
        assert here in refused(proxy, pki, "crl_missing", files[identity])["detail"]


@pytest.mark.parametrize("policy", ["if_present", "require"])
def test_a_list_counts_only_while_its_signers_certificate_is_good(start, upstream, pki, lists, policy):
    """The CA signs its list with another key than its certificates; the root has certified both keys."""
    signer = pki.root.intermediate("mantlet test intermediate")
    assert signer.certificate.subject == pki.ca.certificate.subject
    client = Identity(pki.client.certificate, pki.client.key, (*pki.client.intermediates, signer.certificate))
    files = pki.write(client, f"with-signer-{policy}")
    revoked = Identity(signer.certificate, signer.key)
    for by_root, good in ((pki.root.crl(), True), (pki.root.crl(revoked), False)):
        proxy = start(upstream, listener=lists({"root.crl": by_root, "ca.crl": signer.crl()}, policy=policy))
        if good:
            assert passes(proxy, pki, files)
        else:
            assert "serial number" in refused(proxy, pki, "crl_missing", files)["detail"]


def test_a_new_list_holds_from_the_next_handshake_on(launch, upstream, own_pki, tmp_path):
    from harness.proxy import configuration
    path = tmp_path / "ca.crl"
    path.write_bytes(own_pki.ca.crl())
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(path)]}}},
                                 reload={"interval": "0s"}))
    assert passes(proxy, own_pki)
    fresh = tmp_path / "new.crl"
    fresh.write_bytes(own_pki.ca.crl(own_pki.client))
    fresh.rename(path)
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    record = refused(proxy, own_pki, "revoked")
    assert int(record["serial"], 16) == own_pki.client.certificate.serial_number


def test_a_list_that_is_replaced_by_that_of_another_ca_is_logged(launch, upstream, own_pki, tmp_path):
    """The default, if_present, accepts a CA's clients without a list, which must be visible."""
    from harness.proxy import configuration
    path = tmp_path / "ca.crl"
    path.write_bytes(own_pki.ca.crl(own_pki.client) + own_pki.root.crl())
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(path)]}}},
                                 reload={"interval": "0s"}))
    refused(proxy, own_pki, "revoked")
    assert proxy.metric("mantlet_crl_missing") == 0 and not proxy.log("certificate_warning")
    path.write_bytes(Authority.root("another CA").crl() + own_pki.root.crl())
    issuer = own_pki.ca.certificate.subject.rfc4514_string()
    proxy.wait_metric("mantlet_crl_missing", 1, listener="public", issuer=issuer)
    assert [r for r in proxy.log("certificate_warning") if issuer in r["msg"] and "now missing" in r["msg"]]
    path.write_bytes(Authority.root("another CA").crl())
    root = own_pki.root.certificate.subject.rfc4514_string()
    proxy.wait_metric("mantlet_crl_missing", 1, listener="public", issuer=root)
    ended = run_command("check", "--config", proxy.config_path)
    assert ended.returncode == 0
    assert f"there is no revocation list of {root}" in ended.stdout, "which check can know without the past"
    path.write_bytes(own_pki.ca.crl(own_pki.client) + own_pki.root.crl())
    wait_until(lambda: sum(proxy.metric("mantlet_crl_missing", issuer=name) for name in (issuer, root)) == 0, 10, "both")
    refused(proxy, own_pki, "revoked")


def test_an_incomplete_list_keeps_the_old_one_and_the_complete_one_is_loaded(launch, upstream, own_pki, tmp_path):
    from harness.proxy import configuration
    path = tmp_path / "ca.crl"
    path.write_bytes(own_pki.ca.crl(own_pki.client))
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(path)]}}},
                                 reload={"interval": "0s"}))
    whole = own_pki.ca.crl()
    path.write_bytes(whole[:len(whole) // 2])
    proxy.wait_metric("mantlet_reload_pending", 1)
    refused(proxy, own_pki, "revoked")
    path.unlink()
    refused(proxy, own_pki, "revoked")
    path.write_bytes(whole)
    proxy.wait_metric("mantlet_reload_pending", 0)
    assert passes(proxy, own_pki)


def test_metrics_the_admin_page_and_check_show_each_list(start, upstream, pki, lists):
    listener = lists({"root.crl": pki.root.crl(), "ca.crl": pki.ca.crl(pki.ca.issue("mallory"))})
    root_file, ca_file = listener["client_auth"]["crl"]["files"]
    proxy = start(upstream, listener=listener)
    moments = proxy.metrics().matching("mantlet_crl_next_update_timestamp_seconds", listener="public")
    assert {dict(labels)["file"] for labels in moments} == {root_file, ca_file}
    for value in moments.values():
        assert abs(value - (datetime.datetime.now().timestamp() + 7 * 86400)) < 3600
    shown = json.loads(proxy.get("/certs", "admin")[1])["listeners"][0]["revocation_lists"]
    assert [(entry["file"], entry["revoked"], entry["signature_verified"]) for entry in shown] == [
        (root_file, 0, True), (ca_file, 1, False)]
    checked = json.loads(run_command("check", "--config", proxy.config_path, "--json").stdout)
    assert f'"file": "{ca_file}"' in json.dumps(checked)


def peak(proxy):
    """Returns the peak resident memory in bytes."""
    status = pathlib.Path(f"/proc/{proxy.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.limit(120)
@pytest.mark.parametrize("form", ["der", "pem"])
def test_a_million_entries_fit_into_64_mib_while_loading_and_reloading(launch, upstream, own_pki, tmp_path, form):
    from harness.proxy import configuration
    path = tmp_path / "big.crl"

    def write(revoked):
        content = crl.big(own_pki.root, 1_000_000, revoked)
        if form == "pem":
            content = (b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(content) + b"-----END X509 CRL-----\n")
        temporary = tmp_path / "big.new"
        temporary.write_bytes(content)
        temporary.rename(path)

    write([])
    proxy = launch(configuration(own_pki, upstream, listener={"client_auth": {"crl": {"files": [str(path)]}}},
                                 reload={"interval": "0s"}))
    assert passes(proxy, own_pki)
    if not is_sanitized():
        assert proxy.rss() < 48 * MIB and peak(proxy) < 64 * MIB, (proxy.rss() / MIB, peak(proxy) / MIB)
    for revoked in ([own_pki.ca], [], [own_pki.ca]):
        before = proxy.metric("mantlet_reloads_total", result="success")
        write(revoked)
        proxy.wait_metric("mantlet_reloads_total", before + 1, timeout=30, result="success")
    refused(proxy, own_pki, "revoked")
    if not is_sanitized():
        assert peak(proxy) < 64 * MIB, (proxy.rss() / MIB, peak(proxy) / MIB)
