"""Where operating systems differ: locks, names given over nothing, what is forced to disk, how a process ends.

No other module calls what only POSIX has. With `INVOICEBATCH_PORTABLE=1` a POSIX system goes the ways
that Windows must go, so that tests can walk them here; on Windows itself nobody has tried them yet.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Final

PORTABLE: Final = os.name == "nt" or os.environ.get("INVOICEBATCH_PORTABLE") == "1"

BINARY: Final[int] = getattr(os, "O_BINARY", 0)
"""For `os.open`: Windows would else write another line end than it is given."""

_RENAMING: Final = Lock()
"""Where a name can't be looked for and given in one step, the threads of a process take turns."""

_NO_LINKS: Final = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


def try_lock(handle: int, *, shared: bool = False) -> bool:
    """Lock an open file, against other processes and other handles; False where another has it.

    The lock ends with the handle, and with the process however that ends.
    """
    if PORTABLE:
        import portalocker

        kind = portalocker.LockFlags.SHARED if shared else portalocker.LockFlags.EXCLUSIVE
        try:
            portalocker.lock(handle, kind | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.AlreadyLocked:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(handle: int) -> None:
    """Give the lock of an open file back."""
    if PORTABLE:
        import portalocker

        portalocker.unlock(handle)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)


def remove_locked(path: Path, handle: int) -> None:
    """Close a file that is locked, and remove it: nobody may hold a lock on a file that has no name any more."""
    if os.name != "nt":
        path.unlink(missing_ok=True)
        os.close(handle)
        return
    os.close(handle)
    with suppress(OSError):  # Windows removes no file that another has open: then it is that one's to remove
        path.unlink(missing_ok=True)


_ASK = """
import sys
path, read_only = sys.argv[1], sys.argv[2] == "True"
try:
    with open(path, "rb" if read_only else "r+b") as file:
        import fcntl
        fcntl.lockf(file, (fcntl.LOCK_SH if read_only else fcntl.LOCK_EX) | fcntl.LOCK_NB)
except ModuleNotFoundError:
    pass
except OSError:
    print("held")
"""
"""Windows has no such locks: there the opening itself is refused."""


def held_elsewhere(path: Path, *, read_only: bool) -> bool:
    """Whether another program holds a file so that we may not open it.

    A child asks: a process that opens and closes the file itself loses the locks of its other connections.
    """
    command = [sys.executable, "-c", _ASK, str(path), str(read_only)]
    asked = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    return asked.stdout.strip() == b"held"


def sync_path(path: Path) -> None:
    """Force a file's bytes, or a folder's names, to disk; Windows opens no folder, and needs none forced."""
    if PORTABLE and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link_if_free(source: Path, target: Path) -> bool:
    """Give a file a further name, itself or as a copy; False where that name is taken. Nothing is overwritten."""
    try:
        if PORTABLE:
            return _copy_across(source, target)
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _copy_across(source, target)
    return True


def _copy_across(source: Path, target: Path) -> bool:
    """Another file system: copy beside the target, force to disk, then give the name."""
    part = target.with_name(f".{target.name}.{token_hex(4)}.part")
    try:
        shutil.copyfile(source, part)
        sync_path(part)
        return _rename_if_free(part, target)
    finally:
        part.unlink(missing_ok=True)


def _rename_if_free(part: Path, target: Path) -> bool:
    if not PORTABLE:
        try:
            os.link(part, target)
        except FileExistsError:
            return False
        except OSError:  # no hard links there at all
            pass
        else:
            return True
    with _RENAMING:
        if os.name != "nt" and target.exists():  # POSIX would overwrite it, Windows refuses by itself
            return False
        try:
            part.rename(target)
        except FileExistsError:
            return False
    return True


def end_at_once() -> None:
    """End this process as a power cut would: no handler runs, nothing is flushed."""
    if os.name == "nt":
        os._exit(137)
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


def become(command: list[str], environment: dict[str, str]) -> int:
    """Go on as another program, so that who ends this process ends that one.

    Returns:
        Its exit code, where it had to be a process of its own: Windows knows no other way.
    """
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment)  # noqa: S606 - the caller's own
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - the caller's own


def after_fork(function: Callable[[], object]) -> None:
    """Call it in each process that is forked from this one; Windows forks none."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)


def cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def release_memory() -> None:
    """Give free memory back to the system, where the C library keeps it (glibc): the database has an allocator of its own."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
    if arrow := sys.modules.get("pyarrow"):  # in a notebook it has an allocator of its own, too
        arrow.default_memory_pool().release_unused()
