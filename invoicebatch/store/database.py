"""Short connections to the workspace's DuckDB file, and its faults in words.

Every connection is opened under the lock and closed with it; nothing outside this package sees one.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from invoicebatch.errors import (
    BusyError,
    InvoicebatchError,
    StaleError,
    StorageError,
    TransitionError,
    WorkspaceError,
)
from invoicebatch.store.lock import database_lock
from invoicebatch.store.migrations import LATEST, migrate, version_of

Connection = Any
"""A DuckDB connection; typed loosely because duckdb ships no complete stubs."""

_FILE_FAULTS = (
    duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException,
)  # fmt: skip

_CONFIG: dict[str, Any] = {"memory_limit": "4GB", "preserve_insertion_order": "false"}

_OPENING = Lock()
"""Threads open and close one at a time: a second reader must not meet a database half set up."""


class Database:
    """The database file of a workspace."""

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._checked = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only connection.

        Raises:
            BusyError: a writer held the workspace too long.
            WorkspaceError: the workspace is of a newer version.
            StorageError: the file is missing or damaged.
        """
        with (
            database_lock(self.path, write=False, timeout=self._timeout),
            self._connect(read_only=True) as con,
        ):
            yield con

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in one transaction: committed at the end of the block, else rolled back."""
        with (
            database_lock(self.path, write=True, timeout=self._timeout),
            self._connect(read_only=False) as con,
        ):
            con.execute("BEGIN")
            try:
                yield con
            except BaseException:
                with suppress(duckdb.Error):  # the first fault is the one to tell
                    con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")

    def create(self) -> None:
        """Make the file with all tables, or bring an older one up to date."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with database_lock(self.path, write=True, timeout=self._timeout):
            with _named_faults(self.path):
                con = duckdb.connect(str(self.path), config=_CONFIG)
            with con, _named_faults(self.path):
                migrate(con)

    @contextmanager
    def _connect(self, *, read_only: bool) -> Iterator[Connection]:
        if not self.path.is_file():
            raise WorkspaceError(
                f"{self.path} does not exist.", "Make a workspace with: invoicebatch init DIR"
            )
        with _named_faults(self.path):
            with _OPENING:
                con = duckdb.connect(str(self.path), read_only=read_only, config=_CONFIG)
            try:
                self._check_version(con)
                yield con
            finally:
                with _OPENING:
                    con.close()

    def _check_version(self, con: Connection) -> None:
        if self._checked:
            return
        found = version_of(con)
        if found != LATEST:
            raise WorkspaceError(
                f"{self.path} has schema version {found}; this program needs {LATEST}.",
                "Update invoicebatch."
                if found > LATEST
                else "Bring it up to date with: invoicebatch init DIR",
            )
        self._checked = True


@contextmanager
def _named_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise _named(error, path) from error


def _named(error: Any, path: Path) -> InvoicebatchError:
    text = str(error)
    first = text.splitlines()[0]
    if "Merge error condition" in text:
        what = first.rpartition(": ")[2]
        kind = TransitionError if what.startswith("transition") else StaleError
        return kind(f"Nothing was written: {what}.", "Another process changed it meanwhile; select again.")
    if "Could not set lock" in text:
        return BusyError(
            f"{path} is open in another program.", "Close the program that has the database file open."
        )
    if "No space left" in text or ("disk" in text.lower() and "full" in text.lower()):
        return StorageError(f"The disk is full: {path.parent}", "Free some space, then: invoicebatch resume")
    if "Corrupt" in text or isinstance(error, _FILE_FAULTS):
        return StorageError(
            f"The database file can't be used: {path}: {first}",
            "Is the disk writable and not full? If the file is damaged, restore it from a backup.",
        )
    if isinstance(error, duckdb.ConstraintException | duckdb.TransactionException):
        return StaleError(
            f"Nothing was written: {first}", "Another process changed it meanwhile; select again."
        )
    return StorageError(f"The database refused: {first}")
