"""Exact money and percentages as integers: cents and basis points; no float ever.

Amounts are int64 cents of the row's own currency; rates are int64 basis points (21 % = 2100).
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

CENT = Decimal("0.01")
MAX_CENTS = 10**17 - 1
"""Largest amount that fits DECIMAL(18,2) with a digit to spare for sums."""


def to_cents(amount: Decimal | int | str) -> int:
    """Cents of an exact amount; a third decimal that is not zero is refused.

    >>> to_cents("12.30")
    1230

    Raises:
        ValueError: not a finite number, more than two decimals, or beyond `MAX_CENTS`.
    """
    try:
        value = Decimal(amount)
        exact = value.is_finite() and value == value.quantize(CENT)
    except InvalidOperation:
        exact = False
    if not exact:
        raise ValueError(f"{amount} is not an amount with two decimals")
    cents = int(value.scaleb(2))
    if abs(cents) > MAX_CENTS:
        raise ValueError(f"{amount} is beyond the largest amount")
    return cents


def to_decimal(cents: int) -> Decimal:
    """The exact amount of some cents.

    >>> to_decimal(-5)
    Decimal('-0.05')
    """
    return Decimal(int(cents)).scaleb(-2)


def format_cents(cents: int, currency: str = "") -> str:
    """An amount for people, thousands grouped: ``EUR 12,345.67``."""
    text = f"{to_decimal(cents):,.2f}"
    return f"{currency} {text}" if currency else text


def round_half_up(value: Decimal) -> int:
    """Cents of a Decimal amount, half away from zero (the commercial rounding of EN 16931)."""
    return int(value.quantize(CENT, rounding=ROUND_HALF_UP).scaleb(2))


def tax_cents(base_cents: npt.ArrayLike, rate_bp: npt.ArrayLike) -> Int64Array:
    """Tax on a base, rounded half away from zero (EN 16931 BR-CO-17).

    Args:
        base_cents: int64 cents.
        rate_bp: int64 basis points, same length.

    Returns:
        int64 cents.
    """
    base = np.asarray(base_cents, dtype=np.int64)
    product = base * np.asarray(rate_bp, dtype=np.int64)
    rounded: Int64Array = np.sign(product) * ((np.abs(product) + 5000) // 10000)
    return rounded
