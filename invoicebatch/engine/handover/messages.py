"""From outbox rows to messages: payload read, documents found and their bytes checked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.delivery.channel import Answer, Message
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.threads import Result
from invoicebatch.errors import DocumentError
from invoicebatch.files.publish import sha256_of
from invoicebatch.model.status import OutboxStatus


def load_messages(
    workspace: WorkspaceBase, ids: Sequence[str], *, documents: bool = True
) -> list[Message | Result]:
    """The messages of some ids, in that order.

    A message whose document is missing or changed comes back as a failed result: nothing goes out.

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
    payload = json.loads(row["payload"])
    invoice_id = None if pd.isna(row["invoice_id"]) else int(row["invoice_id"])
    plain = Message(
        message_id=row["message_id"],
        recipient=row["recipient"],
        payload=payload,
        run_id=row["run_id"],
        invoice_id=invoice_id,
        channel=row["channel"],
    )
    if not documents:
        return plain
    try:
        files = tuple(_checked(data, each) for each in payload.get("attachments", ()))
    except DocumentError as error:
        answer = Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        return Result(plain, answer, int(row["attempts"]) + 1)
    return plain.attached(files)


def _checked(data: Path, described: dict[str, str]) -> Path:
    """An attachment's file; its path is relative to the data folder, or absolute in a run's folder."""
    file = data / described["path"]
    advice = "Restore it from a backup, or regenerate the invoice, then send it again."
    if not file.is_file():
        raise DocumentError(f"document {described['path']} is missing", advice)
    if sha256_of(file) != described["sha256"]:
        raise DocumentError(f"document {described['path']} was changed since it was stored", advice)
    return file
