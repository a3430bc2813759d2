"""What the store promises of a frame, looked at before it is written: whole keys, each given once; rows
that are there and unchanged; statuses along the transition table.

Frames and plain SQL are asked, inside the transaction that writes: an engine may let one of two rows win
in one release and refuse both in the next. No text of the engine is read.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from invoicebatch.errors import InputFileError, StaleError, TransitionError, UsageError
from invoicebatch.model.documents.number_patterns import pattern_fault
from invoicebatch.model.schema import TABLES, Table

SOURCE = "incoming"
"""Name of the view that holds the frame while it is written."""


def check_frame(table: Table, frame: pd.DataFrame, needed: Iterable[str]) -> None:
    """A frame that can be written: no needed value missing, no key given twice.

    Args:
        table: where it goes.
        frame: any of the table's frame columns.
        needed: frame names of the columns that every row must fill.

    Raises:
        UsageError: otherwise; the column or the key is named.
        InputFileError: a number pattern that is none.
    """
    missing = [name for name in needed if name not in frame.columns or frame[name].hasnans]
    if missing:
        raise UsageError(
            f"Nothing was written: {table.name} with {', '.join(missing)} missing.", "Give every row a value."
        )
    keys = frame[[name for name in table.frame_key if name in frame.columns]]
    # Where one column of the key has no double, the key has none: the last one is mostly the quickest to ask.
    if all(keys[name].duplicated().any() for name in reversed(keys.columns)) and keys.duplicated().any():
        first = keys[keys.duplicated()].iloc[0]
        raise UsageError(
            f"Nothing was written: {table.name} {_words(first)} is given more than once.",
            "Give each row once.",
        )
    if table.name == "number_ranges" and "pattern" in frame.columns:
        for pattern in frame["pattern"].dropna().unique():
            check_pattern(str(pattern))


def check_new(con: Any, table: Table) -> None:
    """No row of the frame is stored: asked where no index over the key would refuse it.

    Args:
        con: an open connection that may write, with the frame registered as `SOURCE`.
        table: where the frame goes.

    Raises:
        StaleError: otherwise; the key is named.
    """
    if table.indexed:
        return
    lead, *further = table.key_columns
    if further:  # mostly none is even of the same run: that takes no memory to know
        leads = f'SELECT DISTINCT "{lead.frame_name}" FROM {SOURCE}'
        if not con.sql(f'SELECT 1 FROM {table.name} WHERE "{lead.name}" IN ({leads}) LIMIT 1').fetchall():
            return
    key = ", ".join(f's."{name}"' for name in table.frame_key)
    found = con.sql(
        f"SELECT {key} FROM {SOURCE} s SEMI JOIN {table.name} t ON {same_key(table)} ORDER BY ALL LIMIT 1"
    ).fetchall()
    for values in found:
        raise StaleError(
            f"Nothing was written: {table.name} {_words(values)} is there already.",
            "Another process wrote it meanwhile; select again.",
        )


def doubled_rows(con: Any) -> list[tuple[str, str]]:
    """Tables with a key that is there more than once, each with the first such key: no index would have refused it."""
    found = []
    for table in (table for table in TABLES.values() if not table.indexed):
        key = ", ".join(f'"{name}"' for name in table.key)
        sql = f"SELECT {key} FROM {table.name} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        found += [(table.name, _words(values)) for values in con.sql(sql).fetchall()]
    return found


def check_stored(
    con: Any, table: Table, frame: pd.DataFrame, to: str = "", allowed: Iterable[tuple[str, str]] = ()
) -> None:
    """Every row of the frame is stored, in the version it names, and may take its new status.

    Args:
        con: an open connection, with the frame, or a piece of it, registered as `SOURCE`.
        table: where the frame goes.
        frame: its key columns, all filled; `version` where it is to be checked, missing where not.
        to: SQL of the new status; empty: the status stays.
        allowed: the status changes that may be.

    Raises:
        StaleError: a row is gone or has another version.
        TransitionError: a status change that is not allowed.
    """
    cases = [f"WHEN t.\"{table.key[0]}\" IS NULL THEN 'does not exist'"]
    if "version" in frame.columns and "version" in table.frame_names:
        cases.append("WHEN t.version <> s.version THEN 'was changed'")
    if to:
        steps = ", ".join(f"'{old}>{new}'" for old, new in sorted(allowed)) or "''"
        step = f"WHEN t.status <> {to} AND t.status || '>' || {to} NOT IN ({steps})"
        cases.append(f"{step} THEN 'from ' || t.status || ' to ' || {to} || ' is not allowed'")
    key = ", ".join(f's."{name}"' for name in table.frame_key)
    joined = f"{SOURCE} s LEFT JOIN {table.name} t ON {same_key(table)}"
    found = con.sql(
        f"SELECT * FROM (SELECT {key}, CASE {' '.join(cases)} END AS fault FROM {joined})"
        " WHERE fault IS NOT NULL ORDER BY ALL LIMIT 1"
    ).fetchall()
    for *values, fault in found:
        if fault.startswith("from "):
            raise TransitionError(
                f"Nothing was written: transition of invoice {_words(values)} {fault}.",
                "Another process changed it meanwhile; select again.",
            )
        raise StaleError(
            f"Nothing was written: {table.name} {_words(values)} {fault}.",
            "Another process changed it meanwhile; select again.",
        )


def same_key(table: Table) -> str:
    """SQL condition: the stored row `t` and the frame's row `s` have one key."""
    pairs = ((c.name, c.write_sql(f's."{c.frame_name}"')) for c in table.key_columns)
    return " AND ".join(f't."{name}" = {value}' for name, value in pairs)


def check_pattern(pattern: str) -> None:
    """A number pattern is one that can be used; the account's own id is looked at where it comes in.

    Raises:
        InputFileError: it is not.
    """
    fault = pattern_fault(pattern, "NL")
    if fault:
        raise InputFileError(f"Number pattern {pattern!r} {fault}.", "Example: {year}-{seq:06d}")


def _words(key: Iterable[Any]) -> str:
    return " ".join(str(value) for value in key)
