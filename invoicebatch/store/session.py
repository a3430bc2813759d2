"""What the engine sees of the store: a session is one short connection with its verbs.

What a verb takes, gives and raises is said where it is written: `help(Session.update)` shows it.
`Store.read()` may run beside others; `Store.write()` is one transaction, alone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from invoicebatch.store import erasure, event_chain, journal, numbering, outbox, review, tables
from invoicebatch.store import overview as invoices
from invoicebatch.store import snapshot as snapshots
from invoicebatch.store.database import Database, interrupt
from invoicebatch.store.history import history_columns
from invoicebatch.store.lock import RunLock

FILE = "invoicebatch.duckdb"

_Options = ParamSpec("_Options")
_Result = TypeVar("_Result")


def _verb(
    function: Callable[Concatenate[Any, _Options], _Result],
) -> "Callable[Concatenate[Session, _Options], _Result]":
    """A function of an open connection as a verb of the session, with its text and its types."""

    @wraps(function)
    def verb(self: "Session", /, *args: _Options.args, **options: _Options.kwargs) -> _Result:
        return function(self._con, *args, **options)

    return verb


class Session:
    """One open connection and what can be done on it. Frames go in and out; SQL stays in this package."""

    def __init__(self, con: Any) -> None:
        self._con = con

    overview = _verb(invoices.overview)
    filterable = _verb(invoices.filterable)
    ids_of = _verb(invoices.ids_of)
    history_columns = _verb(history_columns)
    review_judged_by = _verb(review.judged_by)
    review_waiting = _verb(review.waiting)
    unknown_products = _verb(review.unknown_products)
    keep_findings = _verb(review.keep_findings)
    kept_findings = _verb(review.kept_findings)

    rows_of = _verb(tables.rows_of)
    stored_rows = _verb(tables.stored_rows)
    whole = _verb(tables.whole)
    count = _verb(tables.count)
    line_totals = _verb(tables.line_totals)
    insert = _verb(tables.insert)
    update = _verb(tables.update)
    delete = _verb(tables.delete)
    apply = _verb(tables.apply)

    reserve_ids = _verb(numbering.reserve_ids)
    allocate = _verb(numbering.allocate)

    start_run = _verb(journal.start)
    settle = _verb(journal.settle)
    add_artefacts = _verb(journal.add_artefacts)
    mark_published = _verb(journal.mark_published)
    finish_run = _verb(journal.finish)
    note_run = _verb(journal.note)
    holders = _verb(journal.holders)
    run = _verb(journal.run)
    run_rows = _verb(journal.rows)
    artefacts = _verb(journal.artefacts)
    outcome_counts = _verb(journal.outcome_counts)
    unfinished_runs = _verb(journal.unfinished)

    add_events = _verb(event_chain.add_events)
    broken_batches = _verb(event_chain.broken_batches)
    chain_head = _verb(event_chain.head)
    chain_batches = _verb(event_chain.batches)
    hashed_rows = _verb(event_chain.hashed_rows)
    erase_events = _verb(event_chain.erase)
    erased_rows = _verb(event_chain.erased_rows)
    remove_documents = _verb(erasure.remove_documents)
    remove_customer = _verb(erasure.remove_customer)

    outbox_heads = _verb(outbox.heads)
    messages_carrying = _verb(outbox.carrying)
    snapshot = _verb(snapshots.write_snapshot)


class Store:
    """The state of a workspace: `<data>/invoicebatch.duckdb`."""

    def __init__(self, data: Path, timeout: float) -> None:
        self.data = data
        self.file = data / FILE
        self._database = Database(self.file, timeout)

    def create(self) -> None:
        """Make the file with all tables, or bring an older one up to date."""
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

    @property
    def id(self) -> str:
        """The id given to the workspace when it was made; read with the first look at the file."""
        if self._database.id is None:
            with self.read():
                pass
        return str(self._database.id)

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
