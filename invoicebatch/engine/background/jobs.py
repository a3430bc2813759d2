"""Export jobs: a selection, an export and when; the worker runs what is due."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.select import select
from invoicebatch.engine.run.claim import claim
from invoicebatch.engine.run.runs import Runs
from invoicebatch.errors import InvoicebatchError
from invoicebatch.files.names import run_folder, safe_name
from invoicebatch.model.counted import counted
from invoicebatch.model.exports.schedule import next_time
from invoicebatch.model.shown import shown
from invoicebatch.model.status import RunStatus


class Jobs:
    """The export jobs of a workspace."""

    def __init__(self, workspace: WorkspaceBase) -> None:
        self._workspace = workspace

    @shown
    def list(self) -> pd.DataFrame:
        """All jobs, newest first: the columns of table `export_jobs`."""
        with self._workspace.store.read() as session:
            jobs = session.whole("export_jobs")
        return jobs.sort_values(["created_at", "job_id"], ascending=False, ignore_index=True)

    def find(self, job: str) -> dict[str, Any]:
        """A job by its name or the first characters of its id.

        Raises:
            UnknownNameError: none, or several.
        """
        jobs = self.list()
        key = "name" if (jobs["name"] == job).any() else "job_id"
        found = only_match(jobs, key, job, "job", "invoicebatch jobs list")
        return {str(name): value for name, value in found.to_dict().items()}

    def cancel(self, job: str) -> dict[str, Any]:
        """Keep a job, but run it no more."""
        return self._changed(job, enabled=False, next_at=pd.NaT)

    def resume(self, job: str) -> dict[str, Any]:
        """Run a job again: by its schedule, or once now."""
        found = self.find(job)
        now = clock.now()
        due = next_time(found["schedule"], now) if _text(found["schedule"]) else now
        return self._changed(job, enabled=True, next_at=due)

    def delete(self, job: str) -> dict[str, Any]:
        """Remove a job; the runs it made stay."""
        found = self.find(job)
        with self._workspace.store.write() as session:
            session.delete("export_jobs", pd.DataFrame({"job_id": [found["job_id"]]}), clock.now())
        return found

    def _changed(self, job: str, **values: Any) -> dict[str, Any]:
        found = self.find(job)
        self._note(found["job_id"], **values)
        return self.find(found["job_id"])

    def _note(self, job_id: str, **values: Any) -> None:
        with self._workspace.store.write() as session:
            session.update("export_jobs", pd.DataFrame([{"job_id": job_id, **values}]), clock.now())

    def queue_next(self) -> str | None:
        """Queue a run for the job that has been due longest; returns the run's id, None where none is due.

        The run and the job's next time are one commit, so a job is run once each time it is due. A job
        whose invoices another run holds waits for it.
        """
        now = clock.now()
        jobs = self.list()
        due = jobs[jobs["enabled"] & jobs["next_at"].notna() & (jobs["next_at"] <= pd.Timestamp(now))]
        for row in due.sort_values(["next_at", "job_id"]).to_dict("records"):
            job = {str(name): value for name, value in row.items()}
            try:
                plan = self._plan(job)
            except InvoicebatchError as error:
                self._note(job["job_id"], failure=" ".join(str(error).split()), **self._after(job, now))
                continue
            if run_id := self._queued(job, plan, now):
                return run_id
        return None

    def _plan(self, job: Mapping[str, Any]) -> Plan:
        runs = Runs(self._workspace)
        if _text(job["where"]):
            selection = select(self._workspace, runs, job["where"])
        else:
            selection = select(self._workspace, runs, run=job["run_id"])
        plan = selection.plan(job["action"], **json.loads(job["parameters"]))
        return replace(plan, nonce=f"{job['job_id']}@{pd.Timestamp(job['next_at']).isoformat()}")

    def _queued(self, job: Mapping[str, Any], plan: Plan, now: datetime) -> str | None:
        busy = int(plan.rows["busy"].sum())
        if busy:
            self._note(job["job_id"], failure=f"waits: {counted(busy, 'invoice')} are busy in another run")
            return None
        folder = str(self._folder(job, plan, now))
        with self._workspace.store.write() as session:
            if plan.eligible:
                claim(session, self._workspace, plan, folder, RunStatus.QUEUED)
            noted = {
                "job_id": job["job_id"],
                "last_run_id": plan.run_id if plan.eligible else job["last_run_id"],
                "failure": None if plan.eligible else "nothing to export",
                **self._after(job, now),
            }
            session.update("export_jobs", pd.DataFrame([noted]).astype({"failure": "str"}), now)
        return plan.run_id if plan.eligible else None

    def _folder(self, job: Mapping[str, Any], plan: Plan, now: datetime) -> Any:
        """A folder of the run's own, in the job's target folder where it has one."""
        base = self._workspace.root / job["target"] if _text(job["target"]) else self._workspace.data / "runs"
        return run_folder(base, now, safe_name(str(job["name"])), plan.run_id)

    @staticmethod
    def _after(job: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        if _text(job["schedule"]):
            return {"next_at": next_time(job["schedule"], now)}
        return {"next_at": pd.NaT, "enabled": False}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
