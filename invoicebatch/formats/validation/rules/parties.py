"""Seller, buyer, payee, representative and place of delivery: EN 16931 BR-06 to BR-11, BR-17 to BR-20, BR-56, BR-57."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.official import code_lists
from invoicebatch.model.en16931.terms import DOCUMENT

SELLER_ADDRESS: Final = ("BT-35", "BT-36", "BT-162", "BT-37", "BT-38", "BT-39", "BT-40")
BUYER_ADDRESS: Final = ("BT-50", "BT-51", "BT-163", "BT-52", "BT-53", "BT-54", "BT-55")
REPRESENTATIVE_ADDRESS: Final = ("BT-64", "BT-65", "BT-164", "BT-66", "BT-67", "BT-68", "BT-69")
DELIVERY_ADDRESS: Final = ("BT-75", "BT-76", "BT-165", "BT-77", "BT-78", "BT-79", "BT-80")
PAYEE: Final = ("BT-59", "BT-60", "BT-61")
REPRESENTATIVE: Final = ("BT-62", "BT-63", *REPRESENTATIVE_ADDRESS)


def any_of(facts: Facts, terms: Iterable[str], group: str = DOCUMENT) -> Mask:
    """Rows of a group that have one of the terms."""
    found = np.zeros(len(facts.frame(group)), bool)
    for term in terms:
        found |= facts.has(group, term)
    return found


def _missing(rule: str, term: str, what: str, fix: str) -> Rule:
    return Rule(rule, DOCUMENT, term, f"{what} is missing", fix, lambda facts: facts.lacks(DOCUMENT, term))


def _no_address(rule: str, term: str, who: str, terms: tuple[str, ...], fix: str) -> Rule:
    return Rule(
        rule, DOCUMENT, term, f"The {who}'s address is missing", fix, lambda facts: ~any_of(facts, terms)
    )


def _no_country(rule: str, terms: tuple[str, ...], whose: str, fix: str) -> Rule:
    *_, country = terms

    def broken(facts: Facts) -> Mask:
        return any_of(facts, terms) & facts.lacks(DOCUMENT, country)

    return Rule(rule, DOCUMENT, country, f"The country of {whose} is missing", fix, broken)


def _no_scheme(rule: str, term: str, whose: str, table: str) -> Rule:
    def broken(facts: Facts) -> Mask:
        return facts.has(DOCUMENT, term) & facts.lacks(DOCUMENT, f"{term}-1")

    says = f"The {whose}'s electronic address has no scheme"
    return Rule(rule, DOCUMENT, f"{term}-1", says, f"Give {table}.endpoint_scheme, such as 0208.", broken)


def _unknown_seller(facts: Facts) -> Mask:
    identifiers = facts.any_of("BT-29", facts.has("BT-29", "BT-29"))
    return ~(any_of(facts, ("BT-31", "BT-30")) | identifiers)


def payee_is_seller(facts: Facts, name: str) -> Mask:
    """A payee without a name, or with that of the seller: BR-17 looks at its trading name, UBL-SR-19 to 21 at the registered one."""
    frame = facts.frame(DOCUMENT)
    unnamed = facts.lacks(DOCUMENT, "BT-59")
    if "BT-59" in frame and name in frame:
        unnamed |= frame["BT-59"].eq(frame[name]).fillna(value=False).to_numpy(bool)
    return any_of(facts, PAYEE) & unnamed


def _represented(facts: Facts, term: str) -> Mask:
    return any_of(facts, REPRESENTATIVE) & facts.lacks(DOCUMENT, term)


def _vat_prefix(term: str, whose: str) -> Rule:
    def broken(facts: Facts) -> Mask:
        frame = facts.frame(DOCUMENT)
        if term not in frame:
            return np.zeros(facts.count, bool)
        (countries,) = code_lists()["BR-CO-09"]
        known = frame[term].str.strip().str[:2].isin(countries).to_numpy(bool)
        return facts.has(DOCUMENT, term) & ~known

    says = f"The {whose} VAT identifier does not begin with its country"
    return Rule(
        "BR-CO-09", DOCUMENT, term, says, "Write it with the country's prefix, such as NL or BE.", broken
    )


RULES: Final = (
    _missing("BR-06", "BT-27", "The seller's name", "Give company_accounts.name."),
    _missing("BR-07", "BT-44", "The buyer's name", "Give customers.name."),
    _no_address("BR-08", "BT-35", "seller", SELLER_ADDRESS, "Give the company account an address."),
    _no_country("BR-09", SELLER_ADDRESS, "the seller", "Give company_accounts.country."),
    _no_address("BR-10", "BT-50", "buyer", BUYER_ADDRESS, "Give the customer an address."),
    _no_country("BR-11", BUYER_ADDRESS, "the buyer", "Give customers.country."),
    Rule("BR-17", DOCUMENT, "BT-59", "The payee has no name, or is the seller", "Name another payee, or none.",
         lambda facts: payee_is_seller(facts, "BT-28")),
    Rule("BR-18", DOCUMENT, "BT-62", "The tax representative has no name", "Give its name.",
         lambda facts: _represented(facts, "BT-62")),
    Rule("BR-19", DOCUMENT, "BT-64", "The tax representative has no address", "Give its address.",
         lambda facts: any_of(facts, REPRESENTATIVE) & ~any_of(facts, REPRESENTATIVE_ADDRESS)),
    _no_country("BR-20", REPRESENTATIVE_ADDRESS, "the tax representative", "Give its country."),
    Rule("BR-56", DOCUMENT, "BT-63", "The tax representative has no VAT identifier", "Give its VAT identifier.",
         lambda facts: _represented(facts, "BT-63")),
    _no_country("BR-57", DELIVERY_ADDRESS, "the place of delivery", "Give the country of delivery (BT-80)."),
    _no_scheme("BR-62", "BT-34", "seller", "company_accounts"),
    _no_scheme("BR-63", "BT-49", "buyer", "customers"),
    _vat_prefix("BT-31", "seller's"),
    _vat_prefix("BT-48", "buyer's"),
    _vat_prefix("BT-63", "tax representative's"),
    Rule("BR-CO-26", DOCUMENT, "BT-30", "The seller has neither a VAT identifier nor a company number",
         "Give company_accounts.vat_id or legal_id.", _unknown_seller),
)  # fmt: skip
