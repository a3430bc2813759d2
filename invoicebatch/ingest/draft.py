"""Rows of one kind on their way to a table: cells by our column names, then typed and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.cells import OTHER_NUMBER, Cells, Mask, Refusals
from invoicebatch.ingest.convert import Fault, Writing, convert
from invoicebatch.ingest.dates import check_format
from invoicebatch.ingest.kinds import KindOfFile
from invoicebatch.model.money import to_decimal
from invoicebatch.model.schema import Column, Type
from invoicebatch.model.schema.types import TEXTS

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a draft.

    Attributes:
        cells: text, or what an expression gave.
        header: the file's column, for messages.
        native: cells that the file holds as numbers.
        scaled: cents or basis points already.
        date_format: order of day, month and year, where it differs from the file's.
        numbers: what number cells hold, where they show it otherwise.
        untold: cells of which no text can be told.
        unshown: number cells that show another number.
    """

    cells: pa.Array
    header: str
    native: Mask | None = None
    scaled: bool = False
    date_format: str | None = None
    numbers: pa.Array | None = None
    untold: Mask | None = None
    unshown: Mask | None = None

    def values(self, column: Column) -> pa.Array:
        """The cells as a column of that type takes them: a percentage and a text as they are shown."""
        shown = self.numbers is None or column.type in (*TEXTS, Type.PERCENT)
        return self.cells if shown else self.numbers

    def lost(self, column: Column) -> Fault:
        """Cells that can't be taken, as they do not hold what they show."""
        text = column.type is Type.TEXT
        cells = self.untold if text else self.unshown
        none = np.zeros(len(self.cells), dtype=bool)
        return Fault(none if cells is None else cells, NO_TEXT if text else OTHER_NUMBER)


def field_of(cells: Cells, header: str, *, scaled: bool = False) -> Field:
    """The column of a file under a header."""
    return Field(
        cells.columns[header],
        header,
        cells.native.get(header),
        scaled,
        numbers=cells.numbers.get(header),
        untold=cells.untold.get(header),
        unshown=cells.unshown.get(header),
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """Rows of one kind, by column name as stored (`total`, not `total_cents`).

    `lost` says where rows stand that the reader refused, by their document; `lost_rows` those of which no
    one can tell the document. `doubtful` are rows that already have a named fault, such as an expression
    that found no number. `skipped` are documents that are left out, as the mapping says.
    """

    kind: KindOfFile
    file: str
    rows: Rows
    fields: Mapping[str, Field]
    doubtful: Mask
    groups: pa.Array | None = None
    when_rows_differ: str = "refuse"
    lost: Mapping[str, str] = field(default_factory=dict)
    lost_rows: tuple[int, ...] = ()
    only_new: bool = False
    skipped: frozenset[str] = frozenset()


@dataclass(slots=True)
class Typed:
    """Rows of one kind with typed columns.

    Attributes:
        kind: what they are.
        frame: frame names; documents by `external_id`.
        source: file str and row int64 of each row, same index.
        only_new: rows whose key is stored already are left alone.
        spoiled: documents (external ids) one of whose rows was refused for a fault, with the row.
        orphans: refused rows that name no document, as file and row: some document lacks them.
        skipped: documents that are left out, as the mapping says.
    """

    kind: KindOfFile
    frame: pd.DataFrame
    source: pd.DataFrame
    spoiled: dict[str, str] = field(default_factory=dict)
    orphans: list[tuple[str, int]] = field(default_factory=list)
    only_new: bool = False
    skipped: frozenset[str] = frozenset()

    def keep(self, mask: Any) -> None:
        """Keep the rows where `mask` holds."""
        if bool(np.all(mask)):
            return
        self.frame = self.frame[mask].reset_index(drop=True)
        self.source = self.source[mask].reset_index(drop=True)

    def refuse(self, mask: Any, column: str, reason: Any, refused: Refusals, *, spoils: bool = True) -> None:
        """Take rows out and name each; `reason` is one text or one a row of the mask.

        The documents of these rows are spoiled, unless the rows are mere repetitions (`spoils` False).
        """
        cells = np.asarray(mask, dtype=bool)
        if not cells.any():
            return
        if spoils:
            self.spoiled = _spoiled_documents(self, cells) | self.spoiled
        values: Any = [""] * int(cells.sum())
        stored, scaled = self.kind.by_name.get(column, (None, False))
        if column in self.frame:
            shown = self.frame.loc[cells, column].astype(object)
            values = (shown.map(to_decimal, na_action="ignore") if scaled else shown).where(shown.notna(), "")
        reasons = reason if isinstance(reason, str) else np.asarray(reason, dtype=object)[cells]
        for file, part in (
            self.source[cells].assign(value=list(values), reason=reasons).groupby("file", sort=False)
        ):
            refused.add(
                str(file), part["row"], stored.name if stored else column, part["value"], part["reason"]
            )
        self.keep(~cells)


DOCUMENT_PARTS: Final = frozenset(
    {"invoices", "lines", "allowance_charges", "vat_breakdown", "measurements", "attachments"}
)
"""Kinds that make up a document: one refused row spoils the whole of it."""

NO_TEXT: Final = (
    "is a number or date that does not hold what it shows: format the column as text, and fill it in again"
)

_COMPUTED: Final = frozenset(
    {"status", "net", "vat_category", "vat_rate", "line_total", "allowance_total", "charge_total",
     "net_total", "vat_total", "total"}
)  # fmt: skip
"""What other cells of the document say too: an empty one is worked out from them, or refused there."""


def to_typed(draft: Draft, writing: Writing, refused: Refusals) -> Typed:
    """Type every cell; rows with a fault are refused, each faulty cell named."""
    bad = draft.doubtful.copy()
    arrays = {}
    for name, source in draft.fields.items():
        column = _column(draft.kind, name)
        style = Writing(writing.mark, source.date_format or writing.date_format)
        given = source.values(column)
        values, faults = convert(given, column, style, source.native, scaled=source.scaled)
        if style.date_format and column.type is Type.DATE and any(fault.cells.any() for fault in faults):
            check_format(given, style.date_format, f"{draft.file}, column {source.header}")
        for fault in (*faults, source.lost(column)):
            _name(draft, source, fault.cells, fault.reason, refused)
            bad |= fault.cells
        if len(given) and given.null_count == len(given) and _left_out(draft.kind, column):
            continue
        empty = np.asarray(pc.is_null(values)) & ~bad
        if empty.any() and _counts(draft.kind, column, empty):
            _name(draft, source, empty, f"{name} is empty{_choices(column)}", refused)
            bad |= empty
        arrays[column.frame_name] = _frame_array(values, column)
    frame = pa.table(arrays).to_pandas(types_mapper=_pandas_type)
    source_frame = pd.DataFrame({"file": draft.file, "row": draft.rows}).astype({"file": "str"})
    typed = Typed(draft.kind, frame, source_frame, only_new=draft.only_new, skipped=draft.skipped)
    if draft.kind.name in DOCUMENT_PARTS:
        typed.spoiled = {**draft.lost, **_spoiled_documents(typed, bad)}
        typed.orphans = _orphans(typed, bad, draft)
    if draft.groups is not None:
        return _one_row_a_group(typed, bad, draft, refused)
    typed.keep(~bad)
    return typed


def _counts(kind: KindOfFile, column: Column, empty: Mask) -> bool:
    """Whether an empty cell of a column can't stand: no default is put where a file is silent on a row.

    Positions may all be left out, but not some of them.
    """
    if column.name in kind.needs:
        return True
    if kind.name in DOCUMENT_PARTS and column.name in _COMPUTED:
        return False
    if kind.name in DOCUMENT_PARTS and column.frame_name in kind.key:
        return not bool(empty.all())
    return column.required and column.default is not None


def _left_out(kind: KindOfFile, column: Column) -> bool:
    """Whether a column without any value counts as not being there: no row of ours is set back by it.

    Documents and number ranges can't be put right once they were used: their cells are refused.
    """
    return (
        kind.name not in (*DOCUMENT_PARTS, "number_ranges")
        and column.name not in kind.needs
        and column.default is not None
    )


def left_out(draft: Draft, typed: Typed) -> list[str]:
    """A sentence for each column that holds no value in any row."""
    return [
        f"{draft.file}: column {source.header} is empty in every row, as if it were not there"
        for name, source in draft.fields.items()
        if _column(draft.kind, name).frame_name not in typed.frame
    ]


def _choices(column: Column) -> str:
    """What to fill in where only some words are taken."""
    words = "yes, no" if column.type is Type.BOOLEAN else ", ".join(column.values)
    return f": it takes {words}; or leave the column out" if words else ""


def _orphans(typed: Typed, bad: Mask, draft: Draft) -> list[tuple[str, int]]:
    """Refused rows whose document is not known."""
    nameless = typed.frame["external_id"].isna().to_numpy() if "external_id" in typed.frame else ~bad
    rows = [*draft.lost_rows, *typed.source.loc[bad & nameless, "row"]]
    return [(draft.file, int(row)) for row in rows]


def _name(draft: Draft, source: Field, cells: Mask, reason: str, refused: Refusals) -> None:
    if cells.any():
        values = source.cells.filter(pa.array(cells))
        refused.add(draft.file, draft.rows[cells], source.header, values, reason)


def _column(kind: KindOfFile, name: str) -> Column:
    return kind.by_name[name][0]


def _frame_array(values: pa.Array, column: Column) -> pa.Array:
    return values.cast(pa.timestamp("s")) if column.type is Type.DATE else values


def _pandas_type(kind: pa.DataType) -> Any:
    if pa.types.is_int64(kind):
        return pd.Int64Dtype()
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else None


def _spoiled_documents(typed: Typed, bad: Mask) -> dict[str, str]:
    if typed.kind.name not in DOCUMENT_PARTS or not bad.any() or "external_id" not in typed.frame:
        return {}
    found = typed.source[bad].assign(external_id=typed.frame.loc[bad, "external_id"]).dropna()
    found = found.drop_duplicates("external_id")
    where = [f"row {row} of {file}" for row, file in zip(found["row"], found["file"], strict=True)]
    return dict(zip(found["external_id"], where, strict=True))


def _one_row_a_group(typed: Typed, bad: Mask, draft: Draft, refused: Refusals) -> Typed:
    """One row a group. Where a group's rows differ: refused, or its first or last row taken."""
    keys = pc.dictionary_encode(draft.groups)
    codes = np.asarray(pc.fill_null(keys.indices, -1).cast(pa.int64()))
    faulty = np.zeros(len(keys.dictionary), dtype=bool)
    faulty[codes[bad & (codes >= 0)]] = True
    usable = (codes >= 0) & ~faulty[codes]
    typed.keep(usable)
    codes = codes[usable]
    first = pd.Series(codes).drop_duplicates(keep="last" if draft.when_rows_differ == "last" else "first")
    if draft.when_rows_differ == "refuse":
        differing = np.isin(codes, _differing_groups(typed, codes, refused))
        typed.spoiled.update(_spoiled_documents(typed, differing))
        first = first[~differing[first.index]]
    chosen = np.zeros(len(codes), dtype=bool)
    chosen[first.index.to_numpy()] = True
    typed.keep(chosen)
    return typed


def _differing_groups(typed: Typed, codes: npt.NDArray[np.int64], refused: Refusals) -> npt.NDArray[np.int64]:
    """Groups whose rows do not agree; each is named with the two rows that differ."""
    if len(codes) == 0:
        return codes
    positions = np.arange(len(codes))
    head = pd.Series(positions).groupby(codes).transform("first").to_numpy()
    found: list[npt.NDArray[np.int64]] = []
    for name in typed.frame.columns:
        numbers = pd.factorize(typed.frame[name])[0]
        odd = np.flatnonzero(numbers != numbers[head])
        odd = odd[np.unique(codes[odd], return_index=True)[1]]
        rows = typed.source["row"].to_numpy()
        values, others = typed.frame[name].iloc[odd], typed.frame[name].iloc[head[odd]]
        reasons = [
            f"{name} differs inside one document or party: row {row} has {other}"
            for row, other in zip(rows[head[odd]], others, strict=True)
        ]
        for file in typed.source["file"].iloc[odd].unique():
            refused.add(str(file), rows[odd], name, values, reasons)
        found.append(codes[odd])
    return np.unique(np.concatenate(found)) if found else codes[:0]


def default_value(column: Column) -> Any:
    """The value that stands where a source has none; None: it stays empty."""
    if column.default is None:
        return None
    if column.type is Type.BOOLEAN:
        return column.default == "true"
    if column.type is Type.QUANTITY:
        return Decimal(column.default)
    plain = column.default.strip("'")
    return plain if column.default.startswith("'") else int(plain)
