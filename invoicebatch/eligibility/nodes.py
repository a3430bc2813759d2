"""The nodes that a rule's condition is made of; what they mean over rows is in `compute`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from invoicebatch.model.schema import Column, Type
from invoicebatch.settings import Integrations

SWITCHES: Final = tuple(Integrations.model_fields)
"""Integrations that a condition may ask for by name; each is on or off."""

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Kind = Literal["text", "choice", "number", "date", "flag"]

KINDS: Final[Mapping[Type, Kind]] = {
    Type.TEXT: "text",
    Type.JSON: "text",
    Type.CHOICE: "choice",
    Type.INTEGER: "number",
    Type.MONEY: "number",
    Type.PERCENT: "number",
    Type.BOOLEAN: "flag",
    Type.DATE: "date",
    Type.TIMESTAMP: "date",
}
"""What a column may be compared with, by its type."""


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: text, whole number, yes/no or date."""

    value: str | int | bool | date


@dataclass(frozen=True, slots=True)
class Today:
    """The day of the evaluation, shifted by some days."""

    shift: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """An overview column; a date may be shifted by some days."""

    column: Column
    shift: int = 0

    @property
    def name(self) -> str:
        """Frame name of the column."""
        return self.column.frame_name

    @property
    def kind(self) -> Kind:
        """What the column may be compared with."""
        return KINDS[self.column.type]


Term = Field | Value | Today


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; false where either is missing."""

    left: Field
    op: Operator
    right: Term


@dataclass(frozen=True, slots=True)
class Member:
    """`field in (…)` or `field not in (…)`; false where the field is missing."""

    field: Field
    values: tuple[str | int | date, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """`field is None`, or `is not None`."""

    field: Field
    negated: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes/no column by itself; false where missing."""

    field: Field


@dataclass(frozen=True, slots=True)
class Switch:
    """An integration that is on."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not …`."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class Both:
    """`… and …` (`every`), or `… or …`."""

    items: tuple["Node", ...]
    every: bool


Node = Compare | Member | Missing | Flag | Switch | Not | Both


def fields(node: Node) -> Iterator[Field]:
    """Every column that a condition reads."""
    match node:
        case Compare(left, _, right):
            yield left
            if isinstance(right, Field):
                yield right
        case Member(field) | Missing(field) | Flag(field):
            yield field
        case Not(item):
            yield from fields(item)
        case Both(items):
            for item in items:
                yield from fields(item)
        case Switch():
            return


def valued_fields(node: Node) -> Iterator[Field]:
    """Every column whose value matters to a condition, not only whether it is there."""
    match node:
        case Missing():
            return
        case Not(item):
            yield from valued_fields(item)
        case Both(items):
            for item in items:
                yield from valued_fields(item)
        case _:
            yield from fields(node)


def uses_switch(node: Node) -> bool:
    """Whether a condition asks for an integration."""
    match node:
        case Switch():
            return True
        case Not(item):
            return uses_switch(item)
        case Both(items):
            return any(uses_switch(item) for item in items)
        case _:
            return False
