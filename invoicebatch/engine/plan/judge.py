"""Judging rows for one action, piece by piece: what a plan shows, and what its claim asks once more."""

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility import Evaluation, Whole
from invoicebatch.engine.base.pieces import detached
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.model.action import Action, Params
from invoicebatch.store import Session

COLUMNS: Final = (
    "invoice_id",
    "row_version",
    "number",
    "eligible",
    "part",
    "reason",
    "busy",
    "pin",
    "total_cents",
    "currency",
)
"""What a plan says of a row, see `Plan.rows`."""


def judge(
    session: Session,
    workspace: WorkspaceBase,
    ids: npt.NDArray[np.int64],
    action: Action,
    params: Params | None,
    *,
    picked_by_hand: bool,
    but: Collection[str] = (),
    every_reason: bool = False,
) -> pd.DataFrame:
    """What the rules say of rows, as they are now.

    Args:
        session: an open session.
        workspace: whose rules judge.
        ids: int64 invoice ids, the selection; unknown ones are left out.
        action: which.
        params: its parameters, which may waive facts; None: they are open.
        picked_by_hand: whether the rows were chosen one by one.
        but: facts that are not asked for.
        every_reason: all reasons of a row, not the first alone.

    Returns:
        One row an invoice, in the order of the ids: `COLUMNS`, busy_action str, and what the action orders by.
    """
    whole, pieces = Whole(), []
    for frame in workspace.judged_pieces(session, ids, action):
        evaluation = workspace.evaluate(
            frame, picked_by_hand=picked_by_hand, action=action, params=params
        ).without(but)
        whole.add(evaluation)
        pieces.append(_rows(frame, evaluation.of_rows(), action, every_reason=every_reason))
    rows = pd.concat(pieces)
    pieces.clear()
    rows = rows.sort_index().reset_index(drop=True)
    waived = {*but, *(action.waived(params) if params else ())}
    for fact in whole.failing(workspace.rules, action.name, waived):
        reason = rows["reason"]
        added = reason.where(reason == "", reason + "; ") + fact.reason.text if every_reason else reason
        rows = rows.assign(eligible=False, part="", reason=added.where(reason != "", fact.reason.text))
    return rows


def _rows(frame: pd.DataFrame, evaluation: Evaluation, action: Action, *, every_reason: bool) -> pd.DataFrame:
    reasons = evaluation.all_reasons if every_reason else evaluation.reasons
    kept = dict.fromkeys(
        ("busy_action", *action.order, "invoice_id", "version", "number", "total_cents", "currency")
    )
    return (
        detached(frame[[*kept]])
        .rename(columns={"version": "row_version"})
        .assign(
            eligible=evaluation.eligible(action.name),
            part=evaluation.part(action.name),
            reason=reasons(action.name),
            busy=frame["busy_run"].notna(),
            pin=pin(frame, action.watch),
        )
    )


def pin(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """One uint64 a row over some columns' values; zero where there are none."""
    if not columns or frame.empty:
        return pd.Series(np.zeros(len(frame), np.uint64), index=frame.index)
    plain = frame[list(columns)].astype("str")
    return pd.util.hash_pandas_object(plain, index=False)
