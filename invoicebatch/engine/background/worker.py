"""The background worker: queued runs and due jobs, one at a time, by one worker a workspace.

What it begins it finishes, also after it was killed; runs that a person began are left to that person.
"""

from collections.abc import Callable
from threading import Event

from invoicebatch.engine.background.jobs import Jobs
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.progress import Silent
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.deliver import deliver
from invoicebatch.engine.imports.bounces import poll_bounces
from invoicebatch.engine.imports.network_answers import poll_answers
from invoicebatch.engine.outbox import Outbox
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.runs import Runs
from invoicebatch.errors import BusyError, InvoicebatchError
from invoicebatch.formats.mail.payload import senders
from invoicebatch.model.counted import counted
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.model.outbox.rows import outbox_rows
from invoicebatch.model.status import RunStatus

LOCK = "worker"
_POLL_EVERY = 30
"""Rounds between looks at what became of accepted messages."""


class Worker:
    """Runs what is queued in a workspace.

    Attributes:
        incomplete: how many of the runs it worked on stopped, or have rows that were refused or failed.
    """

    def __init__(self, workspace: WorkspaceBase, say: Callable[[str], None] = lambda _: None) -> None:
        """A worker.

        Args:
            workspace: where.
            say: told each line of what it does.
        """
        self._workspace = workspace
        self._runs = Runs(workspace)
        self._say = say
        self.incomplete = 0

    def run(self, stop: Event, *, once: bool = False) -> int:
        """Work until `stop` is set, or with `once` until nothing is left; returns the runs worked on.

        Raises:
            BusyError: another worker is at work here, and `once` was asked for.
        """
        lock = self._workspace.store.run_lock(LOCK)
        while not lock.acquire():
            if once:
                raise BusyError("Another worker is at work in this workspace.")
            if stop.wait(self._workspace.settings.worker.poll_seconds):
                return 0
        try:
            return self._work(stop, once=once)
        finally:
            lock.release()

    def _work(self, stop: Event, *, once: bool) -> int:
        done = rounds = 0
        while not stop.is_set():
            ran = self._next(stop)
            done += ran
            found = ran or self._queue()
            if once and not found:
                break
            if rounds % _POLL_EVERY == 0:
                self._poll(stop)
            rounds += 1
            if not found:
                stop.wait(self._workspace.settings.worker.poll_seconds)
        return done

    def _next(self, stop: Event) -> bool:
        """Work on the oldest waiting run that no other process has; whether there was one."""
        return any(self._one(run_id, stop) for run_id in self._waiting())

    def _queue(self) -> bool:
        """Queue the run of the next job that is due; whether there was one."""
        due = Jobs(self._workspace).queue_next()
        if due is not None:
            self._say(f"queued {due}")
        return due is not None

    def _waiting(self) -> list[str]:
        """Background runs that are queued, or that a killed worker left; oldest first."""
        runs = self._runs.list()
        mine = runs["background"] & runs["status"].isin([RunStatus.QUEUED, RunStatus.RUNNING])
        ordered = runs[mine & runs["failure"].isna()].sort_values(["created_at", "run_id"])
        return [str(run_id) for run_id in ordered["run_id"]]

    def _one(self, run_id: str, stop: Event) -> bool:
        """Work on a run; False where another process has it."""
        try:
            report = self._runs.work_on(run_id, cancel=stop)
        except BusyError as error:
            self._say(f"{run_id} waits: {error.message}")
            return False
        except InvoicebatchError as error:
            text = " ".join(str(error).split())
            with self._workspace.store.write() as session:
                session.note_run(run_id, failure=text)
            self.incomplete += 1
            self._say(f"{run_id} stopped: {text}")
            return True
        if report is None:
            return False
        self.incomplete += not report.complete
        self._say(f"{run_id} {report.state}: {report.summary()}")
        if report.state == RunStatus.FINISHED:
            self._notify(report, stop)
        return True

    def _poll(self, stop: Event) -> None:
        try:
            for state, group in Outbox(self._workspace).poll().groupby("state"):
                self._say(f"{counted(len(group), 'message')} became {state}")
            if answers := len(poll_answers(self._workspace)):
                self._say(f"{counted(answers, 'answer')} of buyers")
            for outcome, reports in poll_bounces(self._workspace, cancel=stop).groupby("outcome"):
                self._say(f"{counted(len(reports), 'report')} of mail servers: {outcome}")
        except InvoicebatchError as error:
            self._say(f"asking about messages: {' '.join(str(error).split())}")

    def _notify(self, report: Report, stop: Event) -> None:
        """Mail the person who asked, where an address is set; through the outbox like every mail."""
        to = self._address(report.run_id)
        with self._workspace.store.read() as session:
            accounts = senders(session.whole("company_accounts"), "").values()
        sender = self._workspace.settings.mail.sender or next((s.address for s in accounts if s.address), "")
        if not to or not sender:
            return
        text = [
            report.summary(),
            "",
            f"Run {report.run_id}",
            *(f"- {path}" for path in report.files["path"].head(20)),
        ]
        failed = report.failed.head(20)
        text += [f"- {number}: {why}" for number, why in zip(failed["number"], failed["reason"], strict=True)]
        payload = EmailPayload(
            sender=sender, from_name="invoicebatch", subject=report.summary(), text="\n".join(text) + "\n"
        )
        notice = outbox_rows(report.run_id, [(None, to, payload)])
        with self._workspace.store.write() as session:
            if session.rows_of("outbox", "message_id", notice["message_id"]).empty:
                now = clock.now()
                session.insert("outbox", notice.assign(created_at=now, updated_at=now))
        lock = self._workspace.store.run_lock(report.run_id)
        while not lock.acquire():  # somebody sends messages of the run again
            if stop.wait(self._workspace.settings.worker.poll_seconds):
                return
        try:
            deliver(self._workspace, report.run_id, Silent(), stop)
        finally:
            lock.release()

    def _address(self, run_id: str) -> str:
        jobs = Jobs(self._workspace).list()
        asked = jobs[(jobs["last_run_id"] == run_id) & jobs["notify"].notna()]["notify"]
        return str(asked.iloc[0]) if len(asked) else self._workspace.settings.worker.notify
