"""One small language for rules, mappings, filters of external systems and checks.

Python's parser reads an expression and a whitelist gives each form a meaning over whole columns; nothing
is ever executed. What names there are is a `Vocabulary`, checked once. What they mean comes from *rows*:
`FrameRows`, or an object of a user's own with `size`, `values(field)`, `present(field)` and `where(mask)`
(the same rows, of which only some matter), and, as the vocabulary asks, `today`, `on(switch)`,
`codes(field)` and `decimals(values, header)`.
"""

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from invoicebatch.expressions.frame import FrameRows
from invoicebatch.expressions.language import Language
from invoicebatch.expressions.syntax import parse
from invoicebatch.expressions.terms import Bools, Run
from invoicebatch.expressions.vocabulary import OVERVIEW_WORDS, ExpressionError, Field, Function, Vocabulary


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Attributes:
        text: as written.
        plain: equal for two that differ in blanks and brackets only.
        run: rows → numpy yes/no of a condition, else an Arrow array.
        fields: the columns it reads.
        valued: those whose value matters, not only whether there is one.
        numbers: headers it reads as numbers.
        switches: whether it asks for a switch.
    """

    text: str
    plain: str
    run: Run
    fields: frozenset[Field]
    valued: frozenset[Field]
    numbers: frozenset[str]
    switches: bool

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns in the rows."""
        return frozenset(field.column for field in self.fields)


@lru_cache(maxsize=1024)
def compile_expression(
    text: str, vocabulary: Vocabulary, wanted: Literal["condition", "value", "number"] = "condition"
) -> Expression:
    """Check an expression.

    Args:
        text: such as ``status == 'created' and outstanding > 0`` or ``Quantity * Price``.
        vocabulary: the names it may use.
        wanted: a condition, any value, or one that will be read as a number.

    Raises:
        ExpressionError: not of the language, an unknown name, or a constant of the wrong kind.
    """
    tree = parse(text)
    found = Language(text, vocabulary, number=wanted == "number")
    run = found.condition(tree) if wanted == "condition" else found.value(tree)
    return Expression(
        text,
        ast.unparse(tree),
        run,
        fields=frozenset(found.valued | found.asked),
        valued=frozenset(found.valued),
        numbers=frozenset(found.numbers),
        switches=found.switches,
    )


__all__ = [
    "OVERVIEW_WORDS",
    "Bools",
    "Expression",
    "ExpressionError",
    "Field",
    "FrameRows",
    "Function",
    "Run",
    "Vocabulary",
    "compile_expression",
]
