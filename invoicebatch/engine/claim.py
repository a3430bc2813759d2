"""Claiming a plan: in one transaction the rows are judged again and taken, or refused by name."""

import numpy as np
import pandas as pd

from invoicebatch.engine import clock
from invoicebatch.engine.faultpoints import reach
from invoicebatch.engine.plan import Plan, pin
from invoicebatch.model.ident import sha256_json
from invoicebatch.model.status import RowOutcome, RunStatus
from invoicebatch.store import Session


def claim(session: Session, plan: Plan, folder: str, status: RunStatus) -> None:
    """Write the plan's run with its rows and claims.

    A row that changed since the plan was made, is held by another run, or no longer qualifies is
    refused with that reason; the others go on.
    """
    rows = plan.rows.copy()
    eligible = rows["eligible"].to_numpy(bool)
    reasons = rows["reason"].astype("str").to_numpy(object).copy()
    reasons[eligible] = _judge_again(session, plan, rows[eligible])
    taken = reasons == ""
    outcome = np.where(taken, RowOutcome.CLAIMED.value, RowOutcome.REFUSED.value)
    journal_rows = pd.DataFrame(
        {
            "invoice_id": rows["invoice_id"],
            "position": np.arange(len(rows)),
            "row_version": rows["row_version"],
            "outcome": outcome,
            "number": rows["number"],
            "part": rows["part"],
            "reason": pd.Series(reasons, index=rows.index).where(~taken, None),
        }
    )
    reach("claim.judged")
    session.start_run(_run_row(plan, folder, status), journal_rows)
    reach("claim.uncommitted")


def _judge_again(session: Session, plan: Plan, rows: pd.DataFrame) -> np.ndarray:
    """Why each planned row can't be claimed now; empty: it can."""
    now = plan.workspace.judged(session, rows["invoice_id"].to_numpy(np.int64), plan.action)
    evaluation = plan.workspace.evaluate(now, picked_by_hand=plan.picked_by_hand, action=plan.action)
    state = pd.DataFrame(
        {
            "version": now["version"],
            "pin": pin(now, plan.action.watch),
            "reason": np.asarray(evaluation.reasons(plan.action.name), dtype=object),
            "part": np.asarray(evaluation.part(plan.action.name), dtype=object),
        }
    ).set_index(now["invoice_id"])
    state = state.reindex(rows["invoice_id"])
    holders = (
        session.holders(rows["invoice_id"]).set_index("invoice_id")["run_id"].reindex(rows["invoice_id"])
    )
    gone = state["version"].isna().to_numpy()
    stale = (
        (state["version"] != rows["row_version"].to_numpy()) | (state["pin"] != rows["pin"].to_numpy())
    ).to_numpy()
    moved = (state["part"] != rows["part"].to_numpy()).to_numpy()
    busy = holders.notna().to_numpy()
    result = state["reason"].fillna("").to_numpy(object).copy()
    result[moved & (result == "")] = "stale: it changed since the plan was made; select again"
    result[stale] = "stale: it changed since the plan was made; select again"
    result[busy] = [f"busy in run {run_id[:8]}" for run_id in holders.to_numpy()[busy]]
    result[gone] = "gone: it was deleted since the plan was made"
    return result


def _run_row(plan: Plan, folder: str, status: RunStatus) -> dict[str, object]:
    return {
        "run_id": plan.run_id,
        "action": plan.action.name,
        "parameters": plan.params.model_dump_json(),
        "plan_sha256": sha256_json({"plan": plan.sha256}),
        "status": status.value,
        "folder": folder,
        "selected": plan.selected,
        "eligible": plan.eligible,
        "totals": "{}",
        "selection": plan.selection,
        "user": plan.workspace.user,
        "background": status is RunStatus.QUEUED,
        "created_at": clock.now(),
    }
