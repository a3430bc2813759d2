"""What a document must have: EN 16931 BR-01 to BR-05, BR-16, periods, references, payment."""

from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

_CREDIT_TRANSFER: Final = ("30", "58")


def _missing(rule: str, term: str, what: str, fix: str, group: str = DOCUMENT) -> Rule:
    return Rule(rule, group, term, f"{what} is missing", fix, lambda facts: facts.lacks(group, term))


def _no_lines(facts: Facts) -> Mask:
    return facts.number_of(LINE) == 0


def _both_tax_points(facts: Facts) -> Mask:
    return facts.has(DOCUMENT, "BT-7") & facts.has(DOCUMENT, "BT-8")


def backwards(facts: Facts, group: str, start: str, end: str) -> Mask:
    """Rows whose period ends before it starts."""
    frame = facts.frame(group)
    if start not in frame or end not in frame:
        return np.zeros(len(frame), bool)
    return (frame[end] < frame[start]).to_numpy(bool)


def _no_account(facts: Facts) -> Mask:
    """BR-61, of 30 and 58 only; without a code nothing is asked for but the code (BR-49)."""
    return facts.is_in("BG-16", "BT-81", _CREDIT_TRANSFER) & facts.lacks("BG-16", "BT-84")


def _unnamed_account(facts: Facts) -> Mask:
    account = facts.has("BG-16", "BT-85") | facts.has("BG-16", "BT-86")
    return _no_account(facts) & account


def _no_accounting_total(facts: Facts) -> Mask:
    frame = facts.frame(DOCUMENT)
    if "BT-6" not in frame:
        return np.zeros(facts.count, bool)
    other = frame["BT-6"].ne(frame["BT-5"]).to_numpy(bool)
    return facts.has(DOCUMENT, "BT-6") & other & facts.lacks(DOCUMENT, "BT-111")


RULES: Final = (
    _missing("BR-01", "BT-24", "The specification identifier", "Choose a profile."),
    _missing("BR-02", "BT-1", "The invoice number", "Create the invoice, which gives it its number."),
    _missing("BR-03", "BT-2", "The invoice date", "Approve the invoice, which gives it its date."),
    _missing("BR-04", "BT-3", "The type code", "Give the document a kind."),
    _missing("BR-05", "BT-5", "The currency", "Give the document a currency."),
    Rule("BR-16", DOCUMENT, "BG-25", "The document has no lines", "Add at least one line.", _no_lines),
    Rule(
        "BR-29", DOCUMENT, "BT-74", "The invoicing period ends before it starts", "Correct period_start or period_end.",
        lambda facts: backwards(facts, DOCUMENT, "BT-73", "BT-74"),
    ),
    Rule(
        "BR-CO-03", DOCUMENT, "BT-8", "Both a tax point date and a code for it are given", "Keep one of the two.",
        _both_tax_points,
    ),
    Rule(
        "BR-53", DOCUMENT, "BT-111", "The VAT total in the accounting currency is missing",
        "Give BT-111, or leave the accounting currency (BT-6) out.",
        _no_accounting_total,
    ),
    _missing("BR-55", "BT-25", "The number of the preceding invoice", "Give preceding_number.", "BG-3"),
    _missing("UBL-SR-07", "BT-25", "The number of the preceding invoice", "Give preceding_number.", "BG-3"),
    _missing("BR-52", "BT-122", "The reference of an attachment", "Give the attachment a reference.", "BG-24"),
    _missing("BR-49", "BT-81", "The payment means code", "Give the payment a means code (UNCL 4461).", "BG-16"),
    Rule(
        "BR-61", "BG-16", "BT-84", "A credit transfer names no account", "Give the company account an IBAN.",
        _no_account,
    ),
    Rule(
        "BR-50", "BG-16", "BT-84", "The account of a credit transfer has no identifier",
        "Give the company account an IBAN.", _unnamed_account,
    ),
)  # fmt: skip
