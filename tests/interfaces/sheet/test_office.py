"""Sheets that went through a real LibreOffice: its drop-downs, and what it makes of a file on saving."""

import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.sheet.read import read_sheet

DRIVER = Path(__file__).with_name("uno_edit.py")


def drive(*arguments: object) -> str:
    command = ["/usr/bin/python3", str(DRIVER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_drop_down_of_a_row_takes_only_what_the_row_allows(path: Path) -> None:
    rows = json.loads(drive("check", path))
    assert len(rows) == 2
    for row in rows.values():
        assert row["accepted"] == row["offered"]
        assert "Nonsense" in row["tried"]
    approved, empty = rows.values()
    assert "Approve" in empty["offered"]
    assert "Approve" not in approved["offered"]


def test_a_copy_saved_by_libreoffice_reads_the_same(path: Path, soffice: Callable[[Path, str], Path]) -> None:
    before, after = read_sheet(path), read_sheet(soffice(path, "xlsx"))
    assert after.rows.equals(before.rows)
    assert (after.selection_id, after.workspace_id) == (before.selection_id, before.workspace_id)


def test_a_copy_edited_in_libreoffice_runs(workspace: Workspace, path: Path, tmp_path: Path) -> None:
    drive("edit", path, tmp_path / "edited.xlsx")
    plan = workspace.check_sheet(tmp_path / "edited.xlsx")
    told = plan.rows.groupby("invoice_id")["outcome"].agg(sorted).to_dict()
    assert told == {5: ["would run"], 6: ["would run"], 7: ["refused", "would run"], 9: ["refused"]}
    assert any("neither a tick" in reason for reason in plan.rows["reason"])
    assert any("the same invoice" in reason for reason in plan.rows["reason"])
    assert "1 deleted from the sheet" in plan.summary
    report = workspace.run_sheet(tmp_path / "edited.xlsx")
    assert report.count("done") == 3
    dates = workspace.select(ids=[5, 6, 7]).columns(["invoice_date"])["invoice_date"].dt.date.tolist()
    assert dates == [date(2026, 11, 3), date(2026, 11, 3), date(2026, 11, 5)]


def test_the_result_opens_in_libreoffice(
    workspace: Workspace, path: Path, soffice: Callable[[Path, str], Path]
) -> None:
    report = workspace.run_sheet(path)
    assert report.rows.empty
    text = soffice(report.result, "csv").read_text(encoding="utf-8")
    assert text.startswith('"Row","Action","Outcome","Reason","Number"')
