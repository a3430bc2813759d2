"""Claiming a plan: in one transaction the rows are judged again and taken, or refused by name."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.eligibility import NOT_BUSY
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.judge import Judging
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.files.stored import stored_path
from invoicebatch.model.action import Action, Params
from invoicebatch.model.ident import sha256_json
from invoicebatch.model.status import RowOutcome, RunStatus
from invoicebatch.store import TAKEN, Session

_COMPARED: Final = ["invoice_id", "row_version", "part", "pin"]
"""What a plan says of a row that must still be so."""


def claim(
    session: Session, workspace: WorkspaceBase, plan: Plan, folder: str, status: RunStatus
) -> pd.DataFrame:
    """Write the plan's run with its rows and claims.

    A row that changed since the plan was made, is held by another run, or no longer qualifies is
    refused with that reason; the others go on.

    Returns:
        The rows that go on, as `Session.taken_rows` has them.
    """
    rows = plan.rows
    eligible = rows["eligible"].to_numpy(bool)
    reasons = np.array(rows["reason"], dtype=object)
    reasons[eligible] = _judge_again(session, workspace, plan, rows.loc[eligible, _COMPARED])
    taken = reasons == ""
    outcomes = pd.Index([RowOutcome.REFUSED.value, RowOutcome.CLAIMED.value])
    journal_rows = pd.DataFrame(
        {
            "invoice_id": rows["invoice_id"],
            "position": np.arange(len(rows)),
            "row_version": rows["row_version"],
            "outcome": pd.Categorical.from_codes(taken.astype(np.int8), outcomes),
            "number": rows["number"],
            "part": rows["part"],
            "reason": pd.Series(reasons, index=rows.index).where(~taken, None),
        },
        copy=False,
    )
    reach("claim.judged")
    session.start_run(
        _run_row(plan, workspace.user, stored_path(workspace.data, Path(folder)), status), journal_rows
    )
    reach("claim.uncommitted")
    return (journal_rows if taken.all() else journal_rows[taken])[list(TAKEN)].reset_index(drop=True)


def _judge_again(session: Session, workspace: WorkspaceBase, plan: Plan, rows: pd.DataFrame) -> np.ndarray:
    """Why each planned row can't be claimed now; empty: it can."""
    result = np.full(len(rows), "gone: it was deleted since the plan was made", dtype=object)
    judging = Judging(workspace, plan.action, plan.params, picked_by_hand=plan.picked_by_hand)
    for _, verdict in judging.pieces(session, rows["invoice_id"].to_numpy(np.int64)):
        result[verdict.index] = _why_not(verdict, rows.iloc[verdict.index])
    for text in judging.of_the_whole():
        result[result == ""] = text
    return result


def _why_not(verdict: pd.DataFrame, planned: pd.DataFrame) -> np.ndarray:
    """Why rows of the plan can't be claimed as they are now: what the rules say, or that they changed."""

    def changed(*columns: str) -> np.ndarray:
        differ: np.ndarray = np.any(
            [verdict[name].to_numpy() != planned[name].to_numpy() for name in columns], 0
        )
        return differ

    result: np.ndarray = verdict["reason"].to_numpy(object).copy()
    stale = changed("row_version", "pin") & ~verdict["busy"].to_numpy(bool)
    result[stale | (changed("part") & (result == ""))] = (
        "stale: it changed since the plan was made; select again"
    )
    return result


def judge_changed(
    session: Session, workspace: WorkspaceBase, action: Action, params: Params, claimed: pd.DataFrame
) -> pd.DataFrame:
    """The claimed rows that changed since and no longer qualify: invoice_id int64, reason str.

    A claim keeps other runs and imports away; an answer about an earlier message may still change a row.

    Args:
        session: an open session.
        workspace: whose rules judge.
        action: the run's action.
        params: its parameters.
        claimed: rows of the journal: invoice_id, row_version int64, part str.
    """
    is_changed = claimed["invoice_id"].isin(session.changed_since(claimed))
    changed = claimed[is_changed].set_index("invoice_id")
    now = workspace.judged(session, changed.index.to_numpy(np.int64), action)
    evaluation = workspace.evaluate(now, picked_by_hand=True, action=action, params=params).without(
        {NOT_BUSY}  # by this run itself
    )
    reasons = pd.Series(np.asarray(evaluation.reasons(action.name), dtype=object), index=now["invoice_id"])
    parts = pd.Series(np.asarray(evaluation.part(action.name), dtype=object), index=now["invoice_id"])
    moved = parts != changed["part"].astype("str").reindex(parts.index).fillna("")
    reasons = reasons.mask(moved & (reasons == ""), "stale: it changed since it was claimed; select again")
    reasons = reasons.reindex(changed.index, fill_value="gone: it was deleted since it was claimed")
    lost = reasons[reasons != ""]
    return pd.DataFrame(
        {"invoice_id": lost.index.to_numpy(np.int64), "reason": lost.astype("str").to_numpy()}
    )


def _run_row(plan: Plan, user: str, folder: str, status: RunStatus) -> dict[str, object]:
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
        "user": user,
        "background": status is RunStatus.QUEUED,
        "created_at": clock.now(),
    }
