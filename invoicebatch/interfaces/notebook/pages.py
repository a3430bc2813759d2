"""Documents as pictures in a notebook: those a run made or handed out, or, before it, a preview.

Only shows; what is shown is decided by the plan and its report.
"""

import base64
from html import escape

import pandas as pd

from invoicebatch.engine.documents import preview
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import Report
from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf.pictures import page_pictures
from invoicebatch.interfaces.notebook.steps import html

MANY_PAGES = 2


def show_pages(plan: Plan, report: Report | None, documents: int = 2) -> None:
    """Show the first pages of the first few documents of a run.

    Args:
        plan: what was planned; without a report its documents are previewed.
        report: of the run, or None where nothing was run.
        documents: how many to show.
    """
    shown = _stored(plan, report) if report is not None else _previews(plan)
    for name, pdf in shown[:documents]:
        pictures = page_pictures(pdf, limit=MANY_PAGES)
        html(f"<b>{escape(name)}</b><div>{''.join(_picture(name, picture) for picture in pictures)}</div>")


def _picture(name: str, picture: bytes) -> str:
    source = base64.b64encode(picture).decode()
    return (
        f'<img alt="{escape(name)}" style="width:48%;border:1px solid #ccc;margin:2px"'
        f' src="data:image/png;base64,{source}">'
    )


def _stored(plan: Plan, report: Report) -> list[tuple[str, bytes]]:
    workspace = plan.workspace
    ids = [int(invoice_id) for invoice_id in report.done["invoice_id"].head(5)]
    if not ids:
        return []
    with workspace.store.read() as session:
        rows = session.rows_of("invoices", "invoice_id", pd.Series(ids))
    rows = rows[rows["document_path"].notna()]
    files = [workspace.data / path for path in rows["document_path"]]
    return [(n, f.read_bytes()) for n, f in zip(rows["number"], files, strict=True) if f.is_file()]


def _previews(plan: Plan) -> list[tuple[str, bytes]]:
    found = []
    for invoice_id in plan.rows.loc[plan.rows["eligible"], "invoice_id"].head(2):
        try:
            document = preview(plan.workspace, int(invoice_id))
            found.append((document.name, document.pdf))
        except RenderError as error:
            html(f"<b>Invoice {invoice_id}</b>: {escape(str(error))}")
    return found
