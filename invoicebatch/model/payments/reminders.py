"""Steps of collection cases that are due, and the reminders they share: who gets which, and what each asks.

Frames in, frames out. Words are the templates'; what a reminder looks like is decided in `formats`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.contact.bounced import MARKS, mail_faults
from invoicebatch.model.payments.candidates import first_reason
from invoicebatch.model.payments.collection import Flow, Step
from invoicebatch.model.payments.late_payment import Costs, LatePayment, Who
from invoicebatch.model.status import CaseStatus

WRITTEN: Final = ("email", "post")
"""Channels of steps that write to the customer; the others are done without a message."""

_ADDRESS: Final = ("customer_street", "customer_postcode", "customer_city", "customer_country")
_ASKED_BY: Final = (
    "reason", "outstanding_cents", "costs_cents", "due_date", "currency", "flow", "step", "customer_is_business",
    "customer_country", "account_country",
)  # fmt: skip
_TOGETHER: Final = ["customer_id", "company_account_id", "currency"]


@dataclass(frozen=True, slots=True)
class Collecting:
    """What steps are judged by: flows by name, what the law lets ask, the day, and whether reminders are shared."""

    flows: Mapping[str, Flow]
    late_payment: LatePayment
    today: date
    combined: bool

    def step(self, flow: Any, step: Any) -> Step | None:
        """A step by flow and number, or None where there is no such one any more."""
        known = self.flows.get(flow)
        return known.steps[int(step) - 1] if known and 1 <= int(step) <= len(known.steps) else None


def due_steps(batch: Batch, by: Collecting) -> pd.DataFrame:
    """The rows with what their step does, and `reason` where it can't be done.

    A reminder is of the rows with its number in `reminder` (the invoice id of its first row, missing where
    the step writes to nobody). Its step, `channel` and `template` are those of the highest step of its
    rows, the oldest one's among several: `leads` is true for that row.

    Returns:
        `batch.invoices`, plus case_id, case_version, flow, step, next_step_on, state, costs_cents (charged
        before), step_name, channel, template, following_on, cost_cents and interest_cents (asked now),
        reminder Int64, leads bool, days_overdue, reason.
    """
    cases = batch["collection_cases"].rename(columns={"version": "case_version", "status": "state"})
    cases = cases[["case_id", "flow", "step", "next_step_on", "state", "costs_cents", "case_version"]]
    rows = batch.invoices.merge(cases, left_on="collection_case_id", right_on="case_id", how="left")
    steps = [by.step(flow, step) for flow, step in zip(rows["flow"], rows["step"], strict=True)]
    for name, of in (("channel", "channel"), ("template", "template"), ("step_name", "name")):
        values = [getattr(step, of) if step else "" for step in steps]
        rows[name] = pd.Series(values, index=rows.index, dtype="str")
    rows["following_on"] = pd.to_datetime(pd.Series(list(_following(rows, by)), index=rows.index))
    rows["days_overdue"] = (pd.Timestamp(by.today) - rows["due_date"]).dt.days
    rows["reason"] = first_reason(rows.index, _of_cases(rows, by.today))
    rows = _shared(rows, combined=by.combined)
    rows["reason"] = first_reason(
        rows.index, [(rows["reason"].ne(""), rows["reason"]), *_reachable(rows, batch[MARKS])]
    )
    return _asked(rows, steps, by)


def _following(rows: pd.DataFrame, by: Collecting) -> Iterator[Any]:
    for flow, step, due in zip(rows["flow"], rows["step"], rows["due_date"], strict=True):
        known = by.step(flow, step) and not pd.isna(due)
        yield by.flows[flow].next_date(due.date(), int(step), by.today) if known else None


def _of_cases(rows: pd.DataFrame, today: date) -> Iterator[tuple[Any, Any]]:
    gone = "collection flow " + rows["flow"].astype("str") + " has no such step any more"
    yield rows["channel"].eq(""), gone
    yield rows["state"].astype("str").ne(CaseStatus.ACTIVE), "its collection case is not active"
    yield rows["next_step_on"].gt(pd.Timestamp(today)), "its next step is not due yet"


def _shared(rows: pd.DataFrame, *, combined: bool) -> pd.DataFrame:
    """The rows with `reminder` and `leads`; channel and template are those of the row that leads."""
    written = rows[rows["channel"].isin(WRITTEN) & rows["reason"].eq("")].sort_values(
        ["due_date", "invoice_id"]
    )
    keys = _TOGETHER if combined else ["invoice_id"]
    reminder = written.groupby(keys, dropna=False, sort=False, observed=True)["invoice_id"].transform("first")
    rows["reminder"] = reminder.reindex(rows.index).astype("Int64")
    highest = written.sort_values("step", ascending=False, kind="stable")
    lead = highest.assign(reminder=reminder).drop_duplicates("reminder").set_index("reminder")
    rows["leads"] = rows["invoice_id"].isin(lead["invoice_id"])
    for name in ("channel", "template"):
        of_lead = rows["reminder"].map(lead[name]).astype("str")
        rows[name] = of_lead.where(rows["reminder"].notna(), rows[name])
    return rows


def _reachable(rows: pd.DataFrame, marks: pd.DataFrame) -> Iterator[tuple[Any, Any]]:
    faults = mail_faults(rows["customer_email"], marks)
    lacking = (rows[list(_ADDRESS)].fillna("") == "").any(axis=1)
    yield rows["channel"].eq("email") & faults.ne(""), "customer: " + faults + "; correct it and run again"
    yield rows["channel"].eq("post") & lacking, "the customer's postal address is not complete"


def _asked(rows: pd.DataFrame, steps: list[Step | None], by: Collecting) -> pd.DataFrame:
    """The rows with `cost_cents` and `interest_cents`, and why they can't be told."""
    records = rows[list(_ASKED_BY)].to_dict("records")
    found = [_of_row(row, step, by) for row, step in zip(records, steps, strict=True)]
    names = ["cost_cents", "interest_cents", "pooled", "unknown"]
    asked = pd.DataFrame(found, columns=names, index=rows.index).astype({"unknown": "str"})
    rows["reason"] = rows["reason"].where(rows["reason"].ne(""), asked.pop("unknown"))
    rows[["cost_cents", "interest_cents"]] = asked[["cost_cents", "interest_cents"]].astype("int64")
    pooled = rows[asked["pooled"].notna() & rows["reason"].eq("")].sort_values(["due_date", "invoice_id"])
    for _, some in pooled.groupby(pooled["reminder"].fillna(pooled["invoice_id"]), sort=False):
        law: Costs = asked["pooled"][some.index[0]]
        whole = law.cost.cents(int(some["outstanding_cents"].sum())) - int(some["costs_cents"].sum())
        rows.loc[some.index, "cost_cents"] = _parts(max(whole, 0), some["outstanding_cents"].tolist())
    return rows


def _of_row(row: Mapping[Any, Any], step: Step | None, by: Collecting) -> tuple[int, int, Costs | None, str]:
    """Costs and interest of a row, the law by which its reminder's costs are reckoned, and what is not known."""
    if step is None or row["reason"]:
        return 0, 0, None, ""
    cents, interest = int(row["outstanding_cents"]), 0
    try:
        if step.interest == "statutory":
            law = _whose(row)
            interest = by.late_payment.interest_on(cents, *law, row["due_date"].date(), by.today)
        if step.cost.type != "statutory":
            return step.cost.cents(cents), interest, None, ""
        costs = by.late_payment.costs_of(*_whose(row))
        _refuse_costs(row, costs, by)
    except LookupError as error:
        return 0, 0, None, str(error.args[0])
    if costs.per == "reminder":
        return 0, interest, costs, ""
    return max(costs.cost.cents(cents) - int(row["costs_cents"]), 0), interest, None, ""


def _whose(row: Mapping[Any, Any]) -> tuple[str, Who]:
    """The country whose law counts, and the kind of customer."""
    if pd.isna(row["customer_is_business"]):
        raise LookupError("not known whether the customer is a business")
    business = bool(row["customer_is_business"])
    country = row["account_country"] if business else row["customer_country"]
    if pd.isna(country) or not country:
        whose = "company account" if business else "customer"
        raise LookupError(f"the {whose} has no country, whose law says what may be asked")
    return str(country), "business" if business else "private"


def _refuse_costs(row: Mapping[Any, Any], costs: Costs, by: Collecting) -> None:
    """Costs that may not be asked of this row: in another currency, or without the notice that they need."""
    if row["currency"] != "EUR":
        raise LookupError(f"statutory costs are in EUR, the invoice is in {row['currency']}")
    flow, step = by.flows[row["flow"]], int(row["step"])
    reminded = [one.after_days for one in flow.steps[: step - 1] if one.channel in WRITTEN]
    before = reminded[-1] if reminded else None
    if costs.notice_days and (before is None or flow.steps[step - 1].after_days - before < costs.notice_days):
        raise LookupError(
            f"costs of a private person are owed {costs.notice_days} days after a reminder: flow {row['flow']}"
            f" has none that long before step {step} ({costs.source})"
        )


def _parts(cents: int, amounts: list[int]) -> list[int]:
    """A sum in parts as large as the amounts are; what rounding leaves falls on the first."""
    parts = [cents * amount // sum(amounts) for amount in amounts]
    return [cents - sum(parts[1:]), *parts[1:]]
