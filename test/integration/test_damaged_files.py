"""Every kind of damage to every file of a listener: the start fails with the file's name; later, the old set stays in
use.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
import yaml
from harness import clients, damage, ocsp, spiffe
from harness.chaos import can_be_made_unreadable
from harness.damage import harm, heal
from harness.pki import DAY, Authority, now, pem
from harness.proxy import Proxy, configuration, run_command
from harness.rotation import served_serial
from harness.spiffe import TrustDomain
from harness.timing import wait_until

PASSPHRASE = b"open sesame"
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def openssl(*arguments, data):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def material(pki, form):
    """{key of the configuration: valid content} for one form of a server certificate."""
    server = pki.server
    if form == "chain and key":
        return {"chain": server.chain_pem, "key": server.key_pem}
    if form == "bundle":
        return {"bundle": server.key_pem + server.chain_pem}
    if form == "locked key":
        return {"chain": server.chain_pem, "passphrase_file": PASSPHRASE,
                "key": openssl("pkcs8", "-topk8", "-passout", b"pass:" + PASSPHRASE, data=server.key_pem)}
    return {"passphrase_file": PASSPHRASE,
            "pkcs12": openssl("pkcs12", "-export", "-passout", b"pass:" + PASSPHRASE,
                              data=server.key_pem + server.chain_pem)}


FORMS = ("chain and key", "bundle", "locked key", "pkcs12")


def foreign(pki):
    """Complete files of the wrong kind."""
    other = pki.ca.server("localhost")
    late = pki.ca.server("localhost", not_before=now() - 3 * DAY, not_after=now() - DAY)
    early = pki.ca.server("localhost", not_before=now() + DAY, not_after=now() + 3 * DAY)
    weak = pki.ca.server("localhost", key="rsa1024")
    stranger = Authority.root("another root").intermediate("another intermediate")
    return {"other": other, "late": late, "early": early, "weak": weak, "stranger": stranger}


def damages(pki, name, good):
    """{damage: content, or a function that damages a path}."""
    if name == "passphrase_file":
        return {**damage.ANY, "another passphrase": b"another"}
    foreigners = foreign(pki)
    key_block = pki.client.key_pem
    kinds = {**damage.ANY, **damage.of_content(good, binary=name == "pkcs12")}
    if name == "key":
        kinds |= {"the key of another": foreigners["other"].key_pem, "a certificate": pki.server.leaf_pem,
                  "two keys": good + key_block, "a public key": openssl("pkey", "-pubout", data=key_block)}
    if name == "chain":
        kinds |= {"the certificate of another": foreigners["other"].chain_pem, "a key": key_block,
                  "the chain without its leaf": b"".join(map(pem, pki.server.intermediates)),
                  "the wrong order": b"".join(map(pem, pki.server.intermediates)) + pki.server.leaf_pem,
                  "a broken second block": pki.server.leaf_pem + pki.server.leaf_pem[:200],
                  "a stranger among them": pki.server.leaf_pem + foreigners["stranger"].pem}
    if name == "bundle":
        kinds |= {"no key": pki.server.chain_pem, "no certificate": pki.server.key_pem,
                  "expired": foreigners["late"].key_pem + foreigners["late"].chain_pem,
                  "of tomorrow": foreigners["early"].key_pem + foreigners["early"].chain_pem,
                  "a weak key": foreigners["weak"].key_pem + foreigners["weak"].chain_pem,
                  "not for servers": pki.client.key_pem + pki.client.chain_pem,
                  "the key of another": key_block + pki.server.chain_pem}
    if name == "trust_bundle":
        kinds |= {"a leaf": pki.client.leaf_pem, "a key": key_block, "half its second": good + good[:100],
                  "an intermediate alone": pki.ca.pem,
                  "expired": Authority.root("old", not_before=now() - 9 * DAY, not_after=now() - DAY).pem,
                  "a revocation list": good + pki.root.crl()}
    return kinds


def lay(directory, pki, form):
    """Writes the files. Returns {name: (path, valid content)} and the settings for the listener."""
    contents = {**material(pki, form), "trust_bundle": pki.root.pem}
    files = {}
    for name, content in contents.items():
        path = pathlib.Path(directory) / f"the-{name}"
        path.write_bytes(content)
        path.chmod(0o600)
        files[name] = (path, content)
    listener = {"tls": {"certificates": [{n: str(p) for n, (p, _) in files.items() if n != "trust_bundle"}]},
                "client_auth": {"trust_bundle": [str(files["trust_bundle"][0])]}}
    return files, listener


def names(form):
    return [*{"chain and key": ("chain", "key"), "bundle": ("bundle",), "locked key": ("key", "passphrase_file"),
              "pkcs12": ("pkcs12", "passphrase_file")}[form], *(("trust_bundle",) if form == "bundle" else ())]


PLACES = [(form, name) for form in FORMS for name in names(form)]


@pytest.fixture
def folder():
    """A folder that a daemon without root's privileges can read."""
    made = tempfile.mkdtemp(prefix="mantlet-damage-")
    yield pathlib.Path(made)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def launcher(folder):
    usable = shutil.which("setpriv") is not None and can_be_made_unreadable(folder, UNPRIVILEGED)
    return UNPRIVILEGED if usable else None


def refused_at_start(folder, config, launcher, path, what):
    proxy = Proxy(folder / "proxy", config, launcher=launcher or ())
    proxy.start(wait=False)
    assert proxy.process.wait(timeout=20) == 78, f"{what}: it must not start"
    proxy.err.join()
    said = "\n".join(proxy.err.lines)
    assert len(proxy.err.lines) == 1 and said.startswith("mantlet: "), f"{what}: one sentence, not: {said}"
    assert str(path) in said, f"{what}: names the file: {said}"
    assert re.search(r"; \w+ ", said), f"{what}: says what to do: {said}"


@pytest.mark.limit(120)
@pytest.mark.parametrize("form, name", PLACES, ids=lambda value: value)
def test_at_start_damage_is_refused_in_one_sentence(own_pki, folder, launcher, form, name):
    files, listener = lay(folder, own_pki, form)
    path, good = files[name]
    for what, how in damages(own_pki, name, good).items():
        if what == "unreadable" and launcher is None:
            continue
        harm(path, how)
        refused_at_start(folder, configuration(own_pki, listener=listener), launcher, path, what)
        heal(path, good)


@pytest.mark.limit(240)
@pytest.mark.parametrize("form, name", PLACES, ids=lambda value: value)
def test_later_damage_leaves_the_old_set_in_use(launch, own_pki, upstream, folder, launcher, form, name):
    files, listener = lay(folder, own_pki, form)
    path, good = files[name]
    proxy = launch(configuration(own_pki, upstream, listener=listener, reload={"interval": "0s"}),
                   launcher=launcher or ())
    serial = own_pki.server.certificate.serial_number
    for what, how in damages(own_pki, name, good).items():
        if what == "unreadable" and launcher is None:
            continue
        harm(path, how)
        wait_until(lambda: proxy.metric("mantlet_reload_pending") == 1, 5, f"pending after {what}")
        wait_until(lambda: str(path) in proxy.get("/readyz")[1], 5, f"{what} named by /readyz")
        status, body = proxy.get("/readyz")
        assert status == 200, f"{what}: the old set is still good"
        status, body = proxy.get("/reload", "admin", "POST")
        assert status == 500 and str(path) in body, f"{what}: {status} {body}"
        assert served_serial(proxy, own_pki) == serial, what
        clients.handshake_error(proxy.address(), clients.context(own_pki, client=None))
        heal(path, good)
        wait_until(lambda: proxy.metric("mantlet_reload_pending") == 0, 5, f"recovery after {what}")
    assert served_serial(proxy, own_pki) == serial


# ---- files other than certificates and keys


class RevocationList:
    """Each list revokes one of two clients."""

    def __init__(self, pki):
        self.pki = pki
        self.revoked = [pki.ca.issue("even"), pki.ca.issue("odd")]
        self.files = [pki.write(identity, f"revoked{i}") for i, identity in enumerate(self.revoked)]

    def content(self, number):
        return self.pki.root.crl() + self.pki.ca.crl(self.revoked[number % 2])

    def listener(self, path):
        return {"client_auth": {"crl": {"files": [str(path)]}}}

    def damages(self, good):
        stranger = Authority.root(self.pki.root.certificate.subject.rfc4514_string()[3:])
        return {**damage.of_content(good), "half its second": good[:-100], "a key": self.pki.client.key_pem,
                "a certificate too": good + self.pki.root.pem, "of a stranger": good + stranger.crl(),
                "a list of changes": self.pki.root.crl(changes_to=1)}

    def serves(self, proxy, number):
        return [admitted(proxy, self.pki, files) for files in self.files] == [number % 2 == 1, number % 2 == 0]


class SpiffeBundle:
    """Each bundle contains one of two authorities of the trust domain."""

    def __init__(self, pki, form):
        self.pki, self.form = pki, form
        self.authorities = [TrustDomain("example.org"), TrustDomain("example.org")]
        self.files = [pki.write(authority.svid(), f"svid{i}") for i, authority in enumerate(self.authorities)]

    def content(self, number):
        authority = self.authorities[number % 2]
        if self.form == "pem":
            return authority.pem
        return json.dumps(spiffe.bundle(authority, sequence=number + 1)).encode()

    def listener(self, path):
        domains = [{"name": "example.org", "bundle": [str(path)]}]
        return {"client_auth": {"trust_bundle": None, "spiffe": {"trust_domains": domains}}}

    def damages(self, good):
        leaf = self.authorities[0].svid()
        if self.form == "pem":
            return {**damage.of_content(good), "half its second": good + good[:-100], "a leaf": leaf.leaf_pem,
                    "a key": leaf.key_pem, "a revocation list too": good + self.pki.root.crl()}
        two = spiffe.bundle(*self.authorities)
        other = spiffe.jwk(self.authorities[0], x5c=spiffe.jwk(self.authorities[1])["x5c"])
        return {**damage.of_content(good, binary=True), "no end": good[:-1], "and more": good + good, "no keys": b"{}",
                "half its second": json.dumps(two)[:-200].encode(), "keys twice": good[:-1] + b',"keys":[]}',
                "a map": json.dumps({"trust_domains": {"example.org": two}}).encode(),
                "another key's certificate": json.dumps({"keys": [other]}).encode()}

    def serves(self, proxy, number):
        return [admitted(proxy, self.pki, files) for files in self.files] == [number % 2 == 0, number % 2 == 1]


class OcspResponse:
    """Each response is valid for another day."""

    def __init__(self, pki):
        self.pki = pki
        self.began = now()

    def until(self, number):
        return self.began + (number + 1) * DAY

    def content(self, number):
        return ocsp.response(self.pki.ca, self.pki.server, until=self.until(number))

    def listener(self, path):
        chain, key = self.pki.server_files
        return {"tls": {"certificates": [{"chain": chain, "key": key, "ocsp_response": str(path)}]}}

    def damages(self, good):
        ca, server = self.pki.ca, self.pki.server
        return {**damage.of_content(good, binary=True), "no end": good[:-1], "and more": good + b"\n",
                "of another": ocsp.response(ca, self.pki.client),
                "of a stranger": ocsp.response(ca, server, signer=self.pki.client),
                "revoked": ocsp.response(ca, server, ocsp.REVOKED), "unknown": ocsp.response(ca, server, ocsp.UNKNOWN)}

    def serves(self, proxy, number):
        shown = clients.s_client(self.pki, proxy.address(), "-status").stdout
        return self.until(number).strftime("Next Update: %b %e %H:%M:%S %Y GMT") in shown


def admitted(proxy, pki, files):
    try:
        return clients.get_json(proxy.address(), clients.context(pki, client=files))[0] == 200
    except OSError:
        return False


OTHERS = {"revocation list": RevocationList, "SPIFFE bundle in PEM": lambda pki: SpiffeBundle(pki, "pem"),
          "SPIFFE bundle": lambda pki: SpiffeBundle(pki, "json"), "OCSP response": OcspResponse}


def lay_other(what, pki, folder):
    """The file and its valid content, numbered; the settings for the listener; its damages."""
    kind = OTHERS[what](pki)
    path = folder / "own" / "the-file"
    path.parent.mkdir()
    path.write_bytes(kind.content(0))
    path.chmod(0o600)
    # Revocation lists have their own parser; the other files share that of certificates.
    usual = damage.ANY if what == "revocation list" else ("missing", "unreadable", "empty")
    return kind, path, {**{how: damage.ANY[how] for how in usual}, **damage.FOLDER, **kind.damages(kind.content(0))}


@pytest.mark.limit(120)
@pytest.mark.parametrize("what", OTHERS)
def test_at_start_damage_to_other_files_is_rejected_with_one_message(own_pki, folder, launcher, what):
    kind, path, kinds = lay_other(what, own_pki, folder)
    for name, how in kinds.items():
        if name == "unreadable" and launcher is None:
            continue
        harm(path, how)
        refused_at_start(folder, configuration(own_pki, listener=kind.listener(path)), launcher, path, name)
        heal(path, kind.content(0))


@pytest.mark.limit(240)
@pytest.mark.parametrize("what", OTHERS)
def test_later_damage_to_other_files_keeps_the_old_ones_until_the_new_are_complete(
        launch, own_pki, upstream, folder, launcher, what):
    kind, path, kinds = lay_other(what, own_pki, folder)
    proxy = launch(configuration(own_pki, upstream, listener=kind.listener(path), reload={"interval": "0s"}),
                   launcher=launcher or ())
    kinds["a link that swings to half of it"] = damage.swing(kind.content(0)[:150])
    assert kind.serves(proxy, 0)
    for number, (name, how) in enumerate(kinds.items()):
        if name == "unreadable" and launcher is None:
            how = b""
        said = len(proxy.log("reload_failed", level="info"))
        harm(path, how)
        wait_until(lambda: proxy.metric("mantlet_reload_pending") == 1, 5, f"pending after {name}")
        wait_until(lambda: len(proxy.log("reload_failed", level="info")) > said, 5, f"a record of {name}")
        assert kind.serves(proxy, number), f"{name}: the old generation serves on"
        status, body = proxy.get("/reload", "admin", "POST")
        assert status == 500 and str(path) in body, f"{name}: {status} {body}"
        swapped = proxy.metric("mantlet_reloads_total", result="success")
        heal(path, kind.content(number + 1))
        proxy.wait_metric("mantlet_reloads_total", swapped + 1, 5, result="success")
        assert proxy.metric("mantlet_reload_pending") == 0, name
        assert kind.serves(proxy, number + 1), f"{name}: the new generation serves at once"
        records = [record["reason"] for record in proxy.log("reload_failed", level="info")[said:]]
        assert len(records) == 1 and "awaiting: " in records[0] and str(path) in records[0], f"{name}: {records}"


@pytest.mark.parametrize("key", ["chain", "key", "bundle", "trust_bundle"])
def test_check_and_run_report_the_same(own_pki, folder, key):
    files, listener = lay(folder, own_pki, "bundle" if key in ("bundle", "trust_bundle") else "chain and key")
    files[key][0].write_bytes(b"")
    path = folder / "mantlet.yaml"
    path.write_text(yaml.safe_dump(configuration(own_pki, listener=listener)))
    ended = run_command("check", "--config", path)
    assert ended.returncode == 1
    assert f"{files[key][0]}: the file is empty" in ended.stdout + ended.stderr


@pytest.mark.parametrize("unwatchable", ["missing", "unreadable"])
def test_a_folder_that_comes_back_is_noticed_at_once(launch, own_pki, upstream, folder, launcher, unwatchable):
    """Without the periodic poll: the watch must detect the change while the retry delay grows."""
    if unwatchable == "unreadable" and launcher is None:
        pytest.skip("root reads everything here")
    place = folder / "tls"
    place.mkdir()
    files, listener = lay(place, own_pki, "chain and key")
    proxy = launch(configuration(own_pki, upstream, listener=listener, reload={"interval": "0s"}),
                   launcher=launcher or ())
    if unwatchable == "missing":
        place.rename(folder / "aside")
    else:
        place.chmod(0)
    proxy.wait_metric("mantlet_reload_pending", 1)
    # The retry delay has grown to 4 s.
    wait_until(lambda: proxy.metric("mantlet_reloads_total", result="failure") >= 4, 12, "some attempts")
    if unwatchable == "missing":
        (folder / "aside").rename(place)
    else:
        place.chmod(0o700)
    proxy.wait_metric("mantlet_reload_pending", 0, 2)
