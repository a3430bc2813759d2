"""The rows of one file as text, as the readers hand them over, and the refusals gathered on the way.

Nothing here knows a table or a column of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Mask = npt.NDArray[np.bool_]

SHOWN: Final = 200
"""Characters of a refused value that a report shows."""

REFUSED_COLUMNS: Final = ("file", "row", "column", "value", "reason")
OTHER_NUMBER: Final = "does not hold what it shows: its format rounds, scales or hides it; show the whole number or date, or round it"


class LostRow(NamedTuple):
    """A row that could not be read as the table it stands in: what its cells seem to be, by header."""

    row: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Cells:
    """One table of a file.

    Attributes:
        file: name of the file, with the sheet of a workbook that holds several.
        rows: int64, the row as a person sees it: the header is row 1.
        columns: by header, the text a cell shows, blanks trimmed, null where it is empty.
        native: by header, which cells the file itself holds as numbers; absent: none.
        lost: rows that were refused by the reader; their documents are not whole.
        places: headers by the column of a workbook, from 1.
        numbers: by header, what number cells hold where they may show it otherwise (0.21 as 21%).
        untold: by header, the cells of which no text can be told: dates, numbers that lost digits.
        unshown: by header, cells whose format shows another number (3 for 2.7), or less than the date.
    """

    file: str
    rows: npt.NDArray[np.int64]
    columns: Mapping[str, Any]
    native: Mapping[str, Mask] = field(default_factory=dict)
    lost: tuple[LostRow, ...] = ()
    places: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    untold: Mapping[str, Mask] = field(default_factory=dict)
    unshown: Mapping[str, Mask] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def lost_by(self, header: str | None) -> tuple[dict[str, str], tuple[int, ...]]:
        """Where the lost rows stand, by their cell under a header; and the rows where it is not known."""
        found = [((lost.cells.get(header) if header else None) or "", lost.row) for lost in self.lost]
        known = {cell.strip(): f"row {row} of {self.file}" for cell, row in found if cell.strip()}
        return known, tuple(row for cell, row in found if not cell.strip())

    def keep(self, mask: Mask) -> "Cells":
        """The rows where `mask` holds."""
        if bool(mask.all()):
            return self
        arrow_mask = pa.array(mask)
        return replace(
            self,
            rows=self.rows[mask],
            columns={name: values.filter(arrow_mask) for name, values in self.columns.items()},
            native={name: cells[mask] for name, cells in self.native.items()},
            numbers={name: values.filter(arrow_mask) for name, values in self.numbers.items()},
            untold={name: cells[mask] for name, cells in self.untold.items()},
            unshown={name: cells[mask] for name, cells in self.unshown.items()},
        )


def shown(value: Any) -> str:
    """A value as a report shows it, shortened."""
    text = "" if value is None or value is pd.NaT or value is pd.NA else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class Refusals:
    """Gathers refused (or doubtful) cells; each names file, row, column, value and reason."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(self, file: str, rows: Any, column: str, values: Any, reason: Any) -> None:
        """Add some cells of one column; `reason` is one text or one a row."""
        if len(rows) == 0:
            return
        listed = values.to_pylist() if isinstance(values, pa.Array) else list(values)
        frame = pd.DataFrame({"row": np.asarray(rows, dtype="int64")})
        frame["file"] = file
        frame["column"] = column
        frame["value"] = [shown(value) for value in listed]
        frame["reason"] = reason if isinstance(reason, str) else list(reason)
        self._parts.append(frame)

    def extend(self, frame: pd.DataFrame) -> None:
        """Add a frame of the five columns."""
        if len(frame):
            self._parts.append(frame)

    def frame(self) -> pd.DataFrame:
        """All cells: file str, row int64, column str, value str, reason str; by file and row."""
        if not self._parts:
            return pd.DataFrame(
                {c: pd.Series(dtype="int64" if c == "row" else "str") for c in REFUSED_COLUMNS}
            )
        whole = pd.concat(self._parts, ignore_index=True)[list(REFUSED_COLUMNS)]
        whole = whole.astype({c: "str" for c in REFUSED_COLUMNS if c != "row"})
        return whole.drop_duplicates().sort_values(["file", "row"], kind="stable", ignore_index=True)
