"""From a click on an action to its report: dialog, preview, run in a worker thread, retry, files.

The plan a person saw is the plan that runs; nothing here decides what applies.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.plan.report import NextStep
from invoicebatch.errors import ConfirmationError, UsageError
from invoicebatch.interfaces.lab import as_code, dialogs, preview
from invoicebatch.interfaces.lab import report_view as report
from invoicebatch.interfaces.lab.backend import IntArray, Plan, Progress, Report
from invoicebatch.interfaces.lab.detail_view import send_file
from invoicebatch.interfaces.lab.message_view import MessageView
from invoicebatch.interfaces.lab.session import Session
from invoicebatch.model.action import Action
from invoicebatch.model.reasons import by_kind, of_kind


@dataclass(slots=True)
class Draft:
    """A run being prepared: rows frozen when its dialog opened."""

    action: Action
    ids: IntArray
    picked: bool
    where: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    asked: int = -1
    plan: Plan | None = None
    step: NextStep | None = None


class Runs:
    """The runs of one grid, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._draft: Draft | None = None
        self._last: tuple[Draft, Report] | None = None
        self._cancel = threading.Event()
        self._running = threading.Thread()
        self._planning = threading.Thread()
        self._told = 0.0
        self._messages = MessageView(session, self._previewed_plan)
        session.extend(
            {
                "dialog": self._open,
                "preview": self._preview,
                "run": self._run,
                "cancel": lambda _: self._cancel.set(),
                "retry": self._retry,
                "next": self._next,
                "resume": self._resume,
                "abandon": self._abandon,
                "pick": self._pick,
                "file": self._file,
                "code": self._code,
                "dismiss": lambda _: self._state({"state": "idle"}),
            }
        )
        self._state({"state": "idle"})

    @property
    def report(self) -> Report | None:
        """What the last run did."""
        return self._last[1] if self._last else None

    def wait(self) -> None:
        """Wait for a run or preview under way."""
        for worker in (self._planning, self._running):
            if worker.is_alive():
                worker.join()
        self._messages.wait()

    def _state(self, state: dict[str, Any]) -> None:
        self._session.publish("run", state)

    def _action(self, name: str) -> Action:
        try:
            return self._session.backend.actions[name]
        except KeyError:
            raise UsageError(f"There is no action {name}") from None

    def _open(self, message: Mapping[str, Any]) -> None:
        marks = self._session.marks
        action = self._action(str(message["action"]))
        if message.get("ids") is not None:
            return self._ask(Draft(action, np.array(message["ids"], dtype=np.int64), picked=True))
        return self._ask(Draft(action, marks.ids, marks.picked, marks.where))

    def ask(self, step: NextStep, ids: IntArray) -> None:
        """Open the dialog of a step that the bar does not have."""
        self._ask(Draft(find(step.action), ids, picked=True, step=step))

    def _ask(self, draft: Draft) -> None:
        action, backend, step = draft.action, self._session.backend, draft.step
        self._draft = draft
        fields = [] if step else self._fields(draft)
        self._session.send(
            {
                "kind": "dialog",
                "action": action.name,
                "label": action.label,
                "title": action.title,
                "hidden": self._session.hidden(draft.ids),
                "help": f"{action.help} {_about(step)}" if step else action.help,
                "selected": step.rows if step else len(draft.ids),
                "fields": fields,
                "code": step is None,
                "confirm": action.careful,
                "irreversible": action.irreversible,
                "today": backend.today().isoformat(),
            },
            [],
        )

    def _fields(self, draft: Draft) -> list[dict[str, Any]]:
        defaults = {**self._defaults(draft), **draft.params}
        choices = self._session.backend.choices(draft.action.name)
        of_rows = self._session.backend.row_choices(draft.action.name, draft.ids)
        return dialogs.fields(draft.action, defaults, choices, of_rows)

    def _preview(self, message: Mapping[str, Any]) -> None:
        draft = self._draft
        if draft is None:
            raise UsageError("This dialog is closed")
        draft.asked, draft.plan = int(message["n"]), None
        draft.params = dialogs.given(message.get("params") or {})
        wrong = {} if draft.step else self._problems(draft)
        if wrong:
            self._session.send({"kind": "preview", "n": draft.asked, "problems": wrong}, [])
            return
        asked = draft.asked
        self._planning = in_thread(lambda: self._make_plan(draft, asked))

    def _problems(self, draft: Draft) -> dict[str, str]:
        return dialogs.problems(draft.action, {**self._defaults(draft), **draft.params})

    def _defaults(self, draft: Draft) -> dict[str, Any]:
        return dict(self._session.backend.defaults(draft.action.name))

    def _make_plan(self, draft: Draft, asked: int) -> None:
        backend = self._session.backend
        try:
            step = backend.plan_step(draft.step) if draft.step else None
            plan = step or backend.plan(draft.action.name, draft.ids, draft.params, draft.picked)
            shown = {"refused": self._left_out(plan), **self._previewed(draft, plan)}
            shown["asks"] = step.asks if step else ""
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            message = getattr(error, "message", "") or f"{type(error).__name__}: {error}"
            told = {"kind": "preview", "n": asked, "problems": {"": message}, "fault": True}
            self._session.send({**told, "hint": getattr(error, "hint", "")}, [])
            return
        if draft.asked == asked:
            draft.plan = plan
            counts = {"eligible": plan.eligible, "failing": len(plan.failing)}
            counts |= {"messages": len(plan.messages), "confirm": plan.to_confirm}
            self._session.send({"kind": "preview", "n": asked, **counts, **shown}, [])

    def _left_out(self, plan: Plan) -> list[list[Any]]:
        """Kinds of reason with their numbers of rows."""
        counts = by_kind(plan.refused["reason"]).head(report.GROUPS)
        return counts.to_numpy().tolist()

    def _previewed(self, draft: Draft, plan: Plan) -> dict[str, Any]:
        parts = self._session.backend.parts(draft.action.name)
        return preview.describe(draft.action, plan.preview, parts)

    def _previewed_plan(self, n: int) -> Plan:
        """The plan that a preview showed."""
        if self._draft is None or self._draft.plan is None or self._draft.asked != n:
            raise UsageError("The preview is out of date", "Look at it again, then run.")
        return self._draft.plan

    def _run(self, message: Mapping[str, Any]) -> None:
        plan, draft = self._previewed_plan(int(message["n"])), self._draft
        assert draft is not None  # noqa: S101 - it has a plan
        if draft.action.careful and str(message.get("typed", "")).strip() != str(plan.to_confirm):
            raise ConfirmationError(f"Type {plan.to_confirm} to confirm")
        if self._running.is_alive():
            raise UsageError("A run is still under way in this grid")
        self._draft = None
        self._cancel.clear()
        self._progress(draft, "starting", 0, plan.eligible)
        backend = self._session.backend
        self._running = in_thread(
            lambda: self._work(draft, lambda tell: backend.apply(plan, tell, self._cancel))
        )

    def _progress(self, draft: Draft, phase: str, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._told < 0.1 and done < of:
            return
        self._told = now
        state = "cancelling" if self._cancel.is_set() else "running"
        self._state({"state": state, "label": draft.action.title, "phase": phase, "done": done, "of": of})

    def _resume(self, message: Mapping[str, Any]) -> None:
        if self._running.is_alive():
            raise UsageError("A run is still under way in this grid")
        draft, run_id = self._broken_off(message.get("run_id"))
        backend = self._session.backend
        self._cancel.clear()
        self._progress(draft, "going on", 0, 0)
        self._running = in_thread(
            lambda: self._work(draft, lambda tell: backend.resume(run_id, tell, self._cancel))
        )

    def _broken_off(self, run_id: str | None) -> tuple[Draft, str]:
        """What was to be done by a run that waits; without its id, the last one here."""
        if run_id is None:
            draft, result = self._result()
            return draft, result.run_id
        for run in self._session.waiting:
            if run.run_id == run_id:
                nobody = np.empty(0, dtype=np.int64)
                return Draft(run.action, nobody, picked=True, params=dict(run.params)), run_id
        raise UsageError("This run does not wait any more", "`invoicebatch runs` shows what became of it.")

    def _abandon(self, message: Mapping[str, Any]) -> None:
        _, run_id = self._broken_off(message.get("run_id"))
        self._session.backend.abandon(run_id)
        self._state({"state": "idle"})
        self._session.reload()

    def _work(self, draft: Draft, run: Callable[[Progress], Report]) -> None:
        session = self._session
        session.working = True
        try:
            result = run(lambda phase, done, of: self._progress(draft, phase, done, of))
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            hint = getattr(error, "hint", "") or "`invoicebatch runs` shows what it did; `resume` goes on."
            message = getattr(error, "message", "") or f"{type(error).__name__}: {error}"
            self._state({"state": "error", "label": draft.action.title, "message": message, "hint": hint})
            session.working = False
            return
        self._last = (draft, result)
        named = pd.concat([result.failed, result.refused, result.unchanged])["invoice_id"]
        names = session.names(named)
        session.reload()
        session.working = False
        described = report.describe(
            draft.action, result, names, self._cancel.is_set() and not result.finished
        )
        described |= {
            "code": draft.step is None,
            "retry": self._retries(draft, result),
            "missing": session.backend.missing(reasons_of(result)),
        }
        self._state({"state": "done", "label": draft.action.title, "report": described})

    def _result(self) -> tuple[Draft, Report]:
        if self._last is None:
            raise UsageError("Nothing has run in this grid yet")
        return self._last

    def _retries(self, draft: Draft, result: Report) -> list[dict[str, Any]]:
        """The actions that rows which failed can take now: the same once more, else what is there for them."""
        if draft.step:
            return [{"action": draft.action.name, "label": "Retry", "rows": len(result.failed)}]
        found, offered = [], self._session.backend.actions
        names = (draft.action.name, *draft.action.after_failure)
        for action in (offered[name] for name in names if name in offered):
            label = "Retry" if action is draft.action else action.title
            rows = self._session.able(action.name, result.failed["invoice_id"])
            found += [{"action": action.name, "label": label, "rows": rows}] if rows else []
        return found

    def _retry(self, message: Mapping[str, Any]) -> None:
        draft, result = self._result()
        ids = np.asarray(result.failed["invoice_id"], dtype=np.int64)
        name = str(message.get("action") or draft.action.name)
        if name == draft.action.name:
            self._ask(Draft(draft.action, ids, picked=True, params=draft.params, step=draft.step))
        else:
            self._ask(Draft(self._action(name), ids, picked=True))

    def _next(self, message: Mapping[str, Any]) -> None:
        _, result = self._result()
        step = (result.next if message["which"] == "next" else result.undo)[int(message["at"])]
        rows = result.made if step.on_made else result.done
        ids = np.asarray(rows["invoice_id"], dtype=np.int64)
        if step.on_bar:
            params = dict.fromkeys(step.params, True)
            self._ask(Draft(self._action(step.action), ids, picked=True, params=params))
        else:
            self.ask(step, ids)

    def _pick(self, message: Mapping[str, Any]) -> None:
        draft, result = self._result()
        which, reason = str(message["which"]), message.get("reason")
        rows = {
            "refused": result.refused,
            "failed": result.failed,
            "unchanged": result.unchanged,
            "done": result.done,
            "made": result.made,
        }[which]
        if reason is not None:
            rows = rows[rows["reason"].isin(of_kind(rows["reason"], str(reason)))]
        label = str(reason or which)
        self._session.select_ids(rows, label=f"{draft.action.title}: {label}")

    def _file(self, message: Mapping[str, Any]) -> None:
        _, result = self._result()
        path = Path(str(result.files["path"].iloc[int(message["index"])]))
        send_file(self._session, path.name, path.read_bytes())

    def _code(self, message: Mapping[str, Any]) -> None:
        draft = self._draft or self._result()[0]
        backend = self._session.backend
        params = dialogs.typed(draft.action, dialogs.given(message.get("params") or draft.params))
        short = len(draft.ids) <= as_code.SHORT
        file = "" if draft.where or short else backend.save_ids(draft.ids)
        chosen = as_code.Chosen([int(one) for one in draft.ids] if short else [], draft.where, file)
        click = as_code.Click(backend.location, draft.action.name, draft.action.label, params, chosen)
        answer: dict[str, Any] = {"kind": "code", "as": message["as"]}
        if message["as"] == "notebook":
            name = f"{draft.action.name.replace('.', '_')}_{backend.today().isoformat()}"
            answer["path"] = backend.save_notebook(name, as_code.notebook(click))
        else:
            answer["text"] = as_code.TEXTS[message["as"]](click)
        self._session.send(answer, [])


def reasons_of(result: Report) -> dict[int, str]:
    """Why rows of a run failed or were refused, by invoice id."""
    rows = pd.concat([result.failed, result.refused])
    return dict(zip(rows["invoice_id"].tolist(), rows["reason"].tolist(), strict=True))


def _about(step: NextStep) -> str:
    """What a step is about, beside the name of its action: `Collections CORE of 2026-12-01, EUR 120.00.`; else empty."""
    words = step.label.removeprefix(find(step.action).label).lstrip(", ")
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Start work that the browser does not wait for."""
    worker = threading.Thread(target=work)
    worker.start()
    return worker
