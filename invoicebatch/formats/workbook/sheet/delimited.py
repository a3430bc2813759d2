"""The selection sheet as CSV, for people without Excel: the same columns, the keys visible at the end.

A column names the actions a row allows, since CSV has no drop-down.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import pandas as pd

from invoicebatch.formats.workbook.flat import write_csv
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.sheet.model import LAYOUT, SheetAction, SheetMeta, SheetRows, sheet_columns
from invoicebatch.formats.workbook.sheet.rows import SheetBody
from invoicebatch.model.schema.types import Column, text

CSV_KEYS: Final = ("selection_id", "workspace_id")
"""What the workbook keeps on a hidden page, the CSV repeats in each row."""


def write_sheet_csv(out: BinaryIO, rows: SheetRows, actions: Sequence[SheetAction], meta: SheetMeta) -> None:
    """Write the sheet as CSV; arguments as of `write_sheet`."""
    body = SheetBody(rows, actions, meta)
    allowed = pd.array(["; ".join(titles) for titles in body.lists], dtype="str")
    why_not = pd.array(list(rows.texts), dtype="str")

    def read(_columns: Sequence[Column]) -> Iterator[pd.DataFrame]:
        for piece in body.pieces():
            ids = {name: pd.Series(getattr(meta, name), index=piece.index, dtype="str") for name in CSV_KEYS}
            words = {
                "allowed": allowed.take(piece["profile"].to_numpy() - 1),
                "why_not": why_not.take(piece["why_not"].to_numpy()),
            }
            yield piece.assign(**words, **ids)

    known = sheet_columns() | {name: text(name, "") for name in ("allowed", *CSV_KEYS)}
    names = [name for name in LAYOUT if name not in ("profile", "currency_no")]
    names.insert(names.index("why_not"), "allowed")
    columns = [known[name] for name in (*names, *CSV_KEYS)]
    nothing = pd.DataFrame()
    write_csv(
        out,
        TableExport(
            "invoices", nothing, columns, meta.made_at, language=meta.language, read=read, rows=len(rows)
        ),
    )
