"""From outbox rows to messages: payload read, documents found and their bytes checked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.engine.handover.threads import Result
from invoicebatch.errors import DocumentError
from invoicebatch.files.stored import stored_document
from invoicebatch.model.status import OutboxStatus

if TYPE_CHECKING:
    from invoicebatch.engine.base.workspace_base import WorkspaceBase


def load_messages(
    workspace: "WorkspaceBase", ids: Sequence[str], *, documents: bool = True
) -> list[Message | Result]:
    """The messages of some ids, in that order.

    A message whose document is missing or changed comes back as a failed result: nothing goes out.

    Args:
        workspace: where.
        ids: message ids.
        documents: find and check the attached documents.
    """
    with workspace.store.read() as session:
        found = session.rows_of("outbox", "message_id", pd.Series(list(ids), dtype="str"))
        runs = session.rows_of("runs", "run_id", found["run_id"])
    by_id = {row["message_id"]: row for row in found.to_dict("records")}
    rows = [by_id[message_id] for message_id in ids]
    if not documents:
        return [_message(row) for row in rows]
    folders = dict(zip(runs["run_id"], map(Path, runs["folder"]), strict=True))
    return [_with_documents(row, workspace.data, folders[row["run_id"]]) for row in rows]


def _message(row: dict[Any, Any]) -> Message:
    return Message(
        message_id=row["message_id"],
        recipient=row["recipient"],
        payload=json.loads(row["payload"]),
        run_id=row["run_id"],
        invoice_id=None if pd.isna(row["invoice_id"]) else int(row["invoice_id"]),
        channel=row["channel"],
    )


def _with_documents(row: dict[Any, Any], data: Path, folder: Path) -> Message | Result:
    """The message with its documents, which lie in the archive or in the folder of its run."""
    message = _message(row)
    try:
        files = tuple(
            stored_document(data, each["path"], each["sha256"], folder)
            for each in message.payload.get("attachments", ())
        )
    except DocumentError as error:
        answer = Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        return Result(message, answer, int(row["attempts"]) + 1)
    return message.attached(files)
