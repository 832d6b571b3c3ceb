"""A writer damages and replaces files at random while clients connect; no client is affected.
MANTLET_TEST_CHAOS=SECONDS sets the duration, MANTLET_TEST_CHAOS_SEED repeats the choices of a run.
"""

import os
import pathlib
import random
import shutil
import ssl
import subprocess
import tempfile
import threading
import time

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID
from harness import clients
from harness.chaos import Generation, Writer, can_be_made_unreadable
from harness.messages import Incomplete
from harness.pki import Authority, Pki
from harness.proxy import configuration, is_sanitized, run_command
from harness.timing import FACTOR, scaled, wait_until

SECONDS = float(os.environ.get("MANTLET_TEST_CHAOS") or (25 if is_sanitized() or FACTOR > 1 else 110))
THREADS = 3
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def number_of(certificate):
    """Returns the generation in a certificate's subject or issuer."""
    return int(certificate.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value.rsplit(" ", 1)[1])


class Stage:
    """The daemon, the writer, and the observations of all clients."""

    def __init__(self, directory, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.directory = directory
        self.pki = Pki(directory / "clients")
        self.server_root = Authority.root(cn="root of all servers")
        self.trusted = self.server_root.write(directory, "server-root")
        self.client_ca = self.pki.root
        self.with_crl = True
        self.steps = []
        self.problems = []
        self.connections = 0
        self.allowed = {0}
        self.lock = threading.Lock()
        self.slowest = 0.0
        launcher = list(UNPRIVILEGED) if shutil.which("setpriv") else []
        unreadable = can_be_made_unreadable(directory, launcher)
        self.launcher = launcher if unreadable else []
        self.writer = Writer(directory / "tls", self.random, unreadable, self.note)
        self.generations = 0

    def note(self, sentence):
        self.steps.append(f"{time.strftime('%H:%M:%S')}.{int(time.time() * 1000) % 1000:03d} {sentence}")

    def configuration(self, upstream, **reload):
        tls = self.directory / "tls"
        config = configuration(
            self.pki, upstream, workers=2, reload=reload, log={"access": "off"},
            listener={"tls": {"certificates": [{"chain": str(tls / "tls.crt"), "key": str(tls / "tls.key")}]},
                      "client_auth": {"trust_bundle": [str(tls / "ca.crt")],
                                      **({"crl": {"files": [str(tls / "clients.crl")]}} if self.with_crl else {})},
                      "identity_headers": {"xfcc_fields": ["by"]}})
        return config

    def make(self):
        generation = Generation(self.generations, self.server_root, self.client_ca, self.with_crl)
        self.generations += 1
        return generation

    def complain(self, sentence):
        with self.lock:
            self.problems.append(sentence)
            self.note("PROBLEM: " + sentence)

    def count(self, number, allowed):
        """allowed: the generations that might be served when the connection began."""
        with self.lock:
            self.connections += 1
            if number not in allowed | self.allowed:
                self.problems.append(f"generation {number} was served while only {sorted(allowed)} may be")
                self.note("PROBLEM: " + self.problems[-1])


def client_context(stage, files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(stage.trusted)
    context.load_cert_chain(*files)
    return context


class PythonClient(threading.Thread):
    """Connects, verifies leaf and chain, sends one request, and compares the proxy's certificate in the response."""

    def __init__(self, stage, proxy):
        super().__init__(daemon=True)
        self.stage, self.address = stage, proxy.address()
        self.context = client_context(stage, stage.pki.client_files)
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            allowed = self.stage.allowed
            try:
                with clients.RawClient(self.address, self.context) as client:
                    leaf = x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True))
                    number = number_of(leaf.subject)
                    if number_of(leaf.issuer) != number:
                        self.stage.complain(f"leaf {number} with issuer {number_of(leaf.issuer)}")
                    reply = client.get()
                    if reply.status != 200:
                        self.stage.complain(f"status {reply.status}")
                    elif f'generation/{number}\\"' not in reply.body.decode():
                        # The echoed request contains the proxy's own By, quoted.
                        self.stage.complain(f"another By than that of generation {number}: {reply.body[:600]}")
                    self.stage.count(number, allowed)
            except (OSError, Incomplete, ValueError) as error:
                self.stage.complain(f"a client failed: {error!r}")
            time.sleep(0.005)


class OpensslClient(threading.Thread):
    """`openssl s_client` sees leaf, chain and the names of the trusted CAs in one handshake."""

    def __init__(self, stage, proxy):
        super().__init__(daemon=True)
        self.stage, (self.host, self.port) = stage, proxy.address()
        self.stop = threading.Event()

    def run(self):
        chain, key = self.stage.pki.client_files
        while not self.stop.is_set():
            allowed = self.stage.allowed
            ended = subprocess.run(
                ["openssl", "s_client", "-connect", f"{self.host}:{self.port}", "-servername", "localhost", "-CAfile",
                 self.stage.trusted, "-verify_return_error", "-cert", chain, "-key", key, "-cert_chain", chain],
                input=b"", capture_output=True, timeout=scaled(30))
            text = ended.stdout.decode()
            if "Verify return code: 0" not in text:
                self.stage.complain(f"openssl failed: {text[-400:]}{ended.stderr.decode()[-300:]}")
                continue
            words = text.replace("=", " ").split()
            numbers = {int(words[i + 1]) for i, word in enumerate(words[:-1])
                       if word == "generation" and words[i + 1].strip(",").isdigit()}
            if len(numbers) != 1:
                self.stage.complain(f"openssl saw a mixture of generations {numbers}: {text[:1500]}")
            if "clients of generation" not in text:
                self.stage.complain("openssl saw no names of CAs")
            self.stage.count(min(numbers), allowed)
            time.sleep(0.05)


class CurlClient(threading.Thread):
    def __init__(self, stage, proxy):
        super().__init__(daemon=True)
        self.stage, self.port = stage, proxy.port()
        self.stop = threading.Event()

    def run(self):
        chain, key = self.stage.pki.client_files
        while not self.stop.is_set():
            ended = subprocess.run(
                ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--cacert", self.stage.trusted, "--cert", chain,
                 "--key", key, f"https://localhost:{self.port}/"], capture_output=True, text=True, timeout=scaled(30))
            if ended.stdout != "200":
                self.stage.complain(f"curl: {ended.stdout} {ended.stderr}")
            time.sleep(0.4)


def refusals(proxy):
    # If the damage lasts, it is logged again as a warning and then as an error.
    return len(proxy.log("reload_failed", level="info"))


def hold(stage, proxy):
    """The files stay damaged for a while: the reload is pending and logged once, not for each attempt."""
    proxy.wait_metric("mantlet_reload_pending", 1, 3)
    time.sleep(0.3)  # the writer's last step may be settling
    wait_until(lambda: refusals(proxy) > 0, 3, "a record of what is awaited")
    before = refusals(proxy)
    attempts = proxy.metric("mantlet_reloads_total") - proxy.metric("mantlet_reloads_total", result="success")
    deadline = time.monotonic() + scaled(1.2)
    while time.monotonic() < deadline:
        if proxy.metric("mantlet_reload_pending") != 1:
            stage.complain("not pending while the files are damaged")
        time.sleep(0.05)
    if refusals(proxy) != before:
        stage.complain(f"{refusals(proxy) - before} more records for one and the same damage: "
                       + " / ".join(r["reason"] for r in proxy.log("reload_failed", level="info")[before:]))
    failed = proxy.metric("mantlet_reloads_total") - proxy.metric("mantlet_reloads_total", result="success")
    return failed - attempts


def admitted(stage, proxy, generation):
    """Returns whether the generation's own client is accepted, and no client fails for another reason."""
    files = generation.client.write(stage.directory, f"client-{generation.number}")
    try:
        with clients.RawClient(proxy.address(), client_context(stage, files)) as client:
            return client.get().status == 200
    except (OSError, Incomplete):
        return False


def revoked(stage, proxy, generation):
    files = generation.revoked.write(stage.directory, f"revoked-{generation.number}")
    try:
        with clients.RawClient(proxy.address(), client_context(stage, files)) as client:
            return client.get().status != 200
    except (OSError, Incomplete):
        return True


def one_round(stage, proxy, current, limit):
    """Performs one action of the writer and returns the generation that must be served after it."""
    writer, dice = stage.writer, stage.random.random()
    following = current
    if dice < 0.12:
        name = stage.random.choice([n for n in current.files])
        writer.volume = False
        writer.damage(name)
        if stage.random.random() < 0.5:
            hold(stage, proxy)
        writer.nap(0.5)
        writer.replace(name, current.files[name])
        stage.note("the old content is back")
    elif dice < 0.18:
        writer.directory_gone(stage.random.random() * 0.6)
    elif dice < 0.26:
        writer.volume = False
        stage.note("the trust bundle changes its order")
        writer.by_rename("ca.crt", current.reordered)
        writer.files["ca.crt"] = current.reordered
    else:
        following = stage.make()
        stage.note(f"generation {following.number} begins")
        stage.allowed = {current.number, following.number}
        if writer.volume and stage.random.random() < 0.7:
            writer.publish_by_swing(following)
        elif stage.random.random() < 0.3:
            writer.become_volume(following)
        else:
            writer.publish(following, pauses=stage.random.choice([0.02, 0.15, 0.5]))
        stage.note(f"generation {following.number} is whole")
    whole = time.monotonic()
    if following is not current:
        wait_until(lambda: proxy.log("reload_succeeded") and served(stage, proxy) == following.number, limit,
                   f"generation {following.number}")
    wait_until(lambda: proxy.metric("mantlet_reload_pending") == 0, limit, "nothing pending")
    stage.slowest = max(stage.slowest, time.monotonic() - whole)
    if following is not current:
        time.sleep(scaled(0.1))  # until each worker has loaded it
        stage.allowed = {following.number}
        if stage.random.random() < 0.4:
            settled(stage, proxy, current, following)
    return following


def served(stage, proxy):
    with clients.RawClient(proxy.address(), client_context(stage, stage.pki.client_files)) as client:
        return number_of(x509.load_der_x509_certificate(client.tls.getpeercert(binary_form=True)).subject)


def settled(stage, proxy, old, new):
    """Checks that every part of the new set is in effect, and none of the old one."""
    if not admitted(stage, proxy, new):
        stage.complain(f"the client of generation {new.number} is not accepted")
    if admitted(stage, proxy, old):
        stage.complain(f"the client of generation {old.number} is still accepted")
    if stage.with_crl:
        if not revoked(stage, proxy, new):
            stage.complain(f"the revoked client of generation {new.number} is accepted")
        if revoked(stage, proxy, old):
            stage.complain(f"the client revoked only in generation {old.number} is not accepted")


def crl_works(stage, upstream):
    """Returns whether this build applies revocation lists."""
    path = stage.directory / "probe.yaml"
    path.write_text(yaml.safe_dump(stage.configuration(upstream)))
    return run_command("check", "--config", path).returncode == 0


@pytest.mark.limit(SECONDS + 120)
@pytest.mark.parametrize("reload, limit", [({"interval": "0s"}, 3), ({"watch": False, "interval": "200ms"}, 3)],
                         ids=["watching", "looking"])
def test_a_writer_in_chaos_costs_no_client_a_handshake(launch, upstream, reload, limit):
    seed = int(os.environ.get("MANTLET_TEST_CHAOS_SEED") or random.SystemRandom().randrange(10 ** 9))
    print(f"MANTLET_TEST_CHAOS_SEED={seed}")
    directory = tempfile.mkdtemp(prefix="mantlet-chaos-")
    try:
        run(launch, upstream, pathlib.Path(directory), seed, reload, limit)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(launch, upstream, directory, seed, reload, limit):
    stage = Stage(directory, seed)
    current = stage.make()
    stage.writer.begin(current)
    stage.with_crl = crl_works(stage, upstream)
    if not stage.with_crl:
        current.files.pop("clients.crl")
        stage.writer.files.pop("clients.crl")
    proxy = launch(stage.configuration(upstream, **reload), launcher=stage.launcher)
    threads = [PythonClient(stage, proxy) for _ in range(THREADS)]
    threads += [OpensslClient(stage, proxy), CurlClient(stage, proxy)]
    for each in threads:
        each.start()
    deadline = time.monotonic() + SECONDS / 2  # of two tests
    try:
        while time.monotonic() < deadline and not stage.problems:
            current = one_round(stage, proxy, current, limit)
            upstream.requests.clear()
    except AssertionError as error:
        stage.complain(f"{error}; the log ends with: " + "\n".join(proxy.err.lines[-6:]))
    for each in threads:
        each.stop.set()
    for each in threads:
        each.join(scaled(30))
    print(f"{stage.generations} generations, {stage.connections} connections, {refusals(proxy)} refusals logged, "
          f"slowest {stage.slowest:.2f} s, crl {stage.with_crl}, unreadable files {stage.writer.unreadable}")
    assert not stage.problems, (f"seed {seed}: " + "\n".join(stage.problems[:5])
                                + "\n\nwhat the writer did:\n" + "\n".join(stage.steps[-40:]))
    assert stage.connections > 20 and stage.generations > 3
