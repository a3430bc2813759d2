"""Reading a sheet back: everything people and programs do to one, each doubt named by its cell."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.errors import InputFileError, SelectionError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.sheet.plan_sheet import plan_sheet
from invoicebatch.interfaces.sheet.read import read_sheet
from invoicebatch.model.ticks import NO, YES, tick

Edit = Callable[[Callable[[Worksheet], None]], Path]


def column(sheet: Worksheet, title: str) -> int:
    return [cell.value for cell in sheet[5]].index(title) + 1


def chosen(row: int, mark: Any = "x", action: str | None = "Approve") -> Callable[[Worksheet], None]:
    def edit(sheet: Worksheet) -> None:
        sheet.cell(row, 1).value = mark
        sheet.cell(row, 2).value = action

    return edit


def problems(path: Path) -> dict[int, str]:
    rows = read_sheet(path).rows
    return {row: problem for row, problem in zip(rows["row"], rows["problem"], strict=True) if problem}


@pytest.mark.parametrize(
    "mark", [True, 1, 1.0, "x", " X ", "✓", "ja", "Oui", "WAHR", "VRAI", "yes", "=TRUE()", "'x"]
)
def test_ticks_in_many_languages(edited: Edit, mark: Any) -> None:
    rows = read_sheet(edited(chosen(10, mark))).rows
    assert rows.loc[rows["row"] == 10, "ticked"].all()


@pytest.mark.parametrize("mark", [False, 0, "", "nee", "-", "=FALSE()", None, "FAUX"])
def test_marks_that_are_no_tick(edited: Edit, mark: Any) -> None:
    sheet = read_sheet(edited(chosen(10, mark)))
    assert not sheet.rows["ticked"].any()
    assert set(sheet.rows["problem"]) == {""}


@pytest.mark.parametrize("mark", ["later", 2, "#N/A", "=B10", "maybe"])
def test_other_marks_are_refused_by_cell(edited: Edit, mark: Any) -> None:
    found = problems(edited(chosen(10, mark)))
    assert list(found) == [10]
    assert found[10].startswith("A10: ")


def test_no_word_is_both_yes_and_no() -> None:
    assert not YES & NO
    assert {tick(word) for word in YES} == {True}
    assert {tick(word) for word in NO} == {False}


def test_a_changed_key_is_refused(edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen(10)(sheet)
        sheet.cell(10, column(sheet, "Invoice id")).value = 7

    assert "key of this row does not belong" in problems(edited(edit))[10]


@pytest.mark.parametrize(
    ("title", "value"), [("Version", 9), ("Customer no.", "K9"), ("Total", 1.0), ("Check", None)]
)
def test_any_edit_of_what_identifies_a_row_is_refused(edited: Edit, title: str, value: Any) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen(10)(sheet)
        sheet.cell(10, column(sheet, title)).value = value

    assert list(problems(edited(edit))) == [10]


def test_columns_sorted_apart_are_refused(edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        for row in range(6, 16):
            chosen(row)(sheet)
        place = column(sheet, "Customer no.")
        values = sorted((sheet.cell(row, place).value for row in range(6, 16)), key=str)
        for row, value in zip(range(6, 16), values, strict=True):
            sheet.cell(row, place).value = value

    assert len(problems(edited(edit))) > 3


def test_whole_rows_may_be_sorted(workspace: Workspace, edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=6)]
        for target, values in zip(sheet.iter_rows(min_row=6), reversed(rows), strict=True):
            for cell, value in zip(target, values, strict=True):
                cell.value = value
        chosen(6)(sheet)

    plan = plan_sheet(workspace, read_sheet(edited(edit)))
    assert plan.rows["invoice_id"].tolist() == [10]
    assert plan.eligible == 1


def test_leading_zeros_that_a_program_dropped_are_no_change(edited: Edit, workspace: Workspace) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen(10)(sheet)
        cell = sheet.cell(10, column(sheet, "Customer no."))
        cell.value = f"00{cell.value}"

    assert problems(edited(edit)) == {}


def test_deleted_and_inserted_rows(workspace: Workspace, edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen(12)(sheet)
        sheet.delete_rows(13, 2)
        sheet.insert_rows(8)
        sheet.cell(8, 1).value = "x"

    path = edited(edit)
    assert problems(path) == {8: "U8: this row has no key; was it inserted by hand?"} or list(
        problems(path)
    ) == [8]
    plan = plan_sheet(workspace, read_sheet(path))
    assert "2 deleted from the sheet" in plan.summary
    assert plan.eligible == 1


def duplicated(sheet: Worksheet, action: str) -> None:
    for place in range(1, sheet.max_column + 1):
        sheet.cell(16, place).value = sheet.cell(10, place).value
    sheet.cell(16, 1).value, sheet.cell(16, 2).value = "x", action


def test_a_duplicated_row_counts_once(workspace: Workspace, edited: Edit) -> None:
    path = edited(lambda sheet: (chosen(10)(sheet), duplicated(sheet, "Approve"))[0])
    assert problems(path) == {16: "the same invoice as row 10"}
    assert plan_sheet(workspace, read_sheet(path)).eligible == 1


def test_a_duplicated_row_that_says_something_else_is_refused_with_its_twin(edited: Edit) -> None:
    path = edited(lambda sheet: (chosen(10)(sheet), duplicated(sheet, "Delete"))[0])
    assert problems(path) == {
        10: "also ticked in row 16, differently",
        16: "also ticked in row 10, differently",
    }


def test_columns_may_be_moved_and_added(workspace: Workspace, edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen(10)(sheet)
        sheet.insert_cols(3, 2)
        sheet.cell(5, 3).value = "my notes"
        sheet.cell(10, 3).value = "call first"
        sheet.insert_rows(1, 2)

    plan = plan_sheet(workspace, read_sheet(edited(edit)))
    assert plan.rows[["row", "outcome"]].to_numpy().tolist() == [[12, "would run"]]


def test_a_missing_or_doubled_column_is_named(edited: Edit) -> None:
    with pytest.raises(InputFileError, match="no column check"):
        read_sheet(edited(lambda sheet: sheet.delete_cols(column(sheet, "Check"))))

    def twice(sheet: Worksheet) -> None:
        sheet.cell(5, sheet.max_column + 1).value = "Action"

    with pytest.raises(InputFileError, match="twice"):
        read_sheet(edited(twice))


def test_hidden_rows_count_if_ticked_and_are_told(workspace: Workspace, edited: Edit) -> None:
    def edit(sheet: Worksheet) -> None:
        for row in (10, 11, 12):
            chosen(row)(sheet)
        sheet.row_dimensions[11].hidden = True
        sheet.row_dimensions[13].hidden = True

    plan = plan_sheet(workspace, read_sheet(edited(edit)))
    assert plan.eligible == 3
    assert "1 of them hidden" in plan.summary


def test_an_action_without_a_tick_is_left_alone_and_told(workspace: Workspace, edited: Edit) -> None:
    plan = plan_sheet(workspace, read_sheet(edited(chosen(10, None, "Delete"))))
    assert plan.eligible == 0
    assert "1 with an action but no tick" in plan.summary


@pytest.mark.parametrize(
    ("row", "action", "reason"),
    [
        (6, "Approve", "status is approved"),
        (10, None, "no action is chosen"),
        (10, "Aprove", "There is no action"),
        (10, " delete ", ""),
        (10, "DELETE", ""),
        (10, "approve", ""),
    ],
)
def test_actions_are_judged_by_the_workspace(
    workspace: Workspace, edited: Edit, row: int, action: str | None, reason: str
) -> None:
    plan = plan_sheet(workspace, read_sheet(edited(chosen(row, "x", action))))
    (told,) = plan.rows["reason"]
    assert told.startswith(reason) or reason in told
    assert (plan.eligible == 1) == (reason == "")


def test_a_sheet_of_another_workspace_is_refused(
    make_workspace: Callable[..., Workspace], edited: Edit
) -> None:
    other = make_workspace(10, name="other")
    with pytest.raises(InputFileError, match="another workspace"):
        plan_sheet(other, read_sheet(edited(chosen(10))))
    with pytest.raises(InputFileError, match="another workspace"):
        other.select(sheet=edited(chosen(10)))


def test_a_row_that_changed_since_is_refused_with_what_happened(workspace: Workspace, edited: Edit) -> None:
    path = edited(chosen(10))
    workspace.select(ids=[5]).plan("approve").apply()
    (reason,) = plan_sheet(workspace, read_sheet(path)).rows["reason"]
    assert reason.startswith("changed since the sheet was written: approve by ")


def test_an_invoice_that_is_gone_is_told(workspace: Workspace, edited: Edit) -> None:
    path = edited(lambda sheet: (chosen(10)(sheet), chosen(11)(sheet))[0])
    workspace.select(ids=[5]).plan("delete").apply()
    plan = plan_sheet(workspace, read_sheet(path))
    assert plan.rows["outcome"].tolist() == ["refused", "would run"]
    assert "no such invoice" in plan.rows["reason"][0]


def test_a_sheet_without_its_ids_is_refused(path: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(path)
    del book["_meta"]
    book.custom_doc_props.props.clear()
    book.save(tmp_path / "bare.xlsx")
    with pytest.raises(InputFileError, match="lost the id"):
        read_sheet(tmp_path / "bare.xlsx")


@pytest.mark.parametrize("keep", ["page", "properties"])
def test_one_of_the_two_places_of_the_ids_is_enough(path: Path, tmp_path: Path, keep: str) -> None:
    book = openpyxl.load_workbook(path)
    if keep == "page":
        book.custom_doc_props.props.clear()
    else:
        del book["_meta"]
    book.save(tmp_path / "kept.xlsx")
    assert len(read_sheet(tmp_path / "kept.xlsx").rows) == 10


def test_a_sheet_put_together_from_two_is_refused(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    other = workspace.sheet(tmp_path / "second.xlsx", all=True)
    with zipfile.ZipFile(path) as first, zipfile.ZipFile(other) as second:
        names = first.namelist()
        parts = {n: (second if n == "docProps/custom.xml" else first).read(n) for n in names}
    with zipfile.ZipFile(tmp_path / "both.xlsx", "w") as out:
        for name, data in parts.items():
            out.writestr(name, data)
    with pytest.raises(InputFileError, match="two sheets"):
        read_sheet(tmp_path / "both.xlsx")


def test_a_copied_page_is_refused(path: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.copy_worksheet(book["Invoices"])
    book.save(tmp_path / "copied.xlsx")
    with pytest.raises(InputFileError, match="2 pages"):
        read_sheet(tmp_path / "copied.xlsx")


def test_a_workbook_of_something_else_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])  # type: ignore[union-attr]
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(InputFileError, match="no selection sheet"):
        read_sheet(tmp_path / "other.xlsx")


def test_ticked_rows_are_a_selection(workspace: Workspace, edited: Edit) -> None:
    path = edited(lambda sheet: (chosen(10, "x", None)(sheet), chosen(12, True, None)(sheet))[0])
    assert workspace.select(sheet=path).ids.tolist() == [5, 7]
    with pytest.raises(SelectionError, match="ticked"):
        workspace.select(sheet=edited(lambda sheet: None))
    with pytest.raises(InputFileError, match="A10"):
        workspace.select(sheet=edited(chosen(10, "perhaps")))
