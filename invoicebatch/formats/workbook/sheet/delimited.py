"""The selection sheet as CSV, for people without Excel: the same columns, the keys visible at the end.

A column names the actions a row allows, since CSV has no drop-down.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import pandas as pd

from invoicebatch.formats.workbook.flat import write_csv
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.sheet.model import LAYOUT, SheetAction, SheetMeta, sheet_columns
from invoicebatch.formats.workbook.sheet.rows import action_profiles, sheet_frame
from invoicebatch.model.schema.types import text

CSV_KEYS: Final = ("selection_id", "workspace_id")
"""What the workbook keeps on a hidden page, the CSV repeats in each row."""


def write_sheet_csv(
    out: BinaryIO, frame: pd.DataFrame, actions: Sequence[SheetAction], meta: SheetMeta
) -> None:
    """Write the sheet as CSV; arguments as of `write_sheet`."""
    profiles, lists = action_profiles(actions, len(frame))
    rows = sheet_frame(frame, actions, meta, profiles)
    allowed = pd.array(["; ".join(titles) for titles in lists], dtype="str")
    rows["allowed"] = pd.Series(allowed.take(profiles - 1), index=rows.index)
    rows["selection_id"] = pd.Series(meta.selection_id, index=rows.index, dtype="str")
    rows["workspace_id"] = pd.Series(meta.workspace_id, index=rows.index, dtype="str")
    known = sheet_columns() | {name: text(name, "") for name in ("allowed", *CSV_KEYS)}
    names = [name for name in LAYOUT if name not in ("profile", "currency_no")]
    names.insert(names.index("why_not"), "allowed")
    columns = [known[name] for name in (*names, *CSV_KEYS)]
    write_csv(out, TableExport("invoices", rows, columns, meta.made_at, language=meta.language))
