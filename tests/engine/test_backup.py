"""A backup holds all that the state names, and is restored whole or not at all; a copy is not written beside its original."""

import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from invoicebatch.errors import InputFileError, WorkspaceError
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.cli.main import run
from tests.conftest import fill, small_frames
from tests.copies import made_once

Make = Callable[..., Workspace]


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    return made_once(tmp_path / "workspace", "one created, one approved", _create_one, new_id=False)


def _create_one(workspace: Workspace) -> None:
    fill(workspace, small_frames(2))
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    workspace.select(ids=[1]).plan("create").apply()


def test_a_restored_workspace_is_the_same_and_sound(made: Workspace, tmp_path: Path) -> None:
    made.backup(tmp_path / "one.zip")
    assert (tmp_path / "one.zip").stat().st_mode & 0o077 == 0
    shutil.rmtree(made.root)
    assert run(["restore", str(tmp_path / "one.zip"), str(tmp_path / "again")]) == 0
    again = open_workspace(tmp_path / "again")
    assert again.doctor().empty
    assert again.select(where="document_version = 1").columns(["invoice_id"])["invoice_id"].tolist() == [1]
    assert again.select(ids=[2]).plan("create").apply().complete


def test_what_a_killed_backup_left_behind_is_in_no_later_one(made: Workspace, tmp_path: Path) -> None:
    left = made.data / "backup-killed"
    left.mkdir()
    shutil.copyfile(made.store.file, left / made.store.file.name)
    assert not [file.name for file in made.backup(tmp_path / "one.zip") if "backup-" in file.name]


def test_a_later_backup_leaves_out_what_an_earlier_one_holds(made: Workspace, tmp_path: Path) -> None:
    made.backup(tmp_path / "one.zip")
    made.select(ids=[2]).plan("create").apply()
    second = made.backup(tmp_path / "two.zip", earlier=tmp_path / "one.zip")
    third = made.backup(tmp_path / "three.zip", earlier=tmp_path / "two.zip")
    held = {file.name: file.held_by for file in third}
    assert sorted({by for name, by in held.items() if "documents/" in name}) == ["one.zip", "two.zip"]
    assert sum(not file.held_by for file in second) < len(second)
    assert run(["restore", str(tmp_path / "three.zip"), str(tmp_path / "again")]) == 0
    assert open_workspace(tmp_path / "again").doctor().empty
    (tmp_path / "one.zip").unlink()
    with pytest.raises(InputFileError, match=r"one\.zip does not hold"):
        restore(tmp_path / "three.zip", tmp_path / "no")
    assert not (tmp_path / "no").exists()


def restore(file: Path, folder: Path) -> None:
    from invoicebatch.files.backup import restore_backup

    restore_backup(file, folder)


def test_nothing_damaged_or_foreign_is_restored(made: Workspace, tmp_path: Path) -> None:
    made.backup(tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as good, zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content.replace(b"%PDF-1.7", b"%PDF-1.6"))
    with zipfile.ZipFile(tmp_path / "foreign.zip", "w") as foreign:
        foreign.writestr("x", "y")
    for name, problem in (
        ("bad.zip", "is damaged"),
        ("foreign.zip", "is not a backup"),
        ("none.zip", "is not a backup"),
    ):
        with pytest.raises(InputFileError, match=problem):
            restore(tmp_path / name, tmp_path / "again")
        assert not (tmp_path / "again").exists()
    with pytest.raises(InputFileError, match="exists already"):
        made.backup(tmp_path / "one.zip")
    with pytest.raises(InputFileError, match="not an empty folder"):
        restore(tmp_path / "one.zip", made.root)


def test_a_copy_is_read_only_until_it_is_adopted_and_a_moved_workspace_goes_on(
    made: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(made.root, tmp_path / "copy"))
    assert len(open_workspace(copy).select(all=True)) == 2
    assert run(["run", "create", "--ids", "2", "-w", str(copy)]) == 2
    assert "is a copy of the workspace in" in capsys.readouterr().err
    assert run(["init", str(copy), "--adopt"]) == 0
    assert open_workspace(copy).select(ids=[2]).plan("create").apply().complete
    assert open_workspace(copy).base.id != made.base.id
    moved = made.root.rename(tmp_path / "moved")
    assert open_workspace(moved).select(ids=[2]).plan("create").apply().complete
    with pytest.raises(WorkspaceError, match="is a copy"):
        init_workspace(Path(shutil.copytree(moved, tmp_path / "copy2"))).select(all=True).plan(
            "mark_as.exported"
        ).apply()


def test_an_interrupted_run_goes_on_in_the_place_the_workspace_was_moved_to(
    make_workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invoicebatch.engine.run import execute

    workspace = make_workspace(2)
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    with monkeypatch.context() as patch:
        patch.setattr(execute.RunFiles, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            workspace.select(all=True).plan("export.invoices", format="csv").apply()
    moved = open_workspace(workspace.root.rename(tmp_path / "moved"))
    (report,) = moved.runs.resume()
    assert report.complete
    (path,) = report.files["path"]
    assert Path(path).is_relative_to(moved.root)
    assert Path(path).is_file()
