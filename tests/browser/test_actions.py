"""The bar, its dialogs, runs and reports in real Chromium."""

from pathlib import Path

import openpyxl
import pytest

from invoicebatch.formats.workbook.customers import FIRST_ROW, HEADER_ROW, SHEET, TITLES
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.interfaces.lab.books import WaitingBackend, books


@pytest.fixture
def workspace(tmp_path):
    return books(tmp_path / "books", 300)


@pytest.fixture
def backend(workspace):
    return WorkspaceBackend(workspace)


@pytest.fixture
def grid(backend):
    widget = Overview(backend, poll_seconds=0)
    widget.wait()
    yield widget
    widget.close()


def open_dialog(page, action, group=None):
    if group:
        page.locator(f"[data-group={group}]").click()
    page.locator(f"[data-action='{action}']").first.click()
    page.locator("dialog").wait_for()
    preview(page)


def preview(page):
    page.previewed()


def confirm(page):
    page.locator("dialog button[type=submit]").click()
    page.locator("dialog").wait_for(state="detached")
    page.pump()


def select_all(page):
    page.get_by_label("Select all that match").click()
    page.locator(".ib-summary strong", has_text="300 selected").wait_for()


def fill_in(sheet, **values):
    """Fill in cells of a customers' sheet's first customer."""
    book = openpyxl.load_workbook(sheet)
    titles = [cell.value for cell in book[SHEET][HEADER_ROW]]
    for name, value in values.items():
        book[SHEET].cell(FIRST_ROW, titles.index(TITLES[name]) + 1).value = value
    book.save(sheet)


def test_each_action_says_how_many_of_the_selection(show, grid):
    page = show(grid, width=2200)
    select_all(page)
    expected = grid.actions().set_index("action")["eligible"]
    assert f"{expected['approve']} of 300" in page.locator("[data-action=approve]").inner_text()
    page.locator("[data-group=export]").click()
    menu = page.get_by_role("menu", name="Export")
    assert menu.locator("[data-action='export.invoices']").inner_text().split() == ["Invoices", "300"]
    order = [
        one.get_attribute("data-group") or one.get_attribute("data-action")
        for one in page.locator(".ib-actions [data-group], .ib-actions [data-action]").all()
    ]
    groups = [
        "approve",
        "create",
        "download",
        "assign",
        "regenerate",
        "export",
        "mark_as",
        "send_via",
        "credit",
        "withdraw_approval",
        "delete",
    ]
    assert [one.split(".")[0] for one in order] == groups


def test_the_total_is_in_the_readers_own_format(show, grid):
    page = show(grid)
    page.locator(".ib-body .ib-row").first.click()
    page.locator(".ib-sum").wait_for()
    cents = int(grid.selection.frame["total_cents"].iloc[0])
    assert f"€{cents / 100:,.2f}" in page.locator(".ib-sum").inner_text()


def test_why_not_counts_reasons_and_filters_to_the_rows(show, grid):
    page = show(grid)
    select_all(page)
    page.locator("[data-why=approve]").click()
    reason = page.locator(".ib-reason").first
    reason.wait_for()
    rows = int(reason.locator(".ib-part").inner_text())
    reason.click()
    page.locator(".ib-footer", has_text=f"{rows} of 300 invoices").wait_for()
    assert "Only" in page.locator(".ib-chips").inner_text()


def test_an_action_for_none_is_not_offered_but_can_be_asked(show, grid, workspace):
    grid.selection = workspace.select(where="status = 'created'").ids
    page = show(grid, width=2200)
    assert page.locator("[data-action=approve]").count() == 0
    page.locator("[data-none]").click()
    page.get_by_role("menuitem", name="Approve why not?").click()
    page.locator(".ib-reason", has_text="status is created, not empty").wait_for()


def test_no_action_at_all_is_a_clear_line(show, backend):
    backend.actions = {name: backend.actions[name] for name in ("approve", "delete")}
    widget = Overview(backend, poll_seconds=0)
    widget.wait()
    widget.selection = [3]
    page = show(widget)
    page.get_by_text("No action applies to this selection.").wait_for()


def test_approve_with_its_dialog_updates_the_grid(show, grid, workspace, monkeypatch):
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-11-22T10:00:00+00:00")
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    date = page.get_by_label("Invoice date", exact=True)
    assert date.input_value() == "2026-11-22"
    assert "of them will fail" in page.locator("dialog .ib-outcome").inner_text()
    eligible = len(workspace.select(where="status in ('empty', 'approval_failed')"))
    assert page.locator("dialog button[type=submit]").inner_text() == f"Approve ({eligible})"
    confirm(page)
    done = len(grid.report.done)
    page.locator(".ib-reporthead").get_by_text(f"Approve: {done} invoices done").wait_for()
    assert len(workspace.select(where="invoice_date = date '2026-11-22'")) >= done > 0


def test_the_next_step_is_a_button_for_the_rows_done(show, grid, workspace):
    grid.selection = [1, 2]
    page = show(grid)
    open_dialog(page, "approve")
    confirm(page)
    page.get_by_role("button", name="Create (2)").click()
    page.get_by_role("heading", name="Create").wait_for()
    preview(page)
    assert page.locator("dialog button[type=submit]").inner_text() == "Create (2)"


def test_a_bundle_is_written_by_the_next_button(show, grid, workspace):
    page = show(grid)
    select_all(page)
    open_dialog(page, "assign.bank_file", "assign")
    confirm(page)
    bundle = workspace.payments.list()["bundle_id"].iloc[0]
    page.locator(".ib-step code", has_text=f"invoicebatch payments write {bundle}").wait_for()
    page.locator(".ib-step code", has_text=f"invoicebatch payments cancel {bundle}").wait_for()
    page.locator("[data-next='payments.write']").first.click()
    page.get_by_role("heading", name="Write bank file").wait_for()
    preview(page)
    confirm(page)
    page.locator(".ib-files", has_text=".xml").wait_for()
    page.locator("[data-next='payments.confirm']").wait_for()
    assert "exported" in workspace.payments.list()["state"].tolist()


def test_values_that_only_the_workspace_knows_are_a_select_box(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "export.job", "export")
    box = page.get_by_label("Export", exact=True)
    assert "export.ubl" in [one.get_attribute("value") for one in box.locator("option").all()]
    assert box.locator("option[value='export.ubl']").inner_text() == "Export: UBL"


def test_what_a_list_may_hold_is_ticked(show, grid, workspace):
    grid.selection = workspace.select(where="status = 'created' and outstanding > 0").ids[:1]
    page = show(grid, width=2200)
    open_dialog(page, "credit")
    total = int(grid.selection.frame["total_cents"].iloc[0])
    page.get_by_label("No 1: Levering").check()
    preview(page)
    net = f"{total / 2.42 / 100:,.2f}"  # one of two lines of the same amount, at 21 %
    assert f"cannot credit {net} at 21 %" in page.locator("dialog .ib-preview").text_content()
    page.keyboard.press("Escape")
    open_dialog(page, "export.invoices", "export")
    columns = page.get_by_role("group", name="Columns")
    columns.get_by_label("Total", exact=True).check()
    columns.get_by_label("Find in Columns").fill("number")
    columns.get_by_label("Number", exact=True).check()
    columns.get_by_text("In this order: Total, Number").wait_for()
    preview(page)
    confirm(page)
    sheet = openpyxl.load_workbook(grid.report.files["path"].iloc[0]).active
    texts = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=10)]
    assert any(row[:2] == ["Total", "Number"] for row in texts)


def test_a_dialog_that_is_closed_runs_nothing(show, grid, workspace):
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    page.get_by_label("Invoice date", exact=True).fill("2026-11-01")
    preview(page)
    assert page.locator("dialog button[type=submit]").is_enabled()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert workspace.runs.list().empty


def test_delete_needs_the_count_and_says_it_is_final(show, grid, workspace):
    page = show(grid, width=2200)
    select_all(page)
    open_dialog(page, "delete")
    go = page.locator("dialog button[type=submit]")
    assert go.is_disabled()
    page.get_by_text("This can't be undone.").wait_for()
    assert go.is_disabled()
    count = page.locator(".ib-expected").inner_text()
    page.get_by_label("Number of invoices, to confirm").fill("1")
    assert go.is_disabled()
    page.get_by_label("Number of invoices, to confirm").fill(count)
    assert go.is_enabled()
    confirm(page)
    page.locator(".ib-reporthead").get_by_text(f"Delete: {count} invoices done").wait_for()
    assert len(workspace.select(all=True)) == 300 - int(count)


def test_the_model_judges_and_the_field_shows_it(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "export.job", "export")
    page.get_by_label("Schedule").fill("daily")
    preview(page)
    page.locator(".ib-problem", has_text="not a cron expression").wait_for()
    assert page.get_by_label("Schedule").get_attribute("aria-invalid") == "true"


def test_bank_file_shows_collections_and_refunds_apart(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "assign.bank_file", "assign")
    tabs = page.locator("dialog").get_by_role("tab")
    assert [tab.inner_text().split()[0] for tab in tabs.all()] == ["Collections", "Refunds"]
    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert page.get_by_label("Collection date").input_value() == ""  # each on the date its document names
    assert page.get_by_label("Execution date").input_value() > "2026"


def test_the_payment_plan_wizard_refuses_two_ways_at_once(show, grid, workspace):
    grid.selection = workspace.select(where="outstanding > 0 and status = 'created'").ids[:1]
    page = show(grid)
    open_dialog(page, "assign.payment_plan", "assign")
    page.get_by_label("Instalments (or Amount)").fill("3")
    page.get_by_label("Amount (or Instalments)").fill("10")
    preview(page)
    page.get_by_text("give either instalments (how many) or amount").wait_for()
    page.get_by_label("Amount (or Instalments)").fill("")
    preview(page)
    customer = grid.selection.frame["customer_name"].iloc[0]
    assert customer in page.locator("dialog .ib-preview").inner_text()
    assert page.locator("dialog button[type=submit]").is_enabled()


def test_failures_first_then_mend_the_data_and_retry_only_those(show, grid, tmp_path):
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    confirm(page)
    headings = [one.inner_text() for one in page.locator(".ib-report h3").all()]
    assert headings == ["Failed", "Missing data", "Next", "To take it back", "Left out"]
    page.locator(".ib-groups.bad", has_text=": street, then approve again").wait_for()
    failed = len(grid.report.failed)
    with page.expect_download() as found:
        page.get_by_role("button", name="Fix the data of 1 customer").click()
    found.value.save_as(tmp_path / "customers.xlsx")
    fill_in(tmp_path / "customers.xlsx", street="Kade 2")
    page.get_by_label("Filled sheet").set_input_files(tmp_path / "customers.xlsx")
    page.locator(".ib-taken", has_text="1 customer changed. Now retry.").wait_for()
    page.get_by_role("button", name=f"Retry the {failed} failed").click()
    page.locator("dialog").wait_for()
    preview(page)
    confirm(page)
    page.locator(".ib-reporthead").get_by_text(f"Approve: {failed} invoices done").wait_for()


def test_the_refused_can_be_selected_from_the_report(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    confirm(page)
    refused = len(grid.report.refused)
    page.get_by_role("button", name="Select the refused").click()
    page.locator(".ib-summary strong", has_text=f"{refused} selected").wait_for()


def test_progress_shows_and_cancel_stops(show, workspace):
    """The run is held until it is cancelled; all its rows are still to do then."""
    backend = WaitingBackend(workspace)
    widget = Overview(backend, poll_seconds=0)
    widget.wait()
    page = show(widget)
    select_all(page)
    open_dialog(page, "export.invoices", "export")
    page.locator("dialog button[type=submit]").click()
    page.locator(".ib-progress").wait_for()
    page.get_by_role("button", name="Cancel").click()
    while not backend.cancel.is_set():
        page.wait_for_timeout(20)
    backend.gate.set()
    page.pump()
    page.locator(".ib-tag", has_text="cancelled").wait_for()
    page.get_by_role("button", name="Finish the rest").wait_for()
    assert len(widget.report.done) == 0
    widget.close()


def test_a_file_of_the_report_downloads(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "export.invoices", "export")
    confirm(page)
    with page.expect_download() as found:
        page.get_by_role("button", name="invoices.xlsx").click()
    assert found.value.suggested_filename == "invoices.xlsx"
    assert Path(found.value.path()).read_bytes() == Path(grid.report.files["path"].iloc[0]).read_bytes()


@pytest.mark.parametrize(
    ("item", "text"),
    [("Copy as Python", "sel.plan('approve'"), ("Copy as command", "invoicebatch run approve")],
)
def test_every_click_has_a_code_twin(show, grid, item, text):
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    page.get_by_role("button", name="Code").click()
    page.get_by_role("menuitem", name=item).click()
    code = page.get_by_label("Code", exact=True)
    code.wait_for()
    assert text in code.input_value()
    page.get_by_role("button", name="Close", exact=True).last.click()
    code.wait_for(state="detached")
    assert page.locator("dialog").count() == 1


def test_an_error_of_the_kernel_is_shown(show, grid, backend):
    def broken(*_):
        raise OSError("disk full")

    backend.apply = broken
    page = show(grid)
    select_all(page)
    open_dialog(page, "export.invoices", "export")
    confirm(page)
    page.get_by_role("alert").filter(has_text="disk full").wait_for()
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator(".ib-report[hidden]").wait_for(state="attached")


def test_focus_returns_to_where_the_dialog_was_opened(show, grid):
    page = show(grid)
    select_all(page)
    open_dialog(page, "approve")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.action") == "approve"


@pytest.mark.parametrize("width", [420, 560, 640])
def test_a_narrow_or_zoomed_bar_keeps_every_action_within_reach(show, grid, width):
    """640 is a window of 1280 at 200 % zoom."""
    page = show(grid, width=width, height=430)
    select_all(page)
    page.get_by_role("button", name="More").click()
    panel = page.locator(".ib-more")
    for name in ("credit", "delete", "send_via.email"):
        assert panel.locator(f"[data-action='{name}']").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
