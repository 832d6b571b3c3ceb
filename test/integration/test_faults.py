"""mantlet survives the failure of any of its system calls, and a lack of memory does no more than end it.

`tools/faults` does the same at every place; here it is a sample, always the same one.
"""

import os
import random

import pytest
from harness import faults
from harness.faults import CALLS
from harness.proxy import is_sanitized

MOST_PLACES = 2
# What a process needs from its start is registered in few places, each of which once ended the process without a word.
ALL_PLACES = ("epoll_create", "epoll_add", "eventfd", "pipe", "inotify_init", "inotify_add", "thread")
MOST_ALLOCATIONS = 12
SEED = int(os.environ.get("MANTLET_TEST_FAULT_SEED", "1"))

pytestmark = pytest.mark.limit(120)
tested = [call for call in CALLS if not (is_sanitized() and call in faults.ALLOCATIONS)]


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = faults.Rig(tmp_path_factory.mktemp("faults"))
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def counts(rig):
    return rig.count_calls()


def places(call, error, count, every_one=False):
    most = MOST_ALLOCATIONS if call in faults.ALLOCATIONS else MOST_PLACES
    numbers = range(1, count + 1)
    return numbers if count <= most or every_one else random.Random(f"{SEED} {call} {error}").sample(numbers, most)


def skip_if_never_reached(reached):
    """The number of some calls varies from run to run; a rare one may never come to the chosen places."""
    if reached and not any(reached):
        pytest.skip("none of the chosen calls was made")


@pytest.mark.parametrize("call", tested)
def test_a_call_that_fails_during_the_start_ends_it_with_a_sentence_or_does_no_harm(rig, counts, call):
    reached = [rig.try_start(call, error, number) for error in CALLS[call]
               for number in places(call, error, counts[0][call], call in ALL_PLACES and error == CALLS[call][0])
               if (call, number) not in faults.EXEMPT_STARTS]
    skip_if_never_reached(reached)


@pytest.mark.parametrize("call", tested)
def test_a_call_that_fails_during_traffic_costs_no_more_than_what_it_was_for(rig, counts, call):
    reached = [rig.try_fault(call, error, number) for error in CALLS[call]
               for number in places(call, error, counts[1][call])]
    reached += [rig.try_fault(call, error, 1, random.Random(f"{SEED} {call} {error}").choice(faults.periods(call, error)))
                for error in CALLS[call] if counts[1][call]]
    skip_if_never_reached(reached)


@pytest.mark.parametrize("call", [call for call in tested if call in (
    "read.socket", "send", "epoll_wait", "shutdown", "write.file", "new", "malloc")])
def test_a_call_that_fails_during_a_drain_does_not_prevent_its_end(rig, counts, call):
    error = CALLS[call][0]
    for number in list(places(call, error, counts[2][call]))[:1]:
        rig.try_drain(call, error, number)


@pytest.mark.parametrize("error", CALLS["accept"][:4], ids=faults.error_name)
def test_while_no_connection_can_be_accepted_the_open_ones_are_served(rig, error):
    rig.try_outage(error)
