"""Reading the invoice overview: by ids, by numbers, by a person's filter.

A filter is a person's text, so it is evaluated on a sealed in-memory connection that holds nothing
but the columns it names: no files, no network, no other tables, no settings.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.errors import FilterError
from invoicebatch.model.schema import OVERVIEW, needs_today, overview_sql
from invoicebatch.store.database import interruptible
from invoicebatch.store.frames import fetch, registered

_IDS = "wanted_ids"
_BY_STORED_NAME: Final = {d.column.name: d.column for d in OVERVIEW.values()}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""Text and comments: nothing in them is a column or a bracket."""
_UNREADABLE = re.compile(r"[\ud800-\udfff\0]")
"""What a byte that is no UTF-8 becomes on its way in, and the end of a text in C."""

_QUOTED_NAME = re.compile(r'"(?:[^"]|"")*"')


def overview(
    con: Any,
    columns: Iterable[str],
    today: date,
    ids: npt.NDArray[np.int64] | None = None,
    presence: Collection[str] = (),
) -> pd.DataFrame:
    """Overview rows with the named columns (frame names); `invoice_id` comes first.

    Args:
        con: an open connection.
        columns: frame names in `OVERVIEW`.
        today: the date that `overdue` is judged by.
        ids: int64 invoice ids; the rows come in this order, unknown ids are left out.
            None: all rows by invoice id.
        presence: text columns of which only matters whether there is one; they hold `*` then.
    """
    names = list(dict.fromkeys(["invoice_id", *columns]))
    described = [OVERVIEW[name].column for name in names]
    params = {"today": today} if needs_today(names) else None
    if ids is None:
        return fetch(
            con, overview_sql(names, presence=presence) + " ORDER BY i.invoice_id", described, params
        )
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    sql = (
        overview_sql(names, f"JOIN {_IDS} w ON w.id = i.invoice_id", presence=presence) + " ORDER BY w.place"
    )
    with registered(con, _IDS, source):
        return fetch(con, sql, described, params)


def ids_of(con: Any, column: str, values: Sequence[str]) -> pd.DataFrame:
    """Which invoices carry the given texts in a column of `invoices`.

    Returns:
        One row a value and match, in the order of the values: value str, invoice_id Int64
        (missing: no invoice has it).
    """
    source = pa.table(
        {"value": pa.array(list(values), pa.string()), "place": pa.array(range(len(values)), pa.int64())}
    )
    with registered(con, _IDS, source):
        table = con.sql(
            f'SELECT w.value, i.invoice_id FROM {_IDS} w LEFT JOIN invoices i ON i."{column}" = w.value'
            " ORDER BY w.place, i.invoice_id"
        ).to_arrow_table()
    return pd.DataFrame(
        {"value": table["value"].to_pandas(), "invoice_id": table["invoice_id"].to_pandas()}
    ).astype({"value": "str", "invoice_id": "Int64"})


def matching(con: Any, condition: str, today: date) -> npt.NDArray[np.int64]:
    """Ids of the invoices that match a person's filter, ascending.

    Args:
        con: an open connection.
        condition: an SQL condition over overview columns under their stored names, amounts as
            decimals: ``status = 'created' and total > 100``.
        today: the date that `overdue` is judged by.

    Raises:
        FilterError: not one condition, an unknown column, or anything but filtering.
    """
    _check_form(condition)
    words = _words(condition)
    named = [_BY_STORED_NAME[word] for word in _BY_STORED_NAME if word in words and word != "invoice_id"]
    names = ["invoice_id", *(c.frame_name for c in named)]
    sql = overview_sql(names, money="decimal")
    relation = con.sql(sql, params={"today": today}) if needs_today(names) else con.sql(sql)
    return _evaluate(relation.to_arrow_table(), condition)


def _check_form(condition: str) -> None:
    if not condition.strip():
        raise FilterError(
            "The filter is empty.", "Write a condition such as: status = 'empty'. All rows: --all"
        )
    if not condition.isprintable() and _UNREADABLE.search(condition):
        raise FilterError("The filter holds bytes that are no text in UTF-8.", _example())
    depth = 0
    for character in _QUOTED_NAME.sub(" ", _TEXT.sub(" ", condition)):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            raise FilterError("The filter closes a bracket that it does not open.", _example())
    try:
        statements = duckdb.extract_statements(f"SELECT invoice_id FROM invoices WHERE (\n{condition}\n)")
    except duckdb.Error as error:
        raise FilterError(f"The filter can't be read: {_first_line(error)}", _example()) from error
    if len(statements) != 1:
        raise FilterError("The filter must be one condition, without a semicolon.", _example())


def _evaluate(invoices: pa.Table, condition: str) -> npt.NDArray[np.int64]:
    with (
        duckdb.connect(":memory:", config={"enable_external_access": "false"}) as sealed,
        interruptible(sealed),
    ):
        sealed.register("invoices", invoices)
        sealed.execute("SET lock_configuration = true")
        try:
            found = sealed.sql(
                f"SELECT invoice_id FROM invoices WHERE (\n{condition}\n) ORDER BY invoice_id"
            ).to_arrow_table()
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise FilterError(
                f"The filter can't be evaluated: {_first_line(error)}", _hint(sealed, error, condition)
            ) from error
    if found.column_names != ["invoice_id"]:
        raise FilterError("The filter must be one condition.", _example())
    result: npt.NDArray[np.int64] = found["invoice_id"].to_numpy().astype(np.int64)
    return result


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _hint(sealed: Any, error: duckdb.Error, condition: str) -> str:
    if not isinstance(error, duckdb.BinderException):
        return _example()
    keywords = {word for (word,) in sealed.sql("SELECT keyword_name FROM duckdb_keywords()").fetchall()}
    unknown = _words(condition) - _BY_STORED_NAME.keys() - keywords
    near = [name for word in sorted(unknown) for name in get_close_matches(word, _BY_STORED_NAME)]
    if near:
        return f"Did you mean {', '.join(near)}?"
    return "Columns: " + ", ".join(sorted(_BY_STORED_NAME))


def _words(condition: str) -> set[str]:
    return set(_WORD.findall(_TEXT.sub(" ", condition)))


def _example() -> str:
    return "Example: --where \"status = 'created' and total > 100\""
