"""Checking a template: it is rendered over edge cases, and each fault is named with file and line.

Nothing of a workspace is read or changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf import cases
from invoicebatch.formats.pdf.account_statement import statement_document
from invoicebatch.formats.pdf.account_statement_case import statement
from invoicebatch.formats.pdf.compare import missing_content
from invoicebatch.formats.pdf.data import Document, documents
from invoicebatch.formats.pdf.fonts import has_cjk
from invoicebatch.formats.pdf.reminder import ReminderPage, reminder_document
from invoicebatch.formats.pdf.render import render_watched
from invoicebatch.formats.pdf.template import LAYOUTS, Template, load_template, missing_texts
from invoicebatch.model.changes import RowFailure

_CJK_CASE: Final = "Chinese, Japanese, Korean"
_LONG: Final = "Extraordinarily-Long-Designation-Without-Any-Blank-1234567890"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a template: the case it shows in, and what is wrong where."""

    case: str
    problem: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    template: str
    cases: int
    faults: tuple[Fault, ...]


def check_template(folder: Path) -> Checked:
    """Render every layout and edge case in every language of a template folder."""
    try:
        template = load_template((folder.resolve(),))
    except RenderError as error:
        return Checked(folder.name, 0, (Fault("the template's files", str(error)),))
    found = [Fault("the template's texts", problem) for problem in missing_texts(template)]
    count = 0
    for name, document in edge_cases(template):
        count += 1
        found += [Fault(name, problem) for problem in _problems(document, template)]
    first = {fault.problem: fault for fault in reversed(found)}
    return Checked(template.name, count, tuple(fault for fault in found if first[fault.problem] is fault))


def _problems(document: Document, template: Template) -> Iterator[str]:
    try:
        pdf, doubts = render_watched(document, template)
        yield from doubts
        # Reading hundreds of lines back takes seconds and can find nothing that ten lines don't.
        lost = "" if document.content["long"] else missing_content(pdf, document.content)
        if lost:
            yield f"{document.kind}.typ: {lost}"
    except RenderError as error:
        yield str(error)


def edge_cases(template: Template) -> Iterator[tuple[str, Document]]:
    """Names and documents: each layout, each language, and what tends to break a layout."""
    for kind in LAYOUTS:
        yield kind, _document(template, kind=kind, preceding_number="2025-000099")
    for language in sorted(template.texts):
        values = {"customer": {"language": language}, "readings": cases.monthly_readings()}
        yield f"language {language}", _document(template, **values)
    for name, case in _cases().items():
        if name == _CJK_CASE and not has_cjk():
            continue  # says something of what is installed, not of the template
        yield name, _document(template, **case)
    for language in sorted(template.texts):
        found = statement_document(statement(language), template.wording(language))
        yield f"statement of account, {language}", found
        yield f"reminder, {language}", reminder_document(_reminder(language), template.wording(language))
    yield "long statement of account", statement_document(statement("en", 60), template.wording("en"))


def _reminder(language: str) -> ReminderPage:
    """A reminder of more invoices than fit on a page."""
    owed = statement(language)
    row = ["2026-000001", "2026-01-05", "2026-01-19", "300", "80.01", "80.01", _LONG]
    table = {
        "head": ["No.", "Date", "Due", "Days", "Total", "Open", "Step"],
        "rows": [row] * 40,
        "sums": [],
        "right": [4, 5],
    }
    asked = [("Open", "3,200.40"), ("Costs", "40.00"), ("To pay", "3,240.40")]
    said = (language, "EUR", owed.today, "Second reminder", "Dear reader,\n\nplease pay.", table, asked)
    return ReminderPage(owed.buyer, owed.account, *said, total_cents=324_040, reference="2026-000001")


def _document(template: Template, **values: Any) -> Document:
    batch = cases.batch(cases.invoice(**values))
    [document] = documents(batch, lambda _, language: template.wording(language))
    if isinstance(document, RowFailure):
        raise TypeError(document.reason)
    return replace(document, account_id="check")


def _cases() -> dict[str, dict[str, Any]]:
    line, lines = cases.line, cases.energy_lines()
    names = {"name": _LONG, "street": _LONG, "contact_name": _LONG, "city": _LONG}
    reverse = [line("Advice", 1, "50", 0, vat_category="AE"), line("Free", 1, "5", 0, vat_category="E")]
    return {
        "500 lines": {"lines": [line(f"Delivery point {n}", n, "0.2489") for n in range(1, 501)]},
        "one line": {"lines": lines[:1]},
        "60-character names": {
            "customer": names,
            "lines": [line(_LONG, 1, "1", description=_LONG, note=_LONG)],
            "buyer_reference": _LONG,
            "order_reference": _LONG,
        },
        "large amounts": {"lines": [line("Transformer", "12345.678901", "98765.432109")]},
        "credit": {"kind": "credit_note", "lines": [line("Electricity", -1000, "0.25")]},
        "nothing due": {"prepaid_cents": 152635},
        "partly paid": {"outstanding_cents": 100000},
        "set off": {
            "kind": "credit_note",
            "lines": [line("Electricity", -1000, "0.25")],
            "credited_cents": -20000,
            "outstanding_cents": -10250,
            "preceding_number": "2026-000007",
        },
        "refund without account": {"lines": [line("Gas", -1, "9")], "customer": {"iban": None}},
        "VAT not charged": {"lines": reverse, "customer": {"vat_id": "DE123456789", "is_business": True}},
        "many rates": {"lines": [line(f"Rate {r}", 1, 100, r) for r in (2100, 1200, 900, 600, 550, 210, 0)]},
        "direct debit": cases.MANDATE,
        "advances": {
            "kind": "final_note",
            "lines": [*lines, line("Advance 2026-000003", -1, "500", unit="C62", advance_of=3)],
        },
        "discounts and surcharges": {
            "allowances": [
                {"is_charge": False, "amount_cents": 1000, "rate_bp": 500, "reason": "Loyalty"},
                {"is_charge": True, "amount_cents": 250},
                {"is_charge": False, "amount_cents": 99, "line_no": 1},
            ]
        },
        "right to left": {"customer": {"name": "محمد عبد الله", "contact_name": "שלום כהן"}},
        _CJK_CASE: {"customer": {"name": "山田太郎 王小明 김철수"}},
        "no due date": {"due_date": None, "payment_terms": "Within 30 days\nNo discount"},
        "long note": {"note": "Thank you for your business. " * 40},
        "another currency": {"currency": "CHF"},
        "price per hundred": {"lines": [line("Electricity", 1000, "24.89", price_base=100)]},
        "two readings": {"readings": cases.monthly_readings(1)},
        "leap day": {"invoice_date": date(2028, 2, 29)},
        "Belgian reference": {"account": {"country": "BE"}},
    }
