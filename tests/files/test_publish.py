"""Staging and publishing: a published file never changes."""

import errno
from pathlib import Path
from unittest.mock import Mock

import pytest

from invoicebatch.errors import StorageError
from invoicebatch.files.publish import Staging, publish, sha256_of, sync_folders


def test_staging_a_name_again_leaves_the_published_file_alone(tmp_path: Path) -> None:
    """Published files are hard links: writing into the staged one would write into the published one."""
    staging = Staging(tmp_path / "staging")
    first = staging.add("run/list.csv", b"first")
    target = publish(staging.folder / "run/list.csv", tmp_path / "out" / "list.csv", first.sha256)
    second = staging.add("run/list.csv", b"second")
    assert target.read_bytes() == b"first"
    assert sha256_of(target) == first.sha256
    other = publish(staging.folder / "run/list.csv", tmp_path / "out" / "list.csv", second.sha256)
    assert other.name == "list (2).csv"
    assert other.read_bytes() == b"second"
    third = staging.add("run/list.csv", lambda handle: handle.write(b"third"))
    assert other.read_bytes() == b"second"
    assert third.size == 5


def test_a_disk_that_fails_while_names_are_made_safe_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("invoicebatch.files.publish.sync_path", full)
    with pytest.raises(StorageError, match="The disk is full"):
        sync_folders([tmp_path / "one.pdf"])
