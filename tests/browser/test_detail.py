"""One invoice beside the grid in real Chromium: page, parts, actions; by keyboard, and back."""

import pytest

from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.browser.test_access import serious
from tests.engine.sending import with_documents


@pytest.fixture
def grid(make_workspace):
    widget = Overview(WorkspaceBackend(with_documents(make_workspace(3, status="created"))), poll_seconds=0)
    widget.wait()
    yield widget
    widget.close()


def test_enter_opens_a_row_and_escape_leads_back_to_it(show, grid):
    page = show(grid, width=1000)
    port = page.get_by_role("grid", name="Invoices")
    port.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="Invoice F2026-000002")
    page.pump_until(lambda: drawer.locator("figure img").count())
    assert drawer.locator("img").evaluate("picture => picture.naturalWidth") > 500
    assert drawer.get_by_role("region", name="Lines").locator("tbody tr").count() == 2
    assert "status is created" in drawer.locator("[data-not=approve] dd").text_content()
    assert serious(page) == []
    with page.context.expect_page() as opened:
        drawer.get_by_role("button", name="Open the PDF").click()
    opened.value.close()
    page.keyboard.press("ArrowRight")
    following = page.get_by_role("dialog", name="Invoice F2026-000003")
    page.pump_until(following.count)
    page.keyboard.press("Escape")
    following.wait_for(state="detached")
    assert port.evaluate("port => document.activeElement === port")
    assert page.locator(".ib-row.ib-focus").get_attribute("data-index") == "2"
    page.locator(".ib-row[data-index='0'] .ib-first").dblclick()
    first = page.get_by_role("dialog", name="Invoice F2026-000001")
    page.pump_until(first.count)
    first.locator("[data-do=credit]").click()
    page.get_by_role("dialog", name="Credit").wait_for()
    page.keyboard.press("Escape")
    assert grid.detail("F2026-000001").name == "F2026-000001"
