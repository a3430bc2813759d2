"""Executing a claimed run: reserve, prepare, commit, publish, deliver, one chunk after another.

Every step can be repeated: what a dead process left behind is found in the journal and finished from
there. Only this module commits what an action wants.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pandas as pd

from invoicebatch.actions import find
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import load_batch
from invoicebatch.engine.base.context import RunContext
from invoicebatch.engine.base.executor import Pool
from invoicebatch.engine.base.faultpoints import reach
from invoicebatch.engine.base.identity import write_events
from invoicebatch.engine.base.pieces import pieces_of
from invoicebatch.engine.base.progress import Progress
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.handover.deliver import deliver
from invoicebatch.engine.plan.next_steps import report_of
from invoicebatch.engine.plan.report import OPEN_OUTCOMES, Report
from invoicebatch.engine.run.begun import FEW, Begun
from invoicebatch.engine.run.claim import judge_changed
from invoicebatch.engine.run.prepare import prepared
from invoicebatch.engine.run.staging import RunFiles
from invoicebatch.errors import StaleError
from invoicebatch.model.action import Action
from invoicebatch.model.changes import Batch, Changes, Frames, Prepared, joined, repeated
from invoicebatch.model.status import ArtefactStatus, BundlePart, RowOutcome, RunStatus
from invoicebatch.store import Session

_WORKED_OFF = (RowOutcome.DONE.value, RowOutcome.UNCHANGED.value, RowOutcome.FAILED.value)

_ALL_AT_ONCE = 1 << 40

_A_PROCESS = 60
"""Documents a commit for each process: three jobs of twenty, so that none is idle for long."""

_RETRIES = 5
"""Times a chunk is computed anew where a row beside the claimed invoices (a bundle, a plan) changed."""


class _CancelledError(Exception):
    """A person wants no more; what is not committed waits for `resume`, as after a broken process."""


class Run:
    """One run at work. The caller holds its run lock."""

    def __init__(
        self, workspace: WorkspaceBase, begun: Begun, pool: Pool, progress: Progress, cancel: Event | None
    ) -> None:
        self._workspace = workspace
        self._store = workspace.store
        self._begun = begun
        self._pool = pool
        self._judged = begun.judged
        row = begun.run
        self._run_id = run_id = str(row["run_id"])
        self._progress = progress
        self._cancel = cancel or Event()
        self._shown, self._last_shown = 0, -1
        self._status = str(row["status"])
        self._user = str(row["user"] or workspace.user)
        self.action: Action = find(str(row["action"]))
        # a run of an older version may hold a parameter that the action no longer has
        self._params = self.action.params.model_validate_json(str(row["parameters"]), extra="ignore")
        self._files = RunFiles(self._store.data, run_id, self._store.data / str(row["folder"]))

    def execute(self) -> Report | None:
        """Do what is left of the run, and report on one of few rows; None: it waits, or has many."""
        context = self._workspace.context(self._run_id, self._pool)
        context.user = self._user  # who asked for it, whoever finishes it
        context.selection = str(self._begun.run["selection"])
        context.check_cancelled = self._check_cancelled
        files = self._begun.files
        self._publish(files[files["status"] == ArtefactStatus.STAGED])
        try:
            self._work_off(context)
        except _CancelledError:
            return None
        return self._finish() if self._delivered() else None

    def _work_off(self, context: RunContext) -> None:
        for rows in self._chunks(context.processes):
            if self._cancel.is_set():
                raise _CancelledError
            self._shown = 0
            try:
                self._chunk(context, rows)
            except BaseException:  # what was made is not kept: it does not count as done
                self._progress.advance(-self._shown)
                raise
            self._progress.advance(len(rows) - self._shown)

    def _delivered(self) -> bool:
        """Whether nothing waits to be handed over any more."""
        nothing = self.action.effects is None and not self._begun.messages
        return nothing or deliver(self._workspace, self._run_id, self._progress, self._cancel)

    def _chunks(self, processes: int) -> Iterable[pd.DataFrame]:
        if self._status != RunStatus.RUNNING:
            with self._store.write() as session:
                session.note_run(self._run_id, status=RunStatus.RUNNING.value)
        rows = self._begun.rows
        if not (left := rows["outcome"].isin(OPEN_OUTCOMES)).all():
            rows = rows[left]
        before = int(self._begun.rows["outcome"].isin(_WORKED_OFF).sum())
        self._progress.start(self.action.label, before + len(rows))
        if before:
            self._progress.advance(before)
        size = self.action.chunk_rows or _ALL_AT_ONCE
        if self.action.files_a_commit:
            size = max(self._workspace.settings.executor.chunk_rows, processes * _A_PROCESS)
        yield from pieces_of(self._store, self.action, self._params, rows, size)

    def _chunk(self, context: RunContext, rows: pd.DataFrame) -> None:
        batch = self._checked(context, rows)
        if not len(batch):
            return
        if self.action.reserve is not None:
            batch = self._reserve(context, batch, rows)
        for attempt in range(_RETRIES + 1):
            try:
                made = self._prepare(context, batch)
                self._commit(context, made, self._changes(context, made))
                break
            except StaleError:  # files and state must come from the same reading
                if attempt == _RETRIES:
                    raise
                self._progress.advance(-self._shown)
                self._shown, self._last_shown = 0, -1
                ids = batch.invoices["invoice_id"].to_numpy(np.int64)
                if self.action.reserve is not None:
                    with self._store.read() as session:
                        batch = self._load(session, context, ids, rows)
                elif not len(batch := self._checked(context, rows[rows["invoice_id"].isin(ids)])):
                    return
        self._publish(made.files)

    def _checked(self, context: RunContext, rows: pd.DataFrame) -> Batch:
        """The batch of the rows that can go on: one that changed since its claim is judged again.

        A row whose number is committed goes on in any case.
        """
        claimed = rows[rows["outcome"] == RowOutcome.CLAIMED.value]
        batch = self._judged_with(rows)
        if batch is None:
            with self._store.read() as session:
                lost = judge_changed(session, self._workspace, self.action, self._params, claimed)
                ids = _left(rows["invoice_id"], lost)
                batch = self._load(session, context, ids, rows)
            self._refuse(lost)
        if self.action.refusing is None or not len(batch):
            return batch
        found = self.action.refusing(batch, self._params, context)
        lost = found[found["invoice_id"].isin(claimed["invoice_id"])]
        if lost.empty:
            return batch
        self._refuse(lost)
        with self._store.read() as session:
            return self._load(session, context, _left(batch.invoices["invoice_id"], lost), rows)

    def _judged_with(self, rows: pd.DataFrame) -> Batch | None:
        """What the claim read of these very rows, once: what changes afterwards is found out by their versions."""
        batch, self._judged = self._judged, None
        same = batch is not None and batch.invoices["invoice_id"].tolist() == rows["invoice_id"].tolist()
        return batch if same else None

    def _refuse(self, lost: pd.DataFrame) -> None:
        if len(lost):
            with self._store.write() as session:
                session.settle(self._run_id, _settled(lost, RowOutcome.REFUSED))

    def _changes(self, context: RunContext, batch: Batch) -> Changes:
        changes = self.action.transform(batch, self._params, context)
        if self.action.effects is not None:
            changes = _with_outbox(changes, self.action.effects(batch, self._params, context))
        return changes

    def _load(self, session: Session, context: RunContext, ids: np.ndarray, rows: pd.DataFrame) -> Batch:
        parts = rows.set_index("invoice_id")["part"]
        return load_batch(session, self.action, ids, context.today, parts)

    def _reserve(self, context: RunContext, batch: Batch, rows: pd.DataFrame) -> Batch:
        """Commit what must stand before files are made; returns the rows that go on, as they are then.

        They are read in the same transaction: making their documents takes a hundred times as long.
        """
        assert self.action.reserve is not None  # noqa: S101 - for the type checker
        changes = self.action.reserve(batch, self._params, context)
        self._files.check_archive()
        reach("reserve.before")
        with self._store.write() as session:
            failed = pd.concat([changes.failures, self._give_numbers(session, batch, changes)])
            session.apply(_versioned(changes, batch.invoices), self.action.name, context.now)
            ids = batch.invoices["invoice_id"]
            keep = ids[~ids.isin(failed["invoice_id"])].to_numpy(np.int64)
            session.settle_as(self._run_id, keep, RowOutcome.RESERVED)
            session.settle(self._run_id, _settled(failed, RowOutcome.FAILED))
            reserved = self._load(session, context, keep, rows)
            reach("reserve.uncommitted")
        reach("reserve.committed")
        return reserved

    def _give_numbers(self, session: Session, batch: Batch, changes: Changes) -> pd.DataFrame:
        """Number the rows that ask for it; returns the failures: invoice_id, reason."""
        if changes.numbers is None or changes.numbers.empty:
            return pd.DataFrame({"invoice_id": pd.Series(dtype="int64"), "reason": pd.Series(dtype="str")})
        given = session.allocate(changes.numbers, self._run_id)
        numbered = given[given["reason"] == ""][["invoice_id", "number"]]
        versions = batch.invoices[["invoice_id", "version"]]
        session.update("invoices", numbered.merge(versions, on="invoice_id"), clock.now())
        return given[given["reason"] != ""][["invoice_id", "reason"]]

    def _prepare(self, context: RunContext, batch: Batch) -> Batch:
        """Make and stage the files of a batch."""
        if self.action.artefacts is None or not len(batch):
            return batch
        reach("prepare.before")
        batch = prepared(self.action, batch, self._params, context, self._files, self._told)
        reach("prepare.synced")
        return batch

    def _check_cancelled(self) -> None:
        if self._cancel.is_set():
            raise _CancelledError

    def _told(self, item: Prepared) -> None:
        self._check_cancelled()
        self._tell(item.invoice_id)

    def _tell(self, invoice_id: int | None) -> None:
        """One more document, if it is one of an invoice alone."""
        if invoice_id is not None and invoice_id != self._last_shown:
            self._last_shown = invoice_id
            self._shown += 1
            self._progress.advance(1)

    def _commit(self, context: RunContext, batch: Batch, changes: Changes) -> None:
        """Write the changes, outcomes, files and events of a chunk: all or none."""
        now = clock.now()
        left_out = batch.failed[~batch.failed["invoice_id"].isin(changes.failures["invoice_id"])]
        failed = pd.concat([changes.failures, left_out], ignore_index=True)
        unchanged = pd.concat([changes.unchanged, batch.unchanged], ignore_index=True)
        rest = pd.concat([failed["invoice_id"], unchanged["invoice_id"]])
        done = batch.invoices
        if len(rest):
            done = done[~done["invoice_id"].isin(rest)]
        if self._store.sees_archive:  # nothing of an archived document changes: it was exported before
            changes = replace(changes, updates={}, inserts={}, deletes={})
        reach("commit.before")
        with self._store.write() as session:
            with context.own_changes(session):
                session.apply(_versioned(changes, batch.invoices), self.action.name, now)
            if self.action.reserve is None:  # others give numbers, too
                session.settle_as(self._run_id, done["invoice_id"].to_numpy(np.int64), RowOutcome.DONE)
            else:
                numbered = done[["invoice_id", "number"]].assign(outcome=RowOutcome.DONE.value)
                session.settle(self._run_id, numbered)
            session.settle(self._run_id, _settled(unchanged, RowOutcome.UNCHANGED))
            session.settle(self._run_id, _settled(failed, RowOutcome.FAILED))
            session.add_artefacts(self._run_id, batch.files)
            write_events(session, self._events(batch.invoices, changes, rest, now))
            self._add_totals(session, done, changes)
            reach("commit.uncommitted")
        reach("commit.committed")

    def _events(
        self, invoices: pd.DataFrame, changes: Changes, not_done: pd.Series, now: Any
    ) -> pd.DataFrame:
        """One event a row that was done, changed or made: who, what, when, from which status to which."""
        updated = changes.updates.get("invoices", pd.DataFrame({"invoice_id": []}))
        touched = ~invoices["invoice_id"].isin(not_done) | invoices["invoice_id"].isin(updated["invoice_id"])
        rows = invoices[touched]
        to_status = rows["status"]
        if "status" in updated.columns:
            new = updated.set_index("invoice_id")["status"].astype("str")
            to_status = rows["invoice_id"].map(new).fillna(to_status.astype("str"))
        if "invoices" in changes.deletes:
            to_status = pd.Series("gone", index=rows.index)
        events = pd.DataFrame(
            {"invoice_id": rows["invoice_id"], "from_status": rows["status"], "to_status": to_status}
        )
        if "invoices" in changes.inserts:
            statuses = {"from_status": "str", "to_status": "str"}
            events = pd.concat(
                [events.astype(statuses), _births(changes.inserts["invoices"])], ignore_index=True
            )
        reason = getattr(self._params, "reason", "")
        if reason or len(changes.notes):
            events["details"] = _details(events["invoice_id"], reason, changes.notes)
        common = {"run_id": self._run_id, "event": self.action.name, "user": self._workspace.user}
        return events.assign(at=now, **{name: repeated(text, events) for name, text in common.items()})

    def _add_totals(self, session: Session, done: pd.DataFrame, changes: Changes) -> None:
        run = session.run(self._run_id)
        assert run is not None  # noqa: S101 - the run is being executed
        totals: dict[str, int] = json.loads(run["totals"])
        sums = done.groupby("currency", observed=True)["total_cents"].sum()
        found = {f"{currency}_cents": int(cents) for currency, cents in sums.items()}
        if set(BundlePart) <= set(done["part"].unique()):  # never netted
            found = {}
        found |= dict(changes.totals)
        for name, value in found.items():
            totals[name] = totals.get(name, 0) + int(value)
        session.note_run(self._run_id, totals=json.dumps(totals))

    def _publish(self, staged: pd.DataFrame) -> None:
        """Give staged files their final names; safe to repeat."""
        if staged.empty:
            return
        reach("publish.before")
        published = self._files.publish(staged)
        reach("publish.linked")
        with self._store.write() as session:
            session.mark_published(self._run_id, published)
        reach("publish.committed")

    def _finish(self) -> Report | None:
        reach("finish.before")
        self._files.remove_staging()  # before the run is closed: nobody looks at it again
        with self._store.write() as session:
            session.finish_run(self._run_id, RunStatus.FINISHED, clock.now())
            report = None
            if self._begun.run["selected"] <= FEW:
                with suppress(Exception):  # what was done is done, whatever can be said of it
                    report = report_of(session, self._workspace, self._run_id)
        reach("finish.committed")
        return report


def _left(ids: "pd.Series[int]", lost: pd.DataFrame) -> np.ndarray:
    """The ids but for the lost ones."""
    return ids[~ids.isin(lost["invoice_id"])].to_numpy(np.int64)


def _births(made: pd.DataFrame) -> pd.DataFrame:
    """Events of the invoices that are made: they had no status before."""
    return pd.DataFrame({"invoice_id": made["invoice_id"], "to_status": made["status"].astype("str")})


def _details(ids: "pd.Series[int]", reason: str, notes: pd.DataFrame) -> "pd.Series[str]":
    """What the events of rows keep, as JSON; missing where there is nothing."""
    common = {"reason": reason} if reason else {}
    told = pd.Series(_json(common), index=ids.index, dtype="str")
    note = ids.map(joined(notes)).dropna()
    told.loc[note.index] = [_json(common | {"note": text}) for text in note]
    return told


def _json(details: Mapping[str, str]) -> str | None:
    return json.dumps(details, ensure_ascii=False) if details else None


def _versioned(changes: Changes, invoices: pd.DataFrame) -> Changes:
    """The changes with the expected version beside every invoice that the batch holds."""
    versions = invoices.set_index("invoice_id")["version"]

    def checked(frames: Frames) -> Frames:
        frame = frames.get("invoices")
        if frame is None or "version" in frame.columns:
            return frames
        expected = frame["invoice_id"].map(versions).astype("Int64")
        return {**frames, "invoices": frame.assign(version=expected)}

    updates, deletes = checked(changes.updates), checked(changes.deletes)
    return replace(changes, updates=updates, deletes=deletes, numbers=None)


def _with_outbox(changes: Changes, messages: pd.DataFrame) -> Changes:
    if messages.empty:
        return changes
    return replace(changes, inserts={**changes.inserts, "outbox": messages})


def _settled(rows: pd.DataFrame, outcome: RowOutcome) -> pd.DataFrame:
    """One outcome a row; several reasons for one row are joined."""
    if rows.empty:
        return pd.DataFrame()
    return joined(rows).reset_index().assign(outcome=outcome.value)
