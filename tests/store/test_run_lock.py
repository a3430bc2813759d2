"""The run lock: one process at a time, whoever looks at it meanwhile."""

import threading
import time
from pathlib import Path

import pytest

from invoicebatch.errors import StorageError
from invoicebatch.store.lock import RunLock


def test_one_holder(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path, "r"), RunLock(tmp_path, "r")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_looking_whether_a_run_is_alive_keeps_nobody_from_it(tmp_path: Path) -> None:
    """A grid that polls the state of runs must not make a run look busy, nor let two in at once."""
    stop, holders, most, missed = threading.Event(), [0], [0], []
    guard = threading.Lock()

    def look() -> None:
        while not stop.is_set():
            RunLock(tmp_path, "r").held()

    def work() -> None:
        while not stop.is_set():
            lock = RunLock(tmp_path, "r")
            if not lock.acquire():
                continue
            with guard:
                holders[0] += 1
                most[0] = max(most[0], holders[0])
            time.sleep(0.0005)
            with guard:
                holders[0] -= 1
            lock.release()

    threads = [threading.Thread(target=target) for target in (look, look, work, work, work)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    stop.clear()
    looker = threading.Thread(target=look)
    looker.start()
    for _ in range(200):
        lock = RunLock(tmp_path, "alone")
        other = RunLock(tmp_path, "r")
        missed.append(other.acquire())
        other.release()
        lock.release()
    stop.set()
    looker.join()
    assert all(missed)


def test_a_folder_that_can_not_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where the folder should be")
    assert not RunLock(tmp_path / "locks", "r").held()
    with pytest.raises(StorageError, match="can't be written"):
        RunLock(tmp_path / "locks", "r").acquire()
