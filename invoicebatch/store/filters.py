"""A person's filter: one condition over overview columns, read as a tree before anything is evaluated.

What the tree may hold is listed here: columns, constants, comparisons, arithmetic, dates and functions of
one row whose result is no longer than what they are given. It is then evaluated on a sealed in-memory
connection that holds nothing but the columns it names, within bounds of time and memory.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import numpy.typing as npt

from invoicebatch.errors import FilterError
from invoicebatch.model.schema import OVERVIEW
from invoicebatch.store.database import interruptible, named_interrupt

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CHARACTERS: Final = 1_000_000
MAX_SECONDS: Final = 10.0
MAX_MEMORY: Final = "1GB"

_BY_STORED_NAME: Final = {d.column.name: d.column for d in OVERVIEW.values()}
_UNREADABLE: Final = re.compile(r"[\ud800-\udfff\0]")
"""What a byte that is no UTF-8 becomes on its way in, and the end of a text in C."""

_CLASSES: Final = frozenset(
    {"COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN", "CAST", "CASE", "TYPE"}
)
_OPERATORS: Final = frozenset(
    {
        *("COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"),
        *("OPERATOR_COALESCE", "OPERATOR_TRY"),
    }
)
_TODAY: Final = frozenset({"current_date", "current_timestamp", "current_time"})
FUNCTIONS: Final = frozenset(
    {
        *("+", "-", "*", "/", "//", "%", "||", "~~", "!~~", "~~*", "!~~*", "~~~"),
        *("like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape"),
        *("regexp_matches", "regexp_full_match", "contains", "starts_with", "ends_with", "prefix", "suffix"),
        *(
            "lower",
            "upper",
            "trim",
            "ltrim",
            "rtrim",
            "length",
            "len",
            "left",
            "right",
            "substring",
            "substr",
        ),
        *("position", "strpos", "instr", "translate", "concat", "nullif", "ifnull", "least", "greatest"),
        *("abs", "sign", "round", "floor", "ceil", "ceiling", "trunc", "mod"),
        *("year", "quarter", "month", "week", "day", "isodow", "dayofweek", "date_part", "date_trunc"),
        *("date_diff", "datediff", "last_day", "make_date", "strftime", "today", "now", "current_date"),
        *("to_days", "to_weeks", "to_months", "to_years"),
    }
)
"""Functions of one row, by DuckDB's names; none makes texts longer than all it is given."""


@dataclass(frozen=True)
class Filter:
    """A condition that may be evaluated; made by `parse`.

    Attributes:
        text: as written.
        columns: frame names of the overview columns it names.
    """

    text: str
    columns: tuple[str, ...]

    def matching(self, invoices: "pa.Table") -> npt.NDArray[np.int64]:
        """Ids of the rows that match, ascending.

        Args:
            invoices: `invoice_id` and the columns under their stored names, amounts as decimals.

        Raises:
            FilterError: it can't be evaluated on these columns, or takes too long or too much memory.
        """
        config: dict[str, str | bool | int | float | list[str]] = {
            "enable_external_access": False,
            "threads": 1,
            "memory_limit": MAX_MEMORY,
        }
        with duckdb.connect(":memory:", config=config) as sealed, interruptible(sealed):
            sealed.from_arrow(invoices).create_view("invoices")  # `register` imports frames
            sealed.execute("SET lock_configuration = true")
            with _time_limit(sealed) as late:
                try:
                    with named_interrupt():
                        found = sealed.sql(_select(self.text) + " ORDER BY invoice_id").fetchnumpy()
                except KeyboardInterrupt as error:
                    if not late.is_set():
                        raise
                    raise FilterError(
                        f"The filter takes longer than {MAX_SECONDS:.0f} s.", "Write a simpler condition."
                    ) from error
                except duckdb.Error as error:
                    raise FilterError(
                        f"The filter can't be evaluated: {_first_line(error)}", EXAMPLE
                    ) from error
        ids: npt.NDArray[np.int64] = found["invoice_id"].astype(np.int64)
        return ids


EXAMPLE: Final = "Example: --where \"status = 'created' and total > 100\""


def parse(condition: str) -> Filter:
    """A person's filter.

    Args:
        condition: an SQL condition over overview columns under their stored names, amounts as decimals:
            ``status = 'created' and total > 100``.

    Raises:
        FilterError: not one condition, an unknown column, or anything but filtering.
    """
    if not condition.strip():
        raise FilterError(
            "The filter is empty.", "Write a condition such as: status = 'empty'. All rows: --all"
        )
    if len(condition) > MAX_CHARACTERS:
        raise FilterError(f"The filter is longer than {MAX_CHARACTERS:,} characters.", EXAMPLE)
    if not condition.isprintable() and _UNREADABLE.search(condition):
        raise FilterError("The filter holds bytes that are no text in UTF-8.", EXAMPLE)
    try:
        nodes = list(_nodes(_where_clause(condition)))
    except RecursionError as error:
        raise FilterError("The filter is nested too deeply.", EXAMPLE) from error
    named = [_column(node) for node in nodes if node["class"] == "COLUMN_REF"]
    for node in nodes:
        _check(node)
    columns = dict.fromkeys(_BY_STORED_NAME[name].frame_name for name in named if name not in _TODAY)
    return Filter(condition, tuple(name for name in columns if name != "invoice_id"))


@contextmanager
def _time_limit(con: Any) -> Iterator[Event]:
    """Interrupt what the connection is at work on once the time is over; the event tells that it was."""
    done, late = Event(), Event()

    def watch() -> None:
        if done.wait(MAX_SECONDS):
            return
        late.set()
        while not done.wait(0.05):  # an interrupt between two statements is lost
            con.interrupt()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield late
    finally:
        done.set()
        watching.join()


def _select(condition: str) -> str:
    return f"SELECT invoice_id FROM invoices WHERE (\n{condition}\n)"  # the line end closes a comment


def _where_clause(condition: str) -> Any:
    """The condition as DuckDB reads it: nested JSON, or an error for people."""
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as parser:
        try:
            ((text,),) = parser.execute(
                "SELECT json_serialize_sql(?::VARCHAR)", [_select(condition)]
            ).fetchall()
        except duckdb.Error as error:
            raise FilterError(f"The filter can't be read: {_first_line(error)}", EXAMPLE) from error
    tree = json.loads(text)
    if tree["error"]:
        raise FilterError(f"The filter can't be read: {tree['error_message'].splitlines()[0]}", EXAMPLE)
    statements = tree["statements"]
    select = statements[0]["node"]
    clause = select.get("where_clause")
    alone = len(statements) == 1 and select["type"] == "SELECT_NODE" and not select["modifiers"] and clause
    if not alone or select["having"] or select["qualify"] or select["group_expressions"]:
        raise FilterError("The filter must be one condition, without a semicolon.", EXAMPLE)
    return clause


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every expression of the tree; a query within it counts as one, of class SUBQUERY."""
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)
    elif isinstance(tree, dict):
        if "class" in tree:
            yield tree
        if tree.get("class") != "SUBQUERY":
            yield from _nodes(list(tree.values()))


def _column(node: dict[str, Any]) -> str:
    """The stored name of a column that the filter names.

    Raises:
        FilterError: the overview has no such column.
    """
    name = ".".join(node["column_names"]).lower().removeprefix("invoices.")
    if name in _BY_STORED_NAME or name in _TODAY:
        return name
    near = get_close_matches(name, _BY_STORED_NAME, n=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Columns: " + ", ".join(sorted(_BY_STORED_NAME))
    raise FilterError(f"The filter names a column that there is not: {name}.", hint)


def _check(node: dict[str, Any]) -> None:
    kind, name = node["class"], str(node.get("function_name", "")).lower()
    if kind == "FUNCTION":
        allowed = name in FUNCTIONS and not node.get("filter") and not node.get("distinct")
    else:
        allowed = kind in _CLASSES and (kind != "OPERATOR" or node["type"] in _OPERATORS)
    if not allowed:
        what = f"the function {name}" if kind == "FUNCTION" else _WORDS.get(kind, kind.lower())
        raise FilterError(
            f"A filter can't use {what}.",
            "It compares columns and constants: =, <, >, in, like, between, is null, and, or, not; with "
            + ", ".join(sorted(name for name in FUNCTIONS if name.isidentifier())),
        )


_WORDS: Final = {
    "SUBQUERY": "a query of its own",
    "WINDOW": "a window function",
    "STAR": "*",
    "PARAMETER": "a placeholder",
    "LAMBDA": "a function of its own",
}


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
