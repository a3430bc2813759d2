"""A run's files: staged beside the state, published to the archive of documents or the run's folder."""

from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.files.publish import Staging, check_publishing, inside, publish, sha256_of, sync_folders
from invoicebatch.files.stored import DOCUMENTS, stored_path
from invoicebatch.model.changes import Artefact

_COLUMNS = {"invoice_id": "Int64", "name": "str", "path": "str", "sha256": "str", "size": "int64"}


def staging_of(data: Path, name: str) -> Staging:
    """The staging folder of a run, by its id, or of a part of the archive."""
    return Staging(data / "staging" / name)


class RunFiles:
    """Files of one run. Paths in the data folder are noted relative to it."""

    def __init__(self, data: Path, run_id: str, folder: Path) -> None:
        self._data = data
        self._folder = folder
        self._staging = staging_of(data, run_id)
        self._rows: list[dict[str, Any]] = []

    def start(self) -> None:
        """Begin a batch: what was added and not noted, of one that broke off, counts no more."""
        self._rows = []

    def add(self, artefact: Artefact) -> None:
        """Write a file to staging; it is noted by the next `staged`."""
        name = f"{artefact.place}/{artefact.name}"
        staged = self._staging.add(name, artefact.content)
        if artefact.place == "documents":
            path = self._free_path(artefact.name, staged.sha256)
        else:
            path = stored_path(self._data, inside(self._folder, artefact.name))
        self._rows.append(
            {
                "invoice_id": artefact.invoice_id,
                "name": name,
                "path": path,
                "sha256": staged.sha256,
                "size": staged.size,
                **artefact.details,
            }
        )

    def _free_path(self, name: str, sha256: str) -> str:
        """A path in the archive where no other document lies (one may, after a restored backup)."""
        target = inside(self._data / DOCUMENTS, name)
        for number in range(2, 1000):
            if not target.exists() or sha256_of(target) == sha256:
                break
            target = target.with_name(f"{Path(name).stem} ({number}){target.suffix}")
        return stored_path(self._data, target)

    def check_archive(self) -> None:
        """Stored documents can be written and linked now: asked before a number is given to one.

        Raises:
            StorageError: they can't.
        """
        check_publishing(self._staging.folder, self._data / DOCUMENTS)

    def staged(self) -> pd.DataFrame:
        """The files added since the last call, all safe on disk; see `Batch.files` for the columns."""
        self._staging.sync()
        rows, self._rows = self._rows, []
        frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(_COLUMNS))
        return frame.astype(_COLUMNS)

    def publish(self, files: pd.DataFrame) -> pd.DataFrame:
        """Publish staged files (name, path, sha256); returns name and final path."""
        targets = [
            publish(self._staging.folder / name, self._data / path, sha256)
            for name, path, sha256 in zip(files["name"], files["path"], files["sha256"], strict=True)
        ]
        sync_folders(targets)
        paths = [stored_path(self._data, target) for target in targets]
        return pd.DataFrame({"name": files["name"].to_numpy(), "path": paths})

    def remove_staging(self) -> None:
        """Remove the staging folder; every file has its final name."""
        self._staging.remove()
