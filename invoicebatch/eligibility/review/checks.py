"""One check of rules/review.toml: its condition over overview and history columns, its words, its severity."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from invoicebatch.eligibility.template import Template, parse_template
from invoicebatch.expressions import OVERVIEW_WORDS, Expression, ExpressionError, compile_expression
from invoicebatch.expressions.syntax import parse
from invoicebatch.model.schema import HISTORY_COLUMNS, OVERVIEW, REVIEW_COLUMNS, Column

Severity = Literal["stop", "look", "off"]
STOP: Final = "stop"
LOOK: Final = "look"
OFF: Final = "off"

WORDS: Final = OVERVIEW_WORDS.extended(HISTORY_COLUMNS.values())
"""What a check may speak of."""

_PRODUCTS: Final = frozenset({"missing_products", "price_product", "vat_product"})
"""Columns that hold names of products."""

Parameter = Annotated[int | float, Field(gt=0)]


class CheckTable(BaseModel):
    """A table of the file, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    severity: Severity
    value: str = ""
    expected: str = ""
    parameters: dict[str, Parameter] = Field(default_factory=dict)


class HistoryTable(BaseModel):
    """What counts as history."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int = Field(ge=1, le=60)


@dataclass(frozen=True, slots=True)
class Check:
    """A compiled check; `value` and `expected` are None where none is named."""

    name: str
    severity: Severity
    condition: Expression
    reason: Template
    value: Column | None
    expected: Column | None

    @property
    def products(self) -> frozenset[str]:
        """The products that its condition names."""
        compared = (node for node in ast.walk(parse(self.condition.text)) if isinstance(node, ast.Compare))
        asking = [
            node for node in compared if _PRODUCTS & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        ]
        found = (n.value for node in asking for n in ast.walk(node) if isinstance(n, ast.Constant))
        return frozenset(value for value in found if isinstance(value, str))

    @property
    def columns(self) -> frozenset[str]:
        """Frame names it reads."""
        shown = {column.frame_name for column in (self.value, self.expected) if column}
        return self.condition.columns | self.reason.needs | shown


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of a workspace by name, those that are off left out, and how many documents are history."""

    by_name: Mapping[str, Check]
    documents: int

    def of(self, severity: str) -> "Checks":
        """Only those of one severity."""
        return replace(self, by_name={n: c for n, c in self.by_name.items() if c.severity == severity})

    @property
    def overview(self) -> list[str]:
        """The overview columns they read."""
        wanted = {"invoice_id", "number", "external_id", "reviewed"}.union(
            *(c.columns for c in self.by_name.values())
        )
        return [name for name in OVERVIEW if name in wanted]

    @property
    def history(self) -> frozenset[str]:
        """The history columns they read."""
        return frozenset(HISTORY_COLUMNS) & frozenset().union(*(c.columns for c in self.by_name.values()))


class _Filled(ast.NodeTransformer):
    """Puts the parameters' numbers in the place of their names."""

    def __init__(self, parameters: Mapping[str, int | float]) -> None:
        self.parameters = parameters
        self.used: set[str] = set()

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The number of a parameter; another name stays."""
        if node.id not in self.parameters:
            return node
        self.used.add(node.id)
        return ast.parse(format(Decimal(str(self.parameters[node.id])), "f"), mode="eval").body


def compile_check(name: str, table: CheckTable) -> Check:
    """A check from its table.

    Raises:
        ExpressionError: begins with the key that is wrong.
    """
    columns = {key: _column(key, getattr(table, key)) for key in ("value", "expected")}
    return Check(
        name,
        table.severity,
        _keyed("when", lambda: _condition(table)),
        _keyed("reason", lambda: parse_template(table.reason, HISTORY_COLUMNS)),
        **columns,
    )


def _condition(table: CheckTable) -> Expression:
    filled = _Filled(table.parameters)
    text = ast.unparse(filled.visit(parse(table.when)))
    found = compile_expression(text, WORDS)
    left = sorted(set(table.parameters) - filled.used)
    if circular := sorted(found.columns & REVIEW_COLUMNS):
        raise ExpressionError(f"{circular[0]} is what the checks make of it")
    if left:
        raise ExpressionError(f"does not use the parameter {left[0]}")
    return found


def _column(key: str, name: str) -> Column | None:
    if not name:
        return None
    frame_name = _keyed(key, lambda: WORDS.field(name)).column
    return HISTORY_COLUMNS.get(frame_name) or OVERVIEW[frame_name].column


def _keyed(key: str, make: Any) -> Any:
    try:
        return make()
    except ExpressionError as error:
        raise ExpressionError(f"{key}: {error}") from error
