"""A mail server's answers, read to a bound: `smtplib` reads as many lines as a server cares to send.

An answer beyond the bound closes the connection, like one that was lost.
"""

import smtplib
import socket
from time import monotonic
from typing import Final

LONGEST_ANSWER: Final = 65_536
"""Bytes of one answer, all its lines."""


class _Answers:
    """What comes from a socket, line by line; `begin` sets the bounds of the next answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._seconds: float | None = None
        self._buffer = b""
        self._read = 0
        self._end = 0.0

    def begin(self) -> None:
        """The next line is the first of an answer."""
        self._read = 0
        self._seconds = self._socket.gettimeout()
        self._end = monotonic() + (self._seconds or float("inf"))

    def readline(self, limit: int) -> bytes:
        """A line, or as much of it as there is.

        Raises:
            OSError: the answer is too long or takes too long.
        """
        while b"\n" not in self._buffer and len(self._buffer) < limit:
            piece = self._piece()
            if not piece:
                break
            self._buffer += piece
        end = (self._buffer.find(b"\n") + 1 or len(self._buffer)) if self._buffer else 0
        line, self._buffer = self._buffer[: min(end, limit)], self._buffer[min(end, limit) :]
        self._read += len(line)
        if self._read > LONGEST_ANSWER:
            raise OSError(f"its answer is longer than {LONGEST_ANSWER:,} bytes")
        return line

    def _piece(self) -> bytes:
        if self._seconds is not None:
            left = self._end - monotonic()
            if left <= 0:
                raise TimeoutError("its answer did not end in time")
            self._socket.settimeout(left)
        try:
            return self._socket.recv(4096)
        finally:
            self._socket.settimeout(self._seconds)

    def close(self) -> None:
        """The socket is closed by who opened it."""


class BoundedSMTP(smtplib.SMTP):
    """As `smtplib.SMTP`, an answer at most `LONGEST_ANSWER` bytes and the timeout long."""

    def getreply(self) -> tuple[int, bytes]:
        """Code and text of the next answer; see `smtplib.SMTP.getreply`."""
        if self.file is None:
            assert self.sock is not None  # noqa: S101 - for the type checker
            self.file = _Answers(self.sock)
        self.file.begin()
        return super().getreply()


class BoundedTLS(BoundedSMTP, smtplib.SMTP_SSL):
    """As `smtplib.SMTP_SSL`, likewise."""
