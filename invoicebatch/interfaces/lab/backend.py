"""What the grid asks of the engine, as protocols, so that it can be tested without a workspace.

Only shapes live here; the real thing is in `workspace`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.detail import Detail
from invoicebatch.engine.plan.messages import Messages
from invoicebatch.engine.plan.report import NextStep
from invoicebatch.model.action import Action

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

Progress = Callable[[str, int, int], None]
"""Called with the phase, the rows done and the rows in all."""


class Evaluation(Protocol):
    """Which rows of the frame can take which action, by what each row says of itself."""

    def eligible(self, action: str) -> BoolArray:
        """One bool a row of the frame it was made from."""

    def without(self, facts: Collection[str]) -> "Evaluation":
        """The same rows with these facts counted as met."""


class Plan(Protocol):
    """A frozen run: what would happen, and to which rows."""

    @property
    def preview(self) -> Mapping[str, pd.DataFrame]:
        """Named tables; money columns end in `_cents`."""

    @property
    def eligible(self) -> int:
        """Rows that will be done."""

    @property
    def messages(self) -> Messages:
        """The messages that it will send, each made when it is looked at."""

    @property
    def to_confirm(self) -> int:
        """What a person types to confirm."""

    def send_test(self, to: str, limit: int = 3) -> pd.DataFrame:
        """Send the first mails to a person: number, outcome, answer str."""

    @property
    def failing(self) -> pd.DataFrame:
        """Rows that will be done, and fail: invoice_id int64, reason str."""

    @property
    def refused(self) -> pd.DataFrame:
        """Rows that will not: invoice_id int64, reason str."""


class StepPlan(Plan, Protocol):
    """A plan of a step that the bar does not have."""

    @property
    def asks(self) -> str:
        """What a person should know before it is done; else empty."""


class Report(Protocol):
    """What a run did, from the journal."""

    @property
    def run_id(self) -> str:
        """The run."""

    @property
    def done(self) -> pd.DataFrame:
        """Rows done: invoice_id int64."""

    @property
    def refused(self) -> pd.DataFrame:
        """Rows refused: invoice_id int64, number str, reason str."""

    @property
    def failed(self) -> pd.DataFrame:
        """Rows that failed: invoice_id int64, number str, reason str."""

    @property
    def unchanged(self) -> pd.DataFrame:
        """Rows for which there was nothing to do: invoice_id int64, number str, reason str."""

    @property
    def made(self) -> pd.DataFrame:
        """Invoices that it made: invoice_id int64, number str."""

    @property
    def unfinished(self) -> int:
        """Rows still to do, after a cancel."""

    @property
    def messages_left(self) -> int:
        """Messages still to be handed over, after a cancel."""

    @property
    def finished(self) -> bool:
        """Whether nothing of it is left to do."""

    @property
    def files(self) -> pd.DataFrame:
        """Files made: path str (absolute), size int64 (bytes)."""

    @property
    def totals(self) -> Mapping[str, Any]:
        """Sums by name: amounts as decimal text, counts as numbers."""

    @property
    def next(self) -> Sequence[NextStep]:
        """What usually comes next on the rows done or made."""

    @property
    def undo(self) -> Sequence[NextStep]:
        """What takes the rows done back."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run that was broken off and holds its rows still.

    Attributes:
        run_id: its id.
        action: what it does.
        params: with which parameters.
        left: rows still to do.
        messages: messages still to be handed over.
        rows: rows it began with.
        since: when it began.
    """

    run_id: str
    action: Action
    params: Mapping[str, Any]
    left: int
    messages: int
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the state: the last run that was finished, and the last batch of events."""

    finished: datetime | None
    batch: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run that finished somewhere else: who ran what, and how many rows it did."""

    user: str
    label: str
    rows: int


class Backend(Protocol):
    """The engine behind a grid."""

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action by name, in the bar's order."""

    @property
    def payments(self) -> Any:
        """The workspace's payments: the verbs of `ws.payments`."""

    @property
    def where(self) -> str:
        """The filter the grid was opened with; empty: all invoices."""

    @property
    def location(self) -> str:
        """The workspace's folder."""

    def version(self) -> object:
        """Something cheap that differs once another process has changed the invoices."""

    def head(self, rows: int) -> tuple[pd.DataFrame, int]:
        """The first rows of the overview, quickly, and how many there are in all."""

    def load(self) -> pd.DataFrame:
        """The overview: one row an invoice, sorted by invoice_id, RangeIndex."""

    def evaluate(self, frame: pd.DataFrame) -> Evaluation:
        """Every action's row conditions over the frame, once."""

    def blocked(self, frame: pd.DataFrame, mask: BoolArray, picked: bool) -> Mapping[str, str]:
        """Actions that the selection as a whole rules out, each with the reason."""

    def reasons(self, action: str, frame: pd.DataFrame, picked: bool) -> list[tuple[str, int]]:
        """Why rows of the frame can't take the action, and how many each, most first."""

    def failing(self, action: str, frame: pd.DataFrame, picked: bool, reason: str) -> BoolArray:
        """The rows of the frame that have this reason."""

    def faults(self, action: str, frame: pd.DataFrame, picked: bool) -> "pd.Series[str]":
        """Why rows that the rules let pass are refused all the same, with the default parameters, by id."""

    def defaults(self, action: str) -> Mapping[str, Any]:
        """Parameter defaults that depend on settings and date."""

    def choices(self, action: str) -> Mapping[str, Mapping[str, str]]:
        """Parameters whose values only the workspace knows: value and label."""

    def row_choices(self, action: str, ids: IntArray) -> Mapping[str, pd.DataFrame]:
        """Values that list parameters may hold for these rows: the value, then what it is, by parameter."""

    def parts(self, action: str) -> list[str]:
        """Names of the action's parts; empty: it has none."""

    def today(self) -> date:
        """The workspace's date."""

    def plan(self, action: str, ids: IntArray, params: Mapping[str, Any], picked: bool) -> Plan:
        """Freeze a run and preview it; nothing changes.

        Raises:
            InvoicebatchError: a wrong parameter, or no row that can take the action.
        """

    def plan_step(self, step: NextStep) -> StepPlan:
        """The same for a step that the bar does not have."""

    def missing(self, said: Mapping[int, str]) -> int:
        """How many customers lack what the reasons (by invoice id) ask for."""

    def write_customers(self, said: Mapping[int, str]) -> Path:
        """Write the sheet of these invoices' customers and give its path."""

    def read_customers(self, name: str, content: bytes) -> pd.DataFrame:
        """Take in what was filled in: row, customer_id, outcome, reason.

        Raises:
            InputFileError: no customers' sheet of this workspace.
        """

    def apply(self, plan: Any, progress: Progress, cancel: Event) -> Report:
        """Carry a plan out; it stops between chunks once `cancel` is set."""

    def resume(self, run_id: str, progress: Progress, cancel: Event) -> Report:
        """Finish a run that was stopped or broke off."""

    def moment(self) -> Moment:
        """Where the state stands."""

    def elsewhere(self, since: Moment) -> Sequence[Elsewhere]:
        """Runs, imports and the like that finished since then."""

    def interrupted(self) -> Sequence[Interrupted]:
        """Runs that nobody works on and that are not finished."""

    def abandon(self, run_id: str) -> None:
        """Give such a run up: its rows are free again.

        Raises:
            InvoicebatchError: something of it must be finished first.
        """

    def detail(self, invoice: int | str) -> Detail:
        """An invoice with all that belongs to it, by id or number."""

    def read_views(self) -> list[dict[str, Any]]:
        """Saved views of the workspace."""

    def write_views(self, views: list[dict[str, Any]]) -> None:
        """Keep these saved views."""

    def save_notebook(self, name: str, content: str) -> str:
        """Write a notebook into the workspace and give its path."""

    def save_ids(self, ids: IntArray) -> str:
        """Write a selection too long for code into the workspace and give its path."""
