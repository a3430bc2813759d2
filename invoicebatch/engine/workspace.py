"""A workspace: one folder with rules, settings and state, and every verb on it, each in a room of its own.

All interfaces talk to this class; it holds no rows, so any number of them may be open at once.
"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.choose import one_way
from invoicebatch.engine.plan.select import ids_of_frame, select
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import SelectionError
from invoicebatch.model.shown import shown
from invoicebatch.settings import Settings
from invoicebatch.store import Store

if TYPE_CHECKING:
    from invoicebatch.eligibility.review import Review
    from invoicebatch.engine.audit import AuditPack
    from invoicebatch.engine.background.jobs import Jobs
    from invoicebatch.engine.comparison import Comparison
    from invoicebatch.engine.detail import Detail
    from invoicebatch.engine.imports.import_files import ImportReport
    from invoicebatch.engine.imports.proposed_mapping import ProposedMapping
    from invoicebatch.engine.outbox import Outbox
    from invoicebatch.engine.payments.bundles import Payments
    from invoicebatch.engine.plan.report import Report
    from invoicebatch.engine.run.archive import Archivable, Archived
    from invoicebatch.engine.run.erasure import Erasure
    from invoicebatch.engine.run.runs import Runs
    from invoicebatch.files.hashed_zip import Listed


class Workspace:
    """A folder with rules, settings and state.

    Attributes:
        base: the folder, settings, store and rules that every room stands on.
    """

    def __init__(self, root: Path) -> None:
        self.base = WorkspaceBase(root)

    @cached_property
    def runs(self) -> "Runs":
        """What was done and what is unfinished."""
        from invoicebatch.engine.run.runs import Runs

        return Runs(self.base)

    @cached_property
    def payments(self) -> "Payments":
        """The payment bundles."""
        from invoicebatch.engine.payments.bundles import Payments

        return Payments(self.base)

    @cached_property
    def outbox(self) -> "Outbox":
        """The messages to customers and other systems."""
        from invoicebatch.engine.outbox import Outbox

        return Outbox(self.base)

    @cached_property
    def jobs(self) -> "Jobs":
        """The export jobs."""
        from invoicebatch.engine.background.jobs import Jobs

        return Jobs(self.base)

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.base.root

    @property
    def data(self) -> Path:
        """The folder of its state."""
        return self.base.data

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self.base.settings

    @property
    def store(self) -> Store:
        """Its state."""
        return self.base.store

    def select(
        self,
        where: str | None = None,
        *,
        ids: Sequence[int] | None = None,
        numbers: Sequence[str] | None = None,
        frame: pd.DataFrame | None = None,
        run: str | None = None,
        made_by: str | None = None,
        all: bool = False,  # noqa: A002 - reads as the command line's --all
        archived: bool = False,
    ) -> Selection:
        """Select invoices, by exactly one of the ways; see `engine.plan.select`. A `frame` has a column `invoice_id`.

        `archived`: among those in the archive, which can be looked at, downloaded and exported; else among the live ones.
        """
        if frame is not None:
            one_way(where, ids, numbers, frame, run, made_by, all or None)
            ids = ids_of_frame(frame)
        base, runs = self._of_archive if archived else (self.base, self.runs)
        return select(base, runs, where, ids=ids, numbers=numbers, run=run, made_by=made_by, all=all)

    @property
    def _of_archive(self) -> "tuple[WorkspaceBase, Runs]":
        from invoicebatch.engine.run.runs import Runs

        base = self.base.with_archive()
        return base, Runs(base)

    @shown
    def doctor(self) -> pd.DataFrame:
        """Every breach of what must always hold; see `engine.doctor.audit`."""
        from invoicebatch.engine.doctor import audit

        return audit(self.base)

    @shown
    def may_go(self) -> pd.DataFrame:
        """Documents that no law keeps any more; see `engine.retention.may_go`."""
        from invoicebatch.engine.retention import may_go

        return may_go(self.base)

    def erasure(self, customer_id: str) -> "Erasure":
        """What erasing a customer would remove, and what the law keeps; see `engine.run.erasure`.

        Raises:
            UnknownNameError: no such customer.
            NothingEligibleError: business with the customer is open.
        """
        from invoicebatch.engine.run.erasure import judge

        with self.store.with_archive().read() as session:
            return judge(session, self.base, customer_id)

    def erase(self, erasure: "Erasure") -> "Report":
        """Erase a customer as `erasure` said; what is kept is refused by name; see `engine.run.erase`.

        Raises:
            StaleError: it would be another thing by now.
        """
        return self.runs.erase(erasure)

    def archivable(self, before: date) -> "Archivable":
        """What `archive` would move, and why the rest stays; see `engine.run.archive`.

        Raises:
            UsageError: the day is later than fourteen months ago.
        """
        from invoicebatch.engine.run.archive import archivable

        return archivable(self.base, before)

    def archive(self, before: date, *, progress: bool = False) -> "Archived":
        """Move closed documents dated before a day to the archive; see `engine.run.archive`.

        Raises:
            UsageError: the day is later than fourteen months ago.
            BusyError: another process archives.
        """
        from invoicebatch.engine.run.archive import archive

        return archive(self.base, before, progress)

    @shown
    def restore(
        self, *, ids: Sequence[int] = (), numbers: Sequence[str] = (), reason: str = "by hand"
    ) -> pd.DataFrame:
        """Bring archived documents back, with their credit notes: invoice_id, number of what came back.

        Raises:
            SelectionError: one is not in the archive, or both ids and numbers are given, or none.
        """
        from invoicebatch.engine.run.bring_back import restore

        if bool(len(ids)) == bool(len(numbers)):
            raise SelectionError("Say which documents: either ids or numbers.")
        column, values = ("invoice_id", list(ids)) if len(ids) else ("number", list(numbers))
        return restore(self.base, column, values, reason)

    def review(self, selection: Selection) -> "Review":
        """What is odd about the selected invoices; see `engine.base.review`."""
        return self.base.reviewer.review(selection.ids)

    def compare(self, now: Selection, before: Selection) -> "Comparison":
        """Two billing runs beside each other: who is missing, new, what moved; see `engine.comparison`."""
        from invoicebatch.engine.comparison import comparison

        facts = {"now": now.description, "before": before.description}
        return comparison(self.base, now.ids, before.ids, facts)

    @shown
    def history(self, invoice: str | int) -> pd.DataFrame:
        """What happened to an invoice, by its number or id, deleted or not; see `engine.history`."""
        from invoicebatch.engine.history import COLUMNS, history

        return pd.DataFrame(history(self.base, invoice), columns=list(COLUMNS))

    def detail(self, invoice: str | int) -> "Detail":
        """An invoice with all that belongs to it, by its number or id; see `engine.detail`.

        Raises:
            SelectionError: no such invoice, or several accounts use that number.
        """
        from invoicebatch.engine.detail import read_detail
        from invoicebatch.engine.documents import find_invoice, lies_in_archive

        archived = lies_in_archive(self.base, invoice)
        base = self.base.with_archive() if archived else self.base
        return read_detail(self.select(ids=[find_invoice(base, invoice)], archived=archived))

    def audit_pack(self, file: str | Path, selection: Selection, *, gobd: bool = False) -> "AuditPack":
        """Write an audit pack of the selected invoices; see `engine.audit`."""
        from invoicebatch.engine.audit import write_audit_pack

        return write_audit_pack(self.base, selection.ids, Path(file), gobd=gobd)

    def backup(self, file: str | Path, *, earlier: str | Path | None = None) -> "list[Listed]":
        """Back everything up to a new ZIP file, also while a run is at work; see `engine.backup`."""
        from invoicebatch.engine.backup import backup

        return backup(self.base, Path(file), Path(earlier) if earlier else None)

    def snapshot(self, folder: str | Path) -> list[Path]:
        """Write every table as `<folder>/<table>.parquet`, all from one moment; returns the files.

        Raises:
            StorageError: the folder can't be written.
        """
        return self.store.snapshot(Path(folder))

    def import_files(
        self, paths: Sequence[str | Path], *, kind: str | None = None, mapping: str | Path | None = None
    ) -> "ImportReport":
        """Import files: the good rows go in, each other one is named; see `engine.imports.import_files`."""
        from invoicebatch.engine.imports.import_files import import_files

        return import_files(
            self.base, [Path(path) for path in paths], kind, Path(mapping) if mapping else None
        )

    def propose_mapping(
        self, path: str | Path, *, kind: str | None = None, to: str | Path | None = None
    ) -> "ProposedMapping":
        """Propose a mapping for a foreign file; see `engine.imports.proposed_mapping`."""
        from invoicebatch.engine.imports.proposed_mapping import propose_mapping

        return propose_mapping(self.base, Path(path), kind, Path(to) if to else None)

    @shown
    def import_answers(self, paths: Sequence[str | Path]) -> pd.DataFrame:
        """Bring buyers' answers and the access point's reports to their invoices; see `engine.imports.network_answers`."""
        from invoicebatch.engine.imports.network_answers import import_answers

        return import_answers(self.base, [Path(path) for path in paths])

    @shown
    def import_attachments(self, folder: str | Path) -> pd.DataFrame:
        """Keep the files of a folder with their invoices; see `engine.imports.attachments`."""
        from invoicebatch.engine.imports.attachments import import_attachments

        return import_attachments(self.base, Path(folder))

    @shown
    def poll_answers(self) -> pd.DataFrame:
        """Take answers and reports that lie in the hot folder; see `engine.imports.network_answers`."""
        from invoicebatch.engine.imports.network_answers import poll_answers

        return poll_answers(self.base)

    @shown
    def import_bounces(self, paths: Sequence[str | Path]) -> pd.DataFrame:
        """Bring mail servers' reports to the mails they are about; see `engine.imports.bounces`."""
        from invoicebatch.engine.imports.bounces import import_bounces

        return import_bounces(self.base, [Path(path) for path in paths])

    @shown
    def poll_bounces(self, *, progress: bool = False) -> pd.DataFrame:
        """Read what mail servers reported to the mailbox; see `engine.imports.bounces`."""
        from invoicebatch.engine.imports.bounces import poll_bounces

        return poll_bounces(self.base, progress=progress)

    @shown
    def bounced_addresses(self) -> pd.DataFrame:
        """The mail addresses that nothing is mailed to; see `engine.imports.delivery_reports`."""
        from invoicebatch.engine.imports.delivery_reports import bounced_addresses

        return bounced_addresses(self.base)

    @shown
    def accept_addresses(self, addresses: Sequence[str]) -> pd.DataFrame:
        """Mail to bounced addresses again; see `engine.imports.delivery_reports`."""
        from invoicebatch.engine.imports.delivery_reports import accept_addresses

        return accept_addresses(self.base, addresses)

    def load_sample(self, invoices: int, seed: int = 1, *, faults: bool = False) -> int:
        """Fill an empty workspace with sample data; returns the number of invoices; see `engine.imports.sample`.

        Raises:
            UsageError: the workspace has invoices already.
        """
        from invoicebatch.engine.imports.sample import load_sample

        return load_sample(self.base, invoices, seed, faults=faults)
