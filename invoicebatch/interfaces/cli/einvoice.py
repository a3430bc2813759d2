"""The command `einvoice`: what comes back from the networks."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)
from invoicebatch.model.counted import counted

app = App(
    name="einvoice",
    help="Electronic invoices: import what buyers answered, attach files.",
    help_format="plaintext",
)


@app.command(name="import")
def import_answers(
    files: Annotated[list[Path], Parameter(help="Answers of buyers: files, folders, ZIPs", negative="")],
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Read Peppol responses (T111, T71) and French life-cycle messages (CDAR); each is taken once."""
    taken = opened(workspace).import_answers(files)
    outside = ~taken["outcome"].isin(["taken", "known already"])
    if json:
        print_json(records(taken))
    else:
        print_table(
            taken, title=f"{counted(len(taken), 'answer')}, {int(outside.sum())} not taken", limit=200
        )
        if (taken["answer"].eq("rejected") & ~outside).any():
            print("Rejected by the buyer: credit and issue anew, with:")
            print("  invoicebatch run credit --where \"buyer_answer = 'rejected'\"")
    return SOME_NOT_DONE if outside.any() else 0


@app.command
def attach(
    folder: Annotated[Path, Parameter(help="Folder of files whose names begin with an invoice number")],
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Keep files with their invoices: they go into UBL, Factur-X data and mails; each is taken once."""
    taken = opened(workspace).import_attachments(folder)
    outside = ~taken["outcome"].isin(["taken", "known already"])
    if json:
        print_json(records(taken))
    else:
        print_table(taken, title=f"{counted(len(taken), 'file')}, {int(outside.sum())} not taken", limit=200)
    return SOME_NOT_DONE if outside.any() else 0
