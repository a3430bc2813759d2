"""The lock lets many readers or one writer in, and nobody starves."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from invoicebatch.errors import BusyError, StorageError
from invoicebatch.store.lock import RunLock, database_lock
from tests.waiting import LIMIT


def hold(path: Path, *, write: bool) -> subprocess.Popen[str]:
    code = f"""
        import pathlib, time
        from invoicebatch.store.lock import database_lock
        with database_lock(pathlib.Path({str(path)!r}), write={write}, timeout={LIMIT}):
            print("held", flush=True)
            time.sleep({LIMIT})
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_told_that_the_workspace_is_busy(tmp_path: Path) -> None:
    other = hold(tmp_path / "db", write=True)
    with (
        pytest.raises(BusyError, match="in use by another process"),
        database_lock(tmp_path / "db", write=True, timeout=0.1),
    ):
        pass
    other.kill()
    other.wait()
    with database_lock(tmp_path / "db", write=True, timeout=LIMIT):
        pass  # a killed process frees its lock


def test_readers_share(tmp_path: Path) -> None:
    other = hold(tmp_path / "db", write=False)
    with database_lock(tmp_path / "db", write=False, timeout=0.1):
        assert other.poll() is None
    other.kill()
    other.wait()


def test_a_writer_gets_in_between_overlapping_readers(tmp_path: Path) -> None:
    code = f"""
        import pathlib, time
        from invoicebatch.store.lock import database_lock
        print("on", flush=True)
        while True:
            with database_lock(pathlib.Path({str(tmp_path / "db")!r}), write=False, timeout={LIMIT}):
                time.sleep(0.05)
    """
    readers = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "on\n"
    try:
        with database_lock(tmp_path / "db", write=True, timeout=LIMIT):
            assert all(reader.poll() is None for reader in readers)
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="can't be written"),
        database_lock(tmp_path / "missing" / "db", write=True, timeout=0.1),
    ):
        pass


def test_a_run_lock_is_held_once(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path, "r"), RunLock(tmp_path, "r")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert not list(tmp_path.glob("*.lock"))
