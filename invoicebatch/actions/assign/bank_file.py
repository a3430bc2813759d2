"""Assign to outgoing bank file: bundle invoices into collections and refunds, never netted.

Only bundles are made here; `payments write` makes the file of one.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Batch, Changes, where_said
from invoicebatch.model.payments.bundles import Making, bundle_frames
from invoicebatch.model.payments.calendar import DUE_DATE, earliest_date, next_banking_day, resolve_date
from invoicebatch.model.payments.candidates import COLLECTIONS, REFUNDS, WATCHED, Terms, candidates, with_part
from invoicebatch.model.payments.mandates import spent_versions
from invoicebatch.model.payments.notice import notice_faults
from invoicebatch.settings import Settings

PARTS: Final = {"both": (COLLECTIONS, REFUNDS), COLLECTIONS: (COLLECTIONS,), REFUNDS: (REFUNDS,)}
_YEAR: Final = timedelta(days=366)


COLUMNS: Final = frozenset(
    (
        "number", "company_account_id", "outstanding_cents", "due_at_issue_cents", "due_date", "invoice_date",
        "remittance_reference", "payment_bundle_id", "shipping_status", "sent_at", "customer_name", "customer_is_business",
        "mandate_waits", "mandate_signed_on", "mandate_sequence_type", "mandate_last_used_on", "mandate_notice_days",
        "mandate_previous_mandate_id", "mandate_previous_iban",
        *(f"customer_{name}" for name in ("street", "street_extra", "postcode", "city", "country")),
        *(f"{who}_{what}" for who in ("customer", "mandate") for what in ("iban", "bic", "account_holder")),
        *(f"account_{name}" for name in ("name", "iban", "bic", "creditor_id", "country")),
    )
)  # fmt: skip
"""Overview columns that the payments are made of; those of `WATCHED` come with them."""


class BankFile(Params):
    """Parameters of `assign.bank_file`."""

    collection_date: date | Literal["due date"] | None = Field(
        None,
        description="Date of the collections, or `due date`: each on its own; empty: as the settings say;"
        " moved to a banking day",
    )
    early: bool = Field(False, description="Collect before the due date that the document names, too")
    execution_date: date | None = Field(
        None, description="Date of the refunds; empty: as the settings say; moved to a banking day"
    )
    parts: Literal["both", "collections", "refunds"] = Field("both", description="What to bundle")
    combine: Literal["none", "mandate"] | None = Field(
        None,
        description="mandate: the invoices of one mandate and date in one debit; empty: as the settings say",
    )
    instant: bool | None = Field(
        None, description="Refunds as instant credit transfers; empty: as the settings say"
    )
    description: str = Field("", max_length=100, description="Text for the bank statement, after the number")


def _defaults(settings: Settings, today: date) -> Mapping[str, Any]:
    collection = settings.payment.collection_date.strip()
    return {
        "collection_date": DUE_DATE if collection == DUE_DATE else resolve_date(collection, today),
        "execution_date": resolve_date(settings.payment.execution_date, today),
    }


def _dates_by_part(params: BankFile, context: Context) -> dict[str, date]:
    """The date asked for, by part; only the parts asked for."""
    given = {COLLECTIONS: params.collection_date, REFUNDS: params.execution_date}
    usual = _defaults(context.settings, context.today)
    rest = {COLLECTIONS: usual["collection_date"], REFUNDS: usual["execution_date"]}
    dates = {part: day or rest[part] for part, day in given.items() if params.parts in ("both", part)}
    first = _earliest(context.settings, context.now)
    return {part: first[part] if day == DUE_DATE else day for part, day in dates.items()}


def _on_due_date(params: BankFile, settings: Settings) -> bool:
    return (params.collection_date or settings.payment.collection_date.strip()) == DUE_DATE


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


def _check(params: BankFile, around: Surroundings, now: datetime) -> None:
    """A date given by a person must be one that the bank still takes."""
    earliest = _earliest(around.settings, now)
    last = now.date() + _YEAR
    for part, day in ((COLLECTIONS, params.collection_date), (REFUNDS, params.execution_date)):
        if not isinstance(day, date) or params.parts not in ("both", part):
            continue
        if fault := _date_fault(part, day, earliest[part]):
            raise ParameterError(fault, f"Choose {earliest[part]} or later.")
        if day > last:
            raise ParameterError(f"{day} is more than a year ahead", f"Choose {last} or earlier.")


def _candidates(batch: Batch, params: BankFile, context: Context) -> pd.DataFrame:
    """What each row would be; the check of a run and its changes ask the same reading."""
    return batch.once("candidates", lambda: _judged(batch, params, context))


def _judged(batch: Batch, params: BankFile, context: Context) -> pd.DataFrame:
    dates = _dates_by_part(params, context)
    moved = {part: next_banking_day(day) for part, day in dates.items()}
    terms = Terms(
        moved,
        params.description,
        on_due_date=_on_due_date(params, context.settings),
        early=params.early,
        latest=context.today + _YEAR,
        today=context.today,
        combine=_combines(params, context),
        instant=context.settings.payment.instant_refunds if params.instant is None else params.instant,
    )
    rows = candidates(with_part(batch.invoices), terms)
    earliest = _earliest(context.settings, context.now)
    late = {part: _date_fault(part, day, earliest[part]) for part, day in dates.items()}
    fault = rows["part"].map(late).fillna("").astype("str")
    if context.settings.payment.require_notice:
        fault = fault.mask(fault.eq(""), _without_notice(rows, batch, context))
    return rows.assign(reason=rows["reason"].mask(rows["reason"].eq("") & fault.ne(""), fault))


def _without_notice(rows: pd.DataFrame, batch: Batch, context: Context) -> "pd.Series[str]":
    """Why collections come unannounced; empty: they don't."""
    fault = notice_faults(batch.invoices, rows["collection_date"], context.settings.payment.notice_days)
    return fault.where(rows["part"].eq(COLLECTIONS) & rows["collection_date"].notna(), "")


def _combines(params: BankFile, context: Context) -> bool:
    return (params.combine or context.settings.payment.combine) == "mandate"


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
        "notice": _notice(rows, batch, context),
        "notes": _notes(rows, _dates_by_part(params, context)),
    }


def _notice(rows: pd.DataFrame, batch: Batch, context: Context) -> pd.DataFrame:
    """Collections that come unannounced, by reason."""
    fault = _without_notice(rows, batch, context)
    counts = fault[fault.ne("")].value_counts(sort=False)
    return pd.DataFrame({"without_notice": counts.index.astype("str"), "invoices": counts.to_numpy("int64")})


def _notes(rows: pd.DataFrame, dates: Mapping[str, date]) -> pd.DataFrame:
    present = set(rows["part"])
    notes = [
        f"{part}: {day} is no banking day, moved to {next_banking_day(day)}"
        for part, day in dates.items()
        if part in present and next_banking_day(day) != day
    ]
    bare = int((rows["reason"].eq("") & rows["city"].eq("")).sum())
    notes += [f"{bare:,} payments go without an address: none is stored"] if bare else []
    return pd.DataFrame({"note": pd.Series(notes, dtype="str")})


def _transform(batch: Batch, params: BankFile, context: Context) -> Changes:
    rows = _candidates(batch, params, context)
    making = Making(
        run_id=context.run_id,
        now=context.now,
        description=params.description,
        user=context.user,
        most=context.settings.payment.file_payments,
        combine=_combines(params, context),
    )
    bundles, items = bundle_frames(rows, batch.invoices, making)
    live = items[["invoice_id", "bundle_id"]]
    bundled = {"invoices": live.rename(columns={"bundle_id": "payment_bundle_id"})}
    return Changes(
        updates={**bundled, "mandates": spent_versions(batch["mandates"], items)},
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
    columns=COLUMNS,
    reads=frozenset({"mandates"}),
    after=("payments.release", "payments.write"),
    undo="payments.cancel",
)
