"""The command `demo`: the main job from an empty folder to files, with a printed report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from cyclopts import Parameter

from invoicebatch.actions import MAIN_JOB
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.cli.common import print_table
from invoicebatch.model.reasons import by_kind

CHOSEN = "status in ('empty', 'approval_failed')"


def demo(
    folder: Path = Path("demo"),
    *,
    invoices: Annotated[int, Parameter(help="Number of sample invoices")] = 300,
    seed: Annotated[int, Parameter(help="Seed of the sample")] = 1,
) -> int:
    """Run the main job on sample data in a new folder."""
    workspace = init_workspace(_new(folder))
    print(f"Workspace: {workspace.root}")
    print(f"Imported: {workspace.load_sample(invoices, seed):,} sample invoices\n")
    selection = workspace.select(where=CHOSEN)
    _show_bar(selection)
    reports = [_step(selection, action, params) for action, params in MAIN_JOB]
    _show_summary(workspace, reports)
    return 0


def _new(folder: Path) -> Path:
    """The folder, or the first of `folder-2`, `folder-3` … that does not exist yet."""
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _show_bar(selection: Selection) -> None:
    bar = selection.actions()
    bar = bar[bar["eligible"] > 0]
    shown = bar.assign(
        applies=[f"{e:,} of {s:,}" for e, s in zip(bar["eligible"], bar["selected"], strict=True)]
    )
    print_table(
        shown[["group", "label", "applies"]], title=f"{len(selection):,} selected ({selection.description})"
    )


def _step(selection: Selection, action: str, params: Mapping[str, Any]) -> Report:
    report = selection.plan(action, **params).apply(progress=True)
    print(f"\n{report.summary()}")
    for title, frame in (("failed", report.failed), ("refused", report.refused)):
        if len(frame):
            print_table(
                by_kind(frame["reason"])[["rows", "reason"]], title=f"{len(frame):,} {title}", limit=5
            )
    return report


def _show_summary(workspace: Workspace, reports: list[Report]) -> None:
    print()
    rows = [
        {
            "run": report.run_id[:8],
            "action": report.action,
            "done": report.counts["done"],
            "refused": report.counts["refused"],
            "failed": len(report.failed),
            "files": len(report.files),
        }
        for report in reports
    ]
    print_table(pd.DataFrame(rows), title="What was done")
    for report in reports:
        for path in report.files["path"].head(2):
            print(f"  {report.action}: {workspace.data / path}")
    print(f"\nLook around: invoicebatch list -w {workspace.root}")
