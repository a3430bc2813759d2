"""Lines, their allowances and item details: EN 16931 BR-21 to BR-30, BR-41 to BR-44, BR-54, BR-64, BR-65."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.formats.validation.facts import Facts, Mask, Rule
from invoicebatch.formats.validation.rules.document import backwards
from invoicebatch.model.en16931.terms import LINE

Broken = Callable[[Facts], Mask]
_REASON: Final = "Give a reason or a reason code."


def _missing(rule: str, term: str, what: str, fix: str, group: str = LINE) -> Rule:
    return Rule(rule, group, term, f"{what} is missing", fix, lambda facts: facts.lacks(group, term))


def _negative(term: str) -> Broken:
    def broken(facts: Facts) -> Mask:
        frame = facts.frame(LINE)
        if term not in frame or frame.empty:
            return np.zeros(len(frame), bool)
        array = pa.Array.from_pandas(frame[term])
        return np.asarray(pc.fill_null(pc.less(array, pa.scalar(0, array.type)), fill_value=False))

    return broken


def _price_below_zero(facts: Facts) -> Mask:
    """BR-27 fails without a price too, beside BR-26."""
    below = _negative("BT-146")(facts)
    return below | facts.lacks(LINE, "BT-146")


def _no_reason(reason: str, code: str, group: str) -> Broken:
    return lambda facts: facts.lacks(group, reason) & facts.lacks(group, code)


def _allowance_rules() -> tuple[Rule, ...]:
    """Amount and reason of allowances and charges, on document and line (BR-31 … BR-44, BR-CO-21 … 24)."""
    rules = []
    for group, amount, reason, code, of_amount, of_category, *of_reason in (
        ("BG-20", "BT-92", "BT-97", "BT-98", "BR-31", "BR-32", "BR-33", "BR-CO-21"),
        ("BG-21", "BT-99", "BT-104", "BT-105", "BR-36", "BR-37", "BR-38", "BR-CO-22"),
        ("BG-27", "BT-136", "BT-139", "BT-140", "BR-41", "", "BR-42", "BR-CO-23"),
        ("BG-28", "BT-141", "BT-144", "BT-145", "BR-43", "", "BR-44", "BR-CO-24"),
    ):
        what = "allowance" if group in ("BG-20", "BG-27") else "charge"
        rules.append(
            _missing(
                of_amount,
                amount,
                f"The amount of an {what}".replace("an charge", "a charge"),
                "Give its amount.",
                group,
            )
        )
        if of_category:
            category = "BT-95" if group == "BG-20" else "BT-102"
            rules.append(
                _missing(
                    of_category, category, f"The VAT category of the {what}", "Give its VAT category.", group
                )
            )
        rules += [
            Rule(rule, group, reason, f"The {what} has no reason", _REASON, _no_reason(reason, code, group))
            for rule in of_reason
        ]
    return tuple(rules)


def _half_attribute(facts: Facts) -> Mask:
    return facts.lacks("BG-32", "BT-160") | facts.lacks("BG-32", "BT-161")


RULES: Final = (
    _missing("BR-21", "BT-126", "The line number", "Give the line a number."),
    _missing("BR-22", "BT-129", "The quantity", "Give the line a quantity."),
    Rule("BR-23", LINE, "BT-130", "The unit is missing", "Give a unit code, such as KWH.",
         lambda facts: facts.lacks(LINE, "BT-130") | facts.lacks(LINE, "BT-129")),
    _missing("BR-24", "BT-131", "The net amount of the line", "Give the line its net amount."),
    _missing("BR-25", "BT-153", "The name of the item", "Give the line a name."),
    _missing("BR-26", "BT-146", "The price", "Give the line a price."),
    Rule("BR-27", LINE, "BT-146", "The price is negative", "Make the quantity negative instead.", _price_below_zero),
    Rule("BR-28", LINE, "BT-148", "The gross price is negative", "Correct the gross price.", _negative("BT-148")),
    Rule("BR-30", LINE, "BT-135", "The line's period ends before it starts", "Correct its period_start or period_end.",
         lambda facts: backwards(facts, LINE, "BT-134", "BT-135")),
    _missing("BR-CO-04", "BT-151", "The VAT category of the line", "Give the line a VAT category."),
    *_allowance_rules(),
    Rule("BR-54", "BG-32", "BT-161", "An item attribute has no name or no value", "Give both.", _half_attribute),
    Rule("BR-64", LINE, "BT-157-1", "The item's standard identifier has no scheme", "Give its scheme, such as 0160.",
         lambda facts: facts.has(LINE, "BT-157") & facts.lacks(LINE, "BT-157-1")),
    _missing("BR-65", "BT-158-1", "The list of an item classification", "Give its list, such as STI.", "BT-158"),
)  # fmt: skip
