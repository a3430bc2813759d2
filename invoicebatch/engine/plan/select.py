"""Choosing invoices, by exactly one of the ways: a filter, ids, numbers, a frame, or all."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.plan import Runner
from invoicebatch.engine.plan.selection import Ids, Selection
from invoicebatch.errors import SelectionError
from invoicebatch.model.counted import counted
from invoicebatch.model.status import RowOutcome
from invoicebatch.store import Session, filters


def select(
    workspace: WorkspaceBase,
    runner: Runner,
    where: str | None = None,
    *,
    ids: Sequence[int] | None = None,
    numbers: Sequence[str] | None = None,
    frame: pd.DataFrame | None = None,
    run: str | None = None,
    all: bool = False,  # noqa: A002 - reads as the command line's --all
) -> Selection:
    """Select invoices, by exactly one of the ways.

    Args:
        workspace: where.
        runner: who does what is planned for them.
        where: an SQL condition over overview columns, amounts as decimals.
        ids: invoice ids.
        numbers: invoice numbers.
        frame: a frame with a column `invoice_id`.
        run: the rows done by a run; its first characters are enough.
        all: every invoice.

    Raises:
        SelectionError: none or several ways, an id or number that does not exist.
        UnknownNameError: no such run.
        FilterError: the condition can't be evaluated.
    """
    given = [way for way in (where, ids, numbers, frame, run) if way is not None]
    if len(given) + all != 1:
        raise SelectionError(
            "Say which invoices, in exactly one way.", "One of: where, ids, numbers, sheet, frame, run, all."
        )
    if where is not None:
        return Selection(workspace, runner, matching(workspace, where), where, picked_by_hand=False)
    with workspace.store.read() as session:
        if all:
            found = session.overview(["invoice_id"], clock.today())["invoice_id"].to_numpy(np.int64)
            return Selection(workspace, runner, found, "all invoices", picked_by_hand=False)
        if numbers is not None:
            found = _ids_of_numbers(session, numbers)
            return Selection(workspace, runner, found, counted(len(found), "number"), picked_by_hand=True)
        wanted = _ids_of_frame(frame) if frame is not None else list([] if ids is None else ids)
        words = counted(len(wanted), "id")
        if run is not None:
            full, wanted = _done_by(session, run)
            words = f"{counted(len(wanted), 'row')} done by run {full[:8]}"
        known, unknown = _known_ids(session, wanted)
    return Selection(workspace, runner, known, words, picked_by_hand=True, unknown=tuple(unknown))


def matching(workspace: WorkspaceBase, condition: str) -> Ids:
    """Ids of the invoices that match a person's filter, ascending; evaluated while nobody has to wait.

    Raises:
        FilterError: not one condition, an unknown column, anything but filtering, or too much of it.
    """
    parsed = filters.parse(condition)
    workspace.keep_judged(parsed.columns)
    with workspace.store.read() as session:
        columns = session.filterable(parsed.columns, clock.today())
    return parsed.matching(columns)


def _ids_of_frame(frame: pd.DataFrame) -> list[int]:
    if "invoice_id" not in frame.columns:
        raise SelectionError(
            "The frame has no column invoice_id.", f"It has: {', '.join(map(str, frame.columns))}"
        )
    return [int(value) for value in frame["invoice_id"]]


def _done_by(session: Session, run: str) -> tuple[str, list[int]]:
    """A run's full id, and the ids of the rows it did."""
    full = str(only_match(session.whole("runs"), "run_id", run, "run", "invoicebatch runs")["run_id"])
    rows = session.run_rows(full)
    return full, rows.loc[rows["outcome"] == RowOutcome.DONE.value, "invoice_id"].tolist()


def _known_ids(session: Session, ids: Sequence[int]) -> tuple[Ids, list[int]]:
    """The given ids, each once, split into existing ones and unknown ones.

    Raises:
        SelectionError: one is no whole number, or none of them exists.
    """
    try:
        wanted = np.asarray(list(dict.fromkeys(int(value) for value in ids)), dtype=np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SelectionError("ids= takes whole numbers.", "To select by number, use numbers=.") from error
    found = session.overview(["invoice_id"], clock.today(), wanted)["invoice_id"].to_numpy(np.int64)
    unknown = [int(value) for value in wanted[~np.isin(wanted, found)]]
    if len(wanted) and not len(found):
        raise SelectionError(
            f"There is no invoice with id {', '.join(str(value) for value in unknown[:10])}.",
            "List the invoices with: invoicebatch list --all",
        )
    return found, unknown


def _ids_of_numbers(session: Session, numbers: Sequence[str]) -> Ids:
    """Ids of the invoices with these numbers.

    Raises:
        SelectionError: a number that no invoice has.
    """
    found = session.ids_of("number", list(dict.fromkeys(numbers)))
    unknown = found[found["invoice_id"].isna()]["value"]
    if len(unknown):
        raise SelectionError(
            f"There is no invoice with number {', '.join(unknown.head(10))}.",
            "List the invoices with: invoicebatch list --all",
        )
    ids: Ids = found["invoice_id"].drop_duplicates().to_numpy(np.int64)
    return ids
