"""Number series: no number twice in an account, whatever the patterns."""

from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.interfaces.api import Workspace


def requests(dates: list[str], series: str = "invoice", first_id: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoice_id": range(first_id, first_id + len(dates)),
            "company_account_id": "NL",
            "series": series,
            "invoice_date": pd.to_datetime(dates).astype("datetime64[s]"),
        }
    ).astype({"company_account_id": "str", "series": "str"})


def set_pattern(workspace: Workspace, pattern: str, *, yearly_reset: bool = True) -> None:
    rows = [
        {"company_account_id": "NL", "series": s, "pattern": pattern, "yearly_reset": yearly_reset}
        for s in ("invoice", "credit_note")
    ]
    with workspace.store.write() as session:
        session.update("number_ranges", pd.DataFrame(rows), pd.Timestamp("2026-01-01").to_pydatetime())


def give(workspace: Workspace, wanted: pd.DataFrame) -> pd.DataFrame:
    with workspace.store.write() as session:
        return session.allocate(wanted, "run")


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(10)


def test_two_series_with_one_pattern_never_share_a_number(workspace: Workspace) -> None:
    set_pattern(workspace, "{year}-{seq:06d}")
    assert give(workspace, requests(["2026-01-01"]))["number"].tolist() == ["2026-000001"]
    refused = give(workspace, requests(["2026-01-01"], "credit_note", 2))
    assert refused["number"].isna().all()
    assert "2026-000001" in refused["reason"][0]
    assert "pattern" in refused["reason"][0]
    with workspace.store.read() as session:
        assert len(session.whole("issued_numbers")) == 1


def test_a_series_that_starts_again_each_year_needs_the_year_in_its_numbers(workspace: Workspace) -> None:
    set_pattern(workspace, "{seq:06d}")
    given = give(workspace, requests(["2026-12-31", "2027-01-01"]))
    assert given["number"].isna().all()
    assert given["reason"].str.contains("000001").all()
    set_pattern(workspace, "{seq:06d}", yearly_reset=False)
    again = give(workspace, requests(["2026-12-31", "2027-01-01"]))
    assert again["number"].tolist() == ["000001", "000002"]


def test_numbers_of_imported_documents_are_not_given_again(workspace: Workspace) -> None:
    with workspace.store.write() as session:
        session.update(
            "invoices",
            pd.DataFrame({"invoice_id": [9], "number": ["F2026-000002"]}),
            pd.Timestamp("2026-01-01").to_pydatetime(),
        )
    given = give(workspace, requests(["2026-01-01", "2026-01-02"]))
    assert given["number"].isna().all()
    assert given["reason"].str.contains("F2026-000002").all()
