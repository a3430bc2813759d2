"""What is tried in every run and what in the slow sweeps alone: half or all examples of a property, further parameters."""

import os
from typing import Any

import pytest


def examples(whole: int) -> int:
    """So many of `whole` examples as this run has time for; `make test-full` asks for all."""
    return whole if os.environ.get("ALL_EXAMPLES") else (whole + 1) // 2


def in_sweeps(*values: Any) -> list[Any]:
    """Further parameters of a test, of which every run tries others: these only in the slow sweeps."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.full)
        for value in values
    ]
