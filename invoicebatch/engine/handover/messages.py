"""From outbox rows to messages: payload read, documents found and their bytes checked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.threads import Result
from invoicebatch.errors import DocumentError
from invoicebatch.files.stored import stored_document
from invoicebatch.model.outbox.payload import KINDS, Payload
from invoicebatch.model.outbox.rows import further
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
        found = session.rows_of("outbox", "message_id", pd.Series(list(ids), dtype="str"))
        runs = session.rows_of("runs", "run_id", found["run_id"])
    found = found.set_index("message_id", drop=False).loc[list(ids)]
    folders = {
        run_id: workspace.data / folder for run_id, folder in zip(runs["run_id"], runs["folder"], strict=True)
    }
    messages = messages_of(found)
    if not documents:
        return messages
    return [
        with_documents(message, int(attempts), workspace.data, folders[message.run_id])
        if isinstance(message, Message)
        else message
        for message, attempts in zip(messages, found["attempts"], strict=True)
    ]


def messages_of(rows: pd.DataFrame) -> list[Message | Result]:
    """Rows of the outbox as messages without documents; one that can't be read is a failed result."""
    return [read_message(row) for row in rows.to_dict("records")]


def read_message(row: Mapping[Any, Any]) -> Message | Result:
    """The message of an outbox row, without its documents; one that can't be read is a failed result."""
    kind = KINDS.get(row["channel"], Payload)
    message = Message(
        message_id=row["message_id"],
        recipient=row["recipient"],
        payload=kind.model_construct(),
        run_id=row["run_id"],
        invoice_id=None if pd.isna(row["invoice_id"]) else int(row["invoice_id"]),
        also=further(row["also"]),
        channel=row["channel"],
    )
    try:
        return replace(message, payload=kind.read(row["payload"]))
    except ValueError as error:
        text = f"the message can't be read: {' '.join(str(error).split())}"[:300]
        return Result(message, Answer(OutboxStatus.FAILED, text), int(row["attempts"]) + 1)


def with_documents(message: Message, attempts: int, data: Path, folder: Path) -> Message | Result:
    """The message with its documents, which lie in the archive or in the folder of its run."""
    try:
        return message.attached(
            [stored_document(data, each.path, each.sha256, folder) for each in message.payload.attachments]
        )
    except DocumentError as error:
        answer = Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        return Result(message, answer, attempts + 1)
