"""Customers' payments on a real workspace: kept once, booked where it is certain, followed by all that must."""

from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.engine.payments import bank_reports
from invoicebatch.engine.payments.allocations import allocate
from invoicebatch.errors import ParameterError, RulesError, UnknownNameError
from invoicebatch.interfaces.api import init_workspace
from invoicebatch.model.payments.reference import belgian, creditor_reference, dutch
from tests.engine.payments.received import IBANS, credit, outstanding, owed_workspace, read
from tests.examples import in_sweeps
from tests.ingest.bank.bank_files import entry

AMOUNTS = [13_100, 14_100, 15_100, 16_100, 17_100, 18_100]
ONE = dutch("2026000001")


def statuses(workspace) -> list[str]:
    return sorted(workspace.payments.incoming()["status"])


def test_a_structured_reference_books_by_itself_and_is_kept_once(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    sent = [
        credit("131.00", reference=ONE, bank="R1"),
        credit("50.00", text="+++202/6000/00293+++", bank="R2"),
    ]
    assert belgian("2026000002") == "202600000293"
    done = read(ws, *sent)
    assert done.booked.to_dict("records") == [
        {"kind": "customer_payment", "payments": 2, "total_cents": 18_100}
    ]
    assert outstanding(ws)[:2] == [0, 9_100]
    paid = ws.select(all=True).frame[["payment_status", "paid_on"]]
    assert paid["payment_status"].tolist()[:2] == ["paid", "overdue"]
    assert paid["paid_on"][0] == pd.Timestamp("2026-12-01")
    assert pd.isna(paid["paid_on"][1])
    for again in (read(ws, *sent), read(ws, *sent, message="camt.054.001.08", name="N1")):
        assert again.booked.empty
        assert "2 entries were reported before" in again.notes[-1]
    assert outstanding(ws)[:2] == [0, 9_100]
    assert len(ws.payments.incoming()) == 2
    assert ws.doctor().empty


def test_a_statement_that_was_cut_off_is_matched_when_it_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    sent = credit("131.00", reference=ONE, bank="R1")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bank_reports, "match", Mock(side_effect=KeyboardInterrupt))
        read(ws, sent)
    assert outstanding(ws)[0] == 13_100
    assert read(ws, sent).booked["payments"].tolist() == [1]
    assert outstanding(ws)[0] == 0


def test_two_alike_payments_of_one_day_are_two_and_a_later_report_says_which_are_known(
    tmp_path: Path,
) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    read(ws, credit("10.00", "a", iban="NL01"), message="camt.054.001.08", name="N1")
    read(
        ws,
        credit("10.00", "b", iban="NL02"),
        credit("10.00", "a", iban="NL01"),
        credit("10.00", "a", iban="NL01"),
    )
    assert sorted(ws.payments.incoming()["text"]) == ["a", "a", "b"]
    read(ws, credit("10.00", "a", iban="NL01", day="2026-12-02", bank="1"), name="S2")
    read(ws, credit("10.00", "a", iban="NL01", day="2026-12-03", bank="1"), name="S3")
    assert len(ws.payments.incoming()) == 5


@pytest.mark.parametrize("reference", ["B1", *in_sweeps("C7")])
@pytest.mark.parametrize("sum_first", [False, True])
def test_a_sum_and_its_payments_count_once_whichever_comes_first(
    tmp_path: Path, reference: str, sum_first: bool
) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    told = [credit("10.00", "a", iban="NL01", bank="B1"), credit("131.00", reference=ONE, bank="B1")]
    whole = entry("141.00", details="<TxDtls><Refs/></TxDtls>", reference=reference)
    for way in (sum_first, not sum_first):
        message = "camt.053.001.08" if way else "camt.054.001.08"
        done = read(ws, *([whole] if way else told), message=message, name=message)
    assert done.notes[-1] == "1 entry was reported before; each counts once"
    assert statuses(ws) == ["booked", "open", *(["set_aside"] if sum_first else [])]
    assert outstanding(ws)[0] == 0
    again = read(ws, whole)
    assert again.notes == ("1 entry was reported before; each counts once",)


def test_payments_whose_sum_was_booked_by_hand_do_not_count_again(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    read(ws, entry("272.00", details="<TxDtls><Refs/></TxDtls>", reference="B1"))
    whole = ws.payments.incoming()["payment_id"].iloc[0]
    by_hand = {"payment_id": whole, "rule": "hand", "evidence": "matched by hand", "beyond": False}
    ids = {"invoice_id": [1, 2], "number": ["F2026-000001", "F2026-000002"], "cents": AMOUNTS[:2]}
    allocate(ws.base, pd.DataFrame(ids).assign(**by_hand))
    told = [credit("131.00", reference=ONE, bank="B1"), credit("141.00", "F2026-000002", bank="B1")]
    done = read(ws, *told, message="camt.054.001.08", name="N1")
    assert f"payment {whole[:8]} is booked, and is the sum of 2 payments" in done.notes[0]
    assert statuses(ws) == ["booked", "set_aside", "set_aside"]
    assert outstanding(ws) == [0, 0, *AMOUNTS[2:]]


def test_evidence_decides_what_is_booked(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    read(
        ws,
        credit("141.00", "factuur F2026-2", name="KLANT 2", bank="1"),
        credit("131.00", "F2026-000001", name="Onbekend", iban="NL02", bank="2"),
        credit("151.00", "F2026 - 000003 ", name="Vader", iban=IBANS["K0"], bank="3"),
        credit("171.00", "F2026-000005", iban=IBANS["K1"], bank="4"),
        credit("161.00", reference=dutch("2026000004"), currency="USD", bank="5"),
        credit("161.00", reference=dutch("2026000004")[:-2] + "40", bank="6"),
        credit("161.00", name="Klant 1", bank="7"),
    )
    assert outstanding(ws) == [13_100, 0, 0, 16_100, 17_100, 18_100]
    found = ws.payments.incoming().set_index("amount_cents")
    told = {
        cents: [(p["number"], p["amount"], p["evidence"]) for p in row]
        for cents, row in found["proposals"].items()
    }
    assert told[13_100] == [("F2026-000001", "131.00", "invoice number and amount")]
    assert told[17_100][0][2].endswith("but the payer is known as customer K1")
    assert statuses(ws) == ["booked", "booked", "open", "open", "open", "proposed", "proposed"]


def test_a_reference_without_check_digits_is_only_proposed(tmp_path: Path) -> None:
    printed = ["1234567", "PO-2026/88", "42", *[None] * 3]
    ws = owed_workspace(tmp_path, AMOUNTS, remittance_reference=printed)
    read(
        ws,
        credit("131.00", "betaling 1234567", bank="1"),
        credit("141.00", reference="PO2026 88", bank="2"),
        credit("151.00", "42", bank="3"),
    )
    found = ws.payments.incoming().set_index("amount_cents")["proposals"]
    assert [[one["number"] for one in found[cents]] for cents in AMOUNTS[:3]] == [
        ["F2026-000001"],
        ["F2026-000002"],
        [],
    ]
    assert found[13_100][0]["evidence"] == "reference without check digits"
    assert outstanding(ws) == AMOUNTS


def test_silent_payers_are_booked_only_where_nothing_else_is_open(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, [10_000, 10_000, 10_000, 20_000])
    read(
        ws,
        credit("100.00", "energie", iban=IBANS["K0"], bank="1"),
        credit("100.00", iban=IBANS["K1"], bank="2"),
    )
    assert outstanding(ws) == [10_000, 10_000, 0, 20_000]
    waiting = ws.payments.incoming().query("status == 'proposed'")["proposals"].iloc[0]
    assert [one["evidence"] for one in waiting] == ["payer's account and the amount of one document"]
    read(ws, credit("300.00", iban=IBANS["K1"], day="2027-02-01"), name="S2")
    assert outstanding(ws) == [0, 10_000, 0, 0]


def test_what_is_overpaid_is_the_customers_credit(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, [10_000, 10_000, 10_000, 20_000])
    read(
        ws,
        credit("150.00", reference=dutch("2026000003"), bank="1"),
        credit("130.00", reference=dutch("2026000001")),
    )
    assert outstanding(ws) == [0, 10_000, -5_000, 20_000], "K0 owes nothing else, K1 does"
    assert ws.select(ids=[3]).columns(["payment_status"])["payment_status"].tolist() == ["paid"]
    assert ws.payments.incoming().set_index("amount_cents")["left_cents"].to_dict() == {
        15_000: 0,
        13_000: 3_000,
    }
    refund = ws.select(ids=[3]).plan("assign.bank_file", parts="refunds")
    assert refund.preview["parts"].to_dict("records") == [
        {"part": "refunds", "invoices": 1, "total_cents": 5_000}
    ]
    reports = ws.payments.set_off(["K1"])
    assert [report.action for report in reports] == ["payments.match", "payments.set_off"]
    assert outstanding(ws) == [0, 10_000, -5_000, 17_000]
    with pytest.raises(ParameterError, match="There is no customer K9"):
        ws.payments.set_off(["K9"])
    assert ws.doctor().empty


def test_a_payment_is_taken_back_and_then_only_booked_by_hand(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    read(ws, credit("131.00", reference=ONE, bank="1"))
    (payment,) = ws.payments.incoming()["payment_id"]
    with pytest.raises(ParameterError, match="unmatch"):
        ws.payments.set_aside(payment[:6], "not ours")
    assert ws.payments.unmatch(payment[:6]).complete
    assert outstanding(ws) == AMOUNTS
    assert ws.payments.match().booked.empty
    assert statuses(ws) == ["proposed"]
    assert ws.payments.set_aside(payment[:6], "of the neighbours") == payment
    assert statuses(ws) == ["set_aside"]
    assert ws.runs.list()["selection"].str.contains("of the neighbours").any()
    assert len(ws.payments.match().proposed) == 0
    with pytest.raises(UnknownNameError, match="No payment begins with 'zz'"):
        ws.payments.unmatch("zz")
    assert ws.doctor().empty


def test_small_differences_are_written_off_by_an_event_of_their_own(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS, "[payment]\ntolerance_cents = 5\n")
    read(
        ws,
        credit("130.96", reference=ONE, bank="1"),
        credit("140.90", reference=dutch("2026000002"), bank="2"),
    )
    assert outstanding(ws)[:2] == [0, 10]
    with ws.store.read() as session:
        events = session.rows_of("events", "invoice_id", pd.Series([1, 2]))
        booked = session.rows_of("payments", "invoice_id", pd.Series([1]))
    assert events["event"].tolist().count("payments.write_off") == 1
    assert dict(zip(booked["what"].astype("str"), booked["amount_cents"], strict=True)) == {
        "payment": 13_096,
        "write_off": 4,
    }
    ws.payments.unmatch(ws.payments.incoming().query("amount_cents == 13_096")["payment_id"].iloc[0])
    assert outstanding(ws)[:2] == [AMOUNTS[0], 10]
    assert ws.doctor().empty


def test_payment_plans_and_collection_cases_follow(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, [10_000, 10_000, 10_000, 20_000], "[integrations]\ncollection = true\n")
    ws.select(ids=[2]).plan("assign.collection_case").apply()
    ws.select(ids=[1, 4]).plan("assign.payment_plan", instalments=3, first_date=date(2026, 12, 15)).apply()
    read(
        ws,
        credit("100.00", reference=dutch("2026000002"), bank="1"),
        credit("100.00", iban=IBANS["K1"], bank="2"),
    )
    assert outstanding(ws) == [0, 0, 10_000, 20_000]
    with ws.store.read() as session:
        assert session.whole("collection_cases")["status"].tolist() == ["closed"]
        assert session.whole("instalments")["paid_cents"].tolist() == [10_000, 0, 0]
    (done,) = ws.payments.incoming().query("payer_iban == @IBANS['K1']")["booked"]
    assert done[0]["evidence"] == "payer's account and the instalment that is due"
    taken_back = [ws.payments.unmatch(payment) for payment in ws.payments.incoming()["payment_id"]]
    assert sum(report.totals["cases_reopened"] for report in taken_back) == 1
    assert outstanding(ws) == [10_000, 10_000, 10_000, 20_000]
    with ws.store.read() as session:
        case = session.whole("collection_cases").iloc[0]
        assert session.whole("instalments")["paid_cents"].tolist() == [0, 0, 0]
    assert (case["status"], case["next_step_on"]) == ("active", pd.Timestamp(clock.today()))
    assert ws.doctor().empty


def test_the_table_of_evidence_is_data(tmp_path: Path) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)
    rules = ws.root / "rules" / "matching.toml"
    rules.write_text("[reference]\norder = 1\nbooks = false\n")
    read(ws, credit("131.00", reference=creditor_reference("F2026-000001")))
    assert statuses(ws) == ["proposed"]
    for text, problem in (
        ("[reference]\norder = 1\n", "matching.toml: reference.books: is missing"),
        ("[magic]\norder = 1\nbooks = true\n", "matching.toml: there is no evidence magic"),
        ("[reference]\norder = 0\nbooks = true\n", "matching.toml: reference.order: must be at least 1"),
        ("[reference", "matching.toml is not valid TOML"),
    ):
        rules.write_text(text)
        with pytest.raises(RulesError, match=problem.replace(".", r"\.")):
            ws.payments.match()
    rules.unlink()
    assert len(ws.payments.match().booked) == 1


def test_payments_that_wait_are_booked_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = owed_workspace(tmp_path, AMOUNTS)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("invoicebatch.engine.payments.allocations.book_waiting", dies)
        read(ws, credit("131.00", reference=ONE))
    assert outstanding(ws)[0] == 13_100
    init_workspace(tmp_path).payments.match()
    assert outstanding(ws)[0] == 0
    assert statuses(ws) == ["booked"]
