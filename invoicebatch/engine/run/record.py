"""What changes state without being a run of an action (an import, messages sent again), kept among the runs.

Such a record is written finished, in the transaction of the change itself: there is nothing to resume.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.files.publish import sha256_of
from invoicebatch.model.status import ArtefactStatus, RowOutcome, RunStatus
from invoicebatch.store import Session


@dataclass(frozen=True)
class Record:
    """One change.

    Attributes:
        run_id: its id, under which its events are kept too.
        what: a word for it, such as `import`; no action is called so.
        words: what it did, in a line: files and counts.
        user: who did it.
        details: what else is worth keeping, as JSON values.
        files: files it left, whole on disk already, by the paths that the state knows them by.
    """

    run_id: str
    what: str
    words: str
    user: str
    details: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)


def record(session: Session, made: Record, invoices: pd.Series) -> None:
    """Write a record.

    Args:
        session: the open session of the change.
        made: what is recorded.
        invoices: int64 ids of the invoices it changed.
    """
    ids = invoices.drop_duplicates().reset_index(drop=True)
    known = session.rows_of("invoices", "invoice_id", ids, ("invoice_id", "version", "number"))
    state = known.set_index("invoice_id").reindex(ids)
    rows = pd.DataFrame(
        {
            "invoice_id": ids,
            "position": np.arange(len(ids)),
            "row_version": state["version"].fillna(0).astype("int64").to_numpy(),
            "outcome": RowOutcome.DONE.value,
            "number": state["number"].to_numpy(),
            "part": "",
            "reason": pd.Series(None, index=ids.index, dtype="str"),
        }
    )
    session.start_run(_run(made, len(ids)), rows)
    if made.files:
        files = [_file(made.run_id, name, path) for name, path in made.files.items()]
        session.insert("artefacts", pd.DataFrame(files))


def _run(made: Record, invoices: int) -> dict[str, Any]:
    now = clock.now()
    return {
        "run_id": made.run_id,
        "action": made.what,
        "parameters": json.dumps(made.details, default=str),
        "plan_sha256": "",
        "status": RunStatus.FINISHED.value,
        "folder": "",
        "selected": invoices,
        "eligible": invoices,
        "totals": "{}",
        "selection": made.words,
        "user": made.user,
        "background": False,
        "created_at": now,
        "finished_at": now,
    }


def _file(run_id: str, stored: str, path: Path) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "name": path.name,
        "path": stored,
        "sha256": sha256_of(path),
        "size": path.stat().st_size,
        "status": ArtefactStatus.PUBLISHED.value,
        "invoice_id": None,
    }
