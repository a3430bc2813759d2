"""What a workbook's number format shows of a number: its text, and whether that is the number the cell holds."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

_MARK: Final = "\ue000"
"""Before each sign that a format shows as it stands."""
_GENERAL: Final = re.compile(r"general|@", re.IGNORECASE)
_PLACE: Final = re.compile(r"[0#?@]|general", re.IGNORECASE)
_SCALED: Final = re.compile(r"[0#?](,+)(?![0#?,])")
_CONDITION: Final = re.compile(r"\[[<>=]")


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of a format: that of positive or negative numbers, or of zero.

    Attributes:
        places: its signs in order, those shown as they stand with a mark before them.
        rounds: decimals of what it shows; None: all there are.
        percent: signs of percent in it.
        exponent: it shows 1.23E+15.
        fraction: it shows whole numbers and fractions such as 1/3.
        scaled: it shows thousands, or millions.
        minus: it shows a sign.
        nothing: it shows no digits, nor a dash for them.
    """

    places: tuple[str, ...]
    rounds: int | None
    percent: int
    exponent: bool
    fraction: bool
    scaled: bool
    minus: bool
    nothing: bool


@lru_cache(maxsize=4096)
def _section(code: str, sign: int) -> _Section | None:
    """The section for numbers of that sign (-1, 0, 1); None where conditions choose it."""
    if _CONDITION.search(code):
        return None
    literal = re.sub(r'"([^"]*)"|\\(.)', lambda m: "".join(_MARK + c for c in m[1] or m[2] or ""), code)
    sections = re.split(rf"(?<!{_MARK});", re.sub(r"\[[^\]]*\]|[_*].", "", literal))
    own = 1 if sign < 0 and len(sections) > 1 else 2 if sign == 0 and len(sections) > 2 else 0
    text = sections[own]
    bare = re.sub(rf"{_MARK}.", "  ", text)
    found = list(_PLACE.finditer(bare))
    outside = text[: found[0].start()] + text[found[-1].end() :] if found else text
    mantissa = re.split(r"[Ee][+-]", bare.partition(".")[2])[0]
    return _Section(
        places=tuple(re.findall(rf"{_MARK}.|[^{_MARK}]", text)),
        rounds=None if _GENERAL.search(bare) else len(re.findall(r"[0#?]", mantissa)),
        percent=bare.count("%"),
        exponent=bool(re.search(r"[Ee][+-]", bare)),
        fraction="/" in bare and bool(found),
        scaled=bool(_SCALED.search(bare)),
        minus=(sign < 0 and own == 0) or bool(re.search(r"[-(]", outside)),
        nothing=not re.search(r"[0?@-]|general", text, re.IGNORECASE) if sign == 0 else not found,
    )


def holds(number: str, code: str) -> bool:
    """Whether a cell shows the very number it holds: not rounded, scaled, hidden, or without its sign.

    >>> [holds("2.7", code) for code in ("0.00", "0", "#,##0,", ";;;", "General")]
    [True, False, False, False, True]
    >>> [holds("-5", code) for code in ("0", "0;-0", "0_);(0)", "0;0", "[Red]0;[Red]0")]
    [True, True, True, False, False]
    """
    value = Decimal(number)
    section = _section(code, (value > 0) - (value < 0))
    if section is None or section.nothing:
        return False
    if not value:
        return True
    if section.scaled or section.minus != (value < 0):
        return False
    if section.exponent:
        return Decimal(f"{value:.{section.rounds or 0}E}") == value
    if section.fraction:
        return value == int(value)
    shown = value * 100**section.percent
    return section.rounds is None or round(shown, section.rounds) == shown


def shown_as(number: str, code: str) -> str | None:
    """A plain number as its format shows it; None where that is another number, or can't be told.

    Marks of thousands and decimals are written as each country does: what shows them is not told.

    >>> shown_as("0.21", "0%"), shown_as("0.055", "0%"), shown_as("13", "00000"), shown_as("13", '"K-"0000')
    ('21%', None, '00013', 'K-0013')
    >>> shown_as("12345", "#,##0"), shown_as("42", "0.00"), shown_as("1230000", "0.00E+00"), shown_as("-7", "0")
    (None, None, None, '-7')
    """
    value = Decimal(number)
    section = _section(code, (value > 0) - (value < 0))
    if section is None:
        return None
    if section.percent == 1:
        return f"{(value * 100).normalize():f}%" if holds(number, code) else None
    if section.rounds is None and not section.nothing:
        return number
    places = [p for p in section.places if p != "," or abs(value) >= 1000]
    slots = {place for place in places if len(place) == 1}
    if value != int(value) or not slots & {"0", "#"} or not slots <= set("0#-/ ()"):
        return None
    sign = "-" if value < 0 and code.count(";") == 0 else ""
    if value < 0 and not sign:
        return None
    return sign + _filled(str(abs(int(value))), places)


def _filled(digits: str, places: list[str]) -> str:
    """The digits put into the places of a format, from the right; what is left over goes first."""
    result: list[str] = []
    left = digits
    first = next((at for at, place in enumerate(places) if place in ("0", "#")), None)
    for at in range(len(places) - 1, -1, -1):
        place = places[at]
        if place not in ("0", "#"):
            result.append(place.removeprefix(_MARK))
            continue
        taken = left if at == first else left[-1:]
        left = "" if at == first else left[:-1]
        result.append(taken or ("0" if place == "0" else ""))
    return "".join(reversed(result))
