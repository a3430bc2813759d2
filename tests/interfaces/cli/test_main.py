"""The command line: exit codes, JSON, messages a person can act on."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import COMMANDS, run

Make = Callable[..., Workspace]


def call(workspace: Workspace, *arguments: str) -> int:
    return run([*arguments, "-w", str(workspace.root)])


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_run_reports_and_exits_0_when_all_rows_are_done(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(3)
    assert call(workspace, "run", "approve", "--all", "-p", "invoice_date=2026-11-20", "--json") == 0
    report = as_json(capsys)
    assert {k: report[k] for k in ("action", "state", "selected", "eligible", "done", "refused", "failed", "files")} == {
        "action": "approve", "state": "finished", "selected": 3, "eligible": 3, "done": 3, "refused": [], "failed": [], "files": [],
    }  # fmt: skip
    assert call(workspace, "show", report["run_id"], "--json") == 0
    assert as_json(capsys) == report


def test_the_next_step_is_a_command_that_can_be_pasted(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "run", "approve", "--ids", "2", "--invoice-date", "2026-11-20") == 0
    (line,) = [text for text in capsys.readouterr().out.splitlines() if text.startswith("Next: Create (1): ")]
    assert call(workspace, *shlex.split(line.partition("invoicebatch ")[2]), "--json") == 0
    assert as_json(capsys)["done"] == 1


def test_what_was_done_can_be_taken_back_by_a_command(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "run", "mark_as.exported", "--all") == 0
    shown = capsys.readouterr().out
    assert "To take it back: Mark as not exported (2): invoicebatch run mark_as.not_exported --run" in shown


def test_help_lists_the_values_of_the_workspace(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(0)
    assert call(workspace, "run", "assign.collection_case", "--help") == 0
    assert "[choices: standard, business]" in capsys.readouterr().out
    assert run(["run", "assign.collection_case", "-h", "-w", str(workspace.root / "nowhere")]) == 0
    assert "Collection flow" in capsys.readouterr().out


def test_a_large_run_that_a_worker_may_do_says_so(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_WORKER__BACKGROUND_ROWS", "2")
    workspace = make_workspace(2)
    assert call(workspace, "run", "export.invoices", "--all", "--format", "csv") == 0
    assert "--background" in capsys.readouterr().err
    assert call(workspace, "run", "mark_as.exported", "--all") == 0
    assert "--background" not in capsys.readouterr().err


def test_run_exits_3_when_a_row_is_refused(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "run", "approve", "--ids", "1", "--invoice-date", "2026-11-20") == 0
    capsys.readouterr()
    assert call(workspace, "run", "approve", "--ids", "1,2", "--json") == 3
    reason = "status is approved, not empty or approval failed"
    assert as_json(capsys)["refused"] == [{"invoice_id": 1, "number": None, "reason": reason, "kind": reason}]


def test_run_exits_4_when_nothing_is_eligible(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(2, status="approved")
    assert call(workspace, "run", "approve", "--all", "--json") == 4
    assert as_json(capsys)["state"] == "nothing_eligible"
    assert call(workspace, "run", "approve", "--where", "false", "--json") == 4
    assert as_json(capsys)["selected"] == 0
    assert call(workspace, "resume") == 4


def test_a_dry_run_changes_nothing(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "run", "approve", "--all", "--dry-run", "--json") == 0
    plan = as_json(capsys)
    assert (plan["state"], plan["eligible"], plan["totals"]) == ("planned", 2, {"EUR": "242.00"})
    assert call(workspace, "runs", "--json") == 0
    assert as_json(capsys) == []


def test_delete_asks_for_confirmation(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "run", "delete", "--ids", "1") == 2
    assert "--yes" in capsys.readouterr().err
    assert call(workspace, "run", "delete", "--ids", "1", "--yes") == 0
    assert workspace.select(all=True).ids.tolist() == [2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "aprove", "--all"], "approve"),
        (["run", "approve"], "exactly one way"),
        (["run", "approve", "--all", "--ids", "1"], "exactly one way"),
        (["run", "approve", "--ids", "x"], "whole numbers"),
        (["run", "approve", "--ids", "77"], "no invoice with id 77"),
        (["run", "approve", "--numbers", "F1"], "no invoice with number F1"),
        (["run", "approve", "--all", "-p", "invoice_date=31-12-2026"], "year-month-day: 2026-11-22"),
        (["run", "approve", "--all", "-p", "invoice_date"], "NAME=VALUE"),
        (["run", "approve", "--all", "--invoice-date", "soon"], "invoice_date: must be a date"),
        (
            ["run", "approve", "--all", "--invoice-date", "20261231"],
            "year-month-day: 2026-11-22; got '20261231'",
        ),
        (["run", "credit", "--all", "--lines", "1,x"], "lines: must be a whole number; got 'x'"),
        (["run", "credit", "--all", "--lines", "1", "-p", "lines=2"], "lines is given twice"),
        (
            ["run", "credit", "--all", "--with-advances=perhaps"],
            "--with-advances must be yes or no; got 'perhaps'",
        ),
        (["list", "--limit", "many"], "--limit must be a whole number; got 'many'"),
        (["list", "--where", "1=1; drop table invoices"], "filter"),
        (["list", "--columns", "statu"], "statu"),
        (["why", "nope", "--all"], "no action 'nope'"),
        (["run", "approve", "--all", "--notebook", "--background"], "not in the background"),
        (["show", "zzz"], "No run begins with"),
        (["nope"], "nope"),
    ],
)
def test_bad_input_exits_2_with_one_message_and_no_traceback(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert call(make_workspace(1), *arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_a_folder_that_is_no_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "-w", str(tmp_path)]) == 2
    assert "invoicebatch init" in capsys.readouterr().err
    assert run(["list", "-w", str(tmp_path / "missing")]) == 2


def test_a_damaged_database_is_named_and_left_as_it_is(
    make_workspace: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(1)
    content = b"not a database" * 1000
    workspace.store.file.write_bytes(content)
    assert call(workspace, "list") == 1
    shown = capsys.readouterr().err
    assert "can't be used" in shown
    assert "Traceback" not in shown
    assert workspace.store.file.read_bytes() == content


def test_a_busy_workspace_exits_5(
    make_workspace: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(1)
    monkeypatch.setenv("INVOICEBATCH_LOCK_TIMEOUT", "0.2")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, invoicebatch as ib\nwith ib.open(sys.argv[1]).store.write():\n    print('held', flush=True)\n    time.sleep(600)",
            str(workspace.root),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        assert call(workspace, "run", "approve", "--all") == 5
        assert "in use by another process" in capsys.readouterr().err
    finally:
        holder.kill()
        holder.wait()
    assert call(workspace, "run", "approve", "--all") == 0


def test_settings_with_a_typo_are_named(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(1)
    (workspace.root / "invoicebatch.toml").write_text("[payment]\nterm_dais = 3\n")
    assert call(workspace, "list") == 2
    assert "payment.term_dais" in capsys.readouterr().err


def test_list_actions_and_why_have_json(make_workspace: Make, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(2)
    assert call(workspace, "list", "--json") == 0
    rows = as_json(capsys)
    assert [row["invoice_id"] for row in rows] == [1, 2]
    assert {"number", "kind", "status"} <= rows[0].keys()
    assert rows[0]["total"] == "121.00"
    assert call(workspace, "actions", "--all", "--json") == 0
    bar = as_json(capsys)
    assert bar[0].keys() == {"action", "group", "label", "eligible", "selected", "confirm", "reasons"}
    assert call(workspace, "why", "mark_as.shipped", "--all", "--json") == 0
    assert as_json(capsys)[0].keys() == {"invoice_id", "number", "reason"}


def test_help_starts_without_heavy_imports() -> None:
    code = (
        "import sys, invoicebatch.interfaces.cli.main as m\n"
        "m.run(['--help'])\n"
        "print([n for n in ('pandas', 'duckdb', 'pyarrow', 'papermill', 'typst') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stderr.strip() == "[]"
    for name, _, _ in COMMANDS:
        assert name in done.stdout
