"""Pictures of the actions' dialogs for their pages: `make pictures`. The real widget in Chromium, over sample data of its own."""

import io
import os
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image

from invoicebatch.actions import registry
from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.browser.conftest import shown, started
from tests.docs.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "actions" / "pictures"
TODAY = "2026-12-10T10:00:00+00:00"
ROWS = 6
COLOURS = 32
MAIL = """
[mail]
host = "mail.example.org"
"""
TOGETHER = ["customer_id", "company_account_id"]


def billing(folder: Path) -> Workspace:
    """A workspace in the middle of its month: something for every action to be done."""
    init_workspace(folder).load_sample(80, 1)
    (folder / "invoicebatch.toml").write_text(SETTINGS + MAIL, encoding="utf-8")
    workspace = open_workspace(folder)

    def run(action: str, where: str, keep: int = 0, few: int = 0, **params: Any) -> None:
        ids = able(workspace, action, where)
        chosen = ids[:few] if few else ids[: len(ids) - keep]
        workspace.select(ids=chosen).plan(action, **params).apply()

    run("approve", "status = 'empty'", keep=8, invoice_date="2026-11-01")
    run("create", "status = 'approved'", keep=6)
    owed = "status = 'created' and outstanding > 0 and payment_bundle_id is null"
    run("assign.collection_case", owed, few=4)
    plan = together(workspace, "assign.payment_plan")[:1]
    workspace.select(ids=plan).plan("assign.payment_plan", instalments=3).apply()
    run("mark_as.shipped", "status = 'created'", few=6)
    run("mark_as.exported", "status = 'created'", few=6)
    return workspace


def able(workspace: Workspace, action: str, where: str = "", **params: Any) -> list[int]:
    """Rows that the action can be done to, among those of a condition."""
    selection = workspace.select(where=where) if where else workspace.select(all=True)
    refused = set(selection.why(action, **params)["invoice_id"])
    return [each for each in selection.frame["invoice_id"].tolist() if each not in refused]


def together(workspace: Workspace, action: str) -> list[int]:
    """Rows of the one customer and account that has most of those the action can be done to."""
    frame = workspace.select(where="status = 'created' and outstanding > 0").frame
    groups = frame.groupby(TOGETHER)["invoice_id"].agg(list)
    for chosen in sorted(groups, key=len, reverse=True):
        if free := [each for each in chosen if not len(workspace.select(ids=[each]).why(action))]:
            return free
    raise SystemExit(f"{action}: no row of the sample can be taken")


def rows_of(workspace: Workspace, action: str, told: dict[str, Any]) -> list[int]:
    """The rows its page speaks of, those that it can be done to, a few."""
    if "ids" in told:
        return together(workspace, action)[:ROWS]
    ids = able(workspace, action, str(told.get("where", "")))
    ids = (ids or able(workspace, action, str(told.get("where", "")), **told.get("params", {})))[:ROWS]
    if not ids:
        raise SystemExit(f"{action}: no row of the sample can be taken")
    return ids


def fill_in(field: Any, value: str) -> None:
    """Give a field of a dialog a value."""
    if field.get_attribute("type") == "checkbox":
        field.set_checked(value == "true")
    elif field.evaluate("each => each.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def picture(
    chromium: Any, workspace: Workspace, action: str, ids: list[int], params: dict[str, str]
) -> bytes:
    """The dialog of an action over some rows, filled in as its page says, as a PNG of few colours."""
    widget = Overview(WorkspaceBackend(workspace), poll_seconds=0)
    widget.wait()
    widget.selection = ids
    page = shown(chromium, widget, width=2200, height=900)
    group = action.partition(".")[0] if "." in action else ""
    if group:
        page.locator(f"[data-group={group}]").click()
    page.locator(f"[data-action='{action}']").first.click()
    page.locator("dialog").wait_for()
    page.previewed()
    for name, value in params.items():
        fill_in(page.locator(f"dialog [name={name}]"), value)
    page.wait_for_timeout(400)
    page.previewed()
    taken = page.locator("dialog").screenshot(animations="disabled")
    page.close()
    widget.close()
    out = io.BytesIO()
    colours = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    colours.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(asked: list[str]) -> None:
    """Make the pictures of some actions, or of all."""
    os.environ["INVOICEBATCH_NOW"] = TODAY
    told = tomllib.loads((ROOT / "docs" / "actions.toml").read_text(encoding="utf-8"))
    names = asked or [name for name, action in registry().items() if not action.hidden]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, started() as chromium:
        workspace = billing(Path(folder) / "billing")
        for name in names:
            page = told.get(name, {})
            ids = rows_of(workspace, name, page)
            made = picture(chromium, workspace, name, ids, page.get("params", {}))
            (PICTURES / f"{name}.png").write_bytes(made)
            sys.stdout.write(f"{name}: {len(made) / 1000:.1f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
