"""Judging the rows of a sheet by themselves: ticks, keys, duplicates; each doubt named by its cell.

Needs no workspace: whether a row's invoice exists and allows its action is judged in `plan`.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.files.spreadsheet import Fault
from invoicebatch.formats.workbook.sheet.keys import row_checks
from invoicebatch.formats.workbook.sheet.model import NO_ACTION
from invoicebatch.model.ticks import tick

_COLUMNS: Final = {
    "row": "int64", "hidden": "bool", "invoice_id": "Int64", "version": "Int64", "number": "str",
    "ticked": "bool", "action": "str", "parameters": "str", "problem": "str",
}  # fmt: skip

_PIECE: Final = 1 << 16
"""Rows that are Python values at once."""

SORTED_APART = (
    "the key of this row does not belong to the number, customer and total beside it: a key was changed, or "
    "some columns were sorted without the others"
)


def judge_rows(
    rows: Iterable[tuple[int, bool, Mapping[str, Any]]], selection_id: str, letters: Mapping[str, str]
) -> pd.DataFrame:
    """The frame of `SheetFile.rows`.

    Args:
        rows: row number, whether it is hidden, and values by column.
        selection_id: of the sheet; the check values hang on it.
        letters: letter of each column, to name cells.
    """
    judged = (
        _judged(number, values, selection_id, letters, hidden=hidden) for number, hidden, values in rows
    )
    listed = (row for row in judged if row is not None)
    frames = [_frame([])]
    while some := list(islice(listed, _PIECE)):
        frames.append(_frame(some))
    return _name_duplicates(pd.concat(frames, ignore_index=True))


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True))).astype(_COLUMNS)


def _judged(
    number: int, values: Mapping[str, Any], selection_id: str, letters: Mapping[str, str], *, hidden: bool
) -> tuple[Any, ...] | None:
    """One row of the frame; None for an empty one."""
    invoice_id, version = _whole(values.get("invoice_id")), _whole(values.get("version"))
    mark, action = values.get("run"), values.get("action")
    if mark is None and invoice_id is None and action is None:
        return None
    ticked = tick(mark) if not isinstance(mark, Fault) else None
    problems = []
    if ticked is None:
        shown = mark.text if isinstance(mark, Fault) else repr(mark)
        problems.append(f"{letters['run']}{number}: {shown} is neither a tick nor empty")
    if ticked:
        problems += _problems(number, values, selection_id, letters)
    words = (
        "" if action is None or isinstance(action, Fault) or str(action).strip() == NO_ACTION else str(action)
    )
    return (
        number, hidden, invoice_id, version, _text(values.get("number")), bool(ticked), words.strip(),
        _text(values.get("parameters")), "; ".join(problems),
    )  # fmt: skip


def _problems(
    number: int, values: Mapping[str, Any], selection_id: str, letters: Mapping[str, str]
) -> list[str]:
    """What is wrong with a ticked row by itself."""
    invoice_id, version = _whole(values.get("invoice_id")), _whole(values.get("version"))
    if invoice_id is None or version is None:
        place = letters["invoice_id" if invoice_id is None else "version"]
        return [f"{place}{number}: this row has no key; was it inserted by hand?"]
    key = (invoice_id, version, values.get("number"), values.get("customer_id"), _cents(values.get("total")))
    if row_checks(selection_id, [key]) != [_text(values.get("check"))]:
        return [f"{letters['check']}{number}: {SORTED_APART}"]
    return [
        f"{letters[name]}{number}: {value.text}"
        for name in ("action", "parameters")
        if isinstance(value := values.get(name), Fault)
    ]


def _name_duplicates(frame: pd.DataFrame) -> pd.DataFrame:
    """Of several ticked rows of one invoice the first counts, unless they say different things."""
    ticked = frame[frame["ticked"] & frame["invoice_id"].notna() & (frame["problem"] == "")]
    again = ticked[ticked.duplicated("invoice_id", keep=False)]
    if again.empty:
        return frame
    problems = frame["problem"].to_numpy(object).copy()
    for _, group in again.groupby("invoice_id", sort=False):
        rows = group["row"].tolist()
        same = len(group[["action", "parameters"]].drop_duplicates()) == 1
        for index in group.index[1:] if same else group.index:
            others = ", ".join(str(row) for row in rows if row != frame.loc[index, "row"])
            words = (
                f"the same invoice as row {rows[0]}" if same else f"also ticked in row {others}, differently"
            )
            problems[np.flatnonzero(frame.index == index)] = words
    return frame.assign(problem=pd.Series(problems, index=frame.index, dtype="str"))


def _whole(value: Any) -> int | None:
    """A whole number, written as number or text."""
    if isinstance(value, bool) or value is None or isinstance(value, Fault):
        return None
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number < 2**53 else None


def _text(value: Any) -> str:
    if value is None or isinstance(value, Fault):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _cents(value: Any) -> int | str:
    """Cents of an amount as a sheet holds it; what is none can't match any check."""
    try:
        return round(float(str(value).strip()) * 100)
    except (ValueError, OverflowError):
        return str(value)
