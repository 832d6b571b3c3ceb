"""Fixtures of the integration tests; README.md says how to run them."""

import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import clients, pki as pki_module, proxy as proxy_module, upstreams  # noqa: E402
from harness.timing import scaled  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): the test's time limit, 30 s without the mark")


def pytest_sessionstart(session):
    if not os.access(proxy_module.binary(), os.X_OK):
        pytest.exit(f"no binary at {proxy_module.binary()}: build //proxy:mantlet or set MANTLET_BIN", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Ends a test that takes too long; the fixtures still clean up."""
    mark = item.get_closest_marker("limit")
    seconds = scaled(mark.args[0] if mark else 30)

    def expired(*_):
        raise TimeoutError(f"the test took longer than {seconds:.0f} s")

    previous = signal.signal(signal.SIGALRM, expired)
    signal.alarm(int(seconds) + 1)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """The certificates of the run, which tests must not change."""
    return pki_module.Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def shared(pki, tmp_path_factory):
    """One proxy and one upstream, an Echo, for all cases of a table."""
    echo = upstreams.Echo()
    proxy = proxy_module.Proxy(tmp_path_factory.mktemp("proxy"), proxy_module.configuration(pki, echo)).start()
    yield proxy, echo
    proxy.check_end()
    echo.close()


@pytest.fixture
def own_pki(tmp_path):
    """Certificates of one test, which may change them."""
    return pki_module.Pki(tmp_path / "pki")


@pytest.fixture
def upstream():
    """An upstream that answers with a description of the request."""
    with_echo = upstreams.Echo()
    yield with_echo
    with_echo.close()
    assert not with_echo.errors, with_echo.errors


@pytest.fixture
def scripted():
    """scripted(serve) makes an upstream that runs serve(connection, number) for each connection."""
    made = []

    def make(serve, **kwargs):
        made.append(upstreams.Scripted(serve, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()
        assert not each.errors, each.errors


@pytest.fixture
def launch(tmp_path):
    """launch(config, …) runs a proxy; after the test every proxy must end without errors (Proxy.check_end)."""
    running = []

    def start(config, wait=True, **kwargs):
        directory = tmp_path / f"proxy{len(running)}"
        proxy = proxy_module.Proxy(directory, config, **kwargs)
        running.append(proxy)
        try:
            return proxy.start(wait)
        except AssertionError:
            proxy.expected_exit = None  # one error is enough
            raise

    yield start
    problems = []
    for each in running:
        try:
            each.check_end()
        except AssertionError as problem:
            problems.append(str(problem))
        finally:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()
    assert not problems, "\n\n".join(problems)


@pytest.fixture
def start(launch, pki):
    """start(upstream, listener={…}, …) runs a proxy with proxy.configuration()."""

    def run(upstream="127.0.0.1:9", launch_options=None, **kwargs):
        return launch(proxy_module.configuration(pki, upstream, **kwargs), **(launch_options or {}))

    return run


@pytest.fixture
def mantlet(start, upstream):
    """A proxy with the usual configuration in front of the usual upstream."""
    return start(upstream)


@pytest.fixture
def tls(pki):
    """A client context with the usual client certificate."""
    return clients.context(pki)


@pytest.fixture
def connect(tls):
    """connect(proxy, tls=…, …) opens a raw client; it is closed after the test."""
    opened = []

    def make(proxy, context=tls, listener="public", **kwargs):
        opened.append(clients.RawClient(proxy.address(listener), context, **kwargs))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
