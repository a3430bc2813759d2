"""The command `erase`: a customer, as far as no law keeps what is known."""

import sys
from typing import Annotated

from cyclopts import Parameter

from invoicebatch.engine.run.erasure import Erasure
from invoicebatch.errors import ConfirmationError
from invoicebatch.interfaces.cli.common import JsonOption, WorkspaceOption, opened, print_json, print_table
from invoicebatch.interfaces.cli.run_action import exit_code, show_report
from invoicebatch.model.counted import counted


def erase(
    *,
    customer: Annotated[str, Parameter(help="The customer's number")],
    dry_run: Annotated[bool, Parameter(negative="", help="Show what would go, and change nothing")] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Confirm")] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Erase a customer: what no law keeps goes, documents that it keeps are named with the law and the last day."""
    ws = opened(workspace)
    found = ws.erasure(customer)
    if dry_run and json:
        print_json(found.to_dict())
    elif not json:
        _show(found)
    if dry_run:
        return 0
    if not yes:
        _ask(found)
    report = ws.erase(found)
    show_report(report, json=json)
    return exit_code(report)


def _ask(found: Erasure) -> None:
    if not sys.stdin.isatty():
        raise ConfirmationError(
            f"Erasing customer {found.customer_id} asks for confirmation.", "Confirm with --yes."
        )
    if input(f"This can't be undone. Type {found.customer_id} to go on: ").strip() != found.customer_id:
        raise ConfirmationError("Not confirmed; nothing was changed.")


def _show(found: Erasure) -> None:
    """What goes, what stays by which law, and what still holds the customer elsewhere."""
    whole = "" if len(found.kept) else f"customer {found.customer_id} with all that is known of them, "
    print_table(found.gone, title=f"Goes: {whole}{counted(len(found.gone), 'document')}")
    if found.contact:
        print(
            f"Emptied: {', '.join(found.contact)} of the customer; {counted(len(found.mails), 'text')} of mails"
        )
    if len(found.kept):
        print_table(found.kept, title=f"Kept: {counted(len(found.kept), 'document')}, with name and address")
    if len(found.elsewhere):
        print_table(found.elsewhere, title="Still holds it, remove it yourself")
