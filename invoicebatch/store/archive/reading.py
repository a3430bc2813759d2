"""Where the rows of archived documents are found, as SQL; nothing here makes a frame, so that looking starts fast."""

from pathlib import Path
from typing import Any

from invoicebatch.errors import StorageError
from invoicebatch.model.schema import TABLES, Column
from invoicebatch.store.archive.tables import OWNER, PART
from invoicebatch.store.migrations import LATEST


def files_of(con: Any, data: Path, name: str) -> list[Path]:
    """The files of a table that hold documents which are in the archive.

    Raises:
        StorageError: one is missing.
    """
    rows = con.execute(
        "SELECT path FROM archive_parts p WHERE name = $name AND EXISTS (SELECT 1 FROM archived_invoices a"
        " WHERE a.part = p.part AND a.restored_by IS NULL) ORDER BY path",
        {"name": name},
    ).fetchall()
    files = [data / path for (path,) in rows]
    for file in files:
        if not file.is_file():
            raise StorageError(
                f"A file of the archive is missing: {file}",
                "Restore it from a backup; invoicebatch doctor names every one that is missing or altered.",
            )
    return files


def rows_in(con: Any, name: str, files: list[Path], where: str = "true") -> str:
    """SQL: the rows of a table in files of the archive (alias `p`), as far as their documents lie there.

    A column that an older file has not yet comes with its default.
    """
    listed = ", ".join(f"'{quoted(file)}'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true)"
    ((old,),) = con.execute(
        "SELECT count(*) FROM archive_parts WHERE name = $name AND schema_version < $now",
        {"name": name, "now": LATEST},
    ).fetchall()
    there = {column for column, *_ in con.sql(f"DESCRIBE FROM {source}").fetchall()} if old else None
    columns = ", ".join(f'{_value(c, there)} AS "{c.name}"' for c in TABLES[name].columns)
    return (
        f"SELECT {columns} FROM {source} p SEMI JOIN archived_invoices a ON a.restored_by IS NULL"
        f" AND a.invoice_id = p.{OWNER} AND a.part = p.{PART} WHERE {where}"
    )


def _value(column: Column, there: set[str] | None) -> str:
    value = f'p."{column.name}"' if there is None or column.name in there else f"NULL::{column.sql_type}"
    wanted = there is not None and column.required and column.default is not None
    return f"coalesce({value}, {column.default})" if wanted else value


def quoted(path: Path) -> str:
    """A path inside quotes of SQL."""
    return str(path).replace("'", "''")
