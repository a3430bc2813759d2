"""What an action's own checks, beyond the rules, find of rows: asked for counts, reasons and plans."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.eligibility import Evaluation
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.pieces import pieces_of
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.params import params_here
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, joined

COUNTED_ROWS: Final = 20_000
"""Up to so many rows the bar's counts include the checks; of more, a plan alone tells."""


_PIECE: Final = 50_000
"""Rows that are read at once, at least."""

Check = Callable[[Batch, Any, Context], pd.DataFrame]
_NOTHING = pd.Series(dtype="str")


def faults(
    workspace: WorkspaceBase,
    action: Action,
    checks: Sequence[Check | None],
    params: Params,
    rows: pd.DataFrame,
) -> "list[pd.Series[str]]":
    """What checks of an action find of rows: of each check by invoice id, the others are left out.

    Many rows are read in pieces, where a run would do them so.

    Args:
        workspace: where.
        action: whose checks.
        checks: some of its functions; None finds nothing.
        params: its parameters.
        rows: rows that the rules let pass: invoice_id int64, part str.
    """
    if rows.empty or not any(checks):
        return [_NOTHING for _ in checks]
    size = max(action.chunk_rows, _PIECE) if action.chunk_rows else len(rows)
    with workspace.pool() as pool:
        context = workspace.context("", pool)
        found = [
            [joined(check(batch, params, context)) if check else _NOTHING for check in checks]
            for batch in _batches(workspace, action, pieces_of(workspace.store, action, params, rows, size))
        ]
    return [pd.concat(of_check) for of_check in zip(*found, strict=True)]


def _batches(workspace: WorkspaceBase, action: Action, pieces: Iterator[pd.DataFrame]) -> Iterator[Batch]:
    for piece in pieces:
        ids, parts = piece["invoice_id"].to_numpy(np.int64), piece.set_index("invoice_id")["part"]
        with workspace.store.read() as session:
            batch = load_batch(session, action.for_checks(), ids, clock.today(), parts)
        yield batch


def faults_by_default(workspace: WorkspaceBase, action: Action, rows: pd.DataFrame) -> "pd.Series[str]":
    """What a plan with the default parameters refuses beyond the rules, by invoice id.

    Nothing is asked where a parameter has no default, or of more than `COUNTED_ROWS` rows.

    Args:
        workspace: where.
        action: which.
        rows: those that the rules let pass, see `passing`.
    """
    if action.refusing is None or not 0 < len(rows) <= COUNTED_ROWS:
        return _NOTHING
    try:
        params = params_here(workspace, action, {})
    except ParameterError:
        return _NOTHING
    (found,) = faults(workspace, action, [action.refusing], params, rows)
    return found


def passing(evaluation: Evaluation, action: str) -> pd.DataFrame:
    """The rows that can take an action by the rules: invoice_id int64, part str."""
    rows = pd.DataFrame({"invoice_id": evaluation.frame["invoice_id"], "part": evaluation.part(action)})
    return rows[evaluation.eligible(action)]
