"""A template without end, or without measure, fails the documents it does so on, by name; the others are made."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from invoicebatch.engine.base import clock
from invoicebatch.files import limits
from invoicebatch.interfaces.api import Workspace, open_workspace
from tests.engine.sending import configure

HEAD = '#import "parts/all.typ": *\n#show: document-page\n#opening\n'
LOOP = "#for i in range(100000) { for j in range(100000) { } }"
HEAP = "#let a = range(1000000000000)"


@pytest.fixture
def approved(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Three approved invoices; a template that has no end for the one of customer K1, and no measure for K2's."""
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        names = pd.DataFrame({"customer_id": ["K1", "K2"], "name": ["Loop", "Heap"]})
        session.update("customers", names, clock.now())
    workspace.select(all=True).plan("approve", invoice_date=date(2026, 11, 22)).apply()
    folder = workspace.root / "house"
    folder.mkdir()
    cases = [
        f'#if json("data.json").buyer.name == "{name}" [{code}]'
        for name, code in (("Loop", LOOP), ("Heap", HEAP))
    ]
    (folder / "invoice.typ").write_text(HEAD + "\n".join(cases))
    monkeypatch.setattr(limits, "TEMPLATE_SECONDS", 1)
    monkeypatch.setattr(limits, "TEMPLATE_MEMORY", 256 << 20)
    return configure(workspace, '[documents]\ntemplate = "house"\n')


def test_only_what_it_has_no_end_for_fails_and_no_number_is_lost(approved: Workspace) -> None:
    report = approved.select(all=True).plan("create").apply()
    assert report.state == "finished"
    assert report.done["invoice_id"].tolist() == [3]
    reasons = dict(zip(report.failed["invoice_id"], report.failed["reason"], strict=True))
    assert "template house: it takes more than 1 seconds of computing time" in reasons[1]
    assert "template house: it takes more than 256 MB of memory" in reasons[2]
    assert approved.doctor().empty
    (approved.root / "house" / "invoice.typ").write_text(HEAD)
    again = open_workspace(approved.root).select(ids=[1, 2]).plan("regenerate", reason="mended").apply()
    assert again.complete
    numbers = approved.select(all=True).columns(["number"])["number"]
    assert sorted(numbers) == ["F2026-000001", "F2026-000002", "F2026-000003"]
