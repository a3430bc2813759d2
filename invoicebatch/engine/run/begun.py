"""A run as the journal has it when its work begins, read where a session is open anyway."""

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.model.changes import Batch
from invoicebatch.store import Session

FEW: Final = 1_000
"""Rows that are read along in a transaction; with more, others would wait for it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What was committed of a run.

    Attributes:
        run: its columns in the journal.
        rows: of those that were not refused, see `Session.taken_rows`.
        files: all its files.
        messages: whether any waits to be handed over.
        judged: what the claim's own transaction read of the rows that it took, where they are few; None: they
            are judged and read when their turn comes.
    """

    run: dict[str, Any]
    rows: pd.DataFrame
    files: pd.DataFrame
    messages: bool
    judged: Batch | None = None


def read_begun(session: Session, run_id: str, claimed: pd.DataFrame | None = None) -> Begun:
    """The run as it is now.

    Args:
        session: an open session.
        run_id: a run that there is.
        claimed: its rows, which were judged and claimed in this same transaction.

    Raises:
        KeyError: there is no such run.
    """
    run = session.run(run_id)
    if run is None:
        raise KeyError(run_id)
    rows = session.taken_rows(run_id) if claimed is None else claimed
    files = session.artefacts(run_id)
    messages = not session.live_messages(run_id).empty
    if claimed is None or not 0 < len(claimed) <= FEW:
        return Begun(run, rows, files, messages)
    parts = claimed.set_index("invoice_id")["part"]
    ids = claimed["invoice_id"].to_numpy()
    judged = load_batch(session, find(str(run["action"])), ids, clock.today(), parts)
    return Begun(run, rows, files, messages, judged)
