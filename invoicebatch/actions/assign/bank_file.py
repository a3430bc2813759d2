"""Assign to outgoing bank file: bundle invoices into collections and refunds, never netted.

Only bundles are made here; `payments write` makes the file of one.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Batch, Changes, where_said
from invoicebatch.model.payments.bundles import bundle_frames
from invoicebatch.model.payments.calendar import earliest_date, next_banking_day, resolve_date
from invoicebatch.model.payments.candidates import COLLECTIONS, REFUNDS, WATCHED, Terms, candidates, with_part
from invoicebatch.model.payments.sepa import creditor_id_warning
from invoicebatch.settings import Settings

PARTS: Final = {"both": (COLLECTIONS, REFUNDS), COLLECTIONS: (COLLECTIONS,), REFUNDS: (REFUNDS,)}


class BankFile(Params):
    """Parameters of `assign.bank_file`."""

    collection_date: date | None = Field(
        None, description="Date of the collections; empty: as the settings say; moved to a banking day"
    )
    execution_date: date | None = Field(
        None, description="Date of the refunds; empty: as the settings say; moved to a banking day"
    )
    parts: Literal["both", "collections", "refunds"] = Field("both", description="What to bundle")
    description: str = Field("", max_length=100, description="Text for the bank statement, after the number")


def _defaults(settings: Settings, today: date) -> Mapping[str, Any]:
    return {
        "collection_date": resolve_date(settings.payment.collection_date, today),
        "execution_date": resolve_date(settings.payment.execution_date, today),
    }


def _dates_by_part(params: BankFile, context: Context) -> dict[str, date]:
    """The date asked for, by part; only the parts asked for."""
    given = {COLLECTIONS: params.collection_date, REFUNDS: params.execution_date}
    usual = _defaults(context.settings, context.today)
    rest = {COLLECTIONS: usual["collection_date"], REFUNDS: usual["execution_date"]}
    return {part: day or rest[part] for part, day in given.items() if params.parts in ("both", part)}


def _earliest(settings: Settings, now: datetime) -> dict[str, date]:
    payment = settings.payment
    leads = {COLLECTIONS: payment.collection_lead_days, REFUNDS: payment.execution_lead_days}
    return {
        part: earliest_date(now, lead, payment.cut_off, payment.time_zone) for part, lead in leads.items()
    }


def _date_fault(part: str, day: date, earliest: date) -> str:
    if next_banking_day(day) >= earliest:
        return ""
    name = "collection_date" if part == COLLECTIONS else "execution_date"
    return f"{name} {day} is before {earliest}, the first banking day the bank still takes"


def _check(params: BankFile, settings: Settings, now: datetime) -> None:
    """A date given by a person must be one that the bank still takes."""
    earliest = _earliest(settings, now)
    for part, day in ((COLLECTIONS, params.collection_date), (REFUNDS, params.execution_date)):
        if day and params.parts in ("both", part) and (fault := _date_fault(part, day, earliest[part])):
            raise ParameterError(fault, f"Choose {earliest[part]} or later.")


def _candidates(batch: Batch, params: BankFile, context: Context) -> pd.DataFrame:
    dates = _dates_by_part(params, context)
    moved = {part: next_banking_day(day) for part, day in dates.items()}
    rows = candidates(with_part(batch.invoices), Terms(moved, params.description))
    earliest = _earliest(context.settings, context.now)
    late = {part: _date_fault(part, day, earliest[part]) for part, day in dates.items()}
    fault = rows["part"].map(late).fillna("").astype("str")
    return rows.assign(reason=rows["reason"].mask(rows["reason"].eq("") & fault.ne(""), fault))


def _row_checks(batch: Batch, params: BankFile, context: Context) -> pd.DataFrame:
    rows = _candidates(batch, params, context)
    return where_said(rows["invoice_id"], rows["reason"])


def _preview(batch: Batch, params: BankFile, context: Context) -> Preview:
    rows = _candidates(batch, params, context)
    key = ["part", "company_account_id", "sequence_type", "scheme", "collection_date"]
    sums = {"invoices": ("invoice_id", "size"), "total_cents": ("amount_cents", "sum")}
    groups = rows.groupby(key, dropna=False, as_index=False, observed=True).agg(**sums)
    return {
        "parts": rows.groupby("part", as_index=False).agg(**sums),
        "groups": groups.rename(columns={"company_account_id": "account", "scheme": "local_instrument"}),
        "notes": _notes(rows, batch, _dates_by_part(params, context)),
    }


def _notes(rows: pd.DataFrame, batch: Batch, dates: Mapping[str, date]) -> pd.DataFrame:
    present = set(rows["part"])
    notes = [
        f"{part}: {day} is no banking day, moved to {next_banking_day(day)}"
        for part, day in dates.items()
        if part in present and next_banking_day(day) != day
    ]
    collecting = batch.invoices["invoice_id"].isin(rows.loc[rows["part"] == COLLECTIONS, "invoice_id"])
    creditors = batch.invoices.loc[collecting, "account_creditor_id"].dropna().unique()
    notes += [warning for creditor in creditors if (warning := creditor_id_warning(creditor))]
    return pd.DataFrame({"note": pd.Series(notes, dtype="str")})


def _transform(batch: Batch, params: BankFile, context: Context) -> Changes:
    rows = _candidates(batch, params, context)
    bundles, items = bundle_frames(rows, batch.invoices, context.run_id, context.now, params.description)
    live = items[["invoice_id", "bundle_id"]]
    return Changes(
        updates={"invoices": live.rename(columns={"bundle_id": "payment_bundle_id"})},
        inserts={"payment_bundles": bundles, "bundle_items": items, "live_bundle_items": live},
        totals=_totals(rows),
    )


def _totals(rows: pd.DataFrame) -> dict[str, int]:
    sums = rows.groupby("part")["amount_cents"].agg(["size", "sum"])
    counts = {str(part): int(count) for part, count in sums["size"].items()}
    return counts | {f"{part}_cents": int(total) for part, total in sums["sum"].items()}


ACTION = Action(
    name="assign.bank_file",
    label="Assign to outgoing bank file",
    help="Bundle direct debits and refunds for the bank.",
    params=BankFile,
    transform=_transform,
    row_checks=_row_checks,
    wanted_parts=lambda params: PARTS[params.parts],
    preview=_preview,
    defaults=_defaults,
    check=_check,
    order=("invoice_date", "invoice_id"),
    watch=WATCHED,
    after=("payments.write",),
    undo="payments.cancel",
)
