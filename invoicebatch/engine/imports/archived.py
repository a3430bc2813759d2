"""What an import says of documents that lie in the archive: the same is no news, anything else is refused by name.

A payment for one, or a note that deducts one, brings it back.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.imports.same import same
from invoicebatch.engine.run.bring_back import bring_back
from invoicebatch.model.counted import counted
from invoicebatch.model.schema import TABLES
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.intake import Intake

_REASON: Final = "the invoice is in the archive; an import can't change it: bring it back, and credit it"


def drop_archived(
    session: Session, workspace: WorkspaceBase, intake: "Intake", tables: tuple[str, ...]
) -> tuple[pd.DataFrame, list[str]]:
    """Take rows of archived documents out of an import.

    Args:
        session: the import's transaction.
        workspace: where.
        intake: whose frames lose the rows.
        tables: the tables that name a document by its `external_id`.

    Returns:
        Cells of those that differ from what is archived (file, row, column, value, reason), one a document; and a
        sentence on those that do not.
    """
    present = [name for name in tables if name in intake.frames]
    named = pd.concat([pd.Series(dtype="str"), *(intake.frames[name]["external_id"] for name in present)])
    known = session.archived("external_id", named)
    none = pd.DataFrame(columns=["file", "row", "column", "value", "reason"])
    if known.empty:
        return none, []
    documents = {name: intake.frames[name] for name in present if name in TABLES}
    equal = _unchanged(session, workspace, documents, known)
    refused = []
    for name in present:
        there = intake.frames[name]["external_id"].isin(known["external_id"])
        if name in intake.sources:
            found = intake.sources[name][there].assign(
                column="external_id", value=intake.frames[name]["external_id"][there], reason=_REASON
            )
            refused.append(found[~found["value"].isin(equal)])
            intake.sources[name] = intake.sources[name][~there].reset_index(drop=True)
        intake.frames[name] = intake.frames[name][~there].reset_index(drop=True)
    cells = pd.concat(refused or [none]).drop_duplicates("value")
    notes = [f"{counted(len(equal), 'document')} in the archive, as they are here"] if len(equal) else []
    return cells, notes


def _unchanged(
    session: Session, workspace: WorkspaceBase, frames: Mapping[str, pd.DataFrame], known: pd.DataFrame
) -> "pd.Series[str]":
    """External ids of the given documents that are, with their parts, what is archived."""
    if "invoices" not in frames:
        return known["external_id"].iloc[:0]
    differs = [_differing(session, workspace, name, frame, known) for name, frame in frames.items()]
    given = frames["invoices"]["external_id"]
    return given[given.isin(known["external_id"]) & ~given.isin(pd.concat(differs))]


def _differing(
    session: Session, workspace: WorkspaceBase, name: str, frame: pd.DataFrame, known: pd.DataFrame
) -> "pd.Series[str]":
    """External ids of archived documents of which a row of a table is another one, or none of theirs."""
    owners = known[["invoice_id", "external_id"]]
    stored = session.archived_rows(workspace.data, name, known["invoice_id"].tolist())
    stored = stored.drop(columns="external_id", errors="ignore").merge(owners, on="invoice_id")
    key = ["external_id", *(column for column in TABLES[name].frame_key if column != "invoice_id")]
    rows = frame[frame["external_id"].isin(known["external_id"])].reset_index(drop=True)
    current = rows[key].merge(stored, on=key, how="left")
    differs = current["invoice_id"].isna().to_numpy(bool)
    names = [c.frame_name for c in TABLES[name].columns if c.editable and c.frame_name in rows.columns]
    for column in names:
        differs = differs | ~same(rows[column], current[column])
    return rows.loc[differs, "external_id"]


def back_for_payments(session: Session, workspace: WorkspaceBase, payments: pd.DataFrame) -> None:
    """Bring back what payments that are new are for: payment_id, external_id."""
    before = session.rows_of("bank_entries", "entry_id", payments["payment_id"], ["entry_id"])["entry_id"]
    new = payments.loc[~payments["payment_id"].isin(before), "external_id"]
    found = session.archived("external_id", new)
    bring_back(session, workspace, found["invoice_id"], "a payment of it was imported")


def back_for_advances(session: Session, workspace: WorkspaceBase, intake: "Intake") -> None:
    """Bring back advances that imported lines deduct."""
    lines = intake.frames.get("lines", pd.DataFrame())
    if "advance_of_external_id" in lines:
        found = session.archived("external_id", lines["advance_of_external_id"])
        bring_back(session, workspace, found["invoice_id"], "a note that deducts it was imported")
