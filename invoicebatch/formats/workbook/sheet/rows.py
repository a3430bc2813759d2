"""The rows of a selection sheet: verdicts in words, profiles for the drop-down, hidden keys.

Frames in, frames out; a combination of verdicts is put into words once, however many rows share it.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.formats.workbook.sheet.keys import row_checks
from invoicebatch.formats.workbook.sheet.model import NO_ACTION, SheetAction, SheetMeta

_PIECE: Final = 1 << 16
"""Rows whose keys are Python values at once."""


def action_profiles(
    actions: Sequence[SheetAction], rows: int
) -> tuple[npt.NDArray[np.int64], list[list[str]]]:
    """Which set of actions each row allows: its number from 1, and the titles of each set."""
    words = np.zeros(rows, dtype=np.uint64)
    for bit, action in enumerate(actions):
        words |= action.allowed.astype(np.uint64) << np.uint64(bit)
    codes, distinct = pd.factorize(words)
    lists = [
        [action.title for bit, action in enumerate(actions) if (int(word) >> bit) & 1] for word in distinct
    ]
    return codes.astype(np.int64) + 1, lists


def why_not(actions: Sequence[SheetAction], rows: int) -> "pd.Series[Any]":
    """What each row refuses and why, actions with one reason together: a category, each combination once."""
    combined = np.zeros(rows, dtype=np.int64)
    for action in actions:
        codes, reasons = pd.factorize(action.reasons)
        combined, _ = pd.factorize(combined * (len(reasons) + 1) + codes)
    _, first = np.unique(combined, return_index=True)
    titles = [action.title for action in actions]
    columns = [action.reasons.take(first).tolist() for action in actions]
    texts = [_in_words(titles, [reasons[place] for reasons in columns]) for place in range(len(first))]
    own, distinct = pd.factorize(np.array(texts, dtype=object))
    return pd.Series(pd.Categorical.from_codes(own[combined], pd.Index(distinct, dtype="str")))


def _in_words(titles: Sequence[str], reasons: Sequence[str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for title, reason in zip(titles, reasons, strict=True):
        if reason:
            by_reason.setdefault(reason, []).append(title)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def sheet_frame(
    frame: pd.DataFrame,
    actions: Sequence[SheetAction],
    meta: SheetMeta,
    profiles: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """The sheet's rows by frame name: what is shown, the verdict in words, and the hidden keys."""
    rows = frame.reset_index(drop=True).copy(deep=False)
    versions = rows["document_version"].fillna(0).astype("int64")
    labels = {version: f"v{version}" if version else None for version in versions.unique().tolist()}
    rows["document"] = versions.map(labels).astype("str")
    rows["why_not"] = why_not(actions, len(rows))
    rows["profile"] = profiles
    rows["currency_no"] = pd.factorize(rows["currency"].astype("str"))[0] + 1
    rows["check"] = _checks(rows, meta.selection_id)
    allowed = np.zeros(len(rows), dtype=bool)
    for action in actions:
        allowed |= action.allowed
    rows["action"] = pd.Series(NO_ACTION, dtype="str", index=rows.index).mask(allowed)
    for name in ("run", "parameters"):
        rows[name] = pd.Series([None] * len(rows), dtype="str", index=rows.index)
    return rows


def _checks(rows: pd.DataFrame, selection_id: str) -> "pd.Series[str]":
    keys = rows[["invoice_id", "version", "number", "customer_id", "total_cents"]]
    pieces = (keys.iloc[start : start + _PIECE] for start in range(0, len(keys), _PIECE))
    found = [row_checks(selection_id, piece.itertuples(index=False, name=None)) for piece in pieces]
    return pd.concat([pd.Series(one, dtype="str") for one in found]).set_axis(rows.index)
