"""Documents as pictures in a notebook: those a run made or handed out, or, before it, a preview.

Only shows; what is shown is decided by the plan and its report.
"""

import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.documents import preview
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import Report
from invoicebatch.errors import RenderError
from invoicebatch.formats.pdf.pictures import page_pictures
from invoicebatch.interfaces.notebook.steps import html
from invoicebatch.model.markup import joined, picture

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
        pictures = joined([picture(page, name) for page in page_pictures(pdf, limit=MANY_PAGES)])
        html(Markup("<b>{}</b><div>{}</div>").format(name, pictures))


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
            html(Markup("<b>Invoice {}</b>: {}").format(invoice_id, str(error)))
    return found
