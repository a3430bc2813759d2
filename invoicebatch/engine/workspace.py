"""A workspace: one folder with rules, settings and state, and every verb on it.

All interfaces talk to this class; it holds no rows, so any number of them may be open at once.
"""

import getpass
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.eligibility import Evaluation, Rules, load_rules
from invoicebatch.engine import clock
from invoicebatch.engine.claim import claim
from invoicebatch.engine.context import RunContext
from invoicebatch.engine.executor import Pool
from invoicebatch.engine.load import ALWAYS, load_batch
from invoicebatch.engine.payments import Payments
from invoicebatch.engine.plan import Plan
from invoicebatch.engine.preview import default_preview
from invoicebatch.engine.progress import Progress, automatic
from invoicebatch.engine.report import Report, read_report
from invoicebatch.engine.run import Run
from invoicebatch.engine.selection import Selection, selected_ids, selected_numbers
from invoicebatch.errors import (
    BusyError,
    NothingEligibleError,
    SelectionError,
    UnknownNameError,
    WorkspaceError,
)
from invoicebatch.files.names import run_folder
from invoicebatch.files.shipped import shipped
from invoicebatch.model.action import Action, Preview
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import RunStatus
from invoicebatch.settings import Settings, load_settings
from invoicebatch.store import Session, Store


class Workspace:
    """A folder with rules, settings and state."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.settings: Settings = load_settings(self.root)
        self.store = Store(self.root / self.settings.data, self.settings.lock_timeout)

    def check(self) -> None:
        """The folder must hold a workspace's state.

        Raises:
            WorkspaceError: it does not.
        """
        if not self.store.file.is_file():
            raise WorkspaceError(
                f"{self.root} is not a workspace: {self.store.file} does not exist.",
                f"Make it one with: invoicebatch init {self.root}",
            )

    @property
    def data(self) -> Path:
        """Folder of the state."""
        return self.store.data

    @cached_property
    def id(self) -> str:
        """The id given to the workspace when it was made."""
        with self.store.read() as session:
            return session.workspace_id()

    @property
    def user(self) -> str:
        """Who is at work: INVOICEBATCH_USER, the JupyterHub user, or the system's."""
        named = os.environ.get("INVOICEBATCH_USER") or os.environ.get("JUPYTERHUB_USER")
        return named or getpass.getuser()

    @cached_property
    def rules(self) -> Rules:
        """The eligibility rules: ours, tightened by the workspace's."""
        return load_rules(self.root / "rules", shipped("rules"))

    @property
    def switches(self) -> dict[str, bool]:
        """The integrations that rules may ask for."""
        return self.settings.integrations.model_dump()

    def offered(self) -> Mapping[str, Action]:
        """The actions of the bar, in the order of the rules; an action without code is not offered."""
        actions = registry()
        return {
            name: actions[name] for name in self.rules.actions if name in actions and not actions[name].hidden
        }

    def select(
        self,
        where: str | None = None,
        *,
        ids: Sequence[int] | None = None,
        numbers: Sequence[str] | None = None,
        frame: pd.DataFrame | None = None,
        all: bool = False,  # noqa: A002 - reads as the command line's --all
    ) -> Selection:
        """Select invoices, by exactly one of the ways.

        Args:
            where: an SQL condition over overview columns, amounts as decimals.
            ids: invoice ids.
            numbers: invoice numbers.
            frame: a frame with a column `invoice_id`.
            all: every invoice.

        Raises:
            SelectionError: none or several ways, an id or number that does not exist.
            FilterError: the condition can't be evaluated.
        """
        given = [way for way in (where, ids, numbers, frame) if way is not None]
        if len(given) + all != 1:
            raise SelectionError(
                "Say which invoices, in exactly one way.", "One of: where, ids, numbers, sheet, frame, all."
            )
        with self.store.read() as session:
            if where is not None or all:
                found = session.matching(where or "true", clock.today())
                return Selection(self, found, where or "all invoices", picked_by_hand=False)
            if numbers is not None:
                found = selected_numbers(session, numbers)
                return Selection(self, found, f"{len(found):,} numbers", picked_by_hand=True)
            wanted = _ids_of(frame) if frame is not None else list(ids or [])
            known, unknown = selected_ids(session, wanted)
        return Selection(self, known, f"{len(wanted):,} ids", picked_by_hand=True, unknown=unknown)

    def judged(self, session: Session, action: Action, ids: npt.NDArray[np.int64]) -> pd.DataFrame:
        """The overview columns that decide whether rows can take an action, as they are now."""
        columns = [*ALWAYS, *action.order, *action.watch, *sorted(self.rules.columns)]
        return session.overview(columns, clock.today(), ids)

    def evaluate(
        self, frame: pd.DataFrame, *, picked_by_hand: bool, action: Action | None = None
    ) -> Evaluation:
        """Judge rows by the rules: one action, or all that are offered."""
        names = [action.name] if action else list(self.offered())
        return self.rules.evaluate(
            frame, today=clock.today(), switches=self.switches, picked_by_hand=picked_by_hand, actions=names
        )

    def now(self) -> datetime:
        """The moment, in UTC without zone."""
        return clock.now()

    def context(self, run_id: str, pool: Pool) -> RunContext:
        """What an action gets lent."""
        return RunContext(
            run_id=run_id,
            now=clock.now(),
            today=clock.today(),
            user=self.user,
            settings=self.settings,
            root=self.root,
            store=self.store,
            pool=pool,
        )

    def preview_of(self, plan: Plan) -> Preview:
        """The plan's preview tables."""
        eligible = plan.rows[plan.rows["eligible"]]
        if plan.action.preview is None:
            return default_preview(plan.rows)
        parts = eligible.set_index("invoice_id")["part"]
        with self.store.read() as session:
            ids = eligible["invoice_id"].to_numpy(np.int64)
            batch = load_batch(session, plan.action, ids, clock.today(), parts)
        with Pool(self.settings) as pool:
            return plan.action.preview(batch, plan.params, self.context(plan.run_id, pool))

    def apply(
        self,
        plan: Plan,
        *,
        progress: bool | Progress = False,
        cancel: Event | None = None,
        background: bool = False,
    ) -> Report:
        """Run a plan; see `Plan.apply`. With `background` it is only claimed and left to the worker."""
        if plan.eligible == 0:
            raise NothingEligibleError(
                f"None of the {plan.selected:,} selected rows can take {plan.action.name}.",
                f"See why with: invoicebatch why {plan.action.name}",
            )
        folder = plan.folder or str(
            run_folder(self.data / "runs", clock.now(), plan.action.name, plan.run_id)
        )
        status = RunStatus.QUEUED if background else RunStatus.RUNNING
        lock = self.store.run_lock(plan.run_id)
        if not lock.acquire():
            raise BusyError(f"Run {plan.run_id} is at work in another process.")
        try:
            with self.store.write() as session:
                known = session.run(plan.run_id)
                if known is None:
                    claim(session, plan, folder, status)
            if background or (known is not None and known["status"] != RunStatus.RUNNING):
                return self.report(plan.run_id)
            self._execute(plan.run_id, progress, cancel)
        finally:
            lock.release()
        return self.report(plan.run_id)

    def _execute(self, run_id: str, progress: bool | Progress, cancel: Event | None) -> None:
        sink = automatic(progress)
        try:
            Run(self, run_id, sink, cancel).execute()
        finally:
            sink.stop()

    def resume(
        self, run_id: str | None = None, *, progress: bool | Progress = False, cancel: Event | None = None
    ) -> list[Report]:
        """Finish one unfinished run, or all of them, oldest first; a live one is left alone.

        Raises:
            UnknownNameError: no such run.
            BusyError: the named run is at work in another process.
        """
        with self.store.read() as session:
            waiting = session.unfinished_runs()
        if run_id is None:
            return [report for each in waiting if (report := self._resume(each, progress, cancel))]
        full = self.find_run(run_id)
        if full not in waiting:
            return [self.report(full)]
        report = self._resume(full, progress, cancel)
        if report is None:
            raise BusyError(f"Run {full} is at work in another process.")
        return [report]

    def _resume(self, run_id: str, progress: bool | Progress, cancel: Event | None) -> Report | None:
        lock = self.store.run_lock(run_id)
        if not lock.acquire():
            return None
        try:
            self._execute(run_id, progress, cancel)
        finally:
            lock.release()
        return self.report(run_id)

    @property
    def payments(self) -> Payments:
        """The payment bundles."""
        return Payments(self)

    def abandon(self, run_id: str) -> Report:
        """Give an unfinished run up: rows whose turn has not come are freed, what was done stays.

        Raises:
            UnknownNameError: no such unfinished run.
            BusyError: it is at work in another process, or something of it must be finished first.
        """
        from invoicebatch.engine.abandon import abandon

        full = self.find_run(run_id)
        abandon(self, full)
        return self.report(full)

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

    def alive(self, run_id: str) -> bool:
        """Whether a process works on the run right now."""
        return self.store.run_lock(run_id).held()

    def runs(self) -> pd.DataFrame:
        """All runs, newest first: the columns of table `runs`."""
        with self.store.read() as session:
            return session.whole("runs").sort_values("created_at", ascending=False, ignore_index=True)

    def find_run(self, run_id: str) -> str:
        """The full id of a run from its first characters.

        Raises:
            UnknownNameError: none, or several, begin so.
        """
        found = self.runs()["run_id"]
        found = found[found.str.startswith(run_id)]
        if len(found) != 1:
            what = "No run begins" if found.empty else f"{len(found)} runs begin"
            raise UnknownNameError(f"{what} with {run_id!r}.", "List the runs with: invoicebatch runs")
        return str(found.iloc[0])

    def report(self, run_id: str) -> Report:
        """The report of a run, from the journal.

        Raises:
            UnknownNameError: no such run.
        """
        full = self.find_run(run_id)
        alive = self.alive(full)
        with self.store.read() as session:
            report = read_report(session, full, alive=alive)
        if report is None:
            raise UnknownNameError(f"There is no run {run_id!r}.", "List the runs with: invoicebatch runs")
        return report


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
