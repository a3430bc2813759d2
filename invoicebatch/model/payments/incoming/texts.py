"""What a payment's text names: structured references by their check digits, and what may be invoice numbers.

Texts come from payers: with blanks, dashes and slashes anywhere, zeros lost, and several numbers in one line.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

import pandas as pd

from invoicebatch.model.payments.reference import is_reference

_RF: Final = re.compile(r"\bRF\d\d(?: ?[A-Z0-9]{1,21}){1,7}")
_BELGIAN: Final = re.compile(r"(?<!\d)(\d{3})[/. ]?(\d{4})[/. ]?(\d{5})(?!\d)")
_DUTCH: Final = re.compile(r"(?<!\d)\d{4}([ .]?)\d{4}\1\d{4}\1\d{4}(?!\d)")
_SWISS: Final = re.compile(r"(?<!\d)\d{2}( ?\d{5}){5}(?!\d)")
_BLANKS: Final = re.compile(r"[^A-Z0-9]")
PIECE: Final = re.compile(r"[A-Z]+|\d+")
"""A run of letters or of digits, of which numbers are made."""

_LISTED: Final = re.compile(r"\s*(?:[,;/&+]|EN|AND|ET|UND)\s*")
_DATE: Final = re.compile(r"(?<!\d)(?:\d{1,2}[-/. ])?(?:\d{1,2}[-/. ])?(?:19|20)\d\d(?!\d)")
_DIGITS: Final = re.compile(r"(?:\d[ ./-]?){3,}")

_MOST_PIECES: Final = 5
"""Pieces of letters or digits that an invoice number is made of, at most."""

_LEAST_DIGITS: Final = 3
_MOST_TEXT: Final = 1_000


def references(text: str) -> list[str]:
    """The structured references in a text, letters and digits only; only those whose check digits are right.

    >>> references("mededeling +++202/6000/12320+++"), references("RF46 2026 0001 23 bedankt")
    (['202600012320'], ['RF462026000123'])
    """
    upper = text.upper()[:_MOST_TEXT]
    found = [_longest(match[0]) for match in _RF.finditer(upper)] if "RF" in upper else []
    for pattern in (_SWISS, _DUTCH, _BELGIAN):
        found += [_BLANKS.sub("", match[0]) for match in pattern.finditer(upper)]
    return list(dict.fromkeys(token for token in found if token and is_reference(token)))


def _longest(text: str) -> str:
    """The longest beginning, cut at a blank, that is an ISO 11649 reference; else nothing."""
    pieces = text.split(" ")
    ends = ("".join(pieces[:count]) for count in range(len(pieces), 0, -1))
    return next((token for token in ends if len(token) <= 25 and is_reference(token)), "")


def without_zeros(piece: str) -> str:
    """A run of digits without its leading zeros."""
    return piece.lstrip("0") or "0"


def number_keys(text: str, words: Collection[str]) -> set[str]:
    """What may be an invoice number in a text, in the two spellings of `numbers.spellings`.

    Args:
        text: of a payer.
        words: runs of letters that invoice numbers hold; other words are in none.
    """
    upper = text.upper()[:_MOST_TEXT]
    spans = list(PIECE.finditer(upper))
    pieces = [span[0] for span in spans]
    keys: set[str] = set()
    for start, first in enumerate(pieces):
        if len(first) >= _LEAST_DIGITS and first.isdigit():
            keys.add(without_zeros(first))
        for end in _ends(pieces, start, words):
            window = pieces[start:end]
            keys.update(_spelled(window))
            if end < len(pieces):
                for more in _more(upper, spans, window, end):
                    keys.update(_spelled(more))
    return keys


def _ends(pieces: list[str], start: int, words: Collection[str]) -> Iterator[int]:
    """Where a number of several pieces that begins at a place may end."""
    if not (pieces[start].isdigit() or pieces[start] in words):
        return
    for end in range(start + 2, min(start + _MOST_PIECES, len(pieces)) + 1):
        if pieces[end - 1].isdigit():
            yield end
        elif pieces[end - 1] not in words:
            return


def _more(text: str, spans: list[re.Match[str]], window: list[str], end: int) -> Iterator[list[str]]:
    """The numbers that follow in a list, of which only the last piece is written: F2026-12, 13 and 14."""
    for place in range(end, len(spans)):
        if spans[place][0].isdigit():
            between = text[spans[end - 1].end() : spans[place].start()]
            if not _LISTED.fullmatch(between):
                return
            yield [*window[:-1], spans[place][0]]
            end = place + 1
        elif spans[place][0] not in ("EN", "AND", "ET", "UND"):
            return


def _spelled(pieces: list[str]) -> Iterator[str]:
    letters = [piece for piece in pieces if not piece.isdigit()]
    digits = "".join(pieces) if not letters else "".join([piece for piece in pieces if piece.isdigit()])
    if len(digits) >= _LEAST_DIGITS or letters:
        yield ".".join([without_zeros(piece) if piece.isdigit() else piece for piece in pieces])
        if len(digits) >= _LEAST_DIGITS:
            yield ".".join([*letters, without_zeros(digits)])


@lru_cache(maxsize=4096)
def is_loose(text: str) -> bool:
    """Whether a text holds digits that are no date: it may name something that nobody finds.

    >>> is_loose("energie november 2026"), is_loose("factuur 20261")
    (False, True)
    """
    return bool(_DIGITS.search(_DATE.sub(" ", text)))


def whole_texts(payments: pd.DataFrame) -> "pd.Series[str]":
    """Everything a payment says that may name a document, indexed by payment id."""
    parts = [
        payments[name].fillna("").astype("str")
        for name in ("reference", "documents", "text", "end_to_end_id")
    ]
    return pd.Series(
        (parts[0] + " | " + parts[1] + " | " + parts[2] + " | " + parts[3]).to_numpy(), payments["payment_id"]
    )
