"""Workspaces that are made once and copied for each test, and copies that may be changed as if made where they are."""

import atexit
import os
import pickle
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace

_MADE: dict[bytes, Path] = {}
_ATTACHED = threading.Lock()


def copy_workspace(source: Path | str, target: Path | str, *, new_id: bool = False) -> Path:
    """Copy a workspace; the copy keeps the id and counts as the only one, or gets an id of its own."""
    folder = Path(shutil.copytree(source, target, dirs_exist_ok=True))
    with _ATTACHED:
        engine = _engine()
        engine.execute(f"ATTACH '{folder / 'data' / 'invoicebatch.duckdb'}' AS copied")
        place = str((folder / "data").resolve())
        engine.execute("INSERT OR REPLACE INTO copied.meta VALUES ('place', ?)", [place])
        if new_id:
            engine.execute("UPDATE copied.meta SET value = ? WHERE key = 'workspace_id'", [str(uuid.uuid4())])
        engine.execute("DETACH copied")
    return folder


def made_once(
    folder: Path, key: Any, fill: Callable[[Workspace], object], *, new_id: bool = True
) -> Workspace:
    """A workspace in a folder where none is, as `fill` leaves it; made once a process, then copied.

    Args:
        folder: where.
        key: what tells it from others; anything that can be pickled.
        fill: does to an empty workspace what is to be done once.
        new_id: each copy is a workspace of its own; not where `fill` leaves runs, which know the id.
    """
    if (folder / "invoicebatch.toml").exists():  # settings of the test's own, which may say how to begin
        workspace = init_workspace(folder)
        fill(workspace)
        return workspace
    settings = sorted(item for item in os.environ.items() if item[0].startswith("INVOICEBATCH_"))
    told_apart = pickle.dumps((key, settings))
    if told_apart not in _MADE:
        workspace = init_workspace(templates() / str(len(_MADE)))
        fill(workspace)
        _MADE[told_apart] = workspace.root
    return open_workspace(copy_workspace(_MADE[told_apart], folder, new_id=new_id))


def new_workspace(folder: Path) -> Workspace:
    """An empty workspace in a folder where none is."""
    return made_once(folder, "empty", lambda _: None)


@cache
def templates() -> Path:
    """Where what is made once lies until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="workspaces-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _engine() -> Any:
    return duckdb.connect(":memory:", config={"threads": 1})
