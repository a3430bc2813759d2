"""The rows of a selection sheet: verdicts in words, profiles for the drop-down, hidden keys.

A combination of verdicts is put into words once, however many rows share it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.formats.workbook.sheet.keys import row_checks
from invoicebatch.formats.workbook.sheet.model import NO_ACTION, SheetAction, SheetMeta, SheetRows, Texts

Bools = npt.NDArray[np.bool_]


class Verdicts:
    """What the actions make of rows, gathered piece by piece: two numbers a row, and each part of a text once."""

    def __init__(self, titles: Sequence[str], rows: int) -> None:
        self.allowed = np.zeros(rows, np.uint64)
        self.why_not = np.zeros(rows, np.int32)
        self._titles = titles
        self._parts: dict[str, int] = {}
        self._texts: dict[tuple[int, ...], int] = {(): 0}

    @property
    def texts(self) -> Texts:
        """What `why_not` numbers."""
        return Texts(list(self._parts), list(self._texts))

    def add(
        self, places: npt.NDArray[np.int64], allowed: Sequence[Bools], reasons: Sequence["pd.Series[str]"]
    ) -> None:
        """Some more rows.

        Args:
            places: where they stand among all.
            allowed: by action, in the order of the titles, which of them allow it.
            reasons: likewise, why the others don't: a category.
        """
        words = np.zeros(len(places), np.uint64)
        for bit, rows in enumerate(allowed):
            words |= rows.astype(np.uint64) << np.uint64(bit)
        self.allowed[places] = words
        codes, texts = _combined(self._titles, reasons, len(places))
        made_of = (tuple(self._parts.setdefault(part, len(self._parts)) for part in parts) for parts in texts)
        known = [self._texts.setdefault(parts, len(self._texts)) for parts in made_of]
        self.why_not[places] = np.array(known, np.int32)[codes]


def action_profiles(
    actions: Sequence[SheetAction], allowed: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], list[list[str]]]:
    """Which set of actions each row allows: its number from 1, and the titles of each set."""
    codes, distinct = pd.factorize(allowed)
    lists = [
        [action.title for bit, action in enumerate(actions) if (int(word) >> bit) & 1] for word in distinct
    ]
    return codes.astype(np.int64) + 1, lists


def _combined(
    titles: Sequence[str], reasons: Sequence["pd.Series[str]"], rows: int
) -> tuple[npt.NDArray[np.int64], list[list[str]]]:
    """What each row refuses and why, actions with one reason together: its number, and the words of each combination."""
    combined = np.zeros(rows, dtype=np.int64)
    for each in reasons:
        codes, distinct = pd.factorize(each)
        combined, _ = pd.factorize(combined * (len(distinct) + 1) + codes)
    _, first = np.unique(combined, return_index=True)
    columns = [each.take(first).tolist() for each in reasons]
    return combined, [_in_words(titles, [column[place] for column in columns]) for place in range(len(first))]


def _in_words(titles: Sequence[str], reasons: Sequence[str]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for title, reason in zip(titles, reasons, strict=True):
        if reason:
            by_reason.setdefault(reason, []).append(title)
    return [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]


class SheetBody:
    """The rows of a sheet as it shows them, by frame name; of `why_not` the place among the texts, int32."""

    def __init__(self, rows: SheetRows, actions: Sequence[SheetAction], meta: SheetMeta) -> None:
        self._profiles, self.lists = action_profiles(actions, rows.allowed)
        self._rows = rows
        self._meta = meta
        self._currencies = {currency: number for number, currency in enumerate(rows.currencies, 1)}

    def pieces(self) -> Iterator[pd.DataFrame]:
        """All rows in their order, some thousand a frame."""
        start = 0
        for frame in self._rows.read():
            yield self._piece(frame, slice(start, start + len(frame)))
            start += len(frame)

    def _piece(self, frame: pd.DataFrame, at: slice) -> pd.DataFrame:
        rows = frame.copy(deep=False)
        versions = rows["document_version"].fillna(0).astype("int64")
        labels = {version: f"v{version}" if version else None for version in versions.unique().tolist()}
        rows["document"] = versions.map(labels).astype("str")
        rows["why_not"] = self._rows.why_not[at]
        rows["profile"] = self._profiles[at]
        for currency in rows["currency"].dropna().unique():  # it may have changed since the rows were judged
            self._currencies.setdefault(currency, len(self._currencies) + 1)
        rows["currency_no"] = rows["currency"].map(self._currencies)
        keys = rows[["invoice_id", "version", "number", "customer_id", "total_cents"]]
        checks = row_checks(self._meta.selection_id, keys.itertuples(index=False, name=None))
        rows["check"] = pd.Series(checks, dtype="str", index=rows.index)
        allowed = self._rows.allowed[at] != 0
        rows["action"] = pd.Series(NO_ACTION, dtype="str", index=rows.index).mask(allowed)
        for name in ("run", "parameters"):
            rows[name] = pd.Series([None] * len(rows), dtype="str", index=rows.index)
        return rows
