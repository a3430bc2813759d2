"""Which documents no law keeps any more is told by the seller's country, and only where nothing is open."""

from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.cli.main import run


def test_documents_past_their_term_are_listed_where_nothing_is_open(
    money_workspace: Callable[..., Workspace],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = [pd.Timestamp(day) for day in ("2018-12-31", "2019-01-01", "2018-01-01", "2015-06-01")]
    workspace = money_workspace(
        4, invoice_date=days, outstanding_cents=[0, 0, 12_100, 0], paid_cents=[12_100, 12_100, 0, 12_100]
    )
    monkeypatch.setenv("INVOICEBATCH_NOW", "2026-01-01T10:00:00")
    found = workspace.may_go()  # NL: seven years from the end of the year
    assert found["invoice_id"].tolist() == [4, 1]
    assert found["kept_until"].dt.strftime("%Y-%m-%d").tolist() == ["2022-12-31", "2025-12-31"]
    assert set(found["source"]) == {"AWR art. 52 (4)"}
    assert run(["doctor", "-w", str(workspace.root)]) == 0
    assert "2 documents that no law keeps any more" in capsys.readouterr().out
    monkeypatch.setenv("INVOICEBATCH_NOW", "2025-12-31T10:00:00")
    assert workspace.may_go()["invoice_id"].tolist() == [4]
    (workspace.root / "rules/retention.toml").write_text('[NL]\nyears = 20\nsource = "our own"\n')
    assert open_workspace(workspace.root).may_go().empty
