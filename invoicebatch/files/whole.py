"""Writing one file: whole or not at all, safe on disk when it has its name, and over nothing unless asked.

A run's own files are staged and published together instead, see `publish`.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Literal

from invoicebatch.errors import InputFileError
from invoicebatch.files.platform import link_if_free, sync_path
from invoicebatch.files.publish import numbered, storage_error

OnClash = Literal["refuse", "keep", "number", "replace"]
"""What happens where the name is taken: an error; nothing; `name (2).ext`; the file is replaced."""


def write_whole(
    path: Path,
    content: bytes | str | Callable[[BinaryIO], object],
    *,
    on_clash: OnClash = "refuse",
    scratch: Path | None = None,
) -> Path:
    """Write a file and give it its name in one step; returns the path it got.

    Args:
        path: where; missing folders are made.
        content: bytes, text (UTF-8), or a function that writes the bytes to an open file.
        on_clash: what happens where the name is taken.
        scratch: folder of the half-written file, on the same file system; None: beside `path`.

    Raises:
        InputFileError: the name is taken, and `refuse` was asked for.
        StorageError: the disk is full or the folder can't be written.
    """
    if path.exists() and on_clash in ("refuse", "keep"):
        return _taken(path, on_clash)
    part = (scratch or path.parent) / f".{path.name}.{token_hex(4)}.part"
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as handle:
            if callable(content):
                content(handle)
            else:
                handle.write(content.encode() if isinstance(content, str) else content)
        return name_whole(part, path, on_clash=on_clash)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def name_whole(part: Path, path: Path, *, on_clash: OnClash = "refuse") -> Path:
    """Give a finished file its name, as `write_whole` does; `part` is gone afterwards.

    Raises:
        InputFileError: the name is taken, and `refuse` was asked for.
        StorageError: the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sync_path(part)
        target = _give_name(part, path, on_clash)
        part.unlink(missing_ok=True)
        sync_path(target.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    return target


def _give_name(part: Path, path: Path, on_clash: OnClash) -> Path:
    if on_clash == "replace":
        return part.replace(path)
    names = numbered(path) if on_clash == "number" else (path,)
    free = next((name for name in names if link_if_free(part, name)), None)
    return free or _taken(path, on_clash)


def _taken(path: Path, on_clash: OnClash) -> Path:
    if on_clash == "keep":
        return path
    raise InputFileError(
        f"{path} exists already, and may hold somebody's work.",
        "Choose another name, or move the file away.",
    )


def remove_halves(folder: Path, name: str = "*") -> None:
    """Remove what processes that were killed left of files with that name; where it can't be, it does no harm.

    Not where another process may be writing one now.
    """
    for part in folder.glob(f".{name}.*.part"):
        with suppress(OSError):
            part.unlink(missing_ok=True)


def make_folders(*folders: Path) -> None:
    """Make folders that other programs look into; one that is there is left alone.

    Raises:
        StorageError: one can't be made.
    """
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(folder, error) from error


@contextmanager
def temporary_folder(
    within: Path | None = None, prefix: str = "invoicebatch-", *, left: bool = False
) -> Iterator[Path]:
    """A new folder that goes with the block.

    Args:
        within: where it is made; None: where the system has such folders.
        prefix: of its name.
        left: one that can't be removed is left there.

    Raises:
        StorageError: it can't be made or removed.
    """
    place = (within or Path(tempfile.tempdir or ".")) / prefix
    try:
        folder = tempfile.TemporaryDirectory(prefix=prefix, dir=within, ignore_cleanup_errors=left)
    except OSError as error:
        raise storage_error(place, error) from error
    try:
        yield Path(folder.name)
    finally:
        try:
            folder.cleanup()
        except OSError as error:
            raise storage_error(Path(folder.name), error) from error


def remove(path: Path) -> None:
    """Remove a file; one that is gone already is no fault.

    Raises:
        StorageError: it can't be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error
