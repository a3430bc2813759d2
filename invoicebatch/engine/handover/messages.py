"""From outbox rows to messages: payload read, documents found and their bytes checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.engine.handover.threads import Result
from invoicebatch.errors import DocumentError
from invoicebatch.files.publish import sha256_of
from invoicebatch.model.outbox.payload import KINDS, Attachment, Payload
from invoicebatch.model.status import OutboxStatus

if TYPE_CHECKING:
    from invoicebatch.engine.base.workspace_base import WorkspaceBase


def load_messages(
    workspace: "WorkspaceBase", ids: Sequence[str], *, documents: bool = True
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
    kind, fault = KINDS.get(row["channel"], Payload), ""
    try:
        payload = kind.read(row["payload"])
    except ValueError as error:
        payload = kind.model_construct()
        fault = f"the message can't be read: {' '.join(str(error).split())}"[:300]
    message = Message(
        message_id=row["message_id"],
        recipient=row["recipient"],
        payload=payload,
        run_id=row["run_id"],
        invoice_id=None if pd.isna(row["invoice_id"]) else int(row["invoice_id"]),
        channel=row["channel"],
    )
    try:
        if documents and payload.attachments:
            message = message.attached([_checked(data, attachment) for attachment in payload.attachments])
    except DocumentError as error:
        fault = f"{error.message}. {error.hint}"
    return Result(message, Answer(OutboxStatus.FAILED, fault), int(row["attempts"]) + 1) if fault else message


def _checked(data: Path, attachment: Attachment) -> Path:
    """An attachment's file; its path is relative to the data folder, or absolute in a run's folder."""
    file = data / attachment.path
    advice = "Restore it from a backup, or regenerate the invoice, then send it again."
    if not file.is_file():
        raise DocumentError(f"document {attachment.path} is missing", advice)
    if sha256_of(file) != attachment.sha256:
        raise DocumentError(f"document {attachment.path} was changed since it was stored", advice)
    return file
