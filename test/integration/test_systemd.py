"""The protocols between systemd and a service: passed sockets, notifications, the watchdog."""

import fcntl
import os
import signal
import socket
import sys
import time

import pytest
from harness import clients
from harness.proxy import NO_CLIENT_AUTH, configuration
from harness.systemd import NotifySocket
from harness.timing import scaled, wait_until


@pytest.fixture
def notify(tmp_path):
    receiver = NotifySocket(tmp_path / "notify")
    yield receiver
    receiver.socket.close()


def test_ready_is_sent_when_it_listens(launch, pki, upstream, notify):
    proxy = launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": notify.name})
    notify.wait("READY=1")
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200


def test_an_abstract_notify_socket_works(launch, pki, upstream, tmp_path):
    receiver = NotifySocket(f"mantlet-test-{os.getpid()}-{tmp_path.name}", abstract=True)
    launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": receiver.name})
    receiver.wait("READY=1")
    receiver.socket.close()


def test_stopping_is_sent(launch, pki, upstream, notify):
    proxy = launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": notify.name})
    notify.wait("READY=1")
    proxy.stop()
    assert "STOPPING=1" in notify.lines()


def test_the_begin_and_end_of_a_reload_are_sent(launch, pki, upstream, notify):
    proxy = launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": notify.name})
    notify.wait("READY=1")
    notify.messages.clear()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    proxy.signal(signal.SIGHUP)
    notify.wait("READY=1")
    lines = notify.lines()
    assert lines.index("RELOADING=1") < lines.index("READY=1")
    stamp, = [line for line in lines if line.startswith("MONOTONIC_USEC=")]
    assert int(stamp.split("=")[1]) >= before


def test_a_failed_reload_ends_with_ready_too(launch, pki, upstream, notify):
    proxy = launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": notify.name})
    notify.wait("READY=1")
    notify.messages.clear()
    proxy.config_path.write_text("nonsense: 1\n")
    proxy.signal(signal.SIGHUP)
    notify.wait("READY=1")


def test_the_watchdog_is_fed_in_half_its_time(launch, pki, upstream, notify):
    launch(configuration(pki, upstream), env={"NOTIFY_SOCKET": notify.name, "WATCHDOG_USEC": "400000"})
    notify.wait("READY=1")
    time.sleep(scaled(1.3))
    assert notify.lines().count("WATCHDOG=1") >= 4


def test_no_notify_socket_is_no_problem(mantlet):
    assert mantlet.get("/healthz")[0] == 200


# The steps of systemd before it starts a service: descriptors from 3, and the process's own number, which only the
# process knows.
LAUNCHER = """
import os, sys
for place, number in enumerate(sys.argv[1].split(",")):
    os.dup2(int(number), 3 + place)
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
"""


def activated(launch, pki, upstream, listeners, names, env=None, **top):
    """A proxy that listens on `systemd:public`, started with these sockets under these names."""
    numbers = [listener.fileno() for listener in listeners]
    return launch(configuration(pki, upstream, listener={"address": "systemd:public"}, **top),
                  launcher=[sys.executable, "-c", LAUNCHER, ",".join(map(str, numbers))], pass_fds=numbers, wait=False,
                  env={"LISTEN_FDS": str(len(numbers)), "LISTEN_FDNAMES": names, **(env or {})})


def high(listener):
    """The same socket under a free number."""
    number = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, 100)
    return socket.socket(fileno=number)


def serves(port, tls):
    with clients.RawClient(("127.0.0.1", port), tls) as client:
        return client.get().status == 200


@pytest.mark.parametrize("workers", [1, 3])
def test_a_passed_socket_is_listened_on(launch, pki, upstream, tls, workers):
    with socket.create_server(("127.0.0.1", 0)) as original:
        port = original.getsockname()[1]
        with high(original) as passed:
            proxy = activated(launch, pki, upstream, [passed], "public", workers=workers)
            proxy.wait_listening()
    for _ in range(6):
        assert serves(port, tls)


def test_passed_sockets_are_distinguished_by_name(launch, pki, upstream, tls):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
        with high(one) as first, high(two) as second:
            proxy = activated(launch, pki, upstream, [first, second], "other:public")
            proxy.wait_listening()
    assert proxy.port() == ports[1]
    assert serves(ports[1], tls)


def test_a_connection_made_before_the_start_is_served(launch, pki, upstream, tls):
    with socket.create_server(("127.0.0.1", 0)) as original:
        port = original.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port))
        with high(original) as passed:
            activated(launch, pki, upstream, [passed], "public").wait_listening()
    with tls.wrap_socket(early, server_hostname="localhost") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_name_that_was_not_passed_refuses_to_start(launch, pki, upstream):
    with socket.create_server(("127.0.0.1", 0)) as original, high(original) as passed:
        proxy = activated(launch, pki, upstream, [passed], "other")
        proxy.expected_exit = 1  # not an error of the configuration
        assert proxy.wait() == 1
    assert "public" in "\n".join(proxy.err.lines)


def test_listen_pid_of_another_process_is_not_for_us(launch, pki, upstream):
    with socket.create_server(("127.0.0.1", 0)) as original, high(original) as passed:
        proxy = activated(launch, pki, upstream, [passed], "public", env={"LISTEN_PID": "1"})
        proxy.expected_exit = 1
        assert proxy.wait() == 1


def test_credentials_are_found_through_the_environment(launch, pki, upstream):
    config = configuration(pki, upstream, listener={"client_auth": NO_CLIENT_AUTH})
    chain, key = pki.server_files
    config["listeners"][0]["tls"]["certificates"] = [
        {"chain": "${CREDENTIALS_DIRECTORY}/" + os.path.basename(chain),
         "key": "${CREDENTIALS_DIRECTORY}/" + os.path.basename(key)}]
    proxy = launch(config, env={"CREDENTIALS_DIRECTORY": os.path.dirname(chain)})
    assert clients.get_json(proxy.address(), clients.context(pki, client=None))[0] == 200


INTO_A_JOURNAL = """
import os, sys
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_records_for_the_journal_carry_their_priority(launch, pki, upstream):
    proxy = launch(configuration(pki, upstream, listener={"address": "127.0.0.1:0"}),
                   launcher=[sys.executable, "-c", INTO_A_JOURNAL], wait=False)
    wait_until(lambda: any(line.startswith("<6>{") and '"started"' in line for line in proxy.err.lines), 10, "the start")
    proxy.config_path.write_text("nonsense: 1\n")
    proxy.signal(signal.SIGHUP)
    wait_until(lambda: any(line.startswith("<3>{") and "nonsense" in line for line in proxy.err.lines), 10, "the refusal")
    assert proxy.stop() == 0
    proxy.expected_exit = None  # these lines are not JSON before the journal has taken the prefix
    assert all(line[:3] in ("<3>", "<4>", "<6>") for line in proxy.err.lines)
    proxy.err.lines.clear()


def test_records_for_something_else_than_the_journal_do_not(launch, pki, upstream):
    launch(configuration(pki, upstream), env={"JOURNAL_STREAM": "1:1"})


@pytest.mark.parametrize("broken", ["nonsense: 1\n", "listeners: [", ""])
def test_a_wrong_configuration_has_an_exit_status_of_its_own(launch, pki, broken):
    proxy = launch(configuration(pki), wait=False, launcher=[
        sys.executable, "-c", f"import os, sys; open(sys.argv[4], 'w').write({broken!r}); os.execv(sys.argv[1], sys.argv[1:])"])
    proxy.expected_exit = 78
    assert proxy.wait() == 78


def test_a_wrong_certificate_has_it_too(launch, pki, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    proxy = launch(configuration(pki, listener={"client_auth": {"trust_bundle": [str(tmp_path / "empty.pem")]}}), wait=False)
    proxy.expected_exit = 78
    assert proxy.wait() == 78


def test_an_address_in_use_does_not(launch, pki):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy = launch(configuration(pki, listener={"address": f"127.0.0.1:{taken.getsockname()[1]}"}), wait=False)
        proxy.expected_exit = 1
        assert proxy.wait() == 1
