"""What the engine sees of the store: a session is one short connection with its verbs.

`Store.read()` may run beside others; `Store.write()` is one transaction, alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.changes import Changes
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import TRANSITIONS
from invoicebatch.store import journal, numbering, outbox, overview, snapshot, tables
from invoicebatch.store.database import Database
from invoicebatch.store.lock import RunLock

FILE = "invoicebatch.duckdb"


class Session:
    """One open connection. Frames go in and out; SQL stays in this package."""

    def __init__(self, con: Any) -> None:
        self._con = con

    def overview(
        self,
        columns: Iterable[str],
        today: date,
        ids: npt.NDArray[np.int64] | None = None,
        presence: Collection[str] = (),
    ) -> pd.DataFrame:
        """See `store.overview.overview`."""
        return overview.overview(self._con, columns, today, ids, presence)

    def matching(self, condition: str, today: date) -> npt.NDArray[np.int64]:
        """See `store.overview.matching`."""
        return overview.matching(self._con, condition, today)

    def ids_of(self, column: str, values: Sequence[str]) -> pd.DataFrame:
        """See `store.overview.ids_of`."""
        return overview.ids_of(self._con, column, values)

    def rows_of(self, table: str, column: str, keys: pd.Series) -> pd.DataFrame:
        """See `store.tables.rows_of`."""
        return tables.rows_of(self._con, table, column, keys)

    def whole(self, table: str, where: str = "", params: dict[str, Any] | None = None) -> pd.DataFrame:
        """See `store.tables.whole`."""
        return tables.whole(self._con, table, where, params)

    def count(self, table: str) -> int:
        """Number of rows of a table."""
        (row,) = self._con.sql(f"SELECT count(*) FROM {TABLES[table].name}").fetchall()
        return int(row[0])

    def line_totals(self) -> "pd.Series[int]":
        """Sum of the line net amounts in cents, by invoice id."""
        table = self._con.sql(
            "SELECT invoice_id, (sum(net)::DECIMAL(20,2) * 100)::BIGINT AS net_cents FROM lines GROUP BY invoice_id"
        ).to_arrow_table()
        return pd.Series(table["net_cents"].to_numpy(), index=table["invoice_id"].to_numpy())

    def workspace_id(self) -> str:
        """The id given to the workspace when it was made."""
        (row,) = self._con.sql("SELECT value FROM meta WHERE key = 'workspace_id'").fetchall()
        return str(row[0])

    def reserve_ids(self, count: int) -> npt.NDArray[np.int64]:
        """The next invoice ids; they are never given again."""
        (row,) = self._con.sql("SELECT value FROM meta WHERE key = 'next_invoice_id'").fetchall()
        first = int(row[0])
        self._con.execute("UPDATE meta SET value = ? WHERE key = 'next_invoice_id'", [str(first + count)])
        return np.arange(first, first + count, dtype=np.int64)

    def insert(self, table: str, frame: pd.DataFrame) -> None:
        """See `store.tables.insert`; a number pattern must be one, see `store.numbering.check_pattern`."""
        if table == "number_ranges":
            self._check_patterns(frame)
        tables.insert(self._con, table, frame)

    def _check_patterns(self, ranges: pd.DataFrame) -> None:
        for pattern in ranges["pattern"].dropna().unique() if "pattern" in ranges.columns else ():
            numbering.check_pattern(str(pattern))

    def update(self, table: str, frame: pd.DataFrame, now: datetime) -> None:
        """See `store.tables.update`; the status can't be changed here."""
        if table == "number_ranges":
            self._check_patterns(frame)
        tables.update(self._con, table, frame, now)

    def delete(self, table: str, frame: pd.DataFrame) -> None:
        """See `store.tables.delete`."""
        tables.delete(self._con, table, frame)

    def allocate(self, requests: pd.DataFrame, run_id: str) -> pd.DataFrame:
        """See `store.numbering.allocate`."""
        return numbering.allocate(self._con, requests, run_id)

    def apply(self, changes: Changes, action: str, now: datetime) -> None:
        """Write an action's changes: deletes, updates, inserts. Numbers are the caller's.

        Raises (through the connection): StaleError, TransitionError: nothing is written then.
        """
        allowed = [(old.value, new.value) for old, new in TRANSITIONS.get(action, frozenset())]
        for table, frame in changes.deletes.items():
            tables.delete(self._con, table, frame)
        for table, frame in changes.updates.items():
            tables.update(self._con, table, frame, now, allowed)
        for table, frame in changes.inserts.items():
            tables.insert(self._con, table, _stamped(table, frame, now))

    def start_run(self, run: dict[str, Any], rows: pd.DataFrame) -> None:
        """See `store.journal.start`."""
        journal.start(self._con, run, rows)

    def settle(self, run_id: str, rows: pd.DataFrame) -> None:
        """See `store.journal.settle`."""
        journal.settle(self._con, run_id, rows)

    def add_artefacts(self, run_id: str, files: pd.DataFrame) -> None:
        """See `store.journal.add_artefacts`."""
        journal.add_artefacts(self._con, run_id, files)

    def mark_published(self, run_id: str, files: pd.DataFrame) -> None:
        """See `store.journal.mark_published`."""
        journal.mark_published(self._con, run_id, files)

    def finish_run(self, run_id: str, status: Any, now: datetime, totals: str | None = None) -> None:
        """See `store.journal.finish`."""
        journal.finish(self._con, run_id, status, now, totals)

    def note_run(self, run_id: str, **values: Any) -> None:
        """See `store.journal.note`."""
        journal.note(self._con, run_id, **values)

    def holders(self, ids: pd.Series) -> pd.DataFrame:
        """See `store.journal.holders`."""
        return journal.holders(self._con, ids)

    def run(self, run_id: str) -> dict[str, Any] | None:
        """See `store.journal.run`."""
        return journal.run(self._con, run_id)

    def run_rows(self, run_id: str) -> pd.DataFrame:
        """See `store.journal.rows`."""
        return journal.rows(self._con, run_id)

    def artefacts(self, run_id: str) -> pd.DataFrame:
        """See `store.journal.artefacts`."""
        return journal.artefacts(self._con, run_id)

    def done_rows(self) -> dict[str, int]:
        """See `store.journal.done_rows`."""
        return journal.done_rows(self._con)

    def unfinished_runs(self) -> list[str]:
        """See `store.journal.unfinished`."""
        return journal.unfinished(self._con)

    def outbox_heads(self, where: str, **params: Any) -> pd.DataFrame:
        """See `store.outbox.heads`."""
        return outbox.heads(self._con, where, params)

    def snapshot(self, folder: Path, names: Iterable[str]) -> list[Path]:
        """See `store.snapshot.write_snapshot`."""
        return snapshot.write_snapshot(self._con, folder, names)


def _stamped(table: str, frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    stamps = {
        c.name: now
        for c in TABLES[table].columns
        if c.name in ("created_at", "updated_at") and c.name not in frame.columns
    }
    return frame.assign(**stamps)


class Store:
    """The state of a workspace: `<data>/invoicebatch.duckdb`."""

    def __init__(self, data: Path, timeout: float) -> None:
        self.data = data
        self.file = data / FILE
        self._database = Database(self.file, timeout)

    def create(self) -> None:
        """See `store.database.Database.create`."""
        self._database.create()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that reads; see `store.database.Database.read` for its errors."""
        with self._database.read() as con:
            yield Session(con)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is one transaction; see `store.database.Database.write`."""
        with self._database.write() as con:
            yield Session(con)

    def run_lock(self, run_id: str) -> RunLock:
        """The lock that shows that a run's process is alive."""
        return RunLock(self.data / "locks", run_id)
