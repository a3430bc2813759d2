"""Each element of each official example said again and otherwise, or with an attribute nobody knows: kept, doubted or refused by a rule."""

import copy
import re
from collections.abc import Iterator

import pytest
from lxml import etree

from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.ubl import write_ubl
from invoicebatch.ingest.ubl.reader import read_document
from invoicebatch.ingest.ubl.records import term_frames
from tests.conformance.test_round_trip import MEANS_NOTHING, said

pytestmark = [pytest.mark.conformance, pytest.mark.full]

RULE = re.compile(r"\((BR|UBL|PEPPOL|EN)[- ][^()]+\)$")


def path_of(element: etree._Element) -> str:
    names = [etree.QName(each).localname for each in element.iterancestors()]
    return "/".join([*reversed(names), etree.QName(element).localname])


def otherwise(element: etree._Element) -> etree._Element | None:
    """The element with another text in its last leaf; None where it says nothing."""
    again = copy.deepcopy(element)
    leaves = [leaf for leaf in again.iter(etree.Element) if not len(leaf) and (leaf.text or "").strip()]
    if not leaves:
        return None
    text = (leaves[-1].text or "").strip()
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    leaves[-1].text = "2021-01-01" if dated else f"1{text}" if text[:1].isdigit() else f"{text}X"
    return again


def changes(root: etree._Element, seen: set[str]) -> Iterator[tuple[str, bytes]]:
    """The document changed at each of its paths that was not met before."""
    for element in list(root.iter(etree.Element))[1:]:
        path = path_of(element)
        if path in seen:
            continue
        seen.add(path)
        again = otherwise(element)
        if again is not None:
            element.addnext(again)
            yield f"{path} twice", etree.tostring(root)
            again.getparent().remove(again)
        if not len(element):
            element.set("unheard", "of")
            yield f"{path} with an attribute", etree.tostring(root)
            del element.attrib["unheard"]


def test_each_change_is_kept_doubted_or_refused_by_a_rule(examples):
    seen: set[str] = set()
    silent, nameless, kinds = [], [], {"refused": 0, "doubted": 0, "kept": 0}
    for example in examples:
        for what, changed in changes(etree.fromstring(example.read_bytes()), seen):
            document = read_document(parse_xml(changed))
            kinds["refused" if document.faults else "doubted" if document.doubts else "kept"] += 1
            nameless += [(what, fault.reason) for fault in document.faults if not RULE.search(fault.reason)]
            if not document.faults and not document.doubts:
                (written,) = write_ubl(term_frames([document.record]))
                lost = {key for key in said(changed) - said(written) if not MEANS_NOTHING.search(key[0])}
                silent += [(what, lost)] if lost else []
    assert silent == []
    assert nameless == []
    assert kinds["refused"] > 300
    assert kinds["doubted"] > 200
