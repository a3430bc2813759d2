"""What commands print: as many rows as were asked for, no empty tables, files by name and folder, numbers with nouns."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run

Make = Callable[..., Workspace]


def call(workspace: Workspace, *arguments: str) -> int:
    return run([*arguments, "-w", str(workspace.root)])


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", [["list"], ["why", "create", "--all"], ["runs"]])
def test_a_limit_holds_for_tables_and_json(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    workspace = make_workspace(4)
    for number in range(1, 5):
        call(workspace, "run", "mark_as.exported", "--ids", str(number))
    capsys.readouterr()
    assert call(workspace, *command, "--json", "--limit", "3") == 0
    assert len(as_json(capsys)) == 3
    assert call(workspace, *command, "--json") == 0
    assert len(as_json(capsys)) == 4
    assert call(workspace, *command, "--limit", "3") == 0
    assert "and 1 more" in capsys.readouterr().out
    assert call(workspace, *command, "--limit", "0") == 2


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["list", "--where", "false"], "0 invoices"),
        (["runs"], "0 runs"),
        (["outbox", "list"], "0 messages"),
        (["jobs", "list"], "0 export jobs"),
        (["payments", "list"], "Payment bundles: 0"),
    ],
)
def test_an_empty_list_is_one_line(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], command: list[str], says: str
) -> None:
    assert call(make_workspace(1), *command) == 0
    assert capsys.readouterr().out == f"{says}\n"


def test_a_preview_without_rows_is_not_shown(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(make_workspace(2), "run", "export.invoices", "--all", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "eligible" in shown
    assert "refused" not in shown.lower()


def test_one_file_is_named_and_several_by_their_folders(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        account = session.whole("company_accounts").assign(company_account_id="BE")
        session.insert("company_accounts", account)
        ranges = session.whole("number_ranges").assign(company_account_id="BE")
        session.insert("number_ranges", ranges)
        moved = session.whole("invoices").query("invoice_id == 3")[["invoice_id"]]
        session.update("invoices", moved.assign(company_account_id="BE"), clock.now())
    call(workspace, "run", "approve", "--all", "--invoice-date", "2026-11-20")
    assert call(workspace, "run", "create", "--ids", "1") == 0
    (line,) = [text for text in capsys.readouterr().out.splitlines() if text.startswith("File")]
    assert line.startswith("File: documents/NL/")
    assert line.endswith(".pdf")
    assert call(workspace, "run", "create", "--ids", "2,3") == 0
    assert "Files: 2, in documents/BE/2026 (1), documents/NL/2026 (1)" in capsys.readouterr().out


def test_one_of_a_thing_has_no_plural(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(1)
    assert call(workspace, "run", "mark_as.exported", "--all", "--background") == 0
    queued = capsys.readouterr().out
    assert queued.startswith("mark_as.exported: 1 of 1 queued\n")
    assert "unfinished" not in queued
    assert call(workspace, "worker", "--once") == 0
    assert capsys.readouterr().err.endswith("nothing is left; 1 run\n")
    assert call(workspace, "list") == 0
    assert capsys.readouterr().out.split()[:2] == ["1", "invoice"]


def test_a_due_job_counts_as_one_run(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(1)
    assert call(workspace, "run", "export.job", "--all", "-p", 'parameters={"format": "csv"}') == 0
    capsys.readouterr()
    assert call(workspace, "worker", "--once") == 0
    assert capsys.readouterr().err.endswith("nothing is left; 1 run\n")
