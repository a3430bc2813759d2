"""Writing frames into tables: insert, MERGE with version check, delete. One statement a frame.

All functions take an open connection and belong to the caller's transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import INVOICE_TABLES, TABLES, Table
from invoicebatch.model.status import DELETABLE
from invoicebatch.store.frames import fetch, registered, to_arrow

_SOURCE = "incoming"


def insert(con: Any, name: str, frame: pd.DataFrame) -> None:
    """Insert whole rows; columns left out take their default.

    Raises (through the connection): StaleError where a key exists already.
    """
    if frame.empty:
        return
    table = TABLES[name]
    present = [c for c in table.columns if c.frame_name in frame.columns]
    names = ", ".join(f'"{c.name}"' for c in present)
    values = ", ".join(
        f"coalesce({c.write_sql(_q(c.frame_name))}, {c.default})"
        if c.required and c.default is not None
        else c.write_sql(_q(c.frame_name))
        for c in present
    )
    _with_source(con, to_arrow(frame, table), f"INSERT INTO {name} ({names}) SELECT {values} FROM {_SOURCE}")


def update(
    con: Any,
    name: str,
    frame: pd.DataFrame,
    now: datetime,
    transitions: Iterable[tuple[str, str]] | None = None,
) -> None:
    """Change the frame's columns in the rows of its keys: all rows or none.

    Args:
        con: an open connection.
        name: the table.
        frame: key columns, changed columns, and `version` (the expected one) where the table
            has versions; a table with versions and a frame without: unchecked, still counted up.
        now: becomes `updated_at` where the table has it.
        transitions: allowed status changes; None: the status must not change.

    Raises (through the connection): StaleError for another version, an unknown or a doubled key;
    TransitionError for a status change that is not allowed.
    """
    if frame.empty:
        return
    table = TABLES[name]
    versioned = any(c.name == "version" for c in table.columns)
    sets = _assignments(table, frame, versioned=versioned)
    match = _same_key(table)
    clauses = []
    if versioned and "version" in frame.columns:
        clauses.append(_stale_clause(table))
    if name == "invoices" and "status" in frame.columns:
        clauses.append(_transition_clause(transitions or ()))
    clauses.append(f"WHEN MATCHED THEN UPDATE SET {', '.join(sets)}")
    clauses.append(_unknown_clause(table))
    _with_source(
        con,
        to_arrow(frame, table),
        f"MERGE INTO {name} t USING {_SOURCE} s ON {match} {' '.join(clauses)}",
        {"now": now} if any("$now" in part for part in sets) else None,
    )


def _assignments(table: Table, frame: pd.DataFrame, *, versioned: bool) -> list[str]:
    sets = [
        f'"{c.name}" = {c.write_sql("s." + _q(c.frame_name))}'
        for c in table.columns
        if c.frame_name in frame.columns
        and c.name not in table.key
        and c.name not in ("version", "updated_at")
    ]
    if versioned:
        sets.append("version = t.version + 1")
    if any(c.name == "updated_at" for c in table.columns):
        sets.append("updated_at = $now")
    return sets


def _transition_clause(transitions: Iterable[tuple[str, str]]) -> str:
    allowed = ", ".join(f"'{old}>{new}'" for old, new in sorted(transitions)) or "''"
    return (
        f"WHEN MATCHED AND t.status <> s.status AND t.status || '>' || s.status NOT IN ({allowed})"
        " THEN ERROR 'transition of invoice ' || s.invoice_id || ' from ' || t.status || ' to ' || s.status"
        " || ' is not allowed'"
    )


def delete(con: Any, name: str, frame: pd.DataFrame) -> None:
    """Delete the rows of the frame's keys; with an invoice goes all that hangs on it.

    Invoices are deleted all or none, checked like an update: StaleError (through the connection) for
    an unknown or doubled key, or another `version` where the frame holds one; TransitionError for a
    status that is not in `DELETABLE`.
    """
    if frame.empty:
        return
    table = TABLES[name]
    source = to_arrow(frame, table)
    match = _same_key(table)
    if name != "invoices":
        _with_source(con, source, f"DELETE FROM {name} t USING {_SOURCE} s WHERE {match}")
        return
    for child in INVOICE_TABLES:
        _with_source(
            con, source, f"DELETE FROM {child} t USING {_SOURCE} s WHERE t.invoice_id = s.invoice_id"
        )
    allowed = ", ".join(f"'{status}'" for status in sorted(DELETABLE))
    kept = "'transition of invoice ' || s.invoice_id || ' from ' || t.status || ' to gone is not allowed'"
    clauses = [
        *([_stale_clause(table)] if "version" in frame.columns else []),
        f"WHEN MATCHED AND t.status NOT IN ({allowed}) THEN ERROR {kept}",
        "WHEN MATCHED THEN DELETE",
        _unknown_clause(table),
    ]
    _with_source(con, source, f"MERGE INTO {name} t USING {_SOURCE} s ON {match} {' '.join(clauses)}")


def _key_text(table: Table) -> str:
    return " || ' ' || ".join(f's."{key}"::VARCHAR' for key in table.frame_key)


def _stale_clause(table: Table) -> str:
    named = f"'{table.name} ' || {_key_text(table)}"
    return f"WHEN MATCHED AND t.version <> s.version THEN ERROR {named} || ' was changed'"


def _unknown_clause(table: Table) -> str:
    return f"WHEN NOT MATCHED THEN ERROR '{table.name} ' || {_key_text(table)} || ' does not exist'"


def rows_of(
    con: Any, name: str, column: str, keys: pd.Series, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """The table's rows whose `column` is among `keys`, in the order of the table's key."""
    table = TABLES[name]
    wanted = [c for c in table.columns if columns is None or c.frame_name in set(columns)]
    select = ", ".join(c.select_sql(f't."{c.name}"') for c in wanted)
    order = ", ".join(f't."{key}"' for key in table.key)
    unique = pa.table({"key": pa.array(keys.dropna().unique(), from_pandas=True)})
    sql = f'SELECT {select} FROM {name} t SEMI JOIN {_SOURCE} s ON t."{column}" = s.key ORDER BY {order}'
    with registered(con, _SOURCE, unique):
        return fetch(con, sql, wanted)


def whole(con: Any, name: str, where: str = "", params: dict[str, Any] | None = None) -> pd.DataFrame:
    """All rows of a small table (optionally those matching a fixed SQL condition), ordered by key."""
    table = TABLES[name]
    select = ", ".join(c.select_sql(f't."{c.name}"') for c in table.columns)
    order = ", ".join(f't."{key}"' for key in table.key)
    condition = f"WHERE {where}" if where else ""
    return fetch(con, f"SELECT {select} FROM {name} t {condition} ORDER BY {order}", table.columns, params)


def _q(name: str) -> str:
    return f'"{name}"'


def _with_source(con: Any, source: pa.Table, sql: str, params: dict[str, Any] | None = None) -> None:
    with registered(con, _SOURCE, source):
        con.execute(sql, params) if params else con.execute(sql)


def _same_key(table: Table) -> str:
    return " AND ".join(f't."{c.name}" = {c.write_sql("s." + _q(c.frame_name))}' for c in table.key_columns)
