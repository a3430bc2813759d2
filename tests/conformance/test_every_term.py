"""Invented documents that say every term of EN 16931, some groups several times: none is lost on any way."""

from html import escape

import pytest

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.cii import write_cii
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.validation.official import facturx_schematron, ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.formats.validation.schema import schema_error
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.ingest.ubl.reader import Record, read_document
from invoicebatch.ingest.ubl.records import term_frames
from invoicebatch.model.en16931.derive import derive
from invoicebatch.model.en16931.terms import DOCUMENT, GROUPS, TERMS, Term, Value
from invoicebatch.model.en16931.values import parse_value

pytestmark = pytest.mark.conformance

SAID = {
    "BT-24": "urn:cen.eu:en16931:2017", "BT-5": "EUR", "BT-6": "GBP", "BT-8": "35", "BT-34-1": "0208", "BT-49-1": "0106",
    "BT-18-1": "AWV", "BT-128-1": "AWV", "BT-71-1": "0088", "BT-29-1": "0060", "BT-30-1": "0208", "BT-46-1": "0060",
    "BT-47-1": "0106", "BT-60-1": "0060", "BT-61-1": "0106", "BT-157-1": "0160", "BT-158-1": "STI", "BT-40": "BE",
    "BT-55": "NL", "BT-69": "FR", "BT-80": "DE", "BT-159": "CN", "BT-31": "BE0123456789", "BT-48": "NL123456789B01",
    "BT-63": "FR12345678901", "BT-32-1": "TAX", "BT-81": "59", "BT-125": "UERG", "BT-125-1": "application/pdf", "BT-118": "S",
    "BT-151": "S", "BT-95": "S", "BT-102": "S", "BT-130": "KWH", "BT-150": "KWH", "BT-98": "95", "BT-105": "ABL",
    "BT-140": "95", "BT-145": "ABL", "BT-74": "2026-11-30", "BT-135": "2026-11-30", "BT-106": "20", "BT-107": "20",
    "BT-108": "20", "BT-109": "20", "BT-110": "4.20", "BT-112": "24.20", "BT-114": "0.01", "BT-115": "14.21", "BT-116": "20",
    "BT-117": "4.20", "BT-87": "1234",
}  # fmt: skip
"""What can't be anything: codes, and amounts that must add up."""

ONCE = ("BG-16", "BG-23")
"""Groups that stand once here: several would have to say the same, or differ in rate."""

OURS = ("BT-21", "BE-", "FR-", "METER-")
"""Terms that stand inside others in UBL, or are none of EN 16931."""

CARRIED_BY_CODE = ("BT-32-1", "BT-87-1", "BT-8")
"""Terms that CII has no words for: a tax number's scheme, a card's network, and its own codes of the tax point."""

PLAIN = {Value.AMOUNT: "10", Value.PERCENT: "21", Value.QUANTITY: "1.2345", Value.DATE: "2026-11-05"}


def document(group: str = DOCUMENT, number: int = 1, without: str = "") -> Record:
    """A row of a group in which every term but one says something of its own, with two rows of each group in it."""
    record = Record()
    for term in GROUPS[group].terms:
        if not term.id.startswith(OURS) and term.id not in (without, "BT-120", "BT-121"):
            record.terms[term.id] = parse_value(text_of(term, number), term.value)
    for name, inner in GROUPS.items():
        if inner.parent == group and name not in ("METER", "FR-LINE"):
            several = (1,) if name in ONCE else (1, 2)
            record.groups[name] = [document(name, each, without) for each in several]
    return record


def text_of(term: Term, number: int) -> str:
    return SAID.get(term.id) or PLAIN.get(term.value) or f"{term.name} {number} é&<{term.id}>"


@pytest.fixture(scope="module")
def groups():
    """An invoice with the day of its tax point, a credit note, a self-billed and a corrected one with its code."""
    made = []
    for code, without in (
        ("380", "BT-8"),
        ("381", "BT-7"),
        ("389", "BT-7"),
        ("384", "BT-8"),
        ("261", "BT-8"),
    ):
        made.append(document(without=without))
        made[-1].terms |= {"BT-3": code, "BT-1": f"N-{code}"}
    return term_frames(made)


def differences(before, after) -> list[str]:
    return [
        f"{group} {term}"
        for group, frame in before.items()
        for term in frame
        if len(frame) != len(after[group]) or not frame[term].equals(after[group][term])
    ]


def test_they_break_no_rule_in_either_syntax(groups):
    assert prevalidate(groups).empty
    for written, sheet in ((write_ubl(groups), ubl_schematron()), (write_cii(groups), facturx_schematron())):
        assert {schema_error(each) for each in written} == {""}
        found = run_schematron(written, [sheet])
        assert [[f"{each.rule}: {each.text}" for each in of if each.fatal] for of in found] == [[]] * 5


def test_import_and_export_keep_each_of_them(groups, tmp_path):
    written = write_ubl(groups)
    for number, each in enumerate(written):
        (tmp_path / f"{number}.xml").write_bytes(each)
    intake = read_ubl([tmp_path])
    assert intake.refused.empty
    assert intake.doubted.empty
    rows = {key: row for row, key in enumerate(intake.frames["invoices"]["external_id"])}
    tables = {
        name: frame.assign(invoice_id=frame["external_id"].map(rows)) if "external_id" in frame else frame
        for name, frame in intake.frames.items()
    }
    derived, problems = derive(tables["invoices"], tables)
    assert problems == []
    again = [read_document(parse_xml(each)).record for each in write_ubl(derived)]
    assert differences(groups, term_frames(again)) == []


def test_factur_x_says_each_of_them(groups):
    written = [each.decode() for each in write_cii(groups)]
    lacking = {
        term
        for group, frame in groups.items()
        for term in frame
        if term in TERMS and TERMS[term].value in (Value.TEXT, Value.ID, Value.CODE)
        for text in frame[term].dropna()
        if not any(escape(text) in each or escape(text, quote=False) in each for each in written)
    }
    assert lacking <= set(CARRIED_BY_CODE)
    assert '<udt:DateString format="102">20261105</udt:DateString>' in written[0]
    assert "<ram:DueDateTypeCode>29</ram:DueDateTypeCode>" in written[1]


def test_cii_comes_back_term_by_term(groups):
    again = [read_document(parse_xml(each)) for each in write_cii(groups)]
    assert [(each.faults, each.doubts) for each in again] == [([], [])] * 5
    assert differences(groups, term_frames([each.record for each in again])) == [
        "INVOICE BT-32-1",
        "BG-16 BT-87-1",
    ]
