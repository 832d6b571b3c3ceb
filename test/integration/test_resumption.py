"""Session resumption with Python's and OpenSSL's clients, and every change that must end a session."""

import datetime
import socket
import ssl

import pytest
from harness import clients
from harness.messages import Incomplete
from harness.pki import Authority, now
from harness.proxy import configuration, merge
from harness.timing import wait_until

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ON = {"session_resumption": "on"}


@pytest.fixture(params=[V12, V13], ids=["tls12", "tls13"])
def version(request):
    return request.param


class Client:
    """A client that resumes its newest session."""

    def __init__(self, pki, version, client="default", server_name="localhost"):
        self.context = clients.context(pki, client=client, minimum=version, maximum=version, verify=False)
        self.session = None
        self.server_name = server_name

    def get(self, address, target="/", **kwargs):
        """Returns (whether it was resumed, status, the headers at the upstream)."""
        with socket.create_connection(address, timeout=10) as plain:
            with self.context.wrap_socket(plain, server_hostname=self.server_name, session=self.session,
                                          **kwargs) as tls:
                reader = clients.Reader(tls)
                tls.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                reply = reader.response("GET")
                self.session = tls.session  # after the ticket of TLS 1.3 has been read
                return tls.session_reused, reply.status

    def error(self, address):
        """Returns the alert that ends the attempt to resume."""
        try:
            got = self.get(address)
        except ssl.SSLError as error:
            return clients.alert(error)
        raise AssertionError(f"the proxy let the client in: {got}")


@pytest.fixture
def resuming(launch, own_pki, upstream):
    """A proxy that resumes sessions and whose files the test may change."""

    def run(listener=None, **kwargs):
        base = merge({"tls": ON, "identity_headers": {"client_cert": "chain", "xfcc_fields": ["hash", "cert", "chain", "uri"]}},
                     listener or {})
        config = configuration(own_pki, upstream, listener=base, **kwargs)
        return launch(config)

    return run


def change(proxy, **changes):
    proxy.reload(proxy.changed(**changes))


def refused(proxy, reason, listener="public"):
    return proxy.metric("mantlet_tls_resumptions_refused_total", listener=listener, reason=reason)


def test_a_session_carries_all_of_the_identity(resuming, own_pki, upstream, version):
    proxy = resuming()
    client = Client(own_pki, version)
    assert client.get(proxy.address()) == (False, 200)
    full = upstream.requests[-1].headers
    assert client.get(proxy.address()) == (True, 200)
    resumed = upstream.requests[-1].headers
    for name in ("X-Forwarded-Client-Cert", "Client-Cert", "Client-Cert-Chain"):
        assert full.all(name) and resumed.all(name) == full.all(name), name
    assert proxy.metric("mantlet_tls_handshakes_total", resumed="true", client_cert="true") == 1
    access = proxy.wait_access(2)
    assert [record["tls_resumed"] for record in access] == [False, True]


def test_openssl_resumes(resuming, own_pki, tmp_path, version):
    proxy = resuming()
    option = "-tls1_2" if version == V12 else "-tls1_3"
    request = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    session = str(tmp_path / "session.pem")
    first = clients.s_client(own_pki, proxy.address(), option, "-ign_eof", "-sess_out", session, data=request)
    assert "New, TLSv1" in first.stdout and "HTTP/1.1 200" in first.stdout
    again = clients.s_client(own_pki, proxy.address(), option, "-ign_eof", "-sess_in", session, data=request)
    assert "Reused, TLSv1" in again.stdout and "HTTP/1.1 200" in again.stdout


def test_a_changed_ca_ends_sessions(resuming, own_pki, version, tmp_path):
    proxy = resuming()
    client = Client(own_pki, version)
    client.get(proxy.address())
    other = Authority.root("someone else").write(tmp_path, "other")
    change(proxy, client_auth={"trust_bundle": [own_pki.ca_file, other]})
    assert client.get(proxy.address()) == (False, 200)
    assert refused(proxy, "unknown_ticket") == 1
    change(proxy, client_auth={"trust_bundle": [other]})
    assert "unknown ca" in client.error(proxy.address())
    assert proxy.wait_log("handshake_failed")["reason"] == "unknown_ca"


def test_a_new_revocation_list_ends_sessions(resuming, own_pki, version, tmp_path):
    proxy = resuming()
    client = Client(own_pki, version)
    client.get(proxy.address())
    session = client.session
    crl = tmp_path / "ca.crl"
    crl.write_bytes(own_pki.ca.crl())
    change(proxy, client_auth={"crl": {"files": [str(crl)]}})
    assert client.get(proxy.address()) == (False, 200)
    session = client.session
    with proxy.reloaded():
        crl.write_bytes(own_pki.ca.crl(own_pki.client))
    client.session = session
    assert "certificate revoked" in client.error(proxy.address())
    assert proxy.wait_log("handshake_failed")["reason"] == "revoked"


def test_a_new_policy_ends_sessions(resuming, own_pki, version):
    proxy = resuming()
    client = Client(own_pki, version)
    client.get(proxy.address())
    change(proxy, policy={"default": "deny"})
    assert client.get(proxy.address()) == (False, 403)


def test_a_reload_that_leaves_the_listener_as_it_is_keeps_sessions(resuming, own_pki, version):
    proxy = resuming()
    client = Client(own_pki, version)
    client.get(proxy.address())
    change(proxy, limits={"header_count": 50})
    assert client.get(proxy.address()) == (True, 200)


def test_another_listener_knows_nothing_of_a_session(launch, own_pki, upstream, version):
    config = configuration(own_pki, upstream, listener={"tls": ON})
    config["listeners"].append(merge(config["listeners"][0], {"name": "other"}))
    proxy = launch(config)
    client = Client(own_pki, version)
    client.get(proxy.address("public"))
    assert client.get(proxy.address("other")) == (False, 200)
    assert refused(proxy, "unknown_ticket", "other") == 1


def test_an_expired_client_certificate_ends_its_session(resuming, own_pki, version):
    proxy = resuming()
    files = own_pki.write(own_pki.ca.issue("brief", not_after=now() + datetime.timedelta(seconds=4)), "brief")
    client = Client(own_pki, version, client=files)
    assert client.get(proxy.address()) == (False, 200)
    assert client.get(proxy.address()) == (True, 200)
    session = client.session

    def expired():
        client.session = session
        try:
            assert client.get(proxy.address())[0]
        except ssl.SSLError as error:
            return clients.alert(error)
        except Incomplete:  # it connected in time, and its connection ended before the request
            return None

    assert "certificate expired" in wait_until(expired, 10, "the end of the certificate")
    assert proxy.wait_log("handshake_failed")["reason"] == "expired"
    assert refused(proxy, "expired") >= 1


@pytest.mark.limit(40)
def test_renewals_do_not_prolong_a_session(resuming, own_pki, version):
    proxy = resuming({"tls": {"session_lifetime": "4s"}})
    client = Client(own_pki, version)
    client.get(proxy.address())
    before = proxy.metric("mantlet_tls_handshakes_total", resumed="false")
    wait_until(lambda: not client.get(proxy.address())[0], 15, "a full handshake although it always renewed")
    assert proxy.metric("mantlet_tls_handshakes_total", resumed="false") == before + 1
    assert client.get(proxy.address())[0], "and a new session begins"


def test_another_server_name_is_another_session(resuming, own_pki, version):
    proxy = resuming()
    client = Client(own_pki, version)
    client.get(proxy.address())
    client.server_name = "127.0.0.1.example"
    assert client.get(proxy.address()) == (False, 200)
    assert refused(proxy, "server_name") == 1


def test_a_session_without_a_certificate_ends_when_one_is_required(resuming, own_pki, version, upstream):
    proxy = resuming({"client_auth": {"mode": "optional"}})
    client = Client(own_pki, version, client=None)
    client.get(proxy.address())
    assert client.get(proxy.address()) == (True, 200)
    assert not upstream.requests[-1].headers.all("X-Forwarded-Client-Cert")
    change(proxy, client_auth={"mode": "require"})
    assert client.error(proxy.address())
    assert proxy.wait_log("handshake_failed")["reason"] == "no_client_certificate"


def test_a_restart_ends_sessions(resuming, own_pki, version):
    first = resuming()
    client = Client(own_pki, version)
    client.get(first.address())
    first.stop()
    second = resuming()
    assert client.get(second.address()) == (False, 200)
    assert refused(second, "unknown_ticket") == 1


def test_workers_share_their_tickets(resuming, own_pki, version):
    proxy = resuming(workers=2)
    client = Client(own_pki, version)
    client.get(proxy.address())
    for _ in range(12):
        assert client.get(proxy.address()) == (True, 200)
