"""The first messages of a plan in a notebook."""

from invoicebatch.interfaces.notebook import messages
from tests.engine.sending import with_documents


def test_the_first_messages_are_shown_side_by_side_and_run_nothing(make_workspace, monkeypatch):
    shown = []
    monkeypatch.setattr(messages, "html", shown.append)
    workspace = with_documents(make_workspace(4, status="created"))
    folder = workspace.root / "templates/mail/invoice/en"
    folder.mkdir(parents=True)
    (folder / "html.html").write_text("<!doctype html><script>alert(1)</script><p>{{ customer.name }}</p>")
    messages.show_first_messages(workspace.select(all=True).plan("send_via.email"), limit=3)
    head, cards = shown
    assert "<b>4 messages</b>; the first 3" in head
    assert cards.count('<iframe sandbox=""') == 3
    assert "<script" not in cards, "it stands inside an attribute, in a frame that runs none"
    assert "<b>To</b> p3@example.org" in cards
    assert "p4@example.org" not in cards
    assert "F2026-000001.pdf (1 page, " in cards
    shown.clear()
    messages.show_first_messages(workspace.select(all=True).plan("mark_as.exported"))
    assert not shown
