"""The mailbox that reports come to, read by IMAP in batches; nothing in it is ever deleted.

`imaplib` and not a library over it: those fetch whole mails, and move by deleting where a server can't move.
"""

import base64
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self, TypeVar

from invoicebatch.delivery.channel import TemporaryError
from invoicebatch.delivery.mail.bounces import ASKED, MAX_BYTES, clean, may_report
from invoicebatch.delivery.secrets import secret
from invoicebatch.delivery.secure import refuse_in_the_clear
from invoicebatch.errors import SettingsError
from invoicebatch.settings import Bounces

_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}
_AT_ONCE: Final = 50
"""Mails fetched in one answer."""

_WINDOW: Final = 50_000
"""Mails whose numbers are asked for in one answer, which `imaplib` takes as one line of at most a megabyte."""

LONGEST_ANSWER: Final = 2 * _AT_ONCE * MAX_BYTES
_HEADERS: Final = f"(UID BODY.PEEK[HEADER.FIELDS ({' '.join(ASKED).upper()})]<0.{MAX_BYTES // 16}>)"
_BEGINNING: Final = f"(UID BODY.PEEK[]<0.{MAX_BYTES}>)"
_T = TypeVar("_T")
_UID: Final = re.compile(rb"\bUID (\d+)")


class _Bounded(imaplib.IMAP4):
    """As `imaplib.IMAP4`, what it reads after a command bounded in bytes and time."""

    def send(self, data: Any) -> None:
        """Send; what is read from here on is the answer."""
        self._tally, self._began = 0, monotonic()
        super().send(data)

    def read(self, size: int) -> bytes:
        """Bytes of a literal."""
        return self._counted(size, lambda: super(_Bounded, self).read(size))

    def readline(self) -> bytes:
        """A line."""
        return self._counted(0, super().readline)

    def _counted(self, size: int, read: Callable[[], bytes]) -> bytes:
        tally = getattr(self, "_tally", 0) + size
        late = monotonic() - getattr(self, "_began", monotonic()) > 10 * (self.sock.gettimeout() or 60)
        if tally > LONGEST_ANSWER or late:
            raise self.abort("its answer is too long or does not end")
        found = read()
        self._tally = tally + len(found) - size
        return found


class _BoundedTLS(_Bounded, imaplib.IMAP4_SSL):
    """As `imaplib.IMAP4_SSL`, likewise."""


class Mailbox:
    """An open folder of a mailbox; a context, logged out with it.

    Attributes:
        folder: its name.
        name: user, server and folder, under which is kept how far it was read.
        validity: as long as it is the same, a mail's number (UID) means the same mail.
    """

    def __init__(self, settings: Bounces, root: Path) -> None:
        self._settings = settings
        self._root = root
        self.folder = settings.folder
        self.name = f"{settings.user}@{settings.host}/{settings.folder}"
        self.validity = 0
        self._count = 0

    def __enter__(self) -> Self:
        settings = self._settings
        if settings.security == "none":
            what, fix = "The password of the mailbox", "Set [mail.bounces] security to tls or starttls"
            refuse_in_the_clear(what, settings.host, "mail.bounces", fix, allowed=settings.allow_insecure)
        password = secret(settings.password_env, "password of the mailbox", settings.keyring, settings.user)
        self._client = self._asked(self._connected)
        try:
            self._log_in(password)
            self._open()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _connected(self) -> imaplib.IMAP4:
        settings = self._settings
        port = settings.port or _PORTS[settings.security]
        ca_file = str(self._root / settings.ca_file) if settings.ca_file else None
        context = ssl.create_default_context(cafile=ca_file)
        if settings.security == "tls":
            return _BoundedTLS(settings.host, port, ssl_context=context, timeout=settings.timeout_seconds)
        client = _Bounded(settings.host, port, timeout=settings.timeout_seconds)
        if settings.security == "starttls":
            client.starttls(context)
        return client

    def _log_in(self, password: str) -> None:
        user = self._settings.user
        plain = f"\0{user}\0{password}".encode()
        try:
            if "AUTH=PLAIN" in self._client.capabilities:
                self._asked(lambda: self._client.authenticate("PLAIN", lambda _: plain))
            else:
                self._asked(lambda: self._client.login(user, password))
        except SettingsError as error:
            hint = "Correct [mail.bounces] user and its password."
            raise SettingsError(error.message.replace("refused", "refused the login", 1), hint) from error

    def _open(self) -> None:
        """Open the folder; the one that reports move to is made where there is none."""
        if self._settings.move_to:
            known = self._command(self._client.capability)  # more than before the login
            if b"MOVE" not in known[-1].upper().split():
                raise SettingsError(
                    f"{self._where} can't move mails.",
                    "Leave [mail.bounces] move_to empty: reports are marked as read then.",
                )
            self._asked(lambda: self._client.create(_folder(self._settings.move_to)))
        answer = self._command(lambda: self._client.select(_folder(self._settings.folder)))
        self._count = int(answer[0] or 0)
        _, (validity, *_) = self._client.response("UIDVALIDITY")
        self.validity = int(validity or 0)

    @property
    def _where(self) -> str:
        return f"Mailbox {self._settings.user} at {self._settings.host}"

    def uids(self, after: int) -> list[int]:
        """Numbers of the mails past one, ascending."""
        found: set[int] = set()
        starts = range(1, self._count + 1, _WINDOW)
        for start in reversed(starts):  # a mail that goes meanwhile moves the others down: none is missed
            wanted = f"{start}:{start + _WINDOW - 1}" if start != starts[-1] else f"{start}:*"
            lines = self._command(partial(self._client.uid, "SEARCH", wanted, "UID", f"{after + 1}:*"))
            found.update(int(uid) for line in lines for uid in (line or b"").split())
        return sorted(uid for uid in found if uid > after)

    def read(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Number and beginning of those mails that may be reports; no mail is marked as read."""
        for at in range(0, len(uids), 4 * _AT_ONCE):
            heads = self._fetch(uids[at : at + 4 * _AT_ONCE], _HEADERS)
            reports = sorted(uid for uid, headers in heads if may_report(headers))
            for first in range(0, len(reports), _AT_ONCE):
                yield from self._fetch(reports[first : first + _AT_ONCE], _BEGINNING)

    def _fetch(self, uids: Sequence[int], what: str) -> Iterator[tuple[int, bytes]]:
        answer = self._command(lambda: self._client.uid("FETCH", _set(uids), what))
        for item, following in zip(answer, [*answer[1:], b""], strict=True):
            if isinstance(item, tuple):
                after = following if isinstance(following, bytes) else b""
                if found := _UID.search(item[0]) or _UID.search(after):
                    yield int(found[1]), item[1]

    def put_away(self, uids: Sequence[int]) -> None:
        """Move mails to the folder for it, or mark them as read; mails that are gone are passed over."""
        for at in range(0, len(uids), 4 * _AT_ONCE):
            some = _set(uids[at : at + 4 * _AT_ONCE])
            if self._settings.move_to:
                self._command(partial(self._client.uid, "MOVE", some, _folder(self._settings.move_to)))
            else:
                self._command(partial(self._client.uid, "STORE", some, "+FLAGS.SILENT", r"(\Seen)"))

    def _command(self, ask: Callable[[], tuple[str, list[Any]]]) -> list[Any]:
        """The data of an answer.

        Raises:
            TemporaryError: the connection was lost.
            SettingsError: the server refuses.
        """
        state, data = self._asked(ask)
        if state != "OK":
            raise SettingsError(f"{self._where} refused: {_words(data[-1])}", "Check [mail.bounces].")
        return [each for each in data if each is not None]

    def _asked(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except ssl.SSLCertVerificationError as error:
            raise SettingsError(
                f"The certificate of {self._settings.host} is not trusted: {error.verify_message}",
                "Set [mail.bounces] ca_file to the certificate that signed it, or correct the host.",
            ) from error
        except (imaplib.IMAP4.abort, OSError) as error:
            raise TemporaryError(f"{self._where} can't be read: {_words(error)}") from error
        except imaplib.IMAP4.error as error:
            if "[UNAVAILABLE]" in str(error):
                raise TemporaryError(f"{self._where} is not available: {_words(error)}") from error
            raise SettingsError(f"{self._where} refused: {_words(error)}", "Check [mail.bounces].") from error

    def _leave(self) -> None:
        try:
            self._client.sock.settimeout(2.0)
            self._client.logout()
        except (imaplib.IMAP4.error, OSError):
            pass


def _words(said: Any) -> str:
    return clean(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))


def _set(uids: Sequence[int]) -> str:
    """Numbers as a server takes them."""
    return ",".join(map(str, uids))


def _folder(name: str) -> str:
    """A folder's name as a server takes it: quoted, in modified UTF-7 (RFC 3501, 5.1.3).

    >>> _folder("Zurück & gelesen")
    '"Zur&APw-ck &- gelesen"'
    """
    shifted = re.sub(
        r"[^\x20-\x7e]+",
        lambda run: (
            f"&{base64.b64encode(run[0].encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"
        ),
        name.replace("&", "&-"),
    )
    quoted = shifted.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
