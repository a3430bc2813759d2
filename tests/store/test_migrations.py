"""A workspace of an older version is brought up to date by `init`, and keeps what it holds."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from invoicebatch.errors import WorkspaceError
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.cli.main import COMMANDS, run
from invoicebatch.model.schema import TABLES
from invoicebatch.store.migrations import LATEST
from tests.store.versions import restored

_COMMANDS = (
    "init", "init --adopt", "import {out}/a.csv", "list", "actions --all", "why approve --all", "review --all", "compare --run a --with b",
    "run approve --all", "resume", "abandon X", "runs", "archive --before 2020-01-01", "show X", "history 1", "erase --customer X --yes", "audit head", "audit write {out}/a.zip --all",
    "payments list", "payments incoming", "payments confirm X --yes", "einvoice attach {out}", "outbox list",
    "worker --once", "jobs list", "preview 1", "detail 1", "documents 1", "snapshot {out}/s", "doctor", "backup {out}/b.zip",
    "sheet write {out}/a.xlsx --all",
)  # fmt: skip
_WITHOUT_STATE = {"restore", "demo", "explain", "template", "rules", "lab"}
"""They make a new workspace, or read none of its state."""


_FEW = (1, 5, LATEST - 1, LATEST)
"""The first, the last without a chain of events, the last two; the others are opened in the full run."""


@pytest.mark.parametrize(
    "version",
    [v if v in _FEW else pytest.param(v, marks=pytest.mark.full) for v in range(1, LATEST + 1)],
)
def test_a_workspace_of_each_version_opens_and_is_sound(version: int, tmp_path: Path) -> None:
    older = restored(version, tmp_path)
    if version < LATEST:
        with pytest.raises(WorkspaceError, match=f"schema version {version};"):
            older.select(all=True)
    workspace = init_workspace(tmp_path)
    assert workspace.select(all=True).frame["status"].tolist() == ["created"] * 3 + ["approved"]
    assert workspace.payments.list()["total_cents"].tolist() == [24_200]
    assert workspace.select(ids=[1]).plan("mark_as.exported").apply().complete
    assert workspace.doctor().empty
    with duckdb.connect(str(workspace.store.file), read_only=True) as con:
        found = con.sql("SELECT table_name, column_name, data_type FROM duckdb_columns()").fetchall()
        indexed = con.sql(
            "SELECT DISTINCT table_name FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    wanted = {(table.name, column.name) for table in TABLES.values() for column in table.columns}
    assert wanted <= {(table, column) for table, column, _ in found}
    assert {name for (name,) in indexed} == {"meta", *(t.name for t in TABLES.values() if t.indexed)}


def test_a_newer_workspace_is_refused_by_every_command(
    make_workspace: Callable[..., Workspace], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = make_workspace(1).root
    file = root / "data" / "invoicebatch.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(LATEST + 1)])
    before = file.read_bytes()
    (root / "rules" / "review.toml").unlink()
    (tmp_path / "a.xml").write_text("<a/>")
    named = {command.split()[0] for command in _COMMANDS}
    assert named | _WITHOUT_STATE == {name for name, *_ in COMMANDS}
    for command in _COMMANDS:
        where = [str(root)] if command.startswith("init") else ["-w", str(root)]
        assert run([*command.format(out=tmp_path).split(), *where]) == 2, command
        shown = capsys.readouterr()
        assert f"schema version {LATEST + 1}" in shown.err, command
        assert "Update invoicebatch" in shown.err, command
    assert file.read_bytes() == before
    assert not (root / "rules" / "review.toml").exists()


def test_an_export_job_of_the_first_version_still_has_its_filter(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(2)
    workspace.select(all=True).plan("export.job", name="Old", filter="invoice_id = 2").apply()
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("ALTER TABLE export_jobs DROP COLUMN run_id")
        con.execute("ALTER TABLE invoices DROP COLUMN is_open_item")
        con.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    with pytest.raises(WorkspaceError, match="schema version 1") as error:
        open_workspace(workspace.root).select(all=True)
    assert "invoicebatch init" in error.value.hint
    job = init_workspace(workspace.root).jobs.find("Old")
    assert job["where"] == "invoice_id = 2"
    assert job["run_id"] is None or job["run_id"] != job["run_id"]


def test_the_documents_of_an_older_workspace_are_no_open_items(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(2)
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("ALTER TABLE invoices DROP COLUMN is_open_item")
        con.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    workspace = init_workspace(workspace.root)
    assert workspace.select(all=True).frame["is_open_item"].tolist() == [False, False]
    assert workspace.select(all=True).plan("approve").apply().complete


def test_documents_made_before_keep_what_they_asked(money_workspace: Callable[..., Workspace]) -> None:
    workspace = money_workspace(
        3, document_version=[1, 1, 0], kind=["invoice", "credit_note", "invoice"],
        total_cents=[12_100, -12_100, 12_100], credited_cents=[0, -4_000, 0], paid_cents=[2_000, 0, 0],
    )  # fmt: skip
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("ALTER TABLE invoices DROP COLUMN due_at_issue")
        con.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    frame = init_workspace(workspace.root).select(all=True).frame
    assert frame["due_at_issue_cents"].astype(object).where(
        frame["due_at_issue_cents"].notna(), None
    ).tolist() == [
        12_100,
        -8_100,
        None,
    ]


def test_bundles_of_an_older_version_know_their_groups_and_what_they_sent(
    money_workspace: Callable[..., Workspace],
) -> None:
    workspace = money_workspace(4)
    workspace.select(all=True).plan("assign.bank_file").apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    groups = workspace.payments.items(bundle)["payment_information_id"].tolist()
    workspace.payments.reject(bundle, 2, "AM05")
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("ALTER TABLE bundle_items DROP COLUMN payment_information_id")
        con.execute("ALTER TABLE bundle_items DROP COLUMN returned")
        con.execute("DROP TABLE bank_statements")
        con.execute("UPDATE payment_bundles SET items = 3, total = 363")
        con.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    older = init_workspace(workspace.root)
    assert older.payments.items(bundle)["payment_information_id"].tolist() == groups
    listed = older.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"], listed["rejected"]) == (4, 48_400, 1)
