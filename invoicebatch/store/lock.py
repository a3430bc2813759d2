"""One writer or many readers at a time, across processes and threads, without starvation.

Two lock files beside the database: whoever waits for the second holds the first (the turnstile), so
a stream of readers can't starve a writer. The database file itself is never opened here: DuckDB's
own POSIX lock is lost when any handle of the same process on that file closes.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invoicebatch.errors import BusyError, StorageError
from invoicebatch.files.platform import remove_locked, try_lock, unlock

_POLL_SECONDS = 0.01
_PATIENCE_SECONDS = 0.3


@contextmanager
def database_lock(path: Path, *, write: bool, timeout: float) -> Iterator[None]:
    """Hold the lock of the database at `path` for the length of the block.

    Args:
        path: the database file; the locks are `<name>.lock` and `<name>.turnstile` beside it.
        write: exclusive; else shared.
        timeout: seconds to wait.

    Raises:
        BusyError: another process held it for that long.
        StorageError: the folder can't be written, and a write lock was asked for.
    """
    deadline = time.monotonic() + timeout
    turnstile = lock = None
    try:
        turnstile = _open(path.with_name(path.name + ".turnstile"), write=write)
        lock = _open(path.with_name(path.name + ".lock"), write=write)
        _acquire(turnstile, deadline, path, write=write)
        _acquire(lock, deadline, path, write=write)
        if turnstile is not None:
            unlock(turnstile)
        yield
    finally:
        for handle in (lock, turnstile):
            if handle is not None:
                os.close(handle)


def _open(path: Path, *, write: bool) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if not write and error.errno in (errno.EROFS, errno.EACCES):
            return None  # nobody can write there, so a reader needs no lock
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The workspace can't be written: {path.parent}: {error.strerror}",
        "Check the folder's permissions and that the disk is not read-only or full.",
    )


def _acquire(handle: int | None, deadline: float, path: Path, *, write: bool) -> None:
    while handle is not None and not try_lock(handle, shared=not write):
        if time.monotonic() > deadline:
            raise BusyError(
                f"The workspace {path.parent} is in use by another process.",
                "Wait for it to finish, or raise lock_timeout in invoicebatch.toml.",
            )
        time.sleep(_POLL_SECONDS)


class RunLock:
    """Shows that a run's process is alive: held while it works, freed by the system when it dies."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder / f"{run_id}.lock"
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where a live process has it.

        One that only looks whether the run is alive holds it for a moment, so it is tried for a while.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._try():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def held(self) -> bool:
        """Whether somebody holds the lock right now; leaves no file behind."""
        try:
            handle = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            return not try_lock(handle)
        finally:
            os.close(handle)

    def _try(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        if not try_lock(handle) or not _is_at(handle, self._path):  # its last holder may have removed it
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back; its file goes with it."""
        if self._handle is not None:
            remove_locked(self._path, self._handle)
            self._handle = None


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
