"""What happened to one invoice: who did what when, what it changed, which files and messages came of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.folder import Folder
from invoicebatch.engine.history_words import DOCUMENTS, told
from invoicebatch.errors import UnknownNameError
from invoicebatch.model.ident import as_invoice_id
from invoicebatch.model.status import RowOutcome
from invoicebatch.model.words import words
from invoicebatch.store import Look

COLUMNS: Final = (
    "at", "event", "user", "known_by", "host", "from_status", "to_status", "run_id", "parameters", "details",
    "changes", "files", "messages", "reason", "told",
)  # fmt: skip

_OF_FILE: Final = ("name", "path", "sha256", "status")
_OF_MESSAGE: Final = ("message_id", "channel", "recipient", "status", "answer")

Row = dict[str, Any]


def history(folder: Folder, which: str | int) -> list[Row]:
    """The events of one invoice, oldest first; of a deleted one too.

    Args:
        folder: where.
        which: its number, or its id.

    Returns:
        One value a column of `COLUMNS`: at datetime (UTC), event, user, known_by, host, from_status, to_status,
        run_id str; parameters, details dict; changes (by column its stored value `before` and `after`; empty
        where the event is older than the record of changes), files and messages lists of dicts; reason str (why the
        row failed in that run; else empty), told a list of str: all that in words.

    Raises:
        UnknownNameError: there is no such invoice, nor was there.
    """
    with folder.store.with_archive().look() as look:
        return _events(folder, look, _id_of(look, str(which).strip()))


def events_of(folder: Folder, invoice_id: int) -> list[Row]:
    """The events of an invoice by its id; see `history`."""
    with folder.store.with_archive().look() as look:
        return _events(folder, look, invoice_id)


def _events(folder: Folder, look: Look, invoice_id: int) -> list[Row]:
    its_own, key = "t.invoice_id = $id", {"id": invoice_id}
    of_parts = "t.invoice_id = 0 AND t.event IN (SELECT 'archived ' || part FROM archived_invoices WHERE invoice_id = $id)"
    events = look.table("events", f"{its_own} OR {of_parts}", key, order='batch, "at", run_id, event')
    links = _by("batch", look.table("event_chain", "list_contains($among, t.batch)", _among("batch", events)))
    runs = _by("run_id", look.table("runs", "list_contains($among, t.run_id)", _among("run_id", events)))
    erasers = _by(
        "run_id", look.table("runs", "list_contains($among, t.run_id)", _among("erased_by", events))
    )
    files = look.table("artefacts", its_own, key)
    for file in files:
        file["path"] = str(folder.data / file["path"])
    messages = look.messages_carrying(invoice_id)
    failed = {
        row["run_id"]: row["reason"]
        for row in look.table("run_rows", its_own, key)
        if row["outcome"] == RowOutcome.FAILED.value
    }
    changes = _changes_by_event(events, look.table("invoice_changes", its_own, key, order="version"))
    said: set[str] = set()
    for event, changed in zip(events, changes, strict=True):
        run_id = event["run_id"]
        first = run_id not in said
        said.add(run_id)
        event |= {name: links.get(event["batch"], {}).get(name) for name in ("known_by", "host")}
        event |= {
            "parameters": _read(runs.get(run_id, {}).get("parameters")),
            "details": _details(event, erasers),
            "changes": changed,
            "files": _of_run(run_id, files, _OF_FILE) if first else [],
            "messages": _of_run(run_id, messages, _OF_MESSAGE) if first else [],
        }
        of_run = event["event"] == runs.get(run_id, {}).get("action") and event["erased_by"] is None
        event["reason"] = (failed.get(run_id) or "") if of_run else ""
    documents = _documents(look, events)
    for event in events:
        event["told"] = told(event, documents)
    return [{name: event[name] for name in COLUMNS} for event in events]


def _documents(look: Look, events: Iterable[Row]) -> dict[int, str]:
    """What the other invoices are called that the changes name: by number, else by what they will be."""
    pairs = (event["changes"][name] for event in events for name in DOCUMENTS if name in event["changes"])
    ids = sorted({int(value) for pair in pairs for value in pair.values() if value is not None})
    if not ids:
        return {}
    rows = look.overview(["invoice_id", "number", "kind"], clock.today(), ids=ids)
    columns = rows["invoice_id"], rows["number"], rows["kind"]
    return {
        one: number or f"{words(kind).lower()} not yet created"
        for one, number, kind in zip(*columns, strict=True)
    }


def _id_of(look: Look, which: str) -> int:
    [(_, found), *_] = look.ids_of("number", [which])
    if found is not None:
        return found
    of_erased = look.table("run_rows", "t.number = $number", {"number": which})
    if of_erased:
        return int(of_erased[0]["invoice_id"])
    key = as_invoice_id(which)
    if key is not None and any(
        look.table(name, "t.invoice_id = $id", {"id": key}) for name in ("events", "invoices")
    ):
        return key
    raise UnknownNameError(f"There is no invoice {which!r}, nor was there one.", "Give its number or its id.")


def _details(event: Row, erasers: Mapping[Any, Row]) -> Row:
    """What else is worth keeping; of an erased event, who erased it and when."""
    eraser = erasers.get(event["erased_by"])
    if eraser is None:
        said = _read(event["details"])
        return (
            said if event["invoice_id"] else {"documents": said["documents"]}
        )  # a part: its files' hashes are many
    return {"erased": f"{eraser['created_at']:%Y-%m-%d} by {eraser['user']}, hash kept"}


def _among(column: str, rows: Iterable[Row]) -> dict[str, list[Any]]:
    return {"among": list({row[column] for row in rows})}


def _by(column: str, rows: Iterable[Row]) -> dict[Any, Row]:
    return {row[column]: row for row in rows}


def _read(text: str | None) -> Row:
    found: Row = json.loads(text) if text else {}
    return found


def _changes_by_event(events: Sequence[Row], changes: Iterable[Row]) -> list[Row]:
    """What each event changed: the writes since the event before it, the first value of each column and the last."""
    found: list[Row] = [{} for _ in events]
    for change in changes:
        of_run = (
            place
            for place, event in enumerate(events)
            if event["run_id"] == change["run_id"] and event["at"] >= change["at"]
        )
        later = (place for place, event in enumerate(events) if event["batch"] >= change["batch"])
        place = next(of_run, next(later, None))
        if place is None:
            continue  # written in a chunk whose event is still to come
        kept = found[place]
        for column, pair in _read(change["changes"]).items():
            if pair is not None and pair[0] != pair[1]:
                first = kept.get(column, {"before": pair[0]})["before"]
                kept[column] = {"before": first, "after": pair[1]}
    return found


def _of_run(run_id: str, rows: Iterable[Row], names: Sequence[str]) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows if row["run_id"] == run_id]
