"""What happened to an invoice in the words of the screen: labels of columns and values, numbers of other documents, why it failed.

Plain values alone, so that `history` starts fast.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from invoicebatch.model.schema import TABLES, Column, Type
from invoicebatch.model.words import words

DOCUMENTS: Final = ("credited_by", "credit_of")
"""Columns of an invoice that hold the id of another."""

_COLUMNS: Final[Mapping[str, Column]] = {column.name: column for column in TABLES["invoices"].columns}
_SILENT: Final = ("document_path", "document_sha256")
"""What nobody reads: the version says that there is a document."""
_NAME: Final = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)?")
_UUID: Final = re.compile(r"([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def called(event: str) -> str:
    """What an event is called: of an action its name in words, else what it says itself.

    >>> called("mark_as.shipped")
    'Mark as shipped'
    """
    return words(event.replace(".", " ")) if _NAME.fullmatch(event) else event


def told(event: Mapping[str, Any], documents: Mapping[int, str]) -> list[str]:
    """What an event changed and what was said about it, an item each; first why it failed.

    Args:
        event: a row of `engine.history`.
        documents: what other invoices are called, by id.
    """
    return list(_told(event, documents))


def _told(event: Mapping[str, Any], documents: Mapping[int, str]) -> Iterator[str]:
    if event["reason"]:
        yield f"Failed: {event['reason']}"
    for name, pair in event["changes"].items():
        again = name == "failure" and pair["after"] == event["reason"]
        if name not in _SILENT and not again:
            before, after = (_value(name, pair[side], documents) for side in ("before", "after"))
            yield f"{_label(name)}: {before} → {after}"
    for name, value in event["details"].items():
        yield f"{words(name)}: {value}"


def _label(name: str) -> str:
    column = _COLUMNS.get(name)
    return words(column.frame_name if column else name).removesuffix(" id")


def _value(name: str, value: str | None, documents: Mapping[int, str]) -> str:
    column = _COLUMNS.get(name)
    if value is None or column is None:
        return "–" if value is None else value
    if name in DOCUMENTS:
        return documents.get(int(value), value)
    if column.values:
        return words(value)
    if column.type is Type.BOOLEAN:
        return "yes" if value == "true" else "no"
    return value[:16] if column.type is Type.TIMESTAMP else _UUID.sub(r"\1", value)
