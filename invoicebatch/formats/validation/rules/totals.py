"""Sums: EN 16931 BR-12 to BR-15, BR-45 to BR-48, BR-CO-10 to BR-CO-18."""

from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Integers, Mask, Rule
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

_RECALCULATE: Final = "Correct the amounts, or let approval work them out again."


def _missing(rule: str, term: str, what: str, group: str = DOCUMENT) -> Rule:
    return Rule(rule, group, term, f"{what} is missing", _RECALCULATE, lambda facts: facts.lacks(group, term))


def _total(facts: Facts, term: str) -> Integers:
    return facts.integers(DOCUMENT, term)


def _lines(facts: Facts) -> Mask:
    total = facts.per_document(LINE, facts.integers(LINE, "BT-131"))
    return (total != _total(facts, "BT-106")) | facts.lacks(DOCUMENT, "BT-106")


def _part(facts: Facts, term: str, group: str, amount: str) -> Mask:
    used = facts.number_of(group) > 0
    said = facts.has(DOCUMENT, term)
    different = facts.per_document(group, facts.integers(group, amount)) != _total(facts, term)
    return (said & different) | (used & ~said)


def _without_vat(facts: Facts) -> Mask:
    total = _total(facts, "BT-106") + _total(facts, "BT-108") - _total(facts, "BT-107")
    either = facts.has(DOCUMENT, "BT-109") & facts.has(DOCUMENT, "BT-106")
    return (total != _total(facts, "BT-109")) | ~either


def _vat(facts: Facts) -> Mask:
    used = facts.number_of("BG-23") > 0
    tax = facts.per_document("BG-23", facts.integers("BG-23", "BT-117"))
    return used & facts.has(DOCUMENT, "BT-110") & (tax != _total(facts, "BT-110"))


def same_currency(facts: Facts) -> Mask:
    """Documents whose accounting currency is that of the invoice."""
    frame = facts.frame(DOCUMENT)
    if "BT-6" not in frame:
        return np.zeros(facts.count, bool)
    return frame["BT-6"].eq(frame["BT-5"]).fillna(value=False).to_numpy(bool)


def _with_vat(facts: Facts) -> Mask:
    said = facts.has(DOCUMENT, "BT-109") & facts.has(DOCUMENT, "BT-110") & facts.has(DOCUMENT, "BT-112")
    different = _total(facts, "BT-112") != _total(facts, "BT-109") + _total(facts, "BT-110")
    return different | ~said | (same_currency(facts) & facts.has(DOCUMENT, "BT-111"))


def _due(facts: Facts) -> Mask:
    due = _total(facts, "BT-112") - _total(facts, "BT-113") + _total(facts, "BT-114")
    said = facts.has(DOCUMENT, "BT-112") & facts.has(DOCUMENT, "BT-115")
    return (due != _total(facts, "BT-115")) | ~said


def _no_breakdown(facts: Facts) -> Mask:
    return facts.number_of("BG-23") == 0


def far_from_rate(facts: Facts) -> Mask:
    """Rows of the VAT breakdown whose tax is one or more off taxable amount times rate (BR-CO-17)."""
    rate = facts.integers("BG-23", "BT-119")
    tax, taxable = (np.abs(facts.integers("BG-23", term)) for term in ("BT-117", "BT-116"))
    exact = (taxable * (rate // 100) + 5000) // 10_000
    finer = (rate % 100) != 0
    if finer.any():
        exact[finer] = [
            (int(t) * int(r) + 500_000) // 1_000_000 for t, r in zip(taxable[finer], rate[finer], strict=True)
        ]
    return np.abs(tax - exact) >= 100


def _off_rate(facts: Facts) -> Mask:
    zero = np.abs(facts.integers("BG-23", "BT-119")) < 5000
    some = np.abs(facts.integers("BG-23", "BT-117")) >= 50
    return np.where(zero, some, far_from_rate(facts))


def _no_rate(facts: Facts) -> Mask:
    return facts.lacks("BG-23", "BT-119") & ~facts.in_category("BG-23", "O")


RULES: Final = (
    _missing("BR-12", "BT-106", "The sum of lines"),
    _missing("BR-13", "BT-109", "The total without VAT"),
    _missing("BR-14", "BT-112", "The total with VAT"),
    _missing("BR-15", "BT-115", "The amount due"),
    _missing("BR-45", "BT-116", "The taxable amount of a VAT category", "BG-23"),
    _missing("BR-46", "BT-117", "The tax of a VAT category", "BG-23"),
    _missing("BR-47", "BT-118", "The VAT category", "BG-23"),
    Rule("BR-48", "BG-23", "BT-119", "The VAT rate is missing", "Give the rate.", _no_rate),
    Rule("BR-CO-10", DOCUMENT, "BT-106", "The sum of lines is not the sum of the net amounts of the lines",
         _RECALCULATE, _lines),
    Rule("BR-CO-11", DOCUMENT, "BT-107", "The sum of allowances is not that of the document's allowances",
         _RECALCULATE, lambda facts: _part(facts, "BT-107", "BG-20", "BT-92")),
    Rule("BR-CO-12", DOCUMENT, "BT-108", "The sum of charges is not that of the document's charges",
         _RECALCULATE, lambda facts: _part(facts, "BT-108", "BG-21", "BT-99")),
    Rule("BR-CO-13", DOCUMENT, "BT-109", "The total without VAT is not lines − allowances + charges",
         _RECALCULATE, _without_vat),
    Rule("BR-CO-14", DOCUMENT, "BT-110", "The total VAT is not the sum of the VAT categories", _RECALCULATE, _vat),
    Rule("BR-CO-15", DOCUMENT, "BT-112", "The total with VAT is not the total without VAT plus VAT",
         _RECALCULATE, _with_vat),
    Rule("BR-CO-16", DOCUMENT, "BT-115", "The amount due is not total − prepaid + rounding", _RECALCULATE, _due),
    Rule("BR-CO-17", "BG-23", "BT-117", "The tax of a VAT category is not taxable amount × rate", _RECALCULATE,
         _off_rate),
    Rule("BR-CO-18", DOCUMENT, "BG-23", "The VAT breakdown is missing", "Give the VAT per category.", _no_breakdown),
)  # fmt: skip
