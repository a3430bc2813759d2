"""The command `compare`: two billing runs beside each other."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from invoicebatch.engine.comparison import billed_in
from invoicebatch.engine.plan.records import records
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import SelectionError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.common import JsonOption, WorkspaceOption, opened, print_json, print_table


def compare(
    *,
    run: Annotated[str | None, Parameter(help="The run that is looked at, by its id")] = None,
    period: Annotated[str | None, Parameter(help="Or what was billed for a month: 2026-10")] = None,
    beside: Annotated[str, Parameter(name="--with", help="What it is compared with: a run or a month")],
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="Write it as a workbook (.xlsx), a sheet a question"),
    ] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Compare two billing runs: who is missing or new, and how totals, products, VAT and usage moved."""
    ws = opened(workspace)
    if (run is None) == (period is None):
        raise SelectionError("Say what is compared: --run or --period, and --with.")
    found = ws.compare(_selected(ws, str(run or period)), _selected(ws, beside))
    if output is not None:
        print(f"Written: {found.write(output)}")
    elif json:
        print_json({name: records(frame) for name, frame in found.tables.items()})
    else:
        for name, frame in found.tables.items():
            print_table(_as_shown(frame), title=name.replace("_", " ").capitalize(), limit=10)
    return 0


def _as_shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Rates as percentages."""
    rates = [name for name in frame.columns if name.endswith("_bp")]
    shown = frame.assign(**{name: (frame[name] / 100).astype("Float64").round(1) for name in rates})
    return shown.rename(columns={name: name.removesuffix("_bp") for name in rates})


def _selected(workspace: Workspace, which: str) -> Selection:
    """The rows of a run, or what was billed for a month."""
    month = billed_in(which)
    return workspace.select(month) if month else workspace.select(run=which)
