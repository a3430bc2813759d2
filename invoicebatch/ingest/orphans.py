"""Rows that name no document that is known: some document lacks them, so it is not taken either.

A line without an id, or with a mistyped one, can't be put back; but where it stands tells which
documents may be short of it.
"""

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.ingest.intake import Intake

PARTS: Final = ("lines", "allowance_charges", "vat_breakdown", "measurements", "attachments")
ADVANCE: Final = "advance_of_external_id"


def short_documents(intake: Intake, known: Collection[str]) -> pd.DataFrame:
    """Documents that may lack a row, to be refused: external_id, file, row, column, value, reason.

    Where a file names documents in the order of the invoices, these are all from the one before the row
    to the one after it; where it keeps the rows of each together, the two beside it and those it does not
    name; else all.

    Args:
        intake: what was read; rows of refused documents are gone from it already.
        known: external ids of the documents of this import and of the workspace.
    """
    rows = _part_rows(intake)
    lost = pd.concat([intake.orphans[intake.orphans["table"] != "invoices"], _unknown(intake, rows, known)])
    rows = rows[rows["external_id"].isin(known)]
    invoices = intake.frames["invoices"]["external_id"] if "invoices" in intake.frames else None
    places: dict[str, str] = {}
    for file, own in lost.groupby("file", sort=False):
        good = rows[rows["file"] == file]
        order = pd.Index((good["external_id"] if invoices is None else invoices).unique())
        for row, documents in _beside(good, own["row"].to_numpy(), order):
            places |= dict.fromkeys(documents, f"row {row} of {file}")
    return _refusals(intake, rows, places)


def _part_rows(intake: Intake) -> pd.DataFrame:
    """Document, file and row of all parts, in the order of their files."""
    parts = [
        intake.sources[table].assign(external_id=intake.frames[table]["external_id"])
        for table in PARTS
        if table in intake.frames
    ]
    if not parts:
        return pd.DataFrame(columns=["file", "row", "external_id"])
    return pd.concat(parts, ignore_index=True).sort_values(["file", "row"], kind="stable", ignore_index=True)


def _unknown(intake: Intake, rows: pd.DataFrame, known: Collection[str]) -> pd.DataFrame:
    """Rows of documents nobody knows, unless their invoices were refused for having no id."""
    found = rows[~rows["external_id"].isin(known)]
    nameless = int((intake.orphans["table"] == "invoices").sum())
    return found[["file", "row"]] if found["external_id"].nunique() > nameless else found[["file", "row"]][:0]


def _beside(
    good: pd.DataFrame, lost: npt.NDArray[np.int64], order: pd.Index
) -> Iterator[tuple[int, pd.Index]]:
    """Each lost row of a file with the documents that it may belong to."""
    ids = order.union(pd.Index(good["external_id"].unique()), sort=False)
    place = ids.get_indexer(pd.Index(good["external_id"]))
    together = int((place[1:] != place[:-1]).sum()) < good["external_id"].nunique()
    unnamed = ids[~ids.isin(good["external_id"])]
    after = np.searchsorted(good["row"].to_numpy(), lost)
    ends = np.concatenate([[0], place, [len(ids) - 1]])
    if (np.diff(place) >= 0).all():
        yield from ((row, ids[ends[at] : ends[at + 1] + 1]) for row, at in zip(lost, after, strict=True))
    elif together:
        yield int(lost[0]), unnamed
        yield from ((row, ids[ends[[at, at + 1]]]) for row, at in zip(lost, after, strict=True))
    else:
        yield int(lost[0]), ids


def lost_advances(intake: Intake, known: Collection[str]) -> pd.DataFrame:
    """Documents that deduct an advance nobody knows, to be refused; same columns."""
    lines = intake.frames.get("lines", pd.DataFrame())
    if ADVANCE not in lines:
        return pd.DataFrame(columns=["external_id", "file", "row", "column", "value", "reason"])
    wrong = lines[ADVANCE].notna() & ~lines[ADVANCE].isin(known)
    found = intake.sources["lines"].assign(external_id=lines["external_id"], value=lines[ADVANCE])[wrong]
    return found.assign(column=ADVANCE, reason="there is no invoice with this external id")


def _refusals(intake: Intake, rows: pd.DataFrame, places: dict[str, str]) -> pd.DataFrame:
    heads = [rows]
    if "invoices" in intake.frames:
        frame = intake.frames["invoices"]
        heads.insert(0, intake.sources["invoices"].assign(external_id=frame["external_id"]))
    found = pd.concat(heads, ignore_index=True)
    found = found[found["external_id"].isin(places)].drop_duplicates("external_id")
    place = found["external_id"].map(places).astype("str")
    reason = "may lack " + place + ", which names no document that is known"
    return found.assign(column="external_id", value=found["external_id"], reason=reason)
