"""`sheet run`: the groups of a planned sheet run one after another, and a result workbook beside it.

A group that can't run at all is named in its rows; the others go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os.path import commonpath
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.progress import Progress
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import ConfirmationError, InvoicebatchError
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.sheet.model import SHOWN, sheet_columns, sheet_rows_needed
from invoicebatch.formats.workbook.table import write_table
from invoicebatch.interfaces.sheet.plan_sheet import Group, SheetPlan, done_before
from invoicebatch.model.markup import joined, table
from invoicebatch.model.reasons import by_kind, of_kind
from invoicebatch.model.schema.types import integer, text
from invoicebatch.model.shown import ShowsFrames

_OUTCOME_COLUMNS: Final = ("action", "outcome", "reason", "file", "run_id")
_SUMMARY: Final = ("action", "outcome", "rows", "currency", "total", "reason")
_COLOURS: Final = (
    ("outcome", "done", "1E7B34", "E3F4E7"),
    ("outcome", "unchanged", "57606A", "F0F1F3"),
    ("outcome", "refused", "9A6700", "FFF4D6"),
    ("outcome", "failed", "B42318", "FDE7E4"),
    ("outcome", "unfinished", "B42318", "FDE7E4"),
)


@dataclass(frozen=True)
class SheetReport(ShowsFrames):
    """What running a sheet did.

    Attributes:
        plan: what was planned.
        reports: of the runs, in order.
        rows: one row a ticked row: row int64, invoice_id Int64, number, action, outcome (done,
            unchanged, refused, failed, unfinished), reason, file, run_id, all str.
        result: the workbook written beside the sheet.
    """

    plan: SheetPlan
    reports: tuple[Report, ...]
    rows: pd.DataFrame
    result: Path

    def count(self, outcome: str) -> int:
        """Rows with an outcome."""
        return int((self.rows["outcome"] == outcome).sum())

    @property
    def complete(self) -> bool:
        """Whether every ticked row was done, or had nothing to be done for it."""
        return self.count("done") + self.count("unchanged") == len(self.rows)

    def _repr_html_(self) -> Markup:
        counts = self.rows["outcome"].value_counts().to_dict()
        words = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
        steps = joined([report.steps_html() for report in self.reports])
        return Markup("<b>{}</b>; {}").format(words, str(self.result)) + table(self.rows) + steps


def run_sheet(
    workspace: Workspace, plan: SheetPlan, *, confirmed: bool = False, progress: bool | Progress = False
) -> SheetReport:
    """Run a planned sheet. The same sheet again does nothing twice.

    Args:
        workspace: where.
        plan: made by `plan_sheet`.
        confirmed: the person confirmed the actions that ask for it.
        progress: as of `Plan.apply`.

    Raises:
        ConfirmationError: an action asks for confirmation; nothing was done.
    """
    _ask(plan, confirmed=confirmed)
    reports, outcomes = [], [plan.refused.assign(file="", run_id="")]
    for group in plan.groups:
        if group.plan.eligible == 0:
            continue
        try:
            report = group.plan.apply(progress=progress)
        except InvoicebatchError as error:
            outcomes.append(_stopped(group, error))
            continue
        reports.append(report)
        outcomes.append(_outcomes_of(group, report))
    rows = pd.concat(outcomes, ignore_index=True).drop_duplicates("row", keep="first")
    rows = rows.sort_values("row", ignore_index=True)
    steps = [line for report in reports for line in report.steps()]
    return SheetReport(plan, tuple(reports), rows, _write_result(workspace, plan, rows, steps))


def _ask(plan: SheetPlan, *, confirmed: bool) -> None:
    asking = [group for group in plan.groups if group.action.asks(group.plan.params) and group.plan.eligible]
    if asking and not confirmed:
        words = ", ".join(f"{g.action.label} ({g.plan.counted})" for g in asking)
        raise ConfirmationError(f"{words} asks for confirmation; nothing was done.", "Confirm with --yes.")


def _planned(group: Group) -> pd.DataFrame:
    """The group's rows that were to run: row, invoice_id, number, action."""
    ids = group.plan.rows.loc[group.plan.rows["eligible"], "invoice_id"]
    rows = group.rows[group.rows["invoice_id"].isin(ids)]
    return rows[["row", "invoice_id", "number"]].assign(action=group.action.name)


def _stopped(group: Group, error: InvoicebatchError) -> pd.DataFrame:
    return _planned(group).assign(outcome="failed", reason=str(error), file="", run_id=group.plan.run_id)


def _outcomes_of(group: Group, report: Report) -> pd.DataFrame:
    """What became of the group's rows."""
    rows = _planned(group)
    journal = report.rows.set_index("invoice_id")
    outcome = rows["invoice_id"].map(journal["outcome"]).astype("str")
    return rows.assign(
        number=rows["invoice_id"].map(journal["number"]).astype("str").fillna(rows["number"]),
        outcome=outcome.replace({"claimed": "unfinished", "reserved": "unfinished"}).fillna("unfinished"),
        reason=rows["invoice_id"]
        .map(journal["reason"])
        .astype("str")
        .fillna(done_before(report.run_id) if group.before else ""),
        file=_files(rows, report).where(outcome == "done", ""),
        run_id=report.run_id,
    )


def _files(rows: pd.DataFrame, report: Report) -> "pd.Series[str]":
    """The file of each row: its own, else the one file of the run, else the folder of its files."""
    files = report.files
    paths = files["path"].astype("str")
    common = ""
    if len(files):
        common = (
            str(paths.iloc[0]) if len(files) == 1 else commonpath(str(Path(path).parent) for path in paths)
        )
    if "invoice_id" not in files.columns or files["invoice_id"].isna().all():
        return pd.Series(common, index=rows.index, dtype="str")
    own = files[files["invoice_id"].notna()].drop_duplicates("invoice_id", keep="last")
    return rows["invoice_id"].map(own.set_index("invoice_id")["path"]).astype("str").fillna(common)


def _write_result(workspace: Workspace, plan: SheetPlan, rows: pd.DataFrame, steps: Sequence[str]) -> Path:
    """`F.result.xlsx`: every row of the sheet as it is now, with what became of it, and what may come next."""
    listed = plan.sheet.rows[["row", "invoice_id", "number"]]
    ids = listed["invoice_id"].dropna().drop_duplicates().astype("int64")
    outcomes = listed.merge(rows.drop(columns=["invoice_id", "number"]), on="row", how="left")
    now = _now(workspace, ids)
    frame = outcomes.drop(columns="number").merge(now, on="invoice_id", how="left")
    numbers = outcomes["number"].mask(outcomes["number"] == "")
    frame["number"] = frame["number"].fillna(numbers)
    known = (
        sheet_columns()
        | {name: text(name, "") for name in _OUTCOME_COLUMNS}
        | {name: integer(name, "") for name in ("row", "rows")}
    )
    names = ["row", "action", "outcome", "reason", *SHOWN, "file", "run_id"]
    frame = frame.astype(dict.fromkeys(_OUTCOME_COLUMNS, "str"))
    settings = workspace.settings.export
    about = {"sheet": plan.sheet.path.name} | {f"step_{n}": line for n, line in enumerate(steps, 1)}
    frame = frame.sort_values("outcome", key=lambda told: told.isna(), kind="stable", ignore_index=True)
    export = TableExport(
        "result", frame, [known[n] for n in names], clock.now(), about,
        settings.language, _COLOURS,
    )  # fmt: skip
    summary = replace(
        export, export="summary", frame=_summary(frame), columns=[known[n] for n in _SUMMARY], colours=()
    )
    target = plan.sheet.path.with_name(f"{plan.sheet.path.stem}.result.xlsx")
    return write_whole(target, lambda out: write_table(out, export, summary), on_clash="number")


def _summary(frame: pd.DataFrame) -> pd.DataFrame:
    """What became of the rows with a tick, by action, outcome and kind of reason: the columns of `_SUMMARY`."""
    told = frame[frame["outcome"].notna()]
    told = told.assign(
        currency=told["currency"].astype("str").fillna(""), total_cents=told["total_cents"].fillna(0)
    )
    parts = []
    for (action, outcome, currency), rows in told.groupby(["action", "outcome", "currency"]):
        kinds = by_kind(rows["reason"].fillna("").astype("str"))
        own = [of_kind(rows["reason"].fillna("").astype("str"), reason).index for reason in kinds["reason"]]
        totals = [int(rows.loc[index, "total_cents"].sum()) for index in own]
        parts.append(
            kinds.assign(action=str(action), outcome=str(outcome), currency=str(currency), total_cents=totals)
        )
    empty = pd.DataFrame(columns=["action", "outcome", "reason", "rows", "currency", "total_cents"])
    whole = pd.concat(parts, ignore_index=True) if parts else empty
    whole["reason"] = [str(reason)[:150] + "…" * (len(str(reason)) > 150) for reason in whole["reason"]]
    texts = dict.fromkeys(("action", "outcome", "reason", "currency"), "str")
    return whole.astype(texts | dict.fromkeys(("rows", "total_cents"), "int64"))


def _now(workspace: Workspace, ids: "pd.Series[int]") -> pd.DataFrame:
    """The sheet's columns of these invoices as they are now; an invoice that is gone is missing."""
    with workspace.store.read() as session:
        frame = session.overview(sheet_rows_needed(), clock.today(), np.asarray(ids, dtype=np.int64))
    versions = frame["document_version"].fillna(0).astype("int64")
    frame["document"] = ("v" + versions.astype("str")).where(versions > 0)
    frame["invoice_id"] = frame["invoice_id"].astype("Int64")
    return frame
