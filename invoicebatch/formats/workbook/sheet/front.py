"""The front page of a selection sheet: title, totals that follow the filter, drop-downs, colours.

Everything around the rows; the rows themselves are streamed.
"""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from openpyxl.styles import Alignment, Font, Protection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.files.column_letters import column_letter
from invoicebatch.formats.workbook import fill_in, styling
from invoicebatch.formats.workbook.sheet.model import (
    FIRST_ROW,
    HEADER_ROW,
    INPUTS,
    LAYOUT,
    SUMMED,
    SheetMeta,
    SheetRows,
    sheet_columns,
)
from invoicebatch.formats.workbook.titles import title
from invoicebatch.model.counted import counted
from invoicebatch.model.schema.types import Type

LETTERS: Final[Mapping[str, str]] = {name: column_letter(index) for index, name in enumerate(LAYOUT)}
"""Letter of each column."""

HIDDEN: Final = LAYOUT[LAYOUT.index("invoice_id") :]
"""Columns nobody needs to see."""

_WIDTHS: Final = {"run": 7.0, "action": 30.0, "parameters": 22.0, "why_not": 60.0, "status": 17.0}
_COLOURS: Final = (
    ("status", "created", "1E7B34", "E3F4E7"),
    ("status", "approved", "1F4E79", "E1ECF7"),
    ("status", "approval_failed", "B42318", "FDE7E4"),
    ("status", "generation_failed", "B42318", "FDE7E4"),
    ("status", "empty", "6B7280", "F1F2F4"),
    ("payment_status", "overdue", "B42318", "FDE7E4"),
    ("payment_status", "paid", "1E7B34", "E3F4E7"),
    ("review", "stop", "B42318", "FDE7E4"),
    ("review", "look", "8A5A00", "FFF3D6"),
    ("review", "fine", "1E7B34", "E3F4E7"),
    ("shipping_status", "failed", "B42318", "FDE7E4"),
)


def cells_of(name: str, rows: int) -> str:
    """The cells of a column's rows, absolute."""
    letter = LETTERS[name]
    return f"${letter}${FIRST_ROW}:${letter}${FIRST_ROW + max(rows, 1) - 1}"


def head(sheet: Worksheet, rows: SheetRows, meta: SheetMeta) -> dict[str, str | int | float]:
    """Title, one line of instruction, totals and titles of the columns; gives the formulas' values."""
    made = f"{meta.made_at:%Y-%m-%d %H:%M} UTC"
    instruction = (
        f"Made {made} by {meta.user}. Put an x under Run, choose an Action, save, then: "
        "invoicebatch sheet check FILE, invoicebatch sheet run FILE."
    )
    fill_in.write_heading(sheet, f"{counted(len(rows), 'invoice')}: {meta.selection}", [instruction])
    results = _totals(sheet, rows)
    columns = sheet_columns()
    titles = [(title(name, meta.language), columns[name].type, name in INPUTS) for name in LETTERS]
    fill_in.write_titles(sheet, HEADER_ROW, titles)
    return results


def _totals(sheet: Worksheet, rows: SheetRows) -> dict[str, str | int | float]:
    """Counts and sums of the rows a filter leaves, and of the ticked ones."""
    count = len(rows)
    run = cells_of("run", count)
    key = cells_of("invoice_id", count)
    results: dict[str, str | int | float] = {}
    shown, ticked = HEADER_ROW - 2, HEADER_ROW - 1
    _formula(
        sheet, f"B{shown}", f'="Shown: "&TEXT(SUBTOTAL(103,{key}),"#,##0")', f"Shown: {count:,}", results
    )
    ticks = f"COUNTA({run})-COUNTIF({run},FALSE)"
    _formula(sheet, f"B{ticked}", f'="Ticked: "&TEXT({ticks},"#,##0")', "Ticked: 0", results)
    one = len(rows.currencies) <= 1
    codes = cells_of("currency_no", count)
    same = f"SUBTOTAL(104,{codes})=SUBTOTAL(105,{codes})"
    for name in SUMMED:
        cents, money = rows.sums[sheet_columns()[name].frame_name], cells_of(name, count)
        plain = f"SUBTOTAL(109,{money})"
        value = cents / 100 if one else "several currencies"
        formula = plain if one else f'IF({same},{plain},"several currencies")'
        _formula(sheet, f"{LETTERS[name]}{shown}", f"={formula}", value, results)
        sums = f'SUMIF({run},"<>",{money})-SUMIF({run},FALSE,{money})'
        if one:
            _formula(sheet, f"{LETTERS[name]}{ticked}", f"={sums}", 0, results)
    return results


def _formula(
    sheet: Worksheet, place: str, formula: str, value: str | float, results: dict[str, str | int | float]
) -> None:
    cell = sheet[place]
    cell.value = formula
    cell.font = Font(name=styling.FONT, bold=True, color=styling.INK)
    cell.number_format = styling.NUMBER_FORMATS[Type.MONEY]
    left = place[0] == "B"
    cell.alignment = Alignment(horizontal="left" if left else "right", indent=1 if left else 0)
    results[place] = value


def decorate(
    sheet: Worksheet, first: pd.DataFrame, count: int, meta: SheetMeta
) -> dict[str, tuple[int, int]]:
    """Widths, drop-downs, colours, protection, print set-up; gives the styles of each column's cells.

    Args:
        sheet: the front page.
        first: the first rows as they are shown.
        count: number of all rows.
        meta: with the language.
    """
    styles = _styles(sheet, first, meta)
    _drop_downs(sheet, count)
    _colours(sheet, count)
    _view(sheet, count)
    return styles


def _styles(sheet: Worksheet, rows: pd.DataFrame, meta: SheetMeta) -> dict[str, tuple[int, int]]:
    """Index of the style of each column's filled and empty cells (0: no cell where empty)."""
    styles = {}
    columns = sheet_columns()
    spare = FIRST_ROW + 1
    for index, (name, letter) in enumerate(LETTERS.items(), 1):
        column = columns[name]
        cell = styling.cell_at(sheet, spare, index)
        if name in INPUTS:
            blank = styling.style_value(cell, Type.TEXT, unlocked=True, background=styling.INPUT)
            filled = styling.style_value(
                styling.cell_at(sheet, spare + 1, index), Type.TEXT, background="F1F2F4"
            )
            styles[name] = (filled, blank)
        else:
            styles[name] = (styling.style_value(cell, column.type), 0)
        known = title(name, meta.language)
        width = _WIDTHS.get(name) or styling.width(column.type, known, rows[column.frame_name])
        sheet.column_dimensions[letter].width = width
        sheet.column_dimensions[letter].hidden = name in HIDDEN
    sheet.delete_rows(spare, 2)
    return styles


def _drop_downs(sheet: Worksheet, count: int) -> None:
    profile = f"${LETTERS['profile']}{FIRST_ROW}"
    actions = DataValidation(
        type="list",
        formula1=f"OFFSET(ib_actions,0,{profile}-1,INDEX(ib_counts,1,{profile}),1)",
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="Not for this invoice",
        error="This invoice does not allow that action. The list shows what it allows; column Why not says why.",
    )
    parameters = DataValidation(
        type="custom",
        formula1="TRUE",
        allow_blank=True,
        showInputMessage=True,
        promptTitle="Only for this row",
        prompt="name=value; name=value. Empty: as on the sheet Parameters.",
    )
    fill_in.offer_ticks(sheet, cells_of("run", count).replace("$", ""))
    for name, rule in (("action", actions), ("parameters", parameters)):
        rule.add(cells_of(name, count).replace("$", ""))
        sheet.add_data_validation(rule)


def _colours(sheet: Worksheet, count: int) -> None:
    first, last = FIRST_ROW, FIRST_ROW + max(count, 1) - 1
    run, action = LETTERS["run"], LETTERS["action"]
    ticked = f"LEN(TRIM(${run}{first}))>0"
    no_action = f"AND({ticked},LEN(${action}{first})=0)"
    styling.paint_where(sheet, f"{action}{first}:{action}{last}", no_action, ("B42318", "FDE7E4"))
    for name, value, *colours in _COLOURS:
        styling.paint(sheet, LETTERS[name], first, last, value, (colours[0], colours[1]))
    chosen = f"AND({ticked},${run}{first}<>FALSE)"
    styling.paint_where(sheet, f"{run}{first}:{LETTERS['why_not']}{last}", chosen, ("", "EAF6EC"))


def _view(sheet: Worksheet, count: int) -> None:
    """Frozen header, filter, protection; above the rows nothing is to be written."""
    last = FIRST_ROW + max(count, 1) - 1
    fill_in.finish(
        sheet, f"{LETTERS['customer_id']}{FIRST_ROW}", f"A{HEADER_ROW}:{LETTERS['why_not']}{last}",
        f"A1:{LETTERS['document']}{last}", HEADER_ROW,
    )  # fmt: skip
    for row in range(1, HEADER_ROW):
        for name in INPUTS:
            sheet[f"{LETTERS[name]}{row}"].protection = Protection(locked=True)
