"""`sheet write`: the selection sheet of a selection, with what each row allows today."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.pieces import detached, joined
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import InputFileError, RulesError, SelectionError
from invoicebatch.files.spreadsheet_guard import MAX_STRINGS_BYTES
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.sheet.delimited import write_sheet_csv
from invoicebatch.formats.workbook.sheet.model import (
    SUMMED,
    SheetAction,
    SheetMeta,
    SheetRows,
    sheet_columns,
    sheet_rows_needed,
)
from invoicebatch.formats.workbook.sheet.rows import Verdicts
from invoicebatch.formats.workbook.sheet.write import write_sheet
from invoicebatch.interfaces.sheet.parameters import sheet_parameters
from invoicebatch.model.action import Action

MOST_ROWS: Final = 1_000_000
MOST_TEXT: Final = MAX_STRINGS_BYTES * 3 // 4
"""Bytes of reasons in a workbook, so that what is written can be read again; names take the rest."""

_PIECE: Final = 1 << 14
"""Rows that are read at once."""

_FINDINGS: Final = ["review", "review_reasons"]
_AS_JUDGED: Final = ["version", *_FINDINGS]
"""Columns that are shown as they were when the rows were judged; what the review found is forgotten with any change."""

Ids = npt.NDArray[np.int64]


def sheet(selection: Selection, path: str | Path) -> Path:
    """Write the selection as a sheet (`.xlsx`, or `.csv` for people without Excel); returns the path.

    Raises:
        SelectionError: nothing is selected, or more rows, or more text, than a sheet holds.
        InputFileError: neither .xlsx nor .csv, or the file exists already.
        StorageError: the folder can't be written.
        BusyError: another wrote for too long while the rows were read.
    """
    target = Path(path)
    writers = {".xlsx": write_sheet, ".csv": write_sheet_csv}
    kind = target.suffix.lower()
    if kind not in writers:
        raise InputFileError(f"{target.name} is neither .xlsx nor .csv", "Name the sheet F.xlsx or F.csv.")
    if selection.workspace.store.of_archive:
        raise SelectionError(
            "A sheet holds live documents.", "Bring archived ones back: invoicebatch archive restore"
        )
    if not 0 < len(selection) <= MOST_ROWS:
        raise SelectionError(f"A sheet holds 1 to {MOST_ROWS:,} invoices; {len(selection):,} are selected.")
    rows, actions, meta = sheet_content(selection)
    if kind == ".xlsx" and rows.texts.size > MOST_TEXT:
        raise SelectionError(
            f"Why these {len(rows):,} rows can't take this and that is more text than a workbook could be read with.",
            "Choose fewer rows, or write a .csv.",
        )
    return write_whole(target, lambda out: writers[kind](out, rows, actions, meta))


def sheet_content(selection: Selection) -> tuple[SheetRows, list[SheetAction], SheetMeta]:
    """Rows, actions and facts of a sheet of the selection; what is shown of the rows is read when they are asked for."""
    workspace = selection.workspace
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
            sheet_parameters(action, workspace.settings, clock.today(), _choices(workspace, action)),
            action.confirm,
        )
        for name, action in offered.items()
    ]
    return _judged(selection, titles), actions, meta


def _judged(selection: Selection, titles: Mapping[str, str]) -> SheetRows:
    """The rows of a sheet, and what each action makes of them."""
    workspace, ids = selection.workspace, selection.ids
    shown, today = sheet_rows_needed(), clock.today()
    summed = [sheet_columns()[name].frame_name for name in SUMMED]
    verdicts, kept = Verdicts([*titles.values()], len(ids)), []
    currencies, sums = set[str](), dict.fromkeys(summed, 0)
    workspace.keep_judged([*shown, *workspace.asked_of()])
    with workspace.store.read() as session:
        for frame in workspace.judged_pieces(session, ids, further=[*summed, *_AS_JUDGED]):
            # what an action asks of its selection as a whole is judged over the ticked rows, when the sheet runs
            evaluation = workspace.evaluate(frame, picked_by_hand=True).of_rows()
            allowed = [evaluation.eligible(name) for name in titles]
            reasons = [evaluation.reasons_by_code(name) for name in titles]
            verdicts.add(frame.index.to_numpy(), allowed, reasons)
            kept.append(detached(frame[_AS_JUDGED]).astype(dict.fromkeys(_FINDINGS, "category")))
            currencies |= set(frame["currency"].unique())
            sums |= {name: sums[name] + int(frame[name].sum()) for name in summed}
    judged = joined(kept, _FINDINGS).sort_index()
    known = judged.index.to_numpy()  # the others were deleted since they were selected
    return SheetRows(
        verdicts.allowed[known],
        verdicts.why_not[known],
        verdicts.texts,
        sorted(currencies),
        sums,
        partial(_read, workspace, ids[known], judged, [c for c in shown if c not in _AS_JUDGED], today),
    )


def _read(
    workspace: WorkspaceBase, ids: Ids, judged: pd.DataFrame, columns: Sequence[str], today: date
) -> Iterator[pd.DataFrame]:
    """Rows piece by piece, each by a connection of its own: nobody waits until the sheet is written.

    They keep the version in which they were judged, so one that changed since is refused when the sheet runs.
    """
    for start in range(0, max(len(ids), 1), _PIECE):
        wanted = ids[start : start + _PIECE]
        as_judged = judged.iloc[start : start + _PIECE].astype(dict.fromkeys(_FINDINGS, "str"))
        with workspace.store.read() as session:
            frame = session.overview(columns, today, wanted)
        if len(frame) < len(wanted):
            frame = _with_gone(frame, wanted)
        yield frame.assign(**{name: as_judged[name].array for name in _AS_JUDGED})


def _with_gone(frame: pd.DataFrame, ids: Ids) -> pd.DataFrame:
    """The rows with those that were deleted meanwhile, which show no text, and amounts of zero."""
    zeros = {name: 0 for name, dtype in frame.dtypes.items() if dtype == "int64"}
    whole = frame.set_index("invoice_id").reindex(ids).reset_index().fillna(zeros)
    return whole.astype(frame.dtypes.to_dict())


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
