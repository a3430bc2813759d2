"""Create: approved rows get the next number of their series and a stored PDF.

Numbers are committed before anything is rendered, so a number is never lost and never reused.
"""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from invoicebatch.formats.pdf.data import COLUMNS, TABLES_READ
from invoicebatch.formats.pdf.fonts import CJK_MISSING, unset
from invoicebatch.formats.validation import check_facturx
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Batch, Changes, Prepared, RowFailure, failures
from invoicebatch.model.documents import number_series
from invoicebatch.model.status import Status

_BUYER: Final = ("customer_name", "customer_street", "customer_city")
"""What is looked at for characters without a font before a number is given."""
_SERIES: Final = frozenset({"number_ranges", "number_counters"})


def reserve(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """Numbers for the rows that have none; a resumed run keeps those it gave before."""
    return Changes(numbers=number_series.requests(batch.invoices, batch["number_ranges"]))


def row_checks(batch: Batch, params: Params, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """Rows whose series gives no number, credit notes of an invoice that has none and gets none here, and names in a
    script that no installed font has.
    """
    ranges = batch["number_ranges"]
    rows = number_series.requests(batch.invoices, ranges)
    rows = number_series.in_series(rows, ranges, batch["number_counters"])
    lost = rows[rows["reason"] != ""]
    left = batch.invoices[~batch.invoices["invoice_id"].isin(lost["invoice_id"])]
    nameless = left["credit_of"].notna() & left["preceding_number"].isna()
    nameless &= ~left["credit_of"].isin(left["invoice_id"])
    text = "its invoice has no number yet: create invoice " + left["credit_of"].astype("str") + " too"
    notes = failures(left.loc[nameless, "invoice_id"], text[nameless])
    foreign = failures(batch.invoices.loc[unset(batch.invoices[list(_BUYER)]), "invoice_id"], CJK_MISSING)
    found = pd.concat([failures(lost["invoice_id"], lost["reason"]), notes, foreign], ignore_index=True)
    return found.drop_duplicates("invoice_id", ignore_index=True)


def artefacts(batch: Batch, params: Params, context: Context) -> Iterator[Prepared]:  # noqa: ARG001
    """The documents, rendered in the process pool."""
    from invoicebatch.formats.pdf.job import by_invoice, document_artefact, prepare
    from invoicebatch.formats.pdf.render import render_documents

    rows = by_invoice(batch)
    jobs, lost = prepare(batch, context.settings, context.root)
    yield from lost
    for results in context.map(render_documents, jobs):
        for result in results:
            if isinstance(result, RowFailure):
                yield result
                continue
            yield document_artefact(result, rows[result.invoice_id], version=1)


def transform(batch: Batch, params: Params, context: Context) -> Changes:  # noqa: ARG001
    """`created` with the document, or `generation_failed` with the number kept and the reason."""
    from invoicebatch.formats.pdf.job import created_rows, document_rows, documented_invoices, failed_rows

    good = documented_invoices(batch)
    updates = [created_rows(good), failed_rows(batch.invoices, batch.failed)]
    return Changes(
        updates={"invoices": pd.concat(updates, ignore_index=True)},
        inserts={"documents": document_rows(good, "create", context.run_id, context.now)},
        failures=batch.failed,
    )


def preview(batch: Batch, params: Params, context: Context) -> Preview:  # noqa: ARG001
    """Documents and totals per company account, kind and currency."""
    by = ["company_account_id", "kind", "currency"]
    groups = batch.invoices.groupby(by, observed=True, dropna=False)
    table = groups.agg(
        documents=("invoice_id", "size"),
        first_date=("invoice_date", "min"),
        last_date=("invoice_date", "max"),
        total_cents=("total_cents", "sum"),
    )
    return {"documents": table.reset_index()}


ACTION = Action(
    name="create",
    label="Create",
    help="Give each approved document the next number of its series and store its PDF.",
    columns=COLUMNS | {"credit_of", *_BUYER},
    reads=TABLES_READ | _SERIES,
    check=check_facturx,
    row_checks=row_checks,
    check_columns=frozenset(
        {"company_account_id", "kind", "invoice_date", "credit_of", "preceding_number", *_BUYER}
    ),
    check_reads=_SERIES,
    reserve=reserve,
    artefacts=artefacts,
    transform=transform,
    preview=preview,
    order=("invoice_date", "invoice_id"),
    chunk_rows=500,
    outcome=("status", Status.CREATED.value),
    after=("send_via",),
    after_failure=("regenerate",),
)
