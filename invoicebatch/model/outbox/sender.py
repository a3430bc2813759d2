"""Who writes the mails of a company account."""

from typing import Final, NamedTuple

import pandas as pd

from invoicebatch.model.outbox.payload import Attachment, EmailPayload

_COLUMNS: Final = ("company_account_id", "name", "email_from", "email", "email_reply_to", "email_bcc")


class Sender(NamedTuple):
    """The fields of a mail that the company account decides; empty: it has none."""

    name: str
    address: str
    reply_to: str
    bcc: str

    def mail(
        self, language: str, subject: str, text: str, html: str, *files: Attachment, reminder: bool = False
    ) -> EmailPayload:
        """A mail of this sender; see `EmailPayload`."""
        return EmailPayload(
            sender=self.address,
            from_name=self.name,
            reply_to=self.reply_to,
            bcc=self.bcc,
            language=language,
            subject=subject,
            text=text,
            html=html,
            reminder=reminder,
            attachments=files,
        )


def senders(accounts: pd.DataFrame, default: str) -> dict[str, Sender]:
    """Senders by company account: its own address, else its contact's, else the default.

    Args:
        accounts: rows of `company_accounts`.
        default: the settings' sender; may be empty.
    """
    given = accounts[list(_COLUMNS)].astype(object)
    rows = given.where(given.notna(), "").itertuples(index=False, name=None)
    return {
        account: Sender(name, own or contact or default, reply_to, bcc)
        for account, name, own, contact, reply_to, bcc in rows
    }
