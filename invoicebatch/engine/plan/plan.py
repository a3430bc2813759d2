"""A plan is one object, shown and then applied: which rows, at which versions, with which parameters.

Nothing changes while it is made. Its hash names the run, so the same plan finds its own run again.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from invoicebatch.engine.base.progress import Progress
from invoicebatch.errors import ParameterError
from invoicebatch.model.action import Action, Params
from invoicebatch.model.ident import run_id, sha256_json
from invoicebatch.settings import Settings

if TYPE_CHECKING:
    from threading import Event

    from invoicebatch.engine.plan.report import Report
    from invoicebatch.engine.workspace import Workspace


_DATE_HINT = "Dates are written year-month-day: 2026-11-22."


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        workspace: where.
        action: what.
        params: its parameters, defaults filled in.
        rows: one row a selected invoice, eligible ones first in the run's order: invoice_id,
            row_version int64, number str, eligible bool, part str, reason str (why not),
            pin uint64 (hash of the pinned columns), total_cents int64, currency str.
        selection: the selection in words.
        picked_by_hand: whether rows were chosen one by one.
        folder: where files go; empty: a folder of the run's own.
        nonce: tells runs of a repeatable action apart.
    """

    workspace: "Workspace"
    action: Action
    params: Params
    rows: pd.DataFrame
    selection: str
    picked_by_hand: bool
    folder: str = ""
    nonce: str = field(default="")

    @cached_property
    def sha256(self) -> str:
        """Hash over all that decides what the run does."""
        eligible = self.rows[self.rows["eligible"]]
        return sha256_json(
            {
                "workspace": self.workspace.id,
                "action": self.action.name,
                "params": self.params.model_dump(mode="json"),
                "ids": _digest(eligible["invoice_id"]),
                "versions": _digest(eligible["row_version"]),
                "pins": _digest(eligible["pin"]),
                "parts": _digest(eligible["part"]),
                "folder": self.folder,
                "nonce": self.nonce,
            }
        )

    @property
    def run_id(self) -> str:
        """Id of the plan's run."""
        return run_id({"plan": self.sha256})

    @property
    def selected(self) -> int:
        """Number of selected rows."""
        return len(self.rows)

    @property
    def eligible(self) -> int:
        """Number of rows that can take the action."""
        return int(self.rows["eligible"].sum())

    @property
    def refused(self) -> pd.DataFrame:
        """Rows that can't: invoice_id int64, number str, reason str."""
        rows = self.rows[~self.rows["eligible"]]
        return rows[["invoice_id", "number", "reason"]].reset_index(drop=True)

    @property
    def totals(self) -> dict[str, int]:
        """Sum of the eligible rows' totals in cents by currency."""
        sums = self.rows[self.rows["eligible"]].groupby("currency", observed=True)["total_cents"].sum()
        return {str(currency): int(cents) for currency, cents in sums.items()}

    @cached_property
    def preview(self) -> Mapping[str, pd.DataFrame]:
        """Tables that show what the run will do; nothing changes."""
        return self.workspace.preview_of(self)

    def apply(self, progress: "bool | Progress" = False, cancel: "Event | None" = None) -> "Report":
        """Do it. Applying the same plan again changes nothing and gives the same report.

        Args:
            progress: True shows a bar; or an object that is told.
            cancel: set it to stop between chunks; the run can be resumed.

        Raises:
            NothingEligibleError: no row can take the action.
            BusyError: the run, or the workspace, is in another process's hands.
            StorageError: the disk failed; `resume` goes on once it is mended.
        """
        return self.workspace.apply(self, progress=progress, cancel=cancel)

    def _repr_html_(self) -> str:
        head = f"<b>{self.action.label}</b>: {self.eligible:,} of {self.selected:,} rows"
        return head + (self.refused.head(20).to_html(index=False) if len(self.refused) else "")


def _digest(values: pd.Series) -> str:
    if len(values) == 0:
        return ""
    hashes = pd.util.hash_pandas_object(values.reset_index(drop=True), index=False)
    import hashlib

    return hashlib.sha256(hashes.to_numpy(dtype=np.uint64).tobytes()).hexdigest()


def pin(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """One uint64 a row over some columns' values; zero where there are none."""
    if not columns or frame.empty:
        return pd.Series(np.zeros(len(frame), np.uint64), index=frame.index)
    plain = frame[list(columns)].astype("str")
    return pd.util.hash_pandas_object(plain, index=False)


def parse_params(action: Action, values: Mapping[str, Any], settings: Settings, today: Any) -> Params:
    """The action's parameters from given values over its defaults.

    Raises:
        ParameterError: an unknown, missing or malformed parameter, named.
    """
    defaults = dict(action.defaults(settings, today)) if action.defaults else {}
    given = {name.replace("-", "_"): value for name, value in values.items()}
    for name in given:
        if name not in action.params.model_fields:
            _refuse_unknown(action, name)
    try:
        return action.params.model_validate(defaults | given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "parameters"
        got = "" if first["type"] == "missing" else f" (got {first['input']!r})"
        hint = _DATE_HINT if first["type"].startswith("date") else _params_hint(action)
        raise ParameterError(f"{action.name}: {where}: {first['msg']}{got}", hint) from error


def _refuse_unknown(action: Action, name: str) -> None:
    near = get_close_matches(name, action.params.model_fields, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else _params_hint(action)
    raise ParameterError(f"{action.name} has no parameter {name!r}.", hint)


def _params_hint(action: Action) -> str:
    fields = action.params.model_fields
    if not fields:
        return f"{action.name} takes no parameters."
    return "Parameters: " + "; ".join(f"{name}: {info.description}" for name, info in fields.items())


def fresh_nonce(action: Action) -> str:
    """A new nonce for a repeatable action, empty for others."""
    return uuid.uuid4().hex if action.repeatable else ""
