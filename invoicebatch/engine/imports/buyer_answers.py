"""Bringing buyers' answers to their invoices: each once, whatever file it comes in; nothing is answered back."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.record import Record, record
from invoicebatch.ingest.buyer_answers import Answered, Answers, read_answers
from invoicebatch.model.en16931.terms import CREDIT_NOTE_CODES
from invoicebatch.model.status import Kind
from invoicebatch.store import Session

TABLE: Final = "buyer_answers"
COLUMNS: Final = ("file", "number", "answer", "reason", "asked", "outcome")
TAKEN: Final = "taken"
ANSWERS: Final = "answers"
KNOWN: Final = "known already"
_IDENTIFIERS: Final = ("endpoint_id", "legal_id", "vat_id")


def import_answers(workspace: WorkspaceBase, paths: Sequence[Path]) -> pd.DataFrame:
    """Read answers and keep each with its invoice; what was taken before changes nothing.

    Returns:
        One row an answer, or a file that is none: file, number, answer, reason, asked and outcome str:
        `taken`, `known already`, or why it was not taken.

    Raises:
        InputFileError: a path does not exist or can't be read.
    """
    return _import(workspace, read_answers(list(paths)))


def _import(workspace: WorkspaceBase, answers: Answers) -> pd.DataFrame:
    with workspace.store.write() as session:
        rows = _judged(session, answers.found)
        taken = rows[rows["outcome"] == TAKEN]
        if len(taken):
            _keep(session, taken, workspace.user)
    refused = pd.DataFrame(
        [(file, "", "", "", "", reason) for file, reason in answers.refused], columns=list(COLUMNS)
    )
    return pd.concat([rows[list(COLUMNS)], refused], ignore_index=True).astype("str")


def poll_answers(workspace: WorkspaceBase, folder: Path) -> pd.DataFrame:
    """Take the new ones of a folder, in which they stay; see `import_answers`."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    answers = read_answers([folder])
    with workspace.store.read() as session:
        known = _known(session, answers.found)
    fresh = [each for each in answers.found if each.answer_id not in known]
    if not fresh and not answers.refused:  # nobody has to wait for nothing
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    found = _import(workspace, replace(answers, found=fresh))
    return found[found["outcome"] != KNOWN].reset_index(drop=True)


def _known(session: Session, found: Sequence[Answered]) -> set[str]:
    """Ids of those answers that were taken before."""
    ids = pd.Series([each.answer_id for each in found], dtype="str")
    return set(session.rows_of(TABLE, "answer_id", ids, ("answer_id",))["answer_id"])


def _judged(session: Session, found: Sequence[Answered]) -> pd.DataFrame:
    """A row an answer, with its invoice and what becomes of it."""
    known = _known(session, found)
    invoices = session.rows_of(
        "invoices", "number", pd.Series([each.number for each in found], dtype="str").drop_duplicates(),
        ("invoice_id", "number", "kind", "company_account_id"),
    )  # fmt: skip
    accounts = session.whole("company_accounts").set_index("company_account_id")
    rows = []
    for each in found:
        invoice, outcome = _invoice_of(each, invoices, accounts)
        if invoice is not None and each.answer_id in known:
            outcome = KNOWN
        known.add(each.answer_id)
        about = (each.file, each.number, each.status.value, each.reason, each.asked, outcome)
        rows.append((*about, each.answer_id, invoice, each.answered_at))
    columns = [*COLUMNS, "answer_id", "invoice_id", "answered_at"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"invoice_id": "Int64", "answered_at": "datetime64[us]"}
    )


def _invoice_of(answer: Answered, invoices: pd.DataFrame, accounts: pd.DataFrame) -> tuple[int | None, str]:
    """The invoice an answer is about, by number, kind and seller, or why there is none."""
    rows = invoices[invoices["number"] == answer.number]
    if answer.type_code:
        credit = rows["kind"].astype("str") == Kind.CREDIT_NOTE.value
        rows = rows[credit == (answer.type_code in CREDIT_NOTE_CODES)]
    if rows.empty:
        return None, "no document of this number is here"
    if len(rows) > 1 or answer.sellers:
        named = [
            _is_of(answer, accounts.loc[account])
            for account in rows["company_account_id"]
            if account in accounts.index
        ]
        rows = rows[named] if len(named) == len(rows) else rows
    if len(rows) == 1:
        return int(rows["invoice_id"].iloc[0]), TAKEN
    return None, "it is for another seller" if rows.empty else "several documents have this number"


def _is_of(answer: Answered, account: pd.Series) -> bool:
    """Whether the answer is for this seller; an account without identifiers is not asked."""
    own = {str(account[name]) for name in _IDENTIFIERS if isinstance(account[name], str) and account[name]}
    if not own or not answer.sellers:
        return True
    return any(
        ours.endswith(theirs) or theirs.startswith(ours) or ours.startswith(theirs)
        for ours in own
        for theirs in answer.sellers
    )


def _keep(session: Session, taken: pd.DataFrame, user: str) -> None:
    now, run_id = clock.now(), str(uuid.uuid4())
    rows = taken.rename(columns={"answer": "status"})
    session.insert(
        TABLE,
        rows[["answer_id", "invoice_id", "status", "reason", "asked", "answered_at", "file"]].assign(
            received_at=now
        ),
    )
    words = f"{len(taken)} answers of buyers"
    record(
        session,
        Record(run_id, "buyer_answers", words, user, {"files": sorted(set(taken["file"]))}),
        taken["invoice_id"].astype("int64"),
    )
    details = [
        json.dumps({"reason": reason, "asked": asked}, ensure_ascii=False)
        for reason, asked in zip(taken["reason"], taken["asked"], strict=True)
    ]
    events = pd.DataFrame({"run_id": run_id, "invoice_id": taken["invoice_id"].astype("int64")})
    events = events.assign(event="buyer: " + taken["answer"], at=now, user=user, details=details)
    write_events(session, events.drop_duplicates(["invoice_id", "event"], keep="last"))
