"""A selection: which rows, how they were chosen, and which actions apply to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from invoicebatch.actions import find
from invoicebatch.eligibility import NOT_BUSY, Evaluation, Tally
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.pieces import joined
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.checking import checked_params
from invoicebatch.engine.plan.checks import COUNTED_ROWS, faults, faults_by_default, passing
from invoicebatch.engine.plan.choices import row_choices
from invoicebatch.engine.plan.judge import CODED, COLUMNS, judge
from invoicebatch.engine.plan.params import params_here
from invoicebatch.engine.plan.plan import Plan, Runner, fresh_nonce
from invoicebatch.errors import ParameterError, UsageError
from invoicebatch.model.action import Action, Params
from invoicebatch.model.markup import table
from invoicebatch.model.reasons import by_kind
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.model.shown import Tables, shown
from invoicebatch.model.status import CLOSED_RUNS
from invoicebatch.store import Session

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Selection:
    """Selected invoices of a workspace.

    Attributes:
        workspace: where.
        runner: who does what is planned for them.
        ids: int64 invoice ids, in the order they were chosen, each once.
        description: the selection in words.
        picked_by_hand: chosen row by row (ids, numbers, ticks), not by a filter.
        unknown: ids that were asked for and do not exist.
    """

    workspace: WorkspaceBase
    runner: Runner
    ids: Ids
    description: str
    picked_by_hand: bool
    unknown: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def frame(self) -> pd.DataFrame:
        """All overview columns of the rows, read now, in the selection's order."""
        return self.columns(OVERVIEW)

    @shown
    def columns(self, names: Iterable[str]) -> pd.DataFrame:
        """Some overview columns of the rows, read now."""
        names = list(names)
        self.workspace.keep_judged(names)
        with self.workspace.store.read() as session:
            return session.overview(names, clock.today(), self.ids)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Which actions apply to which rows, as of the first look."""
        self.workspace.keep_judged(self.workspace.asked_of())
        with self.workspace.store.read() as session:
            return self._evaluate(self.workspace.judged(session, self.ids))

    def _evaluate(
        self, frame: pd.DataFrame, action: Action | None = None, params: Params | None = None
    ) -> Evaluation:
        return self.workspace.evaluate(
            frame, picked_by_hand=self.picked_by_hand, action=action, params=params
        )

    @shown
    def actions(self) -> pd.DataFrame:
        """One row an action of the bar, in its order; what an action with its defaults refuses counts as refused.

        Returns:
            action, group, label str; eligible, selected int64; confirm bool; reasons: a list of
            ``{"reason", "rows"}`` for the rows that can't.
        """
        tally, few = self._tally()
        rows = []
        for name, action in self.workspace.offered().items():
            found = faults_by_default(self.workspace, action, few.get(name, pd.DataFrame()))
            of_checks = by_kind(found).to_dict("records") if len(found) else []
            reasons = of_checks + tally.summary(name)
            rows.append(
                {
                    "action": name,
                    "group": action.group,
                    "label": action.label,
                    "eligible": tally.count(name) - len(found),
                    "selected": len(self),
                    "confirm": action.confirm,
                    "reasons": sorted(reasons, key=lambda reason: -reason["rows"]),
                }
            )
        return pd.DataFrame(
            rows, columns=["action", "group", "label", "eligible", "selected", "confirm", "reasons"]
        )

    def _tally(self) -> tuple[Tally, dict[str, pd.DataFrame]]:
        """What the rules say; of actions with checks that some rows can take, and not too many, these rows."""
        self.workspace.keep_judged(self.workspace.asked_of())
        tally = Tally(self.workspace.rules)
        checking = [name for name, action in self.workspace.offered().items() if action.refusing]
        few = dict.fromkeys(checking, pd.DataFrame())
        with self.workspace.store.read() as session:
            for frame in self.workspace.judged_pieces(session, self.ids):
                evaluation = self.workspace.evaluate(frame, picked_by_hand=self.picked_by_hand)
                tally.add(evaluation)
                of_rows = evaluation.of_rows()
                for name, rows in list(few.items()):
                    if len(rows) + of_rows.count(name) > COUNTED_ROWS:
                        del few[name]
                    else:
                        few[name] = pd.concat([rows, passing(of_rows, name)])
        return tally, {name: rows for name, rows in few.items() if tally.count(name)}

    def choices(self, action: str) -> Tables:
        """The values that parameters of an action may take, or hold, for these rows, by parameter.

        Returns:
            value, label str; of what the rows know, such as the lines to credit: the value, then what it is.

        Raises:
            UnknownNameError: no such action.
        """
        found = self._found(action)
        known = self.workspace.choices(found).items()
        frames = {name: pd.DataFrame(list(each.items()), columns=["value", "label"]) for name, each in known}
        return Tables({**frames, **row_choices(self.workspace, found, self.ids)})

    @shown
    def why(self, action: str, **params: Any) -> pd.DataFrame:
        """The rows that can't take an action, with every reason: invoice_id int64, number str, reason str.

        Args:
            action: name of the action.
            **params: its parameters; without any, what it asks for may be left open.

        Raises:
            UnknownNameError: no such action.
            ParameterError: a parameter is unknown or malformed.
        """
        found = self._found(action)
        try:
            parsed = params_here(self.workspace, found, params)
        except ParameterError:
            if params:
                raise
            parsed = None  # what it asks for is left open
        self.workspace.keep_judged(self.workspace.asked_of(found))
        with self.workspace.store.read() as session:
            by_hand = self.picked_by_hand
            rows = judge(
                session, self.workspace, self.ids, found, parsed, picked_by_hand=by_hand, every_reason=True
            )
        if parsed is not None:
            checked = self._checked(rows, found, parsed).set_index("invoice_id")["reason"]
            reason = rows["reason"].astype("str")
            rows["reason"] = reason.where(reason != "", rows["invoice_id"].map(checked.astype("str")))
        refused = rows.loc[rows["reason"] != "", ["invoice_id", "number", "reason"]]
        return pd.concat([refused, self._unknown_rows()], ignore_index=True)

    @shown
    def to_look_at(self, action: str, **params: Any) -> pd.DataFrame:
        """The rows that can take an action, but not without a word, each with it: invoice_id, number, reason.

        Args:
            action: name of the action.
            **params: its parameters.

        Raises:
            UnknownNameError: no such action.
            ParameterError: a parameter is unknown, missing or malformed.
        """
        plan = self.plan(action, **params)
        rows = plan.rows[plan.rows["eligible"]]
        (found,) = faults(self.workspace, plan.action, [plan.action.warnings], plan.params, rows)
        warned = rows[["invoice_id", "number"]].assign(reason=rows["invoice_id"].map(found).astype("str"))
        return warned.dropna(subset="reason").reset_index(drop=True)

    def _unknown_rows(self) -> pd.DataFrame:
        frame = pd.DataFrame({"invoice_id": np.asarray(self.unknown, np.int64)})
        return frame.assign(number=pd.Series(dtype="str"), reason="there is no such invoice")

    def plan(self, action: str, *, folder: str | Path = "", **params: Any) -> Plan:
        """What a run would do; nothing changes.

        Args:
            action: name of the action.
            folder: where its files go; empty: a folder of the run's own.
            **params: its parameters.

        Raises:
            UnknownNameError: no such action.
            ParameterError: a parameter is unknown, missing or malformed, or its value is none of its choices.
        """
        found = self._found(action)
        parsed = checked_params(self.workspace, found, params)
        self.workspace.keep_judged(self.workspace.asked_of(found))
        judging = partial(judge, action=found, params=parsed, picked_by_hand=self.picked_by_hand)
        whole = str(Path(folder).resolve()) if folder else ""
        with self.workspace.store.read() as session:
            ids = _with_companions(session, found, parsed, self.ids)
            judged = judging(session, self.workspace, ids)
            runs = session.status_of_runs(found.name)
            broken_off = judged["busy_action"].eq(found.name).any()
            free = judging(session, self.workspace, ids, but={NOT_BUSY}) if broken_off else judged
        if broken_off:  # such a run may be asked for once more
            again = _fresh(self._planned(found, parsed, free, whole), runs)
            if again.run_id in runs:
                return again
        return _fresh(self._planned(found, parsed, judged, whole), runs)

    def _found(self, name: str) -> Action:
        """The action of that name.

        Raises:
            UnknownNameError: there is none.
            UsageError: it would change documents that are archived.
        """
        found = find(name)
        if self.workspace.store.of_archive and not found.makes_files_only:
            raise UsageError(
                f"{found.title} is nothing for archived documents: they are only looked at, downloaded, exported.",
                "Bring them back first: invoicebatch archive restore --numbers A,B",
            )
        return found

    def _planned(self, action: Action, params: Params, judged: pd.DataFrame, folder: str) -> Plan:
        """The plan of rows that were judged, those that can take the action first, in its order."""
        order = judged.assign(refused=~judged["eligible"])[["refused", *action.order]]
        rows = judged[list(COLUMNS)].take(order.sort_values([*order], kind="stable").index.to_numpy())
        rows = self._checked(rows.reset_index(drop=True), action, params)
        return Plan(
            workspace=self.workspace,
            runner=self.runner,
            action=action,
            params=params,
            rows=self._with_unknown(rows),
            selection=self.description,
            picked_by_hand=self.picked_by_hand,
            folder=folder,
            nonce=fresh_nonce(action),
        )

    def _checked(self, rows: pd.DataFrame, action: Action, params: Params) -> pd.DataFrame:
        """The rows of a plan with what the action's own checks find; eligible ones first again."""
        asked = rows[rows["eligible"]]
        recorded = action.row_checks if action.records_faults else None
        refused, failing = faults(self.workspace, action, [action.refusing, recorded], params, asked)
        if refused.empty and failing.empty:
            return rows
        ids = rows["invoice_id"]
        reason = ids.map(refused).astype("str").fillna(ids.map(failing).astype("str"))
        reason = reason.fillna(rows["reason"].astype("str"))
        rows = rows.assign(
            reason=reason.astype("category"), eligible=rows["eligible"] & ~ids.isin(refused.index)
        )
        return rows.sort_values("eligible", ascending=False, kind="stable", ignore_index=True)

    def _with_unknown(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows, which are the caller's no longer, and the ids that there are none of."""
        if not self.unknown:
            return rows
        unknown = self._unknown_rows().assign(
            row_version=0, eligible=False, part="", busy=False, pin=np.uint64(0), total_cents=0, currency=""
        )
        unknown = unknown.astype(dict.fromkeys(CODED, "category"))
        return joined([rows, unknown], CODED)[[*COLUMNS]].reset_index(drop=True)

    def _repr_html_(self) -> Markup:
        bar = self.actions().drop(columns=["reasons", "confirm"])
        return Markup("<b>{:,} selected</b> ({})").format(len(self), self.description) + table(bar)


def _fresh(plan: Plan, runs: Mapping[str, str]) -> Plan:
    """The plan, told apart from closed runs that left the same rows as they are; `runs` by their status."""
    while runs.get(plan.run_id) in CLOSED_RUNS:
        plan = replace(plan, nonce=f"after {plan.run_id}")
    return plan


def _with_companions(session: Session, action: Action, params: Any, ids: Ids) -> Ids:
    """The ids, and those of the rows that the action takes along."""
    find_further = action.companions(params) if action.companions else None
    if find_further is None:
        return ids
    further = find_further(session.rows_of("lines", "invoice_id", pd.Series(ids)))
    return np.concatenate([ids, further[~np.isin(further, ids)]])
