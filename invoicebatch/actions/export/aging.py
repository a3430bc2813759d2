"""Export the ageing list: what is open of each ledger, by how long ago it was due."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Literal

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared
from invoicebatch.model.payments import ledger


class AgingParams(Params):
    """What may be chosen for an ageing list."""

    on: date | None = Field(
        None,
        description="Day it is aged on; empty: today. One that has passed: the amounts as they stood then",
    )
    format: Literal["xlsx", "csv", "parquet"] = Field("xlsx", description="Kind of file")
    picture: bool = Field(True, description="Draw the sums as a picture (PNG) too")
    language: Literal["", "en", "nl", "fr", "de"] = Field(
        "", description="Language of the titles; empty: as the settings say"
    )


def _rows(batch: Batch, params: AgingParams, context: Context) -> pd.DataFrame:
    moves = ledger.movements(ledger.documents_of(batch), batch["payments"])
    on = params.on or context.today
    rows = ledger.aged(ledger.as_of(moves, on, context.today), on)
    names = batch["customers"].set_index("customer_id")["name"]
    return rows.assign(customer_name=rows["customer_id"].map(names).astype("str"))


def artefacts(batch: Batch, params: AgingParams, context: Context) -> Iterator[Prepared]:
    """`aging.xlsx` (or csv, parquet) with a row for each ledger with anything open, and `aging.png`."""
    from invoicebatch.formats.workbook.aging import COLUMNS, aging_facts, write_picture
    from invoicebatch.formats.workbook.export import export_file, run_facts
    from invoicebatch.formats.workbook.rows import TableExport

    rows = _rows(batch, params, context)
    settings = context.settings.export
    on = params.on or context.today
    facts = run_facts(context) | aging_facts(rows, on)
    table = TableExport("aging", rows, COLUMNS, context.now, facts, params.language or settings.language)
    yield Artefact(*export_file(table, params.format, settings))
    if params.picture:
        yield Artefact("aging.png", partial(write_picture, table=table, on=on))


def transform(batch: Batch, params: AgingParams, context: Context) -> Changes:
    """Nothing changes; the report carries what is owed, by currency."""
    sums = ledger.by_currency(_rows(batch, params, context))
    pairs = zip(sums["currency"], sums["outstanding_cents"].tolist(), strict=True)
    totals = {f"outstanding_{currency}_cents": int(cents) for currency, cents in pairs}
    return Changes(failures=batch.failed, totals=totals)


def preview(batch: Batch, params: AgingParams, context: Context) -> Preview:
    """The sums of each currency."""
    return {"aging": ledger.by_currency(_rows(batch, params, context))}


ACTION = Action(
    name="export.aging",
    label="Ageing",
    title_in_full="Export ageing",
    help="What is owed by customer, company account and currency, and since when: all created documents, payments"
    " and credits of those that the selection has a document of count, selected or not.",
    params=AgingParams,
    columns=frozenset(ledger.KEY),
    reads=ledger.READS | {"customers"},
    transform=transform,
    artefacts=artefacts,
    preview=preview,
    repeatable=True,
    schedulable=True,
)
