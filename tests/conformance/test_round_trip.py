"""Every official example imports, is written again, and says the same, term by term."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal, InvalidOperation

import numpy as np
import pytest
from lxml import etree

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.validation.facts import Facts
from invoicebatch.formats.validation.official import ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.ingest.ubl.reader import read_document
from invoicebatch.ingest.ubl.records import term_frames
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="session")
def written_again(example_intake) -> list[bytes]:
    frames = example_intake.frames
    position = {key: row for row, key in enumerate(frames["invoices"]["external_id"])}
    tables = {
        name: frame.assign(invoice_id=frame["external_id"].map(position).astype(np.int64))
        if "external_id" in frame
        else frame
        for name, frame in frames.items()
    }
    groups, problems = derive(tables["invoices"], tables)
    assert problems == []
    return write_ubl(groups)


def by_term(documents):
    frames = term_frames([document.record for document in documents])
    order = [PARENT, "BT-118", "BT-119"]
    return frames | {"BG-23": frames["BG-23"].sort_values(order, kind="stable", ignore_index=True)}


def test_all_examples_come_in(examples, example_intake):
    assert len(examples) == 37
    assert example_intake.refused.empty
    assert len(example_intake.frames["invoices"]) == 37


def test_they_say_the_same_when_written_again(read_examples, written_again):
    again = [read_document(parse_xml(document)) for document in written_again]
    assert all(not document.faults and not document.other for document in again)
    before, after = by_term(read_examples), by_term(again)
    for group in (DOCUMENT, *GROUPS):
        for term in before[group].columns:
            assert before[group][term].equals(after[group][term]), f"{group} {term}"


ONE_WAY = {"BT-23", "BT-24", "BT-32-1"}
"""Profile and process, which are Peppol's own in UBL, and a tax number's scheme, for which CII has one word."""


def test_they_say_the_same_as_cii(read_examples):
    """One example gives the payment reference with one of its two accounts, where CII gives it once for all."""
    again = [read_document(parse_xml(each)) for each in write_cii(by_term(read_examples))]
    assert all(not each.faults and not each.doubts for each in again)
    before, after = by_term(read_examples), by_term(again)
    different = [
        (
            term,
            int(
                (
                    before[group][term].astype("object").fillna("")
                    != after[group][term].astype("object").fillna("")
                ).sum()
            ),
        )
        for group in (DOCUMENT, *GROUPS)
        for term in before[group].columns
        if term not in ONE_WAY and not before[group][term].equals(after[group][term])
    ]
    assert different == [("BT-83", 1)]


def test_an_official_example_says_the_same_in_either_syntax(shared):
    examples = shared / "validation" / "xrechnung-3.0.2" / "examples"
    pairs = [
        (path, path.with_name(path.name.replace("uncefact", "ubl")))
        for path in examples.glob("*_uncefact.xml")
    ]
    assert len(pairs) == 2
    for pair in pairs:
        cii, ubl = (read_document(parse_xml(path.read_bytes())) for path in pair)
        assert cii.faults + cii.doubts == []
        assert cii.record == ubl.record


def plain(text: str) -> str:
    """A value whatever way it is written: 1.50 as 1.5, a date without its zone."""
    try:
        return format(Decimal(text).normalize(), "f")
    except InvalidOperation:
        return re.sub(r"^(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)$", r"\1", text)


def said(document: bytes) -> Counter[tuple[str, str]]:
    """Every text and every attribute of a document by its path, read without our description."""
    found: Counter[tuple[str, str]] = Counter()
    root = etree.fromstring(document)
    for element in root.iter(etree.Element):
        above = [etree.QName(each).localname for each in element.iterancestors()][:-1]
        path = "/".join([*reversed(above), etree.QName(element).localname])
        text = plain((element.text or "").strip())
        if path.endswith("ChargeIndicator"):
            text = {"0": "false", "1": "true"}.get(text, text)
        if text and not len(element):
            found[path, text] += 1
            found.update((f"{path}@{name}", plain(value.strip())) for name, value in element.attrib.items())
    return found


OBJECT_CODE = ("InvoiceLine/DocumentReference/DocumentTypeCode", "130")
"""Where a document leaves it out, it is written all the same: no other code may stand there."""

MEANS_NOTHING = re.compile("CustomizationID|UBLVersionID|UBLExtensions")


def test_every_value_of_every_example_comes_back_by_its_place(examples, written_again):
    """The energy extension is doubted as a whole, and its identifier with it; nothing else goes."""
    different = {}
    for path, document in zip(examples, written_again, strict=True):
        before, after = said(path.read_bytes()), said(document)
        lost = {key for key in before - after if not MEANS_NOTHING.search(key[0])}
        added = {key for key in after - before if not MEANS_NOTHING.search(key[0])} - {OBJECT_CODE}
        if lost or added:
            different[path.name] = (lost, added)
    assert different == {}


def test_what_has_no_place_is_doubted_by_name(example_intake):
    doubted = example_intake.doubted
    doubted = doubted[~doubted["reason"].str.contains("same number")]
    assert set(doubted["file"].str[:13]) == {"20220822_SEeF"}
    assert doubted["column"].tolist() == ["Invoice/UBLExtensions", "SpecificationIdentifier (BT-24)"]
    assert "energie-efactuur.nl:invoice:v3.1 is not kept" in doubted["reason"].iloc[1]


OWN_RULES = {
    "peppol-2025.11": "peppol-bis-2025.11/PEPPOL-EN16931-UBL.xslt",
    "peppol-3.0.21": "peppol-bis-3.0.21/PEPPOL-EN16931-UBL.xslt",
    "peppol-self-billing-3.0.21": "peppol-selfbilling-3.0.21/PEPPOL-EN16931-UBL-SB.xslt",
    "xrechnung-3.0.2": "xrechnung-3.0.2/XRechnung-UBL-validation.xslt",
}


@pytest.mark.parametrize("on", [None, date(2026, 11, 26)])
def test_our_rules_say_of_each_example_what_the_official_ones_say(examples, read_examples, shared, on):
    groups = term_frames([document.record for document in read_examples])
    findings = prevalidate(groups, on=on)
    followed = Facts(groups, on=on).set_ids()
    different = {}
    for row, (path, rules) in enumerate(zip(examples, followed, strict=True)):
        own = [shared / "validation" / OWN_RULES[rules]] if rules in OWN_RULES else []
        sheets = [ubl_schematron(), *own]
        (failures,) = run_schematron([path.read_bytes()], sheets)
        ours = set(findings.loc[findings["invoice_id"] == row, "rule"])
        theirs = {failure.rule for failure in failures if failure.fatal}
        if ours != theirs:
            different[path.name] = (ours - theirs, theirs - ours)
    assert different == {}
    assert set(OWN_RULES) - set(followed) <= {"peppol-3.0.21", "peppol-2025.11"}


def test_nothing_of_the_invoicing_standards_is_outside_our_terms(read_examples):
    beyond = {path for document in read_examples for path, _ in document.other}
    assert {path for path in beyond if "UBLExtensions" not in path and "UBLVersionID" not in path} == set()
