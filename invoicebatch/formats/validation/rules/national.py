"""What Peppol asks of sellers in the Netherlands beyond its common rules (NL-R), and countries that are not built."""

from collections.abc import Callable
from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.rules.parties import (
    BUYER_ADDRESS,
    REPRESENTATIVE_ADDRESS,
    SELLER_ADDRESS,
    any_of,
)
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT

_DUTCH_SCHEMES: Final = ("0106", "0190")
_DUTCH_MEANS: Final = ("30", "48", "49", "57", "58", "59")
Broken = Callable[[Facts], Mask]


def _dutch(facts: Facts) -> Mask:
    return facts.sold_in("NL")


def _both_dutch(facts: Facts) -> Mask:
    return facts.between("NL")


def _represented_dutch(facts: Facts) -> Mask:
    return _dutch(facts) & facts.is_in(DOCUMENT, "BT-69", ("NL",))


def part_missing(where: Broken, address: tuple[str, ...], terms: tuple[str, ...]) -> Broken:
    """Documents with the address but without one of its parts."""

    def broken(facts: Facts) -> Mask:
        lacking = np.zeros(facts.count, bool)
        for term in terms:
            lacking |= facts.lacks(DOCUMENT, term)
        return where(facts) & any_of(facts, address) & lacking

    return broken


def _scheme(where: Broken, term: str) -> Broken:
    def broken(facts: Facts) -> Mask:
        known = facts.is_in(DOCUMENT, f"{term}-1", _DUTCH_SCHEMES)
        return where(facts) & facts.has(DOCUMENT, term) & ~known

    return broken


def _no_preceding(facts: Facts) -> Mask:
    credit = facts.is_in(DOCUMENT, "BT-3", CREDIT_NOTE_CODES)
    return _dutch(facts) & credit & ~facts.any_of("BG-3", facts.has("BG-3", "BT-25"))


def _no_payment(facts: Facts) -> Mask:
    paid = facts.number_of("BG-16") > 0
    credit = facts.is_in(DOCUMENT, "BT-3", CREDIT_NOTE_CODES)
    due = facts.integers(DOCUMENT, "BT-115") * np.where(credit, -1, 1)
    return _dutch(facts) & (due > 0) & ~paid


def _other_means(facts: Facts) -> Mask:
    return _both_dutch(facts)[facts.document("BG-16")] & ~facts.is_in("BG-16", "BT-81", _DUTCH_MEANS)


def _order_line(facts: Facts) -> Mask:
    ordered = facts.has(DOCUMENT, "BT-13")[facts.document("BG-25")]
    return _dutch(facts)[facts.document("BG-25")] & facts.has("BG-25", "BT-132") & ~ordered


_ADDRESS_FIX: Final = "Complete the address with street, city and postcode."

RULES: Final = (
    Rule("NL-R-001", DOCUMENT, "BT-25", "A Dutch credit note does not name the invoice it credits",
         "Give preceding_number.", _no_preceding),
    Rule("NL-R-002", DOCUMENT, "BT-35", "The Dutch seller's address is incomplete", _ADDRESS_FIX,
         part_missing(_dutch, SELLER_ADDRESS, ("BT-35", "BT-37", "BT-38"))),
    Rule("NL-R-003", DOCUMENT, "BT-30-1", "The Dutch seller's company number is no KVK (0106) or OIN (0190)",
         "Give company_accounts.legal_id_scheme 0106 or 0190.", _scheme(_dutch, "BT-30")),
    Rule("NL-R-004", DOCUMENT, "BT-50", "The Dutch buyer's address is incomplete", _ADDRESS_FIX,
         part_missing(_both_dutch, BUYER_ADDRESS, ("BT-50", "BT-52", "BT-53"))),
    Rule("NL-R-005", DOCUMENT, "BT-47-1", "The Dutch buyer's company number is no KVK (0106) or OIN (0190)",
         "Give customers.legal_id_scheme 0106 or 0190.", _scheme(_both_dutch, "BT-47")),
    Rule("NL-R-006", DOCUMENT, "BT-64", "The Dutch tax representative's address is incomplete", _ADDRESS_FIX,
         part_missing(_represented_dutch, REPRESENTATIVE_ADDRESS, ("BT-64", "BT-66", "BT-67"))),
    Rule("NL-R-007", DOCUMENT, "BT-81", "A Dutch seller must say how the amount due is paid",
         "Give the company account an IBAN.", _no_payment),
    Rule("NL-R-008", "BG-16", "BT-81", "Dutch parties use payment means 30, 48, 49, 57, 58 or 59",
         "Use one of these codes.", _other_means),
    Rule("NL-R-009", "BG-25", "BT-132", "A line names an order line, but the document no order",
         "Give order_reference.", _order_line),
    Rule("KSEF", DOCUMENT, "BT-40", "The seller is Polish: its invoices go through KSeF, and KSeF is not built",
         "Issue it in KSeF by other means.", lambda facts: facts.sold_in("PL")),
)  # fmt: skip
