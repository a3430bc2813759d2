"""What a run did, from the journal only: done, unchanged, refused, failed, files, totals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.plan.records import records, refusals, told
from invoicebatch.errors import UnknownNameError
from invoicebatch.files.stored import whole_paths
from invoicebatch.model.counted import counted
from invoicebatch.model.markup import joined, table
from invoicebatch.model.money import to_decimal
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import CLOSED_RUNS, RowOutcome, RunStatus
from invoicebatch.model.words import words
from invoicebatch.store import Session

OPEN_OUTCOMES = (RowOutcome.CLAIMED.value, RowOutcome.RESERVED.value)


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that may follow a run.

    Attributes:
        action: its name.
        label: what people call it.
        command: to run it on these rows.
        rows: how many of those can take it.
        on_bar: whether the bar has it; one that it has not is a verb of the workspace, called as its action is:
            `payments.write` with `arguments`.
        arguments: what that verb is given.
        params: parameters without which the rows can't take it, such as `again`.
        on_made: whether its rows are those that the run made, and not those it was of.
    """

    action: str
    label: str
    command: str
    rows: int
    on_bar: bool
    arguments: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    on_made: bool = False

    def __str__(self) -> str:
        return f"{self.label} ({self.rows:,}): {self.command}"


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"invoice_id": pd.Series(dtype="int64"), "number": pd.Series(dtype="str")})


@dataclass(frozen=True)
class Report(ShowsFrames):
    """The record of one run.

    Attributes:
        run: the run's columns in the journal.
        rows: one row an invoice: invoice_id, position, row_version int64, outcome, number, reason.
        files: published and staged files: name, path, sha256 str, size int64 (bytes), status; the paths of
            stored documents start at the data folder, others are whole.
        state: running, interrupted, queued, finished or abandoned.
        next: what usually comes next on the rows done or made, as far as they can take it now.
        undo: what takes the rows done back.
        messages_left: how many of its messages are still to be handed over.
        made: invoices that the run made, such as credit notes: invoice_id int64, number str.
    """

    run: dict[str, Any]
    rows: pd.DataFrame
    files: pd.DataFrame
    state: str
    next: tuple[NextStep, ...] = ()
    undo: tuple[NextStep, ...] = ()
    messages_left: int = 0
    made: pd.DataFrame = field(default_factory=_nothing)

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return str(self.run["run_id"])

    @property
    def action(self) -> str:
        """Name of the action."""
        return str(self.run["action"])

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows are done, unchanged, refused, failed, unfinished; none of them is taken out for it."""
        found = self.rows["outcome"].value_counts()
        closed = ("done", "unchanged", "refused", "failed")
        open_rows = sum(int(found.get(name, 0)) for name in OPEN_OUTCOMES)
        return {name: int(found.get(name, 0)) for name in closed} | {"unfinished": open_rows}

    @property
    def done(self) -> pd.DataFrame:
        """Rows done: invoice_id int64, number str."""
        return self._with(RowOutcome.DONE, "invoice_id", "number")

    @property
    def unchanged(self) -> pd.DataFrame:
        """Rows for which there was nothing to do: invoice_id int64, number, reason str."""
        return self._with(RowOutcome.UNCHANGED, "invoice_id", "number", "reason")

    @property
    def refused(self) -> pd.DataFrame:
        """Rows that could not take the action: invoice_id int64, number, reason str."""
        return self._with(RowOutcome.REFUSED, "invoice_id", "number", "reason")

    @property
    def failed(self) -> pd.DataFrame:
        """Rows that went wrong: invoice_id int64, number, reason str."""
        return self._with(RowOutcome.FAILED, "invoice_id", "number", "reason")

    @property
    def unfinished(self) -> pd.DataFrame:
        """Rows still to do: invoice_id int64, number str."""
        return self.rows[self.rows["outcome"].isin(OPEN_OUTCOMES)][["invoice_id", "number"]].reset_index(
            drop=True
        )

    @property
    def totals(self) -> dict[str, Any]:
        """Sums over the rows done: amounts by currency as decimal text, and what the action counted."""
        stored: dict[str, int] = json.loads(self.run["totals"])
        return {
            name.removesuffix("_cents"): str(to_decimal(value)) if name.endswith("_cents") else value
            for name, value in stored.items()
        }

    @property
    def planned(self) -> bool:
        """Whether it was a run of an action; an import, say, is kept among the runs without a plan."""
        return bool(self.run["plan_sha256"])

    @property
    def complete(self) -> bool:
        """Whether every selected row was done, or had nothing to be done for it.

        A row is done before its message is answered, so nothing is complete before the run has finished.
        """
        ended = self.state == RunStatus.FINISHED
        counts = self.counts
        return ended and counts["done"] + counts["unchanged"] == len(self.rows)

    @property
    def handed_on(self) -> bool:
        """Whether it is the worker's to do, or being done by it."""
        return bool(self.run["background"]) and self.state in (RunStatus.QUEUED, RunStatus.RUNNING)

    def _with(self, outcome: RowOutcome, *columns: str) -> pd.DataFrame:
        return self.rows.loc[self.rows["outcome"] == outcome.value, [*columns]].reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """The report as the command line's JSON."""
        counts = self.counts
        return {
            "run_id": self.run_id,
            "action": self.action,
            "state": self.state,
            "selected": int(self.run["selected"]),
            "eligible": int(self.run["eligible"]),
            "done": counts["done"],
            "unchanged": counts["unchanged"],
            "refused": refusals(self.refused),
            "failed": refusals(self.failed),
            "unfinished": counts["unfinished"],
            "made": records(self.made),
            "next": [{"label": step.label, "command": step.command} for step in self.next],
            "files": records(self.files[["path", "sha256"]]),
            "totals": self.totals,
        } | ({} if self.planned else self._record())

    def _record(self) -> dict[str, Any]:
        """Who did it and what, where no plan says so."""
        details = json.loads(self.run["parameters"])
        return {"user": self.run["user"], "selection": self.run["selection"], "details": details}

    def summary(self) -> str:
        """One line: ``approve: 37 of 40 done, 3 refused``; of a record what it did, and who did it.

        What went by several ways is counted by each: ``4 of 5 done (3 by e-mail, 1 by post)``.
        A run that waits for a worker has nothing done yet: ``approve: 37 of 40 queued, 3 refused``.
        """
        if not self.planned:
            return f"{self.action}: {self.run['selection']} (by {self.run['user']})"
        counts = self.counts
        queued = self.state == RunStatus.QUEUED and not counts["done"]
        first, word = (counts["unfinished"], "queued") if queued else (counts["done"], "done")
        by = {name: n for name, n in self.totals.items() if name.startswith("by_") and n}
        ways = [f"{n:,} {words(name).lower()}" for name, n in by.items()]
        if sum(by.values()) != first:  # some were made and not handed over: what failed is told by name
            ways = []
        parts = [f"{first:,} of {len(self.rows):,} {word}" + (f" ({', '.join(ways)})" if ways else "")]
        parts += [
            f"{counts[word]:,} {word}"
            for word in ("unchanged", "refused", "failed", *(() if queued else ("unfinished",)))
            if counts[word]
        ]
        if self.messages_left:
            parts.append(f"{counted(self.messages_left, 'message')} still to be handed over")
        return f"{self.action}: {', '.join(parts)}"

    def _repr_html_(self) -> Markup:
        tables = [
            Markup("<h4>{}</h4>{}").format(title, table(frame))
            for title, frame in (
                ("Failed", told(self.failed)),
                ("Refused", told(self.refused)),
                ("Unchanged", told(self.unchanged)),
                ("Files", self.files[["path", "size"]]),
            )
            if len(frame)
        ]
        return joined([Markup("<b>{}</b>").format(self.summary()), *tables, self.steps_html()])

    def steps(self) -> list[str]:
        """What it made, then one line a step that may follow: ``Next: Create (37): invoicebatch run create …``."""
        command = f"invoicebatch list --made-by {self.run_id}"
        made = [f"Made: {counted(len(self.made), 'new document')}: {command}"] if len(self.made) else []
        next_steps = [f"Next: {step}" for step in self.next]
        return made + next_steps + [f"To take it back: {step}" for step in self.undo]

    def steps_html(self) -> Markup:
        """The same lines for a notebook."""
        return joined([Markup("<div>{}</div>").format(line) for line in self.steps()])


def read_report(session: Session, run_id: str, data: Path, *, alive: bool) -> Report:
    """The report of a run.

    Args:
        session: an open session.
        run_id: the run.
        data: the folder that files are noted from.
        alive: whether a process works on it right now.

    Raises:
        UnknownNameError: no such run.
    """
    run = session.run(run_id)
    if run is None:
        raise UnknownNameError(f"There is no run {run_id!r}.", "List the runs with: invoicebatch runs")
    state = "interrupted" if run["status"] == "running" and not alive else str(run["status"])
    files = session.artefacts(run_id)
    own = ~files["name"].str.startswith("documents/")
    files["path"] = files["path"].mask(own, whole_paths(data, files["path"]))
    left = 0 if state in CLOSED_RUNS else len(session.live_messages(run_id))
    return Report(run, session.run_rows(run_id), files, state, messages_left=left)
