"""Waiting for what must happen, however slow the machine is: the limit only ends a test that hangs."""

import time
from collections.abc import Callable

LIMIT = 300.0
"""Seconds; for time-outs of processes and sockets too."""


def until(condition: Callable[[], object], going: Callable[[], object] = lambda: True) -> None:
    """Wait until a condition holds, or as long as `going` says that it still can."""
    end = time.monotonic() + LIMIT
    while not condition() and going() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition() or not going(), "it never happened"
