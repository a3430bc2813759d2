"""The grid in real Chromium: selection, keyboard, filters, sort, columns, views, two views."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.browser.conftest import rectangle
from tests.engine.sending import with_documents
from tests.interfaces.lab.books import books

ALL = re.compile("^2,000 invoices")


@pytest.fixture
def workspace(tmp_path):
    return books(tmp_path / "books", 2000)


@pytest.fixture
def grid(workspace):
    widget = Overview(WorkspaceBackend(workspace), poll_seconds=0)
    widget.wait()
    yield widget
    widget.close()


def row(page, index):
    return page.locator(f".ib-body .ib-row[data-index='{index}']:not([hidden])")


def second_column(page, key):
    page.locator(f".ib-head [data-key={key}]:nth-child(3)").wait_for()  # the first is the box


def heads_stand_over_cells(page):
    """Wait until a sideways scroll is drawn: each heading where the cells below it are."""
    across = "cells => cells.map(cell => cell.getBoundingClientRect().x)"

    def over():
        heads = page.locator(".ib-head .ib-cell").evaluate_all(across)
        cells = page.locator(".ib-body .ib-row[data-index='1'] .ib-cell").evaluate_all(across)
        return heads == pytest.approx(cells, abs=1)

    page.pump_until(over)


def selected(page, text):
    page.locator(".ib-summary strong", has_text=text).wait_for()


def test_a_click_selects_and_the_bar_appears_without_moving_the_rows(show, grid):
    page = show(grid)
    before = rectangle(row(page, 0))["y"]
    row(page, 3).click()
    selected(page, "1 selected")
    assert rectangle(row(page, 0))["y"] == before
    expect(row(page, 3)).to_have_attribute("aria-selected", "true")
    assert grid.selection.ids.tolist() == [4]


def test_ctrl_adds_shift_extends_and_the_box_toggles(show, grid):
    page = show(grid)
    row(page, 1).click()
    row(page, 3).click(modifiers=["Control"])
    selected(page, "2 selected")
    row(page, 6).click(modifiers=["Shift"])
    selected(page, "4 selected")
    row(page, 5).locator("input").click()
    selected(page, "3 selected")
    assert grid.selection.ids.tolist() == [4, 5, 7]


def test_shift_end_selects_rows_never_loaded(show, grid):
    page = show(grid)
    row(page, 9).click()
    page.keyboard.press("Shift+End")
    selected(page, "1,991 selected")
    assert len(grid.selection) == 1991
    row(page, 1999).wait_for()
    expect(row(page, 1999)).to_have_attribute("aria-selected", "true")


def test_keyboard_alone_is_enough(show, grid):
    page = show(grid)
    page.get_by_role("grid", name="Invoices").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    selected(page, "1 selected")
    page.keyboard.press("Shift+ArrowDown")
    selected(page, "2 selected")
    page.keyboard.press("Control+a")
    selected(page, "2,000 selected")
    page.keyboard.press("Escape")
    page.get_by_text("Select invoices to see what you can do").wait_for()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"


def test_the_focused_row_is_told_to_screen_readers(show, grid):
    page = show(grid)
    port = page.get_by_role("grid", name="Invoices")
    port.focus()
    page.keyboard.press("ArrowDown")
    named = port.get_attribute("aria-activedescendant")
    assert page.locator(f"#{named}").get_attribute("aria-rowindex") == "3"
    assert port.get_attribute("aria-rowcount") == "2001"
    row(page, 2).click()
    page.wait_for_function("document.querySelector('.ib-live').textContent.startsWith('1 invoice selected')")


def test_select_all_is_all_that_match_not_a_page(show, grid):
    page = show(grid)
    page.get_by_label("Search invoices").fill("bakery")
    page.locator(".ib-footer", has_text=" of 2,000 invoices").wait_for()
    page.get_by_label("Select all that match").click()
    frame = grid._session.view.frame
    expected = frame["customer_name"].str.contains("Bakery").sum()
    selected(page, f"{expected:,} selected")
    assert grid.selection.frame["customer_name"].str.contains("Bakery").all()


def test_scrolling_far_loads_the_rows_there_with_their_marks(show, grid):
    grid.selection = [1500]
    page = show(grid)
    page.locator(".ib-port").evaluate("port => port.scrollTop = 1490 * 34")
    row(page, 1499).locator(".ib-first", has_text="1500").wait_for()
    expect(row(page, 1499)).to_have_attribute("aria-selected", "true")
    expect(row(page, 1498)).to_have_attribute("aria-selected", "false")


def test_a_million_rows_reach_the_last_one(show, make_workspace):
    widget = Overview(WorkspaceBackend(make_workspace(10)), poll_seconds=0)
    widget.wait()
    page = show(widget)
    page.evaluate("""() => {
        const table = {...window.__model.get('table'), total: 1_000_000, all: 1_000_000};
        window.__deliver([{method: 'update', state: {table}}]);
    }""")
    port = page.locator(".ib-port")
    port.evaluate("port => port.scrollTop = port.scrollHeight")
    row(page, 999_999).wait_for()
    box, frame = rectangle(row(page, 999_999)), rectangle(port)
    assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
    page.locator(".ib-footer", has_text="1,000,000").wait_for()


def test_sort_by_header_and_a_second_key_with_shift(show, grid):
    page = show(grid)
    header = page.get_by_role("columnheader", name="Status")
    header.locator(".ib-sort").click()
    page.locator("[data-key=status][aria-sort=ascending]").wait_for()
    page.locator("[data-key=total_cents] .ib-sort").click(modifiers=["Shift"])
    page.locator("[data-key=total_cents][aria-sort=ascending]").wait_for()
    assert grid.table["sort"] == [("status", False), ("total_cents", False)]
    row(page, 0).locator(".ib-chip", has_text="Empty").wait_for()


def test_a_list_filter_shows_counts_and_its_chip_removes_it(show, grid):
    page = show(grid)
    page.get_by_role("button", name="Filter Status").click(force=True)
    option = page.locator(".ib-option", has_text="Approval failed")
    option.wait_for()
    expected = int((grid._session.view.frame["status"] == "approval_failed").sum())
    assert f"{expected:,}" in option.inner_text()
    option.locator("input").check()
    page.locator(".ib-footer", has_text=f"{expected:,} of 2,000").wait_for()
    page.keyboard.press("Escape")
    chip = page.get_by_role("listitem").filter(has_text="Approval failed")
    chip.get_by_role("button").click()
    page.locator(".ib-footer", has_text=ALL).wait_for()


def test_a_money_range_is_inclusive_and_exact(show, grid):
    page = show(grid)
    page.get_by_role("button", name="Filter Total").click(force=True)
    page.get_by_label("Total from").fill("1000")
    page.get_by_label("Total to").fill("1500,50")
    expected = int(grid._session.view.frame["total_cents"].between(100_000, 150_050).sum())
    page.locator(".ib-footer", has_text=f"{expected:,} of 2,000").wait_for()
    page.keyboard.press("Escape")
    assert "1,000.00 – 1,500.50" in page.locator(".ib-chips").inner_text()


def test_a_date_range_and_text_filter(show, grid):
    page = show(grid)
    page.get_by_role("button", name="Filter Due date").click(force=True)
    page.get_by_label("Due date from").fill("2026-10-01")
    page.get_by_label("Due date to").fill("2026-10-31")
    dates = grid._session.view.frame["due_date"]
    expected = int(((dates >= "2026-10-01") & (dates <= "2026-10-31")).sum())
    page.locator(".ib-footer", has_text=f"{expected:,} of 2,000").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filter Customer").click(force=True)
    page.get_by_label("Customer contains").fill("hotel")
    page.locator(".ib-chips", has_text="contains “hotel”").wait_for()
    page.get_by_role("button", name="Clear all").click()
    page.locator(".ib-footer", has_text=ALL).wait_for()


def test_no_match_says_so_and_offers_the_way_back(show, grid):
    page = show(grid)
    page.get_by_label("Search invoices").fill("nobody of that name")
    page.get_by_text("No invoices match.").wait_for()
    page.get_by_role("button", name="Clear all filters").click()
    row(page, 0).wait_for()


def test_columns_are_chosen_moved_and_resized(show, grid):
    page = show(grid)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Reference", exact=True).check()
    page.get_by_role("columnheader", name="Reference").wait_for()
    page.get_by_role("button", name="Move Status left").click()
    second_column(page, "status")
    page.keyboard.press("Escape")
    widen(page, "status", 60)
    page.pump_until(lambda: rectangle(page.locator("[data-key=status]"))["width"] > 180)


def test_the_head_is_walked_by_keyboard(show, grid):
    page = show(grid)
    page.get_by_role("grid", name="Invoices").focus()
    page.keyboard.press("ArrowUp")
    for _ in range(2):
        page.keyboard.press("ArrowRight")  # over the filter to the next column
    page.keyboard.press("Enter")
    page.locator("[data-key=customer_name][aria-sort=ascending]").wait_for()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Filter Customer"
    page.keyboard.press("Enter")
    page.get_by_label("Customer contains").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    page.locator("[data-key=status][aria-sort=ascending]").wait_for()
    assert grid.table["sort"] == [("customer_name", False), ("status", False)]
    page.keyboard.press("Alt+ArrowLeft")
    second_column(page, "status")
    assert page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == "status"
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    selected(page, "2,000 selected")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"


def test_columns_are_dragged_and_pinned(show, grid):
    page = show(grid, width=1000)
    total, number = (
        rectangle(page.locator(f"[data-key={key}] .ib-label")) for key in ("total_cents", "number")
    )
    page.mouse.move(total["x"] + 5, total["y"] + 5)
    page.mouse.down()
    page.mouse.move(number["x"] + 200, total["y"] + 5, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "window.__model.get('table').keys.slice(0, 3).join() === 'number,customer_name,total_cents'"
    )
    assert grid.table["sort"] == []
    page.locator("[data-key=total_cents] .ib-funnel").click(force=True)
    page.get_by_role("button", name="Pin up to here").click()
    page.wait_for_function("window.__model.get('table').pinned === 3")
    page.evaluate("() => { document.querySelector('.ib-port').scrollLeft = 300; }")
    heads_stand_over_cells(page)
    head = rectangle(page.locator("[data-key=total_cents]"))
    assert head["x"] == pytest.approx(rectangle(page.locator(".ib-port"))["x"] + 40 + 132 + 136, abs=2)


def test_a_row_leads_to_all_of_its_customer(show, grid):
    page = show(grid)
    page.get_by_role("grid", name="Invoices").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="All of this customer").click()
    frame = grid._session.view.frame
    same = int((frame["customer_id"] == frame["customer_id"].iloc[1]).sum())
    page.locator(".ib-footer", has_text=f"{same} of 2,000 invoices").wait_for()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("region", name="Keys").get_by_text("To the column heads").wait_for()


def test_a_group_is_ticked_and_shown_as_one(show, grid):
    page = show(grid)
    page.get_by_role("button", name="Groups").click()
    first = page.locator(".ib-groupbox tbody tr").first
    first.wait_for()
    size = first.locator("td").nth(2).text_content()
    first.locator("input").check()
    selected(page, f"{size} selected")
    first.locator("button").click()
    page.get_by_text(re.compile(f"^Status: .* · {size} invoices")).first.wait_for()


def widen(page, key, by):
    handle = rectangle(page.locator(f"[data-key={key}] .ib-resize"))
    page.mouse.move(handle["x"] + 3, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(handle["x"] + 3 + by, handle["y"] + 5)
    page.mouse.up()
    page.wait_for_function(f"'{key}' in window.__model.get('table').widths")


def test_a_saved_view_comes_back_with_its_columns_their_order_and_widths(show, grid, workspace):
    page = show(grid)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Move Status left").click()
    second_column(page, "status")
    page.keyboard.press("Escape")
    widen(page, "status", 60)
    wide = rectangle(page.locator("[data-key=status]"))["width"]
    page.get_by_label("Search invoices").fill("garage")
    page.locator(".ib-footer", has_text=" of 2,000").wait_for()
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of this view").fill("Garages")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_function("window.__model.get('prefs').views.length === 1")
    assert WorkspaceBackend(workspace).read_views()[0]["search"] == "garage"
    page.get_by_label("Search invoices").fill("")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="To create").click()
    second_column(page, "customer_name")
    page.pump_until(lambda: rectangle(page.locator("[data-key=status]"))["width"] < wide - 30)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Garages", exact=True).click()
    second_column(page, "status")
    again = pytest.approx(wide, abs=1)
    page.pump_until(lambda: rectangle(page.locator("[data-key=status]"))["width"] == again)
    page.locator(".ib-footer", has_text=" of 2,000").wait_for()


def test_two_views_of_one_grid_agree(show, grid):
    page = show(grid, before="<div id=root></div><div id=second></div>")
    page.evaluate("() => { window.__render('second'); }")
    first, second = page.locator("#root"), page.locator("#second")
    first.locator(".ib-row[data-index='2']").click()
    second.locator(".ib-summary strong", has_text="1 selected").wait_for()
    second.locator(".ib-row[data-index='2'][aria-selected=true]").wait_for()
    second.locator("[data-key=total_cents] .ib-sort").click()
    first.locator("[data-key=total_cents][aria-sort=ascending]").wait_for()


def test_code_and_grid_share_the_selection(show, grid):
    page = show(grid)
    grid.selection = [1, 2, 3]
    page.pump()
    selected(page, "3 selected")
    row(page, 1).wait_for()
    page.locator(".ib-row[data-index='1'][aria-selected=true]").wait_for()
    assert grid.actions().set_index("action").loc["export.invoices", "eligible"] == 3


def test_a_change_by_somebody_else_is_said_and_moves_no_row_until_asked(show, workspace):
    widget = Overview(WorkspaceBackend(workspace), poll_seconds=0.05)
    widget.wait()
    page = show(widget)
    chip = row(page, 0).locator(".ib-chip").first
    chip.filter(has_text="Empty").wait_for()
    user = workspace.base.user
    workspace.select(ids=[1, 2]).plan("approve").apply()
    notice = page.locator(".ib-elsewhere", has_text=f"2 rows changed by a run of {user}: Approve")
    page.pump_until(notice.count)
    assert chip.inner_text() == "Empty"
    page.locator("[data-refresh]").click()
    chip.filter(has_text="Approved").wait_for()
    notice.wait_for(state="hidden")
    widget.close()


def test_a_silent_kernel_is_said_after_a_second(show, grid):
    page = show(grid)
    page.evaluate("window.__model.send = () => {}")
    row(page, 1).click()
    page.get_by_text("Waiting for the kernel…").wait_for()


def test_keys_of_the_notebook_stay_out(show, grid):
    page = show(grid)
    row(page, 1).click()
    selected(page, "1 selected")
    bare = "button, input, select, textarea, [tabindex]"
    assert page.locator(f".ib :is({bare}):not([data-lm-suppress-shortcuts])").count() == 0
    page.evaluate("window.__leaked = []; addEventListener('keydown', e => window.__leaked.push(e.key))")
    page.get_by_role("grid", name="Invoices").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+a")
    assert page.evaluate("window.__leaked").count("a") == 0


def test_a_document_newer_than_the_one_that_was_sent_shows_so_and_has_a_view(show, make_workspace):
    workspace = with_documents(make_workspace(4, status="created"))
    workspace.select(ids=[1, 2]).plan("send_via.email").apply()
    with workspace.store.write() as session:
        first = session.rows_of("documents", "invoice_id", pd.Series([1]))
        session.insert("documents", first.assign(document_version=2, sent_at=pd.NaT))
        newer = pd.DataFrame({"invoice_id": [1], "document_version": [2]})
        session.update("invoices", newer, pd.Timestamp("2026-11-22").to_pydatetime())
    widget = Overview(WorkspaceBackend(workspace), poll_seconds=0)
    widget.wait()
    page = show(widget)
    page.locator(".ib-chip", has_text="Sent").nth(1).wait_for()
    chip = page.locator(".ib-chip[data-value=changed]")
    assert chip.all_inner_texts() == ["Sent, changed"]
    assert chip.evaluate("chip => chip.scrollWidth <= chip.clientWidth"), "it is not cut"
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Changed since sent").click()
    page.locator(".ib-footer", has_text="1 of 4").wait_for()
    page.locator(".ib-body input[type=checkbox]").first.click()
    page.locator("[data-group=send_via]").click()
    assert "1 with again" in page.locator("[data-action='send_via.email']").inner_text()
    widget.close()


def test_a_selection_that_leaves_the_filter_is_told_and_the_header_box_speaks_of_what_is_shown(show, grid):
    page = show(grid)
    page.keyboard.press("Tab")
    row(page, 0).click()
    page.keyboard.press("Control+a")
    selected(page, "2,000 selected")
    page.evaluate(
        "() => window.__model.send({kind: 'view', sort: [], filters: {status: {in: ['empty']}}, search: ''})"
    )
    page.locator(".ib-hidden", has_text="not shown").wait_for()
    assert page.locator(".ib-head .ib-check input").is_checked()
    page.locator("[data-keep]").click()
    page.locator(".ib-hidden").wait_for(state="detached")
    assert grid.selection.frame["status"].astype(str).unique().tolist() == ["empty"]


@pytest.mark.parametrize("width", [1400, 1000, 700])
def test_amounts_and_due_date_are_seen_at_once_and_under_their_heading(show, grid, width):
    page = show(grid)
    page.set_viewport_size({"width": width, "height": 900})
    if width >= 1000:
        port = rectangle(page.locator(".ib-port"))
        for key in ("total_cents", "outstanding_cents", "due_date", "days_overdue"):
            box = rectangle(page.locator(f".ib-head [data-key={key}]"))
            assert box["x"] + box["width"] <= port["x"] + port["width"], key
    page.evaluate("() => { document.querySelector('.ib-port').scrollLeft = 240; }")
    heads_stand_over_cells(page)
