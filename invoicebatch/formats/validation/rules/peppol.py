"""Peppol BIS Billing 3: what it asks beyond EN 16931 (PEPPOL-EN16931-R, -P and COMMON rules)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.formats.validation.facts import Facts, Integers, Mask, Rule, sums
from invoicebatch.formats.validation.rule_sets import RuleSet
from invoicebatch.formats.validation.rules.identifiers import DUTCH_VAT, IDENTIFIERS, wrong
from invoicebatch.formats.validation.rules.totals import same_currency
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

_SLACK: Final = Decimal("0.02")
_DOUBTFUL: Final = 1e-6
Broken = Callable[[Facts], Mask]


def _no_match(facts: Facts, term: str, pattern: Callable[[RuleSet], str]) -> Mask:
    return facts.by_set(DOCUMENT, lambda found: ~facts.matches(term, pattern(found)))


def _several_notes(facts: Facts) -> Mask:
    count = facts.number_of("BG-1")
    return (count > 1) & ~facts.between("DE")


def _other_sign(facts: Facts) -> Mask:
    product = np.sign(facts.integers(DOCUMENT, "BT-110")) * np.sign(facts.integers(DOCUMENT, "BT-111"))
    either = facts.lacks(DOCUMENT, "BT-110") | facts.lacks(DOCUMENT, "BT-111")
    return facts.has(DOCUMENT, "BT-6") & ((product < 0) | either)


def _no_breakdown(facts: Facts) -> Mask:
    return facts.number_of("BG-23") == 0


def _bare_totals(facts: Facts) -> Mask:
    """R054: one VAT total without a breakdown where there is an accounting currency, else none."""
    bare = facts.has(DOCUMENT, "BT-111").astype(int) + (facts.has(DOCUMENT, "BT-110") & _no_breakdown(facts))
    return bare != facts.has(DOCUMENT, "BT-6")


def _percentage(group: str, amount: str, base: str, percentage: str) -> tuple[Broken, Broken, Broken]:
    """R040, R041 and R042 of one group of allowances or charges."""

    def off(facts: Facts) -> Mask:
        both = facts.has(group, base) & facts.has(group, percentage)
        exact = facts.integers(group, base) * facts.integers(group, percentage)
        return both & (np.abs(facts.integers(group, amount) * 1_000_000 - exact) > 2_000_000)

    return (
        off,
        lambda facts: facts.has(group, percentage) & facts.lacks(group, base),
        lambda facts: facts.has(group, base) & facts.lacks(group, percentage),
    )


def _percentage_rules() -> tuple[Rule, ...]:
    rules = []
    for group, amount, base, percentage in (
        ("BG-20", "BT-92", "BT-93", "BT-94"),
        ("BG-21", "BT-99", "BT-100", "BT-101"),
        ("BG-27", "BT-136", "BT-137", "BT-138"),
        ("BG-28", "BT-141", "BT-142", "BT-143"),
    ):
        off, no_base, no_rate = _percentage(group, amount, base, percentage)
        rules += [
            Rule("PEPPOL-EN16931-R040", group, amount, "The amount is not base × percentage", "Correct one of the three.", off),
            Rule("PEPPOL-EN16931-R041", group, base, "A percentage has no base amount", "Give the base amount.", no_base),
            Rule("PEPPOL-EN16931-R042", group, percentage, "A base amount has no percentage", "Give the percentage.", no_rate),
        ]  # fmt: skip
    return tuple(rules)


def _outside(line: str, document: str, before: bool) -> Broken:
    """R110 and R111: a line's period outside the document's."""

    def broken(facts: Facts) -> Mask:
        lines, documents = facts.frame(LINE), facts.frame(DOCUMENT)
        if line not in lines or document not in documents:
            return np.zeros(len(lines), bool)
        bound = documents[document].to_numpy()[facts.document(LINE)]
        values = lines[line].to_numpy()
        return np.asarray(values < bound if before else values > bound)

    return broken


def _floats(frame: pd.DataFrame, term: str, missing: float) -> npt.NDArray[np.float64]:
    if term not in frame:
        return np.full(len(frame), missing)
    array = pa.Array.from_pandas(frame[term])
    return np.asarray(pc.fill_null(pc.cast(array, pa.float64()), missing), np.float64)


def _added(facts: Facts) -> Integers:
    """Charges less allowances of each line, in cents."""
    lines = len(facts.frame(LINE))
    total = np.zeros(lines, np.int64)
    for group, amount, sign in (("BG-27", "BT-136", -1), ("BG-28", "BT-141", 1)):
        frame = facts.frame(group)
        if len(frame):
            total += sign * sums(frame[PARENT].to_numpy(np.int64), facts.integers(group, amount), lines)
    return total


def _wrong_net(facts: Facts) -> Mask:
    """R120: net amount is quantity × price / base ± 0.02, plus charges less allowances.

    Worked out in floating point first; rows within a hair of the limit are decided exactly.
    """
    frame = facts.frame(LINE)
    base = _floats(frame, "BT-149", 1.0)
    base = np.where(base == 0, 1.0, base)
    expected = _floats(frame, "BT-129", 1.0) * _floats(frame, "BT-146", 0.0) / base
    added, net = _added(facts), facts.integers(LINE, "BT-131")
    distance = np.abs((net - added) / 100 - expected) - float(_SLACK)
    broken: Mask = distance > 0
    near = np.abs(distance) < np.maximum(_DOUBTFUL, np.abs(expected) * 1e-12)
    for row in np.flatnonzero(near):
        broken[row] = _exactly_wrong(frame, int(row), int(net[row] - added[row]))
    return broken


def _exactly_wrong(frame: pd.DataFrame, row: int, net_cents: int) -> bool:
    quantity, price = (
        frame[term].iloc[row] if term in frame and pd.notna(frame[term].iloc[row]) else default
        for term, default in (("BT-129", Decimal(1)), ("BT-146", Decimal(0)))
    )
    base = frame["BT-149"].iloc[row] if "BT-149" in frame else None
    base = base if base is not None and pd.notna(base) and base != 0 else Decimal(1)
    return bool(abs(Decimal(net_cents).scaleb(-2) - quantity * price / base) > _SLACK)


def _base_not_positive(facts: Facts) -> Mask:
    frame = facts.frame(LINE)
    return facts.has(LINE, "BT-149") & (_floats(frame, "BT-149", 1.0) <= 0)


def _other_unit(facts: Facts) -> Mask:
    frame = facts.frame(LINE)
    if "BT-150" not in frame:
        return np.zeros(len(frame), bool)
    different = frame["BT-150"].ne(frame["BT-130"]).to_numpy(bool)
    return facts.has(LINE, "BT-150") & facts.has(LINE, "BT-149") & facts.has(LINE, "BT-129") & different


def _discounted(facts: Facts) -> Mask:
    """R046: net price is gross price less discount."""
    frame = facts.frame(LINE)
    rows = facts.has(LINE, "BT-148") & facts.has(LINE, "BT-146")
    if not rows.any():
        return rows
    gross, net = (frame[term][rows].to_numpy() for term in ("BT-148", "BT-146"))
    discount = [value if pd.notna(value) else Decimal(0) for value in frame["BT-147"][rows]]
    broken = np.zeros(len(frame), bool)
    broken[rows] = gross - np.array(discount, object) != net
    return broken


def _no_mandate(facts: Facts) -> Mask:
    return facts.is_in("BG-16", "BT-81", ("49", "59")) & facts.lacks("BG-16", "BT-89")


def _german_code(facts: Facts) -> Mask:
    return facts.is_in(DOCUMENT, "BT-3", ("326", "384")) & ~facts.between("DE")


def _exemption(rule: str, code: str, category: str) -> Rule:
    def broken(facts: Facts) -> Mask:
        reason = facts.is_in("BG-23", "BT-121", (code, code.lower()))
        return reason & ~facts.in_category("BG-23", category)

    says = f"The exemption code {code} belongs to VAT category {category}"
    return Rule(
        f"PEPPOL-EN16931-{rule}", "BG-23", "BT-121", says, "Correct the code or the category.", broken
    )


def _identifier_rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(rule, group, term, f"The identifier is no valid {what}", "Correct its digits, or its scheme.",
             lambda facts, g=group, t=term, s=scheme: wrong(facts, g, t, s))  # type: ignore[misc]
        for scheme, (rule, what, _) in IDENTIFIERS.items()
        for group, term in (
            (DOCUMENT, "BT-34"), (DOCUMENT, "BT-49"), (DOCUMENT, "BT-30"), (DOCUMENT, "BT-47"), (DOCUMENT, "BT-61"),
            (DOCUMENT, "BT-46"), (DOCUMENT, "BT-60"), ("BT-29", "BT-29"),
        )
    )  # fmt: skip


def _rule(number: str, group: str, term: str, says: str, fix: str, broken: Broken) -> Rule:
    return Rule(f"PEPPOL-EN16931-{number}", group, term, says, fix, broken)


RULES: Final = (
    _rule("R001", DOCUMENT, "BT-23", "The business process is missing", "Export with profile peppol.",
          lambda facts: facts.lacks(DOCUMENT, "BT-23")),
    _rule("R002", DOCUMENT, "BT-22", "There is more than one note", "Join the notes.", _several_notes),
    _rule("R003", DOCUMENT, "BT-10", "Neither a buyer reference nor a purchase order is given",
          "Give invoices.buyer_reference or order_reference; the buyer says which.",
          lambda facts: facts.lacks(DOCUMENT, "BT-10") & facts.lacks(DOCUMENT, "BT-13")),
    _rule("R004", DOCUMENT, "BT-24", "The specification identifier is not Peppol's", "Export with profile peppol.",
          lambda facts: _no_match(facts, "BT-24", lambda found: found.identifier)),
    _rule("R005", DOCUMENT, "BT-6", "The accounting currency is the currency of the invoice", "Leave BT-6 out.",
          same_currency),
    _rule("R007", DOCUMENT, "BT-23", "The business process is unknown", "Export with profile peppol.",
          lambda facts: _no_match(facts, "BT-23", lambda found: found.processes)),
    _rule("R010", DOCUMENT, "BT-49", "The buyer has no electronic address",
          "Give customers.endpoint_id and endpoint_scheme, or export with profile en16931.",
          lambda facts: facts.lacks(DOCUMENT, "BT-49")),
    _rule("R020", DOCUMENT, "BT-34", "The seller has no electronic address",
          "Give company_accounts.endpoint_id and endpoint_scheme.", lambda facts: facts.lacks(DOCUMENT, "BT-34")),
    *_percentage_rules(),
    _rule("R046", LINE, "BT-148", "The price is not gross price less discount", "Correct one of the three.", _discounted),
    _rule("R051", DOCUMENT, "BT-5", "The amounts have no currency", "Give the invoice a currency.",
          lambda facts: facts.lacks(DOCUMENT, "BT-5")),
    _rule("R053", DOCUMENT, "BG-23", "The VAT breakdown is missing", "Give the VAT per category.", _no_breakdown),
    _rule("R054", DOCUMENT, "BT-111", "The VAT total in the accounting currency and that currency do not come together",
          "Give both, or none.", _bare_totals),
    _rule("R055", DOCUMENT, "BT-111", "The two VAT totals have different signs", "Correct one.", _other_sign),
    _rule("R061", "BG-16", "BT-89", "A direct debit names no mandate", "Give the customer a mandate.", _no_mandate),
    _rule("R110", LINE, "BT-134", "The line's period starts before the document's", "Correct one of the periods.",
          _outside("BT-134", "BT-73", before=True)),
    _rule("R111", LINE, "BT-135", "The line's period ends after the document's", "Correct one of the periods.",
          _outside("BT-135", "BT-74", before=False)),
    _rule("R120", LINE, "BT-131", "The net amount is not quantity × price", "Correct the quantity, price or amount.",
          _wrong_net),
    _rule("R121", LINE, "BT-149", "The base quantity of the price is not above zero", "Correct price_base.",
          _base_not_positive),
    _rule("R130", LINE, "BT-150", "The price is of another unit than the quantity", "Use one unit.", _other_unit),
    _rule("P0112", DOCUMENT, "BT-3", "Type codes 326 and 384 are for German parties only", "Use 380.", _german_code),
    _exemption("P0104", "VATEX-EU-G", "G"),
    _exemption("P0105", "VATEX-EU-O", "O"),
    _exemption("P0106", "VATEX-EU-IC", "K"),
    _exemption("P0107", "VATEX-EU-AE", "AE"),
    _exemption("P0108", "VATEX-EU-D", "E"),
    _exemption("P0109", "VATEX-EU-F", "E"),
    _exemption("P0110", "VATEX-EU-I", "E"),
    _exemption("P0111", "VATEX-EU-J", "E"),
    *_identifier_rules(),
    *(
        Rule("PEPPOL-COMMON-R056-2", DOCUMENT, term, "The Dutch VAT number is not NL123456789B12", "Correct it.",
             lambda facts, t=term: facts.matches(t, "NL.*") & ~facts.matches(t, DUTCH_VAT))  # type: ignore[misc]
        for term in ("BT-31", "BT-48", "BT-63")
    ),
)  # fmt: skip
