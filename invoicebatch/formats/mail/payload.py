"""Mails of rows: sender, letter and stored documents put together into payloads. Nothing is rendered here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import pandas as pd

from invoicebatch.files.names import safe_name
from invoicebatch.formats.mail.letter import Letter
from invoicebatch.model.contact.mailbox import addresses_in
from invoicebatch.model.outbox.payload import Attachment, EmailPayload

_COLUMNS: Final = ("invoice_id", "company_account_id", "customer_email", "number", "document_path", "document_sha256")  # fmt: skip
_SENDER: Final = ("company_account_id", "name", "email_from", "email", "email_reply_to", "email_bcc")


class Sender(NamedTuple):
    """The fields of a mail that its company account decides; empty: it has none."""

    name: str
    address: str
    reply_to: str
    bcc: str


def senders(accounts: pd.DataFrame, default: str) -> dict[str, Sender]:
    """Senders by company account: its own address, else its contact's, else the default.

    Args:
        accounts: rows of `company_accounts`.
        default: the settings' sender; may be empty.
    """
    given = accounts[list(_SENDER)].astype(object)
    rows = given.where(given.notna(), "").itertuples(index=False, name=None)
    return {
        account: Sender(name, own or contact or default, reply_to, bcc)
        for account, name, own, contact, reply_to, bcc in rows
    }


def mails(
    rows: pd.DataFrame,
    letters: Iterable[tuple[str, Letter]],
    sender_of: Mapping[str, Sender],
    more: Mapping[int, tuple[Attachment, ...]],
    *,
    reminder: bool = False,
) -> Iterator[tuple[int, str, EmailPayload]]:
    """Invoice id, recipient and payload of each row's mail; the stored document goes along, where there is one.

    Args:
        rows: overview rows of invoices.
        letters: language and letter of each row.
        sender_of: see `senders`.
        more: further attachments by invoice id.
        reminder: see `EmailPayload.ships`.
    """
    values = zip(*(rows[name].tolist() for name in _COLUMNS), letters, strict=True)
    for invoice_id, account, recipient, number, path, sha256, (language, letter) in values:
        stored = (Attachment.pdf(path, sha256, safe_name(number)),) if isinstance(path, str) else ()
        files = (*stored, *more.get(invoice_id, ()))
        payload = mail(sender_of[account], language, letter, files, reminder=reminder)
        yield invoice_id, ", ".join(addresses_in(recipient)), payload


def mail(
    sender: Sender, language: str, letter: Letter, files: tuple[Attachment, ...], *, reminder: bool = False
) -> EmailPayload:
    """One mail of what it says and what goes along."""
    return EmailPayload(
        sender=sender.address,
        from_name=sender.name,
        reply_to=sender.reply_to,
        bcc=sender.bcc,
        language=language,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        reminder=reminder,
        attachments=files,
    )
