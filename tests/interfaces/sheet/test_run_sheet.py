"""Running a sheet end to end: outcomes by row, parameters, the result beside it, nothing done twice."""

import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from invoicebatch.errors import ConfirmationError, InputFileError
from invoicebatch.interfaces.api import Workspace
from tests.commands import command

Edit = Callable[[Callable[[Worksheet], None]], Path]
PARAMETERS_COLUMN = 20


def chosen(*rows: tuple[int, str]) -> Callable[[Worksheet], None]:
    def edit(sheet: Worksheet) -> None:
        for row, action in rows:
            sheet.cell(row, 1).value = "x"
            sheet.cell(row, 2).value = action

    return edit


def results(path: Path) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(path, data_only=True)["Result"].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if isinstance(row[0], (int, float))]


def test_rows_run_grouped_by_action_and_each_is_told(workspace: Workspace, edited: Edit) -> None:
    path = edited(
        chosen((10, "Approve"), (11, "Delete"), (6, "Approve"), (12, "Export: Invoices"), (13, "Nonsense"))
    )
    report = workspace.run_sheet(path, confirmed=True)
    told = {row["row"]: (row["action"], row["outcome"]) for row in report.rows.to_dict("records")}
    assert told == {
        6: ("approve", "refused"),
        10: ("approve", "done"),
        11: ("delete", "done"),
        12: ("export.invoices", "done"),
        13: ("", "refused"),
    }
    assert workspace.select(ids=[5]).columns(["status"])["status"].tolist() == ["approved"]
    assert len(workspace.select(all=True)) == 9
    listed = {row["Row"]: row for row in results(report.result)}
    assert report.result.name == "edited.result.xlsx"
    assert listed[10]["Outcome"] == "done"
    assert listed[10]["Status"] == "Approved"
    assert "status is approved" in listed[6]["Reason"]
    assert Path(listed[12]["File"]).is_file()
    assert listed[7]["Outcome"] is None
    assert len(listed) == 10
    about = [
        str(cell.value) for row in openpyxl.load_workbook(report.result)["About"].iter_rows() for cell in row
    ]
    assert any("Next: Create (1): invoicebatch run create --run" in text for text in about)


def test_the_same_sheet_twice_does_nothing_twice(workspace: Workspace, edited: Edit) -> None:
    path = edited(chosen((10, "Approve"), (11, "Delete"), (12, "Export: Invoices")))
    first = workspace.run_sheet(path, confirmed=True)
    before = workspace.select(all=True).frame
    runs, files = len(workspace.runs.list()), sorted(workspace.data.rglob("invoices*.xlsx"))
    second = workspace.run_sheet(path, confirmed=True)
    assert first.complete
    assert workspace.select(all=True).frame.equals(before)
    assert len(workspace.runs.list()) == runs
    assert sorted(workspace.data.rglob("invoices*.xlsx")) == files
    told = {row["row"]: (row["outcome"], row["reason"]) for row in second.rows.to_dict("records")}
    assert told[10][0] == told[11][0] == "refused"
    runs_of = {report.action: report.run_id[:8] for report in first.reports}
    assert told[10][1] == f"done before in run {runs_of['approve']}; nothing is done again"
    assert told[12] == ("done", f"done before in run {runs_of['export.invoices']}; nothing is done again")
    checked = workspace.check_sheet(path)
    assert dict(zip(checked.rows["row"], checked.rows["outcome"], strict=True))[12] == "done before"
    assert "1 done before" in checked.summary
    assert second.result != first.result


def test_one_action_in_several_spellings_is_one_run(workspace: Workspace, edited: Edit) -> None:
    names = ("Export: Invoices", "export.invoices", "EXPORT:  invoices", "Export invoices")

    def edit(sheet: Worksheet) -> None:
        chosen(*zip(range(10, 14), names, strict=True))(sheet)
        for row, own in ((10, "format=csv"), (11, "Format = CSV"), (12, "format=csv;"), (13, "format=XLSX")):
            sheet.cell(row, PARAMETERS_COLUMN).value = own

    report = workspace.run_sheet(edited(edit))
    assert [len(each.done) for each in report.reports] == [3, 1]
    assert report.complete
    book = openpyxl.load_workbook(report.result)
    assert [row["Row"] for row in results(report.result)][:5] == [10, 11, 12, 13, 6]
    summary = list(book["Summary"].iter_rows(values_only=True))
    assert summary[1][:3] == ("export.invoices", "done", 4)


def test_a_bad_value_on_the_parameters_page_is_named_by_its_cell(workspace: Workspace, path: Path) -> None:
    book = openpyxl.load_workbook(path)
    chosen((10, "Export: Invoices"), (11, "Export: Invoices"))(book["Invoices"])
    page = book["Parameters"]
    places = (
        r
        for r in range(2, page.max_row + 1)
        if [page.cell(r, c).value for c in (7, 2)] == ["export.invoices", "format"]
    )
    row = next(places)
    page.cell(row, 3).value = "pdf"
    book.save(path)
    reasons = workspace.check_sheet(path).rows["reason"]
    assert reasons.str.startswith(f"Parameters!C{row}: export.invoices: format: ").all()


def test_an_opendocument_file_is_refused_by_what_it_is(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "sheet.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(InputFileError, match=r"OpenDocument file \(.ods\)"):
        workspace.check_sheet(path)


def test_values_of_the_parameters_page_count(workspace: Workspace, path: Path) -> None:
    book = openpyxl.load_workbook(path)
    chosen((10, "Approve"), (11, "Approve"))(book["Invoices"])
    page = book["Parameters"]
    row = next(r for r in range(2, page.max_row + 1) if page.cell(r, 2).value == "invoice_date")
    page.cell(row, 3).value = date(2026, 11, 3)
    book["Invoices"].cell(11, PARAMETERS_COLUMN).value = "invoice_date=5.11.2026"
    book.save(path)
    assert workspace.run_sheet(path).complete
    dates = workspace.select(ids=[5, 6]).columns(["invoice_date"])["invoice_date"].dt.date.tolist()
    assert dates == [date(2026, 11, 3), date(2026, 11, 5)]


@pytest.mark.parametrize(
    ("own", "word"),
    [
        ("invoice_date=soon", "must be a date, written year-month-day: 2026-11-22; got 'soon'"),
        ("invoice_dat=2026-11-05", "no parameter"),
        ("2026-11-05", "name=value"),
        ("invoice_date=03/04/2026", "two dates Write it as 2026-11-22."),
        ("invoice_date=2026-11-05; invoice_date=2026-11-06", "twice"),
    ],
)
def test_a_wrong_parameter_refuses_its_rows_only(
    workspace: Workspace, edited: Edit, own: str, word: str
) -> None:
    def edit(sheet: Worksheet) -> None:
        chosen((10, "Approve"), (11, "Approve"))(sheet)
        sheet.cell(10, PARAMETERS_COLUMN).value = own

    report = workspace.run_sheet(edited(edit))
    assert report.rows["outcome"].tolist() == ["refused", "done"]
    assert word in report.rows["reason"][0]


def test_an_unknown_action_is_answered_with_those_there_are(workspace: Workspace, edited: Edit) -> None:
    plan = workspace.check_sheet(edited(chosen((10, "Aprove"), (11, "Approve"))))
    assert plan.rows["outcome"].tolist() == ["refused", "would run"]
    assert "no action 'Aprove'; there are: Approve, " in plan.rows["reason"][0]


def test_an_action_that_asks_runs_only_when_confirmed(workspace: Workspace, edited: Edit) -> None:
    path = edited(chosen((10, "Approve"), (11, "Delete")))
    with pytest.raises(ConfirmationError, match="1 invoice"):
        workspace.run_sheet(path)
    assert len(workspace.runs.list()) == 1
    assert workspace.select(ids=[5]).columns(["status"])["status"].tolist() == ["empty"]


def test_csv_for_people_without_excel(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.sheet(tmp_path / "sheet.csv", all=True)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert '"Allowed"' in lines[0]
    assert "Approve;" in lines[5]
    for index in (5, 6):
        cells = lines[index].split(",")
        cells[0], cells[1] = "x", "Approve"
        lines[index] = ",".join(cells)
    path.write_text("\n".join(lines), encoding="utf-8")
    report = workspace.run_sheet(path)
    assert report.rows["outcome"].tolist() == ["done", "done"]
    assert report.result.name == "sheet.result.xlsx"


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-16", "\t"), ("cp1252", ";"), ("utf-8-sig", ";")])
def test_csv_as_excel_saves_it_again(
    workspace: Workspace, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    import csv
    import io

    path = workspace.sheet(tmp_path / "sheet.csv", all=True)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    rows[5][:2] = ["WAHR", "Approve"]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    plan = workspace.check_sheet(path)
    assert plan.rows["invoice_id"].tolist() == [5]
    assert plan.eligible == 1


def test_the_command_line(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "cli.xlsx"
    assert command(workspace.root, "sheet", "write", str(path), "--ids", "1,5,6").returncode == 0
    assert command(workspace.root, "sheet", "check", str(path)).returncode == 4
    book = openpyxl.load_workbook(path)
    chosen((6, "Approve"), (7, "Approve"), (8, "Delete"))(book["Invoices"])
    book.save(path)
    checked = command(workspace.root, "sheet", "check", str(path), "--json")
    assert checked.returncode == 3
    assert [row["outcome"] for row in json.loads(checked.stdout)["rows"]] == [
        "refused",
        "would run",
        "would run",
    ]
    unconfirmed = command(workspace.root, "sheet", "run", str(path))
    assert unconfirmed.returncode == 2
    assert "--yes" in unconfirmed.stderr
    assert "status is approved" in unconfirmed.stdout  # the other rows are checked all the same
    assert "delete: 1 of 1 rows" in unconfirmed.stdout
    done = command(workspace.root, "sheet", "run", str(path), "--yes", "--json")
    assert done.returncode == 3
    answer = json.loads(done.stdout)
    assert answer["done"] == 2
    assert Path(answer["result"]).is_file()
    assert {run["action"] for run in answer["runs"]} == {"approve", "delete"}


def test_the_decision_table_as_a_workbook(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rules.xlsx"
    assert command(workspace.root, "rules", "--xlsx", str(path)).returncode == 0
    page = openpyxl.load_workbook(path)["Actions"]
    actions = [row[0] for row in page.iter_rows(min_row=2, values_only=True)]
    assert actions == list(workspace.base.rules.actions)
    assert "✓" in {value for row in page.iter_rows(min_row=2, values_only=True) for value in row}
