"""The files of a batch, made and staged: by a run, and where one is looked at before it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from invoicebatch.engine.run.staging import RunFiles
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Prepared, RowFailure, RowUnchanged, failures


def prepared(
    action: Action,
    batch: Batch,
    params: Params,
    context: Context,
    files: RunFiles,
    told: Callable[[Prepared], None],
) -> Batch:
    """The batch with the files of its rows, safe on disk, and the rows that have none.

    Args:
        action: makes the files.
        batch: its rows.
        params: its parameters.
        context: what it is lent.
        files: where they are staged.
        told: is called after each.
    """
    files.start()
    failed: list[RowFailure] = []
    unchanged: list[RowUnchanged] = []
    for item in action.artefacts(batch, params, context) if action.artefacts else ():
        if isinstance(item, RowFailure):
            failed.append(item)
        elif isinstance(item, RowUnchanged):
            unchanged.append(item)
        else:
            files.add(item)
        told(item)
    return replace(batch, files=files.staged(), failed=_reasons(failed), unchanged=_reasons(unchanged))


def _reasons(rows: Sequence[RowFailure | RowUnchanged]) -> pd.DataFrame:
    return failures(
        pd.Series([row.invoice_id for row in rows], dtype="int64"),
        pd.Series([row.reason for row in rows], dtype="str"),
    )
