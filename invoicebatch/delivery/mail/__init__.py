"""Mail: from an outbox row to a MIME message, and on to a Maildir or a mail server.

A mail is built from its payload alone; which mails there are is the action's.
"""

from invoicebatch.delivery.mail.folder import MaildirChannel
from invoicebatch.delivery.mail.smtp import SmtpChannel

__all__ = ["MaildirChannel", "SmtpChannel"]
