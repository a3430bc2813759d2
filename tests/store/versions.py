"""Workspaces as each version of the schema wrote them: kept in versions.parquet, made again as a database.

`python -m tests.store.versions` adds one of the present version, to be kept with the change of the schema.
"""

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.store.migrations import LATEST
from tests.conftest import money_workspace_in

KEPT = Path(__file__).with_suffix(".parquet")
"""Columns: version, name of a table, its ddl, its rows as JSON."""


def restored(version: int, folder: Path) -> Workspace:
    """The kept workspace in a folder, as that version left it: not to be opened before `init`."""
    workspace = Workspace(folder)
    workspace.store.file.parent.mkdir(mode=0o700)
    kept = pd.read_parquet(KEPT, filters=[("version", "=", version)])
    with duckdb.connect(str(workspace.store.file)) as con:
        for name, ddl, rows in kept[["name", "ddl", "rows"]].itertuples(index=False):
            con.execute(ddl)
            columns = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall()
            con.execute(
                f"INSERT INTO {name} SELECT unnest(from_json($rows, $form), recursive := true)",
                {"rows": rows, "form": json.dumps([dict(columns)])},
            )
    return workspace


def _scenario(folder: Path) -> Workspace:
    """Three created documents and an empty one: two bundled, one in instalments, one approved, an export job."""
    workspace = money_workspace_in(
        folder, 4, status=["created"] * 3 + ["empty"],
        number=[f"F2026-{seq:06d}" for seq in (1, 2, 3)] + [None],
    )  # fmt: skip
    workspace.select(ids=[4]).plan("approve", invoice_date=date(2026, 1, 20)).apply()
    workspace.select(ids=[1, 2]).plan("assign.bank_file").apply()
    workspace.select(ids=[3]).plan("assign.payment_plan", instalments=2).apply()
    workspace.select(ids=[1, 2]).plan("export.job", name="Old", filter="total > 100").apply()
    return open_workspace(folder)


def keep_present() -> None:
    """Add a workspace of the present version to those that are kept."""
    with TemporaryDirectory() as folder:
        file = _scenario(Path(folder) / "workspace").store.file
        with duckdb.connect(str(file), read_only=True) as con:
            tables = con.sql("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
            rows = [
                (LATEST, name, ddl, con.sql(f"SELECT coalesce(to_json(list(t)), '[]') FROM {name} t").fetchall()[0][0])
                for name, ddl in tables
            ]  # fmt: skip
    kept = pd.read_parquet(KEPT)
    added = pd.DataFrame(rows, columns=kept.columns)
    pd.concat([kept[kept["version"] != LATEST], added], ignore_index=True).to_parquet(
        KEPT, compression="zstd", compression_level=19, index=False
    )


if __name__ == "__main__":
    keep_present()
