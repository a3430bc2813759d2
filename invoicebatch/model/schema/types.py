"""Column types: how one kind of value looks in DuckDB, in a frame and in Parquet.

The rule for exact numbers: money `total` DECIMAL(18,2) in DuckDB is `total_cents` int64 in a
frame; a percentage `vat_rate` DECIMAL(5,2) is `vat_rate_bp` int64 (basis points).
"""

import builtins
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # frames take long to import, and a column is often only named
    import pandas as pd
    import pyarrow as pa


class Type(StrEnum):
    """The kinds of value a column can hold."""

    TEXT = "text"
    CHOICE = "choice"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "money"
    PERCENT = "percent"
    QUANTITY = "quantity"
    JSON = "json"


_SQL = {
    Type.TEXT: "VARCHAR",
    Type.CHOICE: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.MONEY: "DECIMAL(18,2)",
    Type.PERCENT: "DECIMAL(5,2)",
    Type.QUANTITY: "DECIMAL(18,6)",
    Type.JSON: "VARCHAR",
}

_SUFFIX = {Type.MONEY: "_cents", Type.PERCENT: "_bp"}
_UNIT = {Type.MONEY: "cents", Type.PERCENT: "basis points", Type.TIMESTAMP: "UTC"}

SCALED = frozenset(_SUFFIX)
"""Types that are decimals in DuckDB and scaled integers in frames."""

TEXTS = frozenset({Type.TEXT, Type.CHOICE, Type.JSON})
"""Types whose values are text, whatever it says."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name and type, and what it means.

    `required` columns are NOT NULL; `default` is the SQL literal used where a source has none.
    `editable` columns may be changed by an import of the same row, others only by actions.
    """

    name: str
    type: "Type"
    meaning: str
    required: bool = False
    default: str | None = None
    editable: bool = False
    choices: builtins.type[StrEnum] | None = None
    unit: str = ""

    @property
    def frame_name(self) -> str:
        """The column's name in a frame."""
        return self.name + _SUFFIX.get(self.type, "")

    @property
    def sql_type(self) -> str:
        """DuckDB type."""
        return _SQL[self.type]

    @property
    def frame_unit(self) -> str:
        """Unit of the values in a frame, for the documentation."""
        return self.unit or _UNIT.get(self.type, "")

    @property
    def values(self) -> tuple[str, ...]:
        """The allowed values of a CHOICE column, else empty."""
        return tuple(member.value for member in self.choices) if self.choices else ()

    @property
    def arrow_type(self) -> "pa.DataType":
        """Arrow type of the frame column (also its Parquet type)."""
        import pyarrow as pa

        match self.type:
            case Type.CHOICE:
                return pa.dictionary(pa.int8(), pa.string())
            case Type.INTEGER | Type.MONEY | Type.PERCENT:
                return pa.int64()
            case Type.BOOLEAN:
                return pa.bool_()
            case Type.DATE:
                return pa.date32()
            case Type.TIMESTAMP:
                return pa.timestamp("us")
            case Type.QUANTITY:
                return pa.decimal128(18, 6)
            case _:
                return pa.string()

    @property
    def dtype(self) -> Any:
        """Pandas dtype of the frame column."""
        return _dtype(self.type, self.required, self.choices)

    def select_sql(self, source: str) -> str:
        """SQL that reads `source` as this column's frame value."""
        if self.type in SCALED:
            return f'{scaled_sql(source)} AS "{self.frame_name}"'
        if self.type is Type.CHOICE:
            choices = ", ".join(f"'{value}'" for value in self.values)
            return f'{source}::ENUM({choices}) AS "{self.frame_name}"'
        return f'{source} AS "{self.frame_name}"'

    def write_sql(self, source: str) -> str:
        """SQL that turns the frame value `source` into the stored one."""
        if self.type in SCALED:
            return f"({source} * 0.01::DECIMAL(3,2))::{self.sql_type}"
        return f"{source}::{self.sql_type}"


def scaled_sql(source: str) -> str:
    """SQL of a decimal with two places as a whole number of hundredths: exact, NULL of NULL."""
    # Within 64 bits it is 20 times as fast; that many digits may be multiplied by a hundred there.
    return (
        f"CASE WHEN {source} BETWEEN -99999999999999.99 AND 99999999999999.99"
        f" THEN ({source}::DECIMAL(18,2) * 100)::BIGINT ELSE ({source}::DECIMAL(20,2) * 100)::BIGINT END"
    )


@cache
def _dtype(kind: Type, required: bool, choices: type[StrEnum] | None) -> Any:
    import pandas as pd
    import pyarrow as pa

    match kind:
        case Type.CHOICE:
            return pd.CategoricalDtype([member.value for member in choices] if choices else [])
        case Type.INTEGER | Type.MONEY | Type.PERCENT:
            return "int64" if required else pd.Int64Dtype()
        case Type.BOOLEAN:
            return "bool" if required else pd.BooleanDtype()
        case Type.DATE:
            return "datetime64[s]"
        case Type.TIMESTAMP:
            return "datetime64[us]"
        case Type.QUANTITY:
            return pd.ArrowDtype(pa.decimal128(18, 6))
        case _:
            return "str"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns and primary key.

    Attributes:
        indexed: whether the database keeps an index over the key. Of a table that takes as many rows as a run has,
            it would cost more than the rows themselves; there the store asks instead, see `store.checks.check_new`.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    indexed: bool = True

    def column(self, frame_name: str) -> Column:
        """The column of that frame name.

        Raises:
            KeyError: no such column.
        """
        for column in self.columns:
            if column.frame_name == frame_name:
                return column
        raise KeyError(frame_name)

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the key."""
        return tuple(column for name in self.key for column in self.columns if column.name == name)

    @property
    def frame_key(self) -> tuple[str, ...]:
        """Frame names of the key."""
        return tuple(column.frame_name for column in self.key_columns)

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Frame names of all columns, in order."""
        return tuple(column.frame_name for column in self.columns)

    def ddl(self) -> str:
        """CREATE TABLE statement."""
        lines = [
            f'"{c.name}" {c.sql_type}'
            + (f" DEFAULT {c.default}" if c.default is not None else "")
            + (" NOT NULL" if c.required else "")
            for c in self.columns
        ]
        if self.indexed:
            lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE {self.name} (\n  " + ",\n  ".join(lines) + "\n)"

    def empty(self) -> "pd.DataFrame":
        """A frame of no rows with the declared columns and dtypes."""
        import pandas as pd

        return pd.DataFrame({c.frame_name: pd.Series(dtype=c.dtype) for c in self.columns})

    def conform(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """The same rows with each known column cast to its declared dtype.

        Columns that the table does not know are dropped; missing ones stay missing.
        """
        import pandas as pd

        known = [c for c in self.columns if c.frame_name in frame.columns]
        return pd.DataFrame({c.frame_name: _cast(frame[c.frame_name], c) for c in known})


def _cast(values: "pd.Series", column: Column) -> "pd.Series":
    if column.type is Type.QUANTITY and values.dtype != column.dtype:
        return values.astype(object).where(values.notna(), None).astype(column.dtype)
    if values.dtype == object and column.type in (Type.TEXT, Type.JSON):
        values = values.where(values.notna(), None)
    return values.astype(column.dtype)


def text(name: str, meaning: str, **options: Any) -> Column:
    """A string column; ids, numbers and IBANs keep their zeros."""
    return Column(name, Type.TEXT, meaning, **options)


def choice(name: str, choices: type[StrEnum], meaning: str, **options: Any) -> Column:
    """A column of one closed vocabulary."""
    return Column(name, Type.CHOICE, meaning, choices=choices, **options)


def integer(name: str, meaning: str, **options: Any) -> Column:
    """A whole number."""
    return Column(name, Type.INTEGER, meaning, **options)


def boolean(name: str, meaning: str, default: str = "false", **options: Any) -> Column:
    """Yes or no, never missing."""
    return Column(name, Type.BOOLEAN, meaning, required=True, default=default, **options)


def day(name: str, meaning: str, **options: Any) -> Column:
    """A calendar date."""
    return Column(name, Type.DATE, meaning, **options)


def timestamp(name: str, meaning: str, **options: Any) -> Column:
    """A moment in UTC."""
    return Column(name, Type.TIMESTAMP, meaning, **options)


def money(name: str, meaning: str, required: bool = True, **options: Any) -> Column:
    """An amount; zero where a source has none, unless not required."""
    default = options.pop("default", "0" if required else None)
    return Column(name, Type.MONEY, meaning, required=required, default=default, **options)


def percent(name: str, meaning: str, **options: Any) -> Column:
    """A percentage with two decimals."""
    return Column(name, Type.PERCENT, meaning, **options)


def quantity(name: str, meaning: str, **options: Any) -> Column:
    """An exact decimal with six decimals: quantities, unit prices, meter values."""
    return Column(name, Type.QUANTITY, meaning, **options)


def json(name: str, meaning: str, **options: Any) -> Column:
    """A JSON document as text."""
    return Column(name, Type.JSON, meaning, **options)
