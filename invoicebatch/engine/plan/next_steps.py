"""What usually comes after a run, and what takes it back: as commands over the rows it did.

Which steps there are is the actions' data; whether a row can take one is judged as it is now.
"""

import shlex
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.actions import registry
from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.report import NextStep, Report, read_report
from invoicebatch.model.action import Action
from invoicebatch.model.money import format_cents
from invoicebatch.model.status import RunStatus
from invoicebatch.store import Session


def report_of(session: Session, workspace: WorkspaceBase, run_id: str) -> Report:
    """The report of a run with what may follow it.

    Raises:
        UnknownNameError: no such run.
    """
    report = read_report(session, run_id, workspace.data, alive=workspace.at_work(run_id))
    return with_next_steps(session, workspace, report)


def with_next_steps(session: Session, base: WorkspaceBase, report: Report) -> Report:
    """The report of a finished run with what may follow it, in the order of the bar."""
    action = registry().get(report.action)
    if base.store.of_archive or action is None or report.state != RunStatus.FINISHED or report.done.empty:
        return report
    known = [name for name in base.rules.actions if name in registry()]
    after = [registry()[name] for name in known if {name, name.partition(".")[0]} & set(action.after)]
    undo = [registry()[name] for name in known if name == action.undo]
    return replace(
        report,
        next=tuple(_steps(session, base, report, after)),
        undo=tuple(_steps(session, base, report, undo)),
    )


def _steps(
    session: Session, base: WorkspaceBase, report: Report, actions: list[Action]
) -> Iterator[NextStep]:
    ids = report.done["invoice_id"].to_numpy(np.int64)
    for action in actions:
        frame = base.judged(session, ids, action)
        able = base.evaluate(frame, picked_by_hand=True, action=action).eligible(action.name)
        if action.hidden:
            yield from _by_values(session, action, frame["invoice_id"].to_numpy(np.int64)[able])
        elif able.any():
            command = f"invoicebatch run {action.name} --run {report.run_id}"
            yield NextStep(action.name, action.label, command, int(able.sum()), on_bar=True)


def _by_values(session: Session, action: Action, ids: npt.NDArray[np.int64]) -> Iterator[NextStep]:
    """One step for each combination of the parameters' values: a hidden action is a command by itself."""
    columns = list(action.of_rows.values())
    values = session.overview(columns, clock.today(), ids)
    words = bundles_in_words(session, values.get("payment_bundle_id", pd.Series(dtype="str")))
    for key, rows in values.groupby(columns, sort=False):
        arguments = tuple(map(str, key))
        command = shlex.join(["invoicebatch", *action.name.split("."), *arguments])
        label = ", ".join([action.label, *(words[one] for one in key if one in words)])
        yield NextStep(action.name, label, command, len(rows), on_bar=False, arguments=arguments)


def bundles_in_words(session: Session, bundles: "pd.Series[str]") -> dict[str, str]:
    """Each bundle by what a person knows it by: part, scheme, date and total."""
    found = session.rows_of("payment_bundles", "bundle_id", bundles)
    columns = ("part", "scheme", "collection_date", "currency", "total_cents")
    rows = zip(found["bundle_id"], *(found[name] for name in columns), strict=True)
    return {
        bundle: f"{part} {scheme if isinstance(scheme, str) else ''}".rstrip()
        + f" of {day:%Y-%m-%d}, {format_cents(cents, currency)}"
        for bundle, part, scheme, day, currency, cents in rows
    }
