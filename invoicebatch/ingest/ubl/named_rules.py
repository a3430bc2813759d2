"""Under which rule a document can't be taken in: what may stand once, how many decimals, which categories once.

Sources: the EN 16931 schematron for UBL (UBL-SR, BR-DEC, BR-xx-01 and -08) and the UBL 2.1 schema.
"""

from collections.abc import Sequence
from typing import Final

from invoicebatch.model.en16931.description import Node
from invoicebatch.model.en16931.terms import TERMS, Value

_ONCE: Final = {
    "BT-12": "01", "BT-15": "02", "BT-16": "03", "BT-18": "04", "BT-20": "05", "BT-25": "06", "BT-73": "08", "BT-27": "09",
    "BT-28": "10", "BT-30": "11", "BT-31": "12", "BT-32": "13", "BT-33": "14", "BT-44": "15", "BT-46": "16", "BT-47": "17",
    "BT-48": "18", "BT-59": "19", "BT-60": "20", "BT-61": "21", "BT-62": "22", "BT-63": "23", "BT-72": "24", "BT-70": "25",
    "BT-83": "26", "BT-81": "27", "BT-89": "28", "BT-90": "29", "BT-97": "30", "BT-104": "31", "BT-139": "30", "BT-144": "31", "BT-120": "32", "BT-123": "33",
    "BT-127": "34", "BT-132": "35", "BT-134": "36", "BT-147": "37", "BT-11": "39", "BT-45": "40", "BT-9": "45", "BT-151": "48",
    "BT-8": "49", "BT-154": "50", "BT-162": "51", "BT-163": "51", "BT-164": "51", "BT-165": "51", "BT-128": "52", "BT-17": "56",
}  # fmt: skip
"""UBL-SR rule by the first term of what stands twice."""

_OTHERS: Final = {"BT-110": "BR-CO-15", "BT-111": "BR-CO-15", "BT-95": "BR-32", "BT-102": "BR-37"}
_SCHEMA: Final = "UBL 2.1 XSD"

_DECIMALS: Final = {
    "BT-92": "01", "BT-93": "02", "BT-99": "05", "BT-100": "06", "BT-106": "09", "BT-107": "10", "BT-108": "11", "BT-109": "12",
    "BT-110": "13", "BT-112": "14", "BT-111": "15", "BT-113": "16", "BT-114": "17", "BT-115": "18", "BT-116": "19",
    "BT-117": "20", "BT-131": "23", "BT-136": "24", "BT-137": "25", "BT-141": "27", "BT-142": "28",
}  # fmt: skip

_CATEGORIES: Final = {
    "S": "BR-S-08", "L": "BR-AF-08", "M": "BR-AG-08", "Z": "BR-Z-01", "E": "BR-E-01", "AE": "BR-AE-01", "K": "BR-IC-01",
    "G": "BR-G-01", "O": "BR-O-01",
}  # fmt: skip


def once_rule(node: Node, different: Sequence[str] = ()) -> str:
    """The rule by which an element may stand but once, best that of a term that differs."""
    first = next((str(part.content) for part in node.walk() if str(part.content) in TERMS), "")
    named = (once_term_rule(term) for term in (*different, first))
    return next((rule for rule in named if rule != _SCHEMA), _SCHEMA)


def once_term_rule(term: str) -> str:
    """The rule by which a term may have but one value."""
    if term in _OTHERS:
        return _OTHERS[term]
    return f"UBL-SR-{_ONCE[term]}" if term in _ONCE else _SCHEMA


def value_rule(term: str, reason: str) -> str:
    """The rule that a text breaks which is no value of its term."""
    if "decimals" in reason and TERMS[term].value is Value.AMOUNT:
        return f"BR-DEC-{_DECIMALS[term]}" if term in _DECIMALS else "UBL-DT-01"
    return _SCHEMA


def breakdown_rule(category: str) -> str:
    """The rule by which a VAT category (at a rate) stands once in the breakdown."""
    return _CATEGORIES.get(category, "BR-CL-17")
