"""The shipped overview notebook in a real JupyterLab, over a real workspace."""

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.interfaces.api import init_workspace
from tests.browser import lab
from tests.conftest import small_frames
from tests.waiting import LIMIT, until

ROWS = 40


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One JupyterLab over a folder of workspaces."""
    folder, settings = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("settings")
    with lab.server(folder, settings) as address:
        yield folder, address


@pytest.fixture
def workspace(served):
    """Forty empty invoices, the last five without a customer."""
    made = init_workspace(Path(tempfile.mkdtemp(dir=served[0])) / "books")
    with made.store.write() as session:
        frames = small_frames(ROWS)
        frames["invoices"].loc[ROWS - 5 :, "customer_id"] = None
        for table, frame in frames.items():
            session.insert(table, frame)
        session.reserve_ids(ROWS)
    return made


@pytest.fixture
def page(served, workspace, chromium):
    """The overview notebook of the workspace, run, its grid on screen."""
    folder, address = served
    page = chromium.new_page()
    page.set_default_timeout(LIMIT * 1000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.name = str(workspace.root.relative_to(folder) / "notebooks" / "overview.ipynb")
    lab.open_notebook(page, address, page.name)
    lab.run_all(page)
    page.locator(".ib-body .ib-row").first.wait_for()
    page.wait_for_function(lab.IDLE)
    yield page
    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.close()
    assert page.errors == []


def approve(page):
    page.get_by_role("grid", name="Invoices").focus()
    page.keyboard.press("Control+a")
    page.locator(".ib-summary strong", has_text=f"{ROWS} selected").wait_for()
    page.locator("[data-action=approve]").click()
    page.locator("dialog button[type=submit]:enabled").click()
    page.locator(".ib-reporthead").wait_for()


def test_select_shows_the_bar_and_notebook_shortcuts_stay_out(page):
    page.locator(".ib-body .ib-row").nth(2).click()
    page.locator(".ib-summary strong", has_text="1 selected").wait_for()
    cells = page.locator(".jp-Cell").count()
    for key in ("x", "d", "d"):
        page.keyboard.press(key)
    page.locator(".ib-actions button").first.focus()
    page.keyboard.press("x")
    assert page.locator(".jp-Cell").count() == cells


def test_approve_with_its_dialog_shows_failures_first_and_updates_the_rows(page, workspace):
    approve(page)
    assert page.locator(".ib-report h3").first.inner_text() == "Failed"
    assert "5" in page.locator(".ib-groups.bad strong").first.inner_text()
    page.locator(".ib-chip", has_text="Approved").first.wait_for()
    assert len(workspace.select(where="status = 'approved'")) == ROWS - 5
    page.get_by_role("button", name="Retry the 5 failed").click()
    page.locator("dialog button[type=submit]", has_text="(5)").wait_for()
    page.keyboard.press("Escape")


@pytest.mark.full
def test_delete_needs_the_count(page, workspace):
    page.locator(".ib-body .ib-row").nth(1).click()
    page.locator(".ib-body .ib-row").nth(4).click(modifiers=["Shift"])
    page.locator(".ib-summary strong", has_text="4 selected").wait_for()
    if page.locator("[data-action=delete]").count() == 0:
        page.get_by_role("button", name="More").click()
    page.locator("[data-action=delete]").first.click()
    page.get_by_text("This can't be undone.").wait_for()
    submit = page.locator("dialog button[type=submit]")
    page.locator("dialog button[type=submit]", has_text="(4)").wait_for()
    assert submit.is_disabled()
    page.get_by_label("Number of invoices, to confirm").fill("4")
    submit.click()
    page.locator(".ib-reporthead", has_text="4 invoices done").wait_for()
    assert len(workspace.select(all=True)) == ROWS - 4


@pytest.mark.full
def test_credit_needs_the_count(page, workspace):
    approve(page)
    page.get_by_role("button", name="Close the report").click()
    page.keyboard.press("Escape")
    page.locator(".ib-body .ib-row").first.click()
    page.locator(".ib-summary strong", has_text="1 selected").wait_for()
    page.locator("[data-action=credit]").click()
    page.get_by_label("Number of invoices, to confirm").fill("1")
    page.locator("dialog button[type=submit]:enabled").click()
    page.locator(".ib-reporthead", has_text="1 invoice done").wait_for()
    assert len(workspace.select(where="credited_by is not null")) == 1


@pytest.mark.full
def test_bank_file_has_its_two_tabs(page, workspace):
    frame = workspace.select(all=True).columns(["invoice_id"])
    with workspace.store.write() as session:
        mandates = [
            {"mandate_id": f"M{i}", "customer_id": f"K{i}", "iban": "NL91ABNA0417164300", "status": "active",
             "scheme": "CORE", "sequence_type": "RCUR", "signed_on": pd.Timestamp("2025-01-01")}
            for i in range(3)
        ]  # fmt: skip
        session.insert("mandates", pd.DataFrame(mandates))
        session.update(
            "company_accounts",
            pd.DataFrame([{"company_account_id": "NL", "creditor_id": "DE98ZZZ09999999999"}]),
            pd.Timestamp("2026-11-22").to_pydatetime(),
        )
        customers = pd.DataFrame(
            [
                {"customer_id": f"K{i}", "payment_method": "direct_debit", "iban": "NL91ABNA0417164300"}
                for i in range(3)
            ]
        )
        session.update("customers", customers, pd.Timestamp("2026-11-22").to_pydatetime())
    assert len(frame) == ROWS
    approve(page)
    workspace.select(where="status = 'approved'").plan("create").apply()
    page.locator("[data-refresh]").click()
    page.locator(".ib-chip", has_text="Created").first.wait_for()
    page.locator("[data-group=assign]").click()
    with workspace.store.write() as session:  # due, so that they may be collected
        due = session.whole("invoices")[["invoice_id"]].assign(due_date=pd.Timestamp("2026-11-22"))
        session.update("invoices", due, pd.Timestamp("2026-11-22").to_pydatetime())
    page.locator("[data-action='assign.bank_file']").click()
    page.get_by_role("tab", name="Collections").wait_for()
    page.get_by_role("tab", name="Refunds").click()
    page.keyboard.press("Escape")


def test_a_busy_kernel_is_said_and_the_grid_answers_afterwards(page):
    page.evaluate("""() => {
        const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        kernel.requestExecute({code: 'import time; time.sleep(3)'});
    }""")
    page.locator(".ib-body .ib-row").nth(3).click()
    page.locator(".ib-summary strong", has_text="1 selected").wait_for()
    page.locator(".ib-waiting[hidden]").wait_for(state="attached")


def test_a_grid_whose_kernel_restarted_says_so_and_a_saved_one_is_a_table_without_a_fault(
    page, served, workspace, chromium
):
    lab.save(page)
    saved = workspace.root / "notebooks" / "overview.ipynb"
    until(lambda: "Run the cell for the live overview" in saved.read_text())
    outputs = [out for cell in json.loads(saved.read_text())["cells"] for out in cell.get("outputs", [])]
    assert any("text/html" in out.get("data", {}) for out in outputs)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.get_by_text("The kernel restarted").wait_for()
    page.wait_for_function(lab.IDLE)
    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    again = chromium.new_page()
    again.set_default_timeout(LIMIT * 1000)
    again.goto(f"{served[1]}/doc/tree/{page.name}?reset")
    again.get_by_text(f"{ROWS} invoices; the first 10").wait_for()
    fault = again.get_by_text("Error displaying widget")
    fault.wait_for(state="attached")
    assert not fault.is_visible()
    again.close()


@pytest.mark.full
def test_a_narrow_dark_lab_keeps_everything_in_reach(page):
    page.set_viewport_size({"width": 700, "height": 800})
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    page.locator("[data-jp-theme-light=false]").first.wait_for(state="attached")
    page.locator(".ib-body .ib-row").first.click()
    page.locator(".ib-actions button").first.wait_for()
    dark = page.locator(".ib").evaluate("e => getComputedStyle(e).backgroundColor")
    assert max(int(part) for part in dark[4:-1].split(",")) < 60
    rows = page.locator(".ib-body .ib-row:not([hidden])")
    assert rows.count() > 12
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
    )
