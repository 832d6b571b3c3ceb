"""Time limits that stretch with the machine.

MANTLET_TEST_SLOW multiplies every limit: 1 for an optimised binary, 4 or so for
one built with AddressSanitizer.
"""

import os
import time

FACTOR = float(os.environ.get("MANTLET_TEST_SLOW", "1"))


def scaled(seconds):
    return seconds * FACTOR


def wait_until(condition, timeout=10, what="the condition", interval=0.02):
    """Calls condition() until it returns something true, and returns that."""
    deadline = time.monotonic() + scaled(timeout)
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {scaled(timeout):.1f} s")
        time.sleep(interval)
