"""What an import says of documents that lie in the archive: the same is no news, anything else is refused by name.

A payment for one, or a note that deducts one, brings it back.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
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
    equal = _unchanged(session, workspace, intake.frames.get("invoices"), known)
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
    session: Session, workspace: WorkspaceBase, given: pd.DataFrame | None, known: pd.DataFrame
) -> "pd.Series[str]":
    """External ids of the given documents that are what is archived."""
    if given is None:
        return known["external_id"].iloc[:0]
    stored = session.archived_rows(workspace.data, "invoices", known["invoice_id"].tolist())
    rows = given[given["external_id"].isin(known["external_id"])].reset_index(drop=True)
    current = rows[["external_id"]].merge(stored, on="external_id", how="left")
    names = [c.frame_name for c in TABLES["invoices"].columns if c.editable and c.frame_name in rows.columns]
    differs = np.zeros(len(rows), bool)
    for name in names:
        differs |= ~same(rows[name], current[name])
    return rows.loc[~differs, "external_id"]


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
