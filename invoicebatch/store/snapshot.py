"""Parquet snapshots: a consistent copy of tables for readers that must not wait, published atomically."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from invoicebatch.errors import StorageError
from invoicebatch.files.platform import sync_path
from invoicebatch.model.schema import TABLES

_AT_ONCE: Final = 30_720
"""Rows that a thread holds until they are written; a quarter of what it would hold by itself."""


def write_snapshot(con: Any, folder: Path, names: Iterable[str]) -> list[Path]:
    """Write each table to `<folder>/<table>.parquet`, all from one moment, each file whole or not at all.

    Rows come as they are stored: sorting them would take longer than all the rest.

    Args:
        con: an open connection.
        folder: made where missing; older snapshots in it are replaced.
        names: tables.

    Returns:
        The files written.

    Raises:
        StorageError: the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=folder))
    except OSError as error:
        raise StorageError(f"{folder} can't be written: {error.strerror}") from error
    try:
        for name in names:
            _copy(con, name, staging / f"{name}.parquet")
        return [_publish(file, folder / file.name) for file in sorted(staging.iterdir())]
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copy(con: Any, name: str, target: Path) -> None:
    table = TABLES[name]
    select = ", ".join(f'"{c.name}"' for c in table.columns)
    path = str(target).replace("'", "''")
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_AT_ONCE}"
    con.execute(f"COPY (SELECT {select} FROM {name}) TO '{path}' ({options})")


def _publish(source: Path, target: Path) -> Path:
    sync_path(source)
    source.replace(target)
    return target
