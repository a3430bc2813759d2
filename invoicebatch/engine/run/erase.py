"""Carrying an erasure out: the state in one transaction, then the files that it names, then the database file anew.

A process that dies in between leaves a run that `resume` finishes; nothing is called erased before all of it is.
"""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.bring_back import note_back
from invoicebatch.engine.run.erasure import Erasure, judge
from invoicebatch.errors import BusyError, StaleError
from invoicebatch.files.publish import sha256_of, sync_folders
from invoicebatch.files.whole import remove
from invoicebatch.model.status import ERASED, RowOutcome, RunStatus
from invoicebatch.store import Session

ERASE: Final = "erase"
"""What the run is called; no action is."""


def erase(workspace: WorkspaceBase, seen: Erasure) -> str:
    """Erase a customer as it was shown; the run's id.

    Raises:
        StaleError: it would be another thing by now.
        NothingEligibleError: business was opened meanwhile.
    """
    run_id = str(uuid.uuid4())
    lock = workspace.store.run_lock(run_id)
    if not lock.acquire():
        raise BusyError(f"Run {run_id} is at work in another process.")
    try:
        reach("erase.begin")
        with workspace.store.write() as session:
            parts = session.files_with_customer(seen.customer_id)
            back = session.dissolve_parts(workspace.data, sorted(set(parts["part"])), run_id)
            found = judge(session, workspace, seen.customer_id, parts)
            if found.to_dict() != seen.to_dict():
                raise StaleError(
                    f"What is known of customer {seen.customer_id} changed.", "Look at it again."
                )
            if back:
                why = "a part of the archive that held a customer who was erased is dissolved"
                note_back(session, workspace, back, str(uuid.uuid4()), why)
            _write(session, run_id, found, workspace.user)
        reach("erase.committed")
        finish(workspace, run_id)
    finally:
        lock.release()
    return run_id


def finish(workspace: WorkspaceBase, run_id: str) -> None:
    """Remove the files that an erasure names, write the database file anew, close the run; can be repeated."""
    with workspace.store.read() as session:
        run = session.run(run_id)
    details = json.loads(run["parameters"]) if run else {}
    left = [path for file in details["files"] if (path := _remove(workspace.data, file))]
    reach("erase.removed")
    workspace.store.rewrite()
    reach("erase.rewritten")
    details |= {"files": [], "removed": len(details["files"]) - len(left)}
    details["elsewhere"] += [{"path": path, "what": "changed since it was made"} for path in left]
    with workspace.store.write() as session:
        session.note_run(run_id, parameters=json.dumps(details, ensure_ascii=False))
        session.finish_run(run_id, RunStatus.FINISHED, clock.now())


def waiting(run: Mapping[str, Any]) -> int:
    """How many files an erasure that was interrupted still has to remove; at least one."""
    return max(1, len(json.loads(run["parameters"])["files"])) if run["action"] == ERASE else 0


def _remove(data: Path, file: Mapping[str, str]) -> str:
    """Remove a file that is still what was made; else its path."""
    path = data / file["path"]
    if not path.exists():
        return ""
    if sha256_of(path) != file["sha256"]:
        return str(path)
    remove(path)
    sync_folders([path])
    reach("erase.file")
    return ""


def _write(session: Session, run_id: str, erasure: Erasure, user: str) -> None:
    now, gone, kept = clock.now(), erasure.gone["invoice_id"], erasure.kept["invoice_id"]
    session.start_run(_run(run_id, erasure, user), _rows(erasure))
    session.update("payment_bundles", _without_file(erasure.bundles), now)
    session.remove_documents(gone)
    _empty_mails(session, erasure, now)
    session.remove_customer(erasure.customer_id, list(erasure.texts), whole=kept.empty)
    if erasure.contact:
        emptied = pd.DataFrame([{"customer_id": erasure.customer_id} | dict.fromkeys(erasure.contact)])
        session.update("customers", emptied, now)
    sealed = session.erase_events(run_id, gone, kept, [text.lower() for text in erasure.texts])
    write_events(session, _events(run_id, erasure, user, sealed))


def _without_file(bundles: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({"bundle_id": bundles, "file_path": None, "file_sha256": None}, dtype="str")


def _empty_mails(session: Session, erasure: Erasure, now: Any) -> None:
    if erasure.mails.empty:
        return
    session.update("outbox", erasure.mails.assign(recipient=ERASED, answer=None), now)
    reports = session.rows_of("delivery_reports", "message_id", erasure.mails["message_id"])
    session.update("delivery_reports", reports[["report_id"]].assign(recipient=ERASED, words=ERASED), now)


def _run(run_id: str, erasure: Erasure, user: str) -> dict[str, Any]:
    details = {name: value for name, value in erasure.to_dict().items() if name not in ("erased", "kept")}
    details["files"] = erasure.files.to_dict("records")
    return {
        "run_id": run_id,
        "action": ERASE,
        "parameters": json.dumps(details, ensure_ascii=False),
        "plan_sha256": "",
        "status": RunStatus.RUNNING.value,
        "folder": "",
        "selected": len(erasure.gone) + len(erasure.kept),
        "eligible": len(erasure.gone),
        "totals": "{}",
        "selection": erasure.words,
        "user": user,
        "background": False,
        "created_at": clock.now(),
    }


def _rows(erasure: Erasure) -> pd.DataFrame:
    """The documents that go as done, those that stay as refused, with the law."""
    rows = pd.concat(
        [
            erasure.gone.assign(outcome=RowOutcome.DONE.value),
            erasure.kept.assign(outcome=RowOutcome.REFUSED.value),
        ],
        ignore_index=True,
    ).reindex(columns=["invoice_id", "number", "outcome", "reason"])
    return rows.assign(position=np.arange(len(rows)), row_version=0, part="")


def _events(run_id: str, erasure: Erasure, user: str, sealed: str) -> pd.DataFrame:
    """One of the customer with the seal of what was erased, and one a document."""
    about = {"customer_id": erasure.customer_id, "sealed": sealed, "emptied": list(erasure.contact)}
    details = [json.dumps(about), *[None] * len(erasure.gone)]
    details += [json.dumps({"customer": "contact and mails", "kept": why}) for why in erasure.kept["reason"]]
    ids = [0, *erasure.gone["invoice_id"], *erasure.kept["invoice_id"]]
    events = pd.DataFrame({"invoice_id": ids, "details": pd.Series(details, dtype="str")})
    return events.assign(run_id=run_id, event=ERASED, at=clock.now(), user=user)
