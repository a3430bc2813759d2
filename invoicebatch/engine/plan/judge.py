"""Judging rows for one action, piece by piece: what a plan shows, and what its claim asks once more."""

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.eligibility import Evaluation, Whole
from invoicebatch.engine.base.pieces import detached, joined
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

CODED: Final = ("part", "reason", "currency")
"""Texts that many rows share: by code, a million rows take 25 MB less, and twice that where most are refused."""


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
        One row an invoice, in the order of the ids: `COLUMNS`, busy_action str, and what the action orders by;
        `CODED` are categories.
    """
    judging = Judging(workspace, action, params, picked_by_hand=picked_by_hand, but=but)
    shown = ["invoice_id", "number", "total_cents", "busy_action", *action.order]
    pieces = [
        detached(
            frame[[*dict.fromkeys(shown)]].join(verdict).assign(currency=frame["currency"].astype("category"))
        )
        for frame, verdict in judging.pieces(session, ids, every_reason=every_reason)
    ]
    rows = joined(pieces, CODED).sort_index().reset_index(drop=True)
    for text in judging.of_the_whole():
        reason = rows["reason"].astype("str")
        added = reason.where(reason == "", reason + "; ") + text if every_reason else reason
        rows = rows.assign(eligible=False, part="", reason=added.where(reason != "", text))
        rows = rows.astype(dict.fromkeys(CODED, "category"))
    return rows


class Judging:
    """What `judge` says, piece by piece: no frame of all rows is made."""

    def __init__(
        self,
        workspace: WorkspaceBase,
        action: Action,
        params: Params | None,
        *,
        picked_by_hand: bool,
        but: Collection[str] = (),
    ) -> None:
        self._workspace, self._action, self._params = workspace, action, params
        self._picked_by_hand, self._but = picked_by_hand, but
        self._whole = Whole()

    def pieces(
        self, session: Session, ids: npt.NDArray[np.int64], *, every_reason: bool = False
    ) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Rows as they are, and the verdict of each but for what the selection as a whole is refused for.

        Returns:
            Two frames at a time, by the rows' places in `ids`: overview columns; and row_version int64, eligible,
            busy bool, part, reason category, pin uint64.
        """
        for frame in self._workspace.judged_pieces(session, ids, self._action):
            evaluation = self._workspace.evaluate(
                frame, picked_by_hand=self._picked_by_hand, action=self._action, params=self._params
            ).without(self._but)
            self._whole.add(evaluation)
            yield frame, _verdict(frame, evaluation.of_rows(), self._action, every_reason=every_reason)

    def of_the_whole(self) -> list[str]:
        """Why none of the rows that were judged can take the action; empty: nothing stands against all."""
        waived = {*self._but, *(self._action.waived(self._params) if self._params else ())}
        failing = self._whole.failing(self._workspace.rules, self._action.name, waived)
        return [fact.reason.text for fact in failing]


def _verdict(
    frame: pd.DataFrame, evaluation: Evaluation, action: Action, *, every_reason: bool
) -> pd.DataFrame:
    reasons = evaluation.all_reasons if every_reason else evaluation.reasons_by_code
    columns = {
        "row_version": frame["version"],
        "eligible": evaluation.eligible(action.name),
        "part": evaluation.part(action.name),
        "reason": reasons(action.name).astype("category"),
        "busy": frame["busy_run"].notna(),
        "pin": pin(frame, action.watch),
    }
    return pd.DataFrame(columns, index=frame.index, copy=False)


def pin(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """One uint64 a row over some columns' values; zero where there are none."""
    if not columns or frame.empty:
        return pd.Series(np.zeros(len(frame), np.uint64), index=frame.index)
    plain = frame[list(columns)].astype("str")
    return pd.util.hash_pandas_object(plain, index=False)
