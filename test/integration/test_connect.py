"""mantlet connect: a client that says whose fault it is. The servers are mantlet, OpenSSL and some that are broken."""

import contextlib
import json
import socket
import ssl
import subprocess
import warnings

import pytest
from harness.pki import DAY, Authority, now
from harness.proxy import run_command
from harness.timing import wait_until
from harness.upstreams import Scripted


def connect(port, *options, host="localhost"):
    return run_command("connect", f"{host}:{port}", *options)


def explain(port, *options, host="localhost"):
    """Returns the JSON; checks that text and exit status agree with it."""
    done = connect(port, "--json", *options, host=host)
    shown = json.loads(done.stdout)
    assert done.returncode == (0 if shown["ok"] else 1), done
    assert done.stderr == ""
    return shown


def fault(port, *options, host="localhost"):
    shown = explain(port, *options, host=host)
    assert not shown["ok"], shown
    return shown["fault"]["party"], shown["fault"]["what"]


@pytest.fixture
def files(pki):
    """The options of the usual client."""
    chain, key = pki.client_files[:2]
    return [f"--cert={chain}", f"--key={key}", f"--ca={pki.ca_file}"]


@contextlib.contextmanager
def serving(answer):
    """A TCP server; answer(connection) serves each client. Yields the port."""
    server = Scripted(lambda connection, _: answer(connection))
    try:
        yield server.port
    finally:
        server.close()
    assert not server.errors, server.errors


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def tls_server(certificate, **settings):
    """A context of Python's for serving(); it answers each request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate[:2])
    for name, value in settings.items():
        setattr(context, name, value)

    def answer(connection):
        with context.wrap_socket(connection, server_side=True) as client:
            client.recv(10_000)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return answer


def test_a_client_that_is_let_in(mantlet, files):
    done = connect(mantlet.port(), *files)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("Connected to 127.0.0.1", "TLSv1.3", "is for localhost", "The client sent CN=alice",
                 "was answered: HTTP/1.1 200"):
        assert word in done.stdout, done.stdout
    shown = explain(mantlet.port(), *files)
    assert shown["tls"]["protocol"] == "http/1.1" and shown["http_status"] == 200
    assert shown["client_certificate"]["asked_for"] and shown["client_certificate"]["sent"]
    assert [each["subject"] for each in shown["server_certificates"]][0].startswith("CN=localhost")


def test_http2(mantlet, files):
    shown = explain(mantlet.port(), *files, "--alpn=h2,http/1.1")
    assert shown["ok"] and shown["tls"]["protocol"] == "h2"
    assert "HTTP/2" in shown["steps"][-1]["text"]


def test_without_a_request(mantlet, files, pki):
    assert explain(mantlet.port(), *files, "--no-request")["ok"]
    # The refusal comes after the client's side of the handshake (TLS 1.3), without a request, too.
    assert fault(mantlet.port(), f"--ca={pki.ca_file}", "--no-request")[0] == "client"


def test_no_certificate(mantlet, pki):
    party, what = fault(mantlet.port(), f"--ca={pki.ca_file}")
    assert party == "client" and "none was sent" in what
    done = connect(mantlet.port(), f"--ca={pki.ca_file}")
    assert "mantlet: fault of the client" in done.stderr and "--cert" in done.stderr
    assert "116 (certificate_required)" in done.stdout


def test_no_certificate_with_tls_1_2(start, upstream, pki):
    proxy = start(upstream, listener={"tls": {"certificates": [dict(zip(("chain", "key"), pki.server_files))],
                                              "max_version": "1.2"}})
    party, what = fault(proxy.port(), f"--ca={pki.ca_file}")
    assert party == "client" and "none was sent" in what


@pytest.mark.parametrize("how", ["stranger", "expired", "wrong use"])
def test_a_certificate_that_the_server_refuses(mantlet, pki, how):
    made = {
        "stranger": lambda: Authority.root("CN=strange root").issue("mallory"),
        "expired": lambda: pki.ca.issue("late", not_before=now() - 3 * DAY, not_after=now() - DAY),
        "wrong use": lambda: pki.ca.server("localhost"),
    }[how]()
    chain, key = pki.write(made, "refused")[:2]
    shown = explain(mantlet.port(), f"--cert={chain}", f"--key={key}", f"--ca={pki.ca_file}")
    assert shown["fault"]["party"] == "client"
    alert, words = {"stranger": (48, "does not know the CA"), "expired": (45, "not valid now"),
                    "wrong use": (43, "not for this use")}[how]
    assert shown["alert"] == alert and words in shown["fault"]["what"], shown
    # What can be seen before is said before.
    warnings = [step["text"] for step in shown["steps"] if step["state"] == "warning"]
    assert len(warnings) == 1, warnings


def test_a_server_under_another_ca(mantlet, pki, files):
    other = Authority.root("CN=other root").write(pki.directory / "other")
    party, what = fault(mantlet.port(), *files[:2], f"--ca={other}")
    assert party == "client" and "not issued under a CA of" in what


def test_a_server_that_sends_no_intermediate(pki):
    chain, key = pki.server_files[:2]
    leaf = pki.directory / "leaf.pem"
    leaf.write_text(open(chain, encoding="ascii").read().split("-----END CERTIFICATE-----")[0]
                    + "-----END CERTIFICATE-----\n")
    with serving(tls_server((leaf, key))) as port:
        shown = explain(port, f"--ca={pki.ca_file}")
        assert shown["fault"]["party"] == "server" and "intermediate" in shown["fault"]["hint"]
    # Its neighbour: whole, from the same server.
    with serving(tls_server((chain, key))) as port:
        assert explain(port, f"--ca={pki.ca_file}")["ok"]


def test_a_server_with_another_name(mantlet, files):
    party, what = fault(mantlet.port(), *files, "--sni=other.example")
    assert party == "server" and "other.example" in what
    assert explain(mantlet.port(), *files, host="127.0.0.1")["ok"], "addresses are names, too"


def test_an_expired_server(pki):
    old = pki.write(pki.ca.server("localhost", not_before=now() - 3 * DAY, not_after=now() - DAY), "old")
    with serving(tls_server(old)) as port:
        party, what = fault(port, f"--ca={pki.ca_file}")
        assert party == "server" and "not valid now" in what


def test_protocols_in_common(mantlet, files):
    party, what = fault(mantlet.port(), *files, "--alpn=foo")
    assert party == "client" and "foo" in what
    assert explain(mantlet.port(), *files, "--alpn=none")["ok"]


def test_a_server_with_old_tls_only(pki):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.server_files[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python deprecates them, too
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with serving(lambda connection: context.wrap_socket(connection, server_side=True)) as port:
        party, what = fault(port, f"--ca={pki.ca_file}")
        assert party == "server" and "TLS 1.2" in what


def test_a_port_without_tls(pki):
    def refuse(connection):
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as port:
        party, what = fault(port, f"--ca={pki.ca_file}")
        assert party == "client" and "without TLS" in what
    with serving(lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n")) as port:
        party, what = fault(port, f"--ca={pki.ca_file}")
        assert party == "server" and "does not speak TLS" in what


def test_servers_that_say_nothing(pki):
    def hang(connection):
        while connection.recv(10_000):
            pass

    with serving(hang) as port:
        party, what = fault(port, f"--ca={pki.ca_file}", "--timeout=1")
        assert party == "server" and "does not answer" in what
    with serving(lambda connection: connection.recv(10_000)) as port:
        party, what = fault(port, f"--ca={pki.ca_file}")
        assert party == "server" and "closed the connection" in what


def test_nobody_listens(pki):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert fault(port, f"--ca={pki.ca_file}") == ("server", f"nothing listens on port {port} of localhost")
    assert fault(443, f"--ca={pki.ca_file}", host="no-such-host.invalid")[0] == "network"


def test_what_the_application_answers_is_no_fault_of_tls(start, pki, files):
    proxy = start("127.0.0.1:9")
    shown = explain(proxy.port(), *files)
    assert shown["ok"] and shown["http_status"] in (502, 503)
    assert shown["steps"][-1]["state"] == "warning" and "application" in shown["steps"][-1]["details"][0]


def test_openssl_with_its_own_alerts(pki):
    """s_server asks for a certificate, and ends with alerts of its own."""
    chain, key = pki.server_files[:2]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", chain, "-key", key, "-cert_chain", chain,
                           "-CAfile", pki.ca_file, "-Verify", "3", "-verify_return_error", "-www", "-quiet"],
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: accepts(port))
            client = pki.client_files
            shown = explain(port, f"--cert={client[0]}", f"--key={client[1]}", f"--ca={pki.ca_file}")
            assert shown["client_certificate"]["sent"], shown
            party, what = fault(port, f"--ca={pki.ca_file}")
            assert party == "client" and "none was sent" in what
        finally:
            process.kill()


@pytest.mark.parametrize("arguments, words", [
    (["nonsense:port"], "is not a port"),
    ([":443"], "host is missing"),
    (["localhost", "--alpn="], "--alpn"),
    (["localhost", "--key=k.pem"], "--cert"),
])
def test_wrong_usage(arguments, words):
    done = run_command("connect", *arguments)
    assert done.returncode == 2 and words in done.stderr, done


def test_files_that_cannot_be_used(pki, tmp_path):
    chain, key = pki.client_files[:2]
    other = pki.write(pki.ca.issue("other"), "other")[1]
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for options, words in [
            ([f"--cert={chain}", f"--key={other}"], "not the key of"),
            ([f"--cert={chain}"], "no private key"),
            ([f"--cert={empty}"], "empty"),
            ([f"--ca={tmp_path}/none.pem"], "none.pem")]:
        done = connect(1, *options)
        assert done.returncode == 1 and words in done.stderr, (options, done)
    assert open(key, encoding="ascii").read() not in done.stdout
