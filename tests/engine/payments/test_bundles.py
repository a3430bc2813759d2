"""Bundles from assignment to settlement, on a real workspace."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lxml import etree

from invoicebatch.engine.base import clock
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.execute import Run
from invoicebatch.errors import ParameterError, UnknownNameError
from invoicebatch.interfaces.api import Workspace
from tests.paying import date_has_come

Make = Callable[..., Workspace]


def bundle_all(ws: Workspace, **params: object) -> str:
    report = ws.select(all=True).plan("assign.bank_file", **params).apply()
    assert report.failed.empty, report.failed
    (bundle,) = ws.payments.list()["bundle_id"]
    return str(bundle)


def overview(ws: Workspace) -> pd.DataFrame:
    return ws.select(all=True).frame.set_index("invoice_id")


def table(ws: Workspace, name: str) -> pd.DataFrame:
    with ws.store.read() as session:
        return session.whole(name)


def file_of(report: Report) -> Path:
    (path,) = report.files["path"]
    return Path(path)


def test_assigned_invoices_wait_in_one_bundle_and_in_no_other(money_workspace: Make) -> None:
    ws = money_workspace(6)
    bundle = bundle_all(ws)
    listed = ws.payments.list().iloc[0]
    assert (listed["part"], listed["items"], listed["total_cents"], listed["state"]) == (
        "collections", 6, 72_600, "created",
    )  # fmt: skip
    rows = overview(ws)
    assert set(rows["payment_bundle_id"]) == {bundle}
    assert set(rows["payment_status"].astype("str")) == {"in_payment"}
    again = ws.select(all=True).plan("assign.bank_file")
    assert again.eligible == 0
    assert again.refused["reason"].str.contains("already in payment bundle").all()


def test_a_written_file_is_what_the_bundle_holds_and_the_same_twice(money_workspace: Make) -> None:
    ws = money_workspace(6)
    bundle = bundle_all(ws, description="Energie november")
    first, second = ws.payments.write(bundle[:8]), ws.payments.write(bundle)
    data = file_of(first).read_bytes()
    assert data == file_of(second).read_bytes()
    assert file_of(first) != file_of(second)
    listed = table(ws, "payment_bundles").iloc[0]
    assert (listed["status"], listed["file_sha256"]) == ("exported", sha256(data).hexdigest())
    root = etree.fromstring(data)
    ns = {"p": root.nsmap[None]}
    groups = root.findall(".//p:PmtInf", ns)
    assert [
        (
            g.findtext(".//p:LclInstrm/p:Cd", None, ns),
            g.findtext(".//p:SeqTp", None, ns),
            g.findtext("p:CtrlSum", None, ns),
        )
        for g in groups
    ] == [("CORE", "FRST", "121.00"), ("CORE", "RCUR", "605.00")]
    assert root.findtext(".//p:Ustrd", None, ns) == "F2026-000001 Energie november"


def test_each_scheme_is_a_bundle_and_a_file_of_its_own(money_workspace: Make) -> None:
    ws = money_workspace(6, mandates={"scheme": ["B2B", "CORE", "CORE"]})
    plan = ws.select(all=True).plan("assign.bank_file")
    assert set(plan.preview["groups"]["local_instrument"]) == {"CORE", "B2B"}
    plan.apply()
    listed = ws.payments.list().set_index("scheme")
    assert listed["items"].to_dict() == {"CORE": 4, "B2B": 2}
    for scheme, bundle in listed["bundle_id"].items():
        file = file_of(ws.payments.write(bundle))
        root = etree.fromstring(file.read_bytes())
        found = {e.text for e in root.iterfind(".//{*}LclInstrm/{*}Cd")}
        assert (found, f"_{scheme}_" in file.name) == ({scheme}, True)


@pytest.mark.parametrize("version", ["pain.008.001.02", "pain.008.001.08"])
def test_the_version_is_a_setting(
    money_workspace: Make, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__DIRECT_DEBIT_MESSAGE", version)
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__OLD_MESSAGES", "true")
    ws = money_workspace(2)
    assert version.encode() in file_of(ws.payments.write(bundle_all(ws))).read_bytes()


def test_a_message_of_2009_is_refused_unless_the_bank_still_takes_it(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__DIRECT_DEBIT_MESSAGE", "pain.008.001.02")
    ws = money_workspace(1)
    report = ws.payments.write(bundle_all(ws))
    assert report.files.empty
    assert "banks refuse it since November 2026" in report.failed["reason"].iloc[0]
    assert ws.payments.list()["state"].tolist() == ["created"]


def test_confirming_pays_the_invoices_and_turns_first_mandates(money_workspace: Make) -> None:
    ws = money_workspace(6)
    bundle = bundle_all(ws)
    ws.payments.write(bundle)
    assert set(table(ws, "mandates")["sequence_type"].astype("str")) == {"FRST", "RCUR"}
    date_has_come(ws)
    report = ws.payments.confirm(bundle)
    assert len(report.done) == 6
    rows = overview(ws)
    assert set(rows["payment_status"].astype("str")) == {"paid"}
    assert set(rows["paid_cents"]) == {12_100}
    assert rows["payment_bundle_id"].isna().all()
    assert ws.payments.list()["state"].tolist() == ["confirmed"]
    mandates = table(ws, "mandates")
    assert set(mandates["sequence_type"].astype("str")) == {"RCUR"}
    assert (mandates["last_used_on"] == ws.payments.list()["collection_date"].iloc[0]).all()
    payments = table(ws, "payments")
    assert payments["amount_cents"].sum() == 72_600
    assert payments["payment_id"].is_unique
    with pytest.raises(ParameterError, match="is confirmed"):
        ws.payments.confirm(bundle)
    assert table(ws, "payments")["amount_cents"].sum() == 72_600
    assert ws.doctor().empty


def test_an_unwritten_bundle_is_not_confirmed(money_workspace: Make) -> None:
    ws = money_workspace(2)
    bundle = bundle_all(ws)
    with pytest.raises(ParameterError, match="has no bank file yet"):
        ws.payments.confirm(bundle)


@pytest.mark.parametrize("written", [False, True])
def test_a_cancelled_bundle_frees_its_invoices(money_workspace: Make, written: bool) -> None:
    ws = money_workspace(3)
    bundle = bundle_all(ws)
    if written:
        ws.payments.write(bundle)
    ws.payments.cancel(bundle)
    assert ws.payments.list()["state"].tolist() == ["cancelled"]
    assert overview(ws)["payment_bundle_id"].isna().all()
    report = ws.select(all=True).plan("assign.bank_file").apply()
    assert len(report.done) == 3
    assert set(ws.payments.list()["state"]) == {"cancelled", "created"}


def test_a_rejected_item_is_free_for_a_new_bundle(money_workspace: Make) -> None:
    ws = money_workspace(3)
    bundle = bundle_all(ws)
    ws.payments.write(bundle)
    with pytest.raises(ParameterError, match="no waiting item 9"):
        ws.payments.reject(bundle, 9, "AM05")
    ws.payments.reject(bundle, 2, "AM05")
    items = ws.payments.items(bundle)
    assert items["status"].astype("str").tolist() == ["pending", "rejected", "pending"]
    assert items["reason"].iloc[1] == "AM05"
    listed = ws.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"], listed["state"]) == (3, 36_300, "exported")
    free = ws.select(all=True).plan("assign.bank_file")
    assert free.eligible == 1
    free.apply()
    date_has_come(ws)
    ws.payments.confirm(bundle)
    assert sorted(ws.payments.list()["state"]) == ["confirmed", "created"]
    assert overview(ws)["paid_cents"].tolist().count(12_100) == 2


def test_collections_and_refunds_are_never_netted(money_workspace: Make) -> None:
    amounts = [12_100, -5_000, 12_100, -100, 0, 12_100]
    ws = money_workspace(6, outstanding_cents=amounts, paid_cents=[12_100 - a for a in amounts])
    plan = ws.select(all=True).plan("assign.bank_file")
    assert plan.eligible == 5
    parts = plan.preview["parts"].set_index("part")
    assert parts["total_cents"].to_dict() == {"collections": 36_300, "refunds": 5_100}
    report = plan.apply()
    assert plan.totals == {}
    assert report.totals == {"collections": "363.00", "refunds": "51.00"}
    labels = sorted(
        step.label.partition(", ")[2].replace(" of 20", "|").partition("|")[0] for step in report.next
    )
    assert labels == ["collections CORE", "refunds"]
    assert any(step.label.endswith("EUR 363.00") for step in report.next)
    bundles = ws.payments.list().set_index("part")
    assert bundles["total_cents"].to_dict() == {"collections": 36_300, "refunds": 5_100}
    refund = bundles.loc["refunds", "bundle_id"]
    data = file_of(ws.payments.write(refund)).read_bytes()
    assert b"pain.001.001.09" in data
    assert b"51.00</CtrlSum>" in data
    date_has_come(ws)
    ws.payments.confirm(refund)
    assert overview(ws)["outstanding_cents"].tolist() == [12_100, 0, 12_100, 0, 0, 12_100]
    assert ws.doctor().empty


def test_an_iban_changed_between_plan_and_claim_makes_the_row_stale(money_workspace: Make) -> None:
    ws = money_workspace(3)
    plan = ws.select(all=True).plan("assign.bank_file")
    change = pd.DataFrame({"mandate_id": ["M-1"], "iban": ["BE43068999999501"]})
    with ws.store.write() as session:
        session.update("mandates", change, pd.Timestamp("2026-01-01").to_pydatetime())
    report = plan.apply()
    assert len(report.done) == 2
    assert report.refused["invoice_id"].tolist() == [1]
    assert "stale" in report.refused["reason"].iloc[0]


def test_an_iban_changed_before_the_file_is_written_takes_the_item_out(money_workspace: Make) -> None:
    ws = money_workspace(3)
    bundle = bundle_all(ws)
    change = pd.DataFrame({"mandate_id": ["M-1"], "iban": ["BE43068999999501"]})
    with ws.store.write() as session:
        session.update("mandates", change, pd.Timestamp("2026-01-01").to_pydatetime())
    report = ws.payments.write(bundle)
    assert report.failed["invoice_id"].tolist() == [1]
    assert "account changed" in report.failed["reason"].iloc[0]
    data = file_of(report).read_bytes()
    assert b"<NbOfTxs>2</NbOfTxs>" in data
    assert b"NL91ABNA0417164300</IBAN></Id></DbtrAcct>" not in data
    listed = ws.payments.list().iloc[0]
    assert (listed["items"], listed["state"]) == (2, "exported")
    assert data == file_of(ws.payments.write(bundle)).read_bytes()
    assert ws.select(ids=[1]).plan("assign.bank_file").eligible == 1


def test_a_busy_invoice_holds_the_whole_file_back(money_workspace: Make) -> None:
    ws = money_workspace(3)
    bundle = bundle_all(ws)
    with ws.store.write() as session:
        session.insert("claims", pd.DataFrame({"invoice_id": [2], "run_id": ["other"]}))
    report = ws.payments.write(bundle)
    assert report.files.empty
    assert report.failed["reason"].str.contains("1 invoices of the bundle are busy").all()
    assert ws.payments.list()["state"].tolist() == ["created"]


def test_unknown_bundles_are_named(money_workspace: Make) -> None:
    ws = money_workspace(1)
    with pytest.raises(UnknownNameError, match="No payment bundle begins with 'zz'"):
        ws.payments.write("zz")


def test_a_bundle_that_changes_before_the_commit_is_computed_anew(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = money_workspace(3)
    bundle = bundle_all(ws)
    ws.payments.write(bundle)
    original, left = Run._changes, [2]

    def disturbed(self: Run, context: Any, batch: Any) -> Any:
        changes = original(self, context, batch)
        if left[0]:
            left[0] -= 1
            touched = pd.DataFrame({"bundle_id": [bundle], "description": ["touched"]})
            with ws.store.write() as session:
                session.update("payment_bundles", touched, clock.now())
        return changes

    monkeypatch.setattr(Run, "_changes", disturbed)
    date_has_come(ws)
    assert len(ws.payments.confirm(bundle).done) == 3
    assert left == [0]
    assert ws.payments.list()["state"].tolist() == ["confirmed"]
    assert ws.doctor().empty


def test_more_than_the_bank_takes_in_a_file_makes_several(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__FILE_PAYMENTS", "2")
    ws = money_workspace(5)
    ws.select(all=True).plan("assign.bank_file").apply()
    listed = ws.payments.list()
    assert sorted(listed["items"]) == [1, 2, 2]
    files = [file_of(ws.payments.write(bundle)) for bundle in listed["bundle_id"]]
    roots = [etree.fromstring(file.read_bytes()) for file in files]
    assert len({root.findtext(".//{*}MsgId") for root in roots}) == 3
    ids = [e.text for root in roots for e in root.iterfind(".//{*}EndToEndId")]
    assert len(set(ids)) == len(ids) == 5
