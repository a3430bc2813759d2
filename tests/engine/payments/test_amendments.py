"""Mandates that changed, came back, or were for one collection: each through file, booking and return."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from lxml import etree

from invoicebatch.engine.run import execute
from invoicebatch.interfaces.api import Workspace
from tests.ingest.bank.bank_files import camt, entry, returned, statement, transaction
from tests.paying import date_has_come

Make = Callable[..., Workspace]


def collect(ws: Workspace, invoice: int) -> etree._Element:
    """Bundle, write and confirm one invoice; returns the file."""
    report = ws.select(ids=[invoice]).plan("assign.bank_file").apply()
    assert report.complete, report.refused["reason"].tolist()
    bundle = ws.payments.list().set_index("state").loc["created", "bundle_id"]
    (path,) = ws.payments.write(bundle).files["path"]
    date_has_come(ws)
    ws.payments.confirm(bundle)
    return etree.fromstring(Path(path).read_bytes())


def give_back(ws: Workspace, file: etree._Element, code: str) -> None:
    """The bank returns the payment of a file."""
    paid = transaction(file.findtext(".//{*}EndToEndId") or "", "121.00", "DBIT", returned(code))
    report = ws.root / "return.xml"
    report.write_text(
        camt(statement(entry("121.00", "DBIT", paid, day="2026-12-30", reference="R9"), name="R"))
    )
    assert ws.payments.read(report).refused.empty


def mandate(ws: Workspace) -> pd.Series:
    with ws.store.read() as session:
        return session.whole("mandates").set_index("customer_id").loc["K1"]


@pytest.fixture
def money(money_workspace: Make) -> Callable[..., Workspace]:
    return lambda **mandates: money_workspace(4, mandates={"sequence_type": "RCUR", **mandates})


def test_a_changed_reference_and_account_are_told_once(money: Callable[..., Workspace]) -> None:
    ws = money(previous_iban=[None, "BE43068999999501", None], previous_mandate_id=[None, "OLD-1", None])
    first = collect(ws, 1)
    assert first.findtext(".//{*}AmdmntInd") == "true"
    assert first.findtext(".//{*}OrgnlMndtId") == "OLD-1"
    assert first.findtext(".//{*}OrgnlDbtrAcct//{*}Id/{*}Othr/{*}Id") == "SMNDA"
    assert mandate(ws)[["previous_iban", "previous_mandate_id"]].isna().all()
    give_back(ws, first, "AM04")
    assert collect(ws, 4).find(".//{*}AmdmntInd") is None


def test_a_mandate_is_used_again_after_a_return(money: Callable[..., Workspace]) -> None:
    ws = money(sequence_type="FRST")
    first = collect(ws, 1)
    assert first.findtext(".//{*}SeqTp") == "FRST"
    give_back(ws, first, "AG02")
    assert collect(ws, 1).findtext(".//{*}SeqTp") == "RCUR"
    assert ws.select(ids=[1]).columns(["outstanding_cents"])["outstanding_cents"].tolist() == [0]


def test_a_first_collection_that_waits_makes_the_next_one_recur(money: Callable[..., Workspace]) -> None:
    ws = money(sequence_type="FRST")
    for invoice in (1, 4):
        ws.select(ids=[invoice]).plan("assign.bank_file").apply()
    items = pd.concat([ws.payments.items(bundle) for bundle in ws.payments.list()["bundle_id"]])
    assert items.set_index("invoice_id")["sequence_type"].astype("str").to_dict() == {1: "FRST", 4: "RCUR"}


def test_a_mandate_for_one_collection_serves_one(money: Callable[..., Workspace]) -> None:
    ws = money(sequence_type="OOFF")
    ws.select(ids=[1]).plan("assign.bank_file").apply()
    waiting = ws.select(ids=[4]).plan("assign.bank_file").refused["reason"].iloc[0]
    assert "is for one collection, and that waits in a payment bundle already" in waiting
    ws.payments.cancel(ws.payments.list()["bundle_id"].iloc[0])
    only = collect(ws, 4)
    assert only.findtext(".//{*}SeqTp") == "OOFF"
    assert mandate(ws)["status"] == "cancelled"
    give_back(ws, only, "AM04")
    assert ws.select(ids=[1, 4]).plan("assign.bank_file").eligible == 0


@pytest.mark.parametrize(("sequence", "kept"), [("OOFF", {4: "OOFF"}), ("FRST", {1: "RCUR", 4: "FRST"})])
def test_two_runs_at_one_moment_do_not_both_use_a_mandate_that_serves_one(
    money: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch, sequence: str, kept: dict[int, str]
) -> None:
    ws = money(sequence_type=sequence)
    raced: list[object] = []

    def reach(point: str) -> None:
        """Another run goes through between this one's reading and its commit."""
        if point == "commit.before" and not raced:
            raced.append("its own commit is not raced")
            raced.append(ws.select(ids=[4]).plan("assign.bank_file").apply())

    monkeypatch.setattr(execute, "reach", reach)
    late = ws.select(ids=[1]).plan("assign.bank_file").apply()
    assert len(raced) == 2
    assert late.refused["reason"].str.contains("waits in a payment bundle already").all()
    with ws.store.read() as session:
        items = session.whole("bundle_items").set_index("invoice_id")["sequence_type"].astype("str").to_dict()
    assert items == kept
    assert ws.doctor().empty
