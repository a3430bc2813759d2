"""Approve or cancel payment plans, by hand or those that are overdue."""

from typing import Literal

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params, Preview
from invoicebatch.model.changes import Batch, Changes, where_said
from invoicebatch.model.payments.settlement import ChangesBuilder, taken_out
from invoicebatch.model.schema.payments import PAYMENT_PLANS
from invoicebatch.model.status import PlanStatus


class PlanStatusParams(Params):
    """Parameters of `assign.payment_plan_status`."""

    change: Literal["approve", "cancel", "cancel_overdue", "remove"] = Field(
        description="approve drafts, cancel plans, cancel those overdue for longer than the settings allow,"
        " or remove the invoices from their plan"
    )


def _overdue(batch: Batch, context: Context) -> "pd.Series[bool]":
    """By plan id: an instalment is open for more days than `cancel_overdue_days`; never where that is 0."""
    days = context.settings.payment_plans.cancel_overdue_days
    parts = batch["instalments"]
    limit = pd.Timestamp(context.today) - pd.Timedelta(days=days)
    late = parts["due_date"].lt(limit) & parts["paid_cents"].lt(parts["amount_cents"]) & bool(days)
    return late.groupby(parts["plan_id"]).any()


def _reasons(batch: Batch, params: PlanStatusParams, context: Context) -> "pd.Series[str]":
    """By plan id: why it can't change so, or an empty string."""
    plans = batch["payment_plans"].set_index("plan_id")
    state = plans["status"].astype("str")
    if params.change == "approve":
        return ("the payment plan is " + state + ", not draft").where(state.ne(PlanStatus.DRAFT), "")
    if params.change in ("cancel", "remove"):
        return pd.Series("", index=plans.index, dtype="str")
    late = _overdue(batch, context).reindex(plans.index, fill_value=False)
    return pd.Series("no instalment is overdue for longer than the settings allow", index=plans.index).mask(
        late, ""
    )


def row_checks(batch: Batch, params: PlanStatusParams, context: Context) -> pd.DataFrame:
    """Rows whose plan can't change so."""
    rows = batch.invoices
    reason = rows["payment_plan_id"].map(_reasons(batch, params, context)).fillna("in no payment plan")
    return where_said(rows["invoice_id"], reason)


def preview(batch: Batch, params: PlanStatusParams, context: Context) -> Preview:  # noqa: ARG001
    """Table `plans`: those that change."""
    columns = ["plan_id", "customer_id", "status", "total_cents", "instalments", "first_date"]
    return {"plans": batch["payment_plans"][columns]}


def transform(batch: Batch, params: PlanStatusParams, context: Context) -> Changes:  # noqa: ARG001
    """The plans of the rows change, each with all its invoices; or the rows leave them."""
    if params.change == "remove":
        return _removed(batch)
    plans = batch["payment_plans"]
    new = PlanStatus.ACTIVE if params.change == "approve" else PlanStatus.CANCELLED
    effects = ChangesBuilder()
    frame = plans[["plan_id", "version"]].assign(status=new.value).reset_index(drop=True)
    effects.update("payment_plans", PAYMENT_PLANS.conform(frame))
    return effects.changes(totals={"plans": len(plans)})


def _removed(batch: Batch) -> Changes:
    """The invoices leave their plan; what is open of them is no longer in its instalments, the last ones first."""
    rows = batch.invoices
    effects = ChangesBuilder()
    freed = pd.Series(None, index=rows.index, dtype="str")
    effects.update_invoices(rows, rows[["invoice_id"]].assign(payment_plan_id=freed))
    taken_out(effects, batch, rows.set_index("invoice_id")["outstanding_cents"])
    return effects.changes(totals={"removed_cents": int(rows["outstanding_cents"].sum())})


ACTION = Action(
    name="assign.payment_plan_status",
    label="Approve or cancel payment plans",
    help="Approve draft payment plans, cancel plans, or take invoices out of theirs.",
    params=PlanStatusParams,
    reads=frozenset({"payment_plans", "instalments"}),
    transform=transform,
    row_checks=row_checks,
    preview=preview,
    repeatable=True,
)
