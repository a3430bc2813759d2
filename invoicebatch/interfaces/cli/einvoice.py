"""The command `einvoice`: what comes back from the networks."""

from pathlib import Path
from typing import Annotated

import pandas as pd
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
    help="Electronic invoices: import what buyers and networks answered, attach files.",
    help_format="plaintext",
)


@app.command(name="import")
def import_answers(
    files: Annotated[
        list[Path],
        Parameter(help="Answers of buyers, reports of the access point: files, folders, ZIPs", negative=""),
    ],
    *,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Read Peppol responses (T111, T71), French life-cycle messages (CDAR) and what the access point calls back with
    (JSON); each is taken once.
    """
    taken = opened(workspace).import_answers(files)
    outside = _show(taken, "answer", json=json)
    if not json and (taken["answer"].eq("rejected") & ~outside).any():
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
    outside = _show(opened(workspace).import_attachments(folder), "file", json=json)
    return SOME_NOT_DONE if outside.any() else 0


def _show(taken: pd.DataFrame, what: str, *, json: bool) -> "pd.Series[bool]":
    """Show what became of each file; gives which were not taken."""
    outside = ~taken["outcome"].isin(["taken", "known already"])
    if json:
        print_json(records(taken))
    else:
        title = f"{counted(len(taken), what)}, {int(outside.sum())} not taken"
        print_table(taken, title=title, limit=200)
    return outside
