"""What an answer changes: the outbox row, the invoice, the run's row and an event, in one transaction."""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.delivery.channel import Message
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.handover.messages import messages_of
from invoicebatch.engine.handover.threads import Result
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.outbox.rows import by_document
from invoicebatch.model.status import ExportStatus, OutboxStatus, RowOutcome, ShippingStatus
from invoicebatch.store import Session

_AMOUNT: Final = re.compile(r"[A-Z]{3}_cents")
_HEALED: Final = (OutboxStatus.SENT, OutboxStatus.ACCEPTED)
_BROKEN: Final = (OutboxStatus.FAILED, OutboxStatus.IN_DOUBT)
_DOUBT: Final = (
    "in doubt whether it arrived; look at the other side, then: invoicebatch outbox resend or mark-sent"
)


def settle(
    session: Session,
    run_id: str,
    results: Sequence[Result],
    now: datetime,
    user: str,
    *,
    afterwards: bool = False,
) -> None:
    """Write what became of some messages of a run; `afterwards`: learnt later, not by handing them over.

    A `sent` or `failed` message sets the shipping status of all documents it carries (an external one:
    the export status, where the message asks for it); a failed or doubtful one makes their rows `failed`.
    A failure learnt later leaves the shipping status of a document alone that another message brings since.
    """
    if not results:
        return
    session.update("outbox", _outbox(results), now)
    results = [each for result in results for each in result.by_document()]
    shipping = [r for r in results if r.message.payload.ships]
    if afterwards:
        shipping = _not_overtaken(session, shipping)
    for frame in (*_shipping(shipping, now), *_exporting(results, now)):
        session.update("invoices", _once(frame), now)
    _mark_documents(session, _with_invoice(shipping, OutboxStatus.SENT), now)
    for frame in _rows(results):
        session.settle(run_id, _once(frame))
    moment = f" at {now:%Y-%m-%d %H:%M:%S.%f}" if afterwards else ""
    write_events(session, _events(run_id, results, now, user, moment))


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """The last row of each document: a message that was sent again is about the same one."""
    return frame.drop_duplicates("invoice_id", keep="last")


def _not_overtaken(session: Session, results: Sequence[Result]) -> list[Result]:
    """Without failures of messages whose document another, later message brings or brought."""
    failed = _with_invoice(results, OutboxStatus.FAILED)
    box = session.rows_of("outbox", "message_id", session.messages_carrying(_ids(failed)))
    made = box.set_index("message_id")["created_at"]
    ships = [isinstance(each, Message) and each.payload.ships for each in messages_of(box)]
    others = by_document(box[pd.Series(ships, box.index, dtype=bool) & box["status"].ne(OutboxStatus.FAILED)])
    others = others[~others["message_id"].isin([r.message_id for r in failed])]
    newest = others.groupby("invoice_id")["created_at"].max()
    return [
        r
        for r in results
        if r.answer.status is not OutboxStatus.FAILED
        or not newest.get(r.message.invoice_id, pd.NaT) > made.get(r.message_id, pd.NaT)
    ]


def retotal(session: Session, run_id: str, today: date) -> None:
    """Set a run's totals anew: amounts of the rows done only, and how many messages are in each state."""
    rows = session.taken_rows(run_id)
    done = rows.loc[rows["outcome"] == RowOutcome.DONE.value, "invoice_id"].to_numpy(np.int64)
    frame = session.overview(["invoice_id", "currency", "total_cents"], today, done)
    sums = frame.groupby("currency", observed=True)["total_cents"].sum()
    states = session.outbox_heads("run_id = $run_id AND invoice_id IS NOT NULL", run_id=run_id)["status"]
    run = session.run(run_id)
    stored: dict[str, int] = json.loads(run["totals"]) if run else {}
    stale = {name for name in stored if name in set(OutboxStatus) or _AMOUNT.fullmatch(name)}
    totals = {name: value for name, value in stored.items() if name not in stale}
    totals |= {f"{currency}_cents": int(cents) for currency, cents in sums.items()}
    totals |= {str(state): int(count) for state, count in states.astype("str").value_counts().items()}
    session.note_run(run_id, totals=json.dumps(totals))


def _outbox(results: Sequence[Result]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "message_id": [r.message_id for r in results],
            "status": [r.answer.status.value for r in results],
            "attempts": [r.attempts for r in results],
            "answer": pd.Series([r.answer.text for r in results], dtype="str"),
            "reference": pd.Series([r.answer.reference for r in results], dtype="str"),
        }
    )


def _with_invoice(results: Sequence[Result], status: OutboxStatus) -> list[Result]:
    return [r for r in results if r.answer.status is status and r.message.invoice_id is not None]


def _ids(results: Sequence[Result]) -> "pd.Series[int]":
    return pd.Series([r.message.invoice_id for r in results], dtype="int64")


def _shipping(results: Sequence[Result], now: datetime) -> list[pd.DataFrame]:
    sent, failed = (_with_invoice(results, s) for s in (OutboxStatus.SENT, OutboxStatus.FAILED))
    arrived = pd.DataFrame(
        {
            "invoice_id": _ids(sent),
            "shipping_status": ShippingStatus.SENT.value,
            "shipping_channel": pd.Series([r.message.channel for r in sent], dtype="str"),
            "sent_at": now,
            "failure": pd.Series([None] * len(sent), dtype="str"),
        }
    )
    refused = pd.DataFrame(
        {
            "invoice_id": _ids(failed),
            "shipping_status": ShippingStatus.FAILED.value,
            "failure": pd.Series([r.answer.text for r in failed], dtype="str"),
        }
    )
    return [frame for frame in (arrived, refused) if len(frame)]


def _mark_documents(session: Session, sent: Sequence[Result], now: datetime) -> None:
    """Note on the document's version that it reached the customer; the first time stays.

    It is the version that was attached; an e-invoice without PDF stands for the current one.
    """
    ids = _ids(sent)
    stored = session.rows_of("documents", "invoice_id", ids)
    if stored.empty:
        return
    files = [(r.message.invoice_id, file) for r in sent for file in r.message.payload.attachments]
    paths = [(invoice_id, path) for invoice_id, file in files for path in (file.path, *file.merged_from)]
    stored["attached"] = pd.MultiIndex.from_frame(stored[["invoice_id", "path"]]).isin(paths)
    current = session.overview(["document_version"], now.date(), np.asarray(ids, np.int64)).set_index(
        "invoice_id"
    )
    is_current = stored["document_version"].eq(stored["invoice_id"].map(current["document_version"]))
    without = ~stored.groupby("invoice_id")["attached"].transform("any")
    chosen = (stored["attached"] | (without & is_current.fillna(value=False))) & stored["sent_at"].isna()
    session.update(
        "documents", stored.loc[chosen, ["invoice_id", "document_version"]].assign(sent_at=now), now
    )


def _exporting(results: Sequence[Result], now: datetime) -> list[pd.DataFrame]:
    arrived = [
        r
        for r in _with_invoice(results, OutboxStatus.SENT)
        if isinstance(r.message.payload, ExternalPayload) and r.message.payload.mark_as_exported
    ]
    frame = pd.DataFrame(
        {"invoice_id": _ids(arrived), "export_status": ExportStatus.EXPORTED.value, "exported_at": now}
    )
    return [frame] if len(frame) else []


def _rows(results: Sequence[Result]) -> list[pd.DataFrame]:
    named = [r for r in results if r.message.invoice_id is not None]
    healed = [r for r in named if r.answer.status in _HEALED]
    broken = [r for r in named if r.answer.status in _BROKEN]
    frames = [
        pd.DataFrame({"invoice_id": _ids(healed)}).assign(
            outcome=RowOutcome.DONE.value, reason=_none(healed)
        ),
        pd.DataFrame({"invoice_id": _ids(broken)}).assign(
            outcome=RowOutcome.FAILED.value, reason=pd.Series([_reason(r) for r in broken], dtype="str")
        ),
    ]
    return [frame for frame in frames if len(frame)]


def _none(results: Sequence[Result]) -> "pd.Series[str]":
    return pd.Series([None] * len(results), dtype="str")


def _reason(result: Result) -> str:
    text = result.answer.text
    return f"{text}; {_DOUBT}" if result.answer.status is OutboxStatus.IN_DOUBT else text


def _events(run_id: str, results: Sequence[Result], now: datetime, user: str, moment: str) -> pd.DataFrame:
    """One event a message and document; the same attempt may be judged several times, told apart by the moment."""
    rows: list[dict[str, Any]] = [
        {
            "run_id": run_id,
            "invoice_id": r.message.invoice_id,
            "event": f"{r.message.channel} {r.answer.status.value}, attempt {r.attempts} ({r.message_id[:8]}){moment}",
            "at": now,
            "user": user,
            "details": json.dumps({"message_id": r.message_id, "answer": r.answer.text}, ensure_ascii=False),
        }
        for r in results
        if r.message.invoice_id is not None and r.answer.status is not OutboxStatus.PENDING
    ]
    return pd.DataFrame(rows)
