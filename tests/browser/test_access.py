"""Axe finds no serious fault, in light and dark, narrow and wide, in every state of the grid."""

from importlib.resources import files

import pytest

from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.examples import in_sweeps
from tests.interfaces.lab.books import books

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def serious(page):
    page.evaluate(AXE)
    found = page.evaluate("axe.run('#root', {resultTypes: ['violations']})")
    return [
        (one["id"], one["nodes"][0]["html"][:160], one["nodes"][0]["failureSummary"][:300])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("dark", "width"),
    [
        (False, 1280),
        *in_sweeps((True, 480), (False, 480), (True, 1280)),
    ],
)
def test_axe_finds_nothing_serious(show, tmp_path, dark, width):
    widget = Overview(WorkspaceBackend(books(tmp_path / "books", 300)), poll_seconds=0)
    widget.wait()
    page = show(widget, dark=dark, width=width)
    assert serious(page) == []
    page.get_by_label("Select all that match").click()
    page.locator(".ib-actions button").first.wait_for()
    assert serious(page) == []
    page.locator("[data-key=status] .ib-funnel").click(force=True)
    page.locator(".ib-option").first.wait_for()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-action=approve]").click()
    page.previewed()
    page.locator("dialog tbody tr").first.wait_for()
    assert serious(page) == []
    page.locator("dialog button[type=submit]").click()
    page.pump()
    page.locator(".ib-reportcard").wait_for()
    assert serious(page) == []
    widget.close()
