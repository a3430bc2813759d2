"""Snapshots: every table as it stands, each file whole."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from invoicebatch.errors import StorageError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.model.schema import TABLES


def test_a_snapshot_holds_every_table_as_it_is_stored(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = make_workspace(5)
    workspace.snapshot(tmp_path / "out")
    files = workspace.snapshot(tmp_path / "out")
    assert sorted(file.stem for file in files) == sorted(TABLES)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)
    for name in ("invoices", "lines", "customers"):
        with workspace.store.read() as session:
            stored = session.stored_rows(name, TABLES[name].key[0], session.whole(name)[TABLES[name].key[0]])
        keys = [(key, "ascending") for key in TABLES[name].key]
        written = pq.read_table(tmp_path / "out" / f"{name}.parquet").sort_by(keys)
        assert written.num_rows > 0
        assert written.to_pylist() == stored.to_pylist()


def test_a_snapshot_into_a_file_is_refused(make_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError, match="can't be written"):
        make_workspace(1).snapshot(tmp_path / "out")
