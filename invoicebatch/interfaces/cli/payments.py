"""The command `payments`: list bundles, write their bank files, say what the bank did with them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from invoicebatch.engine.payments.listing import SHOWN, bundles
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import ConfirmationError, UsageError
from invoicebatch.interfaces.cli import incoming as customers
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    WorkspaceOption,
    looked_at,
    opened,
    print_json,
    print_table,
)
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted
from invoicebatch.model.money import format_cents

if TYPE_CHECKING:
    import pandas as pd

    from invoicebatch.engine.payments.bank_reports import BankImport
    from invoicebatch.engine.payments.bundles import Payments
    from invoicebatch.engine.plan.report import Report

app = App(
    name="payments",
    help="Payment bundles (list, show, release, write, confirm, cancel, reject, remove, recall, returns) and customers'"
    " payments (import, incoming, match).",
    help_format="plaintext",
)
app.command(customers.match_app)
for _name in ("incoming", "unmatch", "set_aside", "set_off"):
    app.command(getattr(customers, _name), name=_name.replace("_", "-"))

_ITEMS = ["item_no", "invoice_id", "end_to_end_id", "status", "amount_cents", "name", "iban", "mandate_id",
          "sequence_type", "scheme", "remittance", "reason"]  # fmt: skip

_RETURNS = [
    "number",
    "name",
    "kind",
    "booked_on",
    "amount_cents",
    "fee_cents",
    "reason_code",
    "reason",
    "follows",
]

Bundle = Annotated[str, Parameter(help="Id of the bundle, or its first characters")]
Bundles = Annotated[
    list[str], Parameter(help="Ids of bundles, or their first characters", consume_multiple=True)
]
Numbers = Annotated[list[str], Parameter(help="Numbers of the documents, by commas", consume_multiple=True)]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Confirm")]


def _show(report: "Report", *, json: bool) -> int:
    show_report(report, json=json)
    said = {name: amount for name, amount in report.totals.items() if not name.isupper()}
    if not json and said:  # of payments; what their documents come to may be more
        print(", ".join(f"{name} {amount}" for name, amount in said.items()))
    return exit_code(report)


def _each(do: "Callable[[str], Report]", bundles: list[str], *, json: bool) -> int:
    """Do it to each bundle in turn; JSON of several is a list."""
    if len(bundles) == 1:
        return _show(do(bundles[0]), json=json)
    reports = [do(bundle) for bundle in bundles]
    if json:
        print_json([report.to_dict() for report in reports])
    return max(exit_code(report) if json else _show(report, json=False) for report in reports)


def _found(payments: "Payments", bundles: list[str]) -> list[str]:
    """The full ids, each once: a name that is unknown is refused before anything is done."""
    return list(dict.fromkeys(payments.find(bundle) for bundle in bundles))


def _ask(payments: "Payments", verb: str, bundles: list[str], hint: str, *, yes: bool) -> None:
    """Ask where there is something to know before; of several none is done where one can't be."""
    if yes and len(bundles) == 1:
        return
    said = [text for one in bundles if (text := payments.in_question(verb, one))]
    if said and not yes:
        raise ConfirmationError("\n".join(said), hint)


@app.command(name="list")
def list_bundles(*, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """List the payment bundles, newest first."""
    found = bundles(looked_at(workspace))
    rows = {name: [bundle[name] for bundle in found] for name in SHOWN}
    if json:
        print_json(records(rows))
    else:
        short = {"bundle_id": [bundle["bundle_id"][:8] for bundle in found]}
        print_table(rows | short, title=f"Payment bundles: {len(found):,}")
    return 0


@app.command
def items(bundle: Bundle, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """List the payments of a bundle."""
    found = opened(workspace).payments.items(bundle)[_ITEMS]
    if json:
        print_json(records(found))
    else:
        print_table(found, title=f"Payments: {len(found):,}")
    return 0


@app.command
def show(bundle: Bundle, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """Show a bundle: its payments as a table, every message that was written, who did what and when."""
    view = opened(workspace).payments.show(bundle)
    if json:
        print_json(view.to_dict())
        return 0
    head = view.bundle.iloc[0]
    readable = _readable(view.payments)
    for name in view.bundle.columns.drop(["total_cents", "items"]):
        text = head[name].date() if name == "collection_date" else head[name]
        if text == text and text is not None:  # noqa: PLR0124 - a missing one is not equal to itself
            print(f"{name.replace('_', ' ')}: {text}")
    for title, frame in (
        ("History", view.history),
        ("Messages", view.messages),
        (
            f"Payments: {head['items']:,} of together {head['currency']} {format_cents(int(head['total_cents']))}",
            readable,
        ),
    ):
        if len(frame):
            print_table(frame, title=f"\n{title}")
    return 0


def _readable(payments: "pd.DataFrame") -> "pd.DataFrame":
    """The payments without columns that say nothing; the remittance is what the debtor gets to read."""
    reference, alone = payments["creditor_reference"].fillna(""), payments["debit"].isna()
    told = payments["remittance"].mask(reference.ne("") & alone, reference)
    unseen = ["end_to_end_id", "creditor_reference", *(["item_no"] if alone.all() else [])]
    return payments.assign(remittance=told).drop(columns=unseen).dropna(axis=1, how="all")


@app.command
def release(
    bundle: Bundles, *, yes: Yes = False, json: JsonOption = False, workspace: WorkspaceOption = None
) -> int:
    """Release bundles for the bank, where two people are asked for; who bundled one can't release it.

    A name that the bank doubts asks for --yes.
    """
    payments = opened(workspace).payments
    chosen = _found(payments, bundle)
    _ask(payments, "release", chosen, "If they are right all the same, confirm with --yes.", yes=yes)
    return _each(payments.release, chosen, json=json)


@app.command
def write(
    bundle: Bundles,
    *,
    replace: Annotated[
        bool,
        Parameter(
            negative="", help="A new message of what still waits; the written one never went to the bank"
        ),
    ] = False,
    yes: Yes = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Folder for the file")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Write the bank files of bundles; written again, the same bytes. Another message asks for --yes."""
    payments = opened(workspace).payments
    chosen = _found(payments, bundle)
    if replace and not yes:
        raise ConfirmationError(
            f"The bank file of bundle {chosen[0][:8]} is replaced by another message: make sure that the bank"
            " never gets the old one.",
            "Confirm with --yes.",
        )
    return _each(lambda one: payments.write(one, output or "", replace=replace), chosen, json=json)


@app.command
def confirm(
    bundle: Bundles, *, yes: Yes = False, json: JsonOption = False, workspace: WorkspaceOption = None
) -> int:
    """The bank took the bundles: accepted before their date, paid from it on. Asks for --yes."""
    payments = opened(workspace).payments
    chosen = _found(payments, bundle)
    _ask(payments, "confirm", chosen, "If the bank took them, confirm with --yes.", yes=yes)
    return _each(payments.confirm, chosen, json=json)


@app.command
def cancel(
    bundle: Bundles, *, yes: Yes = False, json: JsonOption = False, workspace: WorkspaceOption = None
) -> int:
    """Call bundles off: their invoices are free again. A written one asks for --yes."""
    payments = opened(workspace).payments
    chosen = _found(payments, bundle)
    _ask(payments, "cancel", chosen, "Confirm with --yes.", yes=yes)
    return _each(payments.cancel, chosen, json=json)


@app.command
def reject(
    bundle: Bundle,
    item: Annotated[list[int], Parameter(help="Numbers of the items in the bundle", consume_multiple=True)],
    *,
    reason: Annotated[str, Parameter(help="What the bank said, such as AC04")],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """The bank refused items of the bundle: their invoices are free again."""
    return _show(opened(workspace).payments.reject(bundle, item, reason), json=json)


@app.command
def remove(
    bundle: Bundle, *, numbers: Numbers, json: JsonOption = False, workspace: WorkspaceOption = None
) -> int:
    """Take payments out of a bundle that is not written yet; the rest goes on."""
    return _show(opened(workspace).payments.remove(bundle, _listed(numbers)), json=json)


@app.command
def recall(
    bundle: Bundle,
    *,
    numbers: Numbers,
    reason: Annotated[str, Parameter(help="CUST (the customer asks), DUPL, TECH or FRAD")] = "CUST",
    refused: Annotated[
        bool, Parameter(negative="", help="The bank refused the recall: they wait as before")
    ] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Folder for the file")] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Call payments of a written bundle back at the bank (camt.055); they wait for its answer."""
    payments = opened(workspace).payments
    done = payments.recall(bundle, _listed(numbers), output or "", reason=reason, refused=refused)
    return _show(done, json=json)


def _listed(numbers: list[str]) -> list[str]:
    return [part.strip() for text in numbers for part in text.split(",") if part.strip()]


@app.command
def returns(*, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """List rejected and returned payments, newest first: reason, the bank's fee, what follows."""
    found = opened(workspace).payments.returns()
    if json:
        print_json(records(found))
    else:
        print_table(found[_RETURNS], title=f"Rejected and returned: {len(found):,}")
    return 0


@app.command(name="import")
def import_report(
    *files: Path,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Read a bank's reports (pain.002, camt.029, camt.053, camt.054): what it took, booked, rejected and returned."""
    if not files:
        raise UsageError("Name at least one report.", "invoicebatch payments import FILE...")
    payments = opened(workspace).payments
    reports = []
    for file in files:
        reports.append(payments.read(file))
        if not json:
            _show_import(reports[-1])
    if json:
        told = [_import_json(done) for done in reports]
        print_json(told[0] if len(told) == 1 else told)
    return SOME_NOT_DONE if any(len(done.refused) for done in reports) else 0


def _import_json(done: "BankImport") -> dict[str, Any]:
    return {
        "message": done.message,
        "read": done.read,
        "booked": records(done.booked),
        "refused": records(done.refused),
        "notes": list(done.notes),
    }


def _show_import(done: "BankImport") -> None:
    title = f"{done.message}: {counted(done.read, 'entry', 'entries')} read"
    if len(done.booked):
        print_table(done.booked, title=title)
    else:
        print(f"{title}, nothing new is booked")
    if len(done.refused):
        print_table(done.refused, title=f"Without effect: {len(done.refused):,}", limit=50)
    for note in done.notes:
        print(f"Note: {note}")
