"""Commands on documents: preview one, list its versions, copy or check a template."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import App, Parameter

from invoicebatch.actions import registry
from invoicebatch.engine.plan.records import records
from invoicebatch.errors import UsageError
from invoicebatch.files.names import safe_name
from invoicebatch.files.whole import write_whole
from invoicebatch.interfaces.cli.common import (
    JsonOption,
    ParameterOption,
    Select,
    WorkspaceOption,
    opened,
    pairs,
    print_json,
    print_table,
)
from invoicebatch.model.counted import counted

app = App(name="template", help="Document templates: copy ours, check one.", help_format="plaintext")

FAULTS_FOUND = 3
_SHOWN = ["document_version", "created_at", "reason", "current", "sent", "state", "template", "size", "path"]

Invoice = Annotated[str, Parameter(help="Invoice number or id")]


def preview(
    invoice: Annotated[str, Parameter(help="Invoice number or id; or an action, to see its messages")],
    select: Select | None = None,
    *,
    template: Annotated[Path | None, Parameter(help="A template folder to try")] = None,
    png: Annotated[bool, Parameter(negative="", help="One picture a page instead of a PDF")] = False,
    mail: Annotated[
        int | None, Parameter(help="Of an action: which message, from 1; default: the first")
    ] = None,
    number: Annotated[str | None, Parameter(help="Of an action: the message with this document")] = None,
    customer: Annotated[str | None, Parameter(help="Of an action: the messages to this customer")] = None,
    parameter: ParameterOption = None,
    json: JsonOption = False,
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="Folder; default: here, and messages are printed"),
    ] = None,
    workspace: WorkspaceOption = None,
) -> int:
    """Make the document of an invoice, or the messages of an action, as they would be now; nothing changes."""
    ws = opened(workspace)
    if (action := invoice.replace("-", "_")) in registry():
        from invoicebatch.interfaces.cli.messages import show_messages

        plan = (select or Select()).of(ws).plan(action, **pairs(parameter))
        return show_messages(plan, at=mail, number=number, customer=customer, json=json, folder=output)
    if mail is not None or number or customer or parameter or select:
        raise UsageError(
            f"{invoice} is no action: messages are those of an action and a selection.",
            f"Such as: invoicebatch preview send_via.preferred --numbers {invoice} --mail 1",
        )
    document = ws.preview(invoice, template)
    target = (output or Path.cwd()) / f"{safe_name(document.name)}.pdf"
    for path in document.save_pages(target) if png else [document.save(target)]:
        print(path)
    return 0


def documents(invoice: Invoice, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """List every stored version of an invoice's document; the one that was sent is marked."""
    found = opened(workspace).documents(invoice)
    if json:
        print_json(records(found))
    else:
        print_table(found[_SHOWN], title=f"Documents of {invoice}: {len(found)}")
    return 0


@app.command
def copy(
    folder: Annotated[Path, Parameter(help="Where to; what is there already is left alone")],
    *,
    only: Annotated[
        str | None, Parameter(help="A file or folder of it, such as parts/page.typ or texts; default: all")
    ] = None,
) -> int:
    """Copy our template, to start one of your own: keep what you change, delete the rest, which stays as it is in ours."""
    from invoicebatch.formats.pdf.template import DEFAULT

    names = sorted(path.relative_to(DEFAULT) for path in DEFAULT.rglob("*") if path.is_file())
    wanted = [name for name in names if only is None or name.is_relative_to(only)]
    if not wanted:
        raise UsageError(
            f"Our template has no {only}.", f"It has: {', '.join(name.as_posix() for name in names)}"
        )
    new = [name for name in wanted if not (folder / name).exists()]
    for name in new:
        write_whole(folder / name, (DEFAULT / name).read_bytes())
    kept = (
        f"; {counted(len(wanted) - len(new), 'file')} that were there are left alone"
        if len(new) < len(wanted)
        else ""
    )
    print(f"{counted(len(new), 'file')} copied to {folder}{kept}.")
    print(
        f"Try it: invoicebatch preview NUMBER --template {folder}; use it: [documents] template in invoicebatch.toml."
    )
    return 0


@app.command
def check(
    folder: Annotated[Path, Parameter(help="The template's folder")], *, json: JsonOption = False
) -> int:
    """Render a template over edge cases; each fault is named with case, file, line and field."""
    from invoicebatch.formats.pdf.check import check_template

    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.")
    checked = check_template(folder)
    faults = pd.DataFrame(
        {"case": [f.case for f in checked.faults], "problem": [f.problem for f in checked.faults]}
    )
    if json:
        print_json({"template": checked.template, "cases": checked.cases, "faults": records(faults)})
    elif checked.faults:
        print_table(faults, title=f"Template {checked.template}: {len(faults)} faults")
    else:
        print(f"Template {checked.template}: no fault in {checked.cases} cases")
    return FAULTS_FOUND if checked.faults else 0
