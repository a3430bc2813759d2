"""Germany: XRechnung 3.0 (BR-DE), and what Peppol asks of invoices between German parties in the same words (DE-R)."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.rules.national import part_missing
from invoicebatch.formats.validation.rules.parties import (
    BUYER_ADDRESS,
    DELIVERY_ADDRESS,
    REPRESENTATIVE,
    SELLER_ADDRESS,
    any_of,
)
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

Broken = Callable[[Facts], Mask]

SKONTO: Final = re.compile(r"#SKONTO#TAGE=\d+#PROZENT=\d+\.\d{2}(#BASISBETRAG=-?\d+\.\d{2})?#")
"""How a line of the payment terms grants a discount for early payment (BR-DE-18)."""

_CREDIT_TRANSFER: Final = ("30", "58")
_CARD: Final = ("48", "54", "55")
_CONTACT: Final = ("BT-41", "BT-42", "BT-43")
_ACCOUNT: Final = ("BT-84", "BT-85", "BT-86")
_CARD_TERMS: Final = ("BT-87", "BT-88")
_MANDATE: Final = ("BT-89", "BT-91")
_TAXED: Final = ("S", "Z", "E", "AE", "K", "G", "L", "M")


def _between_germans(facts: Facts) -> Mask:
    return facts.between("DE")


def _everywhere(facts: Facts) -> Mask:
    return np.ones(facts.count, bool)


def _means(where: Broken, codes: tuple[str, ...], broken: Broken) -> Broken:
    def rule(facts: Facts) -> Mask:
        mine = where(facts)[facts.document("BG-16")]
        return mine & facts.is_in("BG-16", "BT-81", codes) & broken(facts)

    return rule


def _says(facts: Facts, terms: tuple[str, ...]) -> Mask:
    """Payment instructions that have one of the terms."""
    return any_of(facts, terms, "BG-16")


def _unpaid(facts: Facts) -> Mask:
    return facts.number_of("BG-16") == 0


def _untaxed_seller(facts: Facts) -> Mask:
    """BR-DE-16: a category with VAT, and nothing that names the seller's tax number."""
    taxed = np.zeros(facts.count, bool)
    for code in _TAXED:
        taxed |= facts.uses(LINE, code) | facts.uses("BG-20", code) | facts.uses("BG-21", code)
    return taxed & ~any_of(facts, ("BT-31", "BT-32", *REPRESENTATIVE))


def bad_skonto(terms: str) -> bool:
    """Whether a line of payment terms that begins with # is no discount in the form of BR-DE-18."""
    lines = [line.strip() for line in terms.splitlines()]
    return any(line.startswith("#") and SKONTO.fullmatch(line) is None for line in lines)


def _skonto(facts: Facts) -> Mask:
    frame = facts.frame(DOCUMENT)
    if "BT-20" not in frame:
        return np.zeros(facts.count, bool)
    bad = {text: bad_skonto(text) for text in frame["BT-20"].dropna().unique() if "#" in text}
    return frame["BT-20"].isin([text for text, is_bad in bad.items() if is_bad]).to_numpy(bool)


def _same_file_name(facts: Facts) -> Mask:
    frame = facts.frame("BG-24")
    if "BT-125-2" not in frame:
        return np.zeros(facts.count, bool)
    named = pd.DataFrame({"document": facts.document("BG-24"), "name": frame["BT-125-2"].to_numpy()})
    again = named["name"].notna() & named.duplicated()
    return facts.any_of("BG-24", again.to_numpy(bool))


def _rules(number: Callable[[str], str], where: Broken) -> Iterator[Rule]:
    def document(rule: str, term: str, says: str, fix: str, broken: Broken) -> Rule:
        return Rule(number(rule), DOCUMENT, term, says, fix, lambda facts: where(facts) & broken(facts))

    def means(rule: str, term: str, says: str, codes: tuple[str, ...], broken: Broken, fix: str) -> Rule:
        return Rule(number(rule), "BG-16", term, says, fix, _means(where, codes, broken))

    def debit(rule: str, term: str, says: str, fix: str, broken: Broken) -> Rule:
        return Rule(number(rule), "BG-16", term, says, fix,
                    lambda facts: where(facts)[facts.document("BG-16")] & _says(facts, _MANDATE) & broken(facts))  # fmt: skip

    yield document(
        "1", "BT-81", "The document must say how it is paid", "Give the company account an IBAN.", _unpaid
    )
    yield document("2", "BT-41", "The seller's contact is missing",
                   "Give company_accounts.contact_name, phone and email.", lambda facts: ~any_of(facts, _CONTACT))  # fmt: skip
    for rule, term, what, whole in (
        ("3", "BT-37", "seller's city", SELLER_ADDRESS), ("4", "BT-38", "seller's postcode", SELLER_ADDRESS),
        ("5", "BT-41", "seller's contact", _CONTACT), ("6", "BT-42", "seller's telephone", _CONTACT),
        ("7", "BT-43", "seller's e-mail address", _CONTACT), ("8", "BT-52", "buyer's city", BUYER_ADDRESS),
        ("9", "BT-53", "buyer's postcode", BUYER_ADDRESS), ("10", "BT-77", "city of delivery", DELIVERY_ADDRESS),
        ("11", "BT-78", "postcode of delivery", DELIVERY_ADDRESS),
    ):  # fmt: skip
        says, fix = f"The {what} is missing", "Complete the company account, or the customer."
        yield Rule(number(rule), DOCUMENT, term, says, fix, part_missing(where, whole, (term,)))
    yield Rule(number("14"), "BG-23", "BT-119", "The VAT rate is missing", "Give the rate.",
               lambda facts: where(facts)[facts.document("BG-23")] & facts.lacks("BG-23", "BT-119"))  # fmt: skip
    yield document("15", "BT-10", "The buyer reference (for public bodies the Leitweg-ID) is missing",
                   "Give invoices.buyer_reference.", lambda facts: facts.lacks(DOCUMENT, "BT-10"))  # fmt: skip
    yield document(
        "16", "BT-31", "The seller has no VAT or tax number", "Give company_accounts.vat_id.", _untaxed_seller
    )
    yield document("18", "BT-20", "A discount for early payment is not #SKONTO#TAGE=14#PROZENT=2.00#",
                   "Write each on a line of its own, in that form.", _skonto)  # fmt: skip
    yield document(
        "22", "BT-125-2", "Two attachments have the same file name", "Rename one.", _same_file_name
    )
    yield means("23-a", "BT-84", "A credit transfer names no account", _CREDIT_TRANSFER, lambda facts: ~_says(facts, _ACCOUNT),
                "Give the company account an IBAN.")  # fmt: skip
    yield means("23-b", "BT-81", "A credit transfer names a card or a mandate", _CREDIT_TRANSFER,
                lambda facts: _says(facts, (*_CARD_TERMS, *_MANDATE)), "Keep one of them.")  # fmt: skip
    yield means(
        "24-a",
        "BT-87",
        "A card payment names no card",
        _CARD,
        lambda facts: ~_says(facts, _CARD_TERMS),
        "Give the card.",
    )
    yield means("24-b", "BT-81", "A card payment names an account or a mandate", _CARD,
                lambda facts: _says(facts, (*_ACCOUNT, *_MANDATE)), "Keep one of them.")  # fmt: skip
    yield means("25-a", "BT-89", "A direct debit names no mandate", ("59",), lambda facts: ~_says(facts, _MANDATE),
                "Give the customer a mandate.")  # fmt: skip
    yield means("25-b", "BT-81", "A direct debit names an account of the seller or a card", ("59",),
                lambda facts: _says(facts, (*_ACCOUNT, *_CARD_TERMS)), "Keep one of them.")  # fmt: skip
    yield debit("30", "BT-90", "A direct debit names no creditor", "Give company_accounts.creditor_id.",
                lambda facts: facts.lacks(DOCUMENT, "BT-90")[facts.document("BG-16")])  # fmt: skip
    yield debit("31", "BT-91", "A direct debit names no debited account", "Give the mandate an IBAN.",
                lambda facts: facts.lacks("BG-16", "BT-91"))  # fmt: skip


def _of_peppol(rule: str) -> str:
    """`23-a` of XRechnung is `DE-R-023-1` in Peppol."""
    number, _, letter = rule.partition("-")
    return f"DE-R-{int(number):03d}" + ({"a": "-1", "b": "-2"}[letter] if letter else "")


RULES: Final = (*_rules(_of_peppol, _between_germans), *_rules(lambda rule: f"BR-DE-{rule}", _everywhere))
