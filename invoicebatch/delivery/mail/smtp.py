"""Mail through a server: several connections, rates, and answers the deliver loop understands."""

from pathlib import Path
from threading import Lock, local

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message
from invoicebatch.delivery.mail.mime import UnsendableError, envelope
from invoicebatch.delivery.mail.session import SmtpSession
from invoicebatch.delivery.pace import Pace
from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Mail


class SmtpChannel(ChannelDefaults):
    """A mail server; each thread that hands mails over has a connection of its own."""

    name = "email"

    def __init__(self, mail: Mail, root: Path) -> None:
        self.parallel = mail.connections
        self.attempts = mail.attempts
        self.wait_seconds = mail.wait_seconds
        self._mail = mail
        self._root = root
        self._mine = local()
        self._sessions: list[SmtpSession] = []
        self._lock = Lock()
        self._all = Pace(mail.per_minute)
        self._domains = Pace(mail.domain_per_minute)

    def connect(self) -> None:
        """Open this thread's connection; see `SmtpSession.open` for errors."""
        if not self._mail.host:
            raise SettingsError("No mail server is set.", "Set [mail] host, or transport = 'folder'.")
        self._session().open()

    def _session(self) -> SmtpSession:
        if not hasattr(self._mine, "session"):
            self._mine.session = SmtpSession(self._mail, self._root, self._password)
            with self._lock:
                self._sessions.append(self._mine.session)
        session: SmtpSession = self._mine.session
        return session

    def _password(self) -> str:
        return secret(self._mail.password_env, "mail password", self._mail.keyring, self._mail.user)

    def pause(self, message: Message) -> float:
        """Seconds until the rates leave room for this mail."""
        domain = (self._mail.redirect_to or message.recipient).rpartition("@")[2].lower()
        return max(self._all.wait(), self._domains.wait(domain))

    def hand_over(self, message: Message) -> Answer:
        """See `Channel.hand_over`; a mail that can't be built fails without asking the server."""
        try:
            ready = envelope(message, self._mail)
        except UnsendableError as error:
            return Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        return self._session().send(ready)

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        self._mine = local()
        for session in sessions:
            session.close()
