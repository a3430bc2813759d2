"""Rejected and returned collections on a real workspace: what follows them, as the table of reasons says."""

from collections.abc import Callable
from datetime import date
from unittest.mock import Mock

import pandas as pd
import pytest

from invoicebatch.engine.payments import bank_reports
from invoicebatch.errors import RulesError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.payments.calendar import add_banking_days
from tests.ingest.bank.bank_files import camt, entry, returned, statement, transaction

Make = Callable[..., Workspace]
RETURNED_ON = date(2026, 12, 3)


@pytest.fixture
def ws(written_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Three collections of 121.00, all booked on 1 December 2026."""
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-11-20T10:00:00")
    ws = written_bundle(3)
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-12-04T10:00:00")
    details = "".join(transaction(end_to_end) for end_to_end in ws.payments.items(bundle)["end_to_end_id"])
    read(ws, entry("363.00", "CRDT", details), "S1")
    return ws


def read(ws: Workspace, text: str, name: str) -> None:
    path = ws.root / f"{name}.xml"
    path.write_text(camt(statement(text, name=name)))
    done = ws.payments.read(path)
    assert done.refused.empty, done.refused


def give_back(ws: Workspace, invoice: int, code: str, *, day: date = RETURNED_ON, charges: str = "") -> None:
    bundles = pd.concat([ws.payments.items(bundle) for bundle in ws.payments.list()["bundle_id"]])
    ours = bundles[bundles["invoice_id"].eq(invoice) & bundles["status"].astype("str").eq("confirmed")]
    details = transaction(ours["end_to_end_id"].iloc[0], "121.00", "DBIT", returned(code), charges=charges)
    read(ws, entry("121.00", "DBIT", details, day=str(day)), f"R{invoice}{code}{day}")


def refusal(ws: Workspace, invoice: int) -> str:
    """Why the invoice may not go to the bank, or an empty string."""
    refused = ws.select(ids=[invoice]).plan("assign.bank_file").refused
    return "; ".join(refused["reason"])


def test_without_money_the_debit_waits_for_its_day_and_is_tried_only_so_often(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back(ws, 1, "AM04")
    assert refusal(ws, 1) == "returned AM04 on 2026-12-03, may be collected again from 2026-12-10"
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-12-10T10:00:00")
    assert refusal(ws, 1) == ""
    day = date(2026, 12, 10)
    for turn in (2, 3):
        ws.select(ids=[1]).plan("assign.bank_file").apply()
        bundle = ws.payments.list()["bundle_id"].iloc[0]
        ws.payments.write(bundle)
        (end_to_end,) = ws.payments.items(bundle)["end_to_end_id"]
        day = add_banking_days(day, 7)
        read(ws, entry("121.00", "CRDT", transaction(end_to_end), day=str(day)), f"B{turn}")
        give_back(ws, 1, "AM04", day=day)
        monkeypatch.setenv("INVOICEBATCH_NOW", f"{add_banking_days(day, 6)}T10:00:00")
        day = add_banking_days(day, 6)
        if turn == 2:
            assert refusal(ws, 1) == ""
    assert "not to be collected again without a new mandate" in refusal(ws, 1)
    assert ws.doctor().empty


def test_no_mandate_ends_the_mandate_until_there_is_a_new_one(ws: Workspace) -> None:
    give_back(ws, 1, "MD01")
    words = "mandate M-1 is suspended: the bank gave MD01 on 2026-12-03; a new mandate is needed"
    assert refusal(ws, 1) == words
    file = ws.root / "mandates.csv"
    header = "mandate_id,customer_id,scheme,sequence_type,iban,signed_on,status\n"
    file.write_text(header + "M-1,K1,CORE,FRST,NL91ABNA0417164300,2025-01-01,active\n")
    ws.import_files([file], kind="mandates", mapping=None)
    assert refusal(ws, 1) == words
    file.write_text(header + "M-9,K1,CORE,FRST,NL91ABNA0417164300,2026-12-04,active\n")
    ws.import_files([file], kind="mandates", mapping=None)
    assert refusal(ws, 1) == ""


def test_a_mandate_signed_anew_under_its_old_reference_counts_again(ws: Workspace) -> None:
    give_back(ws, 1, "MD01")
    file = ws.root / "mandates.csv"
    file.write_text("mandate_id,customer_id,iban,signed_on\nM-1,K1,NL91ABNA0417164300,2026-12-04\n")
    ws.import_files([file], kind="mandates", mapping=None)
    assert refusal(ws, 1) == ""


def test_a_refund_that_the_customer_asked_is_not_collected_again(ws: Workspace) -> None:
    give_back(ws, 2, "MD06", charges="3.00")
    assert "returned MD06 on 2026-12-03, not to be collected again" in refusal(ws, 2)
    row = ws.payments.returns().iloc[0]
    assert (row["number"], row["amount_cents"], row["fee_cents"]) == ("F2026-000002", 12_100, 300)
    assert row["reason"] == "the customer asked the money back"
    assert "ask the customer" in row["follows"]
    assert "assign.collection_case --ids 2" in row["follows"]


def test_a_late_file_and_an_unknown_code_may_be_sent_again_at_once(ws: Workspace) -> None:
    give_back(ws, 1, "TM01")
    give_back(ws, 2, "ZZ99")
    assert [refusal(ws, 1), refusal(ws, 2)] == ["", ""]
    assert set(ws.payments.returns()["reason_code"]) == {"TM01", "ZZ99"}


def test_a_workspace_changes_the_table_code_by_code(ws: Workspace) -> None:
    own = ws.root / "rules" / "bank_reasons.toml"
    words = 'en = "no money"\nnl = "geen geld"\nfr = "pas d\'argent"\nde = "kein Geld"\n'
    own.write_text(f"[AM04]\n{words}retry_after = 1\nretry_times = 5\n")
    give_back(ws, 1, "AM04")
    assert "may be collected again from 2026-12-04" in ws.payments.returns()["follows"].iloc[0]
    assert refusal(ws, 1) == ""
    give_back(ws, 2, "MD01")
    assert "suspended" in refusal(ws, 2)
    own.write_text(f"[AM04]\n{words}retry_after = 1\n")
    with pytest.raises(RulesError, match=r"bank_reasons\.toml: AM04.*go together"):
        ws.payments.returns()


def test_a_rejection_by_hand_has_the_same_consequences(money_workspace: Make) -> None:
    ws = money_workspace(3)
    ws.select(all=True).plan("assign.bank_file").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    ws.payments.write(bundle)
    items = ws.payments.items(bundle).set_index("invoice_id")
    ws.payments.reject(bundle, int(items.loc[1, "item_no"]), "MD01 no mandate")
    assert "mandate M-1 is suspended" in refusal(ws, 1)
    row = ws.payments.returns().iloc[0]
    assert (row["kind"], row["reason_code"], row["reason"]) == ("rejected", "MD01", "no valid mandate")


def test_a_case_is_opened_where_debt_collection_is_switched_on(ws: Workspace) -> None:
    (ws.root / "invoicebatch.toml").write_text("[integrations]\ncollection = true\n")
    ws = Workspace(ws.root)
    give_back(ws, 1, "AM04")
    give_back(ws, 2, "MD06")
    cases = ws.select(all=True).columns(["case_status"]).set_index("invoice_id")["case_status"].astype("str")
    assert cases[2] == "active"
    assert cases.drop(2).isna().all()
    follows = ws.payments.returns().set_index("invoice_id")["follows"]
    assert "a collection case is open" in follows[2]
    give_back_again = ws.payments.read(ws.root / f"R2MD06{RETURNED_ON}.xml")
    assert not any("opened" in note for note in give_back_again.notes)


def test_a_case_is_opened_though_the_report_was_cut_off(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The return was booked, then the process died: the same report opens the case, and only once."""
    (ws.root / "invoicebatch.toml").write_text("[integrations]\ncollection = true\n")
    ws = open_workspace(ws.root)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bank_reports, "open_cases", Mock(side_effect=KeyboardInterrupt))
        give_back(ws, 1, "MS02")
    report = ws.root / f"R1MS02{RETURNED_ON}.xml"
    assert "1 collection case opened" in ws.payments.read(report).notes
    ws.select(ids=[1]).plan("assign.collection_status", change="close").apply()
    assert "1 collection case opened" not in ws.payments.read(report).notes
