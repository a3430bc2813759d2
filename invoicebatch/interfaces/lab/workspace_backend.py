"""The grid's backend over a workspace: the engine's verbs in the shapes the grid asks for.

Every call opens and closes its own short connection, so a batch elsewhere is never held up.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
from pydantic.fields import FieldInfo

from invoicebatch.actions import registry
from invoicebatch.eligibility import Evaluation as Judged
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import ALWAYS
from invoicebatch.engine.detail import Detail
from invoicebatch.engine.payments.bundles import Payments
from invoicebatch.engine.plan.checks import faults_by_default, passing
from invoicebatch.engine.plan.choices import row_choices
from invoicebatch.engine.plan.choose import matching
from invoicebatch.engine.plan.messages import Messages
from invoicebatch.engine.plan.params import default_values
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.plan.report import NextStep
from invoicebatch.engine.plan.report import Report as RunReport
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.engine.workspace import Workspace
from invoicebatch.errors import StaleError, UsageError
from invoicebatch.files.names import safe_name
from invoicebatch.files.whole import temporary_folder, write_whole
from invoicebatch.interfaces.lab.backend import (
    BoolArray,
    Elsewhere,
    IntArray,
    Interrupted,
    Moment,
    Progress,
)
from invoicebatch.interfaces.lab.columns import OFFERED
from invoicebatch.model.action import Action
from invoicebatch.model.status import CLOSED_RUNS, RowOutcome


class _Sink:
    """The engine's progress as the grid's."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._label, self._done, self._of = "", 0, 0

    def start(self, label: str, total: int) -> None:
        self._label, self._done, self._of = label, 0, total
        self._tell(label, 0, total)

    def advance(self, rows: int) -> None:
        self._done += rows
        self._tell(self._label, self._done, self._of)

    def stop(self) -> None:
        self._tell(self._label, self._done, self._of)


class RunResult:
    """A run's report with absolute paths of the files a person asked for."""

    def __init__(self, report: RunReport, data: Path) -> None:
        self.run_id = report.run_id
        self.done, self.refused, self.failed = report.done, report.refused, report.failed
        self.unchanged, self.made = report.unchanged, report.made
        self.unfinished, self.messages_left = report.counts["unfinished"], report.messages_left
        self.finished = report.state in CLOSED_RUNS
        self.totals = report.totals
        self.next, self.undo = report.next, report.undo
        files = report.files
        stored = files["name"].str.startswith("documents/").astype(bool)
        asked = files[~stored] if (~stored).any() else files
        self.files = pd.DataFrame(
            {"path": [str(data / path) for path in asked["path"]], "size": asked["size"].to_numpy()}
        )


class StepPlan:
    """A step on a payment bundle, as a plan: `payments.write` is `workspace.payments.write(bundle)`."""

    def __init__(self, workspace: Workspace, step: NextStep) -> None:
        self._workspace, self._step = workspace, step
        self.eligible = step.rows
        self.preview: dict[str, pd.DataFrame] = {}
        self.failing = self.refused = pd.DataFrame(columns=["invoice_id", "reason"], dtype="str")
        self.messages = Messages((), lambda _: [], lambda **_: [])
        self.to_confirm = step.rows
        self.asks, self._pin = self._look()

    def _look(self) -> tuple[str, object]:
        """What is to be known before it is done, and the bundle as it is now."""
        payments, (bundle,) = self._workspace.payments, self._step.arguments
        return payments.in_question(self._step.action.rpartition(".")[2], bundle), payments.pin(bundle)

    def send_test(self, to: str, limit: int = 3) -> pd.DataFrame:  # noqa: ARG002
        """There is nothing to send.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self._step.label} sends no messages.")

    def apply(self, progress: _Sink, cancel: Event) -> RunReport:  # noqa: ARG002 - it is done in one piece
        """Carry it out.

        Raises:
            StaleError: the bundle, or what is to be known of it, is another than what was looked at.
        """
        if self._look() != (self.asks, self._pin):
            raise StaleError(
                f"Payment bundle {self._step.arguments[0][:8]} changed since you looked at it: nothing is done.",
                "Look at it again, then go on.",
            )
        room, _, verb = self._step.action.partition(".")
        progress.start(verb, self.eligible)
        report: RunReport = getattr(getattr(self._workspace, room), verb)(*self._step.arguments)
        return report


class WorkspaceBackend:
    """See `backend.Backend`."""

    def __init__(self, workspace: Workspace, where: str = "") -> None:
        self._workspace = workspace
        self.where = where
        self.location = str(workspace.root)

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """Every action of the bar by name."""
        return self._workspace.base.offered()

    @property
    def payments(self) -> Payments:
        """The workspace's own."""
        return self._workspace.payments

    @cached_property
    def _columns(self) -> list[str]:
        return list(dict.fromkeys([*ALWAYS, *OFFERED, *sorted(self._workspace.base.rules.columns)]))

    def version(self) -> object:
        """Time and size of the state's files: a commit anywhere changes them."""
        file = self._workspace.store.file
        found = []
        for path in (file, file.with_name(f"{file.name}.wal")):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def head(self, rows: int) -> tuple[pd.DataFrame, int]:
        """The first rows, and how many there are; what was never judged is judged as all are loaded."""
        found = self._matching()
        with self._workspace.store.read() as session:
            ids = (
                session.overview(["invoice_id"], clock.today())["invoice_id"].to_numpy(np.int64)
                if found is None
                else found
            )
            return session.overview(self._columns, clock.today(), ids[:rows]), len(ids)

    def load(self) -> pd.DataFrame:
        """All rows, by id."""
        ids = self._matching()
        self._workspace.base.keep_judged(self._columns)
        with self._workspace.store.read() as session:
            return session.overview(self._columns, clock.today(), ids)

    def _matching(self) -> IntArray | None:
        """Ids of the rows that the grid's own filter lets through; None: it has none."""
        return matching(self._workspace.base, self.where) if self.where else None

    def evaluate(self, frame: pd.DataFrame) -> Judged:
        """Row conditions of every action, by the workspace's rules."""
        return self._workspace.base.evaluate(frame, picked_by_hand=True).of_rows()

    def blocked(self, frame: pd.DataFrame, mask: BoolArray, picked: bool) -> Mapping[str, str]:
        """Actions whose conditions on the whole selection fail, with the first reason."""
        return self._workspace.base.rules.blocked(frame, mask, picked, self.actions)

    def _judge(self, action: str, frame: pd.DataFrame, picked: bool) -> Judged:
        return self._workspace.base.evaluate(frame, picked_by_hand=picked, action=self.actions[action])

    def reasons(self, action: str, frame: pd.DataFrame, picked: bool) -> list[tuple[str, int]]:
        """First reasons with their numbers of rows."""
        summary = self._judge(action, frame, picked).summary(action)
        return [(str(one["reason"]), int(one["rows"])) for one in summary]

    def failing(self, action: str, frame: pd.DataFrame, picked: bool, reason: str) -> BoolArray:
        """The rows with that first reason."""
        return self._judge(action, frame, picked).rows_failing(action, reason)

    def faults(self, action: str, frame: pd.DataFrame, picked: bool) -> "pd.Series[str]":
        """As a plan with the default parameters asks."""
        judged = self._judge(action, frame, picked)
        return faults_by_default(self._workspace.base, self.actions[action], passing(judged, action))

    def defaults(self, action: str) -> Mapping[str, Any]:
        """Defaults of the settings, then those the model works out."""
        found = self.actions[action]
        made = {name: _made(info) for name, info in found.params.model_fields.items()}
        given = default_values(found, self._workspace.settings, clock.today(), self.choices(action))
        return {name: value for name, value in {**made, **given}.items() if value is not None}

    def choices(self, action: str) -> Mapping[str, Mapping[str, str]]:
        """As the action finds them in this workspace."""
        return self._workspace.base.choices(self.actions[action])

    def row_choices(self, action: str, ids: IntArray) -> Mapping[str, pd.DataFrame]:
        """As the rows have them."""
        return row_choices(self._workspace.base, self.actions[action], ids)

    def parts(self, action: str) -> list[str]:
        """Parts by the rules, else the action's own."""
        return list(self._workspace.base.rules.rule(action).parts or registry()[action].own_parts)

    def today(self) -> date:
        """The local date."""
        return clock.today()

    def plan(self, action: str, ids: IntArray, params: Mapping[str, Any], picked: bool) -> Plan:
        """The engine's plan over these ids."""
        selection = replace(self._workspace.select(ids=ids.tolist()), picked_by_hand=picked)
        plan = selection.plan(action, **params)
        _ = plan.preview, plan.messages
        return plan

    def plan_step(self, step: NextStep) -> "StepPlan":
        """By the verb of the workspace that the step's action is named after."""
        return StepPlan(self._workspace, step)

    def missing(self, said: Mapping[int, str]) -> int:
        """As the customers' sheet finds them."""
        from invoicebatch.interfaces.customers_sheet.write import customer_rows

        asking = self._asking(said)
        return int(customer_rows(self._failed(asking), asking)["missing"].ne("").sum()) if asking else 0

    def write_customers(self, said: Mapping[int, str]) -> Path:
        """The customers' sheet, in the state's folder of sheets."""
        from invoicebatch.interfaces.customers_sheet.write import customers_sheet

        name = f"customers-{clock.now():%Y%m%d-%H%M%S-%f}.xlsx"
        asking = self._asking(said)
        return customers_sheet(self._failed(asking), self._workspace.data / "sheets" / name, asking)[0]

    def read_customers(self, name: str, content: bytes) -> pd.DataFrame:
        """By the customers' sheet; the file is looked at in a folder of its own."""
        from invoicebatch.interfaces.customers_sheet.run import plan_customers, run_customers

        with temporary_folder() as folder:
            path = write_whole(folder / safe_name(name), content)
            return run_customers(self._workspace, plan_customers(self._workspace, path)).rows

    def _asking(self, said: Mapping[int, str]) -> dict[int, str]:
        from invoicebatch.interfaces.customers_sheet.write import asks_for_data

        reasons = pd.Series(list(set(said.values())), dtype="str")
        asking = set(reasons[asks_for_data(reasons)])
        return {key: reason for key, reason in said.items() if reason in asking}

    def _failed(self, said: Mapping[int, str]) -> Selection:
        return self._workspace.select(ids=list(said))

    def apply(self, plan: "Plan | StepPlan", progress: Progress, cancel: Event) -> RunResult:
        """Run it to its end or to the next chunk after a cancel."""
        return RunResult(plan.apply(progress=_Sink(progress), cancel=cancel), self._workspace.data)

    def resume(self, run_id: str, progress: Progress, cancel: Event) -> RunResult:
        """Finish a run that was stopped."""
        (report,) = self._workspace.runs.resume(run_id, progress=_Sink(progress), cancel=cancel)
        return RunResult(report, self._workspace.data)

    def moment(self) -> Moment:
        """From the journal and the chain of events."""
        with self._workspace.store.read() as session:
            finished = session.whole("runs", columns=["finished_at"])["finished_at"].max()
            head = session.chain_head()
        return Moment(None if pd.isna(finished) else finished, head[0] if head else 0)

    def elsewhere(self, since: Moment) -> list[Elsewhere]:
        """From the journal."""
        later = "finished_at > $since::TIMESTAMP" if since.finished else "finished_at IS NOT NULL"
        with self._workspace.store.read() as session:
            params = {"since": since.finished} if since.finished else None
            runs = session.whole("runs", later, params, ["run_id", "user", "action", "finished_at"])
            rows = session.rows_of("run_rows", "run_id", runs["run_id"], ["run_id", "outcome"])
        done = rows.loc[rows["outcome"] == RowOutcome.DONE.value, "run_id"].value_counts()
        runs = runs.sort_values("finished_at")
        labels = [registry()[name].title if name in registry() else name for name in runs["action"]]
        counts = runs["run_id"].map(done).fillna(0).astype("int64")
        return [Elsewhere(*each) for each in zip(runs["user"], labels, counts, strict=True) if each[2]]

    def interrupted(self) -> list[Interrupted]:
        """From the journal, those of actions that are not on the bar too: they hold their rows as well."""
        with self._workspace.store.read() as session:
            unfinished = session.unfinished_runs()
        reports = [self._workspace.runs.report(run_id) for run_id in unfinished]
        return [
            Interrupted(
                report.run_id,
                registry()[report.action],
                json.loads(report.run["parameters"]),
                report.counts["unfinished"],
                report.messages_left,
                int(report.run["eligible"]),
                report.run["created_at"],
            )
            for report in reports
            if report.state == "interrupted" and report.action in registry()
        ]

    def abandon(self, run_id: str) -> None:
        """By the engine's verb."""
        self._workspace.runs.abandon(run_id)

    def detail(self, invoice: int | str) -> Detail:
        """By the engine's verb."""
        return self._workspace.detail(invoice)

    @property
    def _views(self) -> Path:
        return self._workspace.data / "views.json"

    def read_views(self) -> list[dict[str, Any]]:
        """Saved views; an unreadable file counts as none."""
        try:
            views = json.loads(self._views.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [view for view in views if isinstance(view, dict)] if isinstance(views, list) else []

    def write_views(self, views: list[dict[str, Any]]) -> None:
        """Keep them beside the state."""
        write_whole(self._views, json.dumps(views, ensure_ascii=False, indent=1), on_clash="replace")

    def save_notebook(self, name: str, content: str) -> str:
        """Write it to the workspace's notebooks under a free name."""
        path = self._workspace.root / "notebooks" / f"{name}.ipynb"
        return str(write_whole(path, content, on_clash="number"))

    def save_ids(self, ids: IntArray) -> str:
        """Write them one a line."""
        path = self._workspace.data / "selections" / f"{clock.now():%Y%m%d-%H%M%S}-{len(ids)}.txt"
        return str(write_whole(path, "\n".join(map(str, ids.tolist())) + "\n", on_clash="number"))


def _made(info: FieldInfo) -> Any:
    return None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})
