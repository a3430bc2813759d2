"""The commands `worker` and `jobs`: background runs and export jobs."""

import signal
import sys
from datetime import datetime
from threading import Event
from typing import Annotated, Any

import pandas as pd
from cyclopts import App, Parameter

from invoicebatch.engine.background.worker import Worker
from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)
from invoicebatch.model.counted import counted

jobs = App(name="jobs", help="Export jobs: list, show, cancel, resume, delete.", help_format="plaintext")

_SHOWN = ["job_id", "name", "action", "schedule", "enabled", "next_at", "last_run_id", "failure", "where"]

Job = Annotated[str, Parameter(help="Name of the job, or the first characters of its id")]


def worker(
    *,
    once: Annotated[bool, Parameter(negative="", help="Do what waits, then stop")] = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Run queued runs and due jobs, until stopped (Ctrl-C or SIGTERM: it finishes what is at hand).

    With --once the exit code is 3 where any row of those runs was refused or failed.
    """
    ws = opened(workspace)
    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    _say(f"worker in {ws.root}")
    at_work = Worker(ws.base, _say)
    done = at_work.run(stop, once=once)
    _say(
        f"stopped after {counted(done, 'run')}"
        if stop.is_set()
        else f"nothing is left; {counted(done, 'run')}"
    )
    return SOME_NOT_DONE if once and at_work.incomplete else 0


def _say(text: str) -> None:
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}", file=sys.stderr, flush=True)


@jobs.command(name="list")
def list_jobs(*, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """List the export jobs, newest first."""
    found = opened(workspace).jobs.list()
    if json:
        print_json(records(found))
        return 0
    shown = found[_SHOWN].assign(
        job_id=found["job_id"].str[:8],
        last_run_id=found["last_run_id"].str[:8],
        where=found["where"].str[:60].mask(found["where"] == "", "rows of run " + found["run_id"].str[:8]),
    )
    print_table(shown, title=counted(len(found), "export job"))
    return 0


def _show(job: dict[str, Any], *, json: bool) -> int:
    plain = records(pd.DataFrame([job]))[0]
    if json:
        print_json(plain)
        return 0
    rows = {name: "" if value is None else str(value) for name, value in plain.items()}
    print_table(pd.DataFrame({"job": list(rows), "value": list(rows.values())}))
    return 0


@jobs.command
def show(job: Job, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Show one job."""
    return _show(opened(workspace).jobs.find(job), json=json)


@jobs.command
def cancel(job: Job, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Keep a job, but run it no more."""
    return _show(opened(workspace).jobs.cancel(job), json=json)


@jobs.command
def resume(job: Job, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Run a job again: by its schedule, or once more now."""
    return _show(opened(workspace).jobs.resume(job), json=json)


@jobs.command
def delete(job: Job, *, workspace: WorkspaceOption = None) -> int:
    """Remove a job; the runs it made stay."""
    print(f"Deleted: {opened(workspace).jobs.delete(job)['name']}")
    return 0
