"""Mails of a plan sent to a person who wants to see them arrive: marked as tests, noted as events, nothing else.

No outbox row is made and no run claimed, so a real run afterwards does what it would have done.
"""

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from invoicebatch.delivery.channel import Answer, Channel, Message
from invoicebatch.delivery.open_channel import open_channel
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.handover.threads import answered
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.run.rehearsal import Made, Rehearsal
from invoicebatch.errors import StorageError, UsageError
from invoicebatch.formats.mail.trial import as_test
from invoicebatch.model.contact.mailbox import address_fault
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.status import OutboxStatus

MOST: Final = 20


def send_test(plan: Plan, to: str, limit: int) -> pd.DataFrame:
    """The first mails of a plan to a person; see `Plan.send_test`."""
    if fault := address_fault(to):
        raise UsageError(f"A test can't be sent: {fault}.", "Give one mail address, such as your own.")
    if not 1 <= limit <= MOST:
        raise UsageError(f"A test is 1 to {MOST} mails, not {limit}.")
    mails = [at for at, (channel, _) in enumerate(plan.messages.found) if channel == EmailPayload.channel]
    if not mails:
        raise UsageError(f"{plan.action.label}: no mail is among what this run would send.")
    workspace, rehearsal = plan.workspace, Rehearsal(plan)
    channel = open_channel(EmailPayload.channel, workspace.settings, workspace.root)
    trial = _Trial(rehearsal, channel, to.strip())
    try:
        _connect(channel)
        with rehearsal.made(mails[:limit]) as made:
            return pd.DataFrame([trial.send(at, made(at)) for at in mails[:limit]])
    finally:
        channel.close()


def _connect(channel: Channel) -> None:
    try:
        channel.connect()
    except OSError as error:
        raise StorageError(f"No test was sent: {error}") from error


class _Trial:
    """The mails of one test."""

    def __init__(self, rehearsal: Rehearsal, channel: Channel, to: str) -> None:
        self._rehearsal = rehearsal
        self._channel = channel
        self._to = to
        self._id = str(uuid.uuid4())

    def send(self, at: int, made: Made) -> dict[str, Any]:
        """Hand one mail over, if it can be made; an event before it and one after."""
        carried = self._rehearsal.outgoing[at][1]
        numbers = ", ".join(self._rehearsal.rows["number"].loc[list(carried)])
        row: dict[str, Any] = {
            "at": at + 1,
            "number": numbers,
            "recipient": "",
            "to": self._rehearsal.plan.workspace.settings.mail.redirect_to or self._to,
            "subject": "",
        }
        if made.message is None:
            return {**row, "outcome": OutboxStatus.FAILED.value, "answer": made.problem}
        payload = as_test(made.message.payload_as(EmailPayload), made.message.recipient)
        test = replace(made.message, message_id=f"test-{uuid.uuid4()}", recipient=self._to, payload=payload)
        row |= {"recipient": made.message.recipient, "subject": payload.subject}
        self._note(carried, "begun", test, row)
        answer = answered(lambda: self._handed(test))
        pending = answer.status is OutboxStatus.PENDING  # nothing was taken, and a test is not tried again
        row |= {"outcome": (OutboxStatus.FAILED if pending else answer.status).value, "answer": answer.text}
        self._note(carried, row["outcome"], test, row)
        return row

    def _handed(self, test: Message) -> Answer:
        time.sleep(self._channel.pause(test))
        return self._channel.hand_over(test)

    def _note(self, carried: Iterable[int], what: str, test: Message, row: dict[str, Any]) -> None:
        plan = self._rehearsal.plan
        kept = {name: row[name] for name in ("to", "subject", "answer") if name in row}
        events = pd.DataFrame({"invoice_id": list(carried)}).assign(
            run_id=self._id,
            event=f"test of {plan.action.name} {what}",
            at=clock.now(),
            user=plan.workspace.user,
            details=json.dumps({"message_id": test.message_id, **kept}, ensure_ascii=False),
        )
        with plan.workspace.store.write() as session:
            write_events(session, events)
