"""Copies of a workspace that may be changed, as if each had been made where it is."""

import shutil
from pathlib import Path

import duckdb


def copy_workspace(source: Path | str, target: Path | str) -> Path:
    """Copy a workspace; the copy keeps the id, and counts as the only one."""
    folder = Path(shutil.copytree(source, target))
    with duckdb.connect(str(folder / "data" / "invoicebatch.duckdb")) as con:
        con.execute("INSERT OR REPLACE INTO meta VALUES ('place', ?)", [str((folder / "data").resolve())])
    return folder
