"""The Excel round trip: a selection written as a sheet, read back hardened, checked and run."""

from typing import TYPE_CHECKING

from invoicebatch.errors import InputFileError, SelectionError

if TYPE_CHECKING:
    from pathlib import Path

    from invoicebatch.engine.workspace import Workspace


def ticked_ids(workspace: "Workspace", path: "Path") -> list[int]:
    """Ids of the ticked rows of a sheet, whatever action they name.

    Raises:
        InputFileError: the sheet can't be read, is another workspace's, or a ticked row is in doubt.
        SelectionError: no row is ticked.
    """
    from invoicebatch.interfaces.sheet.plan_sheet import check_workspace
    from invoicebatch.interfaces.sheet.read import read_sheet

    sheet = read_sheet(path)
    check_workspace(workspace, sheet)
    doubtful = sheet.rows[sheet.rows["problem"] != ""]
    if len(doubtful):
        words = "\n".join(doubtful["problem"].head(10))
        raise InputFileError(f"{path.name}: rows in doubt: {len(doubtful):,}\n{words}", "Mend them first.")
    if not sheet.rows["ticked"].any():
        raise SelectionError(f"No row of {path.name} is ticked.", "Put an x under Run.")
    ids = sheet.rows.loc[sheet.rows["ticked"], "invoice_id"]
    return [int(value) for value in ids]
