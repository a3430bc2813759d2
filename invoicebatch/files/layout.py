"""Laying out a workspace: the shipped rules and notebooks, a settings file, the data folder."""

import shutil
from pathlib import Path
from typing import Final

from invoicebatch.files.publish import storage_error
from invoicebatch.files.shipped import shipped
from invoicebatch.settings import FILE

FOLDERS: Final = ("rules", "notebooks")

_SETTINGS = """\
# Settings of this workspace. Every key may also be set by an environment variable, such as
# INVOICEBATCH_PAYMENT__TERM_DAYS=30. Secrets never stand here: they come from the environment or a keyring.

[payment]
term_days = 14                        # where neither invoice nor customer has a term
collection_date = "+5 banking days"   # default collection date of bank files

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
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            _copy_missing(shipped(name), root / name)
        settings = root / FILE
        if not settings.exists():
            settings.write_text(_SETTINGS, encoding="utf-8")
    except OSError as error:
        raise storage_error(root / FILE, error) from error


def _copy_missing(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        return
    for file in sorted(source.rglob("*")):
        copy = target / file.relative_to(source)
        if (
            file.is_dir()
            or copy.exists()
            or "__pycache__" in file.parts
            or ".ipynb_checkpoints" in file.parts
        ):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all.

    Raises:
        StorageError: the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
