"""Assign to a collection case: each invoice gets a case of its own in one of the configured flows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Choices, Context, Params, Preview, Surroundings
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.ident import derived_id
from invoicebatch.model.payments.candidates import first_reason
from invoicebatch.model.payments.collection import FILE, Flow, find_flow, load_flows
from invoicebatch.model.schema.payments import COLLECTION_CASES
from invoicebatch.model.status import CaseStatus, PlanStatus
from invoicebatch.settings import Settings


class CaseParams(Params):
    """Parameters of `assign.collection_case`."""

    flow: str = Field("standard", description="Collection flow")


def _first_dates(rows: pd.DataFrame, flow: Flow, today: date) -> "pd.Series[Any]":
    by_due = {
        due: pd.Timestamp(flow.first_date(due.date(), today)) for due in rows["due_date"].dropna().unique()
    }
    return rows["due_date"].map(by_due).astype("datetime64[s]")


def row_checks(batch: Batch, _: CaseParams, __: Context) -> pd.DataFrame:
    """Rows without a due date, from which a flow counts."""
    undated = batch.invoices["due_date"].isna()
    return failures(batch.invoices.loc[undated, "invoice_id"], "no due date to count from")


def preview(batch: Batch, params: CaseParams, context: Context) -> Preview:
    """Tables `steps` (the flow), `first_step` (cases by its date) and `arranged` (cases that wait)."""
    flow = find_flow(context.root, params.flow)
    rows = batch.invoices.assign(first_step_on=_first_dates(batch.invoices, flow, context.today))
    steps = pd.DataFrame(
        {
            "step": range(1, len(flow.steps) + 1),
            "name": [step.name for step in flow.steps],
            "days_after_due_date": [flow.start_days + step.after_days for step in flow.steps],
            "channel": [step.channel for step in flow.steps],
            "cost": [str(step.cost) for step in flow.steps],
        }
    )
    first = rows.groupby("first_step_on", as_index=False, dropna=False).agg(
        cases=("invoice_id", "size"), outstanding_cents=("outstanding_cents", "sum")
    )
    return {"steps": steps, "first_step": first, **_arranged(batch.invoices, context.today)}


def _arranged(invoices: pd.DataFrame, today: date) -> Preview:
    """Table `arranged`: rows whose case opens, but whose steps wait for what is arranged with the customer."""
    planned = invoices["plan_status"].isin([PlanStatus.DRAFT.value, PlanStatus.ACTIVE.value])
    kept = planned & ~invoices["plan_next_due_on"].lt(pd.Timestamp(today))
    checks = (
        (invoices["payment_bundle_id"].notna(), "with the bank: no step is done while the bundle is live"),
        (kept, "in a payment plan that is kept: no step is done until an instalment is overdue"),
    )
    rows = invoices.assign(what=first_reason(invoices.index, checks))
    groups = rows[rows["what"] != ""].groupby("what", as_index=False)
    table = groups.agg(cases=("invoice_id", "size"), outstanding_cents=("outstanding_cents", "sum"))
    return {"arranged": table} if len(table) else {}


def transform(batch: Batch, params: CaseParams, context: Context) -> Changes:
    """One active case a row, with its first step and date."""
    flow = find_flow(context.root, params.flow)
    rows = batch.invoices
    cases = rows[["invoice_id", "customer_id"]].assign(
        case_id=[derived_id("case", context.run_id, invoice) for invoice in rows["invoice_id"]],
        customer_id=rows["customer_id"].fillna(""),
        flow=params.flow,
        status=CaseStatus.ACTIVE.value,
        step=1,
        next_step_on=_first_dates(rows, flow, context.today),
        costs_cents=0,
        opened_at=pd.Timestamp(context.now).tz_localize(None),
        version=1,
    )
    update = cases[["invoice_id", "case_id"]].rename(columns={"case_id": "collection_case_id"})
    return Changes(
        updates={"invoices": update},
        inserts={"collection_cases": COLLECTION_CASES.conform(cases)},
        totals={"cases": len(cases), "outstanding_cents": int(rows["outstanding_cents"].sum())},
    )


def _flows(around: Surroundings) -> dict[str, str]:
    return {name: flow.label for name, flow in load_flows(around.root).items()}


def _defaults(settings: Settings, _: date) -> Mapping[str, Any]:
    return {"flow": settings.collection.flow}


ACTION = Action(
    name="assign.collection_case",
    label="Assign to collection case",
    help="Open a collection case for each unpaid invoice.",
    params=CaseParams,
    transform=transform,
    row_checks=row_checks,
    preview=preview,
    defaults=_defaults,
    choices={"flow": Choices(_flows, FILE)},
    after=("assign.collection_step",),
)
