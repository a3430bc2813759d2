"""What an action's own checks, beyond the rules, find of rows: asked for counts, reasons and plans."""

from contextlib import suppress
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.eligibility import Evaluation
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.params import parse_params
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params
from invoicebatch.model.changes import joined

COUNTED_ROWS: Final = 20_000
"""Up to so many rows the bar's counts include the checks; of more, a plan alone tells."""


def faults(workspace: WorkspaceBase, action: Action, params: Params, rows: pd.DataFrame) -> "pd.Series[str]":
    """Why the action's checks refuse rows, by invoice id; the others are left out.

    Args:
        workspace: where.
        action: whose checks.
        params: its parameters.
        rows: rows that the rules let pass: invoice_id int64, part str.
    """
    if action.row_checks is None or rows.empty:
        return pd.Series(dtype="str")
    ids, parts = rows["invoice_id"].to_numpy(np.int64), rows.set_index("invoice_id")["part"]
    with workspace.store.read() as session:
        batch = load_batch(session, action.for_checks(), ids, clock.today(), parts)
    with Pool(workspace.settings) as pool:
        return joined(action.row_checks(batch, params, workspace.context("", pool)))


def faults_by_default(workspace: WorkspaceBase, action: Action, evaluation: Evaluation) -> "pd.Series[str]":
    """What a plan with the default parameters refuses beyond the rules, by invoice id.

    Nothing is asked where a row that fails is taken all the same, where a parameter has no default,
    or of more than `COUNTED_ROWS` rows.
    """
    count = evaluation.count(action.name)
    if action.row_checks is None or action.records_faults or not 0 < count <= COUNTED_ROWS:
        return pd.Series(dtype="str")
    with suppress(ParameterError):
        params = parse_params(action, {}, workspace.settings, clock.today(), workspace.choices(action))
        eligible = evaluation.eligible(action.name)
        rows = pd.DataFrame(
            {"invoice_id": evaluation.frame["invoice_id"], "part": evaluation.part(action.name)}
        )
        return faults(workspace, action, params, rows[eligible])
    return pd.Series(dtype="str")
