"""Writing frames into tables: insert, update with version check, delete. One statement a frame, or a piece of it.

All functions take an open connection and belong to the caller's transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from invoicebatch.model.changes import Changes
from invoicebatch.model.schema import INVOICE_TABLES, TABLES
from invoicebatch.model.schema.types import scaled_sql
from invoicebatch.model.status import DELETABLE, TRANSITIONS
from invoicebatch.store.checks import SOURCE, check_frame, check_new, check_stored, same_key
from invoicebatch.store.frames import MANY, arrow_pieces, fetch, one_thread, registered, to_arrow
from invoicebatch.store.invoice_changes import note_delete, note_update
from invoicebatch.store.review import forget


def insert(con: Any, name: str, frame: pd.DataFrame) -> None:
    """Insert whole rows; columns left out take their default.

    Raises:
        UsageError: a doubled key, or a value missing that has no default.
        StaleError: a key is stored already; of a table with an index the connection says so.
        InputFileError: a number pattern that is none.
    """
    if frame.empty:
        return
    table = TABLES[name]
    check_frame(table, frame, [c.frame_name for c in table.columns if c.required and c.default is None])
    present = [c for c in table.columns if c.frame_name in frame.columns]
    names = ", ".join(f'"{c.name}"' for c in present)
    values = ", ".join(
        f"coalesce({c.write_sql(_q(c.frame_name))}, {c.default})"
        if c.required and c.default is not None
        else c.write_sql(_q(c.frame_name))
        for c in present
    )
    with registered(con, SOURCE, to_arrow(frame, table)), one_thread(con, when=len(frame) > MANY):
        check_new(con, table)
        con.execute(f"INSERT INTO {name} ({names}) SELECT {values} FROM {SOURCE}")
    forget(con, name)


def update(
    con: Any,
    name: str,
    frame: pd.DataFrame,
    now: datetime,
    transitions: Iterable[tuple[str, str]] = (),
) -> None:
    """Change the frame's columns in the rows of its keys: all rows or none.

    Args:
        con: an open connection.
        name: the table.
        frame: key columns, changed columns, and `version` (the expected one) where the table
            has versions; a table with versions and a frame without: unchecked, still counted up.
        now: becomes `updated_at` where the table has it.
        transitions: allowed changes of an invoice's status.

    Raises:
        UsageError: a doubled key, or a value missing that the table requires.
        StaleError: an unknown key, or another version.
        TransitionError: a status change that is not allowed.
        InputFileError: a number pattern that is none.
    """
    if frame.empty:
        return
    table = TABLES[name]
    fixed = (*table.key, "version")
    changed = [c for c in table.columns if c.frame_name in frame.columns and c.name not in fixed]
    check_frame(table, frame, [*table.frame_key, *(c.frame_name for c in changed if c.required)])
    sets = [f'"{c.name}" = {c.write_sql("s." + _q(c.frame_name))}' for c in changed if c.name != "updated_at"]
    if "version" in table.frame_names:
        sets.append("version = t.version + 1")
    stamped = "updated_at" in table.frame_names
    if stamped:
        sets.append("updated_at = $now")
    to = "s.status" if name == "invoices" and "status" in frame.columns else ""
    # All pieces are looked at before any is written; the first, mostly the only one, where it is written.
    for piece in arrow_pieces(frame, table, but_first=True):
        with registered(con, SOURCE, piece):
            check_stored(con, table, frame, to, transitions)
    for place, piece in enumerate(arrow_pieces(frame, table)):
        with registered(con, SOURCE, piece):
            if place == 0:
                check_stored(con, table, frame, to, transitions)
            if name == "invoices":
                note_update(con, SOURCE, [c for c in changed if c.name != "updated_at"], now)
            con.execute(
                f"UPDATE {name} t SET {', '.join(sets)} FROM {SOURCE} s WHERE {same_key(table)}",
                {"now": now} if stamped else None,
            )
    forget(con, name, [c.name for c in changed])


def delete(con: Any, name: str, frame: pd.DataFrame, now: datetime) -> None:
    """Delete the rows of the frame's keys; with an invoice goes all that hangs on it.

    Invoices are deleted all or none, checked like an update; of other tables an unknown key is let be.

    Raises:
        UsageError: a doubled or missing key.
        StaleError: an unknown invoice, or another `version` where the frame holds one.
        TransitionError: an invoice whose status is not in `DELETABLE`.
    """
    if frame.empty:
        return
    table = TABLES[name]
    check_frame(table, frame, table.frame_key)
    with registered(con, SOURCE, to_arrow(frame, table)):
        if name == "invoices":
            check_stored(con, table, frame, "'gone'", [(status, "gone") for status in DELETABLE])
            note_delete(con, SOURCE, now)
            for child in INVOICE_TABLES:
                con.execute(f"DELETE FROM {child} t USING {SOURCE} s WHERE t.invoice_id = s.invoice_id")
        con.execute(f"DELETE FROM {name} t USING {SOURCE} s WHERE {same_key(table)}")
    forget(con, name)


def apply(con: Any, changes: Changes, action: str, now: datetime) -> None:
    """Write an action's changes: deletes, updates, inserts. Numbers are the caller's.

    Raises:
        StaleError: see `update`; nothing is written then.
        TransitionError: a status change that the action may not make.
    """
    allowed = [(old.value, new.value) for old, new in TRANSITIONS.get(action, frozenset())]
    for name, frame in changes.deletes.items():
        delete(con, name, frame, now)
    for name, frame in changes.updates.items():
        update(con, name, frame, now, allowed)
    for name, frame in changes.inserts.items():
        stamps = {"created_at", "updated_at"} & set(TABLES[name].frame_names) - set(frame.columns)
        insert(con, name, frame.assign(**dict.fromkeys(stamps, now)))


def rows_of(
    con: Any, name: str, column: str, keys: pd.Series, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """The table's rows whose `column` is among `keys`, in the order of the table's key."""
    table = TABLES[name]
    wanted = [c for c in table.columns if columns is None or c.frame_name in set(columns)]
    select = ", ".join(c.select_sql(f't."{c.name}"') for c in wanted)
    order = ", ".join(f't."{key}"' for key in table.key)
    unique = pa.table({"key": pa.array(keys.dropna().unique(), from_pandas=True)})
    sql = f'SELECT {select} FROM {name} t SEMI JOIN {SOURCE} s ON t."{column}" = s.key ORDER BY {order}'
    with registered(con, SOURCE, unique):
        return fetch(con, sql, wanted)


def stored_rows(con: Any, name: str, column: str, keys: pd.Series) -> pa.Table:
    """Like `rows_of`, whole and as stored: amounts as decimals, under the stored names."""
    table = TABLES[name]
    order = ", ".join(f't."{key}"' for key in table.key)
    unique = pa.table({"key": pa.array(keys.dropna().unique(), from_pandas=True)})
    columns = ", ".join(f't."{c.name}"' for c in table.columns)
    sql = f'SELECT {columns} FROM {name} t SEMI JOIN {SOURCE} s ON t."{column}" = s.key ORDER BY {order}'
    with registered(con, SOURCE, unique):
        return con.sql(sql).to_arrow_table()


def whole(
    con: Any,
    name: str,
    where: str = "",
    params: dict[str, Any] | None = None,
    columns: Iterable[str] | None = None,
    order: Iterable[str] | None = None,
) -> pd.DataFrame:
    """All rows of a table (optionally those matching a fixed SQL condition, some columns), ordered by key, or as named."""
    table = TABLES[name]
    wanted = [c for c in table.columns if columns is None or c.frame_name in set(columns)]
    select = ", ".join(c.select_sql(f't."{c.name}"') for c in wanted)
    order = ", ".join(f't."{key}"' for key in order or table.key)
    condition = f"WHERE {where}" if where else ""
    return fetch(con, f"SELECT {select} FROM {name} t {condition} ORDER BY {order}", wanted, params)


def count(con: Any, name: str) -> int:
    """Number of rows of a table."""
    (row,) = con.sql(f"SELECT count(*) FROM {TABLES[name].name}").fetchall()
    return int(row[0])


def line_totals(con: Any) -> "pd.Series[int]":
    """Sum of the line net amounts in cents, by invoice id."""
    table = con.sql(
        f"SELECT invoice_id, {scaled_sql('sum(net)')} AS net_cents FROM lines GROUP BY invoice_id"
    ).to_arrow_table()
    return pd.Series(table["net_cents"].to_numpy(), index=table["invoice_id"].to_numpy())


def _q(name: str) -> str:
    return f'"{name}"'
