"""The hand-over log: which messages of a group were begun, each noted on disk before it goes out.

The journal marks a whole group at once, which is fast; this log says after a crash which messages of
the group were surely not begun. It is emptied before the next group is marked.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from invoicebatch.errors import StorageError
from invoicebatch.files.platform import BINARY
from invoicebatch.files.whole import remove


class HandoverLog:
    """One file of JSON lines; safe for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._file: int | None = None

    def begin_group(self) -> None:
        """Empty the log: everything in it stands in the journal by now."""
        self.close()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(
                self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | BINARY, 0o600
            )
            os.fsync(self._file)
        except OSError as error:
            raise StorageError(f"{self._path} can't be written: {error.strerror}") from error

    def started(self, message_ids: Iterable[str]) -> None:
        """Note that these messages are about to go out; on disk when this returns.

        Raises:
            StorageError: it can't be noted, so the messages must not go out.
        """
        self._write([{"id": message_id} for message_id in message_ids], sync=True)

    def finished(self, message_id: str, answer: Mapping[str, Any]) -> None:
        """Note an answer; losing it makes the message doubtful, never doubled."""
        self._write([{"id": message_id, "answer": dict(answer)}], sync=False)

    def _write(self, entries: list[dict[str, Any]], *, sync: bool) -> None:
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        content = memoryview(f"\n{lines}".encode())  # a torn line before it ends here
        try:
            with self._lock:
                if self._file is None:
                    raise StorageError("The hand-over log is not open.")
                while content:  # a full disk takes a part without an error
                    content = content[os.write(self._file, content) :]
            if sync:
                os.fsync(self._file)
        except OSError as error:
            raise StorageError(f"{self._path} can't be written: {error.strerror}") from error

    def read(self) -> dict[str, dict[str, Any] | None] | None:
        """Begun messages with their answers, None where none was noted; None: there is no log."""
        if not self._path.is_file():
            return None
        found: dict[str, dict[str, Any] | None] = {}
        for line in self._path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # torn by a crash: the note before it stands
                continue
            found[entry["id"]] = entry.get("answer") or found.get(entry["id"])
        return found

    def close(self) -> None:
        """Close the file and keep it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """Close and remove the file.

        Raises:
            StorageError: it can't be removed; nothing in it is needed any more.
        """
        self.close()
        remove(self._path)
