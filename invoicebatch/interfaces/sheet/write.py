"""`sheet write`: the selection sheet of a selection, with what each row allows today."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.batches import ALWAYS
from invoicebatch.engine.base.pieces import detached
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import InputFileError, RulesError, SelectionError
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.sheet.delimited import write_sheet_csv
from invoicebatch.formats.workbook.sheet.model import SheetAction, SheetMeta, sheet_rows_needed
from invoicebatch.formats.workbook.sheet.write import write_sheet
from invoicebatch.interfaces.sheet.parameters import sheet_parameters
from invoicebatch.model.action import Action

MOST_ROWS: Final = 1_000_000


def sheet(selection: Selection, path: str | Path) -> Path:
    """Write the selection as a sheet (`.xlsx`, or `.csv` for people without Excel); returns the path.

    Raises:
        SelectionError: nothing is selected, or more rows than a sheet holds.
        InputFileError: neither .xlsx nor .csv, or the file exists already.
        StorageError: the folder can't be written.
    """
    target = Path(path)
    writers = {".xlsx": write_sheet, ".csv": write_sheet_csv}
    if target.suffix.lower() not in writers:
        raise InputFileError(f"{target.name} is neither .xlsx nor .csv", "Name the sheet F.xlsx or F.csv.")
    if selection.workspace.store.of_archive:
        raise SelectionError(
            "A sheet holds live documents.", "Bring archived ones back: invoicebatch archive restore"
        )
    if not 0 < len(selection) <= MOST_ROWS:
        raise SelectionError(f"A sheet holds 1 to {MOST_ROWS:,} invoices; {len(selection):,} are selected.")
    frame, actions, meta = sheet_content(selection)
    write = writers[target.suffix.lower()]
    return write_whole(target, lambda out: write(out, frame, actions, meta))


def sheet_content(selection: Selection) -> tuple[pd.DataFrame, list[SheetAction], SheetMeta]:
    """Rows, actions and facts of a sheet of the selection."""
    workspace = selection.workspace
    frame, verdicts = _judged(selection)
    meta = SheetMeta(
        selection_id=str(uuid.uuid4()),
        workspace_id=workspace.id,
        made_at=clock.now(),
        user=workspace.user,
        selection=selection.description,
        language=workspace.settings.export.language,
    )
    offered = workspace.offered()
    titles = action_titles(offered)
    actions = [
        SheetAction(
            name,
            titles[name],
            action.help,
            *verdicts[name],
            sheet_parameters(action, workspace.settings, clock.today(), _choices(workspace, action)),
            action.confirm,
        )
        for name, action in offered.items()
    ]
    return frame, actions, meta


Verdict = tuple[npt.NDArray[np.bool_], "pd.Series[str]"]
"""Which rows allow an action, and why the others don't: a category."""


def _judged(selection: Selection) -> tuple[pd.DataFrame, dict[str, Verdict]]:
    """What a sheet shows of the rows, and what each action makes of them."""
    workspace = selection.workspace
    columns = list(dict.fromkeys([*ALWAYS, *sheet_rows_needed()]))
    names, frames = list(workspace.offered()), []
    allowed: dict[str, list[npt.NDArray[np.bool_]]] = {name: [] for name in names}
    reasons: dict[str, list[pd.Series[str]]] = {name: [] for name in names}
    workspace.keep_judged([*columns, *workspace.asked_of()])
    with workspace.store.read() as session:
        for frame in workspace.judged_pieces(session, selection.ids, further=columns):
            # what an action asks of its selection as a whole is judged over the ticked rows, when the sheet runs
            evaluation = workspace.evaluate(frame, picked_by_hand=True).of_rows()
            for name in names:
                allowed[name].append(evaluation.eligible(name))
                reasons[name].append(evaluation.reasons_by_code(name))
            frames.append(detached(frame[columns]))
    rows: pd.DataFrame = pd.concat(frames)
    frames.clear()
    order = np.argsort(rows.index.to_numpy())
    verdicts = {
        name: (
            np.concatenate(allowed[name])[order],
            pd.Series(pd.api.types.union_categoricals(reasons[name]).take(order)),
        )
        for name in names
    }
    return rows.take(order).reset_index(drop=True), verdicts


def _choices(workspace: WorkspaceBase, action: Action) -> Mapping[str, Mapping[str, str]]:
    """The values the workspace knows; a file of rules that can't be read is told where it is needed."""
    try:
        return workspace.choices(action)
    except RulesError:
        return {}


def action_titles(offered: Mapping[str, Action]) -> dict[str, str]:
    """What a sheet calls each action: its label, after its group where that says more; all distinct."""
    titles = {}
    for name, action in offered.items():
        group = action.group_label
        alone = action.label.casefold().startswith(group.casefold())
        titles[name] = action.label if alone else f"{group}: {action.label}"
    twice = [name for name, title in titles.items() if list(titles.values()).count(title) > 1]
    return titles | {name: name for name in twice}
