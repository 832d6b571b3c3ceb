"""Several event loops behave like one proxy."""

import threading

from harness import clients
from harness.proxy import configuration
from harness.rotation import served_serial, write_by_rename
from harness.timing import scaled, wait_until


def test_many_connections_on_four_workers_are_all_served(start, upstream, pki):
    proxy = start(upstream, workers=4)
    failures = []

    def work():
        for _ in range(10):
            try:
                if clients.get_json(proxy.address(), clients.context(pki))[0] != 200:
                    failures.append("status")
            except OSError as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(20))
    assert not failures
    metrics = proxy.metrics()
    assert metrics.value("mantlet_requests_total", code="200") == 60
    assert metrics.value("mantlet_connections_total", listener="public") == 60


def test_more_than_one_worker_takes_connections(start, upstream, connect):
    proxy = start(upstream, workers=4)
    for _ in range(32):
        connect(proxy).get()
    # Each worker has its own pool, so consecutive requests that share one upstream connection would all be from one
    # worker.
    assert 2 <= upstream.connections <= 4


def test_auto_counts_the_processors_of_this_process(launch, pki, upstream):
    proxy = launch(configuration(pki, upstream, workers="auto"), launcher=["taskset", "-c", "0"])
    assert clients.get_json(proxy.address(), clients.context(pki))[0] == 200


def test_all_workers_share_one_port_and_leave_it(start, upstream, connect):
    proxy = start(upstream, workers=4)
    assert len(proxy.log("listening", listener="public")) == 1
    connect(proxy).get()
    assert proxy.stop() == 0


def test_a_reload_reaches_every_worker(own_pki, launch, upstream):
    proxy = launch(configuration(own_pki, upstream, workers=4))
    fresh = own_pki.ca.server()
    write_by_rename(fresh, own_pki.server_files)
    wait_until(lambda: served_serial(proxy, own_pki) == fresh.certificate.serial_number, 10, "the new certificate")
    proxy.wait_metric("mantlet_reload_pending", 0)
    assert {served_serial(proxy, own_pki) for _ in range(24)} == {fresh.certificate.serial_number}
