"""OCSP responses are stapled from a file while they are valid; errors are reported when a response is loaded."""

import pytest
import yaml
from harness import clients
from harness.ocsp import REVOKED, UNKNOWN, moment, response
from harness.proxy import configuration, run_command


def with_response(pki, path):
    chain, key = pki.server_files
    return {"tls": {"certificates": [{"chain": chain, "key": key, "ocsp_response": str(path)}]}}


def stapled(proxy, pki):
    return clients.s_client(pki, proxy.address(), "-status").stdout


def test_a_valid_response_is_stapled_and_a_renewed_one_loaded(launch, upstream, own_pki, tmp_path):
    path = tmp_path / "server.ocsp"
    path.write_bytes(response(own_pki.ca, own_pki.server))
    proxy = launch(configuration(own_pki, upstream, listener=with_response(own_pki, path), reload={"interval": "0s"}))
    shown = stapled(proxy, own_pki)
    assert "OCSP Response Status: successful" in shown and "Cert Status: good" in shown
    first = proxy.metric("mantlet_ocsp_next_update_timestamp_seconds", listener="public", file=str(path))
    fresh = tmp_path / "fresh"
    fresh.write_bytes(response(own_pki.ca, own_pki.server, until=moment(days=-9)))
    fresh.rename(path)
    proxy.wait_metric("mantlet_reloads_total", 2, result="success")
    assert proxy.metric("mantlet_ocsp_next_update_timestamp_seconds", listener="public") > first + 7 * 86400
    assert "Cert Status: good" in stapled(proxy, own_pki)
    assert str(path) in proxy.get("/certs", "admin")[1]


def test_nothing_is_stapled_without_a_response(mantlet, pki):
    assert "no response sent" in stapled(mantlet, pki)


def test_an_overdue_response_is_not_stapled_and_warned_of(start, upstream, pki, tmp_path):
    path = tmp_path / "server.ocsp"
    path.write_bytes(response(pki.ca, pki.server, until=moment(hours=1)))
    proxy = start(upstream, listener=with_response(pki, path))
    assert "no response sent" in stapled(proxy, pki)
    assert any("OCSP" in record["msg"] for record in proxy.log("certificate_warning"))


@pytest.mark.parametrize("case, said", [
    ("revoked", "the status revoked"),
    ("unknown", "the status unknown"),
    ("another", "another certificate"),
    ("stranger", "signed neither by"),
    ("torn", "damaged"),
])
def test_a_response_that_cannot_be_stapled_is_refused_with_its_reason(pki, tmp_path, case, said):
    from harness.pki import Authority
    path = tmp_path / "server.ocsp"
    good = response(pki.ca, pki.server)
    path.write_bytes({
        "revoked": lambda: response(pki.ca, pki.server, REVOKED),
        "unknown": lambda: response(pki.ca, pki.server, UNKNOWN),
        "another": lambda: response(pki.ca, pki.client),
        "stranger": lambda: response(pki.ca, pki.server, signer=Authority.root("stranger")),
        "torn": lambda: good[:len(good) // 2],
    }[case]())
    config = tmp_path / "mantlet.yaml"
    config.write_text(yaml.safe_dump(configuration(pki, listener=with_response(pki, path))))
    ended = run_command("check", "--config", config)
    assert ended.returncode == 1
    assert said in ended.stdout + ended.stderr
