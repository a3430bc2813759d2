"""Commands on a workspace as a whole: init, import, doctor."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
from cyclopts import Parameter

from invoicebatch.engine.plan.records import records
from invoicebatch.errors import UsageError
from invoicebatch.ingest.kinds import KINDS
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.cli.common import (
    SOME_NOT_DONE,
    JsonOption,
    WorkspaceOption,
    opened,
    print_json,
    print_table,
)
from invoicebatch.interfaces.cli.explain import problems
from invoicebatch.model.counted import counted
from invoicebatch.model.status import Series

_KINDS: Final = (
    f"What the files hold: {', '.join(KINDS)} or ubl; found out from names and columns where it can be. "
    f"number_ranges name the series {' and '.join(Series)}, each with a pattern such as {{year}}-{{seq:06d}}. "
    "open_items are what is still to be paid of an earlier system's invoices: number, customer, date, due_date, "
    "outstanding. history is what it billed, for the review: customer_id, period_start, period_end, total"
)


def init(
    folder: Path,
    *,
    sample: Annotated[bool, Parameter(negative="", help="Fill it with sample data")] = False,
    invoices: Annotated[int, Parameter(help="Number of sample invoices")] = 400,
    seed: Annotated[int, Parameter(help="Seed of the sample")] = 1,
    faults: Annotated[
        bool, Parameter(negative="", help="With --sample: a year of bills, and a run with faults to be found")
    ] = False,
    adopt: Annotated[
        bool, Parameter(negative="", help="It is a copy of another; make it a workspace of its own")
    ] = False,
) -> int:
    """Make a workspace in a folder; what is there already is left alone."""
    if invoices < 1:
        raise UsageError("--invoices must be 1 or more.")
    workspace = init_workspace(folder, adopt=adopt)
    print(f"Workspace: {workspace.root}")
    if sample:
        count = workspace.load_sample(invoices, seed, faults=faults)
        print(f"Sample: {counted(count, 'invoice')} of three company accounts")
        if faults:
            print("Find what is odd with: invoicebatch review; planted.csv says what was planted.")
    return 0


def backup(
    file: Path,
    *,
    earlier: Annotated[
        Path | None, Parameter(help="An earlier backup; files that it holds are left out")
    ] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Back everything up to a new ZIP file, also while a run is at work."""
    files = opened(workspace).backup(file, earlier=earlier)
    here = [one for one in files if not one.held_by]
    sizes = {"files": len(files), "written": len(here), "bytes": sum(one.size for one in here)}
    if json:
        print_json({"file": str(file), **sizes})
    else:
        before = (
            f", {counted(len(files) - len(here), 'file')} in earlier backups"
            if len(files) > len(here)
            else ""
        )
        print(f"Backup: {file} ({counted(len(here), 'file')}, {sizes['bytes'] / 1e6:,.1f} MB{before})")
    return 0


def restore(file: Path, folder: Path, *, json: JsonOption = False) -> int:
    """Restore a backup into a new folder; every file is checked by its hash."""
    from invoicebatch.files.backup import read_manifest, restore_backup

    about, _ = read_manifest(file)
    files = restore_backup(file, folder)
    workspace = open_workspace(folder)
    inside = workspace.data.is_relative_to(workspace.root)
    if json:
        print_json({"folder": str(workspace.root), "files": len(files), **about})
    else:
        print(f"Restored: {workspace.root} ({counted(len(files), 'file')}), as of {about['at']} UTC")
        print("Where the original is still there, this is a copy that can only be read: init --adopt")
    if not inside:
        print(
            f"Its settings name another data folder ({workspace.data}): set data = 'data' before you use it."
        )
    return 0


def import_files(
    *files: Path,
    kind: Annotated[
        str | None,
        Parameter(help=_KINDS),
    ] = None,
    map: Annotated[
        Path | None, Parameter(name=["--map", "--mapping"], help="Mapping file for foreign columns")
    ] = None,
    guess: Annotated[
        bool,
        Parameter(
            negative="",
            help="Import nothing: propose a mapping, written to rules/mappings or to the file of --map",
        ),
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Import files; every refused row is named, and written to a refused-rows file."""
    if not files:
        raise UsageError("Name at least one file to import.", "invoicebatch import FILE...")
    if guess:
        return _guess(files, kind, map, json=json, workspace=workspace)
    report = opened(workspace).import_files(files, kind=kind, mapping=map)
    if json:
        print_json(report.to_dict())
    else:
        print_table(report.counts, title=f"{counted(report.read, 'row')} read")
        if len(report.refused):
            rows = len(report.refused[["file", "row"]].drop_duplicates())
            print_table(_by_reason(report.refused), title=f"Refused: {counted(rows, 'row')}", limit=20)
            print_table(report.refused, title="The first of them", limit=10)
            print(f"All refused rows: {report.refused_file}")
        if len(report.doubted):
            print_table(
                report.doubted, title=f"Taken with a doubt: {counted(len(report.doubted), 'cell')}", limit=20
            )
        for note in report.notes:
            print(f"Note: {note}")
    return SOME_NOT_DONE if len(report.refused) else 0


def _guess(
    files: Sequence[Path], kind: str | None, to: Path | None, *, json: bool, workspace: Path | None
) -> int:
    """Propose a mapping and say what it would do; exit code 3 where rows would be refused."""
    if len(files) != 1:
        raise UsageError("A mapping is proposed for one file at a time.", "invoicebatch import FILE --guess")
    found = opened(workspace).propose_mapping(files[0], kind=kind, to=to)
    if json:
        print_json(found.to_dict())
        return SOME_NOT_DONE if found.fault or len(found.refused) else 0
    print(found.proposal.toml)
    print(f"Written to {found.path}. Nothing was imported.")
    if found.proposal.doubts:
        print(f"Not sure ({len(found.proposal.doubts)}):")
    for number, doubt in enumerate(found.proposal.doubts, start=1):
        print(f"{number:>3}. {doubt}")
    if found.fault:
        print(f"As it stands it can't be imported: {found.fault}")
    else:
        print_table(found.counts, title="As it stands, an import would take")
    if len(found.refused):
        rows = len(found.refused[["file", "row"]].drop_duplicates())
        print_table(_by_reason(found.refused), title=f"It would refuse {counted(rows, 'row')}", limit=20)
    print(f"Then: invoicebatch import {shlex.quote(str(files[0]))} --map {shlex.quote(_short(found.path))}")
    return SOME_NOT_DONE if found.fault or len(found.refused) else 0


def _short(path: Path) -> str:
    """A mapping in rules/mappings by its name alone."""
    return path.stem if path.parent.name == "mappings" else str(path)


def _by_reason(refused: pd.DataFrame) -> pd.DataFrame:
    """How many cells each reason names; what differs from row to row is left out."""
    place = r"[\w.-]+ row \d+|row \d+( of [\w.-]+)?( has .*)?|^\d+(?= cells)"
    reason = refused["reason"].str.replace(place, "…", regex=True)
    return reason.value_counts().rename_axis("reason").reset_index(name="cells")[["cells", "reason"]]


def doctor(
    *,
    explain: Annotated[
        bool, Parameter(negative="", help="Problems and their solutions, with how many rows have each")
    ] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> int:
    """Audit the workspace; exit code 3 where something is wrong."""
    ws = opened(workspace)
    if explain:
        return _explain(ws, json=json)
    found = ws.doctor()
    if json:
        print_json(records(found))
        return SOME_NOT_DONE if len(found) else 0
    if found.empty:
        print("All is well: numbers, documents, totals, claims, messages, events and archive.")
    else:
        print_table(found, title=counted(len(found), "problem"), limit=100)
    if len(old := ws.may_go()):
        print_table(old, title=f"{counted(len(old), 'document')} that no law keeps any more", limit=100)
    return SOME_NOT_DONE if len(found) else 0


def _explain(ws: Workspace, *, json: bool) -> int:
    """Every problem with its solution; those that rows have come first."""
    found = pd.DataFrame(problems(), columns=["name", "where", "solution"]).rename(
        columns={"name": "problem"}
    )
    counts = [len(ws.select(where=where)) if isinstance(where, str) else None for where in found["where"]]
    found.insert(0, "rows", pd.Series(counts, dtype="Int64"))
    found = found.sort_values("rows", ascending=False, kind="stable", na_position="last", ignore_index=True)
    if json:
        print_json(records(found))
    else:
        print_table(
            found[["rows", "problem", "solution"]], title="Problems and their solutions", limit=len(found)
        )
    return 0
