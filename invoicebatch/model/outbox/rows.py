"""Rows of the outbox, made in one way by all that send, and the files that go along."""

from collections.abc import Iterable
from mimetypes import guess_type
from pathlib import PurePath
from typing import Final

import pandas as pd

from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import Attachment, Payload

COLUMNS: Final = ("message_id", "run_id", "invoice_id", "channel", "recipient", "payload")


def outbox_rows(run_id: str, messages: Iterable[tuple[int | None, str, Payload]]) -> pd.DataFrame:
    """Rows of the outbox; made again, a message has the same id, so it is known as the same.

    Args:
        run_id: the run that prepares the messages.
        messages: invoice id (None: about no invoice), recipient and payload; at most one a channel
            and invoice.

    Returns:
        One row a message: message_id, run_id, channel, recipient, payload (JSON) str, invoice_id Int64.
    """
    rows = [
        (
            derived_id("message", run_id, invoice_id, payload.channel),
            run_id,
            invoice_id,
            payload.channel,
            recipient,
            payload.model_dump_json(),
        )
        for invoice_id, recipient, payload in messages
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"invoice_id": "Int64"})


def file_attachments(files: pd.DataFrame) -> dict[int, tuple[Attachment, ...]]:
    """The files made for a batch (`Batch.files`) as attachments under their own names, by invoice id."""
    found: dict[int, tuple[Attachment, ...]] = {}
    if files.empty:
        return found
    columns = (files[name] for name in ("invoice_id", "path", "sha256", "name"))
    for invoice_id, path, sha256, name in zip(*columns, strict=True):
        media = _TYPES.get(PurePath(name).suffix.lower()) or guess_type(name)[0] or "application/octet-stream"
        attachment = Attachment(path=path, sha256=sha256, name=PurePath(name).name, type=media)
        found[int(invoice_id)] = (*found.get(int(invoice_id), ()), attachment)
    return found


_TYPES: Final = {".xml": "application/xml"}
