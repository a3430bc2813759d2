"""What the shipped notebooks are made of: selecting, showing what applies, planning, running, charts.

A notebook stays a list of steps: its cells call these one after another.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.outbox import Outbox
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.formats.chart import Bar, Panel, picture
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.notebook.about import about, reasons
from invoicebatch.interfaces.notebook.runner import RESULT_TYPE
from invoicebatch.interfaces.notebook.runner import refuse_unknown as refuse_unknown  # noqa: PLC0414 - a step
from invoicebatch.model.counted import counted
from invoicebatch.model.markup import table
from invoicebatch.model.money import format_cents


def select(
    workspace: str | Path,
    *,
    where: str | None = None,
    ids: Sequence[int] | str | None = None,
    numbers: Sequence[str] | None = None,
    sheet: str | None = None,
) -> Selection:
    """The selection of a notebook's parameters; `ids` may be a Parquet file with a column `invoice_id`."""
    ws: Workspace = open_workspace(workspace)
    frame = None
    if isinstance(ids, str):
        frame, ids = pd.read_parquet(ids, columns=["invoice_id"]), None
    return ws.select(where=where, ids=ids, numbers=numbers, sheet=sheet, frame=frame)


def show_selection(selection: Selection) -> None:
    """How many rows, what they are worth, and a chart of their statuses."""
    frame = selection.columns(["status", "kind", "currency", "total_cents"])
    sums = frame.groupby("currency", observed=True)["total_cents"].sum()
    worth = ", ".join(format_cents(int(cents), str(currency)) for currency, cents in sums.items())
    head = Markup("<b>{}</b> ({}), {}")
    html(head.format(counted(len(frame), "invoice"), selection.description, worth or "no amount"))
    if len(frame):
        bar_chart(frame["status"].astype("str").value_counts(), "Selected invoices by status")


def show_actions(selection: Selection) -> None:
    """The action bar as a table: which actions apply to how many, and why not to the others."""
    bar = selection.actions()
    shown = bar[bar["eligible"] > 0].assign(
        applies=lambda f: [f"{e:,} of {s:,}" for e, s in zip(f["eligible"], f["selected"], strict=True)],
        why_not=lambda f: [
            "; ".join(f"{r['rows']:,}: {r['reason']}" for r in reasons[:3]) for reasons in f["reasons"]
        ],
    )
    if shown.empty:
        html(Markup("No action applies to this selection."))
    else:
        show_table(shown[["group", "label", "applies", "why_not"]], len(shown))


def show_plan(plan: Plan) -> None:
    """What the run will do, and which rows it refuses."""
    head = Markup("<b>{}</b>: {:,} of {:,} rows{}. {}")
    messages = f", in {plan.counted}" if len(plan.messages) else ""
    html(head.format(plan.action.label, plan.eligible, plan.selected, messages, plan.action.help))
    for name, frame in plan.preview.items():
        if len(frame):
            html(Markup("<i>{}</i>").format(name))
            show_table(frame)
    if len(plan.refused):
        html(Markup("<b>{:,} refused</b>").format(len(plan.refused)))
        _show_reasons(plan.refused, plan.workspace)


def run(plan: Plan, *, dry_run: bool) -> Report | None:
    """Apply the plan unless it is a dry run or nothing is eligible; shows and records the result."""
    if dry_run or plan.eligible == 0:
        why = "Dry run" if dry_run else "No row is eligible"
        html(Markup("<b>{}: nothing was changed.</b>").format(why))
        record(plan.to_dict())
        return None
    report = plan.apply(progress=True)
    show_report(report, plan.workspace)
    record(report.to_dict())
    return report


def show_report(report: Report, workspace: WorkspaceBase | None = None) -> None:
    """What was done; failures first, then a chart of the outcomes and what may come next.

    Args:
        report: of the run.
        workspace: where; reasons are told by kind with the first documents of each then.
    """
    html(Markup("<b>{}</b>").format(report.summary()))
    for title, frame in (
        ("Failed", report.failed),
        ("Refused", report.refused),
        ("Unchanged", report.unchanged),
        ("Files", report.files[["path", "size"]]),
    ):
        if len(frame):
            html(Markup("<b>{}</b>: {:,}").format(title, len(frame)))
            if workspace is None or "reason" not in frame:
                show_table(frame)
            else:
                _show_reasons(frame, workspace)
    show_pictures(report)
    bar_chart(report.rows["outcome"].astype("str").value_counts(), "Rows by outcome")
    html(report.steps_html())


def _show_reasons(rows: pd.DataFrame, workspace: WorkspaceBase) -> None:
    show_table(reasons(rows, about(workspace, rows["invoice_id"]))[["invoices", "amount", "reason", "which"]])


def show_pictures(report: Report) -> None:
    """The pictures among the files of a run."""
    from IPython.display import Image, display

    for path in report.files["path"]:
        if Path(path).suffix == ".png":
            display(Image(filename=path))


def show_channels(selection: Selection) -> None:
    """How the customers of these invoices want their documents, and how far sending has come."""
    frame = selection.columns(["delivery_preference", "shipping_status"]).astype("str")
    counts = frame.groupby(["delivery_preference", "shipping_status"]).size().rename("rows").reset_index()
    show_table(
        counts.rename(columns={"delivery_preference": "customer wants", "shipping_status": "shipping"})
    )


def show_messages(selection: Selection, report: Report | None) -> None:
    """The messages of a run: what is in doubt or failed first, and a chart of their states."""
    messages = pd.DataFrame() if report is None else Outbox(selection.workspace).list(run=report.run_id)
    if messages.empty:
        html(Markup("No message was prepared."))
        return
    trouble = messages[messages["state"].isin(["in_doubt", "failed"])]
    if len(trouble):
        need = Markup("<b>{:,} need a person</b>: invoicebatch outbox resend or mark-sent")
        html(need.format(len(trouble)))
        show_table(trouble[["number", "recipient", "state", "answer"]])
    bar_chart(messages["state"].astype("str").value_counts(), "Messages by state")


def bar_chart(counts: "pd.Series[int]", title: str) -> None:
    """A small horizontal bar chart, one bar an index value; nothing where there is one bar only."""
    if len(counts) < 2:
        return
    bars = [Bar(str(label), float(value), f"{value:,}") for label, value in counts.items()]
    show_picture([Panel(title, bars)])


def show_picture(panels: Sequence[Panel]) -> None:
    """Bars as a picture; who can't see it is told the titles."""
    from IPython.display import Image, display

    display(Image(data=picture(panels), alt="; ".join(panel.title for panel in panels), width=600))


def show_table(frame: pd.DataFrame, limit: int = 10) -> None:
    """The first rows of a frame as people read them; see `model.readable`."""
    html(table(frame, limit))


def html(text: Markup) -> None:
    """Show a piece of HTML."""
    from IPython.display import HTML, display

    display(HTML(text))


def record(result: Mapping[str, Any]) -> None:
    """Show what a step came to, and keep it as the notebook's result: action, state, selected, done, ..."""
    import json

    from IPython.display import display

    plain = json.loads(json.dumps(result, default=str))
    line = f"{plain['action']}: {plain['done']} of {plain['selected']} done ({plain['state']})"
    display({RESULT_TYPE: plain, "text/plain": line}, raw=True)
