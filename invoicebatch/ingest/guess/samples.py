"""What the cells of a column look like: dates, numbers, account numbers; whether they fit what a header says."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.checks.identifiers import country_code
from invoicebatch.ingest.dates import ISO, to_dates
from invoicebatch.ingest.guess.words import matches, value_of, values
from invoicebatch.ingest.numbers import DecimalMark, detect_mark, to_decimals

DATES: Final = frozenset(
    {"signed_on", "invoice_date", "due_date", "delivery_date", "period_start", "period_end", "booked_on"}
)
NUMBERS: Final = frozenset(
    {
        "quantity",
        "price",
        "net",
        "vat_rate",
        "vat_total",
        "total",
        "outstanding",
        "amount",
        "payment_term_days",
    }
)
FORMATS: Final = tuple(
    order.format(mark)
    for mark in ".-/ "
    for order in ("dd{0}mm{0}yyyy", "mm{0}dd{0}yyyy", "yyyy{0}mm{0}dd", "dd{0}mm{0}yy", "mm{0}dd{0}yy")
)
SIGNS: Final = r"[€$£]|\b(?:EUR|USD|GBP|CHF)\b"
_MOST: Final = 0.9
"""The share of cells that must fit; the rest is named by the import."""
_RATES: Final = frozenset(
    Decimal(rate)
    for rate in [
        "0",
        "2.1",
        "2.5",
        "2.6",
        "3",
        "3.8",
        "4",
        "4.8",
        "5",
        "5.5",
        "6",
        "7",
        "7.7",
        "8",
        "8.1",
        "8.5",
        "9",
        "9.5",
        "10",
        "11",
        "12",
        "13",
        "13.5",
        "14",
        "15",
        "16",
        "17",
        "18",
        "19",
        "20",
        "21",
        "22",
        "23",
        "24",
        "25",
        "25.5",
        "27",
    ]
)
_IBAN: Final = r"^[A-Z]{2}\d{2}[ ]?[A-Z0-9]{4}[A-Z0-9 ]{7,35}$"


@dataclass(frozen=True, slots=True)
class Guess:
    """A header and what it holds.

    Attributes:
        role: what of ours it is, as rules/headers.toml names it.
        sure: its name is one of the known ones, and no other column has a claim to be it.
        others: headers that could be it as well.
        language: whose word it is.
    """

    header: str
    role: str
    sure: bool
    language: str
    others: tuple[str, ...] = ()


def roles_of(columns: Mapping[str, pa.Array]) -> dict[str, Guess]:
    """What the columns of a file hold, by role: the best pairs of header and role first, each once."""
    pairs = sorted(
        (
            (match.score, header, match)
            for header, cells in columns.items()
            for match in matches(header)
            if fits(match.role, cells.drop_null())
        ),
        key=lambda pair: -pair[0],
    )
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for score, header, match in pairs:
        if header in taken or match.role in found:
            continue
        rivals = tuple(
            other for s, other, m in pairs if m.role == match.role and s == score and other != header
        )
        taken.add(header)
        found[match.role] = Guess(header, match.role, match.sure and not rivals, match.language, rivals)
    return _with_rates(found, columns)


def _with_rates(found: dict[str, Guess], columns: Mapping[str, pa.Array]) -> dict[str, Guess]:
    """A column called VAT that holds 21 and 9 holds rates, unless net amounts and totals say otherwise."""
    guess = found.get("vat_total")
    if guess is None or "vat_rate" in found or not _are_rates(columns[guess.header].drop_null()):
        return found
    if {"net", "total"} <= found.keys():
        net, tax, total = (
            numbers_of(columns[found[role].header])[0] for role in ("net", "vat_total", "total")
        )
        if pc.all(pc.equal(pc.add(net, tax), total)).as_py():
            return found
    others = {role: one for role, one in found.items() if role != "vat_total"}
    return {**others, "vat_rate": replace(guess, role="vat_rate")}


def fits(role: str, cells: pa.Array) -> bool:
    """Whether the cells of a column, those that are filled, can be what its header says."""
    if not len(cells):
        return role not in ("external_id", "customer_id")
    if role in DATES:
        return bool(date_formats(cells))
    if role in NUMBERS:
        return _are_numbers(cells) and (role != "vat_rate" or _are_rates(cells))
    if role in ("external_id", "customer_id", "customer_name", "name"):
        return not date_formats(cells) and not _are_amounts(cells)
    if role == "kind":
        return _share(cells, lambda cell: value_of(role, cell) is not None)
    test = _FORMS.get(role)
    return test is None or _share(cells, test)


_FORMS: Final[Mapping[str, Callable[[str], bool]]] = {
    "iban": lambda cell: bool(re.match(_IBAN, cell.upper())),
    "email": lambda cell: "@" in cell,
    "country": lambda cell: country_code(cell) is not None,
    "currency": lambda cell: (
        bool(re.fullmatch(r"[A-Z]{3}", cell.upper())) or value_of("currency", cell) is not None
    ),
}


def _share(cells: pa.Array, test: Callable[[str], bool]) -> bool:
    counts = pc.value_counts(cells)
    words, times = counts.field("values").to_pylist(), np.asarray(counts.field("counts"))
    return bool(times[[test(word) for word in words]].sum() >= _MOST * len(cells))


def date_formats(cells: pa.Array) -> list[str]:
    """The formats in which nearly all cells are dates: ISO alone, or those that fit as many as any."""
    fitting = {form: int((~to_dates(cells, form)[1]).sum()) for form in (ISO, *FORMATS)}
    most = max(fitting.values())
    if not most or most < _MOST * len(cells):
        return []
    return [ISO] if fitting[ISO] == most else [form for form, count in fitting.items() if count == most]


def without_signs(cells: pa.Array) -> pa.Array:
    """Number cells without the signs of currencies, and of rates."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, rf"(?i){SIGNS}|%", ""))


def numbers_of(cells: pa.Array) -> tuple[pa.Array, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Cells as decimals, and which are none, by the mark that they show."""
    plain = without_signs(cells)
    return to_decimals(plain, detect_mark([plain]) or DecimalMark.POINT)


def mark_of(columns: Iterable[pa.Array]) -> tuple[DecimalMark, bool]:
    """The decimal mark of number columns, and whether cells such as 1.000 are there that need it said."""
    plain = [without_signs(cells) for cells in columns]
    mark = detect_mark(plain)
    unsure = mark is DecimalMark.UNSURE and any(bool(to_decimals(cells, mark)[1].any()) for cells in plain)
    return mark, unsure


def sign_in(cells: pa.Array) -> str | None:
    """The currency sign or code that stands in most number cells; None: they are plain."""
    found = [re.search(SIGNS, cell) for cell in cells.drop_null().slice(0, 200).to_pylist()]
    signs = [match[0] for match in found if match]
    return max(set(signs), key=signs.count) if signs else None


def unknown_words(role: str, cells: pa.Array) -> list[str]:
    """Cells that are no value of ours, and that no list explains."""
    return (
        [word for word in pc.unique(cells.drop_null()).to_pylist() if value_of(role, word) is None]
        if values(role)
        else []
    )


def _are_numbers(cells: pa.Array) -> bool:
    return bool((~numbers_of(cells)[1]).sum() >= _MOST * len(cells))


def _are_amounts(cells: pa.Array) -> bool:
    return bool(
        np.asarray(pc.match_substring_regex(cells, r"^-?[\d.,' ]+[.,]\d\d$")).sum() >= _MOST * len(cells)
    )


def _are_rates(cells: pa.Array) -> bool:
    rates = {Decimal(rate).normalize() for rate in numbers_of(cells)[0].drop_null().unique().to_pylist()}
    return rates <= _RATES or (max(rates) < 1 and {rate * 100 for rate in rates} <= _RATES)
