"""Choosing invoices, by exactly one of the ways, to judge, plan and do: a selection of them."""

from collections.abc import Sequence

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.choose import choose
from invoicebatch.engine.plan.plan import Runner
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import SelectionError


def select(
    workspace: WorkspaceBase,
    runner: Runner,
    where: str | None = None,
    *,
    ids: Sequence[int] | None = None,
    numbers: Sequence[str] | None = None,
    run: str | None = None,
    made_by: str | None = None,
    all: bool = False,  # noqa: A002 - reads as the command line's --all
) -> Selection:
    """Select invoices, by exactly one of the ways; of a workspace seen `with_archive`, archived ones.

    Args:
        workspace: where.
        runner: who does what is planned for them.
        where: an SQL condition over overview columns, amounts as decimals.
        ids: invoice ids.
        numbers: invoice numbers.
        run: the rows done by a run; its first characters are enough.
        made_by: the invoices that a run made, such as credit notes; likewise.
        all: every invoice.

    Raises:
        SelectionError: none or several ways, an id or number that does not exist.
        UnknownNameError: no such run.
        FilterError: the condition can't be evaluated.
    """
    chosen = choose(workspace, where, ids=ids, numbers=numbers, run=run, made_by=made_by, all=all)
    return Selection(
        workspace,
        runner,
        chosen.ids,
        chosen.words,
        picked_by_hand=chosen.picked_by_hand,
        unknown=chosen.unknown,
    )


def ids_of_frame(frame: pd.DataFrame) -> list[int]:
    """The ids in a frame with a column `invoice_id`.

    Raises:
        SelectionError: it has none.
    """
    if "invoice_id" not in frame.columns:
        raise SelectionError(
            "The frame has no column invoice_id.", f"It has: {', '.join(map(str, frame.columns))}"
        )
    return [int(value) for value in frame["invoice_id"]]
