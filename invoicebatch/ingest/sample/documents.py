"""The invoices frame of the sample: totals from the lines, numbers, payments, statuses that agree."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.sample.accounts_and_customers import ACCOUNTS, LANGUAGES
from invoicebatch.ingest.sample.digits import Generator, Ints, digits, pick
from invoicebatch.ingest.sample.lines import LineNumbers, month_before
from invoicebatch.ingest.sample.plan import Plan, followed_by
from invoicebatch.model.money import format_cents
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Kind, Status

RUN: Final = "sample"
SERIES: Final = ("invoice", "credit_note")
MARKS: Final = ("", "C")


@dataclass(slots=True)
class Counters:
    """The next number of each series and year, carried from chunk to chunk."""

    next_seq: dict[tuple[str, str, str], int] = field(default_factory=dict)
    last_date: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def frame(self) -> pd.DataFrame:
        """The `number_counters` frame."""
        rows = [
            {
                "company_account_id": a,
                "series": s,
                "period": p,
                "next_seq": n,
                "last_date": self.last_date[a, s, p],
            }
            for (a, s, p), n in self.next_seq.items()
        ]
        return (
            TABLES["number_counters"].conform(pd.DataFrame(rows))
            if rows
            else TABLES["number_counters"].empty()
        )


def give_numbers(plan: Plan, counters: Counters) -> pd.DataFrame:
    """The `issued_numbers` frame: numbered documents in order, no gap; moves the counters."""
    at = np.flatnonzero(plan.numbered)
    year = plan.day[at].astype("datetime64[Y]").astype(np.int64) + 1970
    series = (plan.kind[at] == Kind.CREDIT_NOTE.value).astype(np.int64)
    account = plan.account[at]
    group = (account * 2 + series) * 10_000 + year
    seq = pd.Series(group).groupby(group).cumcount().to_numpy() + 1
    for code in np.unique(group):
        mine = group == code
        head = int(code) // 10_000
        key = (ACCOUNTS[head // 2], SERIES[head % 2], str(int(code) % 10_000))
        seq[mine] += counters.next_seq.get(key, 1) - 1
        counters.next_seq[key] = int(seq[mine].max()) + 1
        counters.last_date[key] = plan.day[at][mine].max()
    prefix = pick([a + mark for a in ACCOUNTS for mark in MARKS], account * 2 + series)
    frame = pd.DataFrame({"company_account_id": pick(ACCOUNTS, account), "series": pick(SERIES, series)})
    frame["period"], frame["seq"] = digits(year, 4), seq
    frame["number"] = prefix + digits(year, 4) + "-" + digits(seq, 6)
    frame["invoice_id"], frame["run_id"] = plan.ids[at], RUN
    return TABLES["issued_numbers"].conform(frame)


def invoice_frame(
    rng: Generator,
    plan: Plan,
    lines: LineNumbers,
    tax: Ints,
    people: pd.DataFrame,
    numbers: pd.DataFrame,
    today: date,
) -> pd.DataFrame:
    """The `invoices` frame of a chunk.

    Args:
        rng: source of chance.
        plan: the documents.
        lines: their lines.
        tax: cents by document and rate.
        people: all customers.
        numbers: numbers of this chunk.
        today: date of the billing run.
    """
    size = len(plan.ids)
    frame = pd.DataFrame({"invoice_id": plan.ids, "external_id": "ZW-" + digits(plan.ids, 9)})
    frame["kind"], frame["status"] = plan.kind, plan.status
    by_id = numbers.set_index("invoice_id")["number"]
    frame["number"] = frame["invoice_id"].map(by_id).astype("str")
    frame["company_account_id"] = pick(ACCOUNTS, plan.account)
    frame["customer_id"] = digits(plan.customer + 1, 8)
    frame["currency"] = pick(["EUR"], np.zeros(size))
    start, end = month_before(plan.day, today)
    term = people["payment_term_days"].fillna(14).astype("int64").to_numpy()[plan.customer]
    for column, days in (
        ("invoice_date", plan.day),
        ("due_date", plan.day + term),
        ("period_start", start),
        ("period_end", end),
    ):
        frame[column] = days.astype("datetime64[s]")
    business = people["is_business"].to_numpy()[plan.customer]
    frame["buyer_reference"] = ("KST-" + digits(plan.customer % 997, 4)).where(business)
    frame["order_reference"] = ("PO" + digits(plan.ids, 7)).where(business & (rng.random(size) < 0.5))
    frame["remittance_reference"] = _structured(plan.ids).where(plan.account == 1)
    _add_amounts(rng, frame, plan, lines, tax)
    _add_links(frame, plan)
    _add_delivery(rng, frame, plan, people)
    moment = datetime(today.year, today.month, today.day)  # noqa: DTZ001
    frame["created_at"] = frame["updated_at"] = pd.Timestamp(moment)
    return TABLES["invoices"].conform(frame)


def _structured(ids: Ints) -> "pd.Series[str]":
    """Belgian structured communication: ten digits and their rest by 97."""
    check = np.where(ids % 97 == 0, 97, ids % 97)
    text = digits(ids * 100 + check, 12)
    return "+++" + text.str[:3] + "/" + text.str[3:7] + "/" + text.str[7:] + "+++"


def _add_amounts(rng: Generator, frame: pd.DataFrame, plan: Plan, lines: LineNumbers, tax: Ints) -> None:
    size = len(plan.ids)
    net = np.zeros(size, dtype=np.int64)
    np.add.at(net, lines.owner, lines.net)
    vat = tax.sum(axis=1)
    total = net + vat
    prepaid = np.where(
        (rng.random(size) < 0.02) & (total > 5_000) & ~plan.crediting & ~followed_by(plan.crediting), 1_000, 0
    )
    paid, credited = _paid_and_credited(rng, plan, total - prepaid)
    frame["line_total_cents"] = frame["net_total_cents"] = net
    frame["allowance_total_cents"] = frame["charge_total_cents"] = frame["rounding_cents"] = 0
    frame["vat_total_cents"] = vat
    frame["total_cents"] = total + plan.wrong_total
    frame["prepaid_cents"], frame["paid_cents"], frame["credited_cents"] = prepaid, paid, credited
    frame["outstanding_cents"] = frame["total_cents"] - prepaid - paid - credited
    failed = plan.status == Status.APPROVAL_FAILED.value
    frame["failure"] = None
    frame.loc[failed, "failure"] = [
        f"total: {format_cents(have)}, but net total and VAT make {format_cents(want)} (BR-CO-15)"
        for have, want in zip(frame.loc[failed, "total_cents"], total[failed], strict=True)
    ]
    broken = plan.status == Status.GENERATION_FAILED.value
    frame.loc[broken, "failure"] = "the document could not be made: the template folder was not there"


def _paid_and_credited(rng: Generator, plan: Plan, due: Ints) -> tuple[Ints, Ints]:
    """Amounts paid and amounts credited.

    A note of credit is set off against what is still open of its original; the rest is owed.
    """
    luck = rng.random(len(due))
    share = np.where(luck < 0.55, 100, np.where(luck < 0.63, 40, 0))
    share = np.where((due < 0) & (share == 40), 0, share)
    share = np.where((plan.status == Status.CREATED.value) & ~plan.crediting, share, 0)
    paid = np.where(share == 100, due, due * share // 100)
    original = followed_by(plan.crediting)
    credited = np.where(original, due - paid, 0)
    credited[plan.crediting] = -credited[np.flatnonzero(plan.crediting) - 1]
    return paid, credited


def _add_links(frame: pd.DataFrame, plan: Plan) -> None:
    credited = followed_by(plan.crediting)
    ids = pd.Series(plan.ids, dtype="Int64")
    frame["credited_by"], frame["credit_of"] = (ids + 1).where(credited), (ids - 1).where(plan.crediting)
    before = frame["number"].shift(1)
    frame["preceding_number"] = before.where(plan.crediting)
    frame["preceding_date"] = frame["invoice_date"].shift(1).where(plan.crediting)
    alone = (plan.kind == Kind.CREDIT_NOTE.value) & ~plan.crediting
    frame.loc[alone, "preceding_number"] = "OLD-" + digits(plan.ids[alone], 7).to_numpy()


def _add_delivery(rng: Generator, frame: pd.DataFrame, plan: Plan, people: pd.DataFrame) -> None:
    """Most created documents were sent and exported; some failed on their way."""
    size = len(plan.ids)
    created, luck = plan.status == Status.CREATED.value, rng.random(size)
    sent, failed = created & (luck < 0.7), created & (luck >= 0.7) & (luck < 0.75)
    frame["shipping_status"] = np.where(sent, "sent", np.where(failed, "failed", "to_send"))
    wish = people["delivery_preference"].astype("str").to_numpy()[plan.customer]
    channel = pd.Series(wish, dtype="str").replace("manual", "post")
    frame["shipping_channel"] = channel.where(sent)
    sent_at = (plan.day + 1).astype("datetime64[us]")
    frame["sent_at"] = pd.Series(sent_at).where(sent)
    frame.loc[failed, "failure"] = "sending failed: check the contact details"
    exported = created & (rng.random(size) < 0.6)
    frame["export_status"] = np.where(exported, "exported", "unexported")
    frame["exported_at"] = pd.Series((plan.day + 2).astype("datetime64[us]")).where(exported)


def payment_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The `payments` frame: one payment a document on which something was paid."""
    paid = frame[frame["paid_cents"] != 0]
    rows = pd.DataFrame({"payment_id": "PAY-" + paid["external_id"], "invoice_id": paid["invoice_id"]})
    rows["booked_on"] = paid["invoice_date"] + pd.to_timedelta(3, unit="D")
    rows["amount_cents"], rows["source"] = paid["paid_cents"], RUN
    rows["reference"] = paid["number"]
    return TABLES["payments"].conform(rows.reset_index(drop=True))


def language_codes(people: pd.DataFrame) -> Ints:
    """Position of each customer's language."""
    return np.asarray(people["language"].map({key: n for n, key in enumerate(LANGUAGES)}), dtype=np.int64)
