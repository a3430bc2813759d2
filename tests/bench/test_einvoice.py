"""E-invoices: the serializer beside lxml, the rules over frames, the schematron in a pool."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from lxml import etree

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.validation.faults import schematron_faults
from invoicebatch.formats.validation.official import ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.model.en16931.derive import derive

pytestmark = pytest.mark.bench


def timed(label, function, count):
    began, cpu = time.perf_counter(), time.process_time()
    result = function()
    seconds, own = time.perf_counter() - began, time.process_time() - cpu
    print(f"{label}: {seconds:.2f} s ({own:.2f} s CPU), {count / own:,.0f} invoices per CPU second")
    return result


def built_by_lxml(document: bytes) -> bytes:
    """The same document built element by element, as an lxml writer would."""
    source = etree.fromstring(document)

    def copy(element, parent):
        made = etree.SubElement(parent, element.tag, element.attrib)
        made.text = element.text
        for child in element:
            copy(child, made)

    root = etree.Element(source.tag, nsmap=source.nsmap)
    began = time.process_time()
    for child in source:
        copy(child, root)
    written = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    built_by_lxml.seconds += time.process_time() - began
    return written


def test_serializer_beside_lxml(make_documents):
    count = 5000
    invoices, tables = make_documents(count, 10)
    groups, _ = timed("derive terms", lambda: derive(invoices, tables), count)
    first = timed("write UBL, as a process begins", lambda: write_ubl(groups), count)
    documents = timed("write UBL, 10 lines each", lambda: write_ubl(groups), count)
    assert documents == first
    built_by_lxml.seconds = 0.0
    for document in documents[:500]:
        built_by_lxml(document)
    print(f"lxml, element by element: {500 / built_by_lxml.seconds:,.0f} invoices per CPU second")


def test_rules_over_a_large_selection(make_documents):
    count = 100_000
    invoices, tables = make_documents(count, 10)
    groups, _ = timed("derive terms, 100,000 invoices of 10 lines", lambda: derive(invoices, tables), count)
    findings = timed("rules, 100,000 invoices of 10 lines", lambda: prevalidate(groups), count)
    assert findings.empty


def test_schematron_on_processes(make_documents):
    documents = write_ubl(derive(*make_documents(400, 10))[0])
    sheets = (ubl_schematron(),)
    jobs = [[(each, sheets) for each in documents[start::8]] for start in range(8)]
    for processes in (1, 4):
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(schematron_faults, [[(documents[0], sheets)]] * 8))
            began = time.perf_counter()
            list(pool.map(schematron_faults, jobs))
            rate = len(documents) / (time.perf_counter() - began)
            print(f"EN 16931 schematron, {processes} processes: {rate:,.0f} invoices/s")
