"""The rows of a table that is written: in memory, or read piece by piece; what is known of all of them. No layout."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from invoicebatch.formats.workbook.cells import MAX_ROWS
from invoicebatch.formats.workbook.titles import LANGUAGES, Language, title
from invoicebatch.model.schema.types import Column, Type

TABLE_ROWS: Final = MAX_ROWS - 1
"""Most rows of a table below its header."""

Read = Callable[[Sequence[Column]], Iterator[pd.DataFrame]]
"""All rows with these columns, in order, some thousand a frame; may be called more than once."""


@dataclass(frozen=True, slots=True)
class TableExport:
    """What an export holds.

    Attributes:
        export: `invoices`, `lines`, `measurements` or `aging`.
        frame: the rows, columns by frame name; `currency` always, `unit` besides `usage`. Where `read`
            is given: the first of them, from which a workbook has its widths and Parquet its types.
        columns: the columns shown, in order.
        made_at: when the run was made, UTC; the file's own date.
        properties: facts about the file by name, such as run_id.
        language: of the titles.
        colours: font and background of cells by column and value.
        read: reads the rows, where they are too many to hold.
        rows: how many that gives.
    """

    export: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    made_at: datetime
    properties: Mapping[str, str] = field(default_factory=dict)
    language: Language = "en"
    colours: Sequence[tuple[str, str, str, str]] = ()
    read: Read | None = None
    rows: int = 0

    @property
    def titles(self) -> list[str]:
        """Titles of the columns; Excel tables ask for distinct ones."""
        seen: dict[str, int] = {}
        titles = []
        for column in self.columns:
            name = title(column.name, self.language)
            seen[name] = seen.get(name, 0) + 1
            titles.append(name if seen[name] == 1 else f"{name} {seen[name]}")
        return titles

    def words(self, words: Sequence[str]) -> str:
        """The word in the export's language."""
        return words[LANGUAGES.index(self.language)]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.frame) if self.read is None else self.rows

    def pieces(self) -> Iterable[pd.DataFrame]:
        """All rows, some at a time."""
        return [self.frame] if self.read is None else self.read(self.columns)

    def summable(self) -> Iterable[pd.DataFrame]:
        """All rows, of their columns those that `survey` looks at."""
        return [self.frame] if self.read is None else self.read([c for c in self.columns if _sums_up(c)])


@dataclass(frozen=True, slots=True)
class Survey:
    """What the head and the foot of a table say of its rows.

    Attributes:
        rows: how many.
        currencies: of the rows.
        sums: exact sums by stored name, of the columns that can be summed: money only where all rows are of
            one currency, usage only where all are of one unit.
    """

    rows: int
    currencies: frozenset[str]
    sums: Mapping[str, Decimal]


def survey(pieces: Iterable[pd.DataFrame], columns: Sequence[Column]) -> Survey:
    """Look once at all rows of a table; the columns are those it shows."""
    rows = 0
    currencies: set[str] = set()
    units: set[str] = set()
    found: dict[str, Decimal] = {}
    for frame in pieces:
        rows += len(frame)
        currencies.update(_values(frame, "currency"))
        units.update(_values(frame, "unit"))
        for column in columns:
            if _sums_up(column) and column.frame_name in frame:
                found[column.name] = found.get(column.name, Decimal(0)) + _sum(frame[column.frame_name])
    money = {column.name for column in columns if column.type is Type.MONEY}
    one = {name: len(currencies if name in money else units) for name in found}
    return Survey(
        rows,
        frozenset(currencies),
        {
            name: value.scaleb(-2) if name in money else value
            for name, value in found.items()
            if one[name] == 1
        },
    )


def _sums_up(column: Column) -> bool:
    return column.type is Type.MONEY or column.name == "usage"


def _values(frame: pd.DataFrame, name: str) -> Iterable[str]:
    return frame[name].astype("str").fillna("").unique() if name in frame else ()


def _sum(values: "pd.Series[Any]") -> Decimal:
    known = values.dropna()
    total: Any = known.sum() if len(known) else 0
    return Decimal(int(total) if values.dtype.kind in "iu" else total)


def regrouped(pieces: Iterable[pd.DataFrame], size: int) -> Iterator[Iterator[pd.DataFrame]]:
    """The rows in groups of `size`, each to be gone through before the next is asked for; none is read ahead."""
    left, rest = iter(pieces), list[pd.DataFrame]()

    def group(piece: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
        room = size
        while piece is not None and room:
            taken, beyond = piece.iloc[:room], piece.iloc[room:]
            room -= len(taken)
            if len(beyond):
                rest.append(beyond)
            yield taken
            piece = next(left, None) if room else None

    while (piece := rest.pop() if rest else next(left, None)) is not None:
        yield group(piece)
