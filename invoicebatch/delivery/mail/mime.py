"""One MIME message from an outbox row: fields, both texts, attachments. Nothing is sent here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from invoicebatch.delivery.channel import Message
from invoicebatch.errors import InvoicebatchError
from invoicebatch.model.contact.mailbox import address_fault, addresses_in, ascii_address, recipients_fault
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.settings import Mail

_MEGABYTE = 1_000_000


class UnsendableError(InvoicebatchError):
    """A mail that no server would take as it is: a wrong address, or too large."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a server is told: who sends, who receives, who gets a blind copy, and the message's bytes."""

    sender: str
    recipients: tuple[str, ...]
    copies: tuple[str, ...]
    content: bytes


def envelope(message: Message, mail: Mail) -> Envelope:
    """The mail of an outbox row.

    In test mode (`redirect_to`) the only recipient is that address and the subject names the real one.

    Args:
        message: a mail, each attachment's file in `message.attachments`.
        mail: the mail settings.

    Raises:
        UnsendableError: an address that is none (of the customer's, any), or more bytes than
            `mail.max_megabytes`.
    """
    payload = message.payload_as(EmailPayload)
    sender = _checked(payload.sender or mail.sender, "sender")
    customer = _recipients(message.recipient)
    copies = (_checked(payload.bcc, "blind copy"),) if payload.bcc and not mail.redirect_to else ()
    recipients = (_checked(mail.redirect_to, "redirection"),) if mail.redirect_to else customer
    mime = _headers(message, sender, recipients, payload)
    if mail.redirect_to:
        del mime["Subject"]
        mime["Subject"] = f"[for {', '.join(customer)}] {payload.subject}"
    _contents(mime, payload, message.attachments)
    mime["Content-Language"] = payload.language
    content = mime.as_bytes()
    if len(content) > mail.max_megabytes * _MEGABYTE:
        raise UnsendableError(
            f"the mail is {len(content) / _MEGABYTE:.1f} MB, the limit is {mail.max_megabytes:g} MB",
            "Send this document another way, or raise max_megabytes under [mail].",
        )
    return Envelope(sender, recipients, copies, content)


def _recipients(field: str) -> tuple[str, ...]:
    if fault := recipients_fault(field):
        raise UnsendableError(f"recipient: {fault}", "Correct the address.")
    return tuple(map(ascii_address, addresses_in(field)))


def _checked(address: str, what: str) -> str:
    fault = address_fault(address)
    if fault:
        raise UnsendableError(f"{what}: {fault}", "Correct the address.")
    return ascii_address(address)


def _headers(message: Message, sender: str, recipients: Sequence[str], payload: EmailPayload) -> EmailMessage:
    """Fields of a mail that a machine sends for a person to answer (RFC 3834, RFC 2919)."""
    domain = sender.rpartition("@")[2]
    name = " ".join(payload.from_name.split())
    mime = EmailMessage(policy=SMTP)
    mime["From"] = Address(display_name=name, addr_spec=sender)
    mime["To"] = [Address(addr_spec=recipient) for recipient in recipients]
    if payload.reply_to:
        mime["Reply-To"] = Address(addr_spec=_checked(payload.reply_to, "reply-to"))
    mime["Subject"] = payload.subject
    mime["Date"] = format_datetime(datetime.now(UTC))
    mime["Message-ID"] = f"<{message.message_id}@{domain}>"
    mime["Auto-Submitted"] = "auto-generated"
    mime["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mime["List-Id"] = f"<invoices.{domain}>"
    if payload.test:
        mime["X-Invoicebatch-Test"] = "yes"
    return mime


def _contents(mime: EmailMessage, payload: EmailPayload, files: Sequence[Path]) -> None:
    mime.set_content(payload.text, cte="quoted-printable")
    if payload.html:
        mime.add_alternative(payload.html, subtype="html", cte="quoted-printable")
    for attachment, file in zip(payload.attachments, files, strict=True):
        main, _, sub = attachment.type.partition("/")
        mime.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=attachment.name)
