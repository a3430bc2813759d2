"""What Peppol asks of sellers in the Netherlands (NL-R) and Germany (DE-R) beyond its common rules."""

from collections.abc import Callable
from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.rules.parties import (
    BUYER_ADDRESS,
    DELIVERY_ADDRESS,
    REPRESENTATIVE_ADDRESS,
    SELLER_ADDRESS,
    any_of,
)
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT

_DUTCH_SCHEMES: Final = ("0106", "0190")
_DUTCH_MEANS: Final = ("30", "48", "49", "57", "58", "59")
_CREDIT_TRANSFER: Final = ("30", "58")
_CONTACT: Final = ("BT-41", "BT-42", "BT-43")
Broken = Callable[[Facts], Mask]


def _dutch(facts: Facts) -> Mask:
    return facts.sold_in("NL")


def _both_dutch(facts: Facts) -> Mask:
    return facts.between("NL")


def _represented_dutch(facts: Facts) -> Mask:
    return _dutch(facts) & facts.is_in(DOCUMENT, "BT-69", ("NL",))


def _german(facts: Facts) -> Mask:
    return facts.between("DE")


def _part_missing(where: Broken, address: tuple[str, ...], terms: tuple[str, ...]) -> Broken:
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
    paid = np.bincount(facts.document("BG-16"), minlength=facts.count) > 0
    credit = facts.is_in(DOCUMENT, "BT-3", CREDIT_NOTE_CODES)
    due = facts.integers(DOCUMENT, "BT-115") * np.where(credit, -1, 1)
    return _dutch(facts) & (due > 0) & ~paid


def _other_means(facts: Facts) -> Mask:
    return _both_dutch(facts)[facts.document("BG-16")] & ~facts.is_in("BG-16", "BT-81", _DUTCH_MEANS)


def _order_line(facts: Facts) -> Mask:
    ordered = facts.has(DOCUMENT, "BT-13")[facts.document("BG-25")]
    return _dutch(facts)[facts.document("BG-25")] & facts.has("BG-25", "BT-132") & ~ordered


def _no_contact(facts: Facts) -> Mask:
    return _german(facts) & ~any_of(facts, _CONTACT)


def _means(codes: tuple[str, ...], broken: Callable[[Facts], Mask]) -> Broken:
    def rule(facts: Facts) -> Mask:
        return _german(facts)[facts.document("BG-16")] & facts.is_in("BG-16", "BT-81", codes) & broken(facts)

    return rule


def _account(facts: Facts) -> Mask:
    return facts.has("BG-16", "BT-84") | facts.has("BG-16", "BT-85") | facts.has("BG-16", "BT-86")


def _card(facts: Facts) -> Mask:
    return facts.has("BG-16", "BT-87") | facts.has("BG-16", "BT-88")


def _mandate(facts: Facts) -> Mask:
    return facts.has("BG-16", "BT-89") | facts.has("BG-16", "BT-91")


def _debit(facts: Facts) -> Mask:
    return _german(facts)[facts.document("BG-16")] & _mandate(facts)


def _unpaid(facts: Facts) -> Mask:
    return _german(facts) & (np.bincount(facts.document("BG-16"), minlength=facts.count) == 0)


_ADDRESS_FIX: Final = "Complete the address with street, city and postcode."

RULES: Final = (
    Rule("NL-R-001", DOCUMENT, "BT-25", "A Dutch credit note does not name the invoice it credits",
         "Give preceding_number.", _no_preceding),
    Rule("NL-R-002", DOCUMENT, "BT-35", "The Dutch seller's address is incomplete", _ADDRESS_FIX,
         _part_missing(_dutch, SELLER_ADDRESS, ("BT-35", "BT-37", "BT-38"))),
    Rule("NL-R-003", DOCUMENT, "BT-30-1", "The Dutch seller's company number is no KVK (0106) or OIN (0190)",
         "Give company_accounts.legal_id_scheme 0106 or 0190.", _scheme(_dutch, "BT-30")),
    Rule("NL-R-004", DOCUMENT, "BT-50", "The Dutch buyer's address is incomplete", _ADDRESS_FIX,
         _part_missing(_both_dutch, BUYER_ADDRESS, ("BT-50", "BT-52", "BT-53"))),
    Rule("NL-R-005", DOCUMENT, "BT-47-1", "The Dutch buyer's company number is no KVK (0106) or OIN (0190)",
         "Give customers.legal_id_scheme 0106 or 0190.", _scheme(_both_dutch, "BT-47")),
    Rule("NL-R-006", DOCUMENT, "BT-64", "The Dutch tax representative's address is incomplete", _ADDRESS_FIX,
         _part_missing(_represented_dutch, REPRESENTATIVE_ADDRESS, ("BT-64", "BT-66", "BT-67"))),
    Rule("NL-R-007", DOCUMENT, "BT-81", "A Dutch seller must say how the amount due is paid",
         "Give the company account an IBAN.", _no_payment),
    Rule("NL-R-008", "BG-16", "BT-81", "Dutch parties use payment means 30, 48, 49, 57, 58 or 59",
         "Use one of these codes.", _other_means),
    Rule("NL-R-009", "BG-25", "BT-132", "A line names an order line, but the document no order",
         "Give order_reference.", _order_line),
    Rule("DE-R-001", DOCUMENT, "BT-81", "German parties must say how the invoice is paid",
         "Give the company account an IBAN.", _unpaid),
    Rule("DE-R-002", DOCUMENT, "BT-41", "The German seller's contact is missing",
         "Give company_accounts.contact_name, phone and email.", _no_contact),
    *(
        Rule(rule, DOCUMENT, term, f"The German seller's {what} is missing", "Complete the company account.",
             _part_missing(_german, whole, (term,)))
        for rule, term, what, whole in (
            ("DE-R-003", "BT-37", "city", SELLER_ADDRESS), ("DE-R-004", "BT-38", "postcode", SELLER_ADDRESS),
            ("DE-R-005", "BT-41", "contact", _CONTACT), ("DE-R-006", "BT-42", "telephone", _CONTACT),
            ("DE-R-007", "BT-43", "e-mail address", _CONTACT),
        )
    ),
    *(
        Rule(rule, DOCUMENT, term, f"The {where} has no {what}", "Complete the address.",
             _part_missing(_german, whole, (term,)))
        for rule, term, what, where, whole in (
            ("DE-R-008", "BT-52", "city", "German buyer's address", BUYER_ADDRESS),
            ("DE-R-009", "BT-53", "postcode", "German buyer's address", BUYER_ADDRESS),
            ("DE-R-010", "BT-77", "city", "place of delivery", DELIVERY_ADDRESS),
            ("DE-R-011", "BT-78", "postcode", "place of delivery", DELIVERY_ADDRESS),
        )
    ),
    Rule("DE-R-014", "BG-23", "BT-119", "The VAT rate is missing", "Give the rate.",
         lambda facts: _german(facts)[facts.document("BG-23")] & facts.lacks("BG-23", "BT-119")),
    Rule("DE-R-015", DOCUMENT, "BT-10", "German parties need a buyer reference", "Give invoices.buyer_reference.",
         lambda facts: _german(facts) & facts.lacks(DOCUMENT, "BT-10")),
    Rule("DE-R-023-1", "BG-16", "BT-84", "A credit transfer names no account", "Give the company account an IBAN.",
         _means(_CREDIT_TRANSFER, lambda facts: ~_account(facts))),
    Rule("DE-R-023-2", "BG-16", "BT-81", "A credit transfer names a card or a mandate", "Keep one of them.",
         _means(_CREDIT_TRANSFER, lambda facts: _card(facts) | _mandate(facts))),
    Rule("DE-R-024-1", "BG-16", "BT-87", "A card payment names no card", "Give the card.",
         _means(("48", "54", "55"), lambda facts: ~_card(facts))),
    Rule("DE-R-024-2", "BG-16", "BT-81", "A card payment names an account or a mandate", "Keep one of them.",
         _means(("48", "54", "55"), lambda facts: _account(facts) | _mandate(facts))),
    Rule("DE-R-025-1", "BG-16", "BT-89", "A direct debit names no mandate", "Give the customer a mandate.",
         _means(("59",), lambda facts: ~_mandate(facts))),
    Rule("DE-R-030", "BG-16", "BT-90", "A direct debit names no creditor", "Give company_accounts.creditor_id.",
         lambda facts: _debit(facts) & facts.lacks(DOCUMENT, "BT-90")[facts.document("BG-16")]),
    Rule("DE-R-031", "BG-16", "BT-91", "A direct debit names no debited account", "Give the mandate an IBAN.",
         lambda facts: _debit(facts) & facts.lacks("BG-16", "BT-91")),
    Rule("DE-R-025-2", "BG-16", "BT-81", "A direct debit names an account of the seller or a card",
         "Keep one of them.", _means(("59",), lambda facts: _account(facts) | _card(facts))),
)  # fmt: skip
