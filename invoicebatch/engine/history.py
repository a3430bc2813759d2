"""What happened to one invoice: who did what when, what it changed, which files and messages came of it."""

import json
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.errors import UnknownNameError
from invoicebatch.files.stored import whole_paths
from invoicebatch.store import Session

COLUMNS: Final = (
    "at", "event", "user", "known_by", "host", "from_status", "to_status", "run_id", "parameters", "details",
    "changes", "files", "messages",
)  # fmt: skip


def history(workspace: WorkspaceBase, which: str | int) -> pd.DataFrame:
    """The events of one invoice, oldest first; of a deleted one too.

    Args:
        workspace: where.
        which: its number, or its id.

    Returns:
        at datetime64 (UTC), event, user, known_by, host, from_status, to_status, run_id str; and as
        objects: parameters, details (dict), changes (by column its stored value `before` and `after`; empty
        where the event is older than the record of changes), files and messages (lists of dicts).

    Raises:
        UnknownNameError: there is no such invoice, nor was there.
    """
    with workspace.store.read() as session:
        invoice_id = _id_of(session, str(which).strip())
    return events_of(workspace, invoice_id)


def events_of(workspace: WorkspaceBase, invoice_id: int) -> pd.DataFrame:
    """The events of an invoice by its id; see `history`."""
    key = pd.Series([invoice_id])
    with workspace.store.read() as session:
        events = session.rows_of("events", "invoice_id", key).sort_values(["batch", "at"], kind="stable")
        changes = session.rows_of("invoice_changes", "invoice_id", key).sort_values("version")
        links = session.rows_of("event_chain", "batch", events["batch"]).set_index("batch")
        runs = session.rows_of("runs", "run_id", events["run_id"]).set_index("run_id")
        files = session.rows_of("artefacts", "invoice_id", key)
        files["path"] = whole_paths(workspace.data, files["path"])
        messages = session.rows_of("outbox", "message_id", session.messages_carrying(key))
        erasers = session.rows_of("runs", "run_id", events["erased_by"]).set_index("run_id")
    events = events.reset_index(drop=True).join(links[["known_by", "host"]], on="batch")
    parameters = events["run_id"].map(runs["parameters"])
    first_of_run = ~events["run_id"].duplicated()
    return events.assign(
        parameters=parameters.map(_read).astype(object),
        details=_details(events, erasers),
        changes=_changes_by_event(events, changes),
        files=_of_run(events["run_id"], first_of_run, files, ["name", "path", "sha256", "status"]),
        messages=_of_run(
            events["run_id"],
            first_of_run,
            messages,
            ["message_id", "channel", "recipient", "status", "answer"],
        ),
    )[list(COLUMNS)]


def _id_of(session: Session, which: str) -> int:
    found = session.ids_of("number", [which])["invoice_id"].dropna()
    if found.empty:  # of one that was erased its number is kept
        found = session.rows_of("run_rows", "number", pd.Series([which]))["invoice_id"].drop_duplicates()
    if len(found):
        return int(found.iloc[0])
    if which.isdecimal() and int(which) < 2**63:
        events = session.rows_of("events", "invoice_id", pd.Series([int(which)]), ["invoice_id"])
        if len(events) or len(
            session.rows_of("invoices", "invoice_id", pd.Series([int(which)]), ["invoice_id"])
        ):
            return int(which)
    raise UnknownNameError(f"There is no invoice {which!r}, nor was there one.", "Give its number or its id.")


def _details(events: pd.DataFrame, erasers: pd.DataFrame) -> "pd.Series[Any]":
    """What else is worth keeping; of an erased event, who erased it and when."""
    when = erasers["created_at"].dt.strftime("%Y-%m-%d") + " by " + erasers["user"]
    words = events["erased_by"].map(when + ", hash kept")
    kept = events["details"].map(_read).astype(object)
    return kept.where(words.isna(), words.map(lambda text: {"erased": text})).astype(object)


def _read(text: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if isinstance(text, str) and text else {}
    return found


def _changes_by_event(events: pd.DataFrame, changes: pd.DataFrame) -> "pd.Series[Any]":
    """What each event changed: the writes since the event before it, the first value of each column and the last."""
    found: list[dict[str, dict[str, str | None]]] = [{} for _ in range(len(events))]
    for change in changes.to_dict("records"):
        of_run = events.index[(events["run_id"] == change["run_id"]) & (events["at"] >= change["at"])]
        later = of_run if len(of_run) else events.index[events["batch"] >= change["batch"]]
        if not len(later):
            continue  # written in a chunk whose event is still to come
        kept = found[later[0]]
        for column, pair in _read(change["changes"]).items():
            if pair is not None and pair[0] != pair[1]:
                first = kept.get(column, {"before": pair[0]})["before"]
                kept[column] = {"before": first, "after": pair[1]}
    return pd.Series(found, index=events.index, dtype=object)


def _of_run(
    run_ids: pd.Series, first: "pd.Series[bool]", rows: pd.DataFrame, columns: list[str]
) -> "pd.Series[Any]":
    by_run = {
        run_id: same[columns].astype(object).where(same[columns].notna(), None).to_dict("records")
        for run_id, same in rows.groupby("run_id")
    }
    found = [by_run.get(run_id, []) if once else [] for run_id, once in zip(run_ids, first, strict=True)]
    return pd.Series(found, index=run_ids.index, dtype=object)
