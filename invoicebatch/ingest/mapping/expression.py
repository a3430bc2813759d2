"""Expressions of mappings: the language over the cells of a file, which are texts or empty.

An empty cell makes arithmetic empty and a comparison false; `not X` asks whether X is empty. A cell that is
no number or date where one is needed is a fault of that row only.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.errors import RulesError
from invoicebatch.expressions import Expression, ExpressionError, Field, Function, Vocabulary
from invoicebatch.expressions import compile_expression as compiled
from invoicebatch.expressions.functions import FUNCTIONS, NARROW
from invoicebatch.ingest.cells import OTHER_NUMBER, Cells, Mask
from invoicebatch.ingest.dates import check_format, pattern, to_dates
from invoicebatch.ingest.kinds import listed
from invoicebatch.ingest.numbers import DecimalMark, to_decimals
from invoicebatch.ingest.readers.clean import too_long


@dataclass(frozen=True, slots=True)
class CellRows:
    """The rows of one file, as `expressions` asks for them.

    Attributes:
        active: the rows whose faults count.
        faults: cells that could not be read as the number or date an expression needs:
            header, mask, reason.
    """

    cells: Cells
    mark: DecimalMark
    active: Mask
    faults: list[tuple[str, Mask, str]] = field(default_factory=list)
    _numbers: dict[str, tuple[pa.Array, Mask]] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Cells, mark: DecimalMark) -> "CellRows":
        """All rows of a file."""
        return cls(cells, mark, np.ones(len(cells), dtype=bool))

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.cells)

    def where(self, mask: Mask) -> "CellRows":
        """The same rows; faults count where the mask holds."""
        return replace(self, active=self.active & mask)

    def values(self, header: Field) -> pa.Array:
        """The cells under a header."""
        if (untold := self.cells.untold.get(header.column)) is not None and untold.any():
            lost = untold & too_long(self.cells.numbers[header.column])
            self.blame(header.column, lost, "has more digits than a spreadsheet keeps: format it as text")
        if (unshown := self.cells.unshown.get(header.column)) is not None:
            self.blame(header.column, unshown, OTHER_NUMBER)
        return self.cells.columns[header.column]

    def present(self, header: Field) -> Mask:
        """Where a cell is not empty."""
        return np.asarray(pc.is_valid(self.values(header)))

    def decimals(self, values: pa.Array, header: str) -> pa.Array:
        """Texts as exact decimals; the cells of a header are read once."""
        held = self.cells.numbers.get(header, values)
        numbers, bad = self._numbers.get(header) or self._read(held, self.cells.native.get(header))
        if header:
            self._numbers[header] = numbers, bad
        self.blame(header, bad, "is not a number of at most 6 decimals")
        return numbers

    def _read(self, values: pa.Array, native: Mask | None) -> tuple[pa.Array, Mask]:
        numbers, bad = to_decimals(values, self.mark, native)
        rounded = pc.round(numbers, 6)
        unfit = np.asarray(pc.fill_null(pc.not_equal(numbers, rounded), False))
        kept = pc.if_else(pa.array(unfit), pa.scalar(None, rounded.type), rounded)
        return kept.cast(NARROW), bad | unfit

    def blame(self, header: str, bad: Mask, reason: str) -> None:
        """Name the active rows among the bad ones."""
        if (bad & self.active).any():
            self.faults.append((header, bad & self.active, reason))


def compile_expression(
    text: str, where: str, wanted: Literal["condition", "value", "number"] = "value"
) -> Expression:
    """Check an expression.

    Args:
        text: such as `Quantity * UnitPrice` or `'credit_note' if starts_with(No, 'C') else 'invoice'`;
            `&` joins texts, `not X` asks whether X is empty, `column('Unit price')` reads any header.
        where: file and key, for the message.
        wanted: a condition, any value, or the value of a number column.

    Raises:
        RulesError: not an expression, or a form that is not allowed.
    """
    try:
        return compiled(text, CELL_WORDS, wanted)
    except (ExpressionError, RulesError) as error:
        raise RulesError(f"{where}: {error.args[0]} in {text!r}", _HINT) from error


def evaluate(expression: Expression, rows: CellRows, where: str) -> Any:
    """A condition as numpy yes/no, a value as an Arrow array: string, decimal, date32 or boolean.

    Raises:
        RulesError: a header is not in the file, or a number is too long.
    """
    missing = [name for name in sorted(expression.columns) if name not in rows.cells.columns]
    if missing:
        raise RulesError(
            f"{where}: {rows.cells.file} has no column {', '.join(missing)}",
            f"{_spelled(expression.text, rows.cells)}Columns found: {listed(rows.cells.columns)}",
        )
    try:
        return expression.run(rows)
    except pa.ArrowInvalid as error:
        raise RulesError(
            f"{where}: {expression.text!r} leads to numbers too long to hold exactly",
            "Wrap a part in round(…, 6).",
        ) from error


def _spelled(text: str, cells: Cells) -> str:
    """How the headers are written that stand in the text as if they were plain words."""
    odd = [header for header in cells.columns if not header.isidentifier() and header in text]
    return f"Write {', '.join(f'column({header!r})' for header in odd)}. " if odd else ""


def _date(rows: CellRows, header: str, values: pa.Array, date_format: str) -> pa.Array:
    dates, bad = to_dates(values, date_format)
    if bad.any():
        check_format(values, date_format, f"{rows.cells.file}, column {header}")
    rows.blame(header, bad, f"is no date (expected {date_format})")
    return dates


CELL_WORDS: Final = Vocabulary(
    headers=True,
    functions={**FUNCTIONS, "date": Function(_date, gives="date", literals=(str,), check=pattern)},
)
"""Any header of a file, as text, and functions of texts, numbers and dates."""
_HINT: Final = (
    "Allowed: column names, texts in quotes, numbers, + - * /, & to join texts, comparisons, in, is None, and, "
    f"or, not, … if … else …, and {', '.join(CELL_WORDS.functions)}."
    " A header that is no plain word is written column('E-mail')."
)
