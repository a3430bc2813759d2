"""Export what the French reform asks beside invoices: sales to private persons, and statuses of the life cycle."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from invoicebatch.errors import ParameterError, RenderError
from invoicebatch.model.action import Action, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, where_said
from invoicebatch.model.en16931.derive import TABLES, derive
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.model.schema.types import day, integer, money, percent, text
from invoicebatch.model.status import BuyerAnswer
from invoicebatch.settings import EInvoice

if TYPE_CHECKING:
    from invoicebatch.formats.archive.document_zip import Document

COLUMNS: Final = (
    text("company_account_id", "The seller's account"),
    day("invoice_date", "Day of the sales"),
    text("category", "TLB1 goods, TPS1 services, TNT1 not subject to French VAT"),
    text("currency", "ISO 4217"),
    percent("vat_rate", "VAT rate"),
    integer("documents", "Invoices and credit notes", required=True),
    money("taxable", "Without VAT"),
    money("tax", "VAT"),
)
"""Flux 10.3: sales to private persons, by day, kind and rate."""

_KINDS: Final = {"B": "TLB1", "S": "TPS1", "M": "TLB1"}
_KEY: Final = ["company_account_id", "invoice_date", "category", "currency", "vat_rate_bp"]


class FranceParams(Params):
    """What is reported."""

    report: Literal[
        "b2c", "paid", "deposited", "received", "in_process", "accepted", "under_query", "rejected"
    ] = Field(
        "b2c",
        description="b2c: totals of sales to private persons (Flux 10, CSV); else a life-cycle message (CDAR) of each invoice"
        " to a business: paid (212) as its seller, the others as buyer (of self-billed invoices) or platform",
    )
    reason_code: str = Field(
        "", description="Of under_query and rejected: the French code of the reason, such as TX_TVA_ERR"
    )
    reason: str = Field("", max_length=500, description="The same in words")


def check(params: FranceParams, _: Surroundings, __: datetime) -> None:
    """A status that needs a reason has one of its list, and no other status has any.

    Raises:
        ParameterError: it has not.
    """
    from invoicebatch.formats.cdar import REASONS

    if params.report == "b2c":
        return
    codes = REASONS.get(BuyerAnswer(params.report), ())
    if params.reason_code not in (codes or ("",)):
        known = f"one of {', '.join(codes)}" if codes else "left out"
        raise ParameterError(f"report {params.report}: reason_code must be {known}.")


def row_checks(batch: Batch, params: FranceParams, _: Context) -> pd.DataFrame:
    """Rows that the report is not about."""
    rows = batch.invoices
    business = rows["customer_is_business"].fillna(value=True).astype(bool)
    reason = pd.Series("", index=rows.index, dtype="str")
    if params.report == "b2c":
        reason = reason.mask(business, "the customer is a business: its invoices are reported one by one")
    else:
        unpaid = rows["payment_status"].astype("str") != "paid"
        reason = reason.mask(unpaid & (params.report == "paid"), "it is not paid yet")
        reason = reason.mask(~business, "the customer is a private person: only totals are reported")
    reason = reason.mask(rows["account_country"] != "FR", "the seller is not French")
    return where_said(rows["invoice_id"], reason)


def artefacts(batch: Batch, params: FranceParams, context: Context) -> Iterator[Prepared]:
    """`b2c.csv`, or the life-cycle messages: one file, or a ZIP of several."""
    from invoicebatch.formats.archive.document_zip import document_files
    from invoicebatch.formats.workbook.export import export_file, run_facts
    from invoicebatch.formats.workbook.rows import TableExport

    if params.report == "b2c":
        rows = totals(batch, context.settings.einvoice)
        settings = context.settings.export
        table = TableExport("b2c", rows, COLUMNS, context.now, run_facts(context), settings.language)
        yield Artefact(*export_file(table, "csv", settings))
        return
    yield from document_files(_messages(batch, params, context), len(batch), "life-cycle.zip")


def totals(batch: Batch, settings: EInvoice) -> pd.DataFrame:
    """Sales by account, day, kind, currency and rate; amounts in cents, credit notes negative."""
    rows = batch["vat_breakdown"].merge(
        batch.invoices[["invoice_id", "company_account_id", "invoice_date", "currency"]], on="invoice_id"
    )
    taxed = rows["vat_category"].eq("S")
    rows["category"] = np.where(taxed, _KINDS[settings.france.sells], "TNT1")
    grouped = rows.groupby(_KEY, observed=True, as_index=False)
    return grouped.agg(
        documents=("invoice_id", "nunique"),
        taxable_cents=("taxable_cents", "sum"),
        tax_cents=("tax_cents", "sum"),
    )


def _messages(batch: Batch, params: FranceParams, context: Context) -> "Iterator[Document | RowFailure]":
    """The message of each invoice, or why there is none."""
    from invoicebatch.formats.archive.document_zip import Document
    from invoicebatch.formats.cdar import CODES, LifeCycle, write_life_cycle

    status = BuyerAnswer(params.report)
    groups, _ = derive(batch.invoices, batch.tables, "france", context.settings.einvoice)
    last = batch["payments"].groupby("invoice_id")["booked_on"].max()
    for row, terms in enumerate(groups[DOCUMENT].to_dict("records")):
        invoice_id = int(terms["invoice_id"])
        paid = status is BuyerAnswer.PAID
        at = last.get(invoice_id, terms["BT-9"]) if paid else context.now
        lacking = [name for name, term in _NEEDED.items() if pd.isna(terms.get(term))]
        if lacking or pd.isna(at):
            yield RowFailure(invoice_id, f"it lacks {', '.join(lacking) or 'the day it was paid on'}")
            continue
        message = LifeCycle(
            terms["BT-1"], terms["BT-3"], terms["BT-2"], status, pd.Timestamp(at).to_pydatetime(),
            (terms["BT-30"], terms["BT-27"]), (terms["BT-47"], terms["BT-44"]), (terms["BT-34"], terms["BT-49"]),
            terms["BT-5"], _amounts(groups["BG-23"], row) if paid else (), params.reason_code, params.reason,
        )  # fmt: skip
        try:
            written = write_life_cycle(message)
        except RenderError as error:
            yield RowFailure(invoice_id, error.message)
        else:
            yield Document(invoice_id, f"{message.number}_{CODES[status][0]}", written)


def _amounts(breakdown: pd.DataFrame, row: int) -> list[tuple[Decimal, Decimal]]:
    """What a document is paid by VAT rate, with the rate."""
    shares = breakdown[breakdown["parent"] == row]
    return [
        (Decimal(int(taxable + tax)).scaleb(-2), Decimal(int(rate)).scaleb(-4))
        for taxable, tax, rate in zip(
            shares["BT-116"], shares["BT-117"], shares["BT-119"].fillna(0), strict=True
        )
    ]


_NEEDED: Final = {
    "the seller's SIREN": "BT-30",
    "the buyer's SIREN": "BT-47",
    "the seller's electronic address": "BT-34",
    "the buyer's electronic address": "BT-49",
}


def transform(batch: Batch, params: FranceParams, context: Context) -> Changes:  # noqa: ARG001
    """Nothing changes."""
    return Changes(failures=batch.failed)


def preview(batch: Batch, params: FranceParams, context: Context) -> Preview:
    """The totals, or how many messages there will be."""
    if params.report == "b2c":
        return {"sales": totals(batch, context.settings.einvoice)}
    return {
        "messages": pd.DataFrame({"what": [f"invoices said to be {params.report}"], "rows": [len(batch)]})
    }


ACTION = Action(
    name="export.france",
    label="French reports",
    title_in_full="Export French reports",
    help="What France asks beside invoices: sales to private persons by day, and statuses of the life cycle.",
    params=FranceParams,
    check=check,
    reads=TABLES | {"payments"},
    row_checks=row_checks,
    check_columns=frozenset({"customer_is_business", "payment_status", "account_country"}),
    check_reads=frozenset(),
    transform=transform,
    artefacts=artefacts,
    preview=preview,
    repeatable=True,
    schedulable=True,
)
