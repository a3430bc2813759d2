"""What UN/CEFACT CII says elsewhere, or otherwise, than UBL: put right before a document is read, and after.

The places of the terms themselves are those that the writer follows. Nothing is read here.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from lxml import etree

from invoicebatch.model.en16931.cii import NAMESPACES, TAX_POINTS

ROOT: Final = f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice"
_TAX_POINTS: Final = {ours: code for code, ours in TAX_POINTS.items()}
_DEBITS: Final = ("49", "59")
_RAM: Final = f"{{{NAMESPACES['ram']}}}"
_UBL_RULE: Final = re.compile(r"UBL-[A-Z]+-\d+|UBL 2\.1 XSD")
_SAYS_NOTHING: Final = "Project reference"
"""The name that EN 16931-3-3 gives a project, of which it knows but the number."""


class Terms(Protocol):
    """A document's or a row's terms, and the rows inside it."""

    terms: dict[str, Any]
    groups: dict[str, list[Any]]


def prepare(root: etree._Element) -> list[tuple[int, str, str]]:
    """Say each thing in the one way that the description knows: schemes, currencies and codes that CII leaves open.

    Returns:
        Amounts in a currency that is not the document's, which no term holds: line, element and text.
    """
    strange = []
    currency = (root.findtext(f".//{_RAM}InvoiceCurrencyCode") or "").strip()
    for element in list(root.iter(etree.Element)):
        parent, name = element.getparent(), str(element.tag).removeprefix(_RAM)
        if parent is not None and name == "ID" and str(parent.tag).endswith("TradeParty"):
            element.tag = f"{_RAM}GlobalID"
        elif name == "ProprietaryID":
            element.tag = f"{_RAM}IBANID"
        elif name == "DepartmentName" and parent is not None and parent.find(f"{_RAM}PersonName") is None:
            element.tag = f"{_RAM}PersonName"
        elif name == "DueDateTypeCode":
            element.text = _TAX_POINTS.get((element.text or "").strip(), element.text)
        elif name == "TaxTotalAmount":
            element.set("currencyID", element.get("currencyID", currency))
        elif element.get("currencyID", currency) != currency:
            line: Any = element.sourceline
            strange.append((line, f"ram:{name}", f"{element.text} {element.get('currencyID')}"))
        elif "currencyID" in element.attrib:
            del element.attrib["currencyID"]
        elif name == "SpecifiedProcuringProject":
            _without_name(element)
    return strange


def _without_name(project: etree._Element) -> None:
    name = project.find(f"{_RAM}Name")
    if name is not None and (name.text or "").strip() in (_SAYS_NOTHING, project.findtext(f"{_RAM}ID")):
        project.remove(name)


def settle(record: Terms) -> Mapping[str, str]:
    """Put terms where the tables have them, in place: notes with their subject, tax point, payment reference and mandate.

    Returns:
        Terms without a place, as there are no payment instructions (BG-16) that would hold them, with their text.
    """
    for note in record.groups.get("BG-1", ()):
        if subject := note.terms.pop("BT-21", None):
            note.terms["BT-22"] = f"#{subject}#{note.terms.get('BT-22', '')}"
    for row in record.groups.get("BG-23", ()):
        if (day := row.terms.pop("BT-7", None)) is not None:
            record.terms["BT-7"] = day
    if "BT-32" in record.terms:
        record.terms["BT-32-1"] = "FC"
    return _in_payment_means(record)


def _in_payment_means(record: Terms) -> Mapping[str, str]:
    means = record.groups.get("BG-16", [])
    for row in means:
        if "BT-87" in row.terms:
            row.terms["BT-87-1"] = "mapped-from-cii"  # EN 16931-3-3 has no network, UBL wants one
    debits = [row for row in means if row.terms.get("BT-81") in _DEBITS] or means[:1]
    lost = {}
    for term, rows in (("BT-83", means), ("BT-89", debits)):
        if (text := record.terms.pop(term, None)) is None:
            continue
        if not rows:
            lost[term] = str(text)
        for row in rows:
            row.terms[term] = text
    return lost


def of_cii(faults: list[Any]) -> list[Any]:
    """Faults that name the rules of UBL, as those of the syntax they were found in."""
    return [replace(fault, reason=_UBL_RULE.sub("EN 16931-3-3", fault.reason)) for fault in faults]
