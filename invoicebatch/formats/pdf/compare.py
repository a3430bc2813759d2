"""What an issued document fixed: its number, date and amounts, and, once sent, the names on it.

Compares the text of two versions of a document; changes nothing.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from invoicebatch.formats.pdf.render import Rendered, RenderJob, render_documents
from invoicebatch.formats.pdf.template import load_template
from invoicebatch.formats.pdf.wording import Wording
from invoicebatch.model.changes import RowFailure

_AMOUNT: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,\s\u00a0\u202f]?\d{3})*[.,]\d{2}(?!\d)")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u200b]+")


@dataclass(frozen=True, slots=True)
class CompareJob:
    """Documents to render anew, beside the files of their present versions.

    Attributes:
        render: what to render.
        present: by invoice, the verified file of the present version.
        sent: invoices whose present version has been sent.
    """

    render: RenderJob
    present: Mapping[int, Path]
    sent: frozenset[int] = field(default_factory=frozenset)


def render_compared(job: CompareJob) -> list[Rendered | RowFailure]:
    """Render, and refuse a document whose fixed content would differ from its present version."""
    return [_checked(result, job) for result in render_documents(job.render)]


def _checked(result: Rendered | RowFailure, job: CompareJob) -> Rendered | RowFailure:
    present = job.present.get(result.invoice_id)
    if isinstance(result, RowFailure) or present is None or not result.pdf:
        return result
    sent = result.invoice_id in job.sent
    reason = difference(present.read_bytes(), result.pdf, result.content, sent=sent)
    return RowFailure(result.invoice_id, reason) if reason else result


def difference(old: bytes, new: bytes, content: Mapping[str, Any], *, sent: bool) -> str:
    """The first thing the law freezes that two versions don't share, or nothing.

    Args:
        old: the present PDF.
        new: the one that would take its place.
        content: what the new one says.
        sent: the old one reached the customer, which freezes the names too.
    """
    texts = {"present": document_text(old), "new": document_text(new)}
    plain = {name: _SPACES.sub("", text) for name, text in texts.items()}
    amounts = {name: amounts_in(text) for name, text in texts.items()}
    rule = "credit the invoice and issue a new one instead"
    for label, amount in _fixed_amounts(content):
        for name, found in amounts.items():
            if not amounts_in(amount) <= found:
                return f"{label} {amount} is not in the {name} document; {rule}"
    for label, spellings in _fixed_texts(content, sent=sent):
        for name, text in plain.items():
            if not any(_SPACES.sub("", spelling) in text for spelling in spellings):
                return f"{label} {spellings[0]} is not in the {name} document; {rule}"
    return ""


def missing_content(pdf: bytes, content: Mapping[str, Any]) -> str:
    """The first amount, number, date or name that a document must show and does not, or nothing."""
    text = document_text(pdf)
    found, plain = amounts_in(text), _SPACES.sub("", text)
    asked = content["payment"]["label"], content["payment"]["amount"]
    for label, amount in (*_fixed_amounts(content), asked):
        if not amounts_in(amount) <= found:
            return f"the document does not show {label} {amount}"
    for label, spellings in _fixed_texts(content, sent=True):
        if not any(_SPACES.sub("", spelling) in plain for spelling in spellings) and _is_ascii(spellings):
            return f"the document does not show the {label} {spellings[0]}"
    return ""


def _is_ascii(texts: list[str]) -> bool:
    # Text that runs right to left comes out of a PDF in another order.
    return all(text.isascii() for text in texts[:1])


def document_text(pdf: bytes) -> str:
    """All text of a PDF, pages joined by line ends."""
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def amounts_in(text: str) -> set[int]:
    """Every amount with two decimals in a text, in cents without sign, however it is grouped."""
    return {int(re.sub(r"\D", "", found)) for found in _AMOUNT.findall(text)}


def _fixed_amounts(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    totals = content["totals"]
    rows = [(row["label"], row["amount"]) for row in totals["rows"]]
    lines = [(f"line {row['no']}", row["amount"]) for row in (*content["lines"], *content["advances"])]
    return [(totals["due_label"], totals["due_amount"]), *rows, *lines]


def _fixed_texts(content: Mapping[str, Any], *, sent: bool) -> list[tuple[str, list[str]]]:
    from datetime import date

    day = date(**content["document_date"])
    texts = load_template().texts
    dates = [Wording(language, words).day(day) for language, words in texts.items()]
    fixed = [("number", [content["number"]]), ("date", [day.isoformat(), *dates])]
    if sent:
        fixed += [("buyer", [content["buyer"]["name"]]), ("seller", [content["seller"]["legal_name"]])]
    return fixed
