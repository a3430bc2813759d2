"""A backup as one ZIP file: every file of a workspace with its hash, restored only where each hash is right.

Stored documents never change, so a later backup may leave out those that an earlier one holds.
"""

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from invoicebatch.errors import InputFileError
from invoicebatch.files.hashed_zip import Listed, copy, write_hashed_zip
from invoicebatch.files.limits import check_file
from invoicebatch.files.platform import sync_path
from invoicebatch.files.publish import inside, storage_error

MANIFEST: Final = "backup.json"
FORM: Final = "invoicebatch backup 1"
_IN_ZIP: Final = "files/"
_LONGEST_MANIFEST: Final = 1 << 30
"""A list of files of more bytes is none of ours."""


def write_backup(
    target: Path, files: Iterable[tuple[str, Path]], about: Mapping[str, str], earlier: Path | None = None
) -> list[Listed]:
    """Write files to a new ZIP; see `write_hashed_zip`.

    Args:
        target: the file; it must not be there.
        files: name in the workspace, and where it is; what has vanished meanwhile is left out.
        about: kept beside the list of files.
        earlier: a backup whose files need not be held again.

    Raises:
        InputFileError: the target exists, or the earlier file is no backup.
        StorageError: the disk failed.
    """
    held = read_manifest(earlier)[1] if earlier else []
    by = earlier.name if earlier else ""
    entries = ((_IN_ZIP + name, path) for name, path in files)
    known = {one.name: replace(one, held_by=one.held_by or by) for one in held}
    return write_hashed_zip(target, entries, {"form": FORM, **about}, manifest=MANIFEST, held=known)[0]


def read_manifest(file: Path) -> tuple[dict[str, Any], list[Listed]]:
    """What a backup says about itself, and its files.

    Raises:
        InputFileError: the file is no backup of ours, or can't be read.
    """
    check_file(file)
    try:
        with zipfile.ZipFile(file) as archive:
            whole = archive.getinfo(MANIFEST).file_size <= _LONGEST_MANIFEST
            about = json.loads(archive.read(MANIFEST) if whole else "{}")
        if about.pop("form", "") != FORM:
            raise KeyError("it has no list of files of this version")  # noqa: TRY301 - told with the others
        return about, [Listed(**row) for row in about.pop("files")]
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise InputFileError(
            f"{file} is not a backup that can be read: {error}", "Choose another file."
        ) from error


def restore_backup(file: Path, target: Path) -> list[Listed]:
    """Write a backup's files to a new folder; it has its name once every file is whole and its hash right.

    Args:
        file: the backup; earlier ones that it names lie beside it.
        target: the folder; it must not be there, or be empty.

    Raises:
        InputFileError: the file is no backup, one is missing or damaged, or the folder is not empty.
        StorageError: the disk failed.
    """
    _, files = read_manifest(file)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputFileError(f"{target} is not an empty folder.", "Restore into a new folder.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True, mode=0o700)
        for holder in dict.fromkeys(each.held_by for each in files):
            held = [each for each in files if each.held_by == holder]
            _unpack(inside(file.parent, holder) if holder else file, held, part)
        if target.exists():
            target.rmdir()
        part.rename(target)
        sync_path(target.parent)
    except OSError as error:
        raise storage_error(target, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return files


def _unpack(holder: Path, files: list[Listed], folder: Path) -> None:
    check_file(holder)
    try:
        with zipfile.ZipFile(holder) as archive:
            for file in files:
                path = inside(folder, file.name.removeprefix(_IN_ZIP))
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with _member(archive, file.name) as source, path.open("xb") as sink:
                    path.chmod(0o600)
                    if copy(file.name, source, sink) != replace(file, held_by=""):
                        raise InputFileError(
                            f"{holder}: {file.name} is damaged: its hash is another.", "Use another backup."
                        )
                sync_path(path)
    except (zipfile.BadZipFile, zlib.error, KeyError, FileNotFoundError, EOFError) as error:
        raise InputFileError(
            f"{holder} does not hold what it should: {error}",
            "Use another backup; keep earlier ones beside it.",
        ) from error


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A file of an archive; one whose place in it can't be true is damage, no fault of the disk."""
    try:
        return archive.open(name)
    except (OSError, RuntimeError, ValueError) as error:
        raise zipfile.BadZipFile(f"{name}: {error}") from error
