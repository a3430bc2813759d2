"""The archive of documents may lie elsewhere; where it can't be written, no number is given."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from invoicebatch.errors import StorageError
from invoicebatch.files.backup import restore_backup
from invoicebatch.interfaces.api import Workspace, open_workspace

Make = Callable[..., Workspace]


@pytest.fixture
def approved(make_workspace: Make) -> Workspace:
    workspace = make_workspace(2)
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    return workspace


def test_an_archive_that_is_a_link_is_one_like_any_other(approved: Workspace, tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (approved.data / "documents").symlink_to(tmp_path / "nas")
    assert approved.select(ids=[1]).plan("create").apply().complete
    assert list((tmp_path / "nas").rglob("*.pdf"))
    assert approved.select(ids=[1]).plan("download.document").apply().complete
    assert approved.doctor().empty
    approved.backup(tmp_path / "b.zip")
    shutil.rmtree(approved.root)
    restore_backup(tmp_path / "b.zip", tmp_path / "again")
    again = open_workspace(tmp_path / "again")
    assert again.doctor().empty
    assert not (again.data / "documents").is_symlink()


@pytest.mark.parametrize("what", ["a file", "a link to nowhere"])
def test_no_number_is_given_where_no_document_can_be_published(
    approved: Workspace, tmp_path: Path, what: str
) -> None:
    archive = approved.data / "documents"
    if what == "a file":
        archive.write_text("")
    else:
        archive.symlink_to(tmp_path / "gone" / "nas")
    with pytest.raises(StorageError):
        approved.select(all=True).plan("create").apply()
    with approved.store.read() as session:
        assert session.whole("issued_numbers").empty
    (run,) = approved.runs.list().query("status == 'running'")["run_id"]
    approved.runs.abandon(run)
    archive.unlink()
    assert approved.select(all=True).plan("create").apply().complete
