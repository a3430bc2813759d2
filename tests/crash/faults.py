"""What may befall a process at a point: the fault points of the engine, and every write to disk or commit.

For processes that are made to be broken: `arm` changes the process it is called in, for good.
"""

import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from invoicebatch.engine.base import faultpoints
from invoicebatch.store.database import Database

_LOCKS = (".lock", ".turnstile")
_NAMES = ("link", "replace", "rename", "fsync", "unlink", "mkdir")


class Trap:
    """Counts the points that this process passes, notes their names, and springs at one of them."""

    def __init__(self, at: int, spring: Callable[[str], None], trace: str) -> None:
        self._at, self._spring, self._trace = at, spring, trace
        self._passed = 0
        self._lock = Lock()

    def reach(self, name: str) -> None:
        """Pass a point; threads pass points too."""
        with self._lock:
            self._passed += 1
            if self._trace:
                with _open(self._trace, "a", encoding="utf-8") as handle:
                    handle.write(f"{name}\n")
            sprung = self._passed == self._at
        if sprung:
            self._spring(name)


def kill(_: str) -> None:
    """Sudden death."""
    os.kill(os.getpid(), signal.SIGKILL)


def interrupted(_: str) -> None:
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def terminated(_: str) -> None:
    """What the system sends before it shuts down."""
    os.kill(os.getpid(), signal.SIGTERM)


def full_disk(name: str) -> None:
    """No space left, where something is written."""
    _refused(name, errno.ENOSPC)


def broken_disk(name: str) -> None:
    """An error of the disk, where something is written."""
    _refused(name, errno.EIO)


def _refused(name: str, code: int) -> None:
    if name == "store.uncommitted":
        raise duckdb.IOException(f"IO Error: Could not write file: {os.strerror(code)}")
    if name.startswith("disk."):
        raise OSError(code, os.strerror(code))


SPRINGS = {
    "kill": kill,
    "SIGINT": interrupted,
    "SIGTERM": terminated,
    "disk full": full_disk,
    "disk broken": broken_disk,
}

_open = open


def arm(at: int, how: str = "kill", trace: str = "", *, root: str = "") -> None:
    """Let something befall this process at the n-th point it passes (0: nothing does).

    Args:
        at: the point, from 1.
        how: a key of `SPRINGS`.
        trace: file that notes the names of all points; empty: none.
        root: writes to files in this folder, and commits, are points too; empty: only the engine's own are.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have it ignored
    trap = Trap(at, SPRINGS[how], trace)
    faultpoints._armed, faultpoints._pass = True, trap.reach
    if root:
        _watch(trap, str(Path(root).resolve()))


def _watch(trap: Trap, root: str) -> None:
    """Make points of all that this process writes."""
    watched: Any = lambda path: _inside(path, root)  # noqa: E731
    for name in _NAMES:
        setattr(os, name, _before(getattr(os, name), lambda n=name: trap.reach(f"disk.{n}"), watched))
    opening = _before(_open, lambda: trap.reach("disk.write"), watched, of_writing=True)
    io.open = opening
    __builtins__["open"] = opening
    original = Database.write

    @contextmanager
    def write(database: Database) -> Iterator[Any]:
        with original(database) as con:
            yield con
            trap.reach("store.uncommitted")
        trap.reach("store.committed")

    Database.write = write


def _inside(path: Any, root: str) -> bool:
    file = Path(f"/proc/self/fd/{path}").readlink() if isinstance(path, int) else Path(os.fsdecode(path))
    text = str(file.absolute())
    return text.startswith(root) and not text.endswith(_LOCKS) and "/locks/" not in text


def _before(call: Any, told: Callable[[], None], watched: Any, *, of_writing: bool = False) -> Any:
    """A function that is told of before it is called."""

    def wrapped(path: Any, *args: Any, **more: Any) -> Any:
        mode = str(args[0] if args else more.get("mode", "r")) if of_writing else "w"
        if "dir_fd" not in more and set(mode) & set("wxa+") and watched(path):
            told()
        return call(path, *args, **more)

    return wrapped


class _Short(io.FileIO):
    """A disk that takes a part of what it is given."""

    def write(self, content: Any) -> int:
        whole = memoryview(content).cast("B")
        return super().write(whole[: max(1, len(whole) // 2)])


def write_short(root: str) -> None:
    """Every write in this process takes only a part, as the system may."""
    raw_write = os.write
    os.write = lambda handle, content: raw_write(
        handle, memoryview(content)[: max(1, len(memoryview(content)) // 2)]
    )
    watched = str(Path(root).resolve())

    def opening(path: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if mode.replace("+", "") not in ("wb", "xb", "ab") or not _inside(path, watched):
            return _open(path, mode, *args, **more)
        raw = _Short(path, mode.replace("b", ""))
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    io.open = opening
    __builtins__["open"] = opening
