"""The further pages of a selection sheet: parameters, help, and the hidden lists and keys."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook import styling
from invoicebatch.formats.workbook.sheet.model import LISTS, META, PARAMETERS, SheetAction, SheetMeta
from invoicebatch.model.schema.types import Type

PARAMETER_TITLES: Final = ("Action", "Parameter", "Value", "Default", "Type", "Meaning", "name")
"""Titles of the page Parameters; the last column, hidden, names the action itself."""

_WIDTHS: Final = (44, 24, 24, 24, 18, 80, 10)

_HELP: Final = (
    ("#", "What this workbook is"),
    ("", ("A selection of invoices. You say here what is to happen to which of them; nothing happens "
         "until the workbook is run.")),
    ("#", "How to use it"),
    ("1", "Filter and judge: the filter buttons work, and the totals above follow them."),
    ("2", "Put an x under Run in each row that is to be worked on."),
    ("3", ("Choose its Action. The list offers only what this invoice allows; the column Why not says what "
          "it does not allow and why. Fill down to set many rows at once.")),
    ("4", ("On the sheet Parameters you may set values for an action (a date, a number of instalments); "
          "empty means the default. The column Parameters on a row is for that row only: name=value; name=value.")),
    ("5", "Save the workbook as .xlsx. See what would happen: invoicebatch sheet check FILE"),
    ("6", ("Let it happen: invoicebatch sheet run FILE. The outcome of every row is written beside it, "
          "in FILE.result.xlsx.")),
    ("#", "Good to know"),
    ("•", "Yellow cells are yours; the others are locked, and edits in them are not read."),
    ("•", ("A tick may be x, ✓, TRUE, 1, yes, ja, oui, ok and the like; an empty cell, no or FALSE is none. "
          "Anything else is refused by name.")),
    ("•", ("Rows may be filtered, sorted as a whole, or deleted: a deleted row is left alone. "
          "A ticked row counts even where a filter hides it; the check says how many are hidden.")),
    ("•", ("Where an invoice has changed since this sheet was made, its row is refused and named: "
          "write a new sheet.")),
    ("•", "Running the same workbook twice does nothing twice."),
)  # fmt: skip


def parameters_page(workbook: Workbook, actions: Sequence[SheetAction]) -> None:
    """One row a parameter, with a cell for its value."""
    sheet = workbook.create_sheet(PARAMETERS)
    _table_head(sheet, PARAMETER_TITLES, _WIDTHS)
    row = 2
    for action in actions:
        for parameter in action.parameters:
            default = "(required)" if parameter.required else parameter.default
            texts = (
                action.title,
                parameter.name,
                None,
                default,
                parameter.kind,
                parameter.meaning,
                action.name,
            )
            for index, text in enumerate(texts, 1):
                cell = styling.cell_at(sheet, row, index)
                styling.style_value(
                    cell,
                    Type.DATE if parameter.kind == "date" else Type.TEXT,
                    unlocked=index == 3,
                    background=styling.INPUT if index == 3 else "",
                )
                if index == 6:
                    cell.alignment = Alignment(vertical="center", wrap_text=True, indent=1)
                if text is not None:
                    styling.put_text(cell, text)
            _choices(sheet, f"C{row}", parameter.kind, parameter.choices)
            row += 1
    sheet.column_dimensions["G"].hidden = True
    sheet.freeze_panes = "A2"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    styling.print_wide(sheet)


def _choices(sheet: Worksheet, place: str, kind: str, choices: Sequence[str]) -> None:
    listed = ",".join(choices)
    plain = '"' not in listed and listed.count(",") < len(choices)
    if choices and plain and len(listed) < 250:
        rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=True)
    elif kind == "date":
        rule = DataValidation(
            type="date", operator="greaterThan", formula1="36526", allow_blank=True, showErrorMessage=True
        )
    else:
        return
    rule.add(place)
    sheet.add_data_validation(rule)


def help_page(
    workbook: Workbook, actions: Sequence[SheetAction], meta: SheetMeta, allowed: npt.NDArray[np.uint64]
) -> None:
    """Plain words on how to use the workbook, what each action does, and how many rows allow it."""
    sheet = workbook.create_sheet("Help")
    sheet.column_dimensions["A"].width = 4
    sheet.column_dimensions["B"].width = 130
    lines = [*_HELP, ("#", "The actions")]
    for bit, action in enumerate(actions):
        asks = " It asks for confirmation (--yes)." if action.confirm else ""
        able = np.count_nonzero(allowed & np.uint64(1 << bit))
        count = f"{able:,} of {len(allowed):,} rows allow it."
        lines.append(("•", f"{action.title}: {action.help}{asks} {count}"))
    lines.append(("", f"Selection {meta.selection_id}, made by {meta.user}."))
    for row, (mark, text) in enumerate(lines, 1):
        _help_line(sheet, row, mark, text)
    sheet.sheet_view.showGridLines = False
    sheet.protection.sheet = True
    styling.print_wide(sheet)


def _help_line(sheet: Worksheet, row: int, mark: str, text: str) -> None:
    heading = mark == "#"
    sheet.cell(row, 1, "" if heading else mark).alignment = Alignment(vertical="top", horizontal="left")
    cell = styling.cell_at(sheet, row, 1 if heading else 2)
    styling.put_text(cell, text)
    cell.alignment = Alignment(wrap_text=not heading, vertical="center" if heading else "top")
    if heading:
        cell.font = Font(name=styling.FONT, bold=True, size=13, color=styling.ACCENT)
    sheet.row_dimensions[row].height = 30 if heading else 15.5 * (len(text) // 140 + 1)


def lists_page(workbook: Workbook, lists: Sequence[Sequence[str]]) -> None:
    """Hidden: for each profile a column with the number of its actions and their titles."""
    sheet = workbook.create_sheet(LISTS)
    for index, titles in enumerate(lists, 1):
        sheet.cell(1, index, max(len(titles), 1))
        for row, title in enumerate(titles, 2):
            sheet.cell(row, index, title)
    last = column_letter(max(len(lists), 1) - 1)
    workbook.defined_names["ib_actions"] = DefinedName("ib_actions", attr_text=f"{LISTS}!$A$2")
    workbook.defined_names["ib_counts"] = DefinedName("ib_counts", attr_text=f"{LISTS}!$A$1:${last}$1")
    sheet.sheet_state = "veryHidden"


def meta_page(workbook: Workbook, meta: SheetMeta, rows: int) -> None:
    """Hidden: the ids the reader checks, in case a program drops the document properties."""
    sheet = workbook.create_sheet(META)
    facts = {
        "selection_id": meta.selection_id,
        "workspace_id": meta.workspace_id,
        "rows": str(rows),
        "made_at": meta.made_at.isoformat(),
        "user": meta.user,
        "selection": meta.selection,
        **meta.further,
    }
    for row, (name, value) in enumerate(facts.items(), 1):
        for index, text in enumerate((name, value), 1):
            cell = styling.cell_at(sheet, row, index)
            styling.put_text(cell, text)
            cell.number_format = "@"
    sheet.sheet_state = "veryHidden"


def _table_head(sheet: Worksheet, titles: Sequence[str], widths: Sequence[float]) -> None:
    for index, (title, width) in enumerate(zip(titles, widths, strict=True), 1):
        cell = styling.cell_at(sheet, 1, index)
        cell.value = title
        styling.style_header(cell)
        sheet.column_dimensions[column_letter(index - 1)].width = width
    sheet.row_dimensions[1].height = 24
