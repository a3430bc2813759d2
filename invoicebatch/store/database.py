"""Short connections to the workspace's DuckDB file, and its faults in words.

Every connection is opened under the lock and closed with it; nothing outside this package sees one.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import duckdb

from invoicebatch.errors import (
    BusyError,
    InvoicebatchError,
    StaleError,
    StorageError,
    WorkspaceError,
)
from invoicebatch.files.platform import after_fork, held_elsewhere, release_memory, sync_path
from invoicebatch.store.lock import database_lock
from invoicebatch.store.migrations import LATEST, migrate, place, set_place, version_of, workspace_id

Connection = Any
"""A DuckDB connection; typed loosely because duckdb ships no complete stubs."""

_FILE_FAULTS = (
    duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException,
)  # fmt: skip

_HEADERS = 3 * 4096
"""Bytes before the first block of a database file."""

_ROOM = 16 << 20
"""Bytes; with less than that left a disk counts as full."""

_INTERRUPTED = "Query interrupted"
"""What DuckDB's RuntimeError says where Ctrl-C came while a query was at work."""

_CONFIG: dict[str, Any] = {
    "memory_limit": "4GB",
    "preserve_insertion_order": "false",
    "write_buffer_row_group_count": 1,  # rows to insert are held until so many groups of 122,880 are full
}

_IDLE: list[Connection] = []
"""Engines at rest, with no file: starting one takes ten times as long as attaching a file to it."""

_AT_WORK: list[Connection] = []
"""Connections in use."""

_MOST_IDLE = 4

_BRIEF = 0.1
"""Seconds at work after which an engine is not kept: it holds on to the memory that much work took."""

_LONG = 1.0
"""Seconds of a transaction after which free memory is released before its commit."""

_WORKED_LONG = Event()
"""Set where an engine was at work for longer, until what frames and engines left of memory is released."""

after_fork(_IDLE.clear)  # an engine's threads do not live on in a child


class Database:
    """The database file of a workspace."""

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._checked = False
        self.id: str | None = None
        """The workspace's id, once the file was opened."""
        self._placed = False

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
        _release_memory()
        with (
            database_lock(self.path, write=True, timeout=self._timeout),
            self._connect(read_only=False) as con,
        ):
            self._check_place(con)
            begun = monotonic()
            con.execute("BEGIN")
            try:
                yield con
            except BaseException:
                with suppress(duckdb.Error):  # the first fault is the one to tell
                    con.execute("ROLLBACK")
                raise
            if monotonic() - begun >= _LONG:  # tables that grew much are written anew with the commit
                release_memory()
            con.execute("COMMIT")

    def create(self) -> None:
        """Make the file with all tables, or bring an older one up to date.

        Raises:
            WorkspaceError: the workspace is of a newer version.
            StorageError: the file is damaged.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (
            database_lock(self.path, write=True, timeout=self._timeout),
            _named_faults(self.path, read_only=False),
            _attached(self.path, read_only=False) as con,
        ):
            _check_length(con, self.path)
            migrate(con)
            self._check_version(con)

    def adopt(self) -> None:
        """Make a copy a workspace of its own: a new id, and this place."""
        with (
            database_lock(self.path, write=True, timeout=self._timeout),
            self._connect(read_only=False) as con,
        ):
            set_place(con, self._place, new_id=True)
            self.id = workspace_id(con)

    @property
    def _place(self) -> str:
        return str(self.path.parent.resolve())

    def _check_place(self, con: Connection) -> None:
        """Where it was moved, note the new place; a copy beside its original may not be written.

        Both would give the same numbers and send the same messages.

        Raises:
            WorkspaceError: it is such a copy.
        """
        if self._placed:
            return
        noted = place(con)
        if noted != self._place:
            if noted is not None and self._is_of(Path(noted) / self.path.name, workspace_id(con)):
                raise WorkspaceError(
                    f"{self.path.parent} is a copy of the workspace in {noted}: it can be read, not changed.",
                    "Work there, or make this one a workspace of its own: invoicebatch init DIR --adopt",
                )
            set_place(con, self._place, new_id=False)
        self._placed = True

    def _is_of(self, path: Path, wanted: str) -> bool:
        """Whether a file is the state of the workspace with that id; one that can't be read now may be."""
        if not path.is_file():
            return False
        try:
            with Database(path, self._timeout).read() as con:
                return workspace_id(con) == wanted
        except (BusyError, WorkspaceError):
            return True
        except StorageError:
            return False

    def copy(self, target: Path) -> None:
        """Copy the file, all of it as of one moment; nobody writes meanwhile.

        Raises:
            BusyError: another held the workspace too long.
            StorageError: the file is damaged, or the copy can't be written.
        """
        with database_lock(self.path, write=True, timeout=self._timeout):
            with self._connect(read_only=False) as con:
                con.execute("CHECKPOINT")
            try:  # detached: closing a second handle on the file would drop DuckDB's lock
                shutil.copyfile(self.path, target)
            except OSError as error:
                raise StorageError(
                    f"{target} can't be written: {error.strerror}", "Free some space."
                ) from error

    def rewrite(self) -> None:
        """Write the file anew: a deleted row stays readable in it until its block is used again.

        Raises:
            BusyError: another held the workspace too long.
            StorageError: the file is damaged, or there is no room for a second one.
        """
        part = self.path.with_name(f"{self.path.name}.part")
        with database_lock(self.path, write=True, timeout=self._timeout):
            for left in (part, part.with_name(f"{part.name}.wal")):
                left.unlink(missing_ok=True)
            with self._connect(read_only=False) as con:
                con.execute("CHECKPOINT")
                con.execute(f"ATTACH '{_quoted(part)}' AS fresh")
                try:
                    con.execute("COPY FROM DATABASE workspace TO fresh")
                    con.execute("CHECKPOINT fresh")
                finally:
                    con.execute("DETACH fresh")
            part.chmod(self.path.stat().st_mode & 0o777)
            part.replace(self.path)
            sync_path(self.path.parent)

    @contextmanager
    def _connect(self, *, read_only: bool) -> Iterator[Connection]:
        if not self.path.is_file():
            raise WorkspaceError(
                f"{self.path} does not exist.", "Make a workspace with: invoicebatch init DIR"
            )
        with _named_faults(self.path, read_only=read_only), _attached(self.path, read_only=read_only) as con:
            self._check_version(con)
            yield con

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
        self.id = workspace_id(con)
        self._checked = True


@contextmanager
def _attached(path: Path, *, read_only: bool) -> Iterator[Connection]:
    """A connection to the file alone; after a fault the engine goes with it, whatever state it is in."""
    begun = monotonic()
    try:
        engine = _IDLE.pop()
    except IndexError:
        engine = duckdb.connect(":memory:", config=_CONFIG)
    try:
        with engine.cursor() as con, interruptible(con):
            _attach(con, path, read_only=read_only)
            con.execute("USE workspace")
            yield con
        engine.execute("DETACH workspace")
    except BaseException:
        engine.close()
        raise
    finally:
        if long := monotonic() - begun >= _BRIEF:
            _WORKED_LONG.set()
    if long or len(_IDLE) >= _MOST_IDLE:
        engine.close()
    else:
        _IDLE.append(engine)


def _release_memory() -> None:
    """After long work: what is free in frames' memory can't be used by an engine, nor what one at rest holds."""
    if _WORKED_LONG.is_set():
        _WORKED_LONG.clear()
        with suppress(IndexError):
            while True:
                _IDLE.pop().close()
        release_memory()


@contextmanager
def interruptible(con: Connection) -> Iterator[None]:
    """Let `interrupt` stop what the connection is at work on."""
    _AT_WORK.append(con)
    try:
        yield
    finally:
        _AT_WORK.remove(con)


def interrupt() -> None:
    """Stop every query of this process that is at work; it ends as a KeyboardInterrupt.

    DuckDB looks for a Ctrl-C only between the pieces of a query, and one may last for minutes. It forgets
    one that comes before a query has begun, so it is told until the connection has come to its end.
    """
    asked = list(_AT_WORK)
    while asked:
        for con in asked:
            with suppress(duckdb.Error):  # it may come to its end right now
                con.interrupt()
        sleep(0.05)
        asked = [con for con in asked if any(con is other for other in _AT_WORK)]


def _attach(con: Connection, path: Path, *, read_only: bool) -> None:
    try:
        con.execute(f"ATTACH '{_quoted(path)}' AS workspace ({'READ_ONLY' if read_only else 'READ_WRITE'})")
    except _FILE_FAULTS as error:
        if isinstance(error, duckdb.IOException) and held_elsewhere(path, read_only=read_only):
            raise BusyError(
                f"{path} is open in another program.", "Close the program that has the database file open."
            ) from error
        if _usable(path, read_only=read_only):
            raise _damaged(error, path) from error
        raise


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _damaged(error: Any, path: Path) -> StorageError:
    return StorageError(
        f"The database file can't be used, it is damaged or was cut off: {path}: {_first_line(error)}",
        "Nothing was changed; restore it from a backup: invoicebatch restore BACKUP FOLDER.",
    )


def _usable(path: Path, *, read_only: bool) -> bool:
    """Whether a person and the disk let the file be used: what is wrong then is in the file."""
    allowed = os.access(path, os.R_OK if read_only else os.R_OK | os.W_OK)
    return allowed and shutil.disk_usage(path.parent).free > _ROOM


def _check_length(con: Connection, path: Path) -> None:
    """The file must hold every block of a table; DuckDB opens one that was cut off.

    Blocks at its end that are free need never have been written.
    """
    used = con.sql("SELECT max(block_id) FROM pragma_metadata_info()").fetchall()
    for (name,) in con.sql(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'workspace'"
    ).fetchall():
        used += con.sql(
            "SELECT greatest(max(block_id), max(list_max(additional_block_ids)))"
            f" FROM pragma_storage_info('{name}')"
        ).fetchall()
    ((size,),) = con.sql(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = 'workspace'"
    ).fetchall()
    last = max((block for (block,) in used if block is not None), default=-1)
    expected = _HEADERS + (last + 1) * size
    if path.stat().st_size < expected:
        raise StorageError(
            f"The database file is cut off: {path} has {path.stat().st_size:,} bytes of {expected:,}.",
            "Restore it from a backup.",
        )


@contextmanager
def named_interrupt() -> Iterator[None]:
    """What DuckDB raises where it was interrupted, as a KeyboardInterrupt."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _named_faults(path: Path, *, read_only: bool) -> Iterator[None]:
    try:
        with named_interrupt():
            yield
    except duckdb.Error as error:
        raise _named(error, path, read_only=read_only) from error


def _named(error: Any, path: Path, *, read_only: bool) -> InvoicebatchError:
    """The fault in our words, told by its class; the engine's own words are shown and never read."""
    first = _first_line(error)
    if isinstance(error, duckdb.ConstraintException | duckdb.TransactionException):
        return StaleError(
            f"Nothing was written: {first}", "Another process changed it meanwhile; select again."
        )
    if isinstance(error, _FILE_FAULTS):
        if read_only and _usable(path, read_only=True):
            return _damaged(error, path)
        return StorageError(
            f"The database file can't be used: {path}: {first}",
            "Is the disk full, or not writable? Mend that, then: invoicebatch resume."
            " If the file is damaged, restore it from a backup.",
        )
    return StorageError(f"The database refused: {first}")


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0]
