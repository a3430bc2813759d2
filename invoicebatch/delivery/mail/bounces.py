"""Delivery reports of mail servers (RFC 3464, and plain bounces that hold our mail), read back to the mail they are about.

Only reading is here, of the beginning of a mail and without trust in it; what a report changes is the engine's.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 262_144
"""Bytes read of a mail: a report comes before the mail that is returned with it, whose headers are enough."""

MAX_RECIPIENTS: Final = 1_000
"""Recipients read of one report."""

MAX_WORDS: Final = 300

ASKED: Final = ("From", "Return-Path", "Content-Type", "X-Failed-Recipients")
"""The fields of a mail that `may_report` looks at."""

_ID: Final = r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@"
_OURS: Final = re.compile(_ID, re.IGNORECASE)
_OUR_LINE: Final = re.compile(rf"^[ \t>|]{{0,20}}Message-ID:[ \t]{{0,20}}{_ID}", re.IGNORECASE | re.MULTILINE)
_SERVER: Final = re.compile(r"\b(mailer-daemon|postmaster)@|^\s*<?mailer-daemon>?\s*$", re.IGNORECASE)
_RETURNED: Final = re.compile(
    r"^[ \t>|]{0,20}(Received|Return-Path|Message-ID|From|To|Date|Subject):", re.IGNORECASE | re.MULTILINE
)
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_REFUSAL: Final = re.compile(
    r"(?:^\W{0,20}|[:.][ \t]{1,20})(5[0-5]\d[ -].*)|(\b5\.\d{1,3}\.\d{1,3}\b.*)", re.MULTILINE
)
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_OF_ADDRESS: Final = re.compile(r"5\.(?:1\.(?:[0-6]|10)|2\.[01])")
"""Statuses (RFC 3463) that say the address can't be reached; not a full mailbox, a size, a policy, a host that is down."""
_NO_SUCH_USER: Final = re.compile(r"\b55[013]\b.*\b(user|mailbox|recipient|address|account)\b", re.IGNORECASE)
_NOT_THE_ADDRESS: Final = re.compile(r"\b(full|quota|spam|block\w*|policy|reputation)\b", re.IGNORECASE)
"""What servers say beside a status that says nothing (5.0.x)."""

ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")
RECEIPT: Final = "is a read receipt, which tells nothing of the delivery"
UNKNOWN: Final = "is no delivery report that can be understood"


@dataclass(frozen=True, slots=True)
class Report:
    """What a server says of one recipient of a mail; all text is as the server sent it, without control characters.

    Attributes:
        place: where it was read.
        message_id: our message, or empty where the report does not name it.
        recipients: the address it is about, as first given and as it ended, small letters.
        action: failed, delayed, delivered, relayed, expanded (RFC 3464); empty: see `unread`.
        status: enhanced status code (RFC 3463), such as 5.1.1.
        words: the server's words.
        report_id: the report's own id, or a hash of it.
        sent_at: when the server says it wrote it, UTC; None: it does not say.
        unread: why the mail is no report, where it is none.
    """

    place: str
    message_id: str = ""
    recipients: tuple[str, ...] = ()
    action: str = ""
    status: str = ""
    words: str = ""
    report_id: str = ""
    sent_at: datetime | None = None
    unread: str = ""

    @property
    def of_address(self) -> bool:
        """Whether it says that the address itself is at fault and will be later."""
        if self.action != "failed":
            return False
        if self.status.startswith("5.0."):
            return bool(_NO_SUCH_USER.search(self.words)) and not _NOT_THE_ADDRESS.search(self.words)
        return bool(_OF_ADDRESS.fullmatch(self.status))


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """The mails among paths, in folders and in Maildirs.

    Raises:
        OSError: a path can't be read.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(f for f in path.rglob("*") if f.is_file() and not f.name.startswith("."))
        else:
            yield path


def beginning(file: Path) -> bytes:
    """As much of a mail as is read.

    Raises:
        OSError: it can't be read.
    """
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES)


def may_report(headers: bytes) -> bool:
    """Whether a mail may be a report, by its fields `ASKED`: it is one, a server sent it, or nobody did."""
    return _may_report(message_from_bytes(headers))


def _may_report(mail: Message) -> bool:
    if mail.get_content_type() == "multipart/report" or mail.get("X-Failed-Recipients"):
        return True
    sender = str(mail.get("Return-Path", "")).strip()
    return sender == "<>" or bool(_SERVER.search(str(mail.get("From", ""))))


def reports_in(content: bytes, place: str = "") -> list[Report]:
    """What a mail reports, an entry a recipient; of a mail that reports nothing one entry says so.

    Args:
        content: the mail, or its first `MAX_BYTES`.
        place: where it was read.
    """
    try:
        return list(_read(content[:MAX_BYTES], place))
    except (RecursionError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        return [Report(place, unread=f"is damaged: {type(error).__name__}")]


def _read(content: bytes, place: str) -> Iterator[Report]:
    mail = message_from_bytes(
        content
    )  # its policy keeps fields as text: nothing is parsed that may be hostile
    parts = {part.get_content_type(): part for part in reversed(list(mail.walk()))}
    own = clean(str(mail.get("Message-ID", ""))) or hashlib.sha256(content).hexdigest()
    about = Report(place, report_id=own, sent_at=_date(str(mail.get("Date", ""))))
    if status := parts.get("message/delivery-status"):
        found = list(_of_blocks(status, replace(about, message_id=_our_message_id(mail))))
    elif "message/disposition-notification" in parts:
        found = [replace(about, unread=RECEIPT)]
    else:
        found = list(_of_text(mail, about))
    yield from found or [replace(about, unread=UNKNOWN)]


def _of_blocks(status: Message, about: Report) -> Iterator[Report]:
    """The recipients of a delivery status notification; its first block is about the mail."""
    blocks = status.get_payload()
    each = blocks if isinstance(blocks, list) else []
    named = (block for block in each if isinstance(block, Message) and "Action" in block)
    for block in islice(named, MAX_RECIPIENTS):
        fields = (clean(str(block.get(name, ""))) for name in ("Original-Recipient", "Final-Recipient"))
        recipients = tuple(dict.fromkeys(_address(_value(field)) for field in fields if field))
        words = _value(clean(str(block.get("Diagnostic-Code", ""))))
        said = _ENHANCED.search(words) or _ENHANCED.search(clean(str(block.get("Status", ""))))
        status_code = said[1] if said else ""
        action = clean(str(block.get("Action", ""))).lower()
        unread = "" if action in ACTIONS else UNKNOWN
        yield replace(
            about,
            recipients=recipients,
            action=action,
            status=status_code,
            words=words or f"status {status_code or 'unknown'}",
            unread=unread,
        )


def _of_text(mail: Message, about: Report) -> Iterator[Report]:
    """A bounce in plain words: a server's, that holds our mail's headers, a refusal, and the addresses above them."""
    if not _may_report(mail) or str(mail.get("Auto-Submitted", "")).strip().lower().startswith(
        "auto-replied"
    ):
        return
    text = next((_text(part) for part in mail.walk() if part.get_content_type() == "text/plain"), "")
    line = _OUR_LINE.search(text)
    ours = line[1].lower() if line else _our_message_id(mail, replies=False)
    returned = _RETURNED.search(text)
    above = text[: returned.start()] if returned else text
    refusal = _REFUSAL.search(above)
    if not ours or not refusal:
        return
    words = clean(refusal[1] or refusal[2])
    said = _ENHANCED.search(words)
    failed = str(mail.get("X-Failed-Recipients", "")) or above
    addresses = dict.fromkeys(_address(found[0]) for found in _ADDRESS.finditer(failed))
    for address in islice(addresses, MAX_RECIPIENTS):
        yield replace(
            about,
            message_id=ours,
            recipients=(address,),
            action="failed",
            status=said[1] if said else "5.0.0",
            words=words,
        )


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def clean(text: str) -> str:
    """Words from outside on one line: no control or formatting characters, at most `MAX_WORDS` long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * MAX_WORDS])
    return " ".join(plain.split())[:MAX_WORDS]


def _value(field: str) -> str:
    """The value of a typed field, such as `rfc822; ada@example.org`."""
    kind, semicolon, value = field.partition(";")
    return (value if semicolon else kind).strip()


def _address(text: str) -> str:
    return text.strip("<>\"'. ").lower()


def _date(field: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(field)
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _our_message_id(mail: Message, *, replies: bool = True) -> str:
    """Our id from the returned mail or its headers; with `replies`, else from the fields of a reply."""
    for part in mail.walk():
        if part.get_content_type() == "text/rfc822-headers":
            part = message_from_bytes(_text(part).encode())  # noqa: PLW2901 - the headers are the mail
        if part is not mail and (found := _OURS.search(str(part.get("Message-ID", "")))):
            return found[1].lower()
    answered = f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}"
    found = _OURS.search(answered) if replies else None
    return found[1].lower() if found else ""
