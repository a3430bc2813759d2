"""Values out of ISO 20022 elements of any version and prefix: texts by path, and what they are worth."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from lxml import etree

from invoicebatch.files.xml import split_name
from invoicebatch.model.money import MAX_CENTS
from invoicebatch.model.payments.calendar import FIRST_YEAR

Values = dict[str, str]

NO_ID: Final = frozenset({"", "NOTPROVIDED", "NONREF", "NOTAVAILABLE"})
"""What banks write where there is no reference."""

_YEARS_AHEAD: Final = 1
_MOST_NAMES: Final = 10_000
"""A message has some hundred element names; those of a hostile file may not fill memory."""

_AMOUNT: Final = re.compile(r"\+?(\d{1,16})(?:\.(\d{1,2})0{0,3}|\.)?", re.ASCII)
_LOCAL: dict[str, str] = {}

Texts = list[str | None]
_Node = tuple[int, int, dict[str, Any]]


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    if element.tag not in _LOCAL:
        if len(_LOCAL) >= _MOST_NAMES:
            _LOCAL.clear()
        _LOCAL[element.tag] = split_name(element)[1]
    return _LOCAL[element.tag]


def flat(element: etree._Element, prefix: str = "") -> Values:
    """Texts of all leaves below an element by path (local names, `/` between); of repeated ones the first."""
    values: Values = {}
    for child in element:
        path = prefix + local(child)
        found = flat(child, path + "/") if len(child) else {path: (child.text or "").strip()}
        values |= {name: text for name, text in found.items() if name not in values}
    return values


class Paths:
    """Wanted leaves below an element: read in one walk that leaves everything else alone.

    A path that ends in `@` is the currency of the amount at that path; a path may also end at an inner
    element, whose own text (mostly blank) tells that it is there.
    """

    def __init__(self, paths: Sequence[str], namespace: str) -> None:
        self._nothing: Texts = [None] * len(paths)
        self._tree: dict[str, Any] = {}
        prefix = f"{{{namespace}}}" if namespace else ""
        for place, path in enumerate(paths):
            self._plant(self._tree, prefix, path.removesuffix("@").split("/"), place, path.endswith("@"))

    def _plant(self, tree: dict[str, Any], prefix: str, names: list[str], place: int, currency: bool) -> None:
        tag = prefix + names[0]
        text_at, currency_at, inner = tree.get(tag, (-1, -1, {}))
        if len(names) > 1:
            self._plant(inner, prefix, names[1:], place, currency)
        elif currency:
            currency_at = place
        else:
            text_at = place
        tree[tag] = (text_at, currency_at, inner)

    def read(self, element: etree._Element) -> Texts:
        """The texts in the order of the paths; missing: None; repeated: a line each."""
        texts = self._nothing.copy()
        _walk(element, self._tree, texts)
        return texts


def _walk(element: etree._Element, tree: dict[str, _Node], texts: Texts) -> None:
    for child in element:
        node = tree.get(child.tag)
        if node is None:
            continue
        place, currency, inner = node
        if inner:
            _walk(child, inner, texts)
        if place >= 0:
            text, before = (child.text or "").strip(), texts[place]
            texts[place] = text if before is None else f"{before}\n{text}"
        if currency >= 0 and texts[currency] is None:
            texts[currency] = child.get("Ccy", "")


def first(values: Mapping[str, str], *paths: str) -> str:
    """The first of several paths that holds text; else empty."""
    return next((text for path in paths if (text := values.get(path))), "")


def cents(text: str) -> int | None:
    """Cents of a positive amount; None where it is missing.

    Raises:
        ValueError: not such an amount, or more than two decimals.
    """
    if not text:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:30]} is not an amount with two decimals")
    amount = int(found[1] + (found[2] or "").ljust(2, "0"))
    if amount > MAX_CENTS:
        raise ValueError(f"{text[:30]} is beyond the largest amount")
    return amount


def cents_sum(text: str) -> int | None:
    """Sum of the amounts of a repeated element; None where there is none.

    Raises:
        ValueError: see `cents`.
    """
    found = [amount for line in text.split("\n") if (amount := cents(line)) is not None]
    return sum(found) if found else None


def day(text: str, today: date) -> date | None:
    """The date of an ISO date or date and time; None where it is missing.

    Raises:
        ValueError: no such day, or one that no report of ours can have.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text[:30]} is not a date") from None
    if not FIRST_YEAR <= found.year <= today.year + _YEARS_AHEAD:
        raise ValueError(f"date {text[:10]} is out of range")
    return found


def count(text: str) -> int | None:
    """A whole number, such as of transactions or a statement's; None where it is none."""
    return int(text) if text.isdecimal() and len(text) < 16 else None
