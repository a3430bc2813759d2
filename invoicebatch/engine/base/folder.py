"""A workspace as a folder with settings and state, and no more: what a command that only looks stands on."""

from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import Self

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.judged import judged_by
from invoicebatch.errors import WorkspaceError
from invoicebatch.model.schema import REVIEW_COLUMNS
from invoicebatch.model.status import WAITING
from invoicebatch.settings import Settings, load_settings
from invoicebatch.store import Store


class Folder:
    """A workspace's folder, settings and store; it holds no rows."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.settings: Settings = load_settings(self.root)
        self.store = Store(self.root / self.settings.data, self.settings.lock_timeout)

    def with_archive(self, *, only: bool = True) -> Self:
        """The same workspace, seen with the documents in the archive instead of the live ones, or beside them."""
        seen = copy(self)
        seen.store = self.store.with_archive(only=only)
        return seen

    def check(self) -> None:
        """The folder must hold a workspace's state.

        Raises:
            WorkspaceError: it does not.
        """
        if not self.store.file.is_file():
            raise WorkspaceError(
                f"{self.root} is not a workspace: {self.store.file} does not exist.",
                f"Make it one with: invoicebatch init {self.root}",
            )

    @property
    def data(self) -> Path:
        """Folder of the state."""
        return self.store.data

    @property
    def id(self) -> str:
        """The id given to the workspace when it was made."""
        return self.store.id

    def at_work(self, run_id: str) -> bool:
        """Whether a process works on the run right now."""
        return self.store.run_lock(run_id).held()

    def keep_judged(self, columns: Iterable[str], most: int | None = None) -> bool:
        """Before these overview columns are read: what the review makes of rows is judged, as of now.

        Where nothing can be kept (another writes for long, or nobody may write), it stays not judged.

        Args:
            columns: frame names.
            most: documents that are judged for it; None: however many wait.

        Returns:
            False where more than `most` wait, and none was judged.
        """
        if REVIEW_COLUMNS.isdisjoint(columns):
            return True
        asked = self.root, clock.today(), self.settings.payment.term_days
        with self.store.look() as look:
            waiting = look.unjudged(judged_by(*asked))
        if waiting and (most is None or waiting <= most):
            from invoicebatch.engine.base.review import Reviewer

            Reviewer(self.store, *asked).keep_judged()
        return most is None or waiting <= most

    def verdicts(self, ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
        """What the review makes of a few documents that wait, and why; judged for now, and not kept."""
        with self.store.look() as look:
            state = look.overview(["invoice_id", "status"], clock.today(), ids=ids)
        waiting = [i for i, status in zip(*state.values(), strict=True) if status in WAITING]
        if not waiting:
            return {}
        from invoicebatch.engine.base.review import Reviewer

        today, term_days = clock.today(), self.settings.payment.term_days
        return Reviewer(self.store, self.root, today, term_days).verdicts(waiting)


def found_folder(folder: str | Path = ".") -> Path:
    """The workspace in a folder; without one, here or in the nearest folder above.

    Raises:
        WorkspaceError: the folder is none.
        SettingsError: its settings can't be read.
    """
    given = Path(folder)
    check_folder(given)
    if str(folder) != "." or Folder(given).store.file.is_file():
        return given
    above = (parent for parent in Path.cwd().parents if Folder(parent).store.file.is_file())
    return next(above, given)


def check_folder(root: Path) -> None:
    """A workspace must be a folder.

    Raises:
        WorkspaceError: it is not.
    """
    if not root.is_dir():
        raise WorkspaceError(f"{root} is not a folder.", "Make a workspace with: invoicebatch init DIR")
