"""A mapping as it stands in TOML, typed and checked; nothing is applied here."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from invoicebatch.errors import RulesError
from invoicebatch.expressions import Expression
from invoicebatch.ingest.dates import pattern
from invoicebatch.ingest.kinds import KINDS, kind_named
from invoicebatch.ingest.mapping.expression import compile_expression
from invoicebatch.ingest.numbers import DecimalMark
from invoicebatch.model.schema import Type
from invoicebatch.validation import problem

PARTIES = ("accounts", "customers", "mandates")
NUMBERS = frozenset({Type.MONEY, Type.PERCENT, Type.QUANTITY})


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


_Known = TypeVar("_Known", bound=_Model)


class File(_Model):
    """`[file]`: how the file is written; what is left out is found out from the file."""

    encoding: str | None = Field(None, description="Of a text file, such as cp1252")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="Between the cells of a text file"
    )
    sheet: str | None = Field(
        None, description="Of a workbook; else the first, or those named like a kind of file"
    )
    header_row: int = Field(1, ge=1, description="The row that holds the headers")
    decimal: Literal[",", "."] | None = Field(
        None, description="Decimal mark; needed where 1.000 may be one or a thousand"
    )
    date_format: str | None = Field(
        None, description="Such as dd-mm-yyyy; dates as 2026-11-22 are always read"
    )


class Refuse(_Model):
    """`[[refuse]]`: rows that are left out by decision, and why."""

    when: str = Field(description="A condition over the file's columns")
    reason: str = Field(min_length=1, description="What the report says")
    column: str = Field("", description="The column that the report names")


class Source(_Model):
    """Where one column comes from: exactly one of `column`, `constant`, `derived`.

    `values` translates cells of `column`; `otherwise` stands in where a cell is empty.
    """

    column: str | None = Field(None, description="A header of the file")
    constant: str | int | bool | None = Field(None, description="The same in every row")
    derived: str | None = Field(None, description="An expression over the file's columns")
    values: dict[str, str] = Field(default_factory=dict, description="What words of the column stand for")
    otherwise: str | None = Field(None, description="What stands in where a cell is empty")
    date_format: str | None = Field(None, description="Of this column, where it is not the file's")

    @model_validator(mode="after")
    def _one_source(self) -> "Source":
        given = [self.column is not None, self.constant is not None, self.derived is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, constant, derived")
        if (self.values or self.date_format) and self.column is None:
            raise ValueError("values and date_format go with column")
        if self.date_format:
            pattern(self.date_format)
        return self


class Section(_Model):
    """The rows of one kind: their columns, and how file rows are grouped into one of ours.

    `group_by` names a column: one row a distinct value. Where the rows of a group differ,
    `when_rows_differ` says what to do: refuse the group, or take its first or last row. `only_new`
    leaves parties alone that are there already, so that stand-ins never overwrite what people know. Rows
    where `skip` holds make no row of this kind, and that is no fault.
    """

    kind: str
    columns: dict[str, Source]
    group_by: str | None = Field(None, description="A header: its equal cells make one row")
    when_rows_differ: Literal["refuse", "first", "last"] = Field(
        "refuse", description="What is done where rows of a group differ"
    )
    only_new: bool = Field(
        False, description="Leave accounts, customers and mandates alone that are there already"
    )
    skip: str | None = Field(
        None, description="A condition: rows that make no row of this section; counted, and no fault"
    )
    files: str = Field("*", description="Which files the section is for, such as sales*.csv")

    @model_validator(mode="after")
    def _parties_only(self) -> "Section":
        if self.only_new and self.kind not in PARTIES:
            raise ValueError(f"only_new is for {', '.join(PARTIES)}")
        return self


class Mapping(_Model):
    """A whole mapping file; one of `[file]` alone says how files of our own columns are written.

    `expressions` are the derived ones by kind and column, `skip` like a column, and those of `[[refuse]]` by
    "refuse" and text.
    """

    path: str
    description: str = ""
    file: File = File()
    refuse: tuple[Refuse, ...] = ()
    sections: tuple[Section, ...]
    expressions: dict[tuple[str, str], Expression]

    @property
    def mark(self) -> DecimalMark | None:
        """The decimal mark, where the mapping names it."""
        return DecimalMark(self.file.decimal) if self.file.decimal else None


_SECTION_KEYS = ("files", "group_by", "only_new", "skip", "when_rows_differ")


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping.

    Raises:
        RulesError: no TOML, an unknown key, kind or column, or an expression that is not allowed.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise RulesError(f"The mapping {path} can't be read: {error.strerror}") from error
    return parse_mapping(raw, str(path))


def parse_mapping(raw: dict[str, Any], path: str) -> Mapping:
    """A mapping from its TOML content.

    Raises:
        RulesError: an unknown key, kind or column, or an expression that is not allowed.
    """
    known = {"description", "file", "refuse"}
    kinds = {key: value for key, value in raw.items() if key not in known}
    if not kinds and ("file" not in raw or "refuse" in raw):
        raise RulesError(
            f"{path} maps nothing", f"Add a section such as [invoices]; kinds: {', '.join(KINDS)}"
        )
    try:
        sections = tuple(_section(key, value, path) for key, value in kinds.items())
        file = _checked(File, f"{path}, file", **raw.get("file", {}))
        refuse = tuple(_checked(Refuse, f"{path}, refuse", **item) for item in raw.get("refuse", []))
        expressions = _expressions(refuse, sections, path)
        said = {"description": raw.get("description", ""), "file": file, "refuse": refuse}
        mapping = _checked(Mapping, path, path=path, sections=sections, expressions=expressions, **said)
    except TypeError as error:
        raise RulesError(f"{path}: {error}", "[file] is a table and [[refuse]] a list of tables.") from error
    if mapping.file.date_format:
        pattern(mapping.file.date_format)
    return mapping


def _section(name: str, raw: Any, path: str) -> Section:
    if name not in KINDS or not isinstance(raw, dict):
        hint = _offer(name, ["description", "file", "refuse", *KINDS])
        raise RulesError(f"{path}: there is no section [{name}]", hint)
    kind = kind_named(name)
    columns = {key: value for key, value in raw.items() if key not in _SECTION_KEYS}
    for column in columns:
        if column not in kind.by_name:
            known = [*_SECTION_KEYS, *(one.name for one in kind.columns)]
            raise RulesError(f"{path}, [{name}]: there is no key {column}", _offer(column, known))
    options = {key: value for key, value in raw.items() if key in _SECTION_KEYS}
    sources = {key: _source(value, f"{path}, {name}.{key}") for key, value in columns.items()}
    return _checked(Section, f"{path}, {name}", kind=name, columns=sources, **options)


def _source(raw: Any, where: str) -> Source:
    if isinstance(raw, str):
        return Source(column=raw)
    if not isinstance(raw, dict):
        raise RulesError(
            f"{where} is {raw!r}", "Write a column's name, or { constant = … }, or { derived = … }."
        )
    return _checked(Source, where, **raw)


def _checked(model: type[_Known], where: str, **values: Any) -> _Known:
    """A model of these values; a fault names its place, and for an unknown key the keys there are."""
    try:
        return model(**values)
    except ValidationError as error:
        first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        place = "".join(f".{part}" for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = _offer(str(first["loc"][-1]), list(model.model_fields))
            raise RulesError(f"{where}{place}: there is no such key", hint) from error
        raise RulesError(f"{where}{place}: {problem(first)}") from error


def _offer(word: str, known: list[str]) -> str:
    """The nearest of the known keys, and all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return (f"Did you mean {near[0]}? " if near else "") + f"Keys: {', '.join(known)}"


def _expressions(
    refuse: tuple[Refuse, ...], sections: tuple[Section, ...], path: str
) -> dict[tuple[str, str], Expression]:
    rules = {
        ("refuse", rule.when): compile_expression(rule.when, f"{path}, refuse.when", "condition")
        for rule in refuse
    }
    derived = {
        (section.kind, column): compile_expression(
            source.derived,
            f"{path}, {section.kind}.{column}",
            "number" if is_number(section.kind, column) else "value",
        )
        for section in sections
        for column, source in section.columns.items()
        if source.derived is not None
    }
    skips = {
        (section.kind, "skip"): compile_expression(section.skip, f"{path}, {section.kind}.skip", "condition")
        for section in sections
        if section.skip is not None
    }
    return rules | derived | skips


def is_number(kind: str, column: str) -> bool:
    """Whether a column of ours holds exact numbers."""
    return kind_named(kind).by_name[column][0].type in NUMBERS
