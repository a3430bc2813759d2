"""Reading what lies in the archive beside the live rows: on one connection, tables stand for both.

A temporary view of the same name hides the table, so every reader sees archived rows without knowing of them; DuckDB
writes to no view, so nothing that looks this way can change one.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from invoicebatch.store.archive.reading import files_of, rows_in
from invoicebatch.store.archive.tables import MOVED, columns_of


def show_archive(con: Any, data: Path, *, only: bool, but: Collection[str] = ()) -> None:
    """Let the tables of a connection hold what lies in the archive, too.

    Args:
        con: an open connection.
        data: the data folder.
        only: of the documents themselves, none but the archived ones.
        but: tables that are left as they are.

    Raises:
        StorageError: a file of the archive is missing.
    """
    there = {name for (name,) in con.sql("SELECT DISTINCT name FROM archive_parts").fetchall()}
    for name in MOVED:
        if name in but:
            continue
        files = files_of(con, data, name) if name in there else []
        live = f"SELECT {columns_of(name)} FROM workspace.main.{name}"
        live += " WHERE false" if only and name == "invoices" else ""
        if files:
            con.execute(f"CREATE TEMP VIEW {name} AS {live} UNION ALL {rows_in(con, name, files)}")
        elif only and name == "invoices":
            con.execute(f"CREATE TEMP VIEW {name} AS {live}")
