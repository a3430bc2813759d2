"""Bounces: delivery status notifications (RFC 3464) read back to the message they are about.

Only reading is here; what a bounce changes is the engine's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path
from typing import Final

_OURS = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.IGNORECASE)
MAX_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient that a mail did not reach.

    Attributes:
        file: where the notice was read.
        message_id: our message, or empty where the notice does not name it.
        recipient: the address that failed.
        status: enhanced status code (RFC 3463), such as 5.1.1.
        permanent: the address will not work later either.
        text: the other server's words.
    """

    file: str
    message_id: str
    recipient: str
    status: str
    permanent: bool
    text: str


def read_bounces(folder: Path) -> Iterator[Bounce]:
    """Every failed recipient in the mails of a folder or Maildir; other mails are passed over.

    Raises:
        OSError: a file can't be read.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.stat().st_size <= MAX_BYTES:
            yield from bounces_in(path.read_bytes(), path.name)


def bounces_in(content: bytes, file: str = "") -> Iterator[Bounce]:
    """The failed recipients of one delivery status notification; none of any other mail."""
    mail = message_from_bytes(content, policy=default)
    report = next(
        (part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None
    )
    if report is None:
        return
    ours = _our_message_id(mail)
    for block in report.get_payload():
        if isinstance(block, Message) and str(block.get("Action", "")).strip().lower() == "failed":
            yield _bounce(block, ours, file)


def _bounce(block: Message, message_id: str, file: str) -> Bounce:
    status = str(block.get("Status", "")).strip().partition(" ")[0]
    recipient = _after_semicolon(str(block.get("Final-Recipient") or block.get("Original-Recipient") or ""))
    words = _after_semicolon(str(block.get("Diagnostic-Code", ""))) or f"status {status}"
    return Bounce(file, message_id, recipient.strip("<>"), status, not status.startswith("4"), words[:500])


def _after_semicolon(field: str) -> str:
    """The value of a typed field, such as `rfc822; ada@example.org`."""
    kind, semicolon, value = field.partition(";")
    return " ".join((value if semicolon else kind).split())


def _our_message_id(mail: EmailMessage | Message) -> str:
    """Our id from the returned mail or its headers, else from References."""
    for part in mail.walk():
        if part is not mail and part.get("Message-ID") and (found := _OURS.search(str(part["Message-ID"]))):
            return found[1].lower()
    for part in mail.walk():
        if part.get_content_type() == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            if isinstance(text, bytes) and (found := _OURS.search(_message_id_line(text))):
                return found[1].lower()
    found = _OURS.search(str(mail.get("In-Reply-To", "")) + str(mail.get("References", "")))
    return found[1].lower() if found else ""


def _message_id_line(headers: bytes) -> str:
    parsed = message_from_bytes(headers, policy=default)
    return str(parsed.get("Message-ID", ""))
