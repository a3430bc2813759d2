"""What a selection sheet is made of: its columns, its actions and what it says about itself.

Data only; rows, looks and pages are the neighbours'.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.formats.workbook.titles import Language
from invoicebatch.model.schema import OVERVIEW, Column
from invoicebatch.model.schema.types import integer, text

SHEET: Final = "Invoices"
PARAMETERS: Final = "Parameters"
LISTS: Final = "_lists"
META: Final = "_meta"

HEADER_ROW: Final = 5
FIRST_ROW: Final = HEADER_ROW + 1
"""Where the invoices begin; above them title, instructions and totals."""

INPUTS: Final = ("run", "action", "parameters")
"""Columns a person fills in."""

SHOWN: Final = (
    "number", "customer_id", "customer_name", "kind", "status", "company_account_id", "invoice_date",
    "due_date", "currency", "total", "outstanding", "payment_status", "shipping_status", "export_status",
    "review", "review_reasons", "document",
)  # fmt: skip
"""Columns a person judges by, by stored name."""

SUMMED: Final = ("total", "outstanding")
"""Of these, what the head sums up."""

KEYS: Final = ("invoice_id", "version", "check")
"""Hidden columns that say which row it is."""

LAYOUT: Final = ("run", "action", *SHOWN, "parameters", "why_not", *KEYS, "profile", "currency_no")
"""All columns in order; the last two serve the drop-down and the totals."""

NO_ACTION: Final = "–"
"""What stands in the Action cell of a row that allows none."""

_OWN: Final = {
    "document": text("document", ""),
    "version": integer("version", ""),
    "profile": integer("profile", ""),
    "currency_no": integer("currency_no", ""),
}


@dataclass(frozen=True, slots=True)
class SheetParameter:
    """One parameter of an action: its name, type in words, default and choices as text, meaning."""

    name: str
    kind: str
    default: str
    choices: tuple[str, ...]
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class SheetAction:
    """An action that a sheet offers: what it is called, and what it does."""

    name: str
    title: str
    help: str
    parameters: Sequence[SheetParameter] = ()
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that share their parts, put together when they are asked for: whole, they take ten times the room.

    Attributes:
        parts: each once.
        made_of: of each text, the places of its parts; the first has none, it is empty.
    """

    parts: Sequence[str]
    made_of: Sequence[tuple[int, ...]]

    def __iter__(self) -> Iterator[str]:
        return ("; ".join([self.parts[place] for place in places]) for places in self.made_of)

    def __len__(self) -> int:
        return len(self.made_of)

    @property
    def size(self) -> int:
        """Bytes (UTF-8) of all of them."""
        sizes = [len(f"{part}; ".encode()) for part in self.parts]
        return sum(sum(map(sizes.__getitem__, places)) for places in self.made_of)


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows of a sheet: what was made of all of them, and how to read what is shown of each.

    Attributes:
        allowed: uint64, one a row: of each action, in the order of the bar, a bit: whether the row allows it.
        why_not: int32, one a row: which of the texts says what it refuses and why.
        texts: each combination of refusals in words, each once.
        currencies: of the rows, each once.
        sums: cents, by frame name of the column.
        read: all rows in their order, some thousand a frame, one frame at least: the overview columns of
            `sheet_rows_needed`, with `version` and what the review found as they were when the rows were judged.
    """

    allowed: npt.NDArray[np.uint64]
    why_not: npt.NDArray[np.int32]
    texts: Texts
    currencies: Sequence[str]
    sums: Mapping[str, int]
    read: Callable[[], Iterator[pd.DataFrame]]

    def __len__(self) -> int:
        return len(self.allowed)


@dataclass(frozen=True, slots=True)
class SheetMeta:
    """What a sheet says about itself, for people and for the reader."""

    selection_id: str
    workspace_id: str
    made_at: datetime
    user: str
    selection: str
    language: Language = "en"
    further: Mapping[str, str] = field(default_factory=dict)


def sheet_columns() -> dict[str, Column]:
    """The columns of SHOWN and the hidden ones, by stored name."""
    known = {d.column.name: d.column for d in OVERVIEW.values()}
    return {name: _OWN.get(name) or known.get(name) or text(name, "") for name in LAYOUT}


def sheet_rows_needed() -> tuple[str, ...]:
    """Frame names of the overview columns that a sheet's rows are made from."""
    columns = sheet_columns()
    shown = (columns[name].frame_name for name in SHOWN if name != "document")
    return ("invoice_id", "version", "document_version", *shown)
