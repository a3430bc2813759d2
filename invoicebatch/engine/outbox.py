"""The outbox as a person handles it: listed, resent, marked as sent, asked about.

Sending again always goes through the run that prepared the message, so its promises hold here too.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.actions import find
from invoicebatch.delivery.channel import Answer, Message, TemporaryError
from invoicebatch.delivery.open_channel import open_channel
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.messages import load_messages
from invoicebatch.engine.handover.outcomes import retotal, settle
from invoicebatch.engine.handover.threads import Result
from invoicebatch.engine.handover.versions import with_versions
from invoicebatch.engine.run.record import Record, record
from invoicebatch.engine.run.runs import Runs
from invoicebatch.errors import BusyError, UnknownNameError, UsageError
from invoicebatch.model.counted import counted
from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import KINDS
from invoicebatch.model.outbox.rows import by_document
from invoicebatch.model.shown import shown
from invoicebatch.model.status import OutboxStatus, RunStatus, ShippingStatus
from invoicebatch.store import Session

_OPEN = (OutboxStatus.IN_DOUBT, OutboxStatus.FAILED)
_MARKABLE = (OutboxStatus.IN_DOUBT, OutboxStatus.ACCEPTED, OutboxStatus.FAILED)


class Outbox:
    """The messages of a workspace."""

    def __init__(self, workspace: WorkspaceBase) -> None:
        self._workspace = workspace

    @shown
    def list(self, *, status: str = "", channel: str = "", run: str = "") -> pd.DataFrame:
        """Messages, newest first, without their contents.

        Args:
            status: only those in this state, such as `in_doubt`.
            channel: only those of this channel.
            run: only those of this run (its first characters).

        Returns:
            message_id, number (of a message that carries several: all of them, by commas), channel,
            recipient, state, attempts, answer, invoice_id (of the first), run_id, reference, created_at,
            updated_at.
        """
        if status and status not in list(OutboxStatus):
            raise UnknownNameError(f"There is no state {status!r}.", f"States: {', '.join(OutboxStatus)}")
        where = "($status = '' OR status = $status) AND ($channel = '' OR channel = $channel) AND starts_with(run_id, $run)"
        with self._workspace.store.read() as session:
            heads = session.outbox_heads(where, status=status, channel=channel, run=run)
            each = _numbered(session, by_document(heads))
        numbers = each.dropna(subset="number").groupby("message_id")["number"].agg(", ".join)
        found = heads.assign(number=heads["message_id"].map(numbers).astype("str"))
        columns = ["message_id", "number", "channel", "recipient", "state", "attempts", "answer", "invoice_id",
                   "run_id", "reference", "created_at", "updated_at"]  # fmt: skip
        return found.rename(columns={"status": "state"})[columns].iloc[::-1].reset_index(drop=True)

    @shown
    def find(self, ids: Sequence[str]) -> pd.DataFrame:
        """The messages whose ids begin so; see `list` for the columns.

        Raises:
            UnknownNameError: none, or several, begin so.
        """
        every = self.list()
        wanted = [
            only_match(every, "message_id", text, "message", "invoicebatch outbox list").name for text in ids
        ]
        return every.loc[list(dict.fromkeys(wanted))].reset_index(drop=True)

    def resend(
        self, ids: Sequence[str], *, progress: bool = False, cancel: Event | None = None
    ) -> pd.DataFrame:
        """Send messages again: doubtful and failed ones as they are, a sent one as a new message.

        Each carries the version of its document that it carried before; see `about`.

        Returns:
            The messages that were sent again, as they are now; see `list`.

        Raises:
            UnknownNameError: no such message.
            UsageError: a message is under way, its document was sent by another message since, or
                what it says no longer holds, such as a reminder of what is paid.
            BusyError: another run holds one of the documents, or the message's run is at work.
        """
        chosen = self.find(ids)
        allowed = chosen["state"].isin([*_OPEN, OutboxStatus.SENT])
        _refuse(chosen[~allowed], "is under way; wait for its end")
        reopened: list[str] = []
        for run_id, group in chosen.groupby("run_id", sort=False):
            with self._idle(str(run_id)), self._workspace.store.write() as session:
                reopened += self._reopen(session, str(run_id), group).tolist()
                self._record(session, "outbox.resend", group)
        for run_id in chosen["run_id"].unique():
            Runs(self._workspace).resume(run_id, progress=progress, cancel=cancel)
        return self.find(reopened)

    @shown
    def about(self, ids: Sequence[str]) -> pd.DataFrame:
        """The messages (see `list`), a row a document that they carry: its number, the `action` of the run,
        `version` of the document and the `newest` there is (Int64; missing: none of ours).
        """
        chosen = self.find(ids)
        with self._workspace.store.read() as session:
            return with_versions(session, _numbered(session, _each(session, chosen)))

    def _record(self, session: Session, what: str, messages: pd.DataFrame) -> None:
        """Who decided about messages of a run, among the runs."""
        runs = ", ".join(sorted({str(run_id)[:8] for run_id in messages["run_id"]}))
        words = f"{counted(len(messages), 'message')} of run {runs}"
        details = {"messages": messages["message_id"].tolist()}
        made = Record(str(uuid.uuid4()), what, words, self._workspace.user, details)
        record(session, made, _ids(_each(session, messages)))

    @contextmanager
    def _idle(self, run_id: str) -> Iterator[None]:
        """Keep a run from starting; one at work would finish without the messages that are reopened now."""
        lock = self._workspace.store.run_lock(run_id)
        if not lock.acquire():
            raise BusyError(f"Run {run_id} is at work in another process.", "Wait until it has finished.")
        try:
            yield
        finally:
            lock.release()

    def _reopen(self, session: Session, run_id: str, messages: pd.DataFrame) -> "pd.Series[str]":
        """Make a run's messages wait again, and give their ids; the run is unfinished until they are settled."""
        _unchanged(session, messages)
        self._refuse_outdated(session, run_id, _each(session, messages))
        now = clock.now()
        each = _each(session, messages)
        ids = _ids(each)
        _free(session, ids, run_id)
        shipping = _shipping(session, each)
        state = session.rows_of("invoices", "invoice_id", shipping["invoice_id"])
        sent = state[state["shipping_status"] == ShippingStatus.SENT.value]["invoice_id"]
        meanwhile = shipping["invoice_id"].isin(sent) & (shipping["state"] != OutboxStatus.SENT)
        _refuse(shipping[meanwhile], "is about a document that was sent by another message since")
        old = messages[messages["state"].isin(_OPEN)][["message_id"]]
        session.update("outbox", old.assign(status=OutboxStatus.PENDING.value), now)
        again = messages[messages["state"] == OutboxStatus.SENT]
        copies = _copies(session, again["message_id"], now)
        session.insert("outbox", copies)
        sending = pd.DataFrame({"invoice_id": _ids(shipping)}).drop_duplicates()
        sending["shipping_status"] = ShippingStatus.SENDING.value
        # of a letter that went no answer comes that would take the failure away
        sending["failure"] = pd.array([None] * len(sending), dtype="str")
        session.update("invoices", sending, now)
        session.note_run(run_id, status=RunStatus.RUNNING.value)
        session.insert("claims", pd.DataFrame({"invoice_id": ids}).drop_duplicates().assign(run_id=run_id))
        reopened: pd.Series[str] = pd.concat([old["message_id"], copies["message_id"]])
        return reopened

    def _refuse_outdated(self, session: Session, run_id: str, messages: pd.DataFrame) -> None:
        """What a message says must still hold, as far as its action asks for it."""
        run = session.run(run_id)
        action = find(str(run["action"])) if run else None
        if action is None or not action.lasting:
            return
        ids = messages["invoice_id"].dropna().to_numpy(np.int64)
        frame = self._workspace.judged(session, ids, action)
        others = set(self._workspace.rules.rule(action.name).all_needs) - set(action.lasting)
        judged = self._workspace.evaluate(frame, picked_by_hand=True, action=action).without(others)
        reasons = pd.Series(judged.reasons(action.name).to_numpy(), index=frame["invoice_id"])
        for reason in reasons[reasons != ""].unique():
            about = reasons.index[reasons == reason]
            _refuse(messages[messages["invoice_id"].isin(about)], f"no longer holds: {reason}")

    @shown
    def mark_sent(self, ids: Sequence[str]) -> pd.DataFrame:
        """Note that messages arrived, as a person found out; returns them, see `list`.

        Raises:
            UnknownNameError: no such message.
            UsageError: a message is under way, or sent already.
        """
        chosen = self.find(ids)
        _refuse(chosen[~chosen["state"].isin(_MARKABLE)], "is neither in doubt, accepted nor failed")
        said = Answer(OutboxStatus.SENT, f"marked as sent by {self._workspace.user}")
        self.settle(chosen, said, "outbox.mark_sent")
        return self.find(chosen["message_id"].tolist())

    def settle(self, chosen: pd.DataFrame, answer: Answer | dict[str, Answer], what: str = "") -> None:
        """Bring what became of messages to them and to their documents.

        Args:
            chosen: the messages as they were seen, with the columns of `list`.
            answer: of all of them, or by message id.
            what: the record of who decided so; empty: nobody did.

        Raises:
            UsageError: a message was changed by somebody else meanwhile.
        """
        loaded = load_messages(self._workspace, chosen["message_id"].tolist(), documents=False)
        messages = [message for message in loaded if isinstance(message, Message)]
        attempts = dict(zip(chosen["message_id"], chosen["attempts"], strict=True))
        with self._workspace.store.write() as session:
            _unchanged(session, chosen)
            if what:
                self._record(session, what, chosen)
            for run_id in {message.run_id for message in messages}:
                results = [
                    Result(
                        m,
                        answer[m.message_id] if isinstance(answer, dict) else answer,
                        int(attempts[m.message_id]),
                    )
                    for m in messages
                    if m.run_id == run_id
                ]
                settle(session, run_id, results, clock.now(), self._workspace.user, afterwards=True)
                retotal(session, run_id, clock.today())

    @shown
    def poll(self) -> pd.DataFrame:
        """Ask what became of accepted messages; returns those with news, see `list`."""
        accepted = self.list(status=OutboxStatus.ACCEPTED)
        news: list[str] = []
        target = accepted["recipient"].where(accepted["channel"] == "external", "")
        for (name, place), group in accepted.groupby([accepted["channel"], target], sort=False):
            channel = open_channel(str(name), self._workspace.settings, self._workspace.root, str(place))
            try:
                channel.connect()
                known = group[group["reference"].notna()]
                answers = dict(channel.poll(dict(zip(known["message_id"], known["reference"], strict=True))))
            except TemporaryError:
                continue
            finally:
                channel.close()
            changed = group[group["message_id"].isin(answers)]
            self.settle(changed, answers)
            news += changed["message_id"].tolist()
        return self.find(news)


def _each(session: Session, messages: pd.DataFrame) -> pd.DataFrame:
    """Messages, see `Outbox.list`, once for each document they carry."""
    also = session.rows_of("outbox", "message_id", messages["message_id"], ["message_id", "also"])
    return by_document(messages.merge(also, on="message_id"))


def _numbered(session: Session, each: pd.DataFrame) -> pd.DataFrame:
    """Messages by document with its number."""
    rows = session.rows_of("invoices", "invoice_id", each["invoice_id"], ["invoice_id", "number"])
    return each.assign(number=each["invoice_id"].map(rows.set_index("invoice_id")["number"]))


def _ids(each: pd.DataFrame) -> "pd.Series[int]":
    return each["invoice_id"].dropna().astype("int64")


def _refuse(messages: pd.DataFrame, reason: str) -> None:
    messages = messages.drop_duplicates("message_id")
    if len(messages):
        first = messages.iloc[0]
        raise UsageError(
            f"Message {first['message_id'][:8]} to {first['recipient']} ({first['state']}) {reason}.",
            f"{len(messages):,} of the messages; leave them out.",
        )


def _unchanged(session: Session, seen: pd.DataFrame) -> None:
    """The messages must be in the states that they were seen in."""
    now = session.rows_of("outbox", "message_id", seen["message_id"]).set_index("message_id")["status"]
    changed = seen["message_id"].map(now.astype("str")) != seen["state"].astype("str")
    _refuse(seen[changed], "was changed by somebody else meanwhile; look at it again")


def _shipping(session: Session, messages: pd.DataFrame) -> pd.DataFrame:
    """Those that bring a document to its customer; a reminder or a record for another system does not."""
    rows = session.rows_of("outbox", "message_id", messages["message_id"])
    contents = zip(rows["channel"], rows["payload"], strict=True)
    ships = [KINDS[channel].read(payload).ships for channel, payload in contents]
    return messages[messages["message_id"].isin(rows.loc[ships, "message_id"])]


def _free(session: Session, ids: "pd.Series[int]", run_id: str) -> None:
    holders = session.holders(ids)
    other = holders[holders["run_id"] != run_id]
    if len(other):
        raise BusyError(
            f"Invoice {other['invoice_id'].iloc[0]} is busy in run {other['run_id'].iloc[0][:8]}."
        )
    session.delete("claims", holders[["invoice_id"]], clock.now())


def _copies(session: Session, ids: "pd.Series[str]", now: Any) -> pd.DataFrame:
    """New messages with the contents of sent ones."""
    rows = session.rows_of("outbox", "message_id", ids)
    if rows.empty:
        return rows
    fresh = [derived_id("again", message_id, now) for message_id in rows["message_id"]]
    return rows.assign(
        message_id=fresh, status=OutboxStatus.PENDING.value, attempts=0, answer=None, reference=None,
        created_at=now, updated_at=now,
    )  # fmt: skip
