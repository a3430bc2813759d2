"""Every official example imports, is written again, and says the same, term by term."""

import numpy as np
import pytest

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.ubl import write_ubl
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
    assert len(examples) == 26
    assert example_intake.refused.empty
    assert len(example_intake.frames["invoices"]) == 26


def test_they_say_the_same_when_written_again(read_examples, written_again):
    again = [read_document(parse_xml(document)) for document in written_again]
    assert all(not document.faults and not document.other for document in again)
    before, after = by_term(read_examples), by_term(again)
    for group in (DOCUMENT, *GROUPS):
        for term in before[group].columns:
            assert before[group][term].equals(after[group][term]), f"{group} {term}"


def test_nothing_of_the_invoicing_standards_is_outside_our_terms(read_examples):
    beyond = {path for document in read_examples for path, _ in document.other}
    assert {path for path in beyond if "UBLExtensions" not in path and "UBLVersionID" not in path} == set()
