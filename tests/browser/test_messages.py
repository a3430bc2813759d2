"""The messages of a run in its dialog, in real Chromium: they may say what they like, and do nothing."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.lab.widget import Overview
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.sending import outbox, with_documents

HTML = """<!doctype html><html><body onload="parent.harmed = 1"><script>parent.harmed = 1</script>
<p>Dear {{ customer.name }}</p><img src="PICTURE" onerror="parent.harmed = 1"></body></html>"""


@pytest.fixture
def tracker():
    """A server elsewhere that notes who asks it for a picture."""

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Asked)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def workspace(make_workspace, tracker):
    """Three documents in two mails, whose template tries what it can."""
    made = with_documents(make_workspace(3, status="created"))
    folder = made.root / "templates/mail/invoice/en"
    folder.mkdir(parents=True)
    (folder / "html.html").write_text(
        HTML.replace("PICTURE", f"http://127.0.0.1:{tracker.server_port}/seen.png")
    )
    frame = pd.DataFrame({"invoice_id": [1, 2], "customer_id": "S1"})
    with made.store.write() as session:
        session.update("invoices", frame, clock.now())
    return made


def test_messages_are_looked_at_tested_and_counted_and_harm_nothing(workspace, tracker, show):
    widget = Overview(WorkspaceBackend(workspace), poll_seconds=0)
    widget.wait()
    page = show(widget)
    page.locator(".ib-body .ib-row[data-index='0']").click()
    page.keyboard.press("Control+a")
    page.locator("[data-group=send_via]").click()
    page.locator("[data-action='send_via.email']").first.click()
    page.locator("dialog").wait_for()
    page.previewed()
    page.get_by_label("Combine").select_option("customer")
    page.pump_until(lambda: page.get_by_text("in 2 messages").count())

    page.get_by_role("button", name="Look at the 2 messages").click()
    mail = page.locator(".ib-mail")
    page.pump_until(lambda: mail.locator(".ib-mailhead").count())
    assert "p1@example.org" in mail.inner_text()
    mail.get_by_role("button", name="Next").click()
    page.pump_until(lambda: "p3@example.org" in mail.inner_text())
    frame = page.frame_locator(".ib-mail iframe")
    assert frame.get_by_text("Dear Person 3").is_visible()
    page.wait_for_timeout(200)
    assert page.evaluate("() => window.harmed") is None
    assert not tracker.seen, "a picture from elsewhere would tell that it was looked at"
    assert mail.get_by_role("button", name="Next").is_disabled()
    mail.get_by_role("tab", name="Plain text").click()
    assert "Person 3" in mail.locator("pre").inner_text()
    with page.expect_download() as download:
        mail.get_by_role("button", name="F2026-000003.pdf").click()
        page.pump_until(download.is_done)
    assert download.value.suggested_filename == "F2026-000003.pdf"
    mail.get_by_label("Send a test to").fill("me@house.example")
    mail.get_by_role("button", name="Send a test").click()
    page.pump_until(lambda: "2 tests sent to me@house.example" in mail.inner_text())
    mail.get_by_role("button", name="Close the messages").click()

    page.get_by_label("Number of messages, to confirm").fill("2")
    page.locator("dialog button[type=submit]").click()
    page.pump_until(lambda: page.get_by_text("3 invoices done").count())
    assert len(outbox(workspace)) == 2
    widget.close()
