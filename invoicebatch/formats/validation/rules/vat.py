"""The rules each VAT category has of its own: EN 16931 BR-S, -Z, -E, -AE, -IC, -G, -O, -AF (L), -AG (M) and -B."""

from collections.abc import Callable
from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import CATEGORY_TERMS, Facts, Integers, Mask, Rule, sums
from invoicebatch.formats.validation.rules.parties import DELIVERY_ADDRESS, any_of
from invoicebatch.formats.validation.rules.totals import far_from_rate
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

CATEGORIES: Final = {
    "S": "S",
    "Z": "Z",
    "E": "E",
    "AE": "AE",
    "K": "IC",
    "G": "G",
    "O": "O",
    "L": "AF",
    "M": "AG",
}
"""Name in the rules by UNCL 5305 code."""

_NAMES: Final = {
    "S": "standard rated", "Z": "zero rated", "E": "exempt", "AE": "reverse charge", "K": "intra-community supply",
    "G": "export", "O": "not subject to VAT", "L": "Canary Islands", "M": "Ceuta and Melilla",
}  # fmt: skip
_PLACES: Final = (
    (LINE, "02", "05", "line"),
    ("BG-20", "03", "06", "allowance"),
    ("BG-21", "04", "07", "charge"),
)
_BY_RATE: Final = ("S", "L", "M")
"""Categories with a rate; each rate has a row of the breakdown of its own."""
_EXEMPT: Final = ("E", "AE", "K", "G", "O")


def _breakdown(code: str) -> Callable[[Facts], Mask]:
    def broken(facts: Facts) -> Mask:
        used = facts.uses(LINE, code) | facts.uses("BG-20", code) | facts.uses("BG-21", code)
        rows = facts.document("BG-23")[facts.in_category("BG-23", code)]
        count = np.bincount(rows, minlength=facts.count)
        if code in _BY_RATE:
            return used != (count > 0)
        return (used | (count > 0)) & (count != 1)

    return broken


def _identified(facts: Facts, code: str) -> Mask:
    """Whether seller (and buyer) have the identifiers the category asks for."""
    seller = any_of(facts, ("BT-31", "BT-63"))
    if code in (*_BY_RATE, "Z", "E", "AE"):
        seller |= facts.has(DOCUMENT, "BT-32")
    if code == "AE":
        return seller & any_of(facts, ("BT-48", "BT-47"))
    if code == "K":
        return seller & facts.has(DOCUMENT, "BT-48")
    if code == "O":
        return ~any_of(facts, ("BT-31", "BT-63", "BT-48"))
    return seller


def _unidentified(code: str, group: str) -> Callable[[Facts], Mask]:
    return lambda facts: facts.uses(group, code) & ~_identified(facts, code)


def _wrong_rate(code: str, group: str) -> Callable[[Facts], Mask]:
    def broken(facts: Facts) -> Mask:
        rows = facts.in_category(group, code)
        if not rows.any():
            return rows
        term = CATEGORY_TERMS[group][1]
        said, rate = facts.has(group, term), facts.integers(group, term)
        if code == "O":
            return rows & said
        right = {"S": rate > 0, "L": rate >= 0, "M": rate >= 0}.get(code, rate == 0)
        return rows & ~(said & right)

    return broken


def _taxable(facts: Facts, code: str) -> tuple[Integers, Mask]:
    """By row of the breakdown: the sum of what belongs to it, and whether anything does."""
    by_rate = code in _BY_RATE
    breakdown = _keys(facts, "BG-23", by_rate)
    total = np.zeros(len(breakdown), np.int64)
    found = np.zeros(len(breakdown), bool)
    for group, amount, sign in ((LINE, "BT-131", 1), ("BG-20", "BT-92", -1), ("BG-21", "BT-99", 1)):
        rows = facts.in_category(group, code)
        if by_rate:
            rows = rows & facts.has(group, CATEGORY_TERMS[group][1])
        keys, values = _keys(facts, group, by_rate)[rows], facts.integers(group, amount)[rows] * sign
        order = np.argsort(keys, kind="stable")
        unique, inverse = np.unique(keys[order], return_inverse=True)
        added = sums(inverse, values[order], len(unique)) if len(unique) else values
        place = np.searchsorted(unique, breakdown)
        hit = (
            (place < len(unique)) & (unique[np.minimum(place, max(len(unique) - 1, 0))] == breakdown)
            if len(unique)
            else found & False
        )
        total[hit] += added[place[hit]]
        found |= hit
    return total, found


def _keys(facts: Facts, group: str, by_rate: bool) -> Integers:
    document = facts.document(group)
    if not by_rate:
        return document
    return document * 2_000_003 + facts.integers(group, CATEGORY_TERMS[group][1])


def _wrong_taxable(code: str) -> Callable[[Facts], Mask]:
    def broken(facts: Facts) -> Mask:
        rows = facts.in_category("BG-23", code)
        if not rows.any():
            return rows
        total, found = _taxable(facts, code)
        difference = np.abs(total - facts.integers("BG-23", "BT-116"))
        if code not in _BY_RATE:
            return rows & (difference != 0)
        return rows & facts.has("BG-23", "BT-119") & ((difference >= 100) | ~found)

    return broken


def _wrong_tax(code: str) -> Callable[[Facts], Mask]:
    def broken(facts: Facts) -> Mask:
        rows = facts.in_category("BG-23", code)
        return rows & (far_from_rate(facts) if code in _BY_RATE else facts.integers("BG-23", "BT-117") != 0)

    return broken


def _wrong_reason(code: str) -> Callable[[Facts], Mask]:
    def broken(facts: Facts) -> Mask:
        said = facts.has("BG-23", "BT-120") | facts.has("BG-23", "BT-121")
        return facts.in_category("BG-23", code) & (~said if code in _EXEMPT else said)

    return broken


def _category_rules(code: str) -> list[Rule]:
    prefix, name = f"BR-{CATEGORIES[code]}", _NAMES[code]
    asked = {
        "O": "no VAT identifier of seller or buyer may be given",
        "AE": "seller and buyer need a VAT identifier",
        "K": "seller and buyer need a VAT identifier",
    }.get(code, "the seller needs a VAT identifier")
    rate = {
        "S": "must be above zero",
        "O": "must be left out",
        "L": "may not be below zero",
        "M": "may not be below zero",
    }.get(code, "must be zero")
    reason = (
        "needs a reason for the exemption" if code in _EXEMPT else "may not have a reason for an exemption"
    )
    rules = [
        Rule(f"{prefix}-01", DOCUMENT, "BG-23", f"VAT category {code} ({name}) is not once in the VAT breakdown",
             "Give the VAT per category.", _breakdown(code)),
        Rule(f"{prefix}-08", "BG-23", "BT-116", f"The taxable amount of category {code} is not the sum of its lines",
             "Correct the VAT breakdown.", _wrong_taxable(code)),
        Rule(f"{prefix}-09", "BG-23", "BT-117", f"The tax of category {code} is not what its rate gives",
             "Correct the VAT breakdown.", _wrong_tax(code)),
        Rule(f"{prefix}-10", "BG-23", "BT-120", f"VAT category {code} ({name}) {reason}",
             "Correct vat_breakdown.exemption_reason and exemption_code.", _wrong_reason(code)),
    ]  # fmt: skip
    for group, identifier, of_rate, what in _PLACES:
        rules.append(
            Rule(f"{prefix}-{identifier}", DOCUMENT, "BT-31", f"With a {what} of VAT category {code} ({name}) {asked}",
                 "Correct the VAT identifiers.", _unidentified(code, group))
        )  # fmt: skip
        rules.append(
            Rule(f"{prefix}-{of_rate}", group, CATEGORY_TERMS[group][1],
                 f"The VAT rate of a {what} of category {code} ({name}) {rate}", "Correct the rate or the category.",
                 _wrong_rate(code, group))
        )  # fmt: skip
    return rules


def _mixed(group: str) -> Callable[[Facts], Mask]:
    """Documents not subject to VAT with another category in the group."""

    def broken(facts: Facts) -> Mask:
        other = facts.has(group, CATEGORY_TERMS[group][0]) & ~facts.in_category(group, "O")
        return facts.uses("BG-23", "O") & facts.any_of(group, other)

    return broken


def _uses(facts: Facts, code: str) -> Mask:
    """Documents with the category anywhere."""
    return (
        facts.uses(LINE, code)
        | facts.uses("BG-20", code)
        | facts.uses("BG-21", code)
        | facts.uses("BG-23", code)
    )


def _split_abroad(facts: Facts) -> Mask:
    """BR-B-01: split payment between Italian parties only, wherever a country is named."""
    abroad = np.zeros(facts.count, bool)
    for term in ("BT-40", "BT-55", "BT-69", "BT-80"):
        abroad |= facts.has(DOCUMENT, term) & ~facts.is_in(DOCUMENT, term, ("IT",))
    abroad |= facts.any_of(LINE, facts.has(LINE, "BT-159") & ~facts.is_in(LINE, "BT-159", ("IT",)))
    return _uses(facts, "B") & abroad


def _no_delivery(facts: Facts) -> Mask:
    return facts.uses("BG-23", "K") & ~any_of(facts, ("BT-72", "BT-73", "BT-74", "BT-8"))


def _no_delivery_country(facts: Facts) -> Mask:
    return facts.uses("BG-23", "K") & facts.lacks(DOCUMENT, DELIVERY_ADDRESS[-1])


RULES: Final = (
    *(rule for code in CATEGORIES for rule in _category_rules(code)),
    *(
        Rule(f"BR-O-{number}", DOCUMENT, CATEGORY_TERMS[group][0],
             f"A document not subject to VAT (O) has another VAT category in its {where}", "Use O throughout, or not at all.",
             _mixed(group))
        for number, group, where in (
            ("11", "BG-23", "VAT breakdown"), ("12", LINE, "lines"), ("13", "BG-20", "allowances"), ("14", "BG-21", "charges"),
        )
    ),
    Rule("BR-B-01", DOCUMENT, "BT-151", "Split payment (B) is for Italian parties only", "Use another VAT category.",
         _split_abroad),
    Rule("BR-B-02", DOCUMENT, "BT-151", "Split payment (B) and the standard rate (S) stand in one document",
         "Use one of them.", lambda facts: _uses(facts, "B") & _uses(facts, "S")),
    Rule("BR-IC-11", DOCUMENT, "BT-72", "An intra-community supply has neither a delivery date nor a period",
         "Give delivery_date, or the period.", _no_delivery),
    Rule("BR-IC-12", DOCUMENT, "BT-80", "An intra-community supply has no country of delivery",
         "Give the country of delivery (BT-80).", _no_delivery_country),
)  # fmt: skip
