"""From outbox rows to messages: payload read, documents found and their bytes checked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.threads import Result
from invoicebatch.errors import DocumentError
from invoicebatch.files.publish import sha256_of
from invoicebatch.model.outbox.payload import KINDS, Attachment, Payload
from invoicebatch.model.status import OutboxStatus


def load_messages(
    workspace: WorkspaceBase, ids: Sequence[str], *, documents: bool = True
) -> list[Message | Result]:
    """The messages of some ids, in that order.

    A message that can't be read, or whose document is missing or changed, comes back as a failed
    result: nothing goes out.

    Args:
        workspace: where.
        ids: message ids.
        documents: find and check the attached documents.
    """
    with workspace.store.read() as session:
        rows = session.rows_of("outbox", "message_id", pd.Series(list(ids), dtype="str"))
    by_id = {row["message_id"]: row for row in rows.to_dict("records")}
    return [_message(workspace.data, by_id[message_id], documents=documents) for message_id in ids]


def _message(data: Path, row: dict[Any, Any], *, documents: bool) -> Message | Result:
    kind = KINDS.get(row["channel"], Payload)
    attempts = int(row["attempts"])
    plain = Message(
        message_id=row["message_id"],
        recipient=row["recipient"],
        payload=kind.model_construct(),
        run_id=row["run_id"],
        invoice_id=None if pd.isna(row["invoice_id"]) else int(row["invoice_id"]),
        channel=row["channel"],
    )
    try:
        message = replace(plain, payload=kind.read(row["payload"]))
    except ValueError as error:
        text = f"the message can't be read: {' '.join(str(error).split())}"[:300]
        return Result(plain, Answer(OutboxStatus.FAILED, text), attempts + 1)
    if not documents:
        return message
    try:
        return message.attached([_checked(data, attachment) for attachment in message.payload.attachments])
    except DocumentError as error:
        answer = Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        return Result(message, answer, attempts + 1)


def _checked(data: Path, attachment: Attachment) -> Path:
    """An attachment's file; its path is relative to the data folder, or absolute in a run's folder."""
    file = data / attachment.path
    advice = "Restore it from a backup, or regenerate the invoice, then send it again."
    if not file.is_file():
        raise DocumentError(f"document {attachment.path} is missing", advice)
    if sha256_of(file) != attachment.sha256:
        raise DocumentError(f"document {attachment.path} was changed since it was stored", advice)
    return file
