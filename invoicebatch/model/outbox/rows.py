"""Rows of the outbox, made in one way by all that send, and the files that go along."""

import json
from collections.abc import Iterable
from mimetypes import guess_type
from pathlib import PurePath
from typing import Any, Final

import pandas as pd

from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import Attachment, Payload

COLUMNS: Final = ("message_id", "run_id", "invoice_id", "also", "channel", "recipient", "payload")

About = int | tuple[int, ...] | None
"""The documents that a message carries, by invoice id; None: it is about no invoice."""


def outbox_rows(run_id: str, messages: Iterable[tuple[About, str, Payload]]) -> pd.DataFrame:
    """Rows of the outbox; made again, a message has the same id, so it is known as the same.

    Args:
        run_id: the run that prepares the messages.
        messages: the documents, recipient and payload; no two of a channel carry the same document.

    Returns:
        One row a message: message_id, run_id, channel, recipient, payload, also (JSON) str, invoice_id
        Int64; it is named after the first of its documents, `also` lists the others.
    """
    rows = [_row(run_id, *message) for message in messages]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"invoice_id": "Int64", "also": "str"})


def _row(run_id: str, about: About, recipient: str, payload: Payload) -> tuple[Any, ...]:
    first, *others = about if isinstance(about, tuple) else (about,)
    message_id = derived_id("message", run_id, first, payload.channel)
    also = json.dumps(others) if others else None
    return message_id, run_id, first, also, payload.channel, recipient, payload.model_dump_json()


def further(also: Any) -> tuple[int, ...]:
    """The ids in an outbox row's `also`."""
    return tuple(json.loads(also)) if isinstance(also, str) else ()


def by_document(messages: pd.DataFrame) -> pd.DataFrame:
    """Outbox rows once for each document they carry, without `also`; one about no invoice stays one row."""
    ids = [
        (first, *further(also)) for first, also in zip(messages["invoice_id"], messages["also"], strict=True)
    ]
    each = messages.assign(invoice_id=pd.Series(ids, index=messages.index, dtype=object))
    return each.drop(columns="also").explode("invoice_id", ignore_index=True).astype({"invoice_id": "Int64"})


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
