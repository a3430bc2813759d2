"""Customers' payments of a workspace: kept once, listed, taken back, set aside."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.payments.allocations import LIVE, with_left
from invoicebatch.engine.payments.proposing import proposals
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.bring_back import bring_back
from invoicebatch.engine.run.record import Record, record
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import ParameterError
from invoicebatch.model.money import amount_text
from invoicebatch.model.payments.incoming.in_bulk import SINGLE, single_payments, sums_of
from invoicebatch.model.payments.incoming.keep import fresh, payments_of, received
from invoicebatch.model.schema.payments import INCOMING_PAYMENTS
from invoicebatch.model.status import EntryKind, IncomingStatus
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.bank.report import BankReport

LISTED: Final = [
    "payment_id", "booked_on", "amount_cents", "currency", "payer", "payer_iban", "reference", "text", "status",
    "proposals", "booked", "left_cents", "set_aside",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the customers' payments of a report.

    Attributes:
        new: ids of those that no report brought before.
        again: ids of those that this report brought before, too; where it was cut off, they still wait.
        seen: how many were there already.
        notes: sentences on sums whose payments came now, though they are booked.
    """

    new: "pd.Series[str]"
    again: "pd.Series[str]"
    seen: int
    notes: tuple[str, ...]


def keep(session: Session, report: "BankReport", others: pd.DataFrame, source: str) -> Kept:
    """Keep the customers' payments of a report; a booking in bulk and its payments, reported apart, count once."""
    rows = payments_of(others[received(others)], report.message, source, clock.now())
    told = single_payments(report.entries, report.message)
    days = pd.concat([rows["booked_on"], told["booked_on"]])
    stored = session.rows_of("incoming_payments", "booked_on", days)  # only they can be the same
    new = fresh(rows, stored)
    sums = sums_of(new, pd.concat([stored[SINGLE], _collected(session, new["booked_on"])]))
    late = sums_of(stored[stored["set_aside"].isna()], told)
    new, notes = _instead(session, late, stored, new[~new["payment_id"].isin(sums["payment_id"])])
    session.insert("incoming_payments", new)
    again = rows.loc[rows["payment_id"].isin(stored["payment_id"]), "payment_id"]
    return Kept(
        new.loc[new["set_aside"].isna(), "payment_id"], again, len(rows) - len(new) + len(late), notes
    )


def _collected(session: Session, days: pd.Series) -> pd.DataFrame:
    """Collections of ours that were booked on some days, as `SINGLE`."""
    entries = session.rows_of("bank_entries", "booked_on", days)
    entries = entries[entries["kind"].astype("str").eq(EntryKind.CONFIRMED) & entries["booking"].notna()]
    bundles = session.rows_of(
        "payment_bundles", "bundle_id", entries["bundle_id"], ["bundle_id", "iban", "currency"]
    )
    return entries.merge(bundles, on="bundle_id").rename(columns={"iban": "account_iban"})[SINGLE]


def _instead(
    session: Session, late: pd.DataFrame, stored: pd.DataFrame, new: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Payments instead of the sum that came before them; where that is booked, they are set aside."""
    if late.empty:
        return new, ()
    live = session.rows_of("payment_allocations", "payment_id", late["payment_id"])
    booked = late["payment_id"].isin(live.loc[live["taken_back_by"].isna(), "payment_id"])
    gone = late[~booked].merge(stored[["payment_id", "version"]], on="payment_id")
    words = "its " + gone["number"].astype("str") + " payments are reported one by one"
    session.update("incoming_payments", INCOMING_PAYMENTS.conform(gone.assign(set_aside=words)), clock.now())
    whole = late[booked]
    whole = whole.assign(short=whole["payment_id"].str[:8])
    by_booking = whole.drop_duplicates(["message", "booking"]).set_index(["message", "booking"])["short"]
    sum_of = by_booking.reindex(pd.MultiIndex.from_frame(new[["message", "booking"]])).set_axis(new.index)
    notes = tuple(
        f"payment {one} is booked, and is the sum of {number} payments that are reported one by one now: these do"
        f" not count; to book them instead: invoicebatch payments unmatch {one}"
        for one, number in zip(whole["short"], whole["number"], strict=True)
    )
    aside = ("booked as a whole: payment " + sum_of).where(sum_of.notna(), new["set_aside"])
    return new.assign(set_aside=aside.astype("str")), notes


def incoming(workspace: WorkspaceBase) -> pd.DataFrame:
    """Every payment that came in, newest first.

    Returns:
        payment_id, booked_on datetime64[s], amount_cents int64, currency, payer, payer_iban, reference, text,
        status (booked, proposed, open, set_aside), proposals (a list of dicts: number, amount as decimal text,
        evidence; the best first, documents of one proposal share its `proposal`), booked (the same of what is
        booked), left_cents int64 (of it nothing is booked yet; the customer's credit where some is booked),
        set_aside (why it is none of ours).
    """
    with workspace.store.with_archive().read() as session:
        payments = session.whole("incoming_payments")
        allocations = session.whole("payment_allocations", LIVE)
        numbers = session.rows_of(
            "invoices", "invoice_id", allocations["invoice_id"], ["invoice_id", "number"]
        )
    rows = with_left(payments, allocations)
    waiting = rows[rows["set_aside"].isna() & rows["left_cents"].gt(0)]
    found = proposals(workspace, waiting.assign(amount_cents=waiting["left_cents"]))
    rows = rows.assign(status=_status(rows, found), proposals=_lists(rows, found))
    done = allocations.merge(numbers, on="invoice_id").rename(columns={"amount_cents": "cents"})
    rows = rows.assign(booked=_lists(rows, done))
    return rows.sort_values(["booked_on", "payment_id"], ascending=[False, True], ignore_index=True)[LISTED]


def waiting_with_proposals(workspace: WorkspaceBase) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The payments of which something is left, newest first, with left_cents; and what they may pay.

    Raises:
        RulesError: rules/matching.toml is wrong.
    """
    with workspace.store.read() as session:
        payments = session.whole("incoming_payments", "set_aside IS NULL")
        allocations = session.whole("payment_allocations", LIVE)
    rows = with_left(payments, allocations)
    rows = rows[rows["left_cents"].gt(0)].sort_values(["booked_on", "payment_id"], ascending=[False, True])
    rows = rows.reset_index(drop=True)
    return rows, proposals(workspace, rows.assign(amount_cents=rows["left_cents"]))


def _status(rows: pd.DataFrame, found: pd.DataFrame) -> "pd.Series[str]":
    proposed = rows["payment_id"].isin(found["payment_id"])
    status = proposed.map({True: IncomingStatus.PROPOSED.value, False: IncomingStatus.OPEN.value}).astype(
        "str"
    )
    status = status.mask(rows["left_cents"].lt(rows["amount_cents"]), IncomingStatus.BOOKED.value)
    return status.mask(rows["set_aside"].notna(), IncomingStatus.SET_ASIDE.value)


def _lists(rows: pd.DataFrame, found: pd.DataFrame) -> "pd.Series[Any]":
    """What is found of each payment, as a list of dicts."""
    by_payment: dict[str, list[dict[str, Any]]] = {}
    for row in found.to_dict("records"):
        one = {
            "number": row["number"],
            "amount": amount_text(row["cents"]),
            "evidence": row["evidence"],
        }
        if "proposal" in row:
            one["proposal"] = row["proposal"]
        by_payment.setdefault(row["payment_id"], []).append(one)
    return pd.Series(
        [by_payment.get(payment, []) for payment in rows["payment_id"]], rows.index, dtype=object
    )


def find(workspace: WorkspaceBase, payment: str) -> "pd.Series[Any]":
    """The one payment whose id begins so.

    Raises:
        UnknownNameError: none, or several, begin so.
    """
    with workspace.store.read() as session:
        payments = session.whole("incoming_payments")
    return only_match(payments, "payment_id", payment, "payment", "invoicebatch payments incoming")


def unmatch(workspace: WorkspaceBase, payment: str) -> Report:
    """Take a payment off the documents it was booked on; from now on it is booked by hand only.

    Raises:
        UnknownNameError: no payment begins so.
        ParameterError: nothing of it is booked.
    """
    full = str(find(workspace, payment)["payment_id"])
    with workspace.store.write() as session:
        rows = session.rows_of("payment_allocations", "payment_id", pd.Series([full]))
        live = rows[rows["booked"] & rows["taken_back_by"].isna()]
        bring_back(session, workspace, live["invoice_id"], f"payment {full[:8]} was taken back")
    if live.empty:
        raise ParameterError(f"Nothing of payment {full[:8]} is booked.")
    return run_action(
        workspace, "payments.unmatch", live["invoice_id"].drop_duplicates().tolist(), payment=full
    )


def set_aside(workspace: WorkspaceBase, payment: str, reason: str) -> str:
    """Mark a payment as none of ours; with an empty reason it waits again. Gives its full id.

    Raises:
        UnknownNameError: no payment begins so.
        ParameterError: some of it is booked.
    """
    full = str(find(workspace, payment)["payment_id"])
    with workspace.store.write() as session:
        row = session.rows_of("incoming_payments", "payment_id", pd.Series([full]))
        taken = session.rows_of("payment_allocations", "payment_id", row["payment_id"])
        if taken["taken_back_by"].isna().any():
            raise ParameterError(
                f"Some of payment {full[:8]} is booked.",
                f"Take it back first: invoicebatch payments unmatch {full[:8]}",
            )
        why = reason.strip()
        aside = row[["payment_id", "version"]].assign(set_aside=why or None)
        words = f"payment {full[:8]}: {why or 'waits again'}"
        details = {"payment": full, "reason": why}
        made = Record(str(uuid.uuid4()), "set_aside_payment", words, workspace.user, details)
        record(session, made, pd.Series(dtype="int64"))
        session.update("incoming_payments", INCOMING_PAYMENTS.conform(aside), clock.now())
    return full
