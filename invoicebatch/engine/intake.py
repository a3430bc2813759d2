"""Importing files into a workspace: read and checked by `ingest`, merged in one transaction, recorded."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from invoicebatch.engine import clock
from invoicebatch.engine.upsert import Merge
from invoicebatch.errors import InputFileError
from invoicebatch.files.layout import write_text
from invoicebatch.files.shipped import shipped
from invoicebatch.ingest import Intake, Mapping, load_mapping, read_files
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.engine.workspace import Workspace

_PARTIES: Final = ("company_accounts", "number_ranges", "customers", "mandates")
_PARTS: Final = ("lines", "allowance_charges", "vat_breakdown", "measurements", "attachments")
_REFUSED_COLUMNS: Final = ["file", "row", "column", "value", "reason"]


@dataclass(frozen=True)
class ImportReport:
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
    workspace: "Workspace", paths: Sequence[Path], kind: str | None, mapping: Path | None
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
    with workspace.store.read() as session:
        accounts = session.whole("company_accounts")
    intake = read_files(paths, kind, _mapping(workspace, mapping), defaults=_defaults(accounts))
    import_id = str(uuid.uuid4())
    with workspace.store.write() as session:
        merge = _merge(session, intake, ", ".join(file.name for file in intake.files))
        refused = pd.concat([intake.refused, *merge.refused], ignore_index=True)[_REFUSED_COLUMNS]
        _record(session, workspace.user, import_id, intake, merge, refused)
    counts = pd.DataFrame([{"table": name, **values} for name, values in merge.counts.items()])
    refused_file = _write_refused(workspace.data, import_id, refused)
    return ImportReport(intake.read, counts, refused, intake.doubted, refused_file, tuple(intake.unused))


def _mapping(workspace: "Workspace", path: Path | None) -> Mapping | None:
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


def _defaults(accounts: pd.DataFrame) -> dict[str, str | None]:
    """A workspace with one company account takes it where a document names none."""
    if len(accounts) != 1:
        return {"company_account_id": None, "currency": None}
    only = accounts.iloc[0]
    return {"company_account_id": only["company_account_id"], "currency": only["currency"]}


def _merge(session: Session, intake: Intake, names: str) -> Merge:
    merge = Merge(session, clock.now(), names)
    for table in _PARTIES:
        if table in intake.frames:
            merge.parties(table, intake.frames[table])
        if table in intake.fallbacks:
            merge.parties(table, intake.fallbacks[table], only_new=True)
    if "invoices" in intake.frames:
        merge.invoices(intake.frames["invoices"], intake.sources["invoices"])
    for table in _PARTS:
        if table in intake.frames:
            merge.parts(table, intake.frames[table], intake.sources.get(table))
    return merge


def _record(
    session: Session, user: str, import_id: str, intake: Intake, merge: Merge, refused: pd.DataFrame
) -> None:
    totals = pd.DataFrame(list(merge.counts.values()), columns=["added", "changed", "unchanged"]).sum()
    session.insert(
        "imports",
        pd.DataFrame(
            [
                {
                    "import_id": import_id,
                    "file": file.name,
                    "sha256": file.sha256,
                    "kind": file.kind,
                    "read": file.rows,
                    "added": int(totals["added"]),
                    "changed": int(totals["changed"]),
                    "unchanged": int(totals["unchanged"]),
                    "refused": len(refused[["file", "row"]].drop_duplicates()),
                    "user": user,
                    "at": clock.now(),
                }
                for file in intake.files
            ]
        ).drop_duplicates(["import_id", "file"]),
    )
    touched = pd.concat(merge.touched) if merge.touched else pd.Series(dtype="int64")
    events = pd.DataFrame({"invoice_id": touched.drop_duplicates()})
    session.insert("events", events.assign(run_id=import_id, event="import", at=clock.now(), user=user))


def _write_refused(data: Path, import_id: str, refused: pd.DataFrame) -> Path | None:
    """All refused rows as CSV; no cell can become a formula where it is opened."""
    if refused.empty:
        return None
    safe = refused.astype({"value": "str"})
    safe["value"] = safe["value"].str.replace(r"^([=+\-@\t\r])", r"'\1", regex=True)
    path = data / "imports" / f"{clock.now():%Y-%m-%d-%H%M%S}-{import_id[:8]}-refused.csv"
    write_text(path, safe.to_csv(index=False))
    return path
