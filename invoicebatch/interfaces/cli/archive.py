"""The command `archive`: closed documents out of the live state, and back."""

from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.engine.run.archive import Archivable
from invoicebatch.errors import NothingEligibleError, SelectionError
from invoicebatch.interfaces.cli.common import (
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
    whole_numbers,
)
from invoicebatch.model.counted import counted

app = App(
    name="archive",
    help="The archive: move closed documents there, bring some back.",
    help_format="plaintext",
)


@app.default
def archive(
    *,
    before: Annotated[date, Parameter(help="The first day that stays, fourteen months ago or earlier")],
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would go, and change nothing")] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Move documents that are closed and dated before a day to the archive: Parquet files by account and month."""
    ws = opened(workspace)
    if dry_run:
        found = ws.archivable(before)
        words = f"{counted(found.documents, 'document')} would go"
    else:
        found = done = ws.archive(before, progress=not json)
        words = f"{counted(done.documents, 'document')} archived in {counted(done.files, 'file')}, {done.size / 1e6:,.1f} MB"
    if json:
        print_json(found.to_dict())
    else:
        _show(found, words)
    return 0 if found.documents else NothingEligibleError.exit_code


def _show(found: Archivable, words: str) -> None:
    print(words if found.documents else f"Nothing that is dated before {found.before} can go.")
    if len(found.stays):
        print_table(found.stays, title=f"Stays: {counted(int(found.stays['rows'].sum()), 'document')}")


@app.command
def restore(
    *,
    numbers: Annotated[str | None, Parameter(help="Invoice numbers: A,B")] = None,
    ids: Annotated[str | None, Parameter(help="Invoice ids: 1,2,3 or @FILE")] = None,
    reason: Annotated[str, Parameter(help="Why; the history says it")] = "by hand",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Bring documents back into the live state, each with its credit notes and the advances that it deducts."""
    if (numbers is None) == (ids is None):
        raise SelectionError("Say which documents: either --numbers or --ids.")
    named = [part.strip() for part in (numbers or "").split(",") if part.strip()]
    found = opened(workspace).restore(ids=whole_numbers(ids) if ids else (), numbers=named, reason=reason)
    if json:
        print_json(records(found))
    else:
        print_table(found, title=f"{counted(len(found), 'document')} brought back")
    return 0
