"""TLS versions, ciphers and ALPN with independent clients."""

import re
import socket
import ssl

import pytest
from harness import clients
from harness.proxy import run_command

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("version, name", [(V12, "TLSv1.2"), (V13, "TLSv1.3")])
def test_both_versions_are_served_by_default(mantlet, connect, pki, version, name):
    client = connect(mantlet, clients.context(pki, minimum=version, maximum=version))
    assert client.tls.version() == name
    assert client.get().status == 200


def test_tls_1_3_is_chosen_when_the_client_has_both(mantlet, connect):
    assert connect(mantlet).tls.version() == "TLSv1.3"


def test_min_version_1_3_refuses_tls_1_2(start, upstream, pki):
    proxy = start(upstream, listener={"tls": {"min_version": "1.3"}})
    error = clients.handshake_error(proxy.address(), clients.context(pki, maximum=V12))
    assert "protocol version" in clients.alert(error)


def test_max_version_1_2_serves_tls_1_2(start, upstream, connect):
    proxy = start(upstream, listener={"tls": {"max_version": "1.2"}})
    assert connect(proxy).tls.version() == "TLSv1.2"


def test_tls_1_2_offers_forward_secrecy_with_aead_only(mantlet, pki):
    for refused in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"):
        error = clients.handshake_error(
            mantlet.address(), clients.context(pki, maximum=V12, ciphers=refused + ":@SECLEVEL=0"))
        assert "handshake failure" in clients.alert(error)


def test_configured_cipher_suites_are_the_only_ones(start, upstream, connect, pki):
    proxy = start(upstream, listener={"tls": {"cipher_suites": ["ECDHE-ECDSA-CHACHA20-POLY1305"]}})
    client = connect(proxy, clients.context(pki, maximum=V12))
    assert client.tls.cipher()[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
    clients.handshake_error(proxy.address(),
                            clients.context(pki, maximum=V12, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256"))


def agreed(pki, proxy, *options):
    """Returns the negotiated cipher suite and the group of the server's temporary key from `openssl s_client`."""
    shown = clients.s_client(pki, proxy.address(), *options).stdout
    cipher = re.search(r"^New, .*, Cipher is (\S+)$", shown, re.MULTILINE)
    group = re.search(r"^Server Temp Key: (?:ECDH, )?([^,\n]+), \d+ bits$", shown, re.MULTILINE)
    return (cipher and cipher[1]), (group and group[1])


def test_the_order_of_cipher_suites_is_the_servers(start, upstream, pki):
    proxy = start(upstream, listener={"tls": {"cipher_suites": [
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305"]}})
    checked = run_command("check", "--config", proxy.config_path)
    assert checked.returncode == 0, checked.stdout
    aes128, aes256, chacha = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                              "ECDHE-ECDSA-CHACHA20-POLY1305")
    for offered, chosen in (((aes128, aes256), aes256), ((aes128, chacha), aes128), ((chacha, aes128), chacha)):
        assert agreed(pki, proxy, "-tls1_2", "-cipher", ":".join(offered))[0] == chosen


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_order_of_groups_is_the_servers(start, upstream, pki, version):
    proxy = start(upstream, listener={"tls": {"groups": ["P-384", "X25519", "P-256"]}})
    assert agreed(pki, proxy, version, "-groups", "X25519:P-256:P-384")[1] == "secp384r1"
    assert agreed(pki, proxy, version, "-groups", "P-256:X25519")[1] == "X25519"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_by_default_the_groups_are_those_that_the_documentation_names(mantlet, pki, version):
    assert agreed(pki, mantlet, version, "-groups", "P-384:P-256:X25519")[1] == "X25519"
    assert agreed(pki, mantlet, version, "-groups", "P-384:P-256")[1] == "prime256v1"
    assert "alert handshake failure" in clients.s_client(pki, mantlet.address(), version, "-groups", "P-384").stderr
    mantlet.wait_log("handshake_failed", reason="no_shared_cipher")


@pytest.mark.parametrize("protocols, offered, chosen", [
    (None, "http/1.1,h2", "h2"),
    (["http/1.1", "h2"], "h2,http/1.1", "http/1.1"),
    (["http/1.1"], "h2,http/1.1", "http/1.1"),
    (["h2"], "http/1.1,h2", "h2"),
])
def test_the_listeners_order_of_protocols_decides(start, upstream, pki, protocols, offered, chosen):
    proxy = start(upstream, listener={} if protocols is None else {"protocols": protocols})
    assert f"ALPN protocol: {chosen}\n" in clients.s_client(pki, proxy.address(), "-alpn", offered).stdout


@pytest.mark.parametrize("protocols, offered", [(["h2"], "http/1.1"), (["http/1.1"], "h2")])
def test_a_protocol_that_is_not_listed_is_not_spoken(start, upstream, pki, protocols, offered):
    proxy = start(upstream, listener={"protocols": protocols})
    assert "alert no application protocol" in clients.s_client(pki, proxy.address(), "-alpn", offered).stderr
    detail = proxy.wait_log("handshake_failed", reason="no_application_protocol")["detail"]
    assert f"(ALPN: {offered})" in detail and f"this listener supports {protocols[0]}" in detail


def test_alpn_http_1_1_is_served(mantlet, connect, pki):
    client = connect(mantlet, clients.context(pki, alpn=["http/1.1"]))
    assert client.tls.selected_alpn_protocol() == "http/1.1"
    assert client.get().status == 200
    mantlet.wait_metric("mantlet_client_connections_total", 1, listener="public", protocol="http/1.1")


def test_a_client_without_alpn_is_served(mantlet, connect):
    client = connect(mantlet)
    assert client.tls.selected_alpn_protocol() is None
    assert client.get().status == 200


def test_a_client_without_a_common_protocol_is_refused(mantlet, pki):
    error = clients.handshake_error(mantlet.address(), clients.context(pki, alpn=["h3"]))
    assert "no application protocol" in clients.alert(error)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_without_a_common_protocol_gets_the_alert_and_the_record_lists_its_protocols(mantlet, pki, version):
    offered = 'x"},\n\x01,' + ",".join(f"proto-{i}" for i in range(20))
    done = clients.s_client(pki, mantlet.address(), version, "-alpn", offered)
    assert "alert no application protocol" in done.stderr
    record = mantlet.wait_log("handshake_failed", reason="no_application_protocol")
    assert '(ALPN: x"}, \n\x01, proto-0, ' in record["detail"] and " and 14 more)" in record["detail"]
    mantlet.wait_metric("mantlet_tls_handshake_failures_total", 1, listener="public", reason="no_application_protocol")


@pytest.mark.parametrize("version", [V12, V13])
def test_sessions_are_not_resumed(mantlet, connect, pki, version):
    context = clients.context(pki, minimum=version, maximum=version)
    first = connect(mantlet, context)
    first.get()
    session = first.tls.session
    with socket.create_connection(mantlet.address()) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
            assert not again.session_reused


def test_the_server_sends_its_intermediates_and_not_the_root(mantlet, pki):
    shown = clients.s_client(pki, mantlet.address(), "-showcerts", "-servername", "localhost")
    assert shown.stdout.count("BEGIN CERTIFICATE") == 2
    assert "Verify return code: 0 (ok)" in shown.stdout


def test_openssl_reads_a_response(mantlet, pki):
    shown = clients.s_client(pki, mantlet.address(), "-quiet",
                             data=b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert "HTTP/1.1 200" in shown.stdout and '"target": "/hello"' in shown.stdout


def test_a_connection_is_ended_with_close_notify(mantlet, connect):
    client = connect(mantlet)
    client.get("/", "Connection: close")
    # recv() returns b"" only for close_notify; a FIN without it raises SSLEOFError.
    assert client.tls.recv(1) == b""
