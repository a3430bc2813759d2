"""What a workspace holds is for its user alone, or for the group where the settings say so."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invoicebatch.interfaces.api import Workspace, init_workspace
from invoicebatch.interfaces.cli.main import run


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("shared", "others"), [(False, 0o077), (True, 0o007)])
def test_files_and_folders_are_closed_to_others(
    make_workspace: Callable[..., Workspace], tmp_path: Path, shared: bool, others: int
) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "invoicebatch.toml").write_text(f"shared_with_group = {str(shared).lower()}\n")
    workspace = make_workspace(2)
    assert rights(workspace.data) == 0o777 & ~others
    assert (
        run(["run", "export.invoices", "--all", "-w", str(workspace.root), "-o", str(tmp_path / "out")]) == 0
    )
    made = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert made
    assert not any(rights(path) & others for path in made)
    assert workspace.doctor().empty


def test_doctor_names_a_folder_that_is_wider(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "w")
    assert workspace.doctor().empty
    workspace.data.chmod(0o755)
    (breach,) = workspace.doctor().to_dict("records")
    assert breach["check"] == "access"
    assert "rwxr-xr-x" in breach["problem"]
    assert f"chmod 700 {workspace.data}" in breach["advice"]


def test_the_state_itself_is_closed_from_the_first_on(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "workspace")
    assert workspace.store.file in (found := list(workspace.data.iterdir()))
    assert [path.name for path in found if rights(path) & 0o077] == []
