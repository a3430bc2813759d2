"""Documents as a user makes them: create, preview, regenerate, download, also after a killed process."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from invoicebatch.formats.pdf.compare import document_text
from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.commands import command
from tests.copies import copy_workspace
from tests.examples import in_sweeps

Make = Callable[..., Workspace]
ROOT = Path(__file__).resolve().parents[3]


def run(workspace: Path, action: str, *arguments: str, **environment: str) -> dict[str, Any]:
    done = command(workspace, "run", action, "--yes", "--json", *arguments, **environment)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the sample's billing run, approved and created."""
    root = tmp_path_factory.mktemp("documents") / "w"
    root.parent.mkdir(exist_ok=True)
    command(root.parent, "init", str(root), "--sample", "--invoices", "40")
    run(root, "approve", "--all")
    report = run(root, "create", "--all")
    assert report["done"] > 10
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return copy_workspace(made, tmp_path / "copy")


def documents(workspace: Path) -> list[tuple[str, Path]]:
    frame = open_workspace(workspace).select(where="status = 'created' and document_version > 0").frame
    frame = frame[frame["document_path"].str.startswith("documents/")]
    rows = zip(frame["number"], frame["document_path"], strict=True)
    found = [(number, workspace / "data" / path) for number, path in rows]
    return [(number, path) for number, path in found if path.is_file()]


def test_every_created_row_has_its_number_and_document(made: Path) -> None:
    found = documents(made)
    assert len({number for number, _ in found}) == len(found) > 10
    for number, path in found[:5]:
        assert number in document_text(path.read_bytes())
    assert command(made, "doctor").returncode == 0


def test_a_preview_is_what_is_stored_and_touches_nothing(made: Path, tmp_path: Path) -> None:
    number, path = documents(made)[0]
    before = {p: p.stat().st_mtime_ns for p in (made / "data").rglob("*.pdf")}
    done = command(made, "preview", number, "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == path.read_bytes()
    pictures = command(made, "preview", number, "--png", "-o", str(tmp_path)).stdout.split()
    assert all(Path(picture).read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert before == {p: p.stat().st_mtime_ns for p in (made / "data").rglob("*.pdf")}


@pytest.mark.parametrize("name", ["NOSUCH", "²", "9" * 24])
def test_a_preview_of_an_unknown_invoice_says_so(made: Path, name: str) -> None:
    done = command(made, "preview", name)
    assert done.returncode == 2
    assert f"There is no invoice {name}" in done.stderr


def test_a_preview_shows_its_pages_in_a_notebook(made: Path) -> None:
    number, _ = documents(made)[0]
    assert "data:image/png;base64" in open_workspace(made).preview(number)._repr_html_()


def test_regenerate_leaves_what_is_the_same_and_adds_what_is_new(workspace: Path) -> None:
    number, path = documents(workspace)[0]
    same = command(workspace, "run", "regenerate", "--numbers", number, "--json")
    assert same.returncode == 0
    told = json.loads(same.stdout)
    assert (told["done"], told["unchanged"], told["failed"], told["refused"]) == (0, 1, [], [])
    (workspace / "mine").mkdir()
    (workspace / "mine" / "template.toml").write_text('colour = "#883322"\n')
    new = run(workspace, "regenerate", "--numbers", number, "-p", "reason=new colours",
              INVOICEBATCH_DOCUMENTS__TEMPLATE="mine")  # fmt: skip
    assert new["done"] == 1, new
    listed = json.loads(command(workspace, "documents", number, "--json").stdout)
    assert [(d["document_version"], d["current"], d["state"]) for d in listed] == [
        (1, False, "sound"),
        (2, True, "sound"),
    ]
    assert listed[1]["reason"] == "new colours"
    assert path.is_file()


def test_the_version_that_was_sent_is_marked(workspace: Path) -> None:
    number, _ = documents(workspace)[0]
    run(workspace, "mark_as.shipped", "--numbers", number)
    [listed] = json.loads(command(workspace, "documents", number, "--json").stdout)
    assert listed["sent"] is True


def test_downloads_leave_out_what_was_changed_and_name_it(workspace: Path, tmp_path: Path) -> None:
    found = documents(workspace)[:3]
    found[1][1].write_bytes(b"forged")
    numbers = ",".join(number for number, _ in found)
    zipped = run(workspace, "download.document", "--numbers", numbers, "-o", str(tmp_path / "zip"))
    assert zipped["done"] == 2
    assert "was changed since it was stored" in zipped["failed"][0]["reason"]
    with zipfile.ZipFile(zipped["files"][0]["path"]) as archive:
        assert archive.namelist() == [f"{found[0][0]}.pdf", f"{found[2][0]}.pdf"]
    merged = run(workspace, "download.merged", "--numbers", numbers, "-o", str(tmp_path / "merged"))
    assert merged["done"] == 2
    with pikepdf.open(merged["files"][0]["path"]) as whole, whole.open_outline() as outline:
        assert [item.title for item in outline.root] == [found[0][0], found[2][0]]


def test_one_document_is_downloaded_under_its_number(workspace: Path, tmp_path: Path) -> None:
    number, path = documents(workspace)[0]
    report = run(workspace, "download.document", "--numbers", number, "-o", str(tmp_path / "one"))
    [file] = report["files"]
    assert Path(file["path"]).name == f"{number}.pdf"
    assert Path(file["path"]).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("point", [9, *in_sweeps(1, 5, 7)])
def test_a_killed_create_is_finished_without_gap_or_double(make_workspace: Make, point: int) -> None:
    workspace = make_workspace(6)
    workspace.select(all=True).plan("approve").apply()
    chunks = {"INVOICEBATCH_EXECUTOR__CHUNK_ROWS": "3"}
    killed = subprocess.run(
        [sys.executable, "-m", "invoicebatch", "run", "create", "--all", "--yes"],
        cwd=workspace.root, env={**os.environ, "PYTHONPATH": str(ROOT), "INVOICEBATCH_CRASH_AT": str(point), **chunks},
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert killed.returncode == -9
    resumed = command(workspace.root, "resume", **chunks)
    if resumed.returncode == 4:  # killed before anything was claimed
        resumed = command(workspace.root, "run", "create", "--all", "--yes", **chunks)
    assert resumed.returncode == 0, resumed.stderr
    frame = open_workspace(workspace.root).select(all=True).frame
    assert sorted(frame["number"]) == [f"F{frame['invoice_date'].iloc[0].year}-{n:06d}" for n in range(1, 7)]
    assert frame["status"].astype(str).unique().tolist() == ["created"]
    stored = [p.name for p in (workspace.data / "documents").rglob("*.pdf")]
    assert len(stored) == 6
    assert command(workspace.root, "doctor").returncode == 0


def test_template_check_names_the_fault_and_fails(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "parts").mkdir(parents=True)
    (mine / "parts" / "totals.typ").write_text("#let totals = [*oops]\n")
    done = command(tmp_path, "template", "check", str(mine), "--json")
    assert done.returncode == 3
    assert "totals.typ line 1" in json.loads(done.stdout)["faults"][0]["problem"]
