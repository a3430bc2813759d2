"""The messages of a plan before its run: the run's own code makes them, in a folder that is gone afterwards.

Only the rows of the messages that are looked at are worked on, with those that are done in one commit with them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.delivery.channel import Message
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.handover.messages import read_message, with_documents
from invoicebatch.engine.handover.threads import Result
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.run.prepare import prepared
from invoicebatch.engine.run.staging import RunFiles
from invoicebatch.files.whole import temporary_folder
from invoicebatch.model.action import Action, Outgoing
from invoicebatch.model.changes import Batch, joined
from invoicebatch.model.outbox.rows import further


@dataclass(frozen=True)
class Made:
    """A message as the run would hand it over, or the problem of it; and why documents are not in it, by id."""

    message: Message | None
    problem: str
    left_out: Mapping[int, str] = field(default_factory=dict)


_COUNTED: Final = frozenset({"customer_id", "company_account_id", "document_path"})
"""Overview columns that decide which documents share a message, see `Action.messages`."""

Making = Callable[[int], Made]


class Rehearsal:
    """What a plan's run would hand over."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = plan.rows[plan.rows["eligible"]].set_index("invoice_id")

    @cached_property
    def outgoing(self) -> Sequence[Outgoing]:
        """Channel and documents of each message; none of them is made."""
        action, plan = self.plan.action, self.plan
        assert action.messages is not None  # noqa: S101 - else nobody asks
        if self.rows.empty:
            return []
        checks = action.for_checks()
        lean = checks if checks.columns is None else replace(checks, columns=checks.columns | _COUNTED)
        batch = self._loaded(self.rows.index, lean)
        with plan.workspace.pool() as pool:
            return action.messages(batch, plan.params, plan.workspace.context(plan.run_id, pool))

    def _loaded(self, ids: "pd.Index[int]", action: Action) -> Batch:
        with self.plan.workspace.store.read() as session:
            return load_batch(session, action, ids.to_numpy(np.int64), clock.today(), self.rows["part"])

    @cached_property
    def keys(self) -> pd.DataFrame:
        """By document: `customer_id`, `customer_name`, and `key`, what those have in common that are done in one commit."""
        action = self.plan.action
        column = (action.together(self.plan.params) if action.together else "") or "invoice_id"
        names = dict.fromkeys(["invoice_id", "customer_id", "customer_name", column])
        with self.plan.workspace.store.read() as session:
            found = session.overview(names, clock.today(), self.rows.index.to_numpy(np.int64))
        return found.assign(key=found[column]).set_index("invoice_id").reindex(self.rows.index)

    def places(self, *, number: str = "", customer: str = "") -> list[int]:
        """Where the messages stand that carry a document, by its number, or go to a customer, by id or a part of the name."""
        if number:
            rows = self.rows["number"] == number
        elif not (rows := self.keys["customer_id"] == customer).any():
            names = self.keys["customer_name"].fillna("").str.casefold()
            rows = names.str.contains(customer.casefold(), regex=False)
        wanted = set(rows.index[rows])
        return [at for at, (_, carried) in enumerate(self.outgoing) if not wanted.isdisjoint(carried)]

    @contextmanager
    def made(self, places: Sequence[int]) -> Iterator[Making]:
        """A function from a place to its message; its files are there until the context ends."""
        workspace = self.plan.workspace
        wanted = [each for place in places for each in self.outgoing[place][1]]
        keys = self.keys["key"]
        ids = keys.index[keys.isin(keys.loc[wanted])]
        with temporary_folder() as made, workspace.pool() as pool:
            folder = made.resolve()
            messages, reasons = self._worked(ids, folder, pool)

            def of(place: int) -> Made:
                channel, carried = self.outgoing[place]
                lost = {each: reasons[each] for each in carried if each in reasons}
                row = next((found for each in carried if (found := messages.get((channel, each)))), None)
                return _made(row, lost, workspace.data, folder)

            yield of

    def _worked(
        self, ids: "pd.Index[int]", folder: Path, pool: Pool
    ) -> tuple[dict[tuple[str, int], dict[Any, Any]], dict[Any, str]]:
        """Outbox rows by channel and document, and why documents fail, as a run makes them."""
        action, params = self.plan.action, self.plan.params
        context = self.plan.workspace.context(self.plan.run_id, pool)
        files = RunFiles(folder, self.plan.run_id, folder / "run")
        batch = prepared(action, self._loaded(ids, action), params, context, files, lambda _: None)
        if len(batch.files):
            paths = [str(folder / path) for path in files.publish(batch.files)["path"]]
            batch = replace(batch, files=batch.files.assign(path=paths))
        changes = action.transform(batch, params, context)
        assert action.effects is not None  # noqa: S101 - an action with messages has them
        rows: list[dict[Any, Any]] = action.effects(batch, params, context).to_dict("records")
        by_document = {
            (str(row["channel"]), each): row
            for row in rows
            for each in (row["invoice_id"], *further(row["also"]))
        }
        failed = pd.concat([batch.failed, changes.failures], ignore_index=True).drop_duplicates()
        return by_document, joined(failed).to_dict()


def _made(row: Mapping[Any, Any] | None, lost: dict[int, str], data: Path, folder: Path) -> Made:
    if row is None:
        return Made(None, "; ".join(dict.fromkeys(lost.values())) or "the run would prepare none", lost)
    message = read_message({**row, "attempts": 0})
    if isinstance(message, Message):
        message = with_documents(message, 0, data, folder)
    if isinstance(message, Result):
        return Made(None, message.answer.text, lost)
    return Made(message, "", lost)
