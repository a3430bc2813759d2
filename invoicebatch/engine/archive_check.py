"""What must hold of the archive: every file is there with the bytes it was written with, and none besides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.files.stored import DocumentState, document_state

ARCHIVE: Final = "archive"
"""What a run is called that moves documents to the archive; no action is."""

Breach = tuple[str, str, str, str]
"""check, subject, problem, advice"""


def archive_breaches(
    data: Path, parts: pd.DataFrame, orphans: list[Path], interrupted: "pd.Series[str]"
) -> Iterator[Breach]:
    """Breaches of the archive.

    Args:
        data: the data folder.
        parts: rows of `archive_parts`.
        orphans: files of the archive that the state does not name.
        interrupted: ids of archive runs that nobody is at work on.
    """
    for path, sha256 in zip(parts["path"], parts["sha256"], strict=True):
        state = document_state(data, path, sha256)
        if state is not DocumentState.SOUND:
            yield "archive", path, state.sentence, "Restore it from a backup: the state has its rows no more."
    for run_id in interrupted:
        yield (
            "archive",
            f"run {run_id}",
            "was interrupted: some documents that may go are live still",
            f"invoicebatch resume {run_id}",
        )
    for path in orphans:
        if not path.name.startswith(tuple(f"part-{run_id[:8]}-" for run_id in interrupted)):
            advice = "Move it away: nothing reads it. A backup of a later day may name it."
            yield "archive", str(path.relative_to(data)), "is a file that the state does not know", advice


def interrupted_archives(runs: pd.DataFrame) -> "pd.Series[str]":
    """Ids of archive runs that are not finished."""
    return runs.loc[runs["action"].eq(ARCHIVE) & runs["status"].eq("running"), "run_id"]
