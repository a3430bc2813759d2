"""One SMTP connection, with the moments kept apart at which a mail is surely not, perhaps, or surely sent.

`smtplib` sends a message's body and its final dot in one call; here the dot goes alone, so a lost
connection is in doubt only after it. Answers are read to a bound of bytes and time.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from invoicebatch.delivery.channel import Answer, InDoubtError, TemporaryError
from invoicebatch.delivery.mail.answers import BoundedSMTP, BoundedTLS
from invoicebatch.delivery.mail.mime import Envelope
from invoicebatch.delivery.secure import refuse_in_the_clear
from invoicebatch.errors import SettingsError
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Mail

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_ADVICE: Final = {
    "sender": "check the company account's sender",
    "recipient": "check the contact details",
    "blind copy": "check the company account's blind copy",
    "mail to": "check the contact details",
}
_LOST: Final = (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, OSError)
_REFUSALS: Final = (4, 5)


class SmtpSession:
    """A connection that is opened when it is first needed and opened again once it was lost."""

    def __init__(self, mail: Mail, root: Path, password: Callable[[], str]) -> None:
        self._mail = mail
        self._root = root
        self._password = password
        self._server: smtplib.SMTP | None = None
        self._used = False

    def open(self) -> None:
        """Connect, encrypt and log in.

        Raises:
            TemporaryError: the server can't be reached or is busy.
            SettingsError: the certificate, the encryption or the login is refused, or the password
                would go in the clear.
        """
        if self._server is not None:
            return
        mail = self._mail
        if mail.security == "none" and mail.user:
            what, fix = "The password of the mail server", "Set [mail] security to starttls or tls"
            refuse_in_the_clear(what, mail.host, "mail", fix, allowed=mail.allow_insecure)
        where = f"mail server {self._mail.host}:{self._port}"
        try:
            self._server = self._connected()
            # the final dot goes alone: without this it would wait for a delayed acknowledgement
            self._live_socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._log_in(self._server)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise SettingsError(
                f"The certificate of {where} is not trusted: {error.verify_message}",
                "Set [mail] ca_file to the certificate that signed it, or correct the host.",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            raise SettingsError(
                f"{where} does not offer it: {error}", "Set [mail] security and user."
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            self.close()
            raise _login_error(where, error) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise TemporaryError(f"{where} answered {_words(error.smtp_code, error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TemporaryError(f"{where} can't be reached: {error}") from error
        self._used = False

    @property
    def _port(self) -> int:
        return self._mail.port or _PORTS[self._mail.security]

    def _connected(self) -> smtplib.SMTP:
        mail = self._mail
        context = ssl.create_default_context(cafile=str(self._root / mail.ca_file) if mail.ca_file else None)
        if mail.security == "tls":
            return BoundedTLS(mail.host, self._port, timeout=mail.timeout_seconds, context=context)
        server = BoundedSMTP(mail.host, self._port, timeout=mail.timeout_seconds)
        if mail.security == "starttls":
            server.ehlo_or_helo_if_needed()
            if not server.has_extn("starttls"):
                server.close()
                raise smtplib.SMTPNotSupportedError("STARTTLS")
            server.starttls(context=context)
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if self._mail.user:
            server.login(self._mail.user, self._password())

    def send(self, envelope: Envelope) -> Answer:
        """Hand one mail over.

        Raises:
            TemporaryError: the connection was lost before the server can have taken the mail.
            InDoubtError: it was lost after the final dot.
            SettingsError: see `open`.
        """
        self.open()
        fresh = not self._used
        self._used = True
        try:
            return self._transaction(envelope)
        except _LOST as error:
            self.close()
            if not fresh:
                return self.send(envelope)  # an idle connection that the server had closed
            raise TemporaryError(f"The connection to {self._mail.host} was lost: {error}") from error

    def _transaction(self, envelope: Envelope) -> Answer:
        server = self._live()
        code, words = server.mail(envelope.sender)
        if code // 100 != 2:
            return self._refused("sender", envelope.sender, code, words)
        told = [("recipient", each) for each in envelope.recipients]
        told += [("blind copy", each) for each in envelope.copies]
        for what, address in told:
            code, words = server.rcpt(address)
            if code // 100 != 2:
                return self._refused(what, address, code, words)
        code, words = server.docmd("DATA")
        if code != 354:
            return self._refused("mail to", envelope.recipients[0], code, words)
        return self._body(server, envelope)

    def _body(self, server: smtplib.SMTP, envelope: Envelope) -> Answer:
        server.send(envelope.content.replace(b"\r\n.", b"\r\n.."))
        server.send(b".\r\n")  # an error up to here: the server can't have seen the end of the mail
        try:
            code, words = server.getreply()
        except _LOST as error:
            self.close()
            raise _doubt(
                f"The connection to {self._mail.host} was lost after the mail was handed over: {error}"
            ) from error
        if code // 100 == 2:
            return Answer(OutboxStatus.SENT, _words(code, words))
        if code // 100 not in _REFUSALS:
            self.close()
            raise _doubt(
                f"{self._mail.host} gave an answer to the mail that can't be understood: {_words(code, words)}"
            )
        return self._refused("mail to", envelope.recipients[0], code, words)

    def _refused(self, what: str, address: str, code: int, words: bytes) -> Answer:
        """4xx: try again later; 5xx: failed, in the server's own words (RFC 5321, 4.2.1).

        An answer that is neither tells nothing of the mail: another connection may.
        """
        text = f"{what} {address} refused: {_words(code, words)}"
        if code == 421 or code // 100 not in _REFUSALS:
            self.close()
            raise TemporaryError(text)
        self._reset()
        if code // 100 == 4:
            return Answer(OutboxStatus.PENDING, text)
        return Answer(OutboxStatus.FAILED, f"{text}; {_ADVICE[what]}")

    def _reset(self) -> None:
        try:
            self._live().rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def _live(self) -> smtplib.SMTP:
        if self._server is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._server

    def _live_socket(self) -> socket.socket:
        connected = self._live().sock
        if connected is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return connected

    def close(self) -> None:
        """Leave politely where the server still listens."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            if server.sock is not None:
                server.sock.settimeout(2.0)
                server.quit()
        except (smtplib.SMTPException, OSError):
            pass
        finally:
            server.close()


def _doubt(what: str) -> InDoubtError:
    return InDoubtError(
        what, "Ask the server's log whether it was taken, then: invoicebatch outbox resend or mark-sent."
    )


def _login_error(where: str, error: smtplib.SMTPAuthenticationError) -> Exception:
    words = _words(error.smtp_code, error.smtp_error)
    if error.smtp_code // 100 == 4:
        return TemporaryError(f"{where} can't check the login now: {words}")
    return SettingsError(f"{where} refused the login: {words}", "Correct [mail] user and its password.")


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"[:500]
