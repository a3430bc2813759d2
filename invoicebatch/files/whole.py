"""Writing one file for a person, whole or not at all, and never over a file that is there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from invoicebatch.errors import InputFileError
from invoicebatch.files.publish import publish, sha256_of, storage_error


def write_file(path: Path, content: Callable[[BinaryIO], None], *, numbered: bool = False) -> Path:
    """Write a file that is not there yet; returns its path.

    Args:
        path: where.
        content: writes the bytes to an open file.
        numbered: where the name is taken, add a number to it instead of refusing.

    Raises:
        InputFileError: the file exists, and no number was asked for.
        StorageError: the folder can't be written.
    """
    if path.exists() and not numbered:
        raise InputFileError(
            f"{path} exists already, and may hold somebody's work.",
            "Choose another name, or move the file away.",
        )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w+b") as handle:
            content(handle)
            handle.flush()
            os.fsync(handle.fileno())
        return publish(part, path, sha256_of(part))
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        part.unlink(missing_ok=True)
