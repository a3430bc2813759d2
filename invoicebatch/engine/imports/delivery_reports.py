"""What a report of a mail server changes: the mail, its rows, the address; in one transaction, and once.

Anybody can write such a report. It counts only with the id of a mail that we sent and an address it went to.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.delivery.mail.bounces import Report
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.messages import messages_of
from invoicebatch.engine.handover.outcomes import retotal, settle
from invoicebatch.engine.handover.threads import Result
from invoicebatch.engine.run.record import Record, record
from invoicebatch.errors import UnknownNameError
from invoicebatch.model.contact.bounced import MARKS
from invoicebatch.model.contact.mailbox import address_fault, addresses_in, ascii_address
from invoicebatch.model.counted import counted
from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import by_document
from invoicebatch.model.status import OutboxStatus
from invoicebatch.store import Session

COLUMNS: Final = ("file", "recipient", "message_id", "number", "text", "outcome")
REPORTS: Final = "delivery_reports"
FAILED: Final = "failed"
PARTLY: Final = "failed for this address, not for the mail's others"
FAILURES: Final = (FAILED, PARTLY)
KNOWN: Final = "known already"
ALREADY: Final = " already"
STRANGE: Final = "is about an address to which the mail did not go"
FOREIGN: Final = "is about no mail of ours"
WAITS: Final = "the mail is still being sent; it is read again later"
_SENT: Final = (OutboxStatus.SENT, OutboxStatus.IN_DOUBT)
_ENDED: Final = (OutboxStatus.FAILED, OutboxStatus.ACCEPTED)


def book(workspace: WorkspaceBase, reports: Sequence[Report]) -> pd.DataFrame:
    """Bring reports to their mails.

    A mail that failed for all its addresses becomes `failed`, with all documents it carries; one that failed
    for some of them stays as it is, and says so. An address that can't be reached is marked. What else is
    reported is an event of the documents.

    Returns:
        A row a report (of those on mails or addresses that are not ours one a mail): file, recipient, message_id, number,
        text str; outcome str: `failed`, `PARTLY`, delayed, delivered, relayed, expanded, or why it changes
        nothing; booked, known, waits bool: it is done with, was before, or comes too early.
    """
    with workspace.store.write() as session:
        ids = pd.Series([report.message_id for report in reports], dtype="str")
        mails = session.rows_of("outbox", "message_id", ids)
        mails = mails[mails["channel"] == EmailPayload.channel]
        earlier = session.rows_of(REPORTS, "message_id", ids)
        rows = _judged(reports, mails, set(earlier["report_id"]))
        taken = rows[rows["outcome"] == ""]
        if len(taken):
            rows.loc[taken.index, "outcome"] = _keep(session, taken, earlier, mails, workspace.user)
        first = by_document(mails).drop_duplicates("message_id").set_index("message_id")["invoice_id"]
        invoices = session.rows_of("invoices", "invoice_id", first, ["invoice_id", "number"])
    numbers = invoices.set_index("invoice_id")["number"]
    rows["number"] = rows["message_id"].map(first).map(numbers).astype("str")
    outcome = rows["outcome"]
    done = rows.index.isin(taken.index) | outcome.eq(KNOWN) | outcome.str.endswith(ALREADY)
    return rows.assign(booked=done, known=outcome == KNOWN, waits=outcome == WAITS)


def _judged(reports: Sequence[Report], mails: pd.DataFrame, known: set[str]) -> pd.DataFrame:
    """A row a report, with what it is about; `outcome` says why it changes nothing, or is empty."""
    by_id = {str(mail["message_id"]): mail for mail in mails.to_dict("records")}
    rows = []
    for report in reports:
        mail = by_id.get(report.message_id, {})
        ours = _address_of(report, mail)
        report_id = derived_id("delivery report", report.report_id, report.message_id, ours, report.action)
        outcome = report.unread or (KNOWN if report_id in known else _refused(mail, ours))
        if not outcome:
            known.add(report_id)
        about = (report.place, ours or ", ".join(report.recipients[:1]), report.message_id, report.words)
        rows.append((*about, outcome, report_id, report.action, mail.get("attempts", 0), report.of_address,
                     report.sent_at))  # fmt: skip
    names = ["file", "recipient", "message_id", "text", "outcome", "report_id", "action", "attempt",
             "of_address", "sent_at"]  # fmt: skip
    found = pd.DataFrame(rows, columns=names).astype({"outcome": "str", "of_address": bool})
    doubled = found["outcome"].isin([STRANGE, FOREIGN]) & found.duplicated(["file", "outcome"])
    return found[~doubled].reset_index(drop=True)


def _address_of(report: Report, mail: Mapping[Any, Any]) -> str:
    """The address a mail went to that a report is about, as we know it in small letters; empty: none."""
    for address in addresses_in(str(mail.get("recipient", ""))):
        if address_fault(address):
            continue
        if {address.lower(), ascii_address(address).lower()} & set(report.recipients):
            return address.lower()
    return ""


def _refused(mail: Mapping[Any, Any], address: str) -> str:
    """Why a report on a mail changes nothing; empty: it may."""
    if not mail:
        return FOREIGN
    state = OutboxStatus(mail["status"])
    if not address:
        return STRANGE
    if state in _SENT:
        return ""
    return f"the mail is {state}{ALREADY}" if state in _ENDED else WAITS


def _keep(
    session: Session, taken: pd.DataFrame, earlier: pd.DataFrame, mails: pd.DataFrame, user: str
) -> "pd.Series[str]":
    """Write what was taken; gives the outcome of each."""
    now = clock.now()
    kept = taken[["report_id", "message_id", "attempt", "recipient", "action"]].assign(
        words=taken["text"], place=taken["file"], received_at=now
    )
    session.insert(REPORTS, kept)
    _mark(session, taken[taken["of_address"]], now)
    failed = pd.concat([earlier, kept], ignore_index=True)
    failed = failed[failed["action"] == FAILED].merge(mails[["message_id", "attempts"]], on="message_id")
    # what was sent again has arrived, until it bounces again
    failed = failed[failed["attempt"] == failed["attempts"]]
    reached = failed.groupby("message_id")["recipient"].nunique()
    sent_to = mails.set_index("message_id")["recipient"].map(lambda to: len(addresses_in(to.lower())))
    lost = mails[mails["message_id"].map(reached).fillna(0) >= mails["message_id"].map(sent_to)]
    lost = lost[lost["message_id"].isin(taken["message_id"][taken["action"] == FAILED])]
    words = failed.groupby("message_id")["words"].agg(lambda said: "; ".join(dict.fromkeys(said)))
    _fail(session, lost, words, now, user)
    outcome = taken["action"].astype("str")
    partly = (outcome == FAILED) & ~taken["message_id"].isin(lost["message_id"])
    outcome = outcome.mask(partly, PARTLY)
    _note(session, taken.assign(outcome=outcome)[~taken["message_id"].isin(lost["message_id"])], mails, user)
    return outcome


def _mark(session: Session, reports: pd.DataFrame, now: datetime) -> None:
    """Mark addresses; one that is marked stays as it is."""
    fresh = reports.drop_duplicates("recipient")
    known = session.rows_of(MARKS, "address", fresh["recipient"])["address"]
    fresh = fresh[~fresh["recipient"].isin(known)]
    on = pd.to_datetime(fresh["sent_at"], utc=True).dt.tz_localize(None).fillna(now)
    on = on.where(on < now, pd.Timestamp(now))
    marks = fresh[["message_id"]].assign(
        address=fresh["recipient"], words=fresh["text"], bounced_on=on.dt.normalize()
    )
    session.insert(MARKS, marks.reset_index(drop=True))


def _fail(session: Session, mails: pd.DataFrame, words: "pd.Series[str]", now: datetime, user: str) -> None:
    attempts = dict(zip(mails["message_id"], mails["attempts"], strict=True))
    messages = [message for message in messages_of(mails) if isinstance(message, Message)]
    for run_id in dict.fromkeys(message.run_id for message in messages):
        results = [
            Result(m, Answer(OutboxStatus.FAILED, f"bounced: {words[m.message_id]}; check the contact details"),
                   int(attempts[m.message_id]))
            for m in messages if m.run_id == run_id
        ]  # fmt: skip
        settle(session, run_id, results, now, user, afterwards=True)
        retotal(session, run_id, clock.today())


def _note(session: Session, reports: pd.DataFrame, mails: pd.DataFrame, user: str) -> None:
    """What is no failure of the mail is an event of its documents; of an address that failed the mail tells too."""
    now = clock.now()
    partly = reports[reports["outcome"] == PARTLY].drop_duplicates("message_id", keep="last")
    told = "bounced for " + partly["recipient"] + ", not for its other addresses: " + partly["text"]
    session.update("outbox", partly[["message_id"]].assign(answer=told.astype("str")), now)
    each = by_document(mails)[["message_id", "run_id", "invoice_id"]].merge(reports, on="message_id")
    each = each.dropna(subset="invoice_id")
    if each.empty:
        return
    short = each["message_id"].str[:8] + ", report " + each["report_id"].str[:8]
    details = [
        json.dumps({"message_id": message_id, "answer": words}, ensure_ascii=False)
        for message_id, words in zip(each["message_id"], each["text"], strict=True)
    ]
    events = each[["run_id", "invoice_id"]].assign(
        event="email " + each["action"] + " for " + each["recipient"] + " (" + short + ")",
        at=now,
        user=user,
        details=details,
    )
    write_events(session, events.astype({"invoice_id": "int64", "event": "str"}))


def bounced_addresses(workspace: WorkspaceBase) -> pd.DataFrame:
    """The addresses that nothing is mailed to: address, bounced_on, words, message_id."""
    with workspace.store.read() as session:
        return session.whole(MARKS)


def accept_addresses(workspace: WorkspaceBase, addresses: Sequence[str]) -> pd.DataFrame:
    """Lift the marks of addresses that a person knows to be good; returns them, see `bounced_addresses`.

    Raises:
        UnknownNameError: an address is not marked; nothing is lifted.
    """
    wanted = list(dict.fromkeys(address.strip().lower() for address in addresses))
    with workspace.store.write() as session:
        marks = session.rows_of(MARKS, "address", pd.Series(wanted, dtype="str"))
        if unknown := [address for address in wanted if address not in set(marks["address"])]:
            raise UnknownNameError(
                f"{unknown[0]} is not marked as bounced.", "See them with: invoicebatch outbox accept-address"
            )
        session.delete(MARKS, marks[["address"]], clock.now())
        words = f"{counted(len(marks), 'bounced address', 'bounced addresses')} accepted"
        details = {"addresses": wanted}
        made = Record(str(uuid.uuid4()), "outbox.accept_address", words, workspace.user, details)
        record(session, made, pd.Series(dtype="int64"))
    return marks
