"""Customers' payments on the command line, under `payments`: listed, matched, taken back, set aside, set off."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.errors import UsageError
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    LimitOption,
    WorkspaceOption,
    opened,
    print_json,
    print_rows,
    print_table,
)
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted

if TYPE_CHECKING:
    from invoicebatch.engine.payments.matching import Matching
    from invoicebatch.engine.plan.report import Report
    from invoicebatch.interfaces.matching_sheet.plan import MatchingPlan

match_app = App(name="match", help="Match customers' payments: here, or in a sheet.", help_format="plaintext")

Payment = Annotated[str, Parameter(help="Id of the payment, or its first characters")]
Sheet = Annotated[Path, Parameter(help="The matching sheet, .xlsx")]

_SHOWN = ["payment_id", "booked_on", "amount_cents", "currency", "payer", "text", "status", "proposals"]


def incoming(
    *,
    status: Annotated[str, Parameter(help="Only booked, proposed, open or set_aside ones")] = "",
    limit: LimitOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """List customers' payments, newest first: what they paid, or may pay and by which evidence."""
    found = opened(workspace).payments.incoming()
    rows = found[found["status"].eq(status)] if status else found
    shown = rows[_SHOWN].assign(
        payment_id=rows["payment_id"].str[:8],
        text=rows["reference"].fillna(rows["text"]),
        proposals=[
            "; ".join(f"{one['number']} {one['amount']}: {one['evidence']}" for one in [*done, *may][:3])
            for done, may in zip(rows["booked"], rows["proposals"], strict=True)
        ],
    )
    print_rows(rows, json=json, shown=shown, title=f"Payments of customers: {len(rows):,}", limit=limit)
    return 0


@match_app.default
def match(
    *,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Show what would be booked; nothing changes")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Book the waiting payments that are certain, and propose the others."""
    done = opened(workspace).payments.match(book=not dry_run)
    _show_matching(done, json=json)
    return SOME_NOT_DONE if len(done.refused) else 0


def _show_matching(done: "Matching", *, json: bool) -> None:
    parts = {"booked": done.booked, "proposed": done.proposed, "refused": done.refused}
    if json:
        open_ones = records(done.open[["payment_id", "booked_on", "amount_cents", "currency", "payer"]])
        print_json({**{name: records(rows) for name, rows in parts.items()}, "open": open_ones})
        return
    for name, rows in parts.items():
        short = rows.assign(payment_id=rows["payment_id"].str[:8])
        print_table(short, title=f"{name.capitalize()}: {counted(rows['payment_id'].nunique(), 'payment')}")
    print(f"Open: {counted(len(done.open), 'payment')}")


@match_app.command
def write(file: Sheet, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Write the waiting payments as a sheet to tick and to type numbers and amounts into."""
    from invoicebatch.interfaces.matching_sheet.write import matching_sheet

    path, rows = matching_sheet(opened(workspace), file)
    if json:
        print_json({"file": str(path.resolve()), "rows": rows})
    else:
        print(f"Written: {path}, {counted(rows, 'payment')}")
    return 0


@match_app.command
def check(file: Sheet, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Say row by row what running a matching sheet would do and refuse; nothing changes."""
    from invoicebatch.interfaces.matching_sheet.plan import plan_matching
    from invoicebatch.interfaces.matching_sheet.read import read_matching

    plan = plan_matching(opened(workspace), read_matching(file))
    _show_sheet(plan, json=json)
    return 0 if plan.refused.empty else SOME_NOT_DONE


@match_app.command
def run(file: Sheet, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Book what a matching sheet says; twice changes nothing."""
    from invoicebatch.interfaces.matching_sheet.plan import plan_matching
    from invoicebatch.interfaces.matching_sheet.read import read_matching
    from invoicebatch.interfaces.matching_sheet.run import run_matching

    ws = opened(workspace)
    done = run_matching(ws, plan_matching(ws, read_matching(file)))
    _show_sheet(done, json=json)
    return 0 if done.refused.empty else SOME_NOT_DONE


def _show_sheet(plan: "MatchingPlan", *, json: bool) -> None:
    counts = plan.rows["outcome"].value_counts().to_dict()
    if json:
        print_json({"file": str(plan.path), **counts, "rows": records(plan.rows)})
        return
    words = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items())
    print(f"{counted(len(plan.rows), 'row')} to do: {words or 'nothing'}")
    if len(plan.refused):
        print_table(plan.refused[["row", "payment", "reason"]], title=f"Refused: {len(plan.refused):,}")


def unmatch(payment: Payment, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Take a payment off the documents it was booked on; from now on it is booked by hand only."""
    report = opened(workspace).payments.unmatch(payment)
    show_report(report, json=json)
    return exit_code(report)


def set_aside(
    payment: Payment,
    *,
    reason: Annotated[str, Parameter(help="Why it is none of ours; empty: it waits again")],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Mark a payment as none of ours."""
    full = opened(workspace).payments.set_aside(payment, reason)
    if json:
        print_json({"payment_id": full, "set_aside": reason or None})
    else:
        print(f"Payment {full[:8]} is set aside: {reason}" if reason else f"Payment {full[:8]} waits again")
    return 0


def set_off(
    customer: Annotated[list[str] | None, Parameter(help="Customer numbers", consume_multiple=True)] = None,
    *,
    all: Annotated[bool, Parameter(negative="", help="Every customer")] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Set customers' credits off against what they owe, the oldest first; what is left may be paid back."""
    if bool(customer) == all:
        raise UsageError("Say whose credits: customer numbers, or --all.", "invoicebatch payments set-off K1")
    reports = opened(workspace).payments.set_off(customer or ())
    _show_all(reports, json=json)
    return max((exit_code(report) for report in reports), default=0)


def _show_all(reports: "Sequence[Report]", *, json: bool) -> None:
    if json:
        print_json([report.to_dict() for report in reports])
    elif not reports:
        print("There is nothing to set off.")
    else:
        for report in reports:
            show_report(report, json=False)
