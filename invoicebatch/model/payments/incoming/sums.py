"""Which of some open amounts make a sum; the search is bounded."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

MOST_FOUND: Final = 3


def parts_of(amount: int, cents: Sequence[int]) -> list[tuple[int, ...]]:
    """The places of two and more amounts that sum to one, at most `MOST_FOUND`, fewest first.

    >>> parts_of(500, [100, 200, 300, 400])
    [(0, 3), (1, 2)]

    Args:
        amount: int cents.
        cents: at most 16 open amounts, oldest first.
    """
    chosen = _choices(len(cents))
    hits = np.flatnonzero(chosen @ np.asarray(cents, dtype=np.int64) == amount)[:MOST_FOUND]
    return [tuple(int(place) for place in np.flatnonzero(chosen[hit])) for hit in hits]


@cache
def _choices(count: int) -> npt.NDArray[np.int64]:
    """Every choice of two and more of some places, a row each, fewest first."""
    numbers = np.arange(1 << count, dtype=np.int64)
    bits = (numbers[:, None] >> np.arange(count)) & 1
    sizes = bits.sum(axis=1)
    return bits[np.argsort(sizes, kind="stable")][int((sizes < 2).sum()) :]
