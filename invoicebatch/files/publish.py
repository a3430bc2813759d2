"""Staging and publishing: bytes reach their final name whole, or not at all, and never twice.

A file is written to the run's staging folder, synced and hashed; publishing is a hard link without
overwrite. What is already there with the same bytes counts as published.
"""

import errno
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from invoicebatch.errors import StorageError
from invoicebatch.files.platform import link_if_free, sync_path
from invoicebatch.model.changes import Content

_SYNC_THREADS = 8
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file in staging: its name there, the hash and size (bytes) of what was written."""

    name: str
    sha256: str
    size: int


class Staging:
    """The staging folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unsynced: list[Path] = []

    def add(self, name: str, content: Content) -> StagedFile:
        """Write a file; it is safe on disk after the next `sync`.

        Args:
            name: relative path; it may not leave the folder.
            content: the bytes, or a function that writes them to an open file.

        Raises:
            StorageError: the disk is full or can't be written.
        """
        path = inside(self.folder, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # it may be published: a hard link shares its bytes
            staged = _write(path, name, content)
        except OSError as error:
            raise storage_error(path, error) from error
        self._unsynced.append(path)
        return staged

    def sync(self) -> None:
        """Force everything written so far to disk."""
        paths, self._unsynced = self._unsynced, []
        folders = {path.parent for path in paths} | ({self.folder} if paths else set())
        try:
            with ThreadPoolExecutor(_SYNC_THREADS) as pool:
                list(pool.map(sync_path, [*paths, *folders]))
        except OSError as error:
            raise storage_error(self.folder, error) from error

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _write(path: Path, name: str, content: Content) -> StagedFile:
    if isinstance(content, bytes):
        path.write_bytes(content)
        return StagedFile(name, hashlib.sha256(content).hexdigest(), len(content))
    with path.open("w+b") as handle:
        content(handle)
    return StagedFile(name, sha256_of(path), path.stat().st_size)


def publish(source: Path, target: Path, sha256: str) -> Path:
    """Give a staged file its final name; returns the name it got.

    A file that is there already with the same bytes is left alone; one with other bytes is
    never overwritten: the new one is called `name (2).ext`, and so on.

    Raises:
        StorageError: neither the staged nor a published file with that hash exists, or the
            folder can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for candidate in numbered(target):
            if candidate.exists() and sha256_of(candidate) == sha256:
                return candidate
            if not source.exists():
                continue
            if link_if_free(source, candidate):
                return candidate
    except OSError as error:
        raise storage_error(target, error) from error
    raise StorageError(f"{source.name} was lost before it could be published to {target}.")


def check_publishing(staging: Path, folder: Path) -> None:
    """Publish a file and remove it again, so that a folder that can't be published in is known beforehand.

    Raises:
        StorageError: it can't.
    """
    probe = Staging(staging)
    name = f".probe-{staging.name}"  # a run that was killed here removes it when it goes on
    staged = probe.add(name, b"")
    try:
        publish(staging / name, folder / name, staged.sha256).unlink()
        (staging / name).unlink()
    except OSError as error:
        raise storage_error(folder / name, error) from error


def numbered(target: Path) -> Iterator[Path]:
    """The name, then `name (2).ext` and so on."""
    yield target
    for number in range(2, 10_000):
        yield target.with_name(f"{target.stem} ({number}){target.suffix}")


def sync_folders(paths: Iterable[Path]) -> None:
    """Force the names of published files to disk.

    Raises:
        StorageError: the disk failed.
    """
    for folder, path in {path.parent: path for path in paths}.items():
        try:
            sync_path(folder)
        except OSError as error:
            raise storage_error(path, error) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in blocks.

    Never call it on the database file: closing a handle on it drops DuckDB's lock.
    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def inside(folder: Path, name: str) -> Path:
    """`folder / name`, which may not leave the folder.

    Raises:
        StorageError: it would.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise StorageError(f"File name {name!r} would leave its folder.")
    return folder / name


def storage_error(path: Path, error: OSError) -> StorageError:
    """An operating system error in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"The disk is full: {path.parent}", "Free some space, then: invoicebatch resume")
    return StorageError(f"{path} can't be written: {error.strerror}", "Check the folder's permissions.")
