"""The state of a workspace: sessions on its database file, opened as short as can be.

`Store.read()` may run beside others; `Store.write()` is one transaction, alone. Frames come with a session; a
`look` brings plain values and imports none of them.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from copy import copy
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from invoicebatch.model.schema import TABLES
from invoicebatch.store.database import Connection, Database, interrupt
from invoicebatch.store.lock import RunLock
from invoicebatch.store.look import Look
from invoicebatch.store.snapshot import write_snapshot

if TYPE_CHECKING:
    from invoicebatch.store.session import Session

FILE = "invoicebatch.duckdb"

_WRITTEN = frozenset({"events", "invoice_changes", "artefacts", "run_rows"})
"""Tables that a run over archived documents writes rows of its own to: they are live in a transaction."""


class Archived(Enum):
    """Whether what lies in the archive is seen beside the live rows, or, of the documents, alone."""

    TOO = "too"
    ONLY = "only"


class Store:
    """The state of a workspace: `<data>/invoicebatch.duckdb`."""

    def __init__(self, data: Path, timeout: float) -> None:
        self.data = data
        self.file = data / FILE
        self._database = Database(self.file, timeout)
        self._shown: Archived | None = None

    def with_archive(self, *, only: bool = False) -> "Store":
        """The same state, seen with what lies in the archive; `only`: of the documents, those alone.

        What is archived can be read so, and not changed.
        """
        seen = copy(self)
        vars(seen)["_shown"] = Archived.ONLY if only else Archived.TOO
        return seen

    @property
    def sees_archive(self) -> bool:
        """Whether what lies in the archive is seen, too."""
        return self._shown is not None

    @property
    def of_archive(self) -> bool:
        """Whether, of the documents, those in the archive alone are seen."""
        return self._shown is Archived.ONLY

    def _show(self, con: Connection, but: Collection[str] = ()) -> Connection:
        if self._shown is not None:
            from invoicebatch.store.archive.views import show_archive

            show_archive(con, self.data, only=self.of_archive, but=but)
        return con

    def create(self) -> None:
        """Make the file with all tables, or bring an older one up to date."""
        self._database.create()

    @contextmanager
    def look(self) -> Iterator[Look]:
        """A look at rows as plain values; see `store.database.Database.read` for its errors."""
        with self._database.read() as con:
            yield Look(self._show(con))

    @contextmanager
    def read(self) -> Iterator["Session"]:
        """A session that reads; see `store.database.Database.read` for its errors."""
        from invoicebatch.store.session import Session

        with self._database.read() as con:
            yield Session(self._show(con))

    @contextmanager
    def write(self) -> Iterator["Session"]:
        """A session that is one transaction; see `store.database.Database.write`."""
        from invoicebatch.store.session import Session

        with self._database.write() as con:
            yield Session(self._show(con, _WRITTEN))

    @property
    def id(self) -> str:
        """The id given to the workspace when it was made; read with the first look at the file."""
        if self._database.id is None:
            with self.look():
                pass
        return str(self._database.id)

    def snapshot(self, folder: Path) -> list[Path]:
        """Write every table as `<folder>/<table>.parquet`, all from one moment; see `store.snapshot`."""
        with self._database.read() as con:
            return write_snapshot(con, folder, TABLES)

    def adopt(self) -> None:
        """Make a copy a workspace of its own; see `store.database.Database.adopt`."""
        self._database.adopt()

    def copy(self, target: Path) -> None:
        """Copy the file as of one moment; see `store.database.Database.copy`."""
        self._database.copy(target)

    def rewrite(self) -> None:
        """Write the file anew, without what was deleted from it; see `store.database.Database.rewrite`."""
        self._database.rewrite()

    @staticmethod
    def interrupt() -> None:
        """Stop every query of this process that is at work; it ends as a KeyboardInterrupt."""
        interrupt()

    def run_lock(self, run_id: str) -> RunLock:
        """The lock that shows that a run's process is alive."""
        return RunLock(self.data / "locks", run_id)
