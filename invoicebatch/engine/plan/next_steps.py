"""What usually comes after a run, and what takes it back: as commands over the rows it did, or made.

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
from invoicebatch.model.words import words
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
    none_done = not report.counts["done"]
    if base.store.of_archive or action is None or report.state != RunStatus.FINISHED or none_done:
        return report
    done = report.done["invoice_id"].to_numpy(np.int64)
    made = session.made_by(report.run_id) if action.after_made else report.made
    of_done = f"--run {report.run_id}"
    of_made = f"--made-by {report.run_id}"
    on_made = _steps(session, base, made["invoice_id"].to_numpy(np.int64), of_made, action.after_made)
    return replace(
        report,
        next=(
            *(replace(step, on_made=True) for step in on_made),
            *_steps(session, base, done, of_done, action.after),
            *_once_more(session, base, done, of_done, action.after_again),
        ),
        undo=tuple(_steps(session, base, done, of_done, (action.undo,))),
        made=made,
    )


def _steps(
    session: Session, base: WorkspaceBase, ids: npt.NDArray[np.int64], chosen: str, names: tuple[str, ...]
) -> Iterator[NextStep]:
    """The steps that some of these invoices can take, in the order of the bar; `chosen` is them on a command line."""
    for action in _named(base, names):
        frame = base.judged(session, ids, action)
        able = base.evaluate(frame, picked_by_hand=True, action=action).eligible(action.name)
        if action.hidden:
            yield from _by_values(session, action, frame["invoice_id"].to_numpy(np.int64)[able])
        elif able.any():
            command = f"invoicebatch run {action.name} {chosen}"
            yield NextStep(action.name, action.title, command, int(able.sum()), on_bar=True)


def _once_more(
    session: Session, base: WorkspaceBase, ids: npt.NDArray[np.int64], chosen: str, names: tuple[str, ...]
) -> Iterator[NextStep]:
    """The steps that those can take which were sent in an older version, with the parameter that allows it."""
    for action in _named(base, names):
        sent = session.overview(["invoice_id", "changed_since_sent"], clock.today(), ids)
        older = sent.loc[sent["changed_since_sent"].fillna(False).astype(bool), "invoice_id"]
        frame = base.judged(session, older.to_numpy(np.int64), action)
        judged = base.evaluate(frame, picked_by_hand=True, action=action)
        for name, facts in action.waives.items():
            rows = int((judged.without(facts).eligible(action.name) & ~judged.eligible(action.name)).sum())
            if rows:
                command = f"invoicebatch run {action.name} {chosen} -p {name}=true"
                label = f"{action.title}, {words(name)}"
                yield NextStep(action.name, label, command, rows, on_bar=True, params=(name,))


def _named(base: WorkspaceBase, names: tuple[str, ...]) -> list[Action]:
    """The actions of these names or groups, in the order of the bar."""
    known = [name for name in base.rules.actions if name in registry()]
    return [registry()[name] for name in known if {name, name.partition(".")[0]} & set(names)]


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
    """Each bundle by what a person knows it by: part, scheme, company account, date and total."""
    found = session.rows_of("payment_bundles", "bundle_id", bundles)
    accounts = session.whole("company_accounts", columns=["company_account_id", "name"])
    found["account"] = found["company_account_id"].map(accounts.set_index("company_account_id")["name"])
    columns = ("part", "scheme", "account", "collection_date", "currency", "total_cents")
    rows = zip(found["bundle_id"], *(found[name] for name in columns), strict=True)
    return {
        bundle: f"{part} {scheme if isinstance(scheme, str) else ''}".rstrip()
        + f" of {day:%Y-%m-%d} for {account}, {format_cents(cents, currency)}"
        for bundle, part, scheme, account, day, currency, cents in rows
    }
