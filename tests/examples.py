"""How many examples a property is tried on: all in the slow sweeps, half of them in every other run."""

import os


def examples(whole: int) -> int:
    """So many of `whole` examples as this run has time for; `make test-full` asks for all."""
    return whole if os.environ.get("ALL_EXAMPLES") else (whole + 1) // 2
