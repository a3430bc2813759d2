"""Importing: the good rows go in, each other one is named, and the same file twice changes nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from tests.copies import new_workspace

ACCOUNTS = "company_account_id,name,vat_id,street,postcode,city,country,iban\nNL,Stroom BV,NL123456782B90,Kade 1,1011 AA,Amsterdam,NL,NL91ABNA0417164300\n"
CUSTOMERS = "customer_id,name,street,postcode,city,country\n00017,Jansen,Laan 2,1012 BB,Utrecht,NL\n"
INVOICES = "external_id,customer_id,company_account_id\nA1,00017,NL\nA2,00017,NL\n"
LINES = "external_id,line_no,name,quantity,price,vat_rate\nA1,1,Stroom,10,1.50,21\nA2,1,Stroom,2,3,21\nA2,2,Vast,1,5,9\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    texts = {"accounts": ACCOUNTS, "customers": CUSTOMERS, "invoices": INVOICES, "lines": LINES}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return [tmp_path / f"{name}.csv" for name in texts]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "w")


def added(report: object) -> dict[str, tuple[int, int, int]]:
    counts = report.counts  # type: ignore[attr-defined]
    return {r["table"]: (r["added"], r["changed"], r["unchanged"]) for r in counts.to_dict("records")}


def test_files_become_invoices_that_can_be_approved(workspace: Workspace, files: list[Path]) -> None:
    report = workspace.import_files(files)
    assert report.refused.empty
    assert added(report)["invoices"] == (2, 0, 0)
    frame = workspace.select(all=True).frame
    assert frame["total_cents"].tolist() == [1815, 1271]
    assert frame["customer_id"].tolist() == ["00017", "00017"]
    assert workspace.select(all=True).plan("approve").apply().complete


def test_the_same_files_twice_change_nothing(workspace: Workspace, files: list[Path]) -> None:
    workspace.import_files(files)
    before = workspace.select(all=True).frame
    again = workspace.import_files(files)
    assert all(values[:2] == (0, 0) for values in added(again).values())
    assert workspace.select(all=True).frame.equals(before)


def test_a_changed_row_is_changed_while_it_may_be(workspace: Workspace, files: list[Path]) -> None:
    workspace.import_files(files)
    workspace.select(where="external_id = 'A1'").plan("approve").apply()
    files[2].write_text(INVOICES.replace("external_id,", "note,external_id,").replace("\nA", "\nhello,A"))
    report = workspace.import_files(files[2:3])
    assert added(report)["invoices"][1] == 1
    assert report.refused[["row", "value"]].to_numpy().tolist() == [[2, "A1"]]
    assert "the invoice is approved already" in report.refused["reason"][0]
    notes = workspace.select(all=True).columns(["note"])["note"]
    assert notes.isna()[0]
    assert notes[1] == "hello"


def test_lines_of_an_unknown_invoice_are_named_with_file_and_row(
    workspace: Workspace, files: list[Path]
) -> None:
    workspace.import_files(files)
    files[3].write_text(LINES.replace("A1,", "A9,"))
    report = workspace.import_files(files[3:])
    assert report.refused[["file", "row", "value"]].to_numpy().tolist() == [["lines.csv", 2, "A9"]]
    assert report.refused_file is not None
    assert "A9" in report.refused_file.read_text()


def test_a_formula_in_a_refused_cell_stays_text(workspace: Workspace, files: list[Path]) -> None:
    workspace.import_files(files)
    files[3].write_text(LINES.replace("A1,", "=cmd|' /C calc'!A0,"))
    report = workspace.import_files(files[3:])
    assert report.refused_file is not None
    assert ",'=cmd" in report.refused_file.read_text() or "\"'=cmd" in report.refused_file.read_text()


def test_the_command_reports_and_exits_3_when_rows_are_refused(
    workspace: Workspace, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["-w", str(workspace.root), "--json"]
    assert run(["import", *map(str, files), *where]) == 0
    assert json.loads(capsys.readouterr().out)["read"] == 7
    files[3].write_text(LINES.replace("A1,1,Stroom,10", "A1,1,Stroom,ten"))
    assert run(["import", str(files[3]), *where]) == 3
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert (refused[0]["row"], refused[0]["column"], refused[0]["value"]) == (2, "quantity", "ten")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.csv", None),
        ("empty.csv", b""),
        ("book.xlsx", b"PK nothing"),
    ],
)
def test_a_file_that_cannot_be_used_imports_nothing(
    workspace: Workspace, files: list[Path], tmp_path: Path, name: str, content: bytes | None
) -> None:
    bad = tmp_path / name
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(InputFileError):
        workspace.import_files([*files, bad])
    assert len(workspace.select(all=True)) == 0


def test_a_file_of_a_header_alone_is_named(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("external_id,customer_id\n")
    with pytest.raises(InputFileError, match="header and no rows"):
        workspace.import_files([tmp_path / "invoices.csv"])


def test_an_account_with_a_pattern_without_a_counter_is_refused(
    workspace: Workspace, files: list[Path]
) -> None:
    header, row = ACCOUNTS.splitlines()
    files[0].write_text(f"{header},number_pattern\n{row},{{year}}-X\n")
    report = workspace.import_files(files[:1])
    assert report.refused[["row", "column"]].to_numpy().tolist() == [[2, "number_pattern"]]
    assert "must hold {seq} once" in report.refused["reason"][0]


def test_a_mapping_that_does_not_exist_is_named(workspace: Workspace, files: list[Path]) -> None:
    with pytest.raises(InputFileError, match="no mapping file nope"):
        workspace.import_files(files, mapping="nope")


def test_the_doctor_finds_what_was_done_behind_our_back(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(2)
    workspace.select(all=True).plan("approve").apply()
    assert workspace.doctor().empty
    import duckdb

    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("UPDATE lines SET net = 1 WHERE invoice_id = 1 AND line_no = 1")
        con.execute("INSERT INTO claims VALUES (2, 'ghost')")
        con.execute("INSERT INTO number_counters VALUES ('NL', 'invoice', '2026', 5, NULL)")
    found = workspace.doctor()
    assert sorted(found["check"]) == ["claims", "numbers", "totals"]
    assert run(["doctor", "-w", str(workspace.root)]) == 3
