"""Approve: the invoice date is set and every check of a legal document passed, or all faults named."""

from datetime import date

import numpy as np
import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, joined, no_failures
from invoicebatch.model.documents.approval import CUSTOMERS, LINES, VAT_BREAKDOWN, approval_faults
from invoicebatch.model.status import Status


class ApproveParams(Params):
    """Parameters of approve."""

    invoice_date: date = Field(default_factory=date.today, description="Invoice date; default today")
    accept_review: str = Field(
        "", description="Why documents that the review stops are right all the same; empty: they are refused"
    )


def row_checks(batch: Batch, params: ApproveParams, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """Every fault of every document; see `approval_faults`."""
    return approval_faults(batch, pd.Timestamp(params.invoice_date).as_unit("s"))


def refusals(batch: Batch, params: ApproveParams, context: Context) -> pd.DataFrame:
    """What the review stops, unless a reason says why it is right."""
    stopped = _found(batch, context, "stop")
    if params.accept_review:
        return stopped.iloc[:0]
    return stopped.assign(reason="review: " + stopped["reason"] + "; accept_review takes a reason")


def warnings(batch: Batch, params: ApproveParams, context: Context) -> pd.DataFrame:  # noqa: ARG001
    """What the review only asks to look at."""
    return _found(batch, context, "look")


def _found(batch: Batch, context: Context, severity: str) -> pd.DataFrame:
    return context.odd(batch.invoices["invoice_id"].to_numpy(np.int64), severity)


def _accepted(batch: Batch, params: ApproveParams, context: Context) -> pd.DataFrame:
    """What the history keeps of documents that go out although the review stops them."""
    if not params.accept_review:
        return no_failures()
    stopped = _found(batch, context, "stop")
    return stopped.assign(reason="review accepted (" + params.accept_review + "): " + stopped["reason"])


def transform(batch: Batch, params: ApproveParams, context: Context) -> Changes:
    """Rows without a fault become `approved`, others `approval_failed` with every fault."""
    moment = pd.Timestamp(params.invoice_date).as_unit("s")
    faults = row_checks(batch, params, context)
    reasons = joined(faults)
    invoices = batch.invoices
    good = ~invoices["invoice_id"].isin(reasons.index)
    terms = pd.to_timedelta(_term_days(batch, context), unit="D")
    rows = invoices[["invoice_id"]].assign(
        status=pd.Series(Status.APPROVED.value, index=invoices.index).where(
            good, Status.APPROVAL_FAILED.value
        ),
        invoice_date=invoices["invoice_date"].where(~good, moment),
        due_date=invoices["due_date"].where(~good, moment + terms),
        failure=invoices["invoice_id"].map(reasons).astype("str"),
    )
    return Changes(updates={"invoices": rows}, failures=faults, notes=_accepted(batch, params, context))


def _term_days(batch: Batch, context: Context) -> pd.Series:
    """Days to pay: the invoice's, else the customer's, else the settings'."""
    customers = batch["customers"].set_index("customer_id")["payment_term_days"]
    days = batch.invoices["payment_term_days"].fillna(batch.invoices["customer_id"].map(customers))
    return days.fillna(context.settings.payment.term_days).astype("int64")


ACTION = Action(
    name="approve",
    label="Approve",
    help="Approve invoices so that they can be created: sets the invoice date and checks each document.",
    params=ApproveParams,
    columns=frozenset(
        {
            "number", "kind", "preceding_date", "customer_id", "invoice_date", "due_date", "company_account_id", "payment_term_days", "line_total_cents",
            "allowance_total_cents", "charge_total_cents", "net_total_cents", "vat_total_cents",
            "prepaid_cents", "rounding_cents", "paid_cents", "credited_cents", "outstanding_cents",
        }
    ),
    reads=frozenset(
        {
            "lines", "vat_breakdown", "allowance_charges", "customers", "company_accounts",
            "number_ranges", "number_counters",
        }
    ),
    read_columns={
        "lines": LINES, "vat_breakdown": VAT_BREAKDOWN, "customers": (*CUSTOMERS, "payment_term_days"),
    },
    transform=transform,
    row_checks=row_checks,
    refusals=refusals,
    warnings=warnings,
    records_faults=True,
    accepts={"accept_review": ("let_go_by_review",)},
    defaults=lambda _settings, today: {"invoice_date": today},
    chunk_rows=100_000,
    outcome=("status", Status.APPROVED.value),
    after=("create",),
    undo="withdraw_approval",
)  # fmt: skip
