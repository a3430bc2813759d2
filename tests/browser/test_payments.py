"""The payments beside the invoices: bundles handled and customers' payments booked in Chromium, by real runs."""

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.conftest import money_workspace_in
from tests.engine.payments.received import credit, owed_workspace, read


@pytest.fixture
def shown(show):
    """A workspace's grid in a page, on one of its tabs."""
    widgets = []

    def _shown(workspace, tab, **options):
        widget = Overview(WorkspaceBackend(workspace), poll_seconds=0)
        widgets.append(widget)
        widget.wait()
        page = show(widget, **options)
        page.locator(f"[data-tab={tab}]").click()
        page.pump_until(
            lambda: page.locator(
                f".ib-payments:visible [data-{'bundle' if tab == 'outgoing' else 'state'}]"
            ).count()
        )
        return page

    yield _shown
    for widget in widgets:
        widget.close()


def test_a_bundle_is_written_and_leads_back_to_its_invoices(shown, tmp_path):
    workspace = money_workspace_in(tmp_path / "money", 5)
    workspace.select(where="invoice_id <= 3").plan("assign.bank_file").apply()
    page = shown(workspace, "outgoing")
    look = "(() => { const of = getComputedStyle(document.querySelector('.ib')); return [of.display, of.color, of.backgroundColor] })()"
    here = page.evaluate(look)
    page.locator("[data-tab=invoices]").click()
    assert page.evaluate(look) == here  # the payments look as the invoices do
    page.locator("[data-tab=outgoing]").click()
    page.locator(".ib-payments:visible [data-bundle]").click()
    page.pump_until(lambda: page.locator("[data-action='payments.write']").count())
    assert page.locator("[data-action='payments.confirm']").is_disabled()
    assert "has no bank file yet" in page.locator(".ib-bundle .ib-refused").text_content()
    page.locator("[data-action='payments.write']").click()
    page.locator("dialog").wait_for()
    page.previewed()
    assert page.locator("dialog [name=bundle]").count() == 0
    page.locator("dialog button[type=submit]").click()
    page.pump_until(lambda: page.locator("[data-action='payments.confirm']:enabled").count())
    assert page.locator(".ib-reporthead").text_content().startswith("Write")
    assert workspace.payments.list()["state"].tolist() == ["exported"]
    page.locator("[data-action='payments.cancel']").click()
    page.locator("dialog").wait_for()
    page.previewed()
    assert "make sure that the bank does not get it" in page.locator("dialog .ib-preview").text_content()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    with page.expect_download() as download:
        page.get_by_role("button", name="Open the file").click()
        page.pump()
    assert download.value.suggested_filename.startswith("pain.008.001.08")
    page.get_by_role("button", name="Show its invoices").click()
    page.pump_until(lambda: "3 selected" in page.locator(".ib-summary").first.text_content())
    assert page.locator("[data-tab=invoices]").get_attribute("aria-selected") == "true"


def owes(workspace, cents):
    """The first document owes another amount."""
    with workspace.store.write() as session:
        other = pd.DataFrame({"invoice_id": [1], "outstanding_cents": [cents]})
        session.update("invoices", other, clock.now())


def test_a_proposal_is_ticked_and_booked_and_taken_off(shown, tmp_path):
    workspace = owed_workspace(tmp_path / "owed", [13_100, 14_100, 15_100])
    read(
        workspace,
        credit("131.00", "factuur F2026-000001", name="Jan"),
        credit("7.77", "iets", name="Piet", bank="X"),
    )
    if (workspace.payments.incoming()["status"] == "booked").any():
        pytest.fail("the payment was booked by itself: the test needs one that is only proposed")
    page = shown(workspace, "incoming")
    row = page.locator("[data-payment]", has_text="Jan")
    row.locator("input[type=checkbox]").first.check()
    owes(workspace, 12_000)
    page.locator("[data-tab=incoming]").click()
    page.pump_until(lambda: "120.00" in row.text_content())
    assert page.get_by_role("button", name="Book", exact=True).is_disabled()
    owes(workspace, 13_100)
    page.locator("[data-tab=incoming]").click()
    page.pump_until(lambda: "120.00" not in row.text_content())
    row.locator("input[type=checkbox]").first.check()
    page.get_by_role("button", name="Book 1 payment").click()
    page.pump_until(lambda: page.locator("[data-state=booked] .ib-part", has_text="1").count())
    assert workspace.select(all=True).columns(["outstanding_cents"])["outstanding_cents"].tolist() == [
        0,
        14_100,
        15_100,
    ]
    page.locator("[data-state=open]").click()
    page.get_by_role("button", name="Set the payment of Piet aside").click()
    page.get_by_label("Why it is none of ours").fill("a refund of the insurer")
    page.keyboard.press("Enter")
    page.pump_until(lambda: page.locator("[data-state=set_aside] .ib-part", has_text="1").count())
    page.locator("[data-state=booked]").click()
    page.get_by_role("button", name="Take the payment of Jan off").click()
    page.pump_until(lambda: page.locator("[data-state=booked] .ib-part", has_text="0").count())
    payments = workspace.payments.incoming().set_index("payer")
    assert payments["set_aside"].fillna("").to_dict() == {"Jan": "", "Piet": "a refund of the insurer"}
    assert pd.isna(payments.loc["Jan", "set_aside"])
