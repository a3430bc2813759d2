"""A workspace: one folder with rules, settings and state, and every verb on it.

All interfaces talk to this class; it holds no rows, so any number of them may be open at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from invoicebatch.engine.background.jobs import Jobs
from invoicebatch.engine.base import clock
from invoicebatch.engine.outbox import Outbox
from invoicebatch.engine.payments.bundles import Payments
from invoicebatch.engine.plan.selection import Selection, selected_ids, selected_numbers
from invoicebatch.engine.run.runs import RunVerbs
from invoicebatch.errors import SelectionError, WorkspaceError
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import RowOutcome

if TYPE_CHECKING:
    from invoicebatch.engine.imports.import_files import ImportReport


class Workspace(RunVerbs):
    """A folder with rules, settings and state."""

    def select(
        self,
        where: str | None = None,
        *,
        ids: Sequence[int] | None = None,
        numbers: Sequence[str] | None = None,
        frame: pd.DataFrame | None = None,
        run: str | None = None,
        all: bool = False,  # noqa: A002 - reads as the command line's --all
    ) -> Selection:
        """Select invoices, by exactly one of the ways.

        Args:
            where: an SQL condition over overview columns, amounts as decimals.
            ids: invoice ids.
            numbers: invoice numbers.
            frame: a frame with a column `invoice_id`.
            run: the rows done by a run; its first characters are enough.
            all: every invoice.

        Raises:
            SelectionError: none or several ways, an id or number that does not exist.
            UnknownNameError: no such run.
            FilterError: the condition can't be evaluated.
        """
        given = [way for way in (where, ids, numbers, frame, run) if way is not None]
        if len(given) + all != 1:
            raise SelectionError(
                "Say which invoices, in exactly one way.",
                "One of: where, ids, numbers, sheet, frame, run, all.",
            )
        full = self.find_run(run) if run is not None else ""
        with self.store.read() as session:
            if where is not None or all:
                found = session.matching(where or "true", clock.today())
                return Selection(self, found, where or "all invoices", picked_by_hand=False)
            if numbers is not None:
                found = selected_numbers(session, numbers)
                return Selection(self, found, f"{len(found):,} numbers", picked_by_hand=True)
            if full:
                rows = session.run_rows(full)
                ids = rows.loc[rows["outcome"] == RowOutcome.DONE.value, "invoice_id"].tolist()
            wanted = _ids_of(frame) if frame is not None else list([] if ids is None else ids)
            known, unknown = selected_ids(session, wanted)
        words = f"{len(wanted):,} rows done by run {full[:8]}" if full else f"{len(wanted):,} ids"
        return Selection(self, known, words, picked_by_hand=True, unknown=unknown)

    @property
    def payments(self) -> Payments:
        """The payment bundles."""
        return Payments(self)

    @property
    def outbox(self) -> Outbox:
        """The messages to customers and other systems."""
        return Outbox(self)

    @property
    def jobs(self) -> Jobs:
        """The export jobs."""
        return Jobs(self)

    def doctor(self) -> pd.DataFrame:
        """See `engine.doctor.audit`."""
        from invoicebatch.engine.doctor import audit

        return audit(self)

    def snapshot(self, folder: str | Path) -> list[Path]:
        """Write every table as `<folder>/<table>.parquet`, all from one moment; returns the files.

        Raises:
            StorageError: the folder can't be written.
        """
        with self.store.read() as session:
            return session.snapshot(Path(folder), TABLES)

    def import_files(
        self, paths: Sequence[str | Path], *, kind: str | None = None, mapping: str | Path | None = None
    ) -> "ImportReport":
        """See `engine.imports.import_files.import_files`."""
        from invoicebatch.engine.imports.import_files import import_files

        return import_files(self, [Path(path) for path in paths], kind, Path(mapping) if mapping else None)

    def load_sample(self, invoices: int, seed: int = 1) -> int:
        """Fill an empty workspace with sample data; returns the number of invoices.

        Raises:
            UsageError: the workspace has invoices already.
        """
        from invoicebatch.engine.imports.sample import load_sample

        return load_sample(self, invoices, seed)


def _ids_of(frame: pd.DataFrame) -> list[int]:
    if "invoice_id" not in frame.columns:
        raise SelectionError(
            "The frame has no column invoice_id.", f"It has: {', '.join(map(str, frame.columns))}"
        )
    return [int(value) for value in frame["invoice_id"]]


def check_folder(root: Path) -> None:
    """A workspace must be a folder.

    Raises:
        WorkspaceError: it is not.
    """
    if not root.is_dir():
        raise WorkspaceError(f"{root} is not a folder.", "Make a workspace with: invoicebatch init DIR")
