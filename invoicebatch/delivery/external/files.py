"""Files at any place fsspec reaches: a folder here, SFTP, an object store. One file a hand-over.

The file's name is derived from its messages, so handing over again replaces the same file.
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message, TemporaryError
from invoicebatch.delivery.external.address import address
from invoicebatch.errors import SettingsError
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.model.exports.record import target_columns
from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.schema import Column, Type
from invoicebatch.model.schema.types import TEXTS
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External

_RENAMED: Final = frozenset({"file", "local", "sftp", "ssh", "ftp", "smb"})
"""Places where a file is written under a temporary name first; the others write whole or not at all."""


class FilesChannel(ChannelDefaults):
    """A folder of files."""

    name = "external"
    bulk = 100_000

    def __init__(self, system: External, data: Path) -> None:
        self.attempts = system.attempts
        self.wait_seconds = system.wait_seconds
        self._system = system
        self._data = data
        self._fs: Any = None
        self._folder = ""

    def connect(self) -> None:
        """Open the place and make the folder.

        Raises:
            SettingsError: no such kind of place, or its library is not installed.
            TemporaryError: it can't be reached.
        """
        url = address(self._system)
        if "://" not in url:
            url = (self._data / url).resolve().as_uri()
        try:
            self._fs, self._folder = fsspec.core.url_to_fs(url)
            self._fs.makedirs(self._folder, exist_ok=True)
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"The place can't be used: {error}", "Correct the url of the external system."
            ) from error
        except OSError as error:
            raise TemporaryError(f"The place can't be reached: {error}") from error

    def hand_over(self, message: Message) -> Answer:
        """A file of one record."""
        return self.hand_over_many([message])[message.message_id]

    def hand_over_many(self, messages: Sequence[Message]) -> Mapping[str, Answer]:
        """Write one file with all records."""
        first = messages[0]
        part = derived_id("file", *sorted(message.message_id for message in messages))[:8]
        name = f"{first.recipient}-{first.run_id[:8]}-{part}.{self._system.format}"
        content = _content([message.payload_as(ExternalPayload).record for message in messages], self._system)
        try:
            place = self._write(name, content)
        except OSError as error:
            raise TemporaryError(f"{name} can't be written: {error}") from error
        return {
            message.message_id: Answer(OutboxStatus.SENT, f"in {place}", reference=name)
            for message in messages
        }

    def _write(self, name: str, content: bytes) -> str:
        path = f"{self._folder.rstrip('/')}/{name}"
        protocol = self._fs.protocol if isinstance(self._fs.protocol, str) else self._fs.protocol[0]
        if protocol not in _RENAMED:
            self._fs.pipe_file(path, content)
            return path
        scratch = f"{self._folder.rstrip('/')}/.{name}.part"
        self._fs.pipe_file(scratch, content)
        if protocol not in ("file", "local") and self._fs.exists(path):
            self._fs.rm_file(path)
        self._fs.mv(scratch, path)
        return path

    def recover(self, message: Message) -> Answer:  # noqa: ARG002
        """The same records make the same file again."""
        return Answer(OutboxStatus.PENDING, "interrupted; written again", retry_after=0.0)


def _content(records: list[dict[str, Any]], system: External) -> bytes:
    columns = target_columns(system)
    match system.format:
        case "jsonl":
            return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        case "csv":
            return _csv(records, columns)
        case "parquet":
            return _parquet(records, columns)


def _csv(records: list[dict[str, Any]], columns: Mapping[str, Column]) -> bytes:
    texts = {
        there: [None if (value := record.get(there)) is None else str(value) for record in records]
        for there in columns
    }
    plain = [there for there, column in columns.items() if column.type not in TEXTS]
    return csv_bytes(texts, plain)


def _parquet(records: list[dict[str, Any]], columns: Mapping[str, Column]) -> bytes:
    arrays = [
        pa.array(
            [record[there] for record in records],
            pa.int64() if _whole(c) else pa.bool_() if _flag(c) else pa.string(),
        )
        for there, c in columns.items()
    ]
    typed = [array.cast(_arrow(c)) for array, c in zip(arrays, columns.values(), strict=True)]
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(columns, typed, strict=True))), out, compression="zstd")
    return out.getvalue()


def _whole(column: Column) -> bool:
    return column.type is Type.INTEGER


def _flag(column: Column) -> bool:
    return column.type is Type.BOOLEAN


def _arrow(column: Column) -> pa.DataType:
    match column.type:
        case Type.INTEGER:
            return pa.int64()
        case Type.BOOLEAN:
            return pa.bool_()
        case Type.MONEY:
            return pa.decimal128(18, 2)
        case Type.PERCENT:
            return pa.decimal128(5, 2)
        case Type.QUANTITY:
            return pa.decimal128(18, 6)
        case Type.DATE:
            return pa.date32()
        case Type.TIMESTAMP:
            return pa.timestamp("s", "UTC")
        case _:
            return pa.string()
