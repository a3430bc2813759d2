"""A plan is one object, shown and then applied: which rows, at which versions, with which parameters.

Nothing changes while it is made. Its hash names the run, so the same plan finds its own run again.
"""

import hashlib
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import Any, Protocol

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.base.progress import Progress
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.messages import NO_MESSAGES, Messages
from invoicebatch.engine.plan.records import records, refusals, told
from invoicebatch.engine.plan.report import Report
from invoicebatch.model.action import Action, Params, Preview
from invoicebatch.model.counted import counted
from invoicebatch.model.ident import run_id, sha256_json
from invoicebatch.model.markup import table
from invoicebatch.model.money import amount_text
from invoicebatch.model.shown import ShowsFrames, Tables, shown
from invoicebatch.model.status import BundlePart


class Runner(Protocol):
    """What a plan calls upward: who shows and does it."""

    def preview(self, plan: "Plan") -> Preview:
        """The plan's preview tables."""

    def messages(self, plan: "Plan") -> Messages:
        """The plan's messages; see `Plan.messages`."""

    def send_test(self, plan: "Plan", to: str, limit: int) -> pd.DataFrame:
        """The first mails to a person; see `Plan.send_test`."""

    def apply(
        self,
        plan: "Plan",
        *,
        progress: bool | Progress = False,
        cancel: Event | None = None,
        background: bool = False,
    ) -> Report:
        """Do what the plan says; see `Plan.apply`."""


@dataclass(frozen=True)
class Plan(ShowsFrames):
    """What a run will do.

    Attributes:
        workspace: where.
        runner: who does it.
        action: what.
        params: its parameters, defaults filled in.
        rows: one row a selected invoice, eligible ones first in the run's order, then those that the
            action's checks refuse, then those that the rules refuse: invoice_id,
            row_version int64, number str, eligible bool, part category, reason category (why not;
            of an eligible row: why it will fail; else empty), busy bool (another run holds it),
            pin uint64 (hash of the pinned columns), total_cents int64, currency category.
        selection: the selection in words.
        picked_by_hand: whether rows were chosen one by one.
        folder: where files go; empty: a folder of the run's own.
        nonce: tells runs of a repeatable action apart.
    """

    workspace: WorkspaceBase
    runner: Runner
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
        return self._with_reason(~self.rows["eligible"])

    @property
    def failing(self) -> pd.DataFrame:
        """Rows that will be done, and fail with what is known already: invoice_id int64, number, reason str."""
        return self._with_reason(self.rows["eligible"] & (self.rows["reason"] != ""))

    def _with_reason(self, wanted: "pd.Series[bool]") -> pd.DataFrame:
        rows = self.rows.loc[wanted, ["invoice_id", "number", "reason"]]
        return rows.reset_index(drop=True).astype({"reason": "str"})

    @property
    def totals(self) -> dict[str, int]:
        """Sum of the eligible rows' totals in cents by currency; collections and refunds are never netted."""
        if set(BundlePart) <= set(self.rows.loc[self.rows["eligible"], "part"]):
            return {}
        sums = self.rows[self.rows["eligible"]].groupby("currency", observed=True)["total_cents"].sum()
        return {str(currency): int(cents) for currency, cents in sums.items()}

    @cached_property
    def preview(self) -> Tables:
        """Tables that show what the run will do; nothing changes."""
        return Tables(self.runner.preview(self))

    @cached_property
    def messages(self) -> Messages:
        """The messages that the run will prepare, each made when it is looked at; nothing changes."""
        return self.runner.messages(self) if self.action.messages else NO_MESSAGES

    @property
    def to_confirm(self) -> int:
        """What a person types to confirm: how many messages will go; where none will, how many rows."""
        return len(self.messages) or self.eligible

    @property
    def counted(self) -> str:
        """`to_confirm` with its noun."""
        return counted(self.to_confirm, "message" if len(self.messages) else "invoice")

    @shown
    def send_test(self, to: str, limit: int = 3) -> pd.DataFrame:
        """Send the first mails of the run to a person, marked as a test; an event is all that changes.

        Args:
            to: one mail address; `redirect_to` of the settings goes before it.
            limit: how many.

        Returns:
            One row a mail: at int64 (from 1), number (of its documents, by commas), recipient (who the
            customer's would go to), to, subject, outcome (sent, failed, in_doubt), answer str.

        Raises:
            UsageError: the address is none, or no message of the plan is a mail.
        """
        return self.runner.send_test(self, to, limit)

    def apply(
        self, progress: bool | Progress = False, cancel: Event | None = None, *, background: bool = False
    ) -> Report:
        """Do it. Applying the same plan again changes nothing and gives the same report.

        Args:
            progress: True shows a bar; or an object that is told.
            cancel: set it to stop between chunks; the run can be resumed.
            background: only claim the rows and leave the run to the worker.

        Raises:
            NothingEligibleError: no row can take the action.
            BusyError: the run, or the workspace, is in another process's hands.
            StorageError: the disk failed; `resume` goes on once it is mended.
        """
        return self.runner.apply(self, progress=progress, cancel=cancel, background=background)

    def to_dict(self) -> dict[str, Any]:
        """The plan as the command line's JSON: the keys of `Report.to_dict`, and `preview`."""
        return {
            "run_id": self.run_id if self.eligible else None,
            "action": self.action.name,
            "state": "planned" if self.eligible else "nothing_eligible",
            "selected": self.selected,
            "eligible": self.eligible,
            "done": 0,
            "unchanged": 0,
            "refused": refusals(self.refused),
            "failed": refusals(self.failing),
            "unfinished": 0,
            "made": [],
            "next": [],
            "files": [],
            "totals": {currency: amount_text(cents, currency) for currency, cents in self.totals.items()},
            "preview": {name: records(frame) for name, frame in self.preview.items()}
            if self.eligible
            else {},
        }

    def _repr_html_(self) -> Markup:
        head = Markup("<b>{}</b>: {:,} of {:,} rows").format(self.action.label, self.eligible, self.selected)
        return head + (table(told(self.refused)) if len(self.refused) else "")


def _digest(values: pd.Series) -> str:
    if len(values) == 0:
        return ""
    hashes = pd.util.hash_pandas_object(values.reset_index(drop=True), index=False)
    return hashlib.sha256(hashes.to_numpy(dtype=np.uint64).tobytes()).hexdigest()


def fresh_nonce(action: Action) -> str:
    """A new nonce for a repeatable action, empty for others."""
    return uuid.uuid4().hex if action.repeatable else ""
