"""The runs of a workspace: a plan applied, what was interrupted resumed, the journal looked into."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.archive_check import ARCHIVE
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.progress import Progress, automatic
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.checks import faults
from invoicebatch.engine.plan.default_preview import (
    before_and_after,
    default_preview,
    to_look_at,
    will_fail,
)
from invoicebatch.engine.plan.messages import Messages
from invoicebatch.engine.plan.next_steps import report_of
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import OPEN_OUTCOMES, Report, read_report
from invoicebatch.engine.plan.select import select
from invoicebatch.engine.run.abandon import abandon
from invoicebatch.engine.run.begun import Begun, read_begun
from invoicebatch.engine.run.claim import claim
from invoicebatch.engine.run.execute import Run
from invoicebatch.errors import (
    BusyError,
    InvoicebatchError,
    NothingEligibleError,
    UnknownNameError,
    UsageError,
)
from invoicebatch.files.names import run_folder
from invoicebatch.model.action import Preview
from invoicebatch.model.reasons import by_kind
from invoicebatch.model.shown import shown
from invoicebatch.model.status import CLOSED_RUNS, RunStatus
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.engine.run.erasure import Erasure


class Runs:
    """The runs of a workspace; the `Runner` of its plans."""

    def __init__(self, workspace: WorkspaceBase) -> None:
        self._workspace = workspace

    def preview(self, plan: Plan) -> Preview:
        """The plan's preview tables."""
        eligible = plan.rows[plan.rows["eligible"]]
        ids = eligible["invoice_id"].to_numpy(np.int64)
        (warnings,) = faults(self._workspace, plan.action, [plan.action.warnings], plan.params, eligible)
        changed = {
            **self._outcome_of(plan, eligible[eligible["reason"] == ""]),
            **will_fail(plan.failing),
            **to_look_at(warnings),
        }
        if plan.action.preview is None:
            return {**changed, **default_preview(plan.rows)}
        parts = eligible.set_index("invoice_id")["part"]
        with self._workspace.store.read() as session:
            batch = load_batch(session, plan.action, ids, clock.today(), parts)
        with self._workspace.pool() as pool:
            own = plan.action.preview(batch, plan.params, self._workspace.context(plan.run_id, pool))
        return {**changed, **own}

    def messages(self, plan: Plan) -> Messages:
        """The plan's messages."""
        from invoicebatch.engine.run.as_seen import messages_of

        return messages_of(plan)

    def send_test(self, plan: Plan, to: str, limit: int) -> pd.DataFrame:
        """The plan's first mails to a person; see `Plan.send_test`."""
        from invoicebatch.engine.run.trial import send_test

        return send_test(plan, to, limit)

    def _outcome_of(self, plan: Plan, eligible: pd.DataFrame) -> Preview:
        """Table `before_and_after` of an action that is about one column."""
        if plan.action.outcome is None or eligible.empty:
            return {}
        column, after = plan.action.outcome
        with self._workspace.store.read() as session:
            now = session.overview([column], clock.today(), eligible["invoice_id"].to_numpy(np.int64))
        return {"before_and_after": before_and_after(eligible, now[column], after)}

    def apply(
        self,
        plan: Plan,
        *,
        progress: bool | Progress = False,
        cancel: Event | None = None,
        background: bool = False,
    ) -> Report:
        """Run a plan; see `Plan.apply`."""
        if plan.eligible == 0:
            most = by_kind(plan.refused["reason"])["reason"].head(1)
            raise NothingEligibleError(
                f"None of the {plan.selected:,} selected rows can take {plan.action.name}.",
                "; ".join([*most, "plan.refused says why, row by row."]),
            )
        runs = self._workspace.data / "runs"
        folder = plan.folder or str(run_folder(runs, clock.now(), plan.action.name, plan.run_id))
        status = RunStatus.QUEUED if background else RunStatus.RUNNING
        with self._workspace.pool() as pool:
            if not background:
                pool.check(plan.action, plan.eligible)
            lock = self._workspace.store.run_lock(plan.run_id)
            if not lock.acquire():
                raise BusyError(f"Run {plan.run_id} is at work in another process.")
            try:
                with self._workspace.store.write() as session:
                    known = session.run(plan.run_id)
                    claimed = claim(session, self._workspace, plan, folder, status) if known is None else None
                    begun = None if background else read_begun(session, plan.run_id, claimed)
                if begun is None or begun.run["status"] != RunStatus.RUNNING:
                    return self._report(plan.run_id)
                report = self._execute(begun, pool, progress, cancel)
            except UsageError:  # what was asked for can't be done, so nothing may be held for it
                lock.release()
                with suppress(BusyError, UnknownNameError):
                    self.abandon(plan.run_id)
                raise
            finally:
                lock.release()
        return report or self._report(plan.run_id)

    def _execute(
        self,
        begun: Begun,
        pool: Pool,
        progress: bool | Progress,
        cancel: Event | None,
        workspace: WorkspaceBase | None = None,
    ) -> Report | None:
        sink = automatic(progress)
        try:
            return Run(workspace or self._workspace, begun, pool, sink, cancel).execute()
        finally:
            sink.stop()

    def _seen(self, session: Session, begun: Begun) -> WorkspaceBase:
        """The workspace as a run needs it: with the archive where it is at work on what lies there."""
        left = begun.rows.loc[begun.rows["outcome"].isin(OPEN_OUTCOMES), "invoice_id"]
        lies_there = len(session.archived("invoice_id", left)) > 0
        return self._workspace.with_archive(only=False) if lies_there else self._workspace

    def resume(
        self, run_id: str | None = None, *, progress: bool | Progress = False, cancel: Event | None = None
    ) -> Sequence[Report]:
        """Finish one unfinished run, or all of them, oldest first; a live one is left alone.

        Raises:
            UnknownNameError: no such run.
            BusyError: the named run is at work in another process.
        """
        with self._workspace.store.read() as session:
            waiting = session.unfinished_runs()
        if run_id is None:
            return self._resume_all(waiting, progress, cancel)
        full = self.find(run_id)
        if full not in waiting:
            return [self._report(full)]
        report = self._resume(full, progress, cancel)
        if report is None:
            raise BusyError(f"Run {full} is at work in another process.")
        return [report]

    def _resume_all(
        self, waiting: Sequence[str], progress: bool | Progress, cancel: Event | None
    ) -> Sequence[Report]:
        """Each run in turn; the first fault is raised when all had theirs."""
        reports, faults = [], []
        for run_id in waiting:
            try:
                reports.append(self._resume(run_id, progress, cancel))
            except InvoicebatchError as error:
                faults.append(error)
        if faults:
            raise faults[0]
        return [report for report in reports if report is not None]

    def _resume(self, run_id: str, progress: bool | Progress, cancel: Event | None) -> Report | None:
        lock = self._workspace.store.run_lock(run_id)
        if not lock.acquire():
            return None
        report = None
        try:
            with self._workspace.store.read() as session:
                begun = read_begun(session, run_id)
                seen = self._seen(session, begun)
            left = begun.run["status"] not in CLOSED_RUNS  # else another process closed it meanwhile
            if left and begun.run["plan_sha256"]:
                with seen.pool() as pool:
                    pool.check(find(str(begun.run["action"])), len(begun.rows))
                    report = self._execute(begun, pool, progress, cancel, seen)
            elif left:
                _finish_without_plan(self._workspace, begun.run)
        finally:
            lock.release()
        return report or self._report(run_id)

    def work_on(self, run_id: str, *, cancel: Event | None = None) -> Report | None:
        """The worker's verb: begin or finish a run; None where another process has it."""
        return self._resume(run_id, progress=False, cancel=cancel)

    def abandon(self, run_id: str) -> Report:
        """Give an unfinished run up: rows whose turn has not come are freed, what was done stays.

        Raises:
            UnknownNameError: no such unfinished run.
            BusyError: it is at work in another process, or something of it must be finished first.
        """
        full = self.find(run_id)
        abandon(self._workspace, full)
        return self._report(full)

    def erase(self, erasure: "Erasure") -> Report:
        """Erase a customer as it was shown; see `engine.run.erase`."""
        from invoicebatch.engine.run.erase import erase

        return self._report(erase(self._workspace, erasure))

    def find(self, run_id: str) -> str:
        """The full id of a run from its first characters.

        Raises:
            UnknownNameError: none, or several, begin so.
        """
        return str(only_match(self.list(), "run_id", run_id, "run", "invoicebatch runs")["run_id"])

    def report(self, run_id: str) -> Report:
        """The report of a run, from the journal.

        Raises:
            UnknownNameError: no such run.
        """
        return self._report(self.find(run_id))

    def _report(self, run_id: str) -> Report:
        with self._workspace.store.read() as session:
            report = report_of(session, self._workspace, run_id)
        if len(report.rows) >= report.run["selected"] or report.action == ARCHIVE:
            return report
        with self._workspace.store.with_archive().read() as session:  # rows of it are archived since
            whole = read_report(session, run_id, self._workspace.data, alive=False)
        return replace(report, rows=whole.rows, files=whole.files)

    @shown
    def list(self) -> pd.DataFrame:
        """All runs, newest first: the columns of table `runs`."""
        with self._workspace.store.read() as session:
            return session.whole("runs").sort_values(
                ["created_at", "run_id"], ascending=False, ignore_index=True
            )


def _finish_without_plan(workspace: WorkspaceBase, run: Mapping[str, Any]) -> None:
    """Finish a run that is of no action: an erasure, or a move to the archive."""
    from invoicebatch.engine.run import archive, erase

    finish = archive.finish if run["action"] == ARCHIVE else erase.finish
    finish(workspace, str(run["run_id"]))


def run_action(
    workspace: WorkspaceBase, name: str, ids: Sequence[int], *, folder: str | Path = "", **params: Any
) -> Report:
    """Select invoices by id, plan an action for them and apply the plan.

    Raises:
        NothingEligibleError: no row can take the action.
        ParameterError: a parameter is unknown, missing or malformed.
        BusyError: the workspace is in another process's hands.
    """
    return select(workspace, Runs(workspace), ids=ids).plan(name, folder=folder, **params).apply()
