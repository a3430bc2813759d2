"""Assign a payment plan: the open amount of one customer's invoices in instalments, to the cent."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
from dateutil.relativedelta import relativedelta
from pydantic import Field, field_validator, model_validator

from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.money import format_cents, to_cents, unit_cents
from invoicebatch.model.payments import instalments
from invoicebatch.model.schema.payments import INSTALMENTS, PAYMENT_PLANS
from invoicebatch.model.status import PlanStatus
from invoicebatch.settings import Settings


class PlanParams(Params):
    """Parameters of `assign.payment_plan`."""

    instalments: int | None = Field(
        None, ge=1, le=1000, description="Number of instalments", json_schema_extra={"or": "amount"}
    )
    amount: Decimal | None = Field(
        None, gt=0, description="Or the amount of each instalment", json_schema_extra={"or": "instalments"}
    )
    first_date: date | None = Field(None, description="Due date of the first one; empty: in a month")
    interval: Literal["monthly", "weekly"] = Field("monthly", description="Time between instalments")
    day: int | None = Field(None, ge=1, le=31, description="Day of the month of the later ones")

    @field_validator("amount")
    @classmethod
    def _two_decimals(cls, value: Decimal | None) -> Decimal | None:
        if value is not None:
            to_cents(value)
        return value

    @model_validator(mode="after")
    def _one_way(self) -> "PlanParams":
        if (self.instalments is None) == (self.amount is None):
            raise ValueError("give either instalments (how many) or amount (how much each)")
        if self.day is not None and self.interval == "weekly":
            raise ValueError("a day of the month goes with a monthly interval")
        return self


def _defaults(_: Settings, today: date) -> Mapping[str, Any]:
    return {"first_date": today + relativedelta(months=1)}


def _check(params: PlanParams, _: Surroundings, now: datetime) -> None:
    if params.first_date is not None and params.first_date < now.date():
        raise ParameterError(f"first_date {params.first_date} has passed", "Choose a later one.")


def _schedule(batch: Batch, params: PlanParams, context: Context) -> pd.DataFrame:
    """The instalments of the rows' open amount.

    Raises:
        ParameterError: against the settings: too small a total, too long a term.
    """
    rules = context.settings.payment_plans
    total = int(batch.invoices["outstanding_cents"].sum())
    if total < rules.minimum_total_cents:
        raise ParameterError(
            f"{format_cents(total)} is below {format_cents(rules.minimum_total_cents)},"
            " the smallest total of a payment plan",
            "Set minimum_total_cents under [payment_plans], or take more invoices of this customer.",
        )
    unit = int(unit_cents(batch.invoices["currency"].astype("str").iloc[:1])[0])
    if params.instalments is not None:
        parts = instalments.split_evenly(total, params.instalments, unit)
    else:
        parts = instalments.split_by_amount(total, to_cents(params.amount or 0))
    if any(part % unit for part in parts):
        raise ParameterError("the currency of these invoices has no decimals", "Choose a whole amount.")
    first = params.first_date or context.today + relativedelta(months=1)
    plan = instalments.schedule(total, parts, first, params.interval, params.day)
    last, limit = plan["due_date"].iloc[-1].date(), context.today + relativedelta(months=rules.maximum_months)
    if last > limit:
        raise ParameterError(
            f"the last instalment would be due on {last}; a plan may last until {limit}",
            "Take fewer instalments, or set maximum_months under [payment_plans].",
        )
    return plan


def _mixed(batch: Batch) -> str:
    """Why the rows can't share a plan, or an empty string."""
    rows = batch.invoices
    for column, text in (
        ("customer_id", "customers"),
        ("company_account_id", "company accounts"),
        ("currency", "currencies"),
    ):
        if len(rows[column].drop_duplicates()) > 1:
            return f"the rows are of several {text}; a payment plan takes those of one"
    return "" if rows["customer_id"].notna().all() else "a payment plan needs a customer"


def row_checks(batch: Batch, params: PlanParams, context: Context) -> pd.DataFrame:
    """All rows, where they can't share a plan.

    Raises:
        ParameterError: the settings do not allow the plan.
    """
    if reason := _mixed(batch):
        return failures(batch.invoices["invoice_id"], reason)
    _schedule(batch, params, context)
    return failures(batch.invoices["invoice_id"].iloc[:0], "")


def preview(batch: Batch, params: PlanParams, context: Context) -> Preview:
    """Tables `schedule` (due date, amount, what is left) and `invoices` (what the plan takes over)."""
    shown = batch.invoices[["number", "customer_name", "customer_id", "due_date", "outstanding_cents"]]
    if batch.invoices.empty:
        return {"invoices": shown}
    return {"schedule": _schedule(batch, params, context), "invoices": shown}


def transform(batch: Batch, params: PlanParams, context: Context) -> Changes:
    """One plan for all rows; a draft where plans need approval."""
    rows = batch.invoices
    schedule = _schedule(batch, params, context)
    first = rows.iloc[0]
    plan_id = derived_id("plan", context.run_id, first["customer_id"], first["company_account_id"])
    status = PlanStatus.DRAFT if context.settings.payment_plans.approval else PlanStatus.ACTIVE
    plan = {
        "plan_id": plan_id,
        "customer_id": first["customer_id"],
        "company_account_id": first["company_account_id"],
        "currency": first["currency"],
        "status": status.value,
        "total_cents": int(schedule["amount_cents"].sum()),
        "instalments": len(schedule),
        "interval": params.interval,
        "first_date": schedule["due_date"].iloc[0],
        "version": 1,
    }
    parts = schedule.assign(plan_id=plan_id, paid_cents=0)
    return Changes(
        updates={"invoices": rows[["invoice_id"]].assign(payment_plan_id=plan_id)},
        inserts={
            "payment_plans": PAYMENT_PLANS.conform(pd.DataFrame([plan])),
            "instalments": INSTALMENTS.conform(parts),
        },
        totals={"plan_cents": int(schedule["amount_cents"].sum()), "instalments": len(schedule)},
    )


ACTION = Action(
    name="assign.payment_plan",
    label="Assign to payment plan",
    help="Let one customer pay some invoices in instalments.",
    params=PlanParams,
    transform=transform,
    row_checks=row_checks,
    preview=preview,
    defaults=_defaults,
    check=_check,
    order=("due_date", "invoice_id"),
)
