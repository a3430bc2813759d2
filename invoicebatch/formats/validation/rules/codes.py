"""Code lists: EN 16931 BR-CL, and the Peppol rules that ask the same of the same codes."""

from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.official import code_lists
from invoicebatch.formats.validation.rule_sets import RuleSet
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES, DOCUMENT, LINE, TERMS

_COUNTRIES: Final = ("BT-40", "BT-55", "BT-69", "BT-80")

LISTED: Final = (
    ("BR-CL-04", DOCUMENT, "BT-5", "currency (ISO 4217)"),
    ("BR-CL-05", DOCUMENT, "BT-6", "currency (ISO 4217)"),
    ("BR-CL-06", DOCUMENT, "BT-8", "tax point code (UNCL 2005)"),
    ("PEPPOL-EN16931-CL006", DOCUMENT, "BT-8", "tax point code (UNCL 2005)"),
    ("BR-CL-07", DOCUMENT, "BT-18-1", "invoiced object scheme (UNTDID 1153)"),
    ("BR-CL-07", LINE, "BT-128-1", "invoiced object scheme (UNTDID 1153)"),
    ("BR-CL-10", "BT-29", "BT-29-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-10", DOCUMENT, "BT-46-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-10", DOCUMENT, "BT-60-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-11", DOCUMENT, "BT-30-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-11", DOCUMENT, "BT-47-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-11", DOCUMENT, "BT-61-1", "identifier scheme (ISO 6523)"),
    ("BR-CL-13", "BT-158", "BT-158-1", "classification list (UNTDID 7143)"),
    *(("BR-CL-14", DOCUMENT, term, "country (ISO 3166-1)") for term in _COUNTRIES),
    ("BR-CL-15", LINE, "BT-159", "country (ISO 3166-1)"),
    ("BR-CL-16", "BG-16", "BT-81", "payment means (UNCL 4461)"),
    ("BR-CL-17", "BG-20", "BT-95", "VAT category (UNCL 5305)"),
    ("BR-CL-17", "BG-21", "BT-102", "VAT category (UNCL 5305)"),
    ("BR-CL-17", "BG-23", "BT-118", "VAT category (UNCL 5305)"),
    ("BR-CL-18", LINE, "BT-151", "VAT category (UNCL 5305)"),
    ("BR-CL-19", "BG-20", "BT-98", "reason of an allowance (UNCL 5189)"),
    ("BR-CL-19", "BG-27", "BT-140", "reason of an allowance (UNCL 5189)"),
    ("PEPPOL-EN16931-CL002", "BG-20", "BT-98", "reason of an allowance (UNCL 5189)"),
    ("PEPPOL-EN16931-CL002", "BG-27", "BT-140", "reason of an allowance (UNCL 5189)"),
    ("BR-CL-20", "BG-21", "BT-105", "reason of a charge (UNCL 7161)"),
    ("BR-CL-20", "BG-28", "BT-145", "reason of a charge (UNCL 7161)"),
    ("PEPPOL-EN16931-CL003", "BG-21", "BT-105", "reason of a charge (UNCL 7161)"),
    ("PEPPOL-EN16931-CL003", "BG-28", "BT-145", "reason of a charge (UNCL 7161)"),
    ("BR-CL-21", LINE, "BT-157-1", "item identifier scheme (ISO 6523)"),
    ("BR-CL-22", "BG-23", "BT-121", "exemption reason (VATEX)"),
    ("BR-CL-23", LINE, "BT-130", "unit (UN/ECE Rec 20 and 21)"),
    ("BR-CL-23", LINE, "BT-150", "unit (UN/ECE Rec 20 and 21)"),
    ("BR-CL-24", "BG-24", "BT-125-1", "media type of an attachment"),
    ("PEPPOL-EN16931-CL001", "BG-24", "BT-125-1", "media type of an attachment"),
    ("BR-CL-25", DOCUMENT, "BT-34-1", "electronic address scheme (EAS)"),
    ("BR-CL-25", DOCUMENT, "BT-49-1", "electronic address scheme (EAS)"),
    ("PEPPOL-EN16931-CL008", DOCUMENT, "BT-34-1", "electronic address scheme (EAS)"),
    ("PEPPOL-EN16931-CL008", DOCUMENT, "BT-49-1", "electronic address scheme (EAS)"),
    ("BR-CL-26", DOCUMENT, "BT-71-1", "location identifier scheme (ISO 6523)"),
)
"""Rule, group, term, and what the code is."""


def _unlisted(facts: Facts, rule: str, group: str, term: str, add: frozenset[str] = frozenset()) -> Mask:
    """Rows whose code is not in the list that the rule has: EN 16931's own, else that of the document's set."""
    own = code_lists().get(rule)
    if own is not None:
        return ~facts.is_in(group, term, frozenset().union(*own, add))

    def outside(found: RuleSet) -> Mask:
        codes = facts.known.lists.get(found.code_lists.get(rule, ""))
        return ~facts.is_in(group, term, codes) if codes else np.zeros(len(facts.frame(group)), bool)

    return facts.by_set(group, outside)


def _code_list_rule(rule: str, group: str, term: str, what: str) -> Rule:
    def broken(facts: Facts) -> Mask:
        present = facts.has(group, term)
        if not present.any():
            return present
        lower = (
            frozenset(code.lower() for code in code_lists()[rule][0]) if rule == "BR-CL-22" else frozenset()
        )
        return present & _unlisted(facts, rule, group, term, lower)

    return Rule(rule, group, term, f"{TERMS[term].name} is no {what}", "Use a code of that list.", broken)


def _amount_currency(rule: str) -> Rule:
    """The currencies that stand on amounts: BT-5 on all, BT-6 on BT-111."""

    def broken(facts: Facts) -> Mask:
        accounting = facts.has(DOCUMENT, "BT-111") & _unlisted(facts, rule, DOCUMENT, "BT-6")
        return _unlisted(facts, rule, DOCUMENT, "BT-5") | accounting

    return Rule(
        rule, DOCUMENT, "BT-5", "The currency of an amount is no currency (ISO 4217)", "Use EUR, say.", broken
    )


def _type_code(rule: str, credit: bool) -> Rule:
    def broken(facts: Facts) -> Mask:
        credit_note = facts.is_in(DOCUMENT, "BT-3", CREDIT_NOTE_CODES)
        mine = (credit_note if credit else ~credit_note) & facts.has(DOCUMENT, "BT-3")
        typed = facts.by_set(DOCUMENT, lambda found: facts.matches("BT-23", found.typed_processes))
        return mine & typed & _unlisted(facts, rule, DOCUMENT, "BT-3")

    return Rule(rule, DOCUMENT, "BT-3", "The type code is none of the list", "Use 380 or 381.", broken)


def _standard_type_code(credit: bool) -> Rule:
    """BR-CL-01 has a list for each of the two documents of UBL."""

    def broken(facts: Facts) -> Mask:
        credit_note = facts.is_in(DOCUMENT, "BT-3", CREDIT_NOTE_CODES)
        mine = credit_note if credit else ~credit_note
        listed = facts.is_in(DOCUMENT, "BT-3", code_lists()["BR-CL-01"][int(credit)])
        return mine & facts.has(DOCUMENT, "BT-3") & ~listed

    return Rule("BR-CL-01", DOCUMENT, "BT-3", "The type code is none of the list", "Use 380 or 381.", broken)


RULES: Final = (
    *(_code_list_rule(*row) for row in LISTED),
    _amount_currency("BR-CL-03"),
    _amount_currency("PEPPOL-EN16931-CL007"),
    _standard_type_code(credit=False),
    _standard_type_code(credit=True),
    _type_code("PEPPOL-EN16931-P0100", credit=False),
    _type_code("PEPPOL-EN16931-P0101", credit=True),
)
