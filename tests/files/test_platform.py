"""Locks and names, by the ways of this system and by those that Windows must go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invoicebatch.files import platform


@pytest.fixture(params=[False, True], ids=["own", "portable"], autouse=True)
def portable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(platform, "PORTABLE", request.param)
    return bool(request.param)


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    path = tmp_path / "lock"
    path.touch()
    return path


HOLD = """
import os, sys
from invoicebatch.files import platform
platform.PORTABLE = sys.argv[3] == "True"
handle = os.open(sys.argv[1], os.O_RDWR)
assert platform.try_lock(handle, shared=sys.argv[2] == "shared")
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path, kind: str, portable: bool) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), kind, str(portable)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("kind", ["shared", "exclusive"])
def test_a_lock_keeps_others_away_until_its_process_is_gone(
    lock_file: Path, kind: str, portable: bool
) -> None:
    other = holder(lock_file, kind, portable)
    handle = os.open(lock_file, os.O_RDWR)
    try:
        assert platform.try_lock(handle, shared=True) == (kind == "shared")
        platform.unlock(handle)
        assert not platform.try_lock(handle)
        other.kill()
        other.wait()
        assert platform.try_lock(handle)
    finally:
        os.close(handle)
        other.communicate()


def test_a_name_that_is_taken_is_never_given_again(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"new")
    assert platform.link_if_free(source, target)
    assert target.read_bytes() == source.read_bytes() == b"new"
    target.unlink()
    target.write_bytes(b"old")
    assert not platform.link_if_free(source, target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "target"]


def test_what_lies_on_the_disk_is_forced_there_folder_or_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    platform.sync_path(tmp_path / "file")
    platform.sync_path(tmp_path)
    with pytest.raises(FileNotFoundError):
        platform.sync_path(tmp_path / "lost")


def test_a_process_that_goes_on_as_another_program_is_that_program() -> None:
    begun = """
import os, sys
from invoicebatch.files.platform import become
print(os.getpid())
sys.exit(become([sys.executable, "-c", "import os; print(os.getpid(), os.environ['KEPT']); raise SystemExit(3)"],
    {**os.environ, "KEPT": "so"}))
"""
    ended = subprocess.run([sys.executable, "-c", begun], capture_output=True, text=True, check=False)
    first, second = ended.stdout.splitlines()
    assert (second, ended.returncode) == (f"{first} so", 3)
