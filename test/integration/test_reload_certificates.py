"""New certificates, keys and trust bundles are loaded for every kind of replacement, never partially, and without
losing a connection.
"""

import calendar
import os
import pathlib
import signal
import ssl

import pytest
from harness import clients, kubernetes
from harness.messages import Incomplete
from harness.pki import DAY, Authority, now
from harness.proxy import configuration
from harness.rotation import served_serial, write_by_rename, write_in_place
from harness.timing import wait_until

QUICK = {"reload": {"interval": "0s"}}  # only the watch: a missed event stays missed


def blind(files=None):
    """A client context that trusts any server, for tests that change the CA file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if files:
        context.load_cert_chain(*files)
    return context


def wait_served(proxy, pki, identity):
    wanted = identity.certificate.serial_number
    wait_until(lambda: served_serial(proxy, pki) == wanted, 10, "the new certificate")


def wait_failed(proxy):
    proxy.wait_metric("mantlet_reload_pending", 1)
    wait_until(lambda: sum(v for k, v in proxy.metrics().matching("mantlet_reloads_total").items()
                           if ("result", "success") not in k) >= 1, 10, "a counted failure")


def failures(proxy):
    return sum(v for k, v in proxy.metrics().matching("mantlet_reloads_total").items() if ("result", "success") not in k)


@pytest.fixture
def rotating(launch, own_pki, upstream):
    """A proxy that reads own_pki's files."""
    return launch(configuration(own_pki, upstream, **QUICK))


@pytest.mark.parametrize("write", [write_in_place, write_by_rename])
def test_a_rotation_is_noticed(rotating, own_pki, write):
    fresh = own_pki.ca.server()
    write(fresh, own_pki.server_files)
    wait_served(rotating, own_pki, fresh)
    rotating.wait_metric("mantlet_reload_pending", 0)
    assert rotating.metric("mantlet_reloads_total", result="success") >= 1


def test_deletion_and_return_is_noticed(rotating, own_pki):
    fresh, old = own_pki.ca.server(), own_pki.server
    for path in own_pki.server_files:
        os.unlink(path)
    wait_failed(rotating)
    assert served_serial(rotating, own_pki) == old.certificate.serial_number
    fresh.write(own_pki.directory, "server")
    wait_served(rotating, own_pki, fresh)
    rotating.wait_metric("mantlet_reload_pending", 0)


def test_a_symlink_swing_is_noticed(launch, own_pki, upstream, tmp_path):
    """certbot: live/ holds symbolic links into archive/."""
    archive, live = tmp_path / "archive", tmp_path / "live"
    live.mkdir()
    first, second = own_pki.ca.server(), own_pki.ca.server()
    first.write(archive, "1")
    second.write(archive, "2")

    def point(stem):
        for suffix in ("crt", "key"):
            temporary = live / f"{suffix}.new"
            temporary.symlink_to(archive / f"{stem}.{suffix}")
            temporary.rename(live / f"tls.{suffix}")

    point("1")
    config = configuration(own_pki, upstream, **QUICK)
    config["listeners"][0]["tls"]["certificates"] = [{"chain": str(live / "tls.crt"), "key": str(live / "tls.key")}]
    proxy = launch(config)
    wait_served(proxy, own_pki, first)
    point("2")
    wait_served(proxy, own_pki, second)


def test_a_kubernetes_data_swap_is_noticed_every_time(launch, own_pki, upstream, tmp_path):
    volume = tmp_path / "volume"

    def publish(generation):
        identity = own_pki.ca.server()
        kubernetes.write(volume, generation, {"tls.crt": identity.chain_pem, "tls.key": identity.key_pem,
                                              "ca.crt": own_pki.root.pem})
        return identity

    publish("2026_01")
    config = configuration(own_pki, upstream, **QUICK)
    config["listeners"][0]["tls"]["certificates"] = [{"chain": f"{volume}/tls.crt", "key": f"{volume}/tls.key"}]
    config["listeners"][0]["client_auth"]["trust_bundle"] = [f"{volume}/ca.crt"]
    proxy = launch(config)
    for generation in ("2026_02", "2026_03", "2026_04"):
        wait_served(proxy, own_pki, publish(generation))
    assert failures(proxy) == 0, "an atomic swap is never seen half"


def test_the_periodic_poll_alone_detects_a_rotation(launch, own_pki, upstream):
    proxy = launch(configuration(own_pki, upstream, reload={"watch": False, "interval": "300ms"}))
    fresh = own_pki.ca.server()
    write_by_rename(fresh, own_pki.server_files)
    wait_served(proxy, own_pki, fresh)


@pytest.fixture
def still(launch, own_pki, upstream):
    """A proxy that reads its files only on request."""
    return launch(configuration(own_pki, upstream, reload={"watch": False, "interval": "0s"}))


def test_sighup_reloads(still, own_pki):
    fresh = own_pki.ca.server()
    write_by_rename(fresh, own_pki.server_files)
    still.signal(signal.SIGHUP)
    wait_served(still, own_pki, fresh)


def test_post_reload_reloads(still, own_pki):
    fresh = own_pki.ca.server()
    write_by_rename(fresh, own_pki.server_files)
    status, _ = still.get("/reload", "admin", "POST")
    assert status in (200, 202)
    wait_served(still, own_pki, fresh)


def test_nothing_is_reloaded_unasked(still, own_pki):
    write_by_rename(own_pki.ca.server(), own_pki.server_files)
    assert served_serial(still, own_pki) == own_pki.server.certificate.serial_number


def test_an_incomplete_pair_keeps_the_old_one_until_it_is_complete(rotating, own_pki):
    """spiffe-helper writes the certificate, then the key."""
    fresh = own_pki.ca.server()
    pathlib.Path(own_pki.server_files[0]).write_bytes(fresh.chain_pem)
    wait_failed(rotating)
    assert served_serial(rotating, own_pki) == own_pki.server.certificate.serial_number
    assert rotating.log("reload_failed")[0]["level"] == "info", "half written is nothing worse, at first"
    pathlib.Path(own_pki.server_files[1]).write_bytes(fresh.key_pem)
    wait_served(rotating, own_pki, fresh)
    rotating.wait_metric("mantlet_reload_pending", 0)


@pytest.mark.parametrize("kind", ["empty", "half", "garbage", "key of another", "expired", "not a server"])
def test_a_bad_certificate_keeps_the_old_one(rotating, own_pki, connect, kind):
    steady = connect(rotating, clients.context(own_pki))
    chain, key = map(pathlib.Path, own_pki.server_files)
    fresh = {"expired": lambda: own_pki.ca.server(not_before=now() - 3 * DAY, not_after=now() - DAY),
             "not a server": lambda: own_pki.ca.issue("localhost", sans=("localhost",)),
             }.get(kind, own_pki.ca.server)()
    if kind == "empty":
        chain.write_bytes(b"")
    elif kind == "half":
        chain.write_bytes(fresh.chain_pem[:300])
    elif kind == "garbage":
        chain.write_bytes(b"-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n")
    elif kind == "key of another":
        key.write_bytes(own_pki.client.key_pem)
    else:
        write_by_rename(fresh, own_pki.server_files)
    wait_failed(rotating)
    assert served_serial(rotating, own_pki) == own_pki.server.certificate.serial_number
    assert steady.get().status == 200
    status, body = rotating.get("/readyz")
    assert status == 200, "the old set is still valid"
    assert str(own_pki.directory) in body, "the body names the file that is wrong"


def test_an_unreadable_trust_bundle_never_opens_the_door(rotating, own_pki):
    """Traefik CVE-2022-46153."""
    for content in (b"", b"not a certificate\n"):
        pathlib.Path(own_pki.ca_file).write_bytes(content)
        wait_failed(rotating)
        clients.handshake_error(rotating.address(), blind())
        with clients.RawClient(rotating.address(), blind(own_pki.client_files)) as known:
            assert known.get().status == 200


def test_a_new_trust_bundle_decides_about_new_handshakes(rotating, own_pki):
    other = Authority.root("the next root")
    stranger = own_pki.write(other.issue("bob"), "bob")
    context = blind(stranger)
    clients.handshake_error(rotating.address(), context)
    pathlib.Path(own_pki.ca_file).write_bytes(other.pem)

    def admitted():
        try:
            with clients.RawClient(rotating.address(), context) as client:
                return client.get().status == 200
        except (OSError, Incomplete):
            return False

    wait_until(admitted, 10, "trust in the new root")
    clients.handshake_error(rotating.address(), blind(own_pki.client_files))


def test_established_connections_carry_on_through_a_rotation(rotating, own_pki, connect):
    steady = connect(rotating, clients.context(own_pki))
    for _ in range(3):
        fresh = own_pki.ca.server()
        write_by_rename(fresh, own_pki.server_files)
        wait_served(rotating, own_pki, fresh)
        assert steady.get().status == 200


def test_the_expiry_in_the_metrics_follows_the_rotation(rotating, own_pki):
    fresh = own_pki.ca.server(not_after=now() + 90 * DAY)
    write_by_rename(fresh, own_pki.server_files)
    wait_served(rotating, own_pki, fresh)
    rotating.wait_metric("mantlet_certificate_not_after_timestamp_seconds",
                         calendar.timegm(fresh.certificate.not_valid_after.timetuple()),
                         listener="public", file=own_pki.server_files[0],
                         subject=fresh.certificate.subject.rfc4514_string())
    # One for each certificate of the chain, and none of the old leaf.
    serials = {int(dict(labels)["serial"], 16) for labels in rotating.metrics().matching(
        "mantlet_certificate_not_after_timestamp_seconds", file=own_pki.server_files[0])}
    assert serials == {c.serial_number for c in (fresh.certificate, *fresh.intermediates)}


def test_a_file_that_changes_to_the_same_content_is_no_reload(rotating, own_pki):
    write_by_rename(own_pki.server, own_pki.server_files)
    write_in_place(own_pki.server, own_pki.server_files)
    rotating.wait_metric("mantlet_reload_pending", 0)
    assert served_serial(rotating, own_pki) == own_pki.server.certificate.serial_number
