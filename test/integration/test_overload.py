"""Three times as many requests as the application serves: what is admitted stays fast, and the rest is refused early.

The application is the bottleneck by far, so that the tests do not depend on the speed of the machine, and times are
compared with each other only.
"""

import json
import os
import statistics
import subprocess
import time

import pytest

from harness import bench, cgroups, http2
from harness import proxy as proxy_module
from harness.h2_upstreams import H2Server
from harness.messages import Reader
from harness.timing import scaled
from harness.upstreams import response

# The application serves CONNECTIONS requests at a time, each of which takes SECONDS.
CONNECTIONS, SECONDS = 4, 0.1
CAPACITY = CONNECTIONS / SECONDS  # requests a second


@pytest.fixture
def application(scripted):
    def serve(connection, _):
        reader = Reader(connection)
        while True:
            reader.request()
            time.sleep(SECONDS)
            connection.sendall(response(body=b"done"))

    return scripted(serve)


def proxy_for(start, application, **pool):
    return start(application, listener={"limits": {"streams": 2000}},
                 upstream_options={"pool": {"connections": CONNECTIONS, **pool}}, workers=1)


class Load:
    """Requests at moments that do not wait for responses, each on a stream of its own."""

    def __init__(self, client, rate, seconds):
        self.began, self.took = {}, {}  # of each stream, in seconds
        self.streams = client.streams
        first = time.monotonic()
        due, end = first, first + seconds
        while due < end or len(self.took) < len(self.began):
            while due < end and time.monotonic() >= due:
                # From the moment at which it was due: a late generator makes no request look fast.
                self.began[client.begin()] = due - first
                due += 1 / rate
            client.tls.settimeout(max(0.001, due - time.monotonic()) if due < end else scaled(10))
            try:
                client.read()
            except TimeoutError:
                assert due < end, "a request got no response"
            now = time.monotonic() - first
            for number in self.began.keys() - self.took.keys():
                if self.streams[number].over:
                    self.took[number] = now - self.began[number]

    def of(self, status, after=0.0):
        return [took for number, took in self.took.items()
                if self.streams[number].status == status and self.began[number] >= after]


def p99(times):
    return statistics.quantiles(times, n=100, method="inclusive")[98]


@pytest.mark.limit(60)
def test_admitted_requests_stay_fast_and_others_are_refused(start, application, pki):
    proxy = proxy_for(start, application)
    with http2.connect(proxy, pki) as client:
        alone = p99(Load(client, CAPACITY / 4, 3).of(200))
        seconds, settled = 8, 2
        load = Load(client, CAPACITY * 3, seconds)
        admitted, refused = load.of(200, settled), load.of(503, settled)
        assert p99(admitted) <= 5 * alone, f"{p99(admitted):.3f} s instead of {alone:.3f} s"
        assert len(admitted) >= 0.7 * CAPACITY * (seconds - settled), "the application is not kept busy"
        assert len(refused) >= CAPACITY * (seconds - settled)
        one = next(s for s in client.streams.values() if s.status == 503)
        assert dict(one.headers)["retry-after"] == "1"
        assert proxy.metric("mantlet_upstream_failures_total", reason="queue_shed") == len(load.of(503))
        assert proxy.metric("mantlet_upstream_failures_total", reason="timeout_queue") == 0
        # One record for each time; a stall of the machine may let the queue drain in between.
        assert 1 <= len(proxy.log("upstream_queue_stands", upstream="app")) <= 4
        # It ends with the load.
        after = Load(client, CAPACITY / 4, 2)
        assert len(after.of(200)) == len(after.took)
        assert proxy.wait_log("upstream_queue_drains", upstream="app")


def test_a_burst_is_served(start, application, pki):
    """The neighbour: a page with many parts is no overload."""
    proxy = proxy_for(start, application)
    with http2.connect(proxy, pki) as client:
        burst = [client.begin() for _ in range(5 * CONNECTIONS)]
        assert [client.wait(number).status for number in burst] == [200] * len(burst)
    assert not proxy.log("upstream_queue_stands")


@pytest.mark.limit(60)
def test_a_queue_that_may_stand_does(start, application, pki):
    proxy = proxy_for(start, application, queue_target="off")
    with http2.connect(proxy, pki) as client:
        load = Load(client, CAPACITY * 1.5, 3)
        assert len(load.of(200)) == len(load.took)
        assert max(load.of(200)) > 6 * SECONDS, "it did not stand"


@pytest.mark.limit(60)
def test_a_call_of_grpc_that_is_refused_is_unavailable(start, scripted, pki):
    """Over one stream at a time, which a slow application holds."""
    def serve(connection, _):
        server = H2Server(connection, settings={3: 1})
        for stream, *_ in server.requests():
            time.sleep(SECONDS)
            server.answer(stream, headers=[("content-type", "application/grpc"), ("grpc-status", "0")])

    proxy = start(scripted(serve), listener={"limits": {"streams": 2000}}, workers=1,
                  upstream_options={"protocol": "h2c", "pool": {"connections": 1, "queue_target": "100ms"}})
    fields = [("content-type", "application/grpc"), ("te", "trailers")]
    with http2.connect(proxy, pki) as client:
        client.wait(client.begin("/a.B/C", "POST", fields))  # the application's limit of streams is known then
        numbers = [client.begin("/a.B/C", "POST", fields) for _ in range(25)]
        heads = [dict(client.wait(number).headers) for number in numbers]
    refused = [head for head in heads if head["grpc-status"] != "0"]
    assert refused and all((head["grpc-status"], head["retry-after"]) == ("14", "1") for head in refused)
    assert len(refused) < len(heads)


# ---- mantlet itself is the bottleneck

@pytest.fixture
def scarce_processor():
    """The arguments of a command that runs the rest of its line with a quarter of a processor."""
    # Short periods, so that pauses do not show in every latency.
    group = cgroups.Group(f"mantlet-test-{os.getpid()}", cpus=0.25, period_us=4000)
    enter = "".join(f"echo $$ >{file} && " for file in group.process_files())
    yield ("/bin/sh", "-c", enter + 'exec "$@"', "sh")
    group.close()


@pytest.fixture
def fast_application():
    """Its port on 127.0.0.1."""
    with subprocess.Popen([bench.programs() / "upstream/upstream"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())["port"]
        process.stdin.close()


def generate(proxy, pki, mode, seconds, connections, *options):
    """Runs the load generator. Latencies of its report are those of requests with status 200."""
    chain, key = pki.client_files[:2]
    done = subprocess.run(
        [bench.programs() / "load/load", f"--mode={mode}", f"--port={proxy.port()}", f"--certificate={chain}",
         f"--key={key}", f"--seconds={seconds}", f"--connections={connections}", *options],
        capture_output=True, text=True, timeout=scaled(60), check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["event"] == "report", report
    return report


def overload_once(proxy, pki):
    """New connections come three times as fast as they can be served; returns what is wrong with what is admitted."""
    capacity = generate(proxy, pki, "handshake", 2, 8)["rate"]
    alone = generate(proxy, pki, "rate", 2, 1000, f"--rate={capacity / 2:.0f}", "--fresh")["latency_us"]["p99"]
    seconds, settled = 6, 2
    load = generate(proxy, pki, "rate", seconds, 10_000, f"--rate={capacity * 3:.0f}", "--fresh", "--window=1")
    stretches = load["windows"][settled:]
    latency = statistics.median(stretch["p99_us"] for stretch in stretches)
    admitted = statistics.median(stretch["operations"] for stretch in stretches)
    problems = []
    if latency > max(5 * alone, AUTOMATIC_TARGET_US):
        problems.append(f"p99 {latency / 1000:.0f} ms instead of {alone / 1000:.0f} ms alone")
    if admitted < 0.6 * capacity:
        problems.append(f"{admitted:.0f} of {capacity:.0f} are served in a second")
    return problems


AUTOMATIC_TARGET_US = 50_000


@pytest.mark.limit(150)
@pytest.mark.skipif(bool(proxy_module.sanitizers()), reason="measures times")
def test_admitted_connections_stay_fast_though_the_processor_is_too_slow(scarce_processor, fast_application,
                                                                         start, pki):
    proxy = start(f"127.0.0.1:{fast_application}", workers=1, launch_options={"launcher": scarce_processor})
    attempts = []
    for _ in range(3):  # another process may take the processor from the load generator
        attempts.append(overload_once(proxy, pki))
        if not attempts[-1]:
            break
    assert not attempts[-1], attempts
    assert proxy.metric("mantlet_overload_refused_total", listener="public", what="handshake") > 0
    assert proxy.log("overload_begins")
    # It ends with the load.
    assert proxy.wait_log("overload_ends")
    refused = proxy.metric("mantlet_overload_refused_total", listener="public", what="handshake")
    generate(proxy, pki, "rate", 1, 10, "--rate=20", "--fresh")
    assert proxy.metric("mantlet_overload_refused_total", listener="public", what="handshake") == refused


@pytest.mark.limit(60)
def test_clients_that_wait_for_responses_are_no_overload(scarce_processor, fast_application, start, pki):
    """The neighbour: the processor is busy all the time, and nobody waits for long."""
    proxy = start(f"127.0.0.1:{fast_application}", workers=1, launch_options={"launcher": scarce_processor})
    for mode, connections in (("handshake", 8), ("keepalive", 100)):
        assert generate(proxy, pki, mode, 3, connections)["errors"] == 0
    assert not proxy.log("overload_begins")
