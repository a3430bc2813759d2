"""Numbers with valid check digits, whole columns at once, and frames' text and decimals from numpy.

All of them are fictitious: valid in form, given to nobody by us.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Generator = np.random.Generator

QUANTITY: Final = pd.ArrowDtype(pa.decimal128(18, 6))


def decimals(micro: Ints) -> "pd.Series[Any]":
    """decimal128(18,6) from whole millionths, without a Python number in between."""
    words = np.empty((len(micro), 2), dtype=np.int64)
    words[:, 0] = micro
    words[:, 1] = micro >> 63
    array = pa.Array.from_buffers(pa.decimal128(18, 6), len(micro), [None, pa.py_buffer(words.tobytes())])
    return pd.Series(array, dtype=QUANTITY)


def pick(words: Sequence[str | None], index: npt.ArrayLike) -> "pd.Series[str]":
    """Words by position; dtype str."""
    chosen = pa.array(words, pa.string()).take(pa.array(np.asarray(index, dtype=np.int64)))
    return pd.Series(pd.array(chosen, dtype="str"))


def digits(values: npt.ArrayLike, width: int) -> "pd.Series[str]":
    """Whole numbers as text of a fixed width, zeros in front."""
    text = pa.array(np.asarray(values, dtype=np.int64)).cast(pa.string())
    return pd.Series(pd.array(pc.utf8_lpad(text, width, "0"), dtype="str"))


def iban(country: str, bank: str, account: Ints, width: int) -> "pd.Series[str]":
    """IBANs (ISO 13616) of a bank's accounts."""
    letters = "".join(str(int(c, 36)) for c in bank)
    tail = "".join(str(int(c, 36)) for c in country) + "00"
    shift = pow(10, width, 97)
    remainder = (int(letters) % 97 * shift + account % 97) % 97 * pow(10, len(tail), 97) + int(tail)
    return country + digits(98 - remainder % 97, 2) + bank + digits(account, width)


def belgian_account(rng: Generator, size: int) -> Ints:
    """Nine account digits and their two check digits, behind a bank code of three."""
    account = rng.integers(0, 10**7, size)
    check = (539 * 10**7 + account) % 97
    return account * 100 + np.where(check == 0, 97, check)


def french_account(rng: Generator, size: int) -> Ints:
    """Eleven digits and the RIB key, behind bank 30006 and branch 00001."""
    account = rng.integers(0, 10**11, size)
    key = 97 - (89 * 30006 + 15 * 1 + 3 * (account % 97)) % 97
    return account * 100 + key


def rsin(rng: Generator, size: int) -> Ints:
    """Dutch nine-digit numbers that pass the eleven test."""
    head = rng.integers(1_000_000, 10**7, size) * 10 + rng.integers(0, 9, size)
    check = _eleven(head)
    head = np.where(check == 10, head + 1, head)
    return head * 10 + _eleven(head)


def _eleven(head: Ints) -> Ints:
    weights = np.arange(2, 10)
    places = head[:, None] // 10 ** np.arange(8) % 10
    rest: Ints = (places * weights).sum(axis=1) % 11
    return rest


def kbo(rng: Generator, size: int) -> Ints:
    """Belgian enterprise numbers (ten digits, the first 0)."""
    head = rng.integers(4_000_000, 9_999_999, size)
    return head * 100 + 97 - head % 97


def siren(rng: Generator, size: int) -> Ints:
    """French company numbers of nine digits with their Luhn digit."""
    return _luhn(rng.integers(30_000_000, 99_999_999, size))


def siret(company: Ints) -> Ints:
    """The head office's establishment number of a French company."""
    return _luhn(company * 10_000 + 1)


def _luhn(head: Ints) -> Ints:
    total = np.zeros(len(head), dtype=np.int64)
    rest, double = head.copy(), True
    while rest.any():
        place = rest % 10 * (2 if double else 1)
        total += place - 9 * (place > 9)
        rest, double = rest // 10, not double
    return head * 10 + -total % 10


def dutch_vat(number: Ints) -> "pd.Series[str]":
    """VAT ids over RSIN numbers."""
    return "NL" + digits(number, 9) + "B01"


def french_vat(company: Ints) -> "pd.Series[str]":
    """VAT ids over SIREN numbers."""
    return "FR" + digits((12 + 3 * (company % 97)) % 97, 2) + digits(company, 9)


def gsrn(prefix: str, serial: Ints) -> "pd.Series[str]":
    """EAN codes of connections: eighteen digits, the last one a check digit (GS1)."""
    body = prefix + digits(serial, 17 - len(prefix))
    head = body.astype("int64").to_numpy()
    places = head[:, None] // 10 ** np.arange(17) % 10
    total = (places * np.where(np.arange(17) % 2 == 0, 3, 1)).sum(axis=1)
    return body + digits(-total % 10, 1)


def half_up(product: Ints, divisor: int) -> Ints:
    """A quotient rounded half away from zero."""
    rounded: Ints = np.sign(product) * ((np.abs(product) + divisor // 2) // divisor)
    return rounded
