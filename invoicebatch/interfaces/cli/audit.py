"""Commands for auditors: a pack of some invoices, its check, and the head of the chain of events."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from invoicebatch.errors import InputFileError
from invoicebatch.files import verify_audit_pack
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    Select,
    WorkspaceOption,
    opened,
    print_json,
)
from invoicebatch.model.counted import counted

app = App(name="audit", help="Audit packs, and the chain of events.", help_format="plaintext")


@app.command
def write(
    file: Path,
    select: Select | None = None,
    *,
    gobd: Annotated[
        bool, Parameter(negative="", help="With the index that German tax auditors' programs read it by")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Write all that is known of the selected invoices to a ZIP that can be checked without this program."""
    ws = opened(workspace)
    selection = (select or Select()).of(ws, default_all=True)
    pack = ws.audit_pack(file, selection, gobd=gobd)
    if json:
        seals = {"head": pack.head, "manifest": pack.manifest_sha256}
        print_json(
            {
                "file": str(file),
                "invoices": len(selection),
                "files": len(pack.files),
                **seals,
                "missing": pack.missing,
            }
        )
    else:
        print(
            f"Audit pack: {file} ({counted(len(selection), 'invoice')}, {counted(len(pack.files), 'file')})"
        )
        print(f"Keep these two apart from it:\n  manifest {pack.manifest_sha256}\n  head     {pack.head}")
        print(f"Check it anywhere: python verify.py {file.name} --manifest {pack.manifest_sha256}")
        for name in pack.missing:
            print(f"Missing: {name}")
    return SOME_NOT_DONE if pack.missing else 0


@app.command
def verify(
    file: Path,
    *,
    manifest: Annotated[
        str, Parameter(help="Hash of the pack's list of files, as printed when it was written")
    ] = "",
    head: Annotated[str, Parameter(help="Head of the chain, as printed")] = "",
) -> int:
    """Check an audit pack: every altered, missing or added byte, event and change is named."""
    try:
        problems = verify_audit_pack.check(str(file), manifest, head)
        notes = [] if problems else verify_audit_pack.erased(str(file))
    except verify_audit_pack.NoPackError as error:
        raise InputFileError(str(error), "Choose another file.") from error
    print("\n".join(problems or [*notes, verify_audit_pack.WHOLE]))
    return SOME_NOT_DONE if problems else 0


@app.command
def head(*, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """The number and hash of the last batch of events: keep it, and no earlier event can change unseen."""
    with opened(workspace).store.read() as session:
        batch, sha256 = session.chain_head()
    if json:
        print_json({"batch": batch, "head": sha256})
    else:
        print(f"Batch {batch}: {sha256}" if batch else "There are no events yet.")
    return 0
