"""A workspace of an older version is brought up to date by `init`, and keeps what it holds."""

from collections.abc import Callable

import duckdb
import pytest

from invoicebatch.errors import WorkspaceError
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace


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
