"""A hot folder: batches of letters in `in/`, each with an index; the print house answers in `ack/` or `error/`.

A batch is a folder `in/<batch>/` that is complete once its index is there: PDFs first, the index last,
each under a temporary name and then renamed. Until then a hidden file says which letters it is of: of a batch
that was cut off, none went out.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pypdf import PdfReader

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message
from invoicebatch.errors import StorageError
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.files.names import safe_name
from invoicebatch.files.whole import make_folders, remove, remove_halves, write_whole
from invoicebatch.model.contact.postal import ADDRESS
from invoicebatch.model.ident import derived_id
from invoicebatch.model.outbox.payload import PostPayload
from invoicebatch.model.outbox.sheets import merged
from invoicebatch.model.outbox.weight import sheets_of, weight_class
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Post

_BEGUN: Final = ".begun"

COLUMNS: Final = (
    "message_id", "number", "file", "first_page", "pages", "sheets", "weight_class", "line_1", "line_2", "line_3",
    "line_4", "line_5", "line_6", *ADDRESS, "duplex", "color", "product", "window", "sha256",
)  # fmt: skip


class HotFolderChannel(ChannelDefaults):
    """Letters in batches; one batch is handed over at a time."""

    name = "post"

    def __init__(self, post: Post, folder: Path) -> None:
        self.bulk = max(post.batch_letters, 2)  # above 1: batches, even of a single letter
        self._post = post
        self._folder = folder

    def connect(self) -> None:
        """Make the folders."""
        make_folders(*(self._folder / part for part in ("in", "ack", "error")))

    def hand_over(self, message: Message) -> Answer:
        """A batch of one."""
        return self.hand_over_many([message])[message.message_id]

    def hand_over_many(self, messages: Sequence[Message]) -> Mapping[str, Answer]:
        """Write one batch; the same letters always make the same batch."""
        batch = derived_id("batch", *sorted(message.message_id for message in messages))
        folder = self._folder / "in" / batch
        rows = [_index_row(message) for message in messages]
        named = "\n".join(message.message_id for message in messages)
        write_whole(folder / _BEGUN, named, on_clash="replace")
        if self._post.merge:
            self._merged(folder, messages, rows)
        else:
            for message, row in zip(messages, rows, strict=True):
                write_whole(folder / row["file"], message.attachments[0].read_bytes(), on_clash="replace")
        index = _index(rows, self._post.index)
        write_whole(folder / f"index.{self._post.index}", index, on_clash="replace")
        _put_away(folder)
        return {
            row["message_id"]: Answer(
                OutboxStatus.ACCEPTED,
                f"{row['file']} in batch {batch}",
                reference=f"{batch}/{row['message_id']}",
            )
            for row in rows
        }

    def _merged(self, folder: Path, messages: Sequence[Message], rows: list[dict[str, Any]]) -> None:
        """One PDF a weight class, letters one after another on sheets of their own."""
        for name in sorted({row["weight_class"] for row in rows}):
            chosen = [at for at, row in enumerate(rows) if row["weight_class"] == name]
            content, starts = merged(
                [messages[at].attachments[0] for at in chosen], duplex=bool(rows[chosen[0]]["duplex"])
            )
            for at, start in zip(chosen, starts, strict=True):
                rows[at] |= {"file": f"letters-{name}.pdf", "first_page": start}
            write_whole(folder / f"letters-{name}.pdf", content, on_clash="replace")

    def recover(self, message: Message) -> Answer | None:
        """An index that names the letter shows that its batch went out; a batch without index never did."""
        for place in ("in", "ack", "error"):
            for index in (self._folder / place).glob("*/index.*"):
                if message.message_id.encode() in index.read_bytes():
                    batch = index.parent.name
                    _put_away(index.parent)
                    return Answer(
                        OutboxStatus.ACCEPTED, f"in batch {batch}", reference=f"{batch}/{message.message_id}"
                    )
        for begun in (self._folder / "in").glob(f"*/{_BEGUN}"):
            if message.message_id in begun.read_text(encoding="utf-8").splitlines():
                return Answer(OutboxStatus.PENDING, "its batch was never completed")
        return None

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Read the print house's answers.

        A batch moved to `ack/`, or a file `ack/<batch>.*`, is sent. In `error/` the file
        `<batch>.csv` or `errors.csv` may name single letters (message_id, error); without it all failed.
        """
        answers: dict[str, Answer] = {}
        for message_id, reference in messages.items():
            batch = reference.partition("/")[0]
            if (errors := self._errors(batch)) is not None:
                text = errors.get(message_id) or errors.get("")
                if text:
                    answers[message_id] = Answer(
                        OutboxStatus.FAILED, f"print house: {text}", reference=reference
                    )
                    continue
                answers[message_id] = Answer(OutboxStatus.SENT, "posted with its batch", reference=reference)
            elif list((self._folder / "ack").glob(f"{batch}*")):
                answers[message_id] = Answer(
                    OutboxStatus.SENT, f"batch {batch} acknowledged", reference=reference
                )
        return answers

    def _errors(self, batch: str) -> dict[str, str] | None:
        """Errors by message id, the empty id for all; None where the batch is not in `error/`."""
        found = list((self._folder / "error").glob(f"{batch}*"))
        if not found:
            return None
        tables = [
            path
            for path in (*found, *(self._folder / "error" / batch).glob("errors.csv"))
            if path.suffix == ".csv"
        ]
        if not tables:
            return {"": "the whole batch was refused"}
        rows = csv.DictReader(io.StringIO(tables[0].read_text(encoding="utf-8-sig")))
        return {row["message_id"]: row.get("error") or "refused" for row in rows if row.get("message_id")}


def _put_away(folder: Path) -> None:
    """What only tells that a batch was begun, or was cut off, goes once it is complete; if it can't, it does no harm."""
    remove_halves(folder)
    with suppress(StorageError):
        remove(folder / _BEGUN)


def _index_row(message: Message) -> dict[str, Any]:
    payload = message.payload_as(PostPayload)
    pages = len(PdfReader(message.attachments[0]).pages)
    sheets = sheets_of(pages, duplex=payload.duplex)
    lines = [*payload.lines, *[""] * 6][:6]
    return {
        "message_id": message.message_id,
        "number": payload.number,
        "file": safe_name(f"{payload.number}-{message.message_id[:8]}.pdf"),
        "first_page": 1,
        "pages": pages,
        "sheets": sheets,
        "weight_class": weight_class(sheets),
        **{f"line_{at}": line for at, line in enumerate(lines, start=1)},
        **payload.address.model_dump(),
        **payload.model_dump(include={"duplex", "color", "product", "window"}),
        "sha256": payload.attachments[0].sha256,
    }


def _index(rows: Sequence[Mapping[str, Any]], form: str) -> bytes:
    ordered = [{name: row[name] for name in COLUMNS} for row in rows]
    if form == "json":
        return json.dumps(ordered, ensure_ascii=False, indent=1).encode()
    texts = {name: [None if row[name] is None else str(row[name]) for row in ordered] for name in COLUMNS}
    return csv_bytes(texts, mark=True)
