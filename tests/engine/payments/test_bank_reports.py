"""Bank reports on a real workspace: each entry has its effect once, or is named."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.payments.bank_reports import BankImport
from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.payments.reference import creditor_reference
from invoicebatch.model.payments.sepa import message_id
from tests.copies import copy_workspace, templates
from tests.examples import in_sweeps
from tests.ingest.bank.bank_files import (
    balance,
    batch,
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
OPEN = [12_100] * 4


@dataclass
class Sent:
    """A workspace whose four collections of 121.00 are with the bank."""

    ws: Workspace
    bundle: str

    @property
    def ids(self) -> list[str]:
        return self.ws.payments.items(self.bundle)["end_to_end_id"].tolist()

    @property
    def groups(self) -> pd.DataFrame:
        """Index: PmtInfId; number and total of its payments."""
        items = self.ws.payments.items(self.bundle)
        return items.groupby("payment_information_id").agg(
            number=("item_no", "size"), cents=("amount_cents", "sum")
        )

    @property
    def message(self) -> str:
        return message_id(self.bundle)

    def read(self, text: str | bytes, name: str = "report.xml") -> BankImport:
        path = self.ws.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.ws.payments.read(path)

    def states(self) -> list[str]:
        return self.ws.payments.items(self.bundle)["status"].astype("str").tolist()

    def outstanding(self) -> list[int]:
        items = self.ws.payments.items(self.bundle)
        rows = (
            self.ws.select(all=True)
            .columns(["outstanding_cents"])
            .set_index("invoice_id")["outstanding_cents"]
        )
        return rows.loc[items["invoice_id"]].tolist()


@pytest.fixture
def sent(written_bundle: Make) -> Sent:
    ws = written_bundle(4)
    return Sent(ws, ws.payments.list()["bundle_id"].iloc[0])


def reasons(done: BankImport) -> str:
    return "; ".join(done.refused["end_to_end_id"].astype("str") + ": " + done.refused["reason"])


def booking(sent: Sent, *places: int, day: str = "2026-12-01", reference: str = "R1") -> str:
    details = "".join(transaction(sent.ids[place]) for place in places)
    return entry(f"{121 * len(places)}.00", "CRDT", details, day=day, reference=reference)


def giving_back(
    sent: Sent, place: int, amount: str = "121.00", *, day: str = "2026-12-03", code: str = "AC04",
    reference: str = "R9", **more: str,
) -> str:  # fmt: skip
    details = transaction(sent.ids[place], amount, "DBIT", returned(code) if code else "", **more)
    return entry(amount, "DBIT", details, day=day, reference=reference)


def all_booked(sent: Sent) -> BankImport:
    """Read that all four came in. As a first report it is read once; then a copy of what that left takes its place."""
    root = sent.ws.root
    first = not (root / "report.xml").exists()
    if not (first and ALL_BOOKED):
        done = sent.read(camt(statement(booking(sent, 0, 1, 2, 3))))
        if not first:
            return done
        ALL_BOOKED[copy_workspace(root, templates() / "all booked")] = done
        return done
    ((booked, done),) = ALL_BOOKED.items()
    shutil.rmtree(root)
    sent.ws = open_workspace(copy_workspace(booked, root))
    return done


ALL_BOOKED: dict[Path, BankImport] = {}


def test_booked_once_whatever_reports_it(sent: Sent) -> None:
    text = camt(statement(booking(sent, 0, 1, 2, 3)))
    notice = camt(statement(booking(sent, 0, 1)), message="camt.054.001.08", report="N1")
    assert sent.read(notice).booked["payments"].tolist() == [2]
    done = sent.read(text)
    assert done.refused.empty
    assert "2 entries were reported before; each counts once" in done.notes
    again = sent.read(text)
    assert again.refused.empty
    assert "4 entries were reported before; each counts once" in again.notes
    assert again.booked.empty
    assert sent.outstanding() == [0] * 4
    assert sent.ws.payments.list()["state"].tolist() == ["confirmed"]
    assert sent.ws.doctor().empty


def test_a_day_without_bookings_and_one_with_those_of_others(sent: Sent) -> None:
    assert sent.read(camt(statement())).refused.empty
    others = entry("55.00", "CRDT", transaction("CUSTOMER-77", "55.00")) + entry("9.00", "DBIT")
    done = sent.read(camt(statement(others, name="S2")))
    assert done.refused.empty
    assert "1 payment came in from customers: 0 booked by what they name" in done.notes[0]
    assert "1 payments went out that are not from our bank files" in done.notes
    assert sent.outstanding() == OPEN


def test_money_that_leaves_never_pays_and_money_that_comes_is_no_return(sent: Sent) -> None:
    sent.read(camt(statement(giving_back(sent, 0, code=""))))
    odd = entry("121.00", "CRDT", transaction(sent.ids[1], extra=returned("AC04")), day="2026-12-03")
    done = sent.read(camt(statement(odd, name="S2")))
    assert "money did not come back" in reasons(done)
    assert sent.outstanding() == OPEN
    assert sent.states() == ["rejected", "pending", "pending", "pending"]


def test_the_sign_of_the_transaction_counts_more_than_that_of_its_entry(sent: Sent) -> None:
    all_booked(sent)
    mixed = transaction(sent.ids[0], "121.00", "DBIT", returned("AC04")) + transaction("OTHER", "200.00")
    sent.read(camt(statement(entry("79.00", "CRDT", mixed, day="2026-12-03"), name="S2")))
    assert sent.outstanding() == [12_100, 0, 0, 0]


@pytest.mark.parametrize("one_file", [True, *in_sweeps(False)])
def test_booked_returned_and_the_return_taken_back(sent: Sent, one_file: bool) -> None:
    back = giving_back(sent, 2, day="2026-12-03")
    restored = entry(
        "121.00", "CRDT", transaction(sent.ids[2]), day="2026-12-03", reversal=True, reference="R10"
    )
    parts = [booking(sent, 0, 1, 2, 3), back, restored]
    if one_file:
        done = sent.read(camt(statement(restored, back, parts[0])))
        assert done.refused.empty, reasons(done)
    else:
        seen = []
        for number, part in enumerate(parts):
            done = sent.read(camt(statement(part, name=f"S{number}"), report=f"C{number}"))
            assert done.refused.empty, reasons(done)
            seen.append(sent.outstanding()[2])
        assert seen == [0, 12_100, 0]
    assert sent.outstanding() == [0] * 4
    assert sent.ws.doctor().empty


def test_a_debit_with_the_reversal_mark_takes_a_booking_back(sent: Sent) -> None:
    all_booked(sent)
    back = entry(
        "121.00", "DBIT", transaction(sent.ids[1], "121.00", "DBIT"), day="2026-12-03", reversal=True
    )
    assert sent.read(camt(statement(back, name="S2"))).refused.empty
    assert sent.outstanding() == [0, 12_100, 0, 0]


def test_a_return_read_before_its_booking(sent: Sent) -> None:
    sent.read(camt(statement(giving_back(sent, 0), name="S2")))
    done = all_booked(sent)
    assert done.refused.empty, reasons(done)
    assert sent.outstanding() == [12_100, 0, 0, 0]


def test_a_return_that_a_status_report_told_first_counts_once(sent: Sent) -> None:
    all_booked(sent)
    late = group_status("X", "", payment_status(sent.ids[0], "RJCT", "MS03"))
    stale = sent.read(status_report(sent.message, "", late))
    assert "reported as rejected, but is confirmed" in reasons(stale)
    assert sent.outstanding() == [0] * 4
    told = status_report(sent.message, "", late, report="B2").replace("2026-11-30", "2026-12-02")
    assert sent.read(told).refused.empty
    assert sent.outstanding() == [12_100, 0, 0, 0]
    assert sent.read(camt(statement(giving_back(sent, 0), name="S2"))).refused.empty
    assert sent.outstanding() == [12_100, 0, 0, 0]


def test_a_debit_presented_again_is_paid_after_all(sent: Sent) -> None:
    all_booked(sent)
    sent.read(camt(statement(giving_back(sent, 0), name="S2")))
    sent.read(camt(statement(booking(sent, 0, day="2026-12-09", reference="R11"), name="S3")))
    assert sent.outstanding() == [0] * 4
    assert sent.states() == ["confirmed"] * 4


def test_a_group_whose_booking_does_not_fit_is_named(sent: Sent) -> None:
    group, (number, cents) = next(row for row in sent.groups.iterrows() if row[1]["number"] > 1)
    total = f"{cents / 100:.2f}"
    short = entry("200.00", "CRDT", "", batch=batch(group, number, total))
    assert "reported with 3 payments of together 200.00" in reasons(
        sent.read(camt(statement(short, name="S")))
    )
    in_group = sent.ws.payments.items(sent.bundle)["payment_information_id"].eq(group)
    mixed = transaction(sent.ids[in_group.idxmax()]) + transaction("NOTPROVIDED")
    half = sent.read(
        camt(statement(entry(total, "CRDT", mixed, batch=batch(group, number, total)), name="SM"))
    )
    assert "no payment of ours has this id" in reasons(half)
    assert sorted(sent.outstanding()) == [0, 12_100, 12_100, 12_100]


def test_a_group_is_booked_as_a_whole(sent: Sent) -> None:
    group, (number, cents) = next(row for row in sent.groups.iterrows() if row[1]["number"] > 1)
    total = f"{cents / 100:.2f}"
    wrong = entry("999.00", "CRDT", "", batch=batch(group, number, "999.00"))
    assert "with the bank are" in reasons(sent.read(camt(statement(wrong, name="S0"))))
    count = entry(total, "CRDT", "", batch=batch(group, number + 1, total))
    assert "with the bank are" in reasons(sent.read(camt(statement(count, name="S1"))))
    assert sent.outstanding() == OPEN
    good = entry(total, "CRDT", "", batch=batch(group, number, total), reference="G1")
    assert sent.read(camt(statement(good, name="S2"))).refused.empty
    booked = sent.ws.payments.items(sent.bundle)["payment_information_id"].eq(group)
    assert (pd.Series(sent.outstanding()) == 0).tolist() == booked.tolist()
    back = entry(total, "DBIT", "", batch=batch(group, number, total), day="2026-12-02", reference="G2")
    assert sent.read(camt(statement(back, name="S3"))).refused.empty
    assert sent.outstanding() == OPEN


def test_a_group_that_lists_other_payments_than_it_counts_is_named(sent: Sent) -> None:
    details = "".join(transaction(sent.ids[place]) for place in (0, 1))
    done = sent.read(camt(statement(entry("242.00", details=details, batch=batch("", 3, "363.00")))))
    (reason,) = done.refused["reason"]
    assert reason.startswith(
        "its booking counts 3 payments of together 363.00, but lists 2 payments of together 242.00"
    )
    assert sent.outstanding() == [0, 0, 12_100, 12_100]


@pytest.mark.parametrize("sum_first", [True, False])
def test_our_collections_booked_as_a_sum_count_once_beside_their_details(sent: Sent, sum_first: bool) -> None:
    details = camt(statement(booking(sent, 0, 1, 2, 3)), message="camt.054.001.08", report="N1")
    whole = camt(statement(entry("484.00", reference="R1")))
    first, second = (whole, details) if sum_first else (details, whole)
    sent.read(first)
    assert "1 entry was reported before; each counts once" in sent.read(second).notes
    assert sent.outstanding() == [0] * 4
    waiting = sent.ws.payments.incoming()
    assert waiting["status"].tolist() == (["set_aside"] if sum_first else [])


def test_a_status_report_that_counts_otherwise_than_it_names_is_named(sent: Sent) -> None:
    group = sent.ws.payments.items(sent.bundle)["payment_information_id"].iloc[3]
    one = group_status(group, "PART", payment_status(sent.ids[3], "RJCT", "AC04"))
    counted = "<NbOfTxsPerSts><DtldNbOfTxs>{}</DtldNbOfTxs><DtldSts>{}</DtldSts></NbOfTxsPerSts>"
    told = {
        "right": (4, counted.format(1, "RJCT") + counted.format(3, "ACCP")),
        "wrong": (5, counted.format(2, "RJCT")),
    }
    for case, (number, by_status) in told.items():
        text = status_report(sent.message, "PART", one, report=case)
        text = text.replace("<GrpSts>", f"<OrgnlNbOfTxs>{number}</OrgnlNbOfTxs><GrpSts>")
        done = sent.read(
            text.replace("</OrgnlGrpInfAndSts>", f"{by_status}</OrgnlGrpInfAndSts>"), f"{case}.xml"
        )
        assert done.refused["reason"].tolist() == (
            []
            if case == "right"
            else ["it is of 5 payments; 4 payments of together 484.00 were sent",
                  "it counts 2 payments as RJCT, but names 1 payment of together 121.00"]
        )  # fmt: skip
    assert sent.states() == ["pending"] * 3 + ["rejected"]


def test_a_transfer_for_a_document_whose_debit_is_with_the_bank_is_only_proposed(sent: Sent) -> None:
    rows = sent.ws.select(all=True).frame.set_index("invoice_id")
    number = rows.loc[sent.ws.payments.items(sent.bundle)["invoice_id"].iloc[0], "number"]
    reference = creditor_reference(number)
    done = sent.read(
        camt(
            statement(
                entry("121.00", details=transaction("", extra=f"<RmtInf><Ustrd>{reference}</Ustrd></RmtInf>"))
            )
        )
    )
    assert sent.outstanding() == OPEN
    assert done.notes[1].startswith(
        "1 payment is for documents whose direct debit goes on, so these would be paid twice"
    )
    (best, *_) = sent.ws.payments.incoming()["proposals"].iloc[0]
    day = sent.ws.payments.list()["collection_date"].iloc[0].date()
    assert best["evidence"].endswith(
        f"; but its direct debit is with the bank until {day}: it would be paid twice"
    )


@pytest.mark.parametrize("how", ["listed", "refs", "message", "without number"])
def test_a_group_that_the_bank_names_in_another_way(sent: Sent, how: str) -> None:
    groups = sent.groups
    if how == "message":
        entries = [entry("484.00", "CRDT", "", batch=batch(message=sent.message, number=4, total="484.00"))]
    else:
        entries = []
        for group, (number, cents) in groups.iterrows():
            total = f"{cents / 100:.2f}"
            listed = "".join(transaction("NOTPROVIDED") for _ in range(number))
            refs = transaction(amount=total, refs=f"<PmtInfId>{group}</PmtInfId>")
            details, of_batch = {
                "listed": (listed, batch(group, number, total)),
                "refs": (refs, ""),
                "without number": ("", batch(group)),
            }[how]
            entries.append(entry(total, "CRDT", details, batch=of_batch))
    done = sent.read(camt(statement(*entries)))
    assert done.refused.empty, reasons(done)
    assert sent.outstanding() == [0] * 4


def test_a_payment_without_id_never_stands_for_its_group(sent: Sent) -> None:
    group = sent.groups.index[0]
    unknown = payment_status("X1", "RJCT", "AC01", tag="OrgnlInstrId")
    infos = group_status(group, "PART", unknown, payment_status("", "RJCT", "AC01"))
    done = sent.read(status_report(sent.message, "PART", infos))
    assert reasons(done).count("no payment of ours has this id") == 2
    assert sent.states() == ["pending"] * 4
    alone = entry("60.00", "CRDT", transaction("NOTPROVIDED", "60.00", refs=f"<PmtInfId>{group}</PmtInfId>"))
    sent.read(camt(statement(alone)))
    assert sent.outstanding() == OPEN


def test_accepted_is_a_step_on_the_way(sent: Sent) -> None:
    for status, report in (("ACCP", "B1"), ("ACSP", "B2")):
        assert sent.read(status_report(sent.message, status, report=report)).refused.empty
        assert sent.states() == ["accepted"] * 4
    assert sent.outstanding() == OPEN
    assert set(sent.ws.select(all=True).columns(["payment_status"])["payment_status"].astype("str")) == {
        "in_payment"
    }
    data = Path(sent.ws.payments.list()["file"].iloc[0]).read_bytes()
    (again,) = sent.ws.payments.write(sent.bundle).files["path"]
    assert Path(again).read_bytes() == data
    done = all_booked(sent)
    assert done.refused.empty
    assert sent.outstanding() == [0] * 4
    late = sent.read(status_report(sent.message, "ACCP", report="B3"))
    assert late.refused.empty
    assert sent.states() == ["confirmed"] * 4


def test_settled_ahead_of_its_date_is_no_more_than_accepted(sent: Sent) -> None:
    early = status_report(sent.message, "ACSC").replace("2026-11-30T08", "2026-11-20T08")
    done = sent.read(early)
    assert done.booked.set_index("kind")["payments"].to_dict() == {"accepted": 4}
    assert sent.outstanding() == OPEN
    all_booked(sent)
    assert sent.outstanding() == [0] * 4


def test_the_nearest_word_of_a_status_report_counts(sent: Sent) -> None:
    date_has_come(sent.ws)
    group = sent.ws.payments.items(sent.bundle)["payment_information_id"].iloc[3]
    infos = group_status("X", "", payment_status(sent.ids[3], "RJCT", "AM04"))
    infos += group_status(group, "", payment_status(sent.ids[0], "PDNG"))
    done = sent.read(status_report(sent.message, "ACSC", infos))
    assert sent.states() == ["confirmed"] * 3 + ["rejected"]
    assert sent.ws.payments.items(sent.bundle)["reason"].iloc[3] == "AM04 as the bank says"
    assert any("PDNG" in note for note in done.notes)
    assert done.booked.set_index("kind")["payments"].to_dict() == {"confirmed": 3, "rejected": 1}
    assert sent.outstanding() == [0, 0, 0, 12_100]


@pytest.mark.parametrize(
    "version", ["03", *(pytest.param(version, marks=pytest.mark.full) for version in ("10", "14"))]
)
def test_a_rejected_file_or_group_frees_its_invoices(sent: Sent, version: str) -> None:
    group = sent.groups.index[0]
    done = sent.read(status_report("X", "", group_status(group, "RJCT"), version=version))
    of_group = sent.ws.payments.items(sent.bundle)["payment_information_id"].eq(group)
    assert (pd.Series(sent.states()) == "rejected").tolist() == of_group.tolist()
    assert done.refused.empty, reasons(done)
    sent.read(status_report(sent.message, "RJCT", report="B2", version=version))
    assert set(sent.states()) == {"rejected"}
    assert sent.ws.payments.list()["state"].tolist() == ["cancelled"]
    assert sent.ws.select(all=True).plan("assign.bank_file").eligible == 4


def test_a_file_that_is_none_of_ours_is_named(sent: Sent) -> None:
    done = sent.read(status_report("OTHER", "RJCT"))
    assert "OTHER: no payment of ours" in reasons(done)
    assert sent.outstanding() == OPEN


@pytest.mark.parametrize(
    ("amount", "more"),
    [
        ("124.00", {"charges": "3.00"}),
        ("124.00", {"instructed": "121.00"}),
        *in_sweeps(("121.00", {"charges": "3.00"}), ("124.00", {"instructed": "121.00", "charges": "3.00"})),
    ],
)
def test_charges_are_not_the_customers_payment(sent: Sent, amount: str, more: dict[str, str]) -> None:
    all_booked(sent)
    done = sent.read(camt(statement(giving_back(sent, 1, amount, code="MS03", **more), name="S2")))
    assert done.refused.empty, reasons(done)
    assert sent.outstanding() == [0, 12_100, 0, 0]
    with sent.ws.store.read() as session:
        entries = session.whole("bank_entries", "kind = 'returned'")
    assert entries["fee_cents"].tolist() == [300]


def test_a_credit_short_of_the_banks_charges_is_paid_in_full(sent: Sent) -> None:
    short = entry("118.00", "CRDT", transaction(sent.ids[0], "118.00", instructed="121.00", charges="3.00"))
    assert sent.read(camt(statement(short))).refused.empty
    assert sent.outstanding() == [0, 12_100, 12_100, 12_100]


def test_parts_go_back_one_by_one_and_never_more_than_came(sent: Sent) -> None:
    all_booked(sent)
    first = giving_back(sent, 0, "50.00", code="MD06", reference="P1", instructed="121.00")
    notice = camt(statement(first, name="N"), message="camt.054.001.02", report="N")
    for text in (notice, camt(statement(first, name="S2"))):
        assert sent.read(text).refused.empty
        assert sent.outstanding()[0] == 5_000
    second = giving_back(sent, 0, "50.00", code="MD06", reference="P2")
    sent.read(camt(statement(second, name="S3")))
    assert sent.outstanding()[0] == 10_000
    done = sent.read(camt(statement(giving_back(sent, 0, "21.01", reference="P3"), name="S4")))
    assert "21.01 went back, but no more than 21.00 is collected" in reasons(done)
    assert sent.outstanding()[0] == 10_000
    sent.read(camt(statement(giving_back(sent, 0, "21.00", reference="P4"), name="S5")))
    assert sent.outstanding() == [12_100, 0, 0, 0]
    assert sent.states() == ["returned", "confirmed", "confirmed", "confirmed"]
    assert sent.ws.doctor().empty


def test_another_amount_currency_or_account_is_named_and_has_no_effect(sent: Sent) -> None:
    odd = (
        entry("120.00", "CRDT", transaction(sent.ids[0], "120.00")),
        entry("121.00", "CRDT", transaction(sent.ids[1], currency="USD")),
        entry("121.00", "CRDT", transaction(sent.ids[2]), status="<Cd>PDNG</Cd>"),
    )
    done = sent.read(camt(statement(*odd)))
    assert "reported with 120.00, sent with 121.00" in reasons(done)
    assert "reported in USD" in reasons(done)
    assert any("1 entries are not booked yet" in note for note in done.notes)
    assert sent.states() == ["pending"] * 4


def test_twice_in_one_statement_is_named(sent: Sent) -> None:
    done = sent.read(camt(statement(booking(sent, 0), booking(sent, 0, reference="R2"))))
    assert len(done.refused) == 1
    assert sent.outstanding() == [0, 12_100, 12_100, 12_100]


def test_a_provisional_report_books_nothing(sent: Sent) -> None:
    done = sent.read(camt(statement(booking(sent, 0, 1, 2, 3)), message="camt.052.001.08"))
    assert "4 entries are provisional" in done.notes[0]
    assert sent.outstanding() == OPEN
    assert all_booked(sent).booked["payments"].tolist() == [4]


def test_refunds_leave_by_debit_and_come_back_by_credit(money_workspace: Make) -> None:
    ws = money_workspace(2, outstanding_cents=-5_000, paid_cents=17_100)
    ws.select(all=True).plan("assign.bank_file").apply()
    bundle = ws.payments.list()["bundle_id"].iloc[0]
    ws.payments.write(bundle)
    sent = Sent(ws, bundle)
    came = entry("50.00", "CRDT", transaction(sent.ids[0], "50.00"))
    sent.read(camt(statement(came, name="S0")))
    assert sent.outstanding() == [-5_000, -5_000]
    assert sent.states() == ["rejected", "pending"]
    assert sent.groups["number"].tolist() == [2]
    went = entry("50.00", "DBIT", transaction(sent.ids[1], "50.00", "DBIT"))
    sent.read(camt(statement(went, name="S1")))
    assert sent.outstanding() == [-5_000, 0]
    back = entry(
        "50.00", "CRDT", transaction(sent.ids[1], "50.00", "CRDT", returned("AC04")), day="2026-12-04"
    )
    assert sent.read(camt(statement(back, name="S2"))).refused.empty
    assert sent.outstanding() == [-5_000, -5_000]
    assert ws.doctor().empty


def test_what_a_bundle_sent_stays_and_what_became_of_it_is_shown(sent: Sent) -> None:
    sent.read(
        status_report(sent.message, "", group_status("X", "", payment_status(sent.ids[0], "RJCT", "AC04")))
    )
    sent.read(camt(statement(booking(sent, 1, 2))))
    sent.read(camt(statement(giving_back(sent, 2), name="S2")))
    listed = sent.ws.payments.list().iloc[0]
    assert (listed["items"], listed["total_cents"], listed["state"]) == (4, 48_400, "exported")
    became = {name: listed[name] for name in ("waiting", "confirmed", "rejected", "returned", "withdrawn")}
    assert became == {"waiting": 1, "confirmed": 1, "rejected": 1, "returned": 1, "withdrawn": 0}


def test_a_statement_that_does_not_add_up_and_a_missing_one_are_named(sent: Sent) -> None:
    def day(number: int, opening: str, closing: str) -> str:
        balances = [balance("OPBD", opening, "DBIT"), balance("CLBD", closing)]
        made = f"2026-12-{number:02d}T20:00:00"
        return camt(
            statement(booking(sent, number - 11), name="1", number=number, balances=balances, made=made)
        )

    assert sent.read(day(11, "100.00", "21.00")).refused.empty
    done = sent.read(day(13, "100.00", "20.00"))
    assert "do not make the closing balance 20.00" in reasons(done)
    assert "statement 12 of NL91ABNA0417164300 is missing" in done.notes
    assert not any("missing" in note for note in sent.read(day(12, "100.00", "21.00")).notes)
    assert sent.outstanding() == [0, 0, 0, 12_100]


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        ("2026-12-01T20:15+01:00", "2026-12-01T20:15:00"),
        ("2026-12-01T20:15:30.250Z", "2026-12-01T20:15:30"),
        ("2026-12-01T20:15-01-20T10:06", "2026-12-01T20:15:00"),
    ],
)
def test_a_statement_is_kept_with_the_banks_own_time(sent: Sent, made: str, kept: str) -> None:
    assert sent.read(camt(statement(booking(sent, 0), made=made))).refused.empty
    with sent.ws.store.read() as session:
        assert session.whole("bank_statements")["made_at"].tolist() == [pd.Timestamp(kept)]


def test_an_account_that_is_not_ours_is_named_and_nothing_of_it_kept(sent: Sent) -> None:
    other = "NL20INGB0001234567"
    with pytest.raises(InputFileError, match="NL20INGB0001234567, which is none of ours"):
        sent.read(camt(statement(booking(sent, 0), account=other)))
    done = sent.read(
        camt(statement(booking(sent, 0), account=other, name="X"), statement(booking(sent, 1), name="S1"))
    )
    assert "X: the statement is of account NL20INGB0001234567" in reasons(done)
    assert sent.outstanding() == [12_100, 0, 12_100, 12_100]
    with sent.ws.store.read() as session:
        assert session.whole("bank_statements")["account_iban"].unique().tolist() == ["NL91ABNA0417164300"]


def test_amounts_and_dates_that_are_none_are_named(sent: Sent) -> None:
    good = booking(sent, 3)
    odd = [
        entry("121.005", "CRDT", transaction(sent.ids[0], "121.005")),
        entry("121.00", "CRDT", transaction(sent.ids[1]), day="2926-12-01"),
        entry("121.00", "CRDT", transaction(sent.ids[2]), day="2026-02-30"),
        entry("55.001", "CRDT", transaction("OTHER", "55.001")),
    ]
    done = sent.read(camt(statement(*odd, good)))
    for words in (
        "121.005 is not an amount",
        "2926-12-01 is out of range",
        "2026-02-30 is not a date",
        "55.001",
    ):
        assert words in reasons(done)
    assert sent.outstanding() == [12_100, 12_100, 12_100, 0]


@pytest.mark.parametrize(
    "text",
    [
        "no xml",
        "",
        "<a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
        camt(statement())[:-20],
        camt(statement(entry("121.00")), message="camt.053.001.01"),
    ],
)
def test_other_files_are_refused(sent: Sent, text: str) -> None:
    with pytest.raises(InputFileError):
        sent.read(text)
    assert sent.outstanding() == OPEN


def test_devices_and_files_of_two_gigabytes_are_refused(sent: Sent) -> None:
    with pytest.raises(InputFileError, match="a device"):
        sent.ws.payments.read("/dev/zero")
    big = sent.ws.root / "big.xml"
    with big.open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(InputFileError, match="larger than"):
        sent.ws.payments.read(big)


def open_amounts(ws: Workspace) -> list[int]:
    return ws.select(all=True).columns(["outstanding_cents"])["outstanding_cents"].tolist()


def test_imported_payments_are_booked_once_on_invoice_plan_and_case(
    money_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVOICEBATCH_INTEGRATIONS__COLLECTION", "true")
    ws = money_workspace(4)
    ws.select(ids=[1, 4]).plan("assign.payment_plan", instalments=4).apply()
    ws.select(ids=[2]).plan("assign.collection_case").apply()
    file = ws.root / "payments.csv"
    file.write_text(
        "payment_id,external_id,booked_on,amount,reference\nP1,X0000001,2026-03-01,100.00,a\n"
        "P2,X0000002,2026-03-02,121.00,b\nP3,X0009999,2026-03-02,1.00,c\nP4,X0000003,2026-03-02,21.00,d\n"
    )
    report = ws.import_files([file], kind="payments", mapping=None)
    assert report.refused["value"].tolist() == ["X0009999"]
    assert open_amounts(ws) == [2_100, 0, 10_000, 12_100]
    with ws.store.read() as session:
        parts = session.whole("instalments")
        case = session.whole("collection_cases").iloc[0]
    assert parts["paid_cents"].tolist() == [6_050, 3_950, 0, 0]
    assert (case["status"], case["closed_reason"]) == ("closed", "paid")
    ws.import_files([file], kind="payments", mapping=None)
    assert open_amounts(ws) == [2_100, 0, 10_000, 12_100]
    file.write_text(
        "payment_id,external_id,booked_on,amount\nP5,X0000001,2026-03-05,21.00\nP6,X0000004,2026-03-05,121.00\n"
    )
    ws.import_files([file], kind="payments", mapping=None)
    with ws.store.read() as session:
        assert session.whole("payment_plans")["status"].tolist() == ["completed"]
        assert session.whole("payments")["amount_cents"].sum() == 38_400
    assert ws.doctor().empty


def test_a_payment_read_with_another_amount_is_named(money_workspace: Make) -> None:
    ws = money_workspace(1)
    file = ws.root / "payments.csv"
    for amount in ("10.00", "11.00"):
        file.write_text(f"payment_id,external_id,booked_on,amount\nP1,X0000001,2026-03-01,{amount}\n")
        report = ws.import_files([file], kind="payments", mapping=None)
    assert report.refused["reason"].str.contains("another amount").all()
    assert len(report.refused) == 1
    assert open_amounts(ws) == [11_100]
    assert isinstance(report.counts, pd.DataFrame)
