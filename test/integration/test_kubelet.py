"""Plays the kubelet for the manifests of deploy/kubernetes: starts their containers as a node does, probes them, renews
their volumes under load, and stops them (harness/kubelet.py).
"""

import os
import pathlib
import signal
import ssl
import threading
import time

import pytest
from cryptography import x509
from harness import clients, kubelet, kubernetes
from harness.cgroups import quantity
from harness.messages import Incomplete, Reader
from harness.proxy import is_sanitized
from harness.timing import scaled, wait_until

# Answers /slow/N after N seconds. On SIGTERM it accepts nothing more, answers what is open, and ends.
APPLICATION = """
import http.server, signal, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path[6:]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.05)
server.server_close()
"""
MIB = 1024 * 1024


@pytest.fixture
def objects(pki):
    """Secrets, and what signers issue."""
    server = pki.server
    return {
        ("secret", "mantlet-tls"): {"tls.crt": server.chain_pem, "tls.key": server.key_pem, "ca.crt": pki.root.pem},
        # Key first, as the kubelet writes it.
        ("podCertificate", "example.com/server"): server.key_pem + server.chain_pem,
        ("clusterTrustBundle", "example.com/clients"): pki.root.pem,
    }


@pytest.fixture
def start(tmp_path, objects):
    """start(documents) runs a pod until the end of the test."""
    kubelet.require()
    pods = []

    def make(documents, **kwargs):
        pods.append(kubelet.Pod(tmp_path / f"pod{len(pods)}", documents, objects, **kwargs))
        return pods[-1].start()

    yield make
    for pod in pods:
        pod.close()


@pytest.fixture
def base():
    return kubernetes.kustomize(kubernetes.MANIFESTS / "base")


def with_application(documents):
    """Returns documents with APPLICATION in place of the manifest's example."""
    documents = kubernetes.changed(documents)
    kubernetes.containers_of(kubernetes.pod_of(documents))["app"]["command"] = ["python3", "-c", APPLICATION]
    return documents


class Client:
    """A TLS connection from the pod's network."""

    def __init__(self, pod, pki, port=8443):
        self.tls = clients.context(pki).wrap_socket(pod.connect(port, timeout=scaled(40)), server_hostname="localhost",
                                                    suppress_ragged_eofs=False)
        self._reader = Reader(self.tls)

    def send(self, path):
        self.tls.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def response(self):
        return self._reader.response("GET")

    def get(self, path="/"):
        self.send(path)
        return self.response()

    def serial(self):
        return x509.load_der_x509_certificate(self.tls.getpeercert(binary_form=True)).serial_number

    def close(self):
        self.tls.close()


def get(pod, pki, path="/"):
    client = Client(pod, pki)
    try:
        return client.get(path).status
    finally:
        client.close()


class Load:
    """New connections, each with one request, until `end()`, which returns the failures and the number of requests."""

    def __init__(self, pod, pki, threads=2):
        self._pod, self._pki = pod, pki
        self._over, self._failures, self.count = threading.Event(), [], 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._over.wait(0.01):
            try:
                status = get(self._pod, self._pki)
                if status != 200:
                    self._failures.append(status)
            except (OSError, AssertionError, Incomplete) as error:
                self._failures.append(repr(error))
            self.count += 1

    def end(self):
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self._failures, self.count


class KeptConnections:
    """Clients that send one request after the other on one connection, until a response closes it."""

    def __init__(self, pod, pki, count=4):
        self._failures, self._clients = [], [Client(pod, pki) for _ in range(count)]
        self._threads = [threading.Thread(target=self._run, args=(client,), daemon=True) for client in self._clients]
        for thread in self._threads:
            thread.start()

    def _run(self, client):
        try:
            while True:
                response = client.get()
                if response.status != 200:
                    self._failures.append(response.status)
                    return
                if b"connection: close" in response.raw_head.lower():
                    return
                time.sleep(0.02)
        except (OSError, AssertionError, Incomplete) as error:
            self._failures.append(repr(error))

    def end(self):
        for thread in self._threads:
            thread.join(scaled(40))
        for client in self._clients:
            client.close()
        return self._failures


# -- the start ---------------------------------------------------------------------


@pytest.mark.limit(60)
def test_the_pod_starts_and_is_locked_down(start, base, pki):
    pod = start(base)
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    for container, probe in (("app", "readinessProbe"), ("app", "livenessProbe"), ("mantlet", "readinessProbe"),
                             ("mantlet", "livenessProbe")):
        wait_until(lambda key=(container, probe): pod.results.get(key, [False])[-1], 5, f"the {probe} of {container}")
    with pytest.raises(ConnectionRefusedError):
        pod.connect(8080)
    with pytest.raises((ssl.SSLError, OSError)):
        tls = clients.context(pki, client=None).wrap_socket(pod.connect(8443), server_hostname="localhost")
        tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert tls.recv(10) == b"", "without a certificate"
    status = pod["mantlet"].status()
    assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4
    assert status["NSpid"].split()[-1] == "1", "it is the container's first process"
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    mounts = pathlib.Path(f"/proc/{pod['mantlet'].pid}/mountinfo").read_text().splitlines()
    writable = {line.split()[4] for line in mounts if "rw" in line.split()[5].split(",")}
    assert writable <= {"/proc", "/dev/null", "/dev/urandom", "/run/mantlet"}
    request = quantity(kubernetes.containers_of(pod.spec)["mantlet"]["resources"]["requests"]["memory"])
    if not is_sanitized():
        assert int(status["VmRSS"].split()[0]) * 1024 < request, "what the manifest requests is enough without load"
    assert not pod["mantlet"].log("key_world_readable")


@pytest.mark.limit(60)
def test_mantlet_does_not_start_before_its_files_are_there(tmp_path, base, objects):
    kubelet.require()
    objects["secret", "mantlet-tls"]["tls.key"] = b""
    pod = kubelet.Pod(tmp_path / "pod", base, objects)
    try:
        mantlet = pod.run(kubernetes.containers_of(pod.spec)["mantlet"])
        assert mantlet.wait(scaled(10)) == 78, "a status that the kubelet shows, with the reason in the log"
        wait_until(lambda: "tls.key" in "\n".join(mantlet.err.lines), 5, "the reason")
    finally:
        pod.close()


@pytest.mark.limit(60)
def test_the_probes_tell_an_application_that_hangs_from_mantlet(start, base, pki):
    pod = start(with_application(base))
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    assert not pod.fails("app", "livenessProbe")
    pod["app"].signal(signal.SIGSTOP)
    wait_until(lambda: pod.fails("app", "livenessProbe"), 20, "failed probes")
    assert not pod.fails("mantlet", "livenessProbe") and not pod.fails("mantlet", "readinessProbe")
    pod["app"].signal(signal.SIGCONT)
    wait_until(lambda: get(pod, pki) == 200 and pod.results["app", "livenessProbe"][-1], 10, "the application again")


# -- rotation ------------------------------------------------------------------------


def served(pod, pki):
    client = Client(pod, pki)
    try:
        return client.serial()
    finally:
        client.close()


@pytest.mark.limit(60)
def test_volumes_are_renewed_under_load(start, base, own_pki, objects):
    objects["secret", "mantlet-tls"] = {"tls.crt": own_pki.server.chain_pem, "tls.key": own_pki.server.key_pem,
                                        "ca.crt": own_pki.root.pem}
    pod = start(with_application(base))
    wait_until(lambda: get(pod, own_pki) == 200, 10, "the application")
    load = Load(pod, own_pki)
    for _ in range(3):
        fresh = own_pki.ca.server("localhost")
        pod.volumes["mantlet-tls"].publish({"tls.crt": fresh.chain_pem, "tls.key": fresh.key_pem})
        wait_until(lambda serial=fresh.certificate.serial_number: served(pod, own_pki) == serial, 10, "the certificate")
    config = kubernetes.configuration_of(base)
    policy = "    policy: {rules: [{name: closed, action: deny, match: {path: /closed}}]}\n"
    assert get(pod, own_pki, "/closed") == 200
    pod.volumes["mantlet-config"].publish({"mantlet.yaml": config.replace("    client_auth:", policy + "    client_auth:").encode()})
    wait_until(lambda: get(pod, own_pki, "/closed") == 403, 10, "the configuration")
    pod.volumes["mantlet-trust"].publish({"ca.crt": own_pki.ca.pem})
    time.sleep(1)
    failures, count = load.end()
    assert failures == [] and count > 50
    # A CA that did not issue the clients' certificates.
    pod.volumes["mantlet-trust"].publish({"ca.crt": type(own_pki)(own_pki.directory / "other").root.pem})

    def refused():
        try:
            return get(pod, own_pki) != 200
        except (OSError, Incomplete):
            return True

    wait_until(refused, 10, "the new trust bundle")
    assert all(all(results[1:]) for results in pod.results.values()), "no probe has failed"
    # A reload may meet the swap, and is repeated then.
    assert not [record for record in pod["mantlet"].log("reload_failed") if record["level"] != "info"]


@pytest.mark.limit(60)
def test_a_pod_certificate_and_a_trust_bundle_of_the_cluster_are_renewed(start, tmp_path, pki):
    documents = kubernetes.with_components(tmp_path / "overlay", "pod-certificate", "cluster-trust-bundle")
    pod = start(with_application(documents))
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    load = Load(pod, pki, threads=1)
    fresh = pki.ca.server("localhost")
    pod.volumes["mantlet-tls"].publish({"bundle.pem": fresh.key_pem + fresh.chain_pem})
    wait_until(lambda: served(pod, pki) == fresh.certificate.serial_number, 10, "the new bundle")
    # The order of a ClusterTrustBundle is not defined.
    pod.volumes["mantlet-trust"].publish({"ca.crt": pki.ca.pem + pki.root.pem})
    time.sleep(0.5)
    pod.volumes["mantlet-trust"].publish({"ca.crt": pki.root.pem + pki.ca.pem})
    time.sleep(0.5)
    failures, count = load.end()
    assert failures == [] and count > 5


# -- the end -----------------------------------------------------------------------------


class Requests:
    """Requests that are open at the same time, each on its own connection."""

    def __init__(self, pod, pki, paths):
        self._clients = [Client(pod, pki) for _ in paths]
        self.statuses = [None] * len(paths)
        for client, path in zip(self._clients, paths):
            client.send(path)
        self._threads = [threading.Thread(target=self._read, args=(number,), daemon=True) for number in range(len(paths))]
        for thread in self._threads:
            thread.start()

    def _read(self, number):
        try:
            self.statuses[number] = self._clients[number].response().status
        except (OSError, AssertionError, Incomplete) as error:
            self.statuses[number] = repr(error)

    def end(self):
        for thread in self._threads:
            thread.join(scaled(40))
        for client in self._clients:
            client.close()
        return self.statuses


@pytest.mark.limit(60)
@pytest.mark.parametrize("component", [None, "classic-sidecar"])
def test_no_open_request_is_lost_when_the_pod_is_deleted(start, tmp_path, base, pki, component):
    documents = kubernetes.with_components(tmp_path / "overlay", component) if component else base
    documents = kubelet.configuration(with_application(documents), shutdown={"drain": "4s"})
    if component:
        # Its wait in proportion to the shorter drain.
        kubernetes.containers_of(kubernetes.pod_of(documents))["app"]["lifecycle"]["preStop"]["exec"]["command"][1] = "11"
    pod = start(documents)
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    # Open before the end begins, while the nodes are told, and longer than the application's preStop.
    open_requests = Requests(pod, pki, ["/slow/1", "/slow/4", "/slow/7", "/slow/8.5"])
    load, kept = Load(pod, pki), KeptConnections(pod, pki)
    statuses = {}
    deletion = threading.Thread(target=lambda: statuses.update(pod.terminate()))
    deletion.start()
    time.sleep(4)  # until then some node may still send new connections
    failures, count = load.end()
    deletion.join()
    assert failures == [] and count > 20
    assert open_requests.end() == [200] * 4
    assert kept.end() == [], "clients that keep a connection"
    assert statuses == {"mantlet": 0, "app": 0}, "nobody was killed"


@pytest.mark.limit(60)
def test_a_request_without_end_does_not_hold_the_pod_until_it_is_killed(start, base, pki):
    documents = kubelet.configuration(with_application(base), shutdown={"drain": "2s"})
    pod = kubernetes.pod_of(documents)
    pod["terminationGracePeriodSeconds"] = 12
    app = kubernetes.containers_of(pod)["app"]
    app["command"] = ["python3", "-c", APPLICATION.replace("server.shutdown)", "__import__('os')._exit, args=(0,))")]
    app["lifecycle"]["preStop"]["exec"]["command"][1] = "1"
    del kubernetes.containers_of(pod)["mantlet"]["lifecycle"]
    pod = start(documents)
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    plain = pod.connect(8443)  # a client that never sends its ClientHello
    open_requests = Requests(pod, pki, ["/slow/100"])
    begin = time.monotonic()
    assert pod.terminate() == {"mantlet": 0, "app": 0}
    assert time.monotonic() - begin < scaled(8)
    assert open_requests.end() != [200]
    plain.close()


@pytest.mark.limit(60)
def test_after_being_killed_mantlet_starts_in_the_same_pod(start, base, pki):
    pod = start(with_application(base))
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    open_requests = Requests(pod, pki, ["/slow/100"])
    pod["mantlet"].signal(signal.SIGKILL)
    assert pod["mantlet"].wait(scaled(10)) is not None
    assert open_requests.end() != [200]
    pod["mantlet"].close()
    pod.run(kubernetes.containers_of(pod.spec)["mantlet"])
    wait_until(lambda: pod.probe(pod["mantlet"].spec, pod["mantlet"].spec["startupProbe"]), 10, "the start")
    assert get(pod, pki) == 200


# -- limits ----------------------------------------------------------------------------------


@pytest.mark.limit(60)
@pytest.mark.parametrize("cpu, workers", [(None, len(os.sched_getaffinity(0))), ("1", 1), ("100m", 1)])
def test_workers_and_memory_follow_the_limits_of_the_container(start, base, pki, cpu, workers):
    documents = with_application(base)
    limits = kubernetes.containers_of(kubernetes.pod_of(documents))["mantlet"]["resources"]["limits"]
    if cpu:
        limits["cpu"] = cpu
    pod = start(documents, with_cgroups=True)
    wait_until(lambda: get(pod, pki) == 200, 10, "the application")
    started, = pod["mantlet"].log("started")
    assert started["memory_limit"] == quantity(limits["memory"]) * 3 / 4 == 192 * MIB
    assert started["workers"] == workers


def test_quantities_are_those_of_kubernetes():
    assert [quantity(text) for text in ("256Mi", "1Gi", "50m", "2", 3)] == [256 * MIB, 1024 * MIB, 0.05, 2, 3]


def test_a_probe_follows_status_and_time(start, base, pki):
    """The player itself: a probe fails at other statuses, without a listener, and after its time."""
    pod = start(with_application(base))
    container = {"ports": [{"name": "metrics", "containerPort": 9900}]}
    assert pod.probe(container, {"httpGet": {"path": "/healthz", "port": "metrics"}})
    assert not pod.probe(container, {"httpGet": {"path": "/missing", "port": "metrics"}})
    assert not pod.probe(container, {"httpGet": {"path": "/healthz", "port": 9999}})
    pod["app"].signal(signal.SIGSTOP)
    begin = time.monotonic()
    assert not pod.probe(container, {"httpGet": {"path": "/", "port": 9900}, "timeoutSeconds": 1})
    assert time.monotonic() - begin < scaled(3)
    pod["app"].signal(signal.SIGCONT)
