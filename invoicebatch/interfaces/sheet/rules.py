"""`rules --xlsx`: the decision table of actions and facts as a workbook."""

from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment

from invoicebatch.eligibility import Rules
from invoicebatch.files.column_letters import column_letter
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook import styling


def write_rules(rules: Rules, path: Path) -> Path:
    """Write both tables: which action asks for which fact, and what each fact means; returns the path.

    Raises:
        InputFileError: the file exists already.
        StorageError: the folder can't be written.
    """
    workbook = Workbook()
    decisions = rules.decision_table().reset_index()
    _page(workbook, "Actions", decisions, turned=True)
    _page(workbook, "Facts", rules.fact_table(), turned=False)
    del workbook[workbook.sheetnames[0]]
    return write_whole(path, workbook.save)


def _page(workbook: Workbook, name: str, table: pd.DataFrame, *, turned: bool) -> None:
    """One page of text; `turned` puts all titles but the first upright."""
    sheet = workbook.create_sheet(name)
    for index, title in enumerate(map(str, table.columns), 1):
        cell = styling.cell_at(sheet, 1, index)
        styling.put_text(cell, title.replace("_", " "))
        styling.style_header(cell)
        upright = turned and index > 1
        if upright:
            cell.alignment = Alignment(text_rotation=90, horizontal="center", vertical="bottom")
        values = table.iloc[:, index - 1].astype("str").fillna("")
        longest = max([len(title), *values.str.len().tolist()])
        sheet.column_dimensions[column_letter(index - 1)].width = 5 if upright else min(longest + 4, 60)
        for row, value in enumerate(values.tolist(), 2):
            body = styling.cell_at(sheet, row, index)
            styling.put_text(body, "✓" if upright and value == "yes" else value)
            centred = "center" if upright else "left"
            turn = 90 if upright and len(value) > 3 else 0
            body.alignment = Alignment(
                horizontal=centred, vertical="center", wrap_text=not upright, text_rotation=turn
            )
            if turn:
                sheet.row_dimensions[row].height = 66
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = 165 if turned else 24
    styling.print_wide(sheet)
