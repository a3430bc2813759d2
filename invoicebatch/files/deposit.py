"""Handing a file to another program's folder: whole or not at all, synced, under its final name at once."""

import os
from pathlib import Path

from invoicebatch.errors import StorageError


def deposit(scratch: Path, target: Path, content: bytes) -> Path:
    """Write bytes to `scratch`, sync, and rename them to `target` in one step.

    Args:
        scratch: folder of half-written files, on the target's file system.
        target: final path; one that is there is replaced by the same message's bytes.
        content: the whole file.

    Raises:
        StorageError: the disk is full or the folder can't be written.
    """
    part = scratch / f".{target.name}.part"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StorageError(
            f"{target} can't be written: {error.strerror}",
            "Check the disk's space and the folder's permissions.",
        ) from error
    return target
