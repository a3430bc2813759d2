"""Writing a sheet: what an analyst sees, and what each row offers."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from invoicebatch.errors import InputFileError, SelectionError
from invoicebatch.files.spreadsheet_guard import MAX_STRINGS_BYTES
from invoicebatch.formats.workbook.sheet.write import write_sheet
from invoicebatch.formats.workbook.titles import LANGUAGES, title
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.sheet import write
from invoicebatch.interfaces.sheet.read import read_sheet
from invoicebatch.interfaces.sheet.write import action_titles, sheet_content

FIRST = 6


def rows_of(path: Path) -> list[dict[str, object]]:
    sheet = openpyxl.load_workbook(path)["Invoices"]
    titles = [cell.value for cell in sheet[FIRST - 1]]
    return [dict(zip(titles, row, strict=True)) for row in sheet.iter_rows(min_row=FIRST, values_only=True)]


def test_each_row_offers_exactly_what_it_allows(workspace: Workspace, path: Path) -> None:
    book = openpyxl.load_workbook(path)
    lists = book["_lists"]
    titles = action_titles(workspace.base.offered())
    for row in rows_of(path):
        profile = row["Profile"]
        assert isinstance(profile, int)
        count = lists.cell(1, profile).value
        offered = [lists.cell(2 + i, profile).value for i in range(count)]
        bar = workspace.select(ids=[row["Invoice id"]]).actions()
        assert offered == [titles[name] for name in bar[bar["eligible"] == 1]["action"]]
    formula = book["Invoices"].data_validations.dataValidation[1].formula1
    assert formula.startswith("OFFSET(ib_actions,0,$Y6-1,")


def test_a_plan_needs_one_customer_only_among_the_ticked(workspace: Workspace) -> None:
    rows, actions, _ = sheet_content(workspace.select(all=True))
    bit = [action.name for action in actions].index("assign.payment_plan")
    assert (rows.allowed & np.uint64(1 << bit)).any()


def test_rows_that_are_read_in_pieces_stand_in_the_order_of_the_selection(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [7, 3, 10, 1, 5, 4]

    def written(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        book = pd.DataFrame(rows_of(workspace.sheet(tmp_path / f"{name}.xlsx", ids=ids)))
        delimited = pd.read_csv(workspace.sheet(tmp_path / f"{name}.csv", ids=ids), dtype="str")
        return book.drop(columns="Check"), delimited.drop(columns=["Check", "Selection id"])

    whole = written("whole")
    monkeypatch.setattr(write, "_PIECE", 4)
    pieces = written("pieces")
    assert pieces[0]["Invoice id"].tolist() == ids
    assert pieces[1]["Invoice id"].tolist() == [str(each) for each in ids]
    for one, other in zip(whole, pieces, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_row_that_changes_or_goes_while_the_sheet_is_written_keeps_the_version_that_was_judged(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows, actions, meta = sheet_content(workspace.select(ids=[6, 7, 8]))
    found = pd.DataFrame(rows_of(workspace.sheet(tmp_path / "before.xlsx", ids=[6, 7, 8])))["Review"]
    workspace.select(ids=[6]).plan("approve").apply()
    workspace.select(ids=[8]).plan("delete").apply()
    path = tmp_path / "sheet.xlsx"
    with path.open("wb") as out:
        write_sheet(out, rows, actions, meta)
    written = pd.DataFrame(rows_of(path))
    assert written["Invoice id"].tolist() == [6, 7, 8]
    assert written["Version"].tolist() == [1, 1, 1]
    assert written["Status"].fillna("").tolist() == ["approved", "empty", ""]
    assert written["Review"].tolist() == found.tolist()
    assert found.notna().all()


def test_refusals_say_why_with_actions_of_one_reason_together(path: Path) -> None:
    by_id = {row["Invoice id"]: row for row in rows_of(path)}
    assert "Approve, Mark as reviewed: status is approved, not empty" in str(by_id[1]["Why not"])
    assert not str(by_id[5]["Why not"]).startswith("Approve")


def test_a_reason_that_rows_share_stands_once_in_the_file(path: Path) -> None:
    texts = [str(row["Why not"]) for row in rows_of(path)]
    with zipfile.ZipFile(path) as book:
        rows, shared = (book.read(f"xl/{part}.xml") for part in ("worksheets/sheet1", "sharedStrings"))
    reason = b"status is approved, not empty"
    assert sum(reason.decode() in text for text in texts) == 4
    assert reason not in rows
    assert shared.count(reason) == 1


def test_keys_are_hidden_and_cells_are_locked(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["Invoices"]
    titles = [cell.value for cell in sheet[FIRST - 1]]
    hidden = {
        title
        for title, cell in zip(titles, sheet[FIRST - 1], strict=True)
        if sheet.column_dimensions[cell.column_letter].hidden
    }
    assert hidden == {"Invoice id", "Version", "Check", "Profile", "Currency no"}
    unlocked = {title for title, cell in zip(titles, sheet[FIRST], strict=True) if not cell.protection.locked}
    assert unlocked == {"Run", "Action", "Parameters"}
    assert sheet.protection.sheet
    assert [book[name].sheet_state for name in ("_lists", "_meta")] == ["veryHidden"] * 2
    assert sheet.freeze_panes == "D6"
    assert sheet.auto_filter.ref == "A5:U15"


def test_totals_follow_the_filter_and_have_values(path: Path) -> None:
    formulas = openpyxl.load_workbook(path)["Invoices"]
    values = openpyxl.load_workbook(path, data_only=True)["Invoices"]
    assert str(formulas["L3"].value).startswith("=SUBTOTAL(109,")
    assert values["L3"].value == 1210.00
    assert values["B3"].value == "Shown: 10"


def test_several_currencies_are_not_summed(workspace: Workspace, tmp_path: Path) -> None:
    change = pd.DataFrame({"invoice_id": [7], "currency": ["GBP"], "version": [1]})
    with workspace.store.write() as session:
        session.update("invoices", change, datetime(2026, 11, 22, tzinfo=UTC))
    path = workspace.sheet(tmp_path / "mixed.xlsx", all=True)
    values = openpyxl.load_workbook(path, data_only=True)["Invoices"]
    assert values["L3"].value == "several currencies"
    assert "SUBTOTAL(104" in openpyxl.load_workbook(path)["Invoices"]["L3"].value


def test_parameters_page_lists_every_parameter_with_its_default(workspace: Workspace, path: Path) -> None:
    page = openpyxl.load_workbook(path)["Parameters"]
    listed = {(row[6], row[1]) for row in page.iter_rows(min_row=2, values_only=True)}
    offered = workspace.base.offered().values()
    assert listed == {(action.name, name) for action in offered for name in action.params.model_fields}
    formats = {row[1]: row[4] for row in page.iter_rows(min_row=2, values_only=True)}
    assert formats["invoice_date"] == "date"


def test_values_that_only_the_workspace_knows_are_a_list(
    workspace: Workspace, path: Path, tmp_path: Path
) -> None:
    assert "standard,business" in _lists(path)["flow"]
    (workspace.root / "rules" / "collection_flows.toml").write_text("no toml")
    assert "flow" not in _lists(workspace.sheet(tmp_path / "without.xlsx", all=True))


def _lists(path: Path) -> dict[str, str]:
    """The list of each parameter that has one."""
    page = openpyxl.load_workbook(path)["Parameters"]
    rules = {
        place: rule.formula1
        for rule in page.data_validations.dataValidation
        for place in str(rule.sqref).split()
    }
    return {
        str(page.cell(row, 2).value): rules[f"C{row}"]
        for row in range(2, page.max_row + 1)
        if f"C{row}" in rules and page.cell(row, 5).value == "choice"
    }


def test_a_file_that_is_there_is_never_overwritten(workspace: Workspace, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InputFileError, match="exists already"):
        workspace.sheet(path, all=True)
    assert path.read_bytes() == before


def test_only_xlsx_and_csv_and_something_selected(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="neither"):
        workspace.sheet(tmp_path / "sheet.xls", all=True)
    with pytest.raises(SelectionError):
        workspace.sheet(tmp_path / "none.xlsx", "false")


def test_a_fresh_sheet_reads_back_whole_and_says_nothing(workspace: Workspace, path: Path) -> None:
    sheet = read_sheet(path)
    assert sheet.rows["invoice_id"].tolist() == list(range(1, 11))
    assert not sheet.rows["ticked"].any()
    assert set(sheet.rows["problem"]) == {""}
    assert sheet.workspace_id == workspace.base.id
    assert sheet.written == 10


def test_a_strange_filter_is_shown_and_breaks_nothing(workspace: Workspace, tmp_path: Path) -> None:
    where = "customer_name <> '=1+1\x01<&>' and 1 in (" + ", ".join(["1"] * 2_000) + ")"
    path = workspace.sheet(tmp_path / "strange.xlsx", where)
    told = openpyxl.load_workbook(path)["Invoices"]["A1"]
    assert told.data_type == "s"
    assert "=1+1\ufffd<&>" in str(told.value)
    assert len(read_sheet(path).rows) == 10
    report = workspace.select(where).plan("export.invoices").apply()
    properties = openpyxl.load_workbook(report.files["path"][0]).custom_doc_props.props
    assert len({p.name: p.value for p in properties}["invoicebatch.selection"]) == 255


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_of_every_language_are_read_back(workspace: Workspace, tmp_path: Path, language: str) -> None:
    settings = workspace.settings
    workspace.base.settings = settings.model_copy(
        update={"export": settings.export.model_copy(update={"language": language})}
    )
    path = workspace.sheet(tmp_path / "blad.xlsx", all=True)
    header = [cell.value for cell in openpyxl.load_workbook(path)["Invoices"][FIRST - 1]]
    assert header[:2] == [title("run", language), title("action", language)]  # type: ignore[arg-type]
    assert len(read_sheet(path).rows) == 10


def test_a_workbook_with_more_text_than_is_read_again_is_not_written(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = workspace.select(all=True)
    texts = sheet_content(selection)[0].texts
    whole = len("".join(texts).encode())
    assert whole < texts.size < 1.1 * whole
    assert write.MOST_TEXT < MAX_STRINGS_BYTES
    monkeypatch.setattr(write, "MOST_TEXT", whole // 2)
    with pytest.raises(SelectionError, match="more text than a workbook could be read with") as caught:
        workspace.sheet(tmp_path / "sheet.xlsx", all=True)
    assert "fewer rows" in caught.value.hint
    assert not (tmp_path / "sheet.xlsx").exists()
    assert workspace.sheet(tmp_path / "sheet.csv", all=True).is_file()
