"""Commands on the journal: resume, abandon, runs, show."""

from invoicebatch.errors import NothingEligibleError
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    looked_at,
    opened,
    print_json,
    print_rows,
)
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted
from invoicebatch.model.status import CLOSED_RUNS, RunStatus
from invoicebatch.store import OUTCOMES


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
    folder = looked_at(workspace)
    with folder.store.with_archive().look() as look:
        found = look.table("runs", order="created_at DESC, run_id DESC")
        counts = look.outcome_counts()
    for run in found:
        run |= dict.fromkeys(OUTCOMES, 0) | counts.get(run["run_id"], {}) | {"state": run["status"]}  # noqa: PLW2901
        if run["status"] == RunStatus.RUNNING and not folder.at_work(run["run_id"]):
            run["state"] = "interrupted"
    names = ["run_id", "action", "state", "selected", "eligible", *OUTCOMES, "selection", "user", "created_at",
             "finished_at"]  # fmt: skip
    rows = {name: [run[name] for run in found] for name in names}
    short = rows | {"run_id": [run["run_id"][:8] for run in found]}
    print_rows(rows, json=json, shown=short, title=counted(len(found), "run"), limit=limit)
    return 0


def show(run: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Show what a run did; its first characters are enough."""
    show_report(opened(workspace).runs.report(run), json=json)
    return 0
