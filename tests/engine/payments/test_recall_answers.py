"""The bank's answer to a recall (camt.029): given back, refused, pending, and what it names that is not ours."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from invoicebatch.engine.payments.bank_reports import BankImport
from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace
from tests.ingest.bank.bank_files import (
    camt,
    entry,
    group_answer,
    payment_answer,
    recall_answer,
    statement,
    transaction,
)
from tests.paying import date_has_come

Make = Callable[..., Workspace]
NUMBERS = ["F2026-000001", "F2026-000002"]


@dataclass
class Recalled:
    """A workspace whose bundle of four collections is with the bank; the first two are called back."""

    ws: Workspace
    bundle: str

    def read(self, text: str) -> BankImport:
        path = self.ws.root / "answer.xml"
        path.write_text(text)
        return self.ws.payments.read(path)

    @property
    def states(self) -> list[str]:
        items = self.ws.payments.items(self.bundle)
        waits = items["recalled_at"].notna() & items["status"].isin(["pending", "accepted"])
        return items["status"].astype("str").mask(waits, "recalled").tolist()

    @property
    def ids(self) -> list[str]:
        return self.ws.payments.items(self.bundle)["end_to_end_id"].tolist()

    @property
    def group(self) -> str:
        return str(self.ws.payments.items(self.bundle)["payment_information_id"].iloc[0])


@pytest.fixture
def sent(written_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> Recalled:
    monkeypatch.setenv("INVOICEBATCH_PAYMENT__RECALLS", "true")
    ws = written_bundle(4)
    bundle = str(ws.payments.list()["bundle_id"].iloc[0])
    ws.payments.recall(bundle, NUMBERS)
    return Recalled(ws, bundle)


def test_each_payment_has_its_own_answer_and_none_counts_twice(sent: Recalled) -> None:
    one, two, three, _ = sent.ids
    told = [
        payment_answer(one, "ACCR", "CUST"),
        payment_answer(two, "RJCR", "LEGL"),
        payment_answer("FOREIGN", "ACCR"),
    ]
    answer = recall_answer(group_answer(sent.group, "PACR", *told))
    done = sent.read(answer)
    assert sent.states == ["rejected", "pending", "pending", "pending"]
    assert done.booked.to_dict("records") == [{"kind": "rejected", "payments": 1, "total_cents": 12_100}]
    assert done.refused.to_dict("records") == [
        {"end_to_end_id": "FOREIGN", "reason": "no payment of ours has this id"}
    ]
    assert any("1 recall refused" in note for note in done.notes)
    free = sent.ws.select(numbers=NUMBERS[:1])
    assert free.frame["return_count"].fillna(0).tolist() == [0]  # no fault of the debtor
    assert free.plan("assign.bank_file").eligible == 1
    assert sent.ws.payments.show(sent.bundle).history["what"].iloc[-1] == "recall: the bank refused it"
    sent.ws.payments.recall(sent.bundle, NUMBERS[1:])
    again = sent.read(answer)  # about the first recall, not the second
    assert sent.states == ["rejected", "recalled", "pending", "pending"]
    assert again.booked.empty
    credit = statement(
        *(entry("121.00", details=transaction(one)), entry("121.00", details=transaction(three)))
    )
    late = sent.read(camt(credit))
    assert late.refused["reason"].tolist() == ["reported as confirmed, but is rejected"]
    assert sent.ws.select(numbers=NUMBERS[:1]).columns(["paid_cents"])["paid_cents"].tolist() == [0]
    assert sent.ws.doctor().empty


def test_a_pending_answer_waits_and_the_whole_one_holds_for_what_was_recalled(sent: Recalled) -> None:
    pending = sent.read(recall_answer(group_answer(sent.group, "PDCR")))
    assert any("PDCR" in note and "decides nothing yet" in note for note in pending.notes)
    assert sent.states == ["recalled", "recalled", "pending", "pending"]
    message = sent.ws.payments.show(sent.bundle).bundle["message_id"].iloc[0]
    sent.read(recall_answer(confirmed="CNCL", message=message, report="ANSWER2"))
    assert sent.states == ["rejected", "rejected", "pending", "pending"]
    other = sent.read(recall_answer(confirmed="CNCL", message="OTHER", report="ANSWER3"))
    assert other.refused["end_to_end_id"].tolist() == ["OTHER"]
    with pytest.raises(InputFileError, match="names no payment"):
        sent.read(recall_answer(confirmed="CNCL", report="ANSWER4"))
    assert sent.ws.doctor().empty


def test_a_collected_payment_comes_back_by_its_booking_once(sent: Recalled) -> None:
    ws, one = sent.ws, sent.ids[0]
    date_has_come(ws)
    sent.read(camt(statement(entry("121.00", details=transaction(one)))))
    answer = sent.read(recall_answer(payment_answer(one, "ACCR")))
    assert answer.refused["reason"].tolist() == ["reported as rejected, but is confirmed"]
    assert ws.select(numbers=NUMBERS[:1]).columns(["paid_cents"])["paid_cents"].tolist() == [12_100]
    back = entry("121.00", "DBIT", transaction(one, sign="DBIT"), day="2026-12-03")
    sent.read(camt(statement(back, name="S2")))
    assert ws.select(numbers=NUMBERS[:1]).columns(["paid_cents"])["paid_cents"].tolist() == [0]
    assert sent.states[0] == "returned"
    assert ws.doctor().empty


def test_of_what_was_not_recalled_a_group_says_nothing(written_bundle: Make) -> None:
    ws = written_bundle(4)
    sent = Recalled(ws, str(ws.payments.list()["bundle_id"].iloc[0]))
    done = sent.read(recall_answer(group_answer(sent.group, "ACCR")))
    assert done.refused.to_dict("records") == [
        {"end_to_end_id": sent.group, "reason": "nothing of it is recalled"}
    ]
    assert sent.states == ["pending"] * 4
