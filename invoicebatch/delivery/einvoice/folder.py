"""A hot folder for an access point's own software: documents in `in/`, its answers in `ack/` or `error/`.

A document is `<message id>.xml` with `<message id>.json` beside it, written last; a file of that name
in `ack/` means sent, one in `error/` means refused, and its text is the reason.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message
from invoicebatch.files.whole import make_folders, remove_halves, write_whole
from invoicebatch.model.outbox.payload import EInvoicePayload
from invoicebatch.model.status import OutboxStatus


class DocumentFolder(ChannelDefaults):
    """Documents in a folder; the same message always makes the same files."""

    name = "einvoice"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hand_over(self, message: Message) -> Answer:
        """Write the document, then its envelope."""
        make_folders(*(self._folder / part for part in ("in", "ack", "error")))
        payload = message.payload_as(EInvoicePayload)
        envelope = {
            "message_id": message.message_id,
            "number": payload.number,
            "sender": payload.account,
            "receiver": {"scheme": payload.scheme, "identifier": payload.identifier},
            "document": f"{message.message_id}.xml",
        }
        target = self._folder / "in" / f"{message.message_id}.xml"
        remove_halves(self._folder, f"{message.message_id}.*")
        for path, content in (
            (target, message.attachments[0].read_bytes()),
            (target.with_suffix(".json"), json.dumps(envelope, ensure_ascii=False)),
        ):
            write_whole(path, content, on_clash="replace", scratch=self._folder)
        return Answer(OutboxStatus.ACCEPTED, f"{target.name} in the folder", reference=message.message_id)

    def recover(self, message: Message) -> Answer:
        """The envelope, wherever it is by now, shows that the document went out; else it may go again."""
        known = any(
            list((self._folder / part).glob(f"{message.message_id}.*json"))
            or (part != "in" and list((self._folder / part).glob(f"{message.message_id}.*")))
            for part in ("in", "ack", "error")
        )
        if known:
            return Answer(OutboxStatus.ACCEPTED, "in the folder", reference=message.message_id)
        return Answer(OutboxStatus.PENDING, "its envelope was never written", retry_after=0.0)

    def poll(self, messages: Mapping[str, str]) -> Mapping[str, Answer]:
        """Read the answers that lie in `ack/` and `error/`."""
        answers: dict[str, Answer] = {}
        for message_id, reference in messages.items():
            errors = sorted((self._folder / "error").glob(f"{reference}.*"))
            if errors:
                text = " ".join(file.read_text(errors="replace").strip() for file in errors)[:300]
                answers[message_id] = Answer(OutboxStatus.FAILED, f"refused: {text}", reference=reference)
            elif list((self._folder / "ack").glob(f"{reference}.*")):
                answers[message_id] = Answer(OutboxStatus.SENT, "acknowledged", reference=reference)
        return answers
