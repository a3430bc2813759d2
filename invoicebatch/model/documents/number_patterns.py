"""Number patterns: what a pattern may be, which numbers it gives, and which of two patterns give one number.

Texts in, texts out; who was given which number is the store's.
"""

import re
from string import Formatter
from typing import Final

import pandas as pd

WIDEST: Final = 20
LONGEST: Final = 30
LARGEST: Final = 999_999_999
"""The last number of a series that a pattern is tried on."""

_COUNTER: Final = re.compile(r"(0\d+)?d?")
_FIELDS: Final = frozenset({"seq", "year", "account"})


def number_of(pattern: str, account: str, year: int, seq: int) -> str:
    """The number that a series gives.

    >>> number_of("{account}-{year}-{seq:04d}", "NL", 2026, 17)
    'NL-2026-0017'
    """
    return pattern.format(account=account, year=year, seq=seq)


def pattern_fault(pattern: str, account: str) -> str:
    """Why a pattern can't be used, as the end of a sentence; empty: it can.

    Its smallest and its largest number are tried: at most 30 printable characters.

    >>> pattern_fault("{year}-{seq:06d}", "NL")
    ''
    >>> pattern_fault("{year}", "NL")
    'must hold {seq} once, and may hold {year} and {account}'
    """
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        return "can't be read; an example is {year}-{seq:06d}"
    fields = [name for _, name, _, _ in parts if name is not None]
    if fields.count("seq") != 1 or not set(fields) <= _FIELDS:
        return "must hold {seq} once, and may hold {year} and {account}"
    for _, name, spec, conversion in parts:
        if name is not None and (fault := _field_fault(name, spec or "", conversion)):
            return fault
    for number in (number_of(pattern, account, 1000, 1), number_of(pattern, account, 9999, LARGEST)):
        if not number.isprintable() or number != number.strip():
            return "gives numbers with characters that can't be printed, or blanks at an end"
        if len(number) > LONGEST:
            return f"gives numbers of more than {LONGEST} characters, such as {number[:LONGEST]}…"
    return ""


def _field_fault(name: str, spec: str, conversion: str | None) -> str:
    """Why a field is not written as one may be: `{seq}` or `{seq:06d}`, the others plainly."""
    if conversion or not _COUNTER.fullmatch(spec) or (spec and name == "account"):
        return f"writes {name} in a way that is not known; an example is {{year}}-{{seq:06d}}"
    return f"is wider than {WIDEST} digits" if _is_wide(spec) else ""


def is_too_wide(pattern: str) -> bool:
    """Whether a pattern asks for more digits than any number has; one that is stored may, from before."""
    return any(_is_wide(spec or "") for _, _, spec, _ in Formatter().parse(pattern))


def _is_wide(spec: str) -> bool:
    return any(len(digits) > 9 or int(digits) > WIDEST for digits in re.findall(r"\d+", spec))


def has_year(pattern: str) -> bool:
    """Whether numbers of different years differ."""
    return any(name == "year" for _, name, _, _ in Formatter().parse(pattern))


def given_by(pattern: str, account: str, numbers: "pd.Series[str]") -> pd.DataFrame:
    """Of the numbers those that the pattern gives: number, seq int64, year (missing: any), by its index."""
    found = numbers.str.extract(_expression(pattern, account)).reindex(columns=["seq", "year"])
    found = found.assign(number=numbers).dropna(subset=["number", "seq"])
    same = [
        number_of(pattern, account, 0 if pd.isna(year) else int(year), int(seq)) == number
        for number, seq, year in zip(found["number"], found["seq"], found["year"], strict=True)
    ]
    return found[pd.Series(same, found.index, dtype="bool")].astype({"seq": "int64"})


def share_a_number(one: str, other: str, account: str) -> bool:
    """Whether two patterns of an account give one number, judged by the smallest and the largest of each."""
    return any(
        len(given_by(left, account, pd.Series(_tried(right, account), dtype="str"))) > 0
        for left, right in ((one, other), (other, one))
    )


def _tried(pattern: str, account: str) -> list[str]:
    return [number_of(pattern, account, 2026, seq) for seq in (1, LARGEST)]


def _expression(pattern: str, account: str) -> str:
    """A regular expression for the numbers of a pattern, with the group seq, and year where it has one."""
    shapes = {"seq": r"(?P<seq>\d{1,18})", "account": re.escape(account)}
    text, years = "", iter((r"(?P<year>\d{4})",))
    for literal, name, _, _ in Formatter().parse(pattern):
        shape = next(years, r"\d{4}") if name == "year" else shapes.get(name or "", "")
        text += re.escape(literal) + shape
    return f"^{text}$"
