"""A short soak (soak.py), and that a soak notices what it is for."""

import os

import pytest
import soak
from harness import proxy as proxy_module
from harness.soak_load import Http1

SECONDS = float(os.environ.get("MANTLET_TEST_SOAK", "20"))


@pytest.mark.limit(SECONDS + 150)
def test_nothing_is_lost_and_nothing_grows_in_a_short_soak(tmp_path):
    assert soak.run(tmp_path, SECONDS, seed=1) == []


@pytest.mark.limit(60)
def test_a_soak_reports_requests_that_fail(tmp_path, monkeypatch):
    def closes_its_application(self):
        self.steady.close()

    monkeypatch.setattr(soak.Soak, "ACTIONS", (closes_its_application,))
    monkeypatch.setattr(soak.Soak, "upgrade", lambda self: None)
    problems = soak.run(tmp_path, 4, seed=1)
    assert any("Http1 steady: 50" in problem for problem in problems), problems


def test_what_grows_is_named(monkeypatch):
    monkeypatch.setattr(proxy_module, "is_sanitized", lambda: False)
    first, larger = soak.Rest(20 << 20, 30, 3), soak.Rest(60 << 20, 31, 4)
    assert soak.grown([first, larger, soak.Rest(22 << 20, 30, 3)]) == []
    assert len(soak.grown([first, first, larger, larger])) == 3


def test_an_application_that_restarts_excuses_only_gateway_errors():
    steady, unsteady = Http1(None, "steady", 0), Http1(None, "unsteady", 0)
    for client in (steady, unsteady):
        for status in (200, 503, 500):
            client.count(status)
    assert (len(steady.failures), len(unsteady.failures)) == (2, 1)
