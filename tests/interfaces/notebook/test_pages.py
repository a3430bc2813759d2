"""The pages a notebook shows."""

from collections.abc import Callable
from datetime import date

import pytest

from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.notebook import pages, steps


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(pages, "html", found.append)
    monkeypatch.setattr(steps, "html", found.append)
    return found


def test_before_a_run_previews_and_after_it_the_stored_documents(
    make_workspace: Callable[..., Workspace], shown: list[str]
) -> None:
    workspace = make_workspace(3)
    day = date(2026, 11, 22)
    workspace.select(all=True).plan("approve", invoice_date=day).apply()
    plan = workspace.select(all=True).plan("create")
    pages.show_pages(plan, None)
    assert [text.partition("</b>")[0] for text in shown] == ["<b>preview-DRAFT-1", "<b>preview-DRAFT-2"]
    assert all("data:image/png;base64" in text for text in shown)
    shown.clear()
    pages.show_pages(plan, plan.apply())
    assert [text.partition("</b>")[0] for text in shown] == ["<b>F2026-000001", "<b>F2026-000002"]


def test_a_document_that_cannot_be_made_says_why(
    make_workspace: Callable[..., Workspace], shown: list[str]
) -> None:
    workspace = make_workspace(1)
    workspace.select(all=True).plan("approve").apply()
    plan = workspace.select(all=True).plan("create")
    import pandas as pd

    with workspace.store.write() as session:
        accounts = pd.DataFrame({"company_account_id": ["NL"], "vat_id": [None]}).astype({"vat_id": "str"})
        session.update("company_accounts", accounts, pd.Timestamp("2026-01-01").to_pydatetime())
    pages.show_pages(plan, None)
    assert "company_accounts.vat_id is missing" in shown[0]
