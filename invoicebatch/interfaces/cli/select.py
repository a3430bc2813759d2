"""Commands that look and change nothing: list, actions, why."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.folder import Folder
from invoicebatch.engine.plan.records import Columns
from invoicebatch.errors import ParameterError, UnknownNameError
from invoicebatch.interfaces.cli.common import (
    TABLE_ROWS,
    JsonOption,
    LimitOption,
    ParameterOption,
    Select,
    WorkspaceOption,
    looked_at,
    opened,
    pairs,
    print_json,
    print_rows,
    print_table,
)
from invoicebatch.model.counted import counted
from invoicebatch.model.schema import OVERVIEW

if TYPE_CHECKING:
    import pandas as pd

    from invoicebatch.engine.plan.selection import Selection

_SHOWN = (
    "invoice_id", "number", "kind", "status", "customer_name", "invoice_date", "due_date", "currency",
    "total_cents", "outstanding_cents", "payment_status", "shipping_status", "export_status",
    "review",
)  # fmt: skip


_WAITING = 5_000
"""So many documents are judged for a list of which a part is shown; of more, only the shown ones."""


def list_invoices(
    select: Select | None = None,
    *,
    columns: Annotated[
        str | None, Parameter(help="Columns, separated by commas; 'all' for every one")
    ] = None,
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """List invoices; all of them where no selection is given."""
    folder = (select or Select()).seen_in(looked_at(workspace))
    names = _names(columns, json=json)
    ids = (select or Select()).ids_in(folder)
    most = limit if limit or json else TABLE_ROWS
    judged = folder.keep_judged(names, None if most is None else _WAITING)
    with folder.store.look() as look:
        wanted = None if ids is None else ids[:most].tolist()
        shown = look.overview(["invoice_id", *names], clock.today(), ids=wanted, limit=most)
        total = look.count("invoices") if ids is None else len(ids)
    shown = shown if judged else _judged_now(folder, shown)
    print_rows(shown, json=json, title=counted(total, "invoice"), limit=limit, total=total)
    return 0


def _judged_now(folder: Folder, shown: Columns) -> Columns:
    """The rows with what the review makes of them alone, where too many wait to judge them all for a list."""
    verdicts = folder.verdicts(shown["invoice_id"])
    by_column = zip(("review", "review_reasons"), range(2), strict=True)
    said = {
        name: [verdicts.get(each, (None, None))[place] for each in shown["invoice_id"]]
        for name, place in by_column
    }
    return {name: said.get(name, values) for name, values in shown.items()}


def _names(columns: str | None, *, json: bool) -> list[str]:
    if columns is None:
        return [*_SHOWN, "customer_id", "company_account_id", "external_id"] if json else list(_SHOWN)
    if columns == "all":
        return list(OVERVIEW)
    by_name = {d.column.name: name for name, d in OVERVIEW.items()} | {name: name for name in OVERVIEW}
    wanted = [part.strip() for part in columns.split(",")]
    for name in wanted:
        if name not in by_name:
            raise UnknownNameError(f"There is no column {name!r}.", "Columns: " + ", ".join(sorted(by_name)))
    return [by_name[name] for name in wanted]


def actions(
    select: Select | None = None, *, json: JsonOption = False, workspace: WorkspaceOption = None
) -> int:
    """The action bar of a selection."""
    selection = (select or Select()).of(opened(workspace))
    bar = selection.actions()
    if json:
        print_json(bar.to_dict("records"))
        return 0
    offered = bar[bar["eligible"] > 0]
    if offered.empty:
        print(f"{len(selection):,} selected. No action applies.")
    else:
        shown = offered.assign(
            applies=[
                f"{e:,} of {s:,}" for e, s in zip(offered["eligible"], offered["selected"], strict=True)
            ],
            why_not=[_why(reasons) for reasons in offered["reasons"]],
        )
        print_table(
            shown[["group", "action", "label", "applies", "why_not"]], title=f"{len(selection):,} selected"
        )
    hidden = bar[bar["eligible"] == 0]["action"]
    if len(hidden) and len(selection):
        print(f"Not available: {', '.join(hidden)}. Ask with: invoicebatch why ACTION")
    return 0


def _why(reasons: list[dict[str, object]]) -> str:
    first = "; ".join(f"{r['rows']}: {r['reason']}" for r in reasons[:2])
    return first + (f"; {counted(len(reasons) - 2, 'more reason')}" if len(reasons) > 2 else "")


def why(
    action: str,
    select: Select | None = None,
    *,
    parameter: ParameterOption = None,
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """The rows that can't take an action, each with every reason."""
    selection = (select or Select()).of(opened(workspace))
    refused = selection.why(action, **pairs(parameter))
    if refused.empty and not json:
        print(f"{action} applies to all {counted(len(selection), 'selected row')}.")
    else:
        title = f"{action}: {len(refused):,} of {len(selection):,} can't"
        print_rows(refused, json=json, title=title, limit=limit)
    warned = None if json else _warned(selection, action, parameter)
    if warned is not None and len(warned):
        title = f"{action}: {counted(len(warned), 'row')} to look at, which it does all the same"
        print_rows(warned, json=False, title=title, limit=limit)
    return 0


def _warned(selection: "Selection", action: str, parameter: ParameterOption) -> "pd.DataFrame | None":
    from invoicebatch.actions import find

    if not find(action).warnings:
        return None
    try:
        return selection.to_look_at(action, **pairs(parameter))
    except ParameterError:  # what it asks for is left open
        return None
