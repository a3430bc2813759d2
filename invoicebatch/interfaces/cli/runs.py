"""Commands on the journal: resume, abandon, runs, show."""

from invoicebatch.errors import NothingEligibleError
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    opened,
    print_json,
    print_rows,
)
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted
from invoicebatch.model.status import CLOSED_RUNS


def resume(run: str | None = None, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Finish an interrupted run; without one, all of them."""
    runs = opened(workspace).runs
    finished = run is not None and runs.report(run).state in CLOSED_RUNS
    reports = runs.resume(run, progress=not json)
    if json:
        print_json([report.to_dict() for report in reports])
    else:
        for report in reports:
            show_report(report, json=False)
            if finished:
                print(f"It is {report.state} already: there was nothing to resume.")
    if not reports:
        if not json:
            print("There is no unfinished run.")
        return NothingEligibleError.exit_code
    return max(SOME_NOT_DONE if exit_code(report) else 0 for report in reports)


def abandon(run: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Give an interrupted run up: what was done stays, rows whose turn has not come are free again."""
    show_report(opened(workspace).runs.abandon(run), json=json)
    return 0


def runs(
    *,
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """List the runs, newest first."""
    ws = opened(workspace)
    frame = ws.runs.list()
    running = frame["status"] == "running"
    frame["state"] = frame["status"].astype("str")
    frame.loc[running, "state"] = [
        "running" if ws.base.at_work(run) else "interrupted" for run in frame["run_id"][running]
    ]
    with ws.store.read() as session:
        counts = session.outcome_counts()
    frame = frame.join(counts, on="run_id").fillna(dict.fromkeys(counts.columns, 0))
    frame = frame.astype(dict.fromkeys(counts.columns, "int64"))
    shown = frame[
        [
            "run_id",
            "action",
            "state",
            "selected",
            "eligible",
            *counts.columns,
            "selection",
            "user",
            "created_at",
            "finished_at",
        ]
    ]
    short = shown.assign(run_id=shown["run_id"].str[:8])
    print_rows(shown, json=json, shown=short, title=counted(len(shown), "run"), limit=limit)
    return 0


def show(run: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Show what a run did; its first characters are enough."""
    show_report(opened(workspace).runs.report(run), json=json)
    return 0
