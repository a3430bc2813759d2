"""Laying out a workspace: the shipped rules and notebooks, a settings file, the data folder."""

import stat
from pathlib import Path
from typing import Final

from invoicebatch.files.shipped import shipped
from invoicebatch.files.whole import write_whole
from invoicebatch.settings import FILE

FOLDERS: Final = ("rules", "notebooks")
_NOT_OURS: Final = frozenset({"__pycache__", ".ipynb_checkpoints"})

_SETTINGS = """\
# Settings of this workspace. Every key may also be set by an environment variable, such as
# INVOICEBATCH_PAYMENT__TERM_DAYS=30. Secrets never stand here: they come from the environment or a keyring.

[payment]
term_days = 14                        # where neither invoice nor customer has a term
collection_date = "due date"          # or a rule such as "+5 banking days": what is due later is refused then

[integrations]                        # each is a fact that the rules ask for
collection = false
peppol = false
chorus_pro = false

[executor]
processes = 0                         # 0: one a core
"""


def lay_out(root: Path) -> None:
    """Make the folders and files of a workspace; what is there already is left alone.

    Raises:
        StorageError: the folder can't be written.
    """
    for name in FOLDERS:
        _copy_missing(shipped(name), root / name)
    write_whole(root / FILE, _SETTINGS, on_clash="keep")


def make_data_folder(folder: Path, umask: int) -> None:
    """Make the folder of the state, closed to all but those it is meant for; one that is there is left alone."""
    if not folder.exists():
        folder.mkdir(mode=0o777 & ~umask, parents=True)
        folder.chmod(0o777 & ~umask)  # whatever the process's own umask keeps from it


def close_files(folder: Path, umask: int) -> None:
    """Take from the files of the state what they should not have: they may be copied out of their folder."""
    for file in folder.iterdir():
        if file.is_file():
            file.chmod(file.stat().st_mode & 0o777 & ~umask)


def wider_than(folder: Path, umask: int) -> str:
    """The rights of a folder that go beyond what they should, as ``rwxr-xr-x``; empty: none."""
    mode = folder.stat().st_mode
    return stat.filemode(mode)[1:] if mode & umask else ""


def _copy_missing(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        return
    for file in sorted(source.rglob("*")):
        if file.is_file() and not _NOT_OURS & set(file.parts):
            write_whole(target / file.relative_to(source), file.read_bytes(), on_clash="keep")
