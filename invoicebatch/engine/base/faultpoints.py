"""Named points where a test may kill the process; in normal use each costs one comparison.

`INVOICEBATCH_CRASH_AT=n` kills at the n-th point passed, `INVOICEBATCH_FAULT_TRACE=file` notes their names.
"""

import os
from pathlib import Path
from threading import Lock

from invoicebatch.files.platform import end_at_once

_crash_at = int(os.environ.get("INVOICEBATCH_CRASH_AT", "0"))
_trace = os.environ.get("INVOICEBATCH_FAULT_TRACE", "")
_armed = bool(_crash_at or _trace)
_passed = 0
_lock = Lock()


def reach(name: str) -> None:
    """Pass a fault point."""
    if _armed:
        _pass(name)


def _pass(name: str) -> None:
    global _passed  # noqa: PLW0603 - a process passes its points once, in order
    with _lock:  # threads pass points too
        _passed += 1
        if _trace:
            with Path(_trace).open("a", encoding="utf-8") as handle:
                handle.write(f"{_passed} {name}\n")
        if _passed == _crash_at:
            end_at_once()
