"""Exact money and percentages as integers: cents and basis points; no float ever.

Amounts are int64 cents of the row's own currency; rates are int64 basis points (21 % = 2100). A currency
without minor unit has whole hundreds of cents only; one with more than two decimals is not taken, as an
amount of EN 16931 has at most two (BR-DEC-01 and following).
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # amounts are written by commands that need no arrays
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Int64Array = npt.NDArray[np.int64]

CENT = Decimal("0.01")
MAX_CENTS = 10**17 - 1
"""Largest amount that fits DECIMAL(18,2) with a digit to spare for sums."""

DECIMALS: Final = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4}
"""Decimals of the currencies that do not have two (minor units of ISO 4217, list one)."""


def decimals_of(currency: str) -> int:
    """How many decimals amounts of a currency have.

    >>> decimals_of("EUR"), decimals_of("JPY"), decimals_of("KWD")
    (2, 0, 3)
    """
    return DECIMALS.get(currency, 2)


def unit_cents(currencies: "Sequence[str] | pd.Series[str]") -> "Int64Array":
    """The smallest amount of each currency, cents: 100 where it has no decimals, else 1."""
    import numpy as np
    import pandas as pd

    codes, words = pd.factorize(np.asarray(currencies, dtype=object))
    units = [10 ** max(2 - decimals_of(str(word)), 0) for word in words]
    return np.array([*units, 1], dtype=np.int64)[codes]


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


def amount_text(cents: int, currency: str = "") -> str:
    """A plain amount with the decimals of its currency, or two where it has more than it may.

    >>> amount_text(138200, "JPY"), amount_text(138200, "EUR"), amount_text(50, "JPY")
    ('1382', '1382.00', '0.50')
    """
    return _text(cents, currency, "")


def format_cents(cents: int, currency: str = "") -> str:
    """An amount for people, thousands grouped: ``EUR 12,345.67``, ``JPY 12,345``."""
    text = _text(cents, currency, ",")
    return f"{currency} {text}" if currency else text


def _text(cents: int, currency: str, grouped: str) -> str:
    whole, rest = divmod(abs(int(cents)), 100)
    decimals = f".{rest:02d}" if rest or decimals_of(currency) else ""
    return f"{'-' if cents < 0 else ''}{whole:{grouped}}{decimals}"


def amount_texts(cents: Iterable[Any], currencies: Iterable[Any] | None) -> list[str]:
    """A column of amounts for people, each with the decimals of its row's currency; empty where missing."""
    return [
        "" if value is None else format_cents(value, code).rpartition(" ")[2]
        for value, code in _with_currencies(cents, currencies)
    ]


def plain_amounts(cents: Iterable[Any], currencies: Iterable[Any] | None) -> list[str | None]:
    """A column of plain amounts, each with the decimals of its row's currency; None where missing."""
    return [
        None if value is None else amount_text(value, code)
        for value, code in _with_currencies(cents, currencies)
    ]


def _with_currencies(
    cents: Iterable[Any], currencies: Iterable[Any] | None
) -> Iterator[tuple[int | None, str]]:
    """Each amount, None where missing, with its row's currency, empty where not known."""
    codes = repeat("") if currencies is None else currencies
    for value, code in zip(cents, codes, strict=currencies is not None):
        yield None if _missing(value) else int(value), code if isinstance(code, str) else ""


def _missing(value: Any) -> bool:
    """Whether a value is none: None, or what a frame has in its place."""
    return value is None or str(value) in {"<NA>", "nan"}


def round_half_up(value: Decimal) -> int:
    """Cents of a Decimal amount, half away from zero (the commercial rounding of EN 16931)."""
    return int(value.quantize(CENT, rounding=ROUND_HALF_UP).scaleb(2))


def tax_cents(
    base_cents: "npt.ArrayLike", rate_bp: "npt.ArrayLike", unit: "npt.ArrayLike" = 1
) -> "Int64Array":
    """Tax on a base, rounded half away from zero (EN 16931 BR-CO-17).

    Args:
        base_cents: int64 cents.
        rate_bp: int64 basis points, same length.
        unit: smallest amount of the currency, cents (see `unit_cents`).

    Returns:
        int64 cents.
    """
    import numpy as np

    product = np.asarray(base_cents, dtype=np.int64) * np.asarray(rate_bp, dtype=np.int64)
    step = 10_000 * np.asarray(unit, dtype=np.int64)
    rounded: Int64Array = np.sign(product) * ((np.abs(product) + step // 2) // step) * unit
    return rounded
