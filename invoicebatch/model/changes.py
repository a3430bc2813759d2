"""What an action gets and what it gives back: batches, changes, files and row failures, all data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal, TypeVar

import numpy as np
import pandas as pd

Frames = Mapping[str, pd.DataFrame]
Known = TypeVar("Known")


def no_failures() -> pd.DataFrame:
    """`failures` of no rows."""
    return pd.DataFrame({"invoice_id": pd.Series(dtype="int64"), "reason": pd.Series(dtype="str")})


def failures(invoice_id: "pd.Series[int]", reason: "pd.Series[str] | str") -> pd.DataFrame:
    """Why rows fail, are refused or left unchanged: `invoice_id` int64, `reason` str, one row an invoice."""
    frame = pd.DataFrame({"invoice_id": invoice_id.astype("int64")})
    frame["reason"] = reason
    return frame.astype({"reason": "str"}).reset_index(drop=True)


def where_said(invoice_id: "pd.Series[int]", reason: "pd.Series[str]") -> pd.DataFrame:
    """`failures` of the rows that have a reason; an empty text is none."""
    said = reason != ""
    return failures(invoice_id[said], reason[said])


def joined(rows: pd.DataFrame) -> "pd.Series[str]":
    """All reasons of an invoice as one text, indexed by invoice id in the order they come."""
    texts = rows.drop_duplicates("invoice_id").set_index("invoice_id")["reason"]
    several = rows[rows["invoice_id"].duplicated(keep=False)]
    if len(several):  # few have more than one, and a text each is the costly part
        together = several.groupby("invoice_id", sort=False)["reason"].agg("; ".join)
        texts.loc[together.index] = together
    return texts


def repeated(text: str, frame: pd.DataFrame) -> "pd.Categorical[Any]":
    """The same text for each row of a frame, held once."""
    return pd.Categorical.from_codes(np.zeros(len(frame), np.int8), dtype=pd.CategoricalDtype([text]))


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows an action works on.

    Attributes:
        invoices: overview columns of the rows, in the run's order, RangeIndex; plus `part`
            (str), empty where there is none.
        tables: the tables the action reads, restricted to these rows (party tables: to the
            parties these rows name).
        files: files made for these rows so far: invoice_id Int64, name, path, sha256 str, size
            int64 (bytes), and one column per key of `Artefact.details`.
        failed: rows whose files could not be made: invoice_id int64, reason str.
        unchanged: rows whose files would come out as they are: invoice_id int64, reason str.
        known: what was worked out of this reading already, see `once`.
    """

    invoices: pd.DataFrame
    tables: Frames = field(default_factory=dict)
    files: pd.DataFrame = field(default_factory=pd.DataFrame)
    failed: pd.DataFrame = field(default_factory=no_failures)
    unchanged: pd.DataFrame = field(default_factory=no_failures)
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.invoices)

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    def once(self, name: str, work: Callable[[], Known]) -> Known:
        """What `work` gives, worked out once a reading: checks, files and changes of a run share it."""
        if name not in self.known:
            self.known[name] = work()
        found: Known = self.known[name]
        return found

    @property
    def good(self) -> pd.DataFrame:
        """Invoices whose files were made: neither in `failed` nor in `unchanged`."""
        left = pd.concat([self.failed["invoice_id"], self.unchanged["invoice_id"]])
        return self.invoices[~self.invoices["invoice_id"].isin(left)].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an action wants changed; the engine commits all of it or none.

    Attributes:
        updates: by table, frames of the key and the changed columns (frame names). For
            `invoices` the engine adds the version check. A frame of another table may hold a
            column `version`, the one that was read: it is checked and raised by one likewise.
        inserts: by table, frames of whole rows; columns left out take their default.
        deletes: by table, frames of the keys; rows of tables that hang on a deleted invoice go too.
        numbers: rows that get the next number of their series, in this order: invoice_id int64,
            company_account_id str, series str, invoice_date datetime64.
        failures: rows that could not be done: invoice_id int64, reason str. A failed row may
            still be in `updates` (its status becomes a failed one).
        unchanged: rows for which there was nothing to do: invoice_id int64, reason str.
        notes: what the event of a row keeps for its history: invoice_id int64, reason str.
        totals: sums for the report, by name; `*_cents` are cents.
    """

    updates: Frames = field(default_factory=dict)
    inserts: Frames = field(default_factory=dict)
    deletes: Frames = field(default_factory=dict)
    numbers: pd.DataFrame | None = None
    failures: pd.DataFrame = field(default_factory=no_failures)
    unchanged: pd.DataFrame = field(default_factory=no_failures)
    notes: pd.DataFrame = field(default_factory=no_failures)
    totals: Mapping[str, int] = field(default_factory=dict)


Content = bytes | Callable[[BinaryIO], None]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file to publish: its name and its bytes, or a function that writes them to an open file.

    It is written once, before the next file or failure is asked for.

    `place` is `run` for the run's own folder (what the person asked for) or `documents` for the
    archive of stored documents, where `name` may hold folders.
    """

    name: str
    content: Content
    invoice_id: int | None = None
    place: Literal["run", "documents"] = "run"
    details: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowFailure:
    """One row whose file could not be made, and why."""

    invoice_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class RowUnchanged:
    """One row whose file would come out as it is, and since when."""

    invoice_id: int
    reason: str


Prepared = Artefact | RowFailure | RowUnchanged
"""What the files of an action come to, row by row."""
