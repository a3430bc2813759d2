"""Importing files into a workspace: read and checked by `ingest`, merged in one transaction, recorded."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports.archived import back_for_advances, back_for_payments, drop_archived
from invoicebatch.engine.imports.merge import Merge
from invoicebatch.engine.imports.number_ranges import judge_ranges
from invoicebatch.engine.imports.open_items import TABLE as OPEN_ITEMS
from invoicebatch.engine.imports.open_items import merge_open_items
from invoicebatch.engine.imports.unknown import unknown_names
from invoicebatch.engine.payments.booking import TABLE, book, take_payments
from invoicebatch.engine.run.record import Record, record
from invoicebatch.errors import InputFileError
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.files.shipped import shipped
from invoicebatch.files.stored import stored_path
from invoicebatch.files.whole import write_whole
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.mapping.model import Mapping, load_mapping
from invoicebatch.ingest.orphans import lost_advances, short_documents
from invoicebatch.ingest.ubl import read_ubl
from invoicebatch.model.payments.mandates import last_collections, with_learnt
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.store import Session

_PARTIES: Final = ("company_accounts", "number_ranges", "customers", "mandates", "billing_history")
UBL: Final = "ubl"
_PARTS: Final = ("lines", "allowance_charges", "vat_breakdown", "measurements", "attachments")
_OLDER: Final = "what the file says of last use, sequence or status is older"
_REFUSED_COLUMNS: Final = ["file", "row", "column", "value", "reason"]


@dataclass(frozen=True)
class ImportReport(ShowsFrames):
    """What an import did.

    Attributes:
        read: rows read.
        counts: table str; added, changed, unchanged int64: one row a table.
        refused: rows kept out: file str, row int64 (header = 1), column, value, reason str.
        doubted: rows taken with a doubt, same columns.
        refused_file: where all refused rows are written; None: there are none.
        notes: sentences on columns that were not read and guesses that were made.
    """

    read: int
    counts: pd.DataFrame
    refused: pd.DataFrame
    doubted: pd.DataFrame
    refused_file: Path | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as the command line's JSON."""
        return {
            "read": self.read,
            "tables": self.counts.to_dict("records"),
            "refused": self.refused.to_dict("records"),
            "doubted": self.doubted.to_dict("records"),
            "refused_file": str(self.refused_file) if self.refused_file else None,
            "notes": list(self.notes),
        }


def import_files(
    workspace: WorkspaceBase, paths: Sequence[Path], kind: str | None, mapping: Path | None
) -> ImportReport:
    """Import files into a workspace: the good rows go in, each other one is named.

    Args:
        workspace: where.
        paths: CSV, Parquet, Excel or UBL files.
        kind: what they hold; None: told from their columns.
        mapping: a mapping file, or the name of one in rules/mappings.

    Raises:
        InputFileError: a file can't be used at all; nothing is imported.
        RulesError: the mapping is wrong.
    """
    intake = _read(workspace, paths, kind, mapping)
    import_id = str(uuid.uuid4())
    with workspace.store.write() as session:
        merge = _merge(session, workspace, intake, ", ".join(file.name for file in intake.files))
        refused = pd.concat([intake.refused, *merge.refused], ignore_index=True)[_REFUSED_COLUMNS]
        doubted = pd.concat([intake.doubted, *merge.doubted], ignore_index=True)[_REFUSED_COLUMNS]
        refused_file = _write(workspace.data, import_id, "refused", refused.astype({"value": "str"}))
        made = _made(workspace, import_id, intake, merge, refused_file)
        _record(session, made, intake, merge, refused)
    notes = (*intake.unused, *merge.notes, *(_unbooked(book(workspace)) if TABLE in intake.frames else ()))
    counts = pd.DataFrame([{"table": name, **values} for name, values in merge.counts.items()])
    return ImportReport(intake.read, counts, refused, doubted, refused_file, notes)


def _unbooked(left: pd.DataFrame) -> list[str]:
    """A sentence for each invoice whose payment is kept, but was not booked."""
    left = left.sort_values("invoice_id")
    names = left["number"].fillna(left["invoice_id"].astype("str"))
    later = left["waits"].map({True: "; it is booked with the next payments", False: ""})
    return [
        f"a payment of invoice {name} is not booked: {reason}{then}"
        for name, reason, then in zip(names, left["reason"], later, strict=True)
    ]


def _read(workspace: WorkspaceBase, paths: Sequence[Path], kind: str | None, mapping: Path | None) -> Intake:
    with workspace.store.read() as session:
        accounts = session.whole("company_accounts")
        if kind == UBL or (kind is None and all(_holds_ubl(path) for path in paths)):
            known = {"company_accounts": accounts, "customers": session.whole("customers")}
            return read_ubl(paths, known)
    return read_files(paths, kind, _mapping(workspace, mapping), defaults=document_defaults(accounts))


def _holds_ubl(path: Path) -> bool:
    """Folders, archives and XML files hold documents."""
    return path.is_dir() or path.suffix.lower() in (".xml", ".zip")


def _own_documents(session: Session, invoices: pd.DataFrame) -> pd.DataFrame:
    """Documents whose number their seller has given to another invoice already, as refused cells."""
    if "number" not in invoices:
        return pd.DataFrame(columns=["external_id", *_REFUSED_COLUMNS])
    found = session.ids_of("number", list(invoices["number"].dropna().drop_duplicates()))
    stored = session.rows_of("invoices", "invoice_id", found["invoice_id"])
    key = ["company_account_id", "number", "external_id"]
    stored = pd.concat([stored[key], session.archived("number", invoices["number"])[key]]).rename(
        columns={"external_id": "other"}
    )
    both = invoices.merge(stored, on=["company_account_id", "number"])
    both = both[~both["other"].isin(invoices["external_id"])]
    reason = "the number is given to invoice " + both["other"] + " of this company account already"
    cells = both[["external_id"]].assign(
        file=both["imported_from"], row=0, column="number", value=both["number"]
    )
    return cells.assign(reason=reason).drop_duplicates("external_id")


def _mapping(workspace: WorkspaceBase, path: Path | None) -> Mapping | None:
    if path is None:
        return None
    for candidate in (
        path,
        workspace.root / "rules" / "mappings" / path,
        shipped("rules") / "mappings" / path,
    ):
        for file in (candidate, candidate.with_name(candidate.name + ".toml")):
            if file.is_file():
                return load_mapping(file)
    raise InputFileError(f"There is no mapping file {path}.", "Name a TOML file, or one in rules/mappings.")


def document_defaults(accounts: pd.DataFrame) -> dict[str, Any]:
    """A workspace with one company account takes it where a document names none."""
    if len(accounts) != 1:
        currencies = dict(zip(accounts["company_account_id"], accounts["currency"], strict=True))
        return {"company_account_id": None, "currency": None, "currencies": currencies}
    only = accounts.iloc[0]
    return {"company_account_id": only["company_account_id"], "currency": only["currency"]}


def _merge(session: Session, workspace: WorkspaceBase, intake: Intake, names: str) -> Merge:
    merge = Merge(session, clock.now(), names)
    for table in _PARTIES:
        if table in intake.frames:
            merge.parties(table, _judged(merge, table, intake))
        if table in intake.fallbacks:
            merge.parties(table, intake.fallbacks[table], only_new=True)
    archived, notes = drop_archived(session, workspace, intake, ("invoices", OPEN_ITEMS, *_PARTS))
    merge.refused.append(archived)
    merge.notes += notes
    back_for_advances(session, workspace, intake)
    _drop_documents(session, intake, merge)
    if "invoices" in intake.frames:
        merge.invoices(intake.frames["invoices"], intake.sources["invoices"])
    if OPEN_ITEMS in intake.frames:
        merge_open_items(merge, intake.frames[OPEN_ITEMS], intake.sources[OPEN_ITEMS])
    for table in _PARTS:
        if table in intake.frames:
            merge.parts(table, intake.frames[table], intake.sources.get(table))
    merge.finish()
    merge.doubted += unknown_names(session, intake.frames, intake.sources, merge.refused)
    if TABLE in intake.frames:
        back_for_payments(session, workspace, intake.frames[TABLE])
        unpaid, merge.counts[TABLE] = take_payments(session, intake, names)
        merge.refused.append(unpaid)
    return merge


def _judged(merge: Merge, table: str, intake: Intake) -> pd.DataFrame:
    """The rows of a party table that can come in, held against what is stored."""
    frame = intake.frames[table]
    if table == "number_ranges":
        frame, refused, doubts = judge_ranges(merge.session, frame, intake.sources[table])
        merge.refused.append(refused)
        merge.doubted.append(doubts)
    if table == "mandates":
        items = merge.session.rows_of("bundle_items", "mandate_id", frame["mandate_id"])
        last = last_collections(items, merge.session.whole("payment_bundles"))
        stored = merge.session.rows_of(table, "mandate_id", frame["mandate_id"])
        frame, held = with_learnt(frame, stored, last)
        if held:
            who = "1 mandate keeps" if held == 1 else f"{held:,} mandates keep"
            merge.notes.append(f"{who} what its collections left: {_OLDER}")
    return frame


def _drop_documents(session: Session, intake: Intake, merge: Merge) -> None:
    """Take out documents that can't be told from others, or that may lack a row of theirs."""
    invoices = intake.frames.get("invoices", pd.DataFrame(columns=["external_id"]))
    parts = [intake.frames[table]["external_id"] for table in _PARTS if table in intake.frames]
    advances = intake.frames.get("lines", pd.DataFrame()).get(
        "advance_of_external_id", pd.Series(dtype="str")
    )
    named = pd.concat([invoices["external_id"], *parts, advances]).dropna().drop_duplicates()
    known = {*invoices["external_id"], *session.ids_of("external_id", list(named))["value"]}
    own = _own_documents(session, invoices)
    dropped = pd.concat([own, short_documents(intake, known), lost_advances(intake, known)])
    dropped = dropped.drop_duplicates("external_id")
    merge.refused.append(dropped[_REFUSED_COLUMNS])
    for table in {"invoices", *_PARTS} & set(intake.sources) if len(dropped) else ():
        taken = _without(dropped, intake.frames[table], intake.sources[table])
        intake.frames[table], intake.sources[table] = taken


def _without(
    refused: pd.DataFrame, frame: pd.DataFrame, sources: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    keep = ~frame["external_id"].isin(refused["external_id"])
    return frame[keep].reset_index(drop=True), sources[keep].reset_index(drop=True)


def _made(
    workspace: WorkspaceBase, import_id: str, intake: Intake, merge: Merge, refused: Path | None
) -> Record:
    """What stands among the runs: the files, the counts, and each changed cell in a file of its own."""
    cells = pd.concat(merge.cells, ignore_index=True) if merge.cells else pd.DataFrame()
    counts = [
        f"{table} " + ", ".join(f"{count:,} {word}" for word, count in numbers.items() if count)
        for table, numbers in merge.counts.items()
        if numbers["added"] or numbers["changed"]
    ]
    words = ", ".join(file.name for file in intake.files) + ": " + ("; ".join(counts) or "nothing changed")
    details = {"files": [{"file": f.name, "sha256": f.sha256, "kind": f.kind} for f in intake.files]}
    files = [refused, _write(workspace.data, import_id, "changed", cells)]
    return Record(
        import_id,
        "import",
        words,
        workspace.user,
        details | {"tables": merge.counts},
        {stored_path(workspace.data, path): path for path in files if path},
    )


def _record(session: Session, made: Record, intake: Intake, merge: Merge, refused: pd.DataFrame) -> None:
    totals = pd.DataFrame(list(merge.counts.values()), columns=["added", "changed", "unchanged"]).sum()
    session.insert(
        "imports",
        pd.DataFrame(
            [
                {
                    "import_id": made.run_id,
                    "file": file.name,
                    "sha256": file.sha256,
                    "kind": file.kind,
                    "read": file.rows,
                    "added": int(totals["added"]),
                    "changed": int(totals["changed"]),
                    "unchanged": int(totals["unchanged"]),
                    "refused": len(refused[["file", "row"]].drop_duplicates()),
                    "user": made.user,
                    "at": clock.now(),
                }
                for file in intake.files
            ]
        ).drop_duplicates(["import_id", "file"]),
    )
    touched = pd.concat(merge.touched) if merge.touched else pd.Series(dtype="int64")
    record(session, made, touched)
    events = pd.DataFrame({"invoice_id": touched.drop_duplicates()})
    events = events.assign(run_id=made.run_id, event=made.what, at=clock.now(), user=made.user)
    write_events(session, events)


def _write(data: Path, import_id: str, what: str, rows: pd.DataFrame) -> Path | None:
    """All rows as CSV; no file where there are none."""
    if rows.empty:
        return None
    path = data / "imports" / f"{clock.now():%Y-%m-%d-%H%M%S}-{import_id[:8]}-{what}.csv"
    return write_whole(path, csv_bytes(rows))
