"""What the engine lends to an action while it runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.base.batches import Parties, every_one, linked_rows
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.base.review import Reviewer
from invoicebatch.files.stored import stored_document
from invoicebatch.model.changes import Batch
from invoicebatch.settings import Settings
from invoicebatch.store import Session, Store

_MANY: Final = 50_000
"""Documents: a run of so many at once judges all that waits, if that was not done, and keeps it."""

J = TypeVar("J")
R = TypeVar("R")


class RunContext:
    """The `Context` of one run; see `model.action.Context` for what each part promises."""

    def __init__(
        self,
        *,
        run_id: str,
        now: datetime,
        today: date,
        user: str,
        settings: Settings,
        root: Path,
        store: Store,
        pool: Pool,
    ) -> None:
        self.run_id = run_id
        self.now = now
        self.today = today
        self.user = user
        self.selection = ""
        self.settings = settings
        self.root = root
        self._store = store
        self._pool = pool
        self.check_cancelled: Callable[[], None] = lambda: None
        """Ends the run where a person wants no more."""
        self._kept: dict[str, pd.DataFrame] = {}
        """Findings of the review, by severity."""
        self._kept_at: int | None = None
        """`Session.review_changes` when they held."""

    @property
    def processes(self) -> int:
        """How many jobs are done at a time."""
        return self._pool.processes

    def map(self, function: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
        """Through the pool, results in order."""
        for result in self._pool.map(function, jobs):
            self.check_cancelled()
            yield result

    def document(self, path: str, sha256: str) -> Path:
        """The stored document, its bytes checked."""
        return stored_document(self._store.data, path, sha256)

    def pieces(
        self,
        ids: npt.NDArray[np.int64],
        columns: Iterable[str],
        reads: Mapping[str, Iterable[str] | None],
        size: int = 50_000,
    ) -> Iterator[Batch]:
        """Read piece by piece, each by a connection of its own: nobody waits until the file is written.

        The run's claims keep others from changing what belongs to the invoices meanwhile. Nothing claims their
        parties: what is said of them is read once, so that a customer has one name in the whole file.
        """
        parties: Parties | None = None
        wanted = list(columns)
        for start in range(0, len(ids), size):
            self.check_cancelled()
            asked = ids[start : start + size]
            with self._store.read() as session:
                if parties is None:
                    of_many = wanted if len(ids) > size else ()  # a single piece is of one moment anyway
                    parties = Parties(session, ids, of_many, reads, self.today)
                    wanted = [name for name in wanted if name not in parties.columns]
                invoices = every_one(session, asked, wanted, self.today)
                tables = {
                    name: linked_rows(session, name, invoices, columns_of)
                    for name, columns_of in reads.items()
                    if name not in parties
                }
            yield Batch(parties.beside(invoices, start), tables | parties.of(invoices))

    def reserve_ids(self, count: int) -> npt.NDArray[np.int64]:
        """Fresh invoice ids; never given again, used or not."""
        with self._store.write() as session:
            return session.reserve_ids(count)

    def receivers(self, ask: Iterable[tuple[str, str]] = ()) -> Mapping[tuple[str, str], str]:
        """What is known of receivers, once the network was asked for the named ones."""
        from invoicebatch.delivery.einvoice.receivers import Receivers

        known = Receivers(self.settings.einvoice, self._store.data)
        wanted = list(ask)
        return known.ask(wanted, self.today) if wanted else known.known(self.today)

    def odd(self, ids: npt.NDArray[np.int64], severity: str) -> pd.DataFrame:
        """What the review finds of invoices.

        What is kept of it is read once a run, and again where others changed anything: that the run itself approved
        documents before changes nothing of what is found of the next.
        """
        kept = self._kept_findings(ids, severity)
        if kept is None and self.run_id and len(ids) >= _MANY:
            self._reviewer.keep_judged()
            kept = self._kept_findings(ids, severity)
        return self._reviewer.odd(ids, severity) if kept is None else kept

    def _kept_findings(self, ids: npt.NDArray[np.int64], severity: str) -> pd.DataFrame | None:
        with self._store.read() as session:
            if not self.run_id:
                return self._reviewer.kept(session, severity, ids)
            if (changes := session.review_changes()) != self._kept_at:
                self._kept, self._kept_at = {}, changes
            if severity not in self._kept and (found := self._reviewer.kept(session, severity)) is not None:
                self._kept[severity] = found
        kept = self._kept.get(severity)
        return None if kept is None else kept[kept["invoice_id"].isin(ids)].reset_index(drop=True)

    @contextmanager
    def own_changes(self, session: Session) -> Iterator[None]:
        """What is changed in the block changes nothing of what is kept of the review, if nobody else changed anything."""
        alone = bool(self._kept) and session.review_changes() == self._kept_at
        yield
        if alone:
            self._kept_at = session.review_changes()

    @property
    def _reviewer(self) -> Reviewer:
        return Reviewer(self._store, self.root, self.today, self.settings.payment.term_days)
