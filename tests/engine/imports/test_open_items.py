"""Open items of an earlier system: collected, dunned, paid and marked like invoices made here, and never remade."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import InputFileError, RenderError
from invoicebatch.interfaces.api import open_workspace
from invoicebatch.interfaces.cli.main import run
from tests.paying import date_has_come

HEADER = "number,customer,date,due_date,outstanding\n"
ITEM = "OLD-1,00013,2026-08-01,2026-08-15,121.00\n"
REFUND = "OLD-2,00013,2026-08-02,2026-08-16,-20.00\n"

Import = Callable[..., ImportReport]
Whole = Callable[[str], pd.DataFrame]


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the 22nd of November 2026."""
    monkeypatch.setattr(clock, "today", lambda: pd.Timestamp("2026-11-22").date())
    monkeypatch.setattr(clock, "now", lambda: pd.Timestamp("2026-11-22 09:00").to_pydatetime())


@pytest.fixture
def take(parties: ImportReport, bring: Import) -> Callable[[str], ImportReport]:
    """Import rows of open items."""
    return lambda rows, header=HEADER: bring({"saldi.csv": header + rows}, kind="open_items")


Take = Callable[..., ImportReport]


def changes(report: ImportReport) -> list[int]:
    row = report.counts.set_index("table").loc["open_items"]
    return row[["added", "changed", "unchanged"]].tolist()


def one(whole: Whole, number: str = "OLD-1") -> pd.Series:
    return whole("invoices").set_index("number").loc[number]


def test_an_open_item_comes_in_created_under_its_own_number(
    workspace: Workspace, take: Take, whole: Whole
) -> None:
    report = take(ITEM + REFUND)
    assert report.refused.empty
    assert report.doubted.empty
    assert changes(report) == [2, 0, 0]
    rows = whole("invoices").set_index("number")
    assert rows["kind"].astype("str").tolist() == ["invoice", "credit_note"]
    assert rows["status"].astype("str").tolist() == ["created", "created"]
    assert rows["outstanding_cents"].tolist() == [12_100, -2_000]
    assert rows["total_cents"].tolist() == [12_100, -2_000]
    assert rows["currency"].tolist() == ["EUR", "EUR"]
    frame = workspace.select(all=True).frame
    assert frame["payment_status"].astype("str").tolist() == ["overdue", "open"]
    assert workspace.doctor().empty


def test_the_same_file_again_changes_nothing_also_when_it_was_paid(
    take: Take, bring: Import, whole: Whole
) -> None:
    take(ITEM)
    bring({"payments.csv": "external_id,booked_on,amount\nOLD-1,2026-11-20,21.00\n"})
    before = whole("invoices")
    assert before["outstanding_cents"].tolist() == [10_000]
    assert changes(take(ITEM)) == [0, 0, 1]
    assert whole("invoices").equals(before)


@pytest.mark.parametrize("action", ["create", "send_via.einvoice", "credit", "download.document"])
def test_what_it_is_not_made_for_is_refused_for_that_reason_alone(
    workspace: Workspace, take: Take, action: str
) -> None:
    take(ITEM)
    (reason,) = workspace.select(all=True).why(action)["reason"]
    assert reason.startswith("is an open item of an earlier system")
    assert ";" not in reason


def test_it_is_collected_by_a_bank_file_and_paid(workspace: Workspace, take: Take, whole: Whole) -> None:
    take(ITEM + REFUND)
    report = workspace.select(all=True).plan("assign.bank_file").apply()
    assert len(report.done) == 1
    (bundle,) = workspace.payments.list()["bundle_id"]
    (path,) = workspace.payments.write(bundle).files["path"]
    assert "OLD-1" in Path(path).read_text()
    refused = take(ITEM.replace("121.00", "100.00")).refused
    assert refused["reason"].tolist() == ["is in a payment bundle or plan: an import can't change it"]
    date_has_come(workspace)
    workspace.payments.confirm(bundle)
    assert one(whole)["outstanding_cents"] == 0
    assert workspace.doctor().empty


def test_it_is_dunned_by_a_mail_that_brings_no_document(
    workspace: Workspace, take: Take, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
    monkeypatch.setenv("INVOICEBATCH_MAIL__TRANSPORT", "folder")
    take(ITEM)
    workspace = open_workspace(workspace.root)
    for action in ("assign.collection_case", "assign.collection_step"):
        assert workspace.select(all=True).plan(action).apply().complete
    (payload,) = whole("outbox")["payload"]
    message = json.loads(payload)
    assert "OLD-1" in message["text"]
    assert "121.00" in message["text"]
    assert [file["name"] for file in message["attachments"]] == ["OLD-1_step1.pdf"]  # the reminder's own page
    assert one(whole)["shipping_status"] == "to_send"


def test_it_is_paid_in_instalments(workspace: Workspace, take: Take, whole: Whole) -> None:
    take(ITEM)
    plan = workspace.select(ids=[1]).plan("assign.payment_plan", instalments=3, first_date="2026-12-01")
    assert plan.apply().complete
    assert whole("instalments")["amount_cents"].sum() == 12_100


def test_it_is_marked_like_any_other(workspace: Workspace, take: Take, whole: Whole) -> None:
    take(ITEM)
    for action in ("mark_as.exported", "mark_as.shipped"):
        assert workspace.select(all=True).plan(action).apply().complete
    assert (one(whole)["export_status"], one(whole)["shipping_status"]) == ("exported", "sent")


def test_what_needs_its_lines_or_its_document_is_refused_by_name(workspace: Workspace, take: Take) -> None:
    take(ITEM)
    with_document = ("create", "regenerate", "credit", "download.document", "download.merged", "export.xml",
                     "export.ubl", "export.external", "send_via.preferred", "send_via.email", "send_via.post", "send_via.einvoice")  # fmt: skip
    selection = workspace.select(all=True)
    reasons = {action: selection.why(action)["reason"].iloc[0] for action in with_document}
    said = "is an open item of an earlier system: its lines and its document are there, not here"
    others = {action: reason for action, reason in reasons.items() if said not in reason}
    assert others == {}
    assert selection.plan("delete").eligible == 0
    assert selection.plan("approve").eligible == 0
    with pytest.raises(RenderError, match="Invoice OLD-1 is an open item of an earlier system"):
        open_workspace(workspace.root).preview("OLD-1")


def test_a_correction_is_taken_and_zero_closes_an_item(take: Take, whole: Whole, bring: Import) -> None:
    take(ITEM)
    bring({"payments.csv": "external_id,booked_on,amount\nOLD-1,2026-11-20,21.00\n"})
    corrected = take(ITEM.replace("121.00", "101.00").replace("2026-08-15", "2026-09-15"))
    assert changes(corrected) == [0, 1, 0]
    row = one(whole)
    assert (row["total_cents"], row["paid_cents"], row["outstanding_cents"]) == (10_100, 2_100, 8_000)
    assert row["due_date"] == pd.Timestamp("2026-09-15")
    take(ITEM.replace("121.00", "21.00"))
    assert one(whole)["outstanding_cents"] == 0


def test_a_number_that_a_series_will_give_is_refused_and_of_a_past_year_doubted(
    take: Take, whole: Whole, workspace: Workspace
) -> None:
    report = take(ITEM.replace("OLD-1", "NL-2026-000007") + ITEM.replace("OLD-1", "NL-2025-000007"))
    assert report.refused[["row", "column", "value"]].to_numpy().tolist() == [[2, "number", "NL-2026-000007"]]
    assert "series invoice, {account}-{year}-{seq:06d}, would give it again" in report.refused["reason"][0]
    assert report.doubted[["row", "column", "value"]].to_numpy().tolist() == [[3, "number", "NL-2025-000007"]]
    assert whole("invoices")["number"].tolist() == ["NL-2025-000007"]


def test_a_new_pattern_may_not_give_the_number_of_an_open_item(take: Take, bring: Import) -> None:
    take(ITEM)
    ranges = "company_account_id,series,pattern,yearly_reset\nNL,invoice,OLD-{seq},no\n"
    report = bring({"number_ranges.csv": ranges})
    assert report.refused["reason"].tolist() == [
        "would give number OLD-1 again, which a document has already"
    ]


def test_a_number_or_id_of_another_document_is_refused(
    workspace: Workspace, filled: ImportReport, take: Take, whole: Whole
) -> None:
    for action in ("approve", "create"):
        workspace.select(where="external_id = 'A1'").plan(action).apply()
    rows = (
        "NL-2026-000001,,00013,2026-08-01,2026-08-15,1.00\nX,A2,00013,2026-08-01,2026-08-15,1.00\n"
        "Y,Y1,00013,2026-08-01,2026-08-15,1.00\nY,Y2,00013,2026-08-01,2026-08-15,1.00\n"
    )
    report = take(rows, "number,external_id,customer_id,invoice_date,due_date,outstanding\n")
    reasons = report.refused.groupby("row")["reason"].first().to_dict()
    assert reasons == {
        2: "another document of this company account has it",
        3: "is a document that was made here: give the open item an external_id of its own",
        4: "stands in the file under several external ids",
        5: "stands in the file under several external ids",
    }
    assert len(whole("invoices")) == 2


def test_what_a_row_lacks_is_named_by_cell(take: Take, whole: Whole) -> None:
    rows = (
        "OLD-1,00013,2026-08-01,,1.00\n,00013,2026-08-01,2026-08-15,1.00\nOLD-3,00013,2026-08-01,2026-08-15,\n"
        "OLD-4,00013,2026-08-01,2026-08-15,0.00\nOLD-5,00099,2026-08-01,2026-08-15,1.00\n"
    )
    report = take(rows)
    assert report.refused[["row", "column"]].to_numpy().tolist() == [
        [2, "due_date"], [3, "number"], [4, "outstanding"], [5, "outstanding_cents"],
    ]  # fmt: skip
    assert report.doubted[["row", "value"]].to_numpy().tolist() == [[6, "00099"]]
    assert whole("invoices")["number"].tolist() == ["OLD-5"]


def test_an_open_item_of_an_unknown_account_is_refused(take: Take) -> None:
    header = HEADER.replace("number,", "company_account_id,number,")
    assert take("XX," + ITEM, header).refused["reason"].tolist() == ["there is no such company account"]


def test_columns_alone_make_no_file_of_open_items(parties: ImportReport, bring: Import, whole: Whole) -> None:
    text = HEADER.replace("customer,date", "customer_id,invoice_date") + ITEM
    with pytest.raises(InputFileError, match="can't be told from its columns"):
        bring({"saldi.csv": text})
    assert changes(bring({"open_items.csv": text})) == [1, 0, 0]


def test_a_foreign_file_is_mapped(
    workspace: Workspace, parties: ImportReport, tmp_path: Path, whole: Whole
) -> None:
    mapping = tmp_path / "old.toml"
    mapping.write_text(
        '[file]\ndate_format = "dd-mm-yyyy"\n[open_items]\nskip = "Saldo == 0"\nnumber = "Nr"\n'
        'customer_id = "Lid"\ninvoice_date = "Datum"\ndue_date = "Vervalt"\noutstanding = "Saldo"\n'
    )
    file = tmp_path / "oud.csv"
    file.write_text(
        "Nr;Lid;Datum;Vervalt;Saldo\nA1;00013;01-08-2026;15-08-2026;1.121,50\nA2;00013;01-08-2026;15-08-2026;0,00\n"
    )
    report = workspace.import_files([file], mapping=mapping)
    assert report.refused.empty
    assert one(whole, "A1")["outstanding_cents"] == 112_150
    assert any("1 row skipped for open_items" in note for note in report.notes)


def test_the_command_line_takes_them_and_says_how(
    workspace: Workspace, parties: ImportReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "saldi.csv"
    file.write_text(HEADER + ITEM)
    assert run(["import", str(file), "--kind", "open_items", "-w", str(workspace.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"][0]["added"] == 1
    assert run(["import", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "open_items" in told
    assert "series invoice and credit_note" in told.replace("│ ", "")
