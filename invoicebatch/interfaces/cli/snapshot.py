"""The command `snapshot`, by itself: it needs no more than the store."""

from pathlib import Path

from invoicebatch.interfaces.cli.common import WorkspaceOption, looked_at


def snapshot(folder: Path, *, workspace: WorkspaceOption = None) -> int:
    """Write all tables as Parquet files, from one moment."""
    for file in looked_at(workspace).store.snapshot(folder):
        print(file)
    return 0
