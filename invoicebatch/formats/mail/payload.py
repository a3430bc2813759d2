"""Mails: sender, letter and what goes along put together into payloads. Nothing is rendered here."""

from typing import Final, NamedTuple

import pandas as pd

from invoicebatch.formats.mail.letter import Letter
from invoicebatch.model.outbox.payload import Attachment, EmailPayload

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


def mail(
    sender: Sender, language: str, letter: Letter, files: tuple[Attachment, ...], *, reminder: bool = False
) -> EmailPayload:
    """One mail of what it says and what goes along; `reminder`: see `EmailPayload.ships`."""
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
