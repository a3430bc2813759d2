"""One invoice beside the grid: what is opened is the invoice that is shown."""

from invoicebatch.interfaces.lab.detail_view import Details
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.engine.sending import with_documents
from tests.interfaces.lab.conftest import Desk


def test_the_document_opened_is_the_one_of_the_invoice_shown(make_workspace):
    desk = Desk(WorkspaceBackend(with_documents(make_workspace(2, status="created"))))
    details = Details(desk.session)
    for at in (0, 1):
        desk.say("detail", at=at)
        details.wait()
    for invoice_id in (1, 2):
        file = desk.say("document", id=invoice_id)
        assert (file["kind"], file["name"]) == ("file", f"F2026-{invoice_id:06d}.pdf")
        assert desk.sent[0][1][0].startswith(b"%PDF")
