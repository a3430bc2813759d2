"""The public Python API: the engine's workspace with what the interfaces add to it."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from invoicebatch.engine.selection import Selection
from invoicebatch.engine.workspace import Workspace as EngineWorkspace
from invoicebatch.engine.workspace import check_folder
from invoicebatch.errors import SelectionError
from invoicebatch.files.layout import lay_out


class Workspace(EngineWorkspace):
    """A folder with rules, settings and state; see the engine's workspace for the verbs."""

    def select(
        self,
        where: str | None = None,
        *,
        ids: Sequence[int] | None = None,
        numbers: Sequence[str] | None = None,
        sheet: str | Path | None = None,
        frame: pd.DataFrame | None = None,
        all: bool = False,  # noqa: A002 - reads as the command line's --all
    ) -> Selection:
        """Select invoices, by exactly one of the ways; `sheet` takes the ticked rows of a selection sheet.

        Raises:
            SelectionError: none or several ways, an id or number that does not exist.
            FilterError: the condition can't be evaluated.
            InputFileError: the sheet can't be read.
        """
        if sheet is None:
            return super().select(where, ids=ids, numbers=numbers, frame=frame, all=all)
        if where is not None or ids is not None or numbers is not None or frame is not None or all:
            raise SelectionError("Say which invoices, in exactly one way.", "Either sheet, or another way.")
        from invoicebatch.interfaces.sheet import ticked_ids  # type: ignore[attr-defined]

        return super().select(ids=ticked_ids(self, Path(sheet)))

    def write_ids(self, ids: Sequence[int]) -> Path:
        """Write invoice ids to a Parquet file under data/runs, for a notebook's parameter."""
        path = self.data / "runs" / "selections" / f"{uuid.uuid4().hex}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"invoice_id": ids}).to_parquet(path)
        return path


def init_workspace(folder: str | Path) -> Workspace:
    """Make a workspace in a folder, or bring an older one up to date; what is there is left alone.

    Raises:
        StorageError: the folder can't be written.
    """
    root = Path(folder)
    lay_out(root)
    workspace = Workspace(root)
    workspace.store.create()
    return workspace


def open_workspace(folder: str | Path = ".") -> Workspace:
    """Open the workspace in a folder.

    Raises:
        WorkspaceError: the folder is none.
        SettingsError: its settings can't be read.
    """
    check_folder(Path(folder))
    workspace = Workspace(Path(folder))
    workspace.check()
    return workspace
