"""What an action's own checks, beyond the rules, find of rows: asked for counts, reasons and plans."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.eligibility import Evaluation
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.params import params_here
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, joined

COUNTED_ROWS: Final = 20_000
"""Up to so many rows the bar's counts include the checks; of more, a plan alone tells."""


Check = Callable[[Batch, Any, Context], pd.DataFrame]


def faults(
    workspace: WorkspaceBase, action: Action, check: Check | None, params: Params, rows: pd.DataFrame
) -> "pd.Series[str]":
    """What a check of an action finds of rows, by invoice id; the others are left out.

    Args:
        workspace: where.
        action: whose check.
        check: one of its functions; None finds nothing.
        params: its parameters.
        rows: rows that the rules let pass: invoice_id int64, part str.
    """
    if check is None or rows.empty:
        return pd.Series(dtype="str")
    ids, parts = rows["invoice_id"].to_numpy(np.int64), rows.set_index("invoice_id")["part"]
    with workspace.store.read() as session:
        batch = load_batch(session, action.for_checks(), ids, clock.today(), parts)
    with workspace.pool() as pool:
        return joined(check(batch, params, workspace.context("", pool)))


def faults_by_default(workspace: WorkspaceBase, action: Action, evaluation: Evaluation) -> "pd.Series[str]":
    """What a plan with the default parameters refuses beyond the rules, by invoice id.

    Nothing is asked where a parameter has no default, or of more than `COUNTED_ROWS` rows.
    """
    if action.refusing is None or not 0 < evaluation.count(action.name) <= COUNTED_ROWS:
        return pd.Series(dtype="str")
    try:
        params = params_here(workspace, action, {})
    except ParameterError:
        return pd.Series(dtype="str")
    rows = pd.DataFrame({"invoice_id": evaluation.frame["invoice_id"], "part": evaluation.part(action.name)})
    return faults(workspace, action, action.refusing, params, rows[evaluation.eligible(action.name)])
