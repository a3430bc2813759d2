"""Several invoices of one mandate in one debit, from the bundle to the bank's word on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from invoicebatch.interfaces.api import Workspace
from tests.ingest.bank.bank_files import (
    camt,
    entry,
    group_status,
    payment_status,
    returned,
    statement,
    status_report,
    transaction,
)
from tests.paying import date_has_come

Make = Callable[..., Workspace]


@pytest.fixture
def combined(written_bundle: Make) -> tuple[Workspace, str, etree._Element]:
    """Seven invoices of 121.00 under three mandates: debits of three, two and two of them."""
    ws = written_bundle(7, combine="mandate", description="Energie")
    ((bundle, path),) = ws.payments.list()[["bundle_id", "file"]].to_numpy()
    return ws, bundle, etree.fromstring(Path(path).read_bytes())


def read(ws: Workspace, text: str) -> None:
    (ws.root / "report.xml").write_text(text)
    assert ws.payments.read(ws.root / "report.xml").refused.empty


def by_invoice(ws: Workspace, bundle: str, column: str) -> dict[int, object]:
    return ws.payments.items(bundle).set_index("invoice_id")[column].to_dict()


def test_a_debit_names_its_invoices_and_the_bundle_keeps_them(
    combined: tuple[Workspace, str, etree._Element],
) -> None:
    ws, bundle, root = combined
    debits = root.findall(".//{*}DrctDbtTxInf")
    assert root.findtext(".//{*}GrpHdr/{*}NbOfTxs") == "3"
    assert root.findtext(".//{*}GrpHdr/{*}CtrlSum") == "847.00"
    told = {d.findtext(".//{*}Ustrd"): d.findtext("{*}InstdAmt") for d in debits}
    assert told["F2026-000001, F2026-000004, F2026-000007 Energie"] == "363.00"
    assert sorted(told.values()) == ["242.00", "242.00", "363.00"]
    assert {d.findtext(".//{*}MndtId") for d in debits} == {"M-0", "M-1", "M-2"}
    assert len(ws.payments.items(bundle)) == 7
    shown = ws.payments.show(bundle).payments.set_index("number")["debit"]
    assert shown[["F2026-000001", "F2026-000004", "F2026-000007"]].nunique() == 1  # which ones go together
    sequence = {d.findtext(".//{*}MndtId"): d.getparent().findtext(".//{*}SeqTp") for d in debits}
    assert sequence == {"M-0": "RCUR", "M-1": "FRST", "M-2": "RCUR"}
    date_has_come(ws)
    assert len(ws.payments.confirm(bundle).done) == 7
    with ws.store.read() as session:
        booked = session.whole("payments")
    assert (booked["payment_id"].is_unique, booked["amount_cents"].sum()) == (True, 84_700)
    assert ws.doctor().empty


def test_a_rejection_falls_on_all_of_a_debit(combined: tuple[Workspace, str, etree._Element]) -> None:
    ws, bundle, _ = combined
    first = by_invoice(ws, bundle, "end_to_end_id")[1]
    read(ws, status_report("X", "", group_status("X", "", payment_status(str(first), "RJCT", "AM04"))))
    states = by_invoice(ws, bundle, "status")
    assert {row for row, state in states.items() if state == "rejected"} == {1, 4, 7}
    ws.payments.reject(bundle, int(by_invoice(ws, bundle, "item_no")[2]), "AM04")
    states = by_invoice(ws, bundle, "status")
    assert {row for row, state in states.items() if state == "rejected"} == {1, 4, 7, 2, 5}


def test_a_part_that_comes_back_falls_on_the_oldest_first(
    combined: tuple[Workspace, str, etree._Element],
) -> None:
    ws, bundle, _ = combined
    first = str(by_invoice(ws, bundle, "end_to_end_id")[1])
    came = entry("363.00", "CRDT", transaction(first, "363.00"), day="2026-12-03", reference="R1")
    read(ws, camt(statement(came, name="S1")))
    assert {row for row, state in by_invoice(ws, bundle, "status").items() if state == "confirmed"} == {
        1,
        4,
        7,
    }
    for day, amount, gone in (
        ("2026-12-07", "150.00", [12_100, 2_900, 0]),
        ("2026-12-08", "213.00", [12_100] * 3),
    ):
        back = entry(
            amount, "DBIT", transaction(first, amount, "DBIT", returned("AM04")), day=day, reference=day
        )
        read(ws, camt(statement(back, name=day)))
        held = by_invoice(ws, bundle, "returned_cents")
        assert [held[row] for row in (1, 4, 7)] == gone
    outstanding = ws.select(ids=[1, 4, 7]).columns(["outstanding_cents"])["outstanding_cents"]
    assert outstanding.tolist() == [12_100] * 3
    assert ws.doctor().empty


def test_many_invoices_are_counted_where_their_numbers_do_not_fit(money_workspace: Make) -> None:
    ws = money_workspace(36)
    ws.select(all=True).plan("assign.bank_file", combine="mandate").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    (path,) = ws.payments.write(bundle).files["path"]
    texts = {e.text for e in etree.parse(path).iterfind(".//{*}Ustrd")}
    assert texts == {"12 invoices, see your invoices"}


def test_one_invoice_out_leaves_the_rest_of_its_debit(money_workspace: Make) -> None:
    ws = money_workspace(4)
    ws.select(all=True).plan("assign.bank_file", combine="mandate").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    ws.payments.remove(bundle, ["F2026-000001"])
    (path,) = ws.payments.write(bundle).files["path"]
    amounts = [e.text for e in etree.parse(path).iterfind(".//{*}InstdAmt")]
    assert amounts == ["121.00"] * 3
