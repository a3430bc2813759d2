"""The public Python API: the engine's workspace with what the interfaces add to it."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from invoicebatch.engine.base.folder import found_folder
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.engine.workspace import Workspace as EngineWorkspace
from invoicebatch.errors import SelectionError, UsageError
from invoicebatch.files.layout import close_files, lay_out, make_data_folder
from invoicebatch.files.whole import write_whole
from invoicebatch.model.shown import shown

if TYPE_CHECKING:
    from invoicebatch.engine.documents import DocumentPreview
    from invoicebatch.interfaces.lab.widget import Overview
    from invoicebatch.interfaces.sheet.plan_sheet import SheetPlan
    from invoicebatch.interfaces.sheet.run_sheet import SheetReport


class Workspace(EngineWorkspace):
    """A folder with rules, settings and state; see the engine's workspace for the verbs."""

    def select(  # noqa: PLR0913 - one a way to select
        self,
        where: str | None = None,
        *,
        ids: Sequence[int] | None = None,
        numbers: Sequence[str] | None = None,
        sheet: str | Path | None = None,
        frame: pd.DataFrame | None = None,
        run: str | None = None,
        made_by: str | None = None,
        all: bool = False,  # noqa: A002 - reads as the command line's --all
        archived: bool = False,
    ) -> Selection:
        """Select invoices, by exactly one of the ways; `sheet` takes the ticked rows of a selection sheet.

        `archived`: among those in the archive, which can be looked at, downloaded and exported; else among the live ones.

        Raises:
            SelectionError: none or several ways, an id or number that does not exist.
            UnknownNameError: no such run.
            FilterError: the condition can't be evaluated.
            InputFileError: the sheet can't be read.
        """
        if sheet is None:
            return super().select(
                where,
                ids=ids,
                numbers=numbers,
                frame=frame,
                run=run,
                made_by=made_by,
                all=all,
                archived=archived,
            )
        if all or archived or any(way is not None for way in (where, ids, numbers, frame, run, made_by)):
            raise SelectionError("Say which invoices, in exactly one way.", "Either sheet, or another way.")
        from invoicebatch.interfaces.sheet import ticked_ids

        return super().select(ids=ticked_ids(self, Path(sheet)))

    def sheet(self, path: str | Path, where: str | None = None, **chosen: Any) -> Path:
        """Write a selection sheet (.xlsx or .csv) to tick and choose actions in; returns its path.

        Args:
            path: a file that is not there yet.
            where: which invoices; or one of the other ways of `select`.
            **chosen: the other ways: ids, numbers, sheet, frame, run, made_by, all.

        Raises:
            SelectionError: no selection, or one that no sheet holds.
            InputFileError: the file exists, or is neither .xlsx nor .csv.
        """
        from invoicebatch.interfaces.sheet.write import sheet

        return sheet(self.select(where, **chosen), path)

    def check_sheet(self, path: str | Path) -> "SheetPlan":
        """What running a sheet would do and refuse, row by row; nothing changes.

        Raises:
            InputFileError: the sheet can't be read, or is another workspace's.
        """
        from invoicebatch.interfaces.sheet.plan_sheet import plan_sheet
        from invoicebatch.interfaces.sheet.read import read_sheet

        return plan_sheet(self, read_sheet(path))

    def run_sheet(
        self, path: str | Path, *, confirmed: bool = False, progress: bool = False
    ) -> "SheetReport":
        """Run the ticked rows of a sheet and write the outcome of each row beside it.

        Raises:
            InputFileError: the sheet can't be read, or is another workspace's.
            ConfirmationError: an action asks for confirmation; nothing was done.
        """
        from invoicebatch.interfaces.sheet.run_sheet import run_sheet

        return run_sheet(self, self.check_sheet(path), confirmed=confirmed, progress=progress)

    def preview(self, invoice: str | int, template: str | Path | None = None) -> "DocumentPreview":
        """The document of an invoice as it would be made now; in a notebook it shows its pages.

        Args:
            invoice: number or invoice id.
            template: a template folder to try instead of the workspace's.

        Raises:
            SelectionError: no such invoice.
            RenderError: a field is missing, or the template can't be used.
        """
        from invoicebatch.engine.documents import preview

        return preview(self.base, invoice, template)

    @shown
    def documents(self, invoice: str | int) -> pd.DataFrame:
        """Every stored version of an invoice's document; see `engine.documents.versions`."""
        from invoicebatch.engine.documents import versions

        return versions(self.base.with_archive(only=False), invoice)

    def write_ids(self, ids: Sequence[int]) -> Path:
        """Write invoice ids to a Parquet file under data/runs, for a notebook's parameter."""
        path = self.data / "runs" / "selections" / f"{uuid.uuid4().hex}.parquet"
        return write_whole(path, pd.DataFrame({"invoice_id": ids}).to_parquet())

    def overview(self, where: str = "", *, poll_seconds: float = 2.0) -> "Overview":
        """The invoice overview with its action bar, for a notebook; needs the extra `lab`.

        Args:
            where: only the invoices of this condition; empty: all.
            poll_seconds: how often to look for changes by others; 0: never.

        Raises:
            UsageError: the extra is not installed.
            FilterError: the condition can't be evaluated.
        """
        try:
            from invoicebatch.interfaces.lab.widget import Overview
        except ModuleNotFoundError as error:
            raise UsageError(
                f"The overview needs {error.name}.", "Install it with: pip install 'invoicebatch[lab]'"
            ) from error
        from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend

        return Overview(WorkspaceBackend(self, where), poll_seconds)


def init_workspace(folder: str | Path, *, adopt: bool = False) -> Workspace:
    """Make a workspace in a folder, or bring an older one up to date; what is there is left alone.

    Args:
        folder: where.
        adopt: it is a copy of another, and becomes a workspace of its own.

    Raises:
        StorageError: the folder can't be written.
        WorkspaceError: it is a workspace of a newer version; nothing was written.
    """
    root = Path(folder)
    if (present := Workspace(root)).store.file.is_file():
        present.store.create()
    lay_out(root)
    workspace = Workspace(root)
    make_data_folder(workspace.data, workspace.settings.umask)
    workspace.store.create()
    close_files(workspace.data, workspace.settings.umask)
    if adopt:
        workspace.store.adopt()
    return workspace


def open_workspace(folder: str | Path = ".") -> Workspace:
    """Open the workspace in a folder; without one, here or in the nearest folder above.

    Raises:
        WorkspaceError: the folder is none.
        SettingsError: its settings can't be read.
    """
    workspace = Workspace(found_folder(folder))
    workspace.base.check()
    return workspace
