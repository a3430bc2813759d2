"""What running a sheet would do: its ticked rows grouped by action, each group a plan of the engine.

Everything a row can be refused for is found here and named; nothing changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.plan.params import params_here
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import InputFileError, ParameterError, SelectionError, UnknownNameError
from invoicebatch.interfaces.sheet.file import SheetFile
from invoicebatch.interfaces.sheet.parameters import pairs, typed
from invoicebatch.interfaces.sheet.write import action_titles
from invoicebatch.model.action import Action, Params
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import RunStatus

Rows = pd.DataFrame

GONE: Final = "there is no such invoice any more"


@dataclass(frozen=True)
class Group:
    """Rows of a sheet that take one action with the same parameters, and their plan."""

    action: Action
    plan: Plan
    rows: Rows
    before: bool = False
    """Whether an earlier run of this sheet did it."""


@dataclass(frozen=True)
class SheetPlan(ShowsFrames):
    """What a sheet would do.

    Attributes:
        sheet: as it was read.
        groups: plans, in the order of the action bar.
        rows: one row a ticked (or unreadable) row: row int64, invoice_id Int64, number, action str
            (name; empty where it can't be told), outcome str (`would run`, `would fail`, `done before`, `refused`), reason str.
    """

    sheet: SheetFile
    groups: tuple[Group, ...]
    rows: Rows

    @property
    def refused(self) -> Rows:
        """Rows that would be refused."""
        return self.rows[self.rows["outcome"] == "refused"].reset_index(drop=True)

    @property
    def eligible(self) -> int:
        """Rows that would run, and be done as far as can be known."""
        return int((self.rows["outcome"] == "would run").sum())

    @property
    def failing(self) -> Rows:
        """Rows that would run and fail."""
        return self.rows[self.rows["outcome"] == "would fail"].reset_index(drop=True)

    @cached_property
    def to_look_at(self) -> pd.DataFrame:
        """What a person should look at of the rows that would run: action, reason, invoices."""
        warned = [group for group in self.groups if group.action.warnings and not group.before]
        told = [(group.action.name, group.plan.preview.get("to_look_at")) for group in warned]
        found = [frame.assign(action=name) for name, frame in told if frame is not None]
        columns = ["action", "reason", "invoices"]
        return pd.concat([pd.DataFrame(columns=columns), *found], ignore_index=True)[columns]

    @property
    def done_before(self) -> int:
        """Rows that an earlier run of this sheet did."""
        return int((self.rows["outcome"] == "done before").sum())

    @cached_property
    def summary(self) -> str:
        """One line a person reads first."""
        rows = self.sheet.rows
        ticked, hidden = int(rows["ticked"].sum()), int((rows["ticked"] & rows["hidden"]).sum())
        idle = int(((rows["action"] != "") & ~rows["ticked"]).sum())
        missing = self.sheet.written - int(rows["invoice_id"].nunique()) if self.sheet.written else 0
        parts = [f"{ticked:,} of {len(rows):,} rows ticked"]
        parts += [f"{hidden:,} of them hidden or filtered out"] * bool(hidden)
        parts += [f"{idle:,} with an action but no tick: left alone"] * bool(idle)
        parts += [f"{missing:,} deleted from the sheet: left alone"] * (missing > 0)
        failing = len(self.failing)
        parts += [f"{self.eligible:,} would run", *[f"{failing:,} would fail"] * bool(failing)]
        parts += [f"{self.done_before:,} done before"] * bool(self.done_before)
        parts += [f"{len(self.refused):,} refused"]
        return "; ".join(parts)


def plan_sheet(workspace: Workspace, sheet: SheetFile) -> SheetPlan:
    """Plan every ticked row of a sheet.

    Raises:
        InputFileError: the sheet was written from another workspace.
    """
    check_workspace(workspace, sheet)
    ticked = sheet.ticked
    verdicts = [_rows(ticked[ticked["problem"] != ""], "", ticked["problem"])]
    groups = []
    for action, rows, values, problem in _groups(workspace, sheet, ticked[ticked["problem"] == ""]):
        if action is None or problem:
            verdicts.append(_rows(rows, action.name if action else "", problem))
            continue
        plan = _plan(workspace, sheet, action, rows, values)
        if isinstance(plan, str):
            verdicts.append(_rows(rows, action.name, plan))
            continue
        before = _finished(workspace, plan)
        groups.append(Group(action, plan, rows, before))
        judged = plan.rows.set_index("invoice_id")
        reasons = rows["invoice_id"].map(judged["reason"].astype("str")).fillna(GONE)
        would_fail = rows["invoice_id"].map(judged["eligible"]).eq(True) & (reasons != "")
        judgement = _rows(rows, action.name, reasons, would_fail)
        verdicts.append(_told_before(judgement, plan) if before else judgement)
    found = pd.concat(verdicts, ignore_index=True).sort_values("row", ignore_index=True)
    order = {name: place for place, name in enumerate(workspace.base.offered())}
    groups.sort(key=lambda group: order.get(group.action.name, len(order)))
    return SheetPlan(sheet, tuple(groups), found)


def done_before(run_id: str) -> str:
    """The words for a row that a run did already."""
    return f"done before in run {run_id[:8]}; nothing is done again"


def _finished(workspace: Workspace, plan: Plan) -> bool:
    """Whether the plan's run is finished: it ran from this sheet before."""
    run_id = plan.run_id  # reads the workspace's id, so outside the session
    with workspace.store.read() as session:
        run = session.run(run_id)
    return run is not None and run["status"] == RunStatus.FINISHED


def _told_before(rows: Rows, plan: Plan) -> Rows:
    """The rows of a run that is finished, told so."""
    again = rows["outcome"].isin(["would run", "would fail"])
    return rows.assign(
        outcome=rows["outcome"].mask(again, "done before"),
        reason=rows["reason"].mask(again, done_before(plan.run_id)),
    )


class Written(Protocol):
    """A sheet that says where it was written."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def workspace_id(self) -> str:
        """Id of the workspace."""


def check_workspace(workspace: Workspace, sheet: Written) -> None:
    """A sheet runs only where it was written.

    Raises:
        InputFileError: it was written from another workspace.
    """
    if sheet.workspace_id != workspace.base.id:
        raise InputFileError(
            f"{sheet.path.name} was written from another workspace, not from {workspace.root}",
            "Run it there, or write a new sheet here.",
        )


def _rows(
    rows: Rows, action: str, reason: "pd.Series[str] | str", would_fail: "pd.Series[bool] | bool" = False
) -> Rows:
    reasons = pd.Series(reason, index=rows.index, dtype="str").reindex(rows.index).fillna("")
    outcome = np.where(reasons == "", "would run", np.where(would_fail, "would fail", "refused"))
    return rows[["row", "invoice_id", "number"]].assign(
        action=action,
        outcome=pd.Series(outcome, index=rows.index, dtype="str"),
        reason=reasons,
    )


def _groups(
    workspace: Workspace, sheet: SheetFile, rows: Rows
) -> Iterator[tuple[Action | None, Rows, Mapping[str, Any], str]]:
    """Rows by action and own parameters: action, rows, values, and what is wrong with all of them.

    However action and parameters are spelled, those that mean the same are one group.
    """
    names = _names(workspace)
    meant: dict[tuple[str, str, str], tuple[Action | None, Mapping[str, Any], list[Any]]] = {}
    for (written, own), group in rows.groupby(["action", "parameters"], sort=False, dropna=False):
        action, problem = _action(names, str(written), workspace.base.offered())
        values: Mapping[str, Any] = {}
        params = ""
        if action is not None:
            try:
                values = _values(sheet, action, str(own))
                params = _parsed(workspace, sheet, action, values, str(own)).model_dump_json()
            except ParameterError as error:
                problem = _in_a_line(error)
        key = (action.name if action else "", params, problem)
        meant.setdefault(key, (action, values, []))[2].extend(group.index)
    for (_, _, problem), (action, values, index) in meant.items():
        yield action, rows.loc[sorted(index)], values, problem


def _parsed(
    workspace: Workspace, sheet: SheetFile, action: Action, values: Mapping[str, Any], own: str
) -> Params:
    """The values as the action takes them.

    Raises:
        ParameterError: one that it does not take, with the cell of the page Parameters where it stands.
    """
    try:
        return params_here(workspace.base, action, values)
    except ParameterError as error:
        name = error.message.removeprefix(f"{action.name}: ").partition(":")[0]
        found = sheet.parameters.get(action.name, {}).get(name)
        if found is None or name in pairs(own):
            raise
        raise ParameterError(f"{found.cell}: {error.message}", error.hint) from error


def _names(workspace: Workspace) -> dict[str, Action]:
    """Actions by what a sheet may call them, case and space aside."""
    offered = workspace.base.offered()
    titles = action_titles(offered)
    named: dict[str, Action] = {}
    for name, action in offered.items():
        for word in (action.label, action.title, name, titles[name]):
            named.setdefault(_folded(word), action)
    return named | {_folded(titles[name]): action for name, action in offered.items()}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _action(
    names: Mapping[str, Action], written: str, offered: Mapping[str, Action]
) -> tuple[Action | None, str]:
    if not written:
        return None, "ticked, but no action is chosen"
    action = names.get(_folded(written))
    if action is None:
        try:
            action = find(written)
        except UnknownNameError as error:
            known = ", ".join(action_titles(offered).values())
            return None, f"{error.message.removesuffix('.')}; there are: {known}"
    return action, ""


def _values(sheet: SheetFile, action: Action, own: str) -> dict[str, Any]:
    """The action's values: the page's, and over them the row's own.

    Raises:
        ParameterError: one that is unknown or can't be told, with its cell.
    """
    values = {}
    for name, found in sheet.parameters.get(action.name, {}).items():
        try:
            values[name] = typed(action, name, found.value, date1904=sheet.date1904)
        except ParameterError as error:
            raise ParameterError(f"{found.cell}: {error.message}", error.hint) from error
    return values | {name: typed(action, name, value) for name, value in pairs(own).items()}


def _plan(
    workspace: Workspace, sheet: SheetFile, action: Action, rows: Rows, values: Mapping[str, Any]
) -> Plan | str:
    """The plan of a group, rows that changed since the sheet refused; or why there is none."""
    try:
        selection = workspace.select(ids=rows["invoice_id"].astype("int64").tolist())
        plan = selection.plan(action.name, **values)
    except ParameterError as error:
        return _in_a_line(error)
    except SelectionError:
        return GONE
    seen = rows.set_index("invoice_id")["version"]
    expected = plan.rows["invoice_id"].map(seen)
    known = plan.rows["row_version"] > 0
    stale = (known & (plan.rows["row_version"] != expected)).fillna(known).astype(bool)
    changes = _changes(workspace, sheet, action, plan.rows[stale])
    judged = plan.rows.assign(
        eligible=plan.rows["eligible"] & ~stale,
        reason=plan.rows["reason"].astype("str").mask(stale, changes).astype("category"),
    )
    nonce = f"sheet {sheet.selection_id}" if plan.nonce else ""
    words = f"{len(rows):,} rows of {sheet.path.name} (sheet {sheet.selection_id[:8]})"
    return replace(plan, rows=_sorted(judged), selection=words, nonce=nonce)


def _in_a_line(error: ParameterError) -> str:
    """What is wrong and what to do, as a row's reason."""
    return " ".join(str(error).split())


def _changes(workspace: Workspace, sheet: SheetFile, action: Action, stale: Rows) -> "pd.Series[str]":
    """What happened last to rows that changed since the sheet was written, by index of `stale`."""
    if stale.empty:
        return pd.Series(dtype="str")
    with workspace.store.read() as session:
        events = session.rows_of("events", "invoice_id", stale["invoice_id"])
        runs = session.whole("runs")
    last = events.sort_values("at").drop_duplicates("invoice_id", keep="last").set_index("invoice_id")
    at = last["at"].dt.strftime("%Y-%m-%d %H:%M").astype("str")
    told = ": " + last["event"].astype("str") + " by " + last["user"].astype("str") + " on " + at + " UTC"
    own = runs["action"].eq(action.name) & runs["selection"].str.contains(
        f"(sheet {sheet.selection_id[:8]})", regex=False
    )
    done = last.loc[last["run_id"].isin(runs.loc[own, "run_id"]), "run_id"].map(done_before)
    changed = "changed since the sheet was written" + stale["invoice_id"].map(told).fillna("").astype("str")
    return stale["invoice_id"].map(done).astype("str").fillna(changed)


def _sorted(rows: Rows) -> Rows:
    """Eligible rows first, as a plan has them."""
    return rows.loc[np.argsort(~rows["eligible"].to_numpy(), kind="stable")].reset_index(drop=True)
