"""The words an expression may use and what they are: plain objects, put together by whoever asks.

A person writes a column as a filter does: `outstanding`, in the row's currency. What the rows hold
(`outstanding_cents`) is looked up here and stands nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final, Literal

from invoicebatch.model.schema import OVERVIEW, Column, Type

Kind = Literal["text", "choice", "number", "amount", "rate", "date", "flag", "cell", "decimal", "constant"]
"""What a value is: `cell` is a text of a file, `decimal` a number read from one, `constant` a value
written out that takes the kind of its neighbour."""

_KINDS: Final[Mapping[Type, Kind]] = {
    Type.TEXT: "text", Type.JSON: "text", Type.CHOICE: "choice", Type.INTEGER: "number", Type.MONEY: "amount",
    Type.PERCENT: "rate", Type.BOOLEAN: "flag", Type.DATE: "date", Type.TIMESTAMP: "date",
}  # fmt: skip
_UNITS: Final = {"amount": "amounts are decimals", "rate": "rates are percentages"}


class ExpressionError(ValueError):
    """An expression that is not of the language; says what and what to write instead."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name as people write it, its name in the rows, and what it is."""

    name: str
    column: str
    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a column, and of literals or (`more`) of further columns.

    `run` is called with the rows, the header that the first argument is (else empty), the values and the
    literals. `takes` is what columns are read as, `cell` or `decimal`; `check` refuses a first literal.
    """

    run: Callable[..., Any]
    gives: Kind = "cell"
    takes: Kind = "cell"
    literals: tuple[type, ...] = ()
    more: bool = False
    check: Callable[[Any], object] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Columns by the name people write, and switches, which are on or off for all rows; each is equal to itself.

    With `headers` any other name is the header of a file, and the forms of `values` are allowed.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    headers: bool = False
    functions: Mapping[str, Function] = field(default_factory=dict)

    def extended(self, columns: Iterable[Column], switches: Iterable[str] = ()) -> "Vocabulary":
        """The same with further columns and switches; a column replaces one of the same name."""
        known = [column for column in columns if column.type in _KINDS]
        more = {c.name: Field(c.name, c.frame_name, _KINDS[c.type], c.values) for c in known}
        return replace(self, fields={**self.fields, **more}, switches=self.switches.union(switches))

    def field(self, name: str) -> Field:
        """The column of that name.

        Raises:
            ExpressionError: there is none; says which is near, or how an old name is written now.
        """
        if self.headers:
            return Field(name, name, "cell")
        if name not in self.fields:
            raise ExpressionError(f"there is no column {name}{self._instead(name)}")
        return self.fields[name]

    def _instead(self, name: str) -> str:
        for known in self.fields.values():
            if known.column == name:
                return f": write {known.name}; {_UNITS[known.kind]}"
        near = get_close_matches(name, [*self.fields, *self.switches, "today"], n=3)
        return f"; did you mean {' or '.join(near)}?" if near else ""


OVERVIEW_WORDS: Final = Vocabulary().extended(derived.column for derived in OVERVIEW.values())
"""The columns of the invoice overview, under the names that filters use."""
