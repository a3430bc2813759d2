"""The command `sheet`: write a selection as a workbook, check what it would do, run it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from cyclopts import App, Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.errors import ConfirmationError, NothingEligibleError
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    Select,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)
from invoicebatch.interfaces.customers_sheet.run import (
    CustomersPlan,
    is_customers_sheet,
    plan_customers,
    run_customers,
)
from invoicebatch.interfaces.sheet.plan_sheet import SheetPlan, plan_sheet
from invoicebatch.interfaces.sheet.read import read_sheet
from invoicebatch.model.counted import counted
from invoicebatch.model.money import format_cents

app = App(name="sheet", help="Selection sheets: write, check, run.", help_format="plaintext")

Sheet = Annotated[Path, Parameter(help="The sheet: .xlsx, or .csv for people without Excel")]

Kind = Annotated[
    Literal["invoices", "customers"], Parameter(help="What the rows are: invoices, or their customers")
]


@app.command
def write(
    file: Sheet,
    select: Select | None = None,
    *,
    kind: Kind = "invoices",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Write the selected invoices as a sheet to tick and choose actions in, or their customers to mend."""
    selection = (select or Select()).of(opened(workspace))
    if kind == "customers":
        from invoicebatch.interfaces.customers_sheet.write import customers_sheet

        path, rows = customers_sheet(selection, file)
    else:
        from invoicebatch.interfaces.sheet.write import sheet

        path, rows = sheet(selection, file), len(selection)
    if json:
        print_json({"file": str(path.resolve()), "rows": rows})
    else:
        print(f"Written: {path}, {counted(rows, kind.removesuffix('s'))}")
    return 0


@app.command
def check(file: Sheet, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Say row by row what running a sheet would do and refuse; nothing changes."""
    ws = opened(workspace)
    if is_customers_sheet(file):
        return _show_customers(plan_customers(ws, file), json=json)
    plan = plan_sheet(ws, read_sheet(file))
    _show_check(plan, json=json)
    return _code(plan, complete=plan.refused.empty and plan.failing.empty)


def _show_customers(plan: CustomersPlan, *, json: bool) -> int:
    """What a customers' sheet would change, or changed."""
    counts = plan.rows["outcome"].value_counts().to_dict()
    if json:
        print_json({"file": str(plan.path), **counts, "rows": records(plan.rows)})
    else:
        print(
            "Customers: " + (", ".join(f"{n:,} {word}" for word, n in counts.items()) or "nothing was edited")
        )
        refused = plan.rows[plan.rows["outcome"] == "refused"]
        if len(refused):
            print_table(refused[["row", "customer_id", "reason"]], title=f"Refused: {len(refused):,}")
    if plan.rows.empty or plan.count("refused") == len(plan.rows):
        return NothingEligibleError.exit_code
    return 0 if plan.complete else SOME_NOT_DONE


def _show_check(plan: SheetPlan, *, json: bool) -> None:
    """What running the sheet would do."""
    if json:
        head = {"file": str(plan.sheet.path), "state": "planned"}
        told = {"to_look_at": records(plan.to_look_at), "rows": records(plan.rows)}
        print_json({**head, **_counts(plan), **told})
        return
    print(f"{plan.summary}. Nothing was changed.")
    _show_groups(plan)
    for title, rows in (("Would fail", plan.failing), ("Refused", plan.refused)):
        if len(rows):
            print_table(_by_reason(rows), title=f"{title}: {len(rows):,}")
    if len(plan.to_look_at):
        print_table(plan.to_look_at, title=f"To look at: {plan.to_look_at['invoices'].sum():,}")


def _by_reason(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that say the same, in one: their count, and the first of their row numbers."""
    groups = rows.groupby(["action", "reason"], sort=False, as_index=False)
    found = groups.agg(
        count=("row", "size"),
        rows=("row", lambda own: ", ".join(map(str, own.head(8))) + ", …" * (len(own) > 8)),
        number=("number", "first"),
    )
    return found[["count", "rows", "number", "action", "reason"]].rename(columns={"number": "first number"})


@app.command
def run(
    file: Sheet,
    *,
    yes: Annotated[
        bool, Parameter(name=["--yes", "-y"], negative="", help="Confirm what asks for it")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Run the ticked rows of a sheet; the outcome of each row is written beside it."""
    from invoicebatch.interfaces.sheet.run_sheet import run_sheet

    ws = opened(workspace)
    if is_customers_sheet(file):
        return _show_customers(run_customers(ws, plan_customers(ws, file)), json=json)
    plan = plan_sheet(ws, read_sheet(file))
    try:
        report = run_sheet(ws, plan, confirmed=yes, progress=not json)
    except (
        ConfirmationError
    ):  # what the sheet would do, the other rows too, is worth seeing before one confirms
        _show_check(plan, json=json)
        raise
    if json:
        print_json(
            {
                "file": str(file),
                "result": str(report.result.resolve()),
                **_counts(plan),
                "done": report.count("done"),
                "unchanged": report.count("unchanged"),
                "rows": records(report.rows),
                "runs": [each.to_dict() for each in report.reports],
            }
        )
        return _code(plan, complete=report.complete)
    print(f"{plan.summary}.")
    for each in report.reports:
        print(each.summary())
    failed = report.rows[~report.rows["outcome"].isin(["done", "unchanged"])]
    if len(failed):
        shown = failed[["row", "number", "action", "outcome", "reason"]]
        print_table(shown, title=f"Not done: {len(failed):,}", limit=20)
    for line in (line for each in report.reports for line in each.steps()):
        print(line)
    print(f"Result: {report.result}")
    return _code(plan, complete=report.complete)


def _counts(plan: SheetPlan) -> dict[str, Any]:
    rows = plan.sheet.rows
    return {
        "rows_in_sheet": len(rows),
        "ticked": int(rows["ticked"].sum()),
        "hidden": int((rows["ticked"] & rows["hidden"]).sum()),
        "would_run": plan.eligible,
        "would_fail": len(plan.failing),
        "done_before": plan.done_before,
        "refused": len(plan.refused),
    }


def _code(plan: SheetPlan, *, complete: bool) -> int:
    if plan.eligible + plan.done_before + len(plan.failing) == 0:
        return NothingEligibleError.exit_code
    return 0 if complete else SOME_NOT_DONE


def _show_groups(plan: SheetPlan) -> None:
    for group in plan.groups:
        values = ", ".join(f"{k}={v}" for k, v in group.plan.params.model_dump(mode="json").items() if v)
        totals = ", ".join(format_cents(cents, c) for c, cents in group.plan.totals.items())
        words = f"{group.action.name}: {group.plan.eligible:,} of {group.plan.selected:,} rows"
        print(words + (f"; {values}" if values else "") + (f"; {totals}" if totals else ""))
