"""A workspace with rows in several states, its sheet, and ways to edit one as a person would."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from tests.copies import copy_workspace

FIRST = 6


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, frames_of: Callable[..., Any]) -> Path:
    """A workspace of ten invoices, 1 to 4 approved, the others empty; and a sheet of all, made once."""
    folder = tmp_path_factory.mktemp("sheet")
    workspace = init_workspace(folder / "workspace")
    with workspace.store.write() as session:
        for table, frame in frames_of(10).items():
            session.insert(table, frame)
        session.reserve_ids(10)
    workspace.select(ids=[1, 2, 3, 4]).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    workspace.sheet(folder / "sheet.xlsx", all=True)
    return folder


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Workspace:
    """A workspace of its own for the test, as the template has it."""
    copy_workspace(template / "workspace", tmp_path / "workspace")
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """A fresh sheet of all ten."""
    return Path(shutil.copy(template / "sheet.xlsx", tmp_path / "sheet.xlsx"))


@pytest.fixture
def edited(path: Path) -> Callable[[Callable[[Worksheet], None]], Path]:
    """Edit the page of invoices and save it, as `edited(function)`."""

    def edit(function: Callable[[Worksheet], None]) -> Path:
        book = openpyxl.load_workbook(path)
        function(book["Invoices"])
        out = path.with_name("edited.xlsx")
        book.save(out)
        return out

    return edit


def column(sheet: Worksheet, title: str) -> int:
    """Number of the column with that title."""
    titles = [cell.value for cell in sheet[FIRST - 1]]
    return titles.index(title) + 1


def choose(sheet: Worksheet, choices: dict[int, tuple[Any, str | None]]) -> None:
    """Set tick and action by invoice id."""
    ids, run, action = (column(sheet, title) for title in ("Invoice id", "Run", "Action"))
    for row in range(FIRST, sheet.max_row + 1):
        if sheet.cell(row, ids).value in choices:
            tick, name = choices[sheet.cell(row, ids).value]
            sheet.cell(row, run).value = tick
            sheet.cell(row, action).value = name


def place(sheet: Worksheet, invoice_id: int) -> int:
    """Row of an invoice."""
    ids = column(sheet, "Invoice id")
    return next(r for r in range(FIRST, sheet.max_row + 1) if sheet.cell(r, ids).value == invoice_id)
