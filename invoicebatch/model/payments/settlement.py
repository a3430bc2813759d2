"""What follows from money that moved: paid amounts, payment plans, collection cases. Frames in, frames out.

Every action that books, returns or credits money comes here, so that each follows the same rules.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.payments import instalments as arithmetic
from invoicebatch.model.schema import TABLES
from invoicebatch.model.schema.payments import COLLECTION_CASES, INSTALMENTS, PAYMENT_PLANS, PAYMENTS
from invoicebatch.model.status import CaseStatus, PlanStatus

PAID = "paid"
"""Why a collection case ended of whose invoice nothing is open."""

READS = frozenset({"collection_cases", "payment_plans", "instalments"})
"""Tables that `settled` and `taken_out` look into."""


@dataclass(slots=True)
class ChangesBuilder:
    """Frames to update, insert and delete, collected step by step."""

    updates: dict[str, pd.DataFrame] = field(default_factory=dict)
    inserts: dict[str, pd.DataFrame] = field(default_factory=dict)
    deletes: dict[str, pd.DataFrame] = field(default_factory=dict)

    def update(self, table: str, frame: pd.DataFrame) -> None:
        """Add an update unless it is empty."""
        if len(frame):
            self.updates[table] = frame

    def update_more(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows of other keys to an update with the same columns."""
        if len(frame) and table in self.updates:
            conformed = TABLES[table].conform(frame)
            self.updates[table] = pd.concat([self.updates[table], conformed], ignore_index=True)
        elif len(frame):
            self.updates[table] = TABLES[table].conform(frame)

    def update_invoices(self, current: pd.DataFrame, frame: pd.DataFrame) -> None:
        """Add columns to the update of invoices: a row is written once, with all that changes.

        Args:
            current: overview rows; rows of another update keep these values in the new columns.
            frame: invoice_id and changed columns.
        """
        if frame.empty:
            return
        present = self.updates.get("invoices", frame[["invoice_id"]])
        columns = list(dict.fromkeys([*present.columns, *frame.columns]))
        ids = pd.Index(pd.concat([present["invoice_id"], frame["invoice_id"]]).unique(), name="invoice_id")
        whole = current[columns].set_index("invoice_id").loc[ids]
        for update in (present, frame):
            values = update.set_index("invoice_id")
            for name in values.columns:
                whole.loc[values.index, name] = values[name].astype(whole[name].dtype)
        self.updates["invoices"] = whole.reset_index()

    def changes(self, **rest: Any) -> Changes:
        """All of it as `Changes`."""
        return Changes(self.updates, self.inserts, self.deletes, **rest)


def settled(
    batch: Batch, movements: pd.DataFrame, today: date, early: Literal["keep", "recalculate"] = "keep"
) -> ChangesBuilder:
    """Book payments on invoices.

    Args:
        batch: invoices with paid_cents, outstanding_cents, payment_plan_id; the tables of `READS`.
        movements: payment_id, invoice_id, booked_on, amount_cents (int64; negative: to the debtor),
            source, reference; of invoices in the batch.
        today: what an early payment is early to.
        early: what an early payment does to a plan.
    """
    effects = ChangesBuilder()
    if movements.empty:
        return effects
    delta = movements.groupby("invoice_id")["amount_cents"].sum()
    rows = batch.invoices[batch.invoices["invoice_id"].isin(delta.index)]
    moved = rows["invoice_id"].map(delta).astype("int64")
    paid = pd.DataFrame(
        {
            "invoice_id": rows["invoice_id"],
            "paid_cents": rows["paid_cents"].astype("int64") + moved,
            "outstanding_cents": rows["outstanding_cents"].astype("int64") - moved,
        }
    )
    effects.update_invoices(batch.invoices, paid)
    effects.inserts["payments"] = PAYMENTS.conform(movements)
    close_cases(effects, batch["collection_cases"], paid, PAID)
    owing = rows.loc[rows["outstanding_cents"].le(0) & paid["outstanding_cents"].gt(0), "collection_case_id"]
    _reopen_cases(effects, batch["collection_cases"], owing, today)
    by_plan = moved.groupby(rows["payment_plan_id"]).sum()
    _pay_plans(effects, batch, by_plan, today, early)
    return effects


def close_cases(effects: ChangesBuilder, cases: pd.DataFrame, invoices: pd.DataFrame, reason: str) -> None:
    """Close the open cases of invoices (invoice_id, outstanding_cents) with nothing left to receive."""
    done = invoices.loc[invoices["outstanding_cents"] <= 0, "invoice_id"]
    open_ones = cases[cases["invoice_id"].isin(done) & cases["status"].astype("str").ne(CaseStatus.CLOSED)]
    effects.update("collection_cases", closed(open_ones, reason))


def _reopen_cases(effects: ChangesBuilder, cases: pd.DataFrame, owing: "pd.Series[str]", today: date) -> None:
    """Cases that ended because their invoice was paid go on, where what paid it is taken back: from today on."""
    ended = cases["status"].astype("str").eq(CaseStatus.CLOSED) & cases["closed_reason"].eq(PAID)
    rows = cases[cases["case_id"].isin(owing) & ended]
    frame = rows[["case_id", "version"]].assign(
        status=CaseStatus.ACTIVE.value, next_step_on=pd.Timestamp(today), closed_reason=None
    )
    effects.update_more("collection_cases", frame.reset_index(drop=True))


def reopened(effects: ChangesBuilder, cases: pd.DataFrame) -> "pd.Series[int]":
    """Invoices (ids) whose collection case goes on again."""
    update = effects.updates.get("collection_cases", cases.iloc[:0])
    on = update.loc[update["status"].astype("str").eq(CaseStatus.ACTIVE), "case_id"]
    return cases.loc[cases["case_id"].isin(on), "invoice_id"]


def closed(cases: pd.DataFrame, reason: str) -> pd.DataFrame:
    """The update that closes some cases."""
    frame = cases[["case_id", "version"]].assign(
        status=CaseStatus.CLOSED.value,
        next_step_on=pd.Series(pd.NaT, index=cases.index),
        closed_reason=reason,
    )
    return COLLECTION_CASES.conform(frame.reset_index(drop=True))


def _live_plans(batch: Batch, ids: pd.Index) -> pd.DataFrame:
    plans = batch["payment_plans"]
    return plans[plans["plan_id"].isin(ids) & plans["status"].astype("str").ne(PlanStatus.CANCELLED)]


def _pay_plans(
    effects: ChangesBuilder,
    batch: Batch,
    by_plan: "pd.Series[int]",
    today: date,
    early: Literal["keep", "recalculate"],
) -> None:
    plans = _live_plans(batch, by_plan.index)
    before = batch["instalments"]
    before = before[before["plan_id"].isin(plans["plan_id"])]
    if plans.empty or before.empty:
        return
    after = arithmetic.pay(before, by_plan)
    if early == "recalculate":
        after = arithmetic.spread_early(after, today)
    _write_plans(effects, plans, before, after)


def taken_out(effects: ChangesBuilder, batch: Batch, by_invoice: "pd.Series[int]") -> None:
    """Take amounts (cents credited or no longer in the plan, by invoice id) out of the invoices' plans."""
    rows = batch.invoices[batch.invoices["invoice_id"].isin(by_invoice.index)]
    amounts = rows["invoice_id"].map(by_invoice).astype("int64")
    by_plan = amounts.groupby(rows["payment_plan_id"]).sum()
    plans = _live_plans(batch, by_plan.index)
    before = batch["instalments"]
    before = before[before["plan_id"].isin(plans["plan_id"])]
    if plans.empty or before.empty:
        return
    open_cents = (before["amount_cents"] - before["paid_cents"]).groupby(before["plan_id"]).sum()
    off = by_plan.clip(upper=open_cents.reindex(by_plan.index).fillna(0).astype("int64"))
    _write_plans(effects, plans, before, arithmetic.reduce(before, off))


def _write_plans(
    effects: ChangesBuilder, plans: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame
) -> None:
    """Changed instalments, without those that ended at zero, and the plans' new status and total."""
    gone = after["amount_cents"] == 0
    sums = after.groupby("plan_id")[["amount_cents", "paid_cents"]].sum().reindex(plans["plan_id"])
    status = plans["status"].astype("str")
    complete = (sums["paid_cents"] >= sums["amount_cents"]).to_numpy()
    nothing = (sums["amount_cents"] == 0).to_numpy()
    reopened = status.where(status.ne(PlanStatus.COMPLETED), PlanStatus.ACTIVE.value)
    new = reopened.mask(complete, PlanStatus.COMPLETED.value).mask(nothing, PlanStatus.CANCELLED.value)
    left = (~gone).groupby(after["plan_id"]).sum().reindex(plans["plan_id"])
    frame = plans[["plan_id", "version"]].assign(
        status=new, total_cents=sums["amount_cents"].to_numpy(), instalments=left.to_numpy()
    )
    effects.update("payment_plans", PAYMENT_PLANS.conform(frame.reset_index(drop=True)))
    key, values = ["plan_id", "instalment_no"], ["amount_cents", "paid_cents"]
    if gone.any():
        effects.deletes["instalments"] = after.loc[gone, key].reset_index(drop=True)
    joined = after[~gone].merge(before[[*key, *values]], on=key, suffixes=("", "_before"))
    changed = (joined["amount_cents"] != joined["amount_cents_before"]) | (
        joined["paid_cents"] != joined["paid_cents_before"]
    )
    effects.update(
        "instalments", INSTALMENTS.conform(joined.loc[changed, [*key, *values]].reset_index(drop=True))
    )
