"""Number series: no gap, no duplicate, yearly reset, ascending dates, patterns."""

from collections.abc import Callable

import duckdb
import pandas as pd
import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.interfaces.api import Workspace
from invoicebatch.store.checks import check_pattern


def request(ids: list[int], dates: list[str], series: str = "invoice", account: str = "NL") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoice_id": ids,
            "company_account_id": account,
            "series": series,
            "invoice_date": pd.to_datetime(dates).astype("datetime64[s]"),
        }
    )


def give(workspace: Workspace, wanted: pd.DataFrame) -> pd.DataFrame:
    with workspace.store.write() as session:
        return session.allocate(wanted, "run")


def test_numbers_follow_the_order_of_the_rows_and_go_on(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(4)
    first = give(workspace, request([3, 1], ["2026-03-01", "2026-03-02"]))
    second = give(workspace, request([2], ["2026-03-03"]))
    assert first["number"].tolist() == ["F2026-000001", "F2026-000002"]
    assert second["number"].tolist() == ["F2026-000003"]


def test_a_series_starts_again_each_year(make_workspace: Callable[..., Workspace]) -> None:
    given = give(make_workspace(3), request([1, 2, 3], ["2026-12-31", "2027-01-01", "2026-12-30"]))
    assert given["number"].tolist() == ["F2026-000001", "F2027-000001", "F2026-000002"]


def test_series_of_one_account_do_not_share_a_counter(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(2)
    give(workspace, request([1], ["2026-01-01"]))
    assert give(workspace, request([2], ["2026-01-01"], "credit_note"))["number"].tolist() == ["C2026-000001"]


def test_an_unknown_series_is_named_and_blocks_nobody(make_workspace: Callable[..., Workspace]) -> None:
    wanted = pd.concat(
        [request([1], ["2026-01-01"], account="XX"), request([2], ["2026-01-01"])], ignore_index=True
    )
    given = give(make_workspace(2), wanted)
    assert given["reason"].tolist() == ["company account XX has no number series 'invoice'", ""]
    assert given["number"].tolist()[1] == "F2026-000001"


def test_an_ascending_series_takes_no_earlier_date(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(4)
    with workspace.store.write() as session:
        ranges = session.whole("number_ranges").assign(dates_ascend=True)
        session.update("number_ranges", ranges, pd.Timestamp("2026-01-01").to_pydatetime())
    give(workspace, request([1], ["2026-05-10"]))
    given = give(workspace, request([2, 3, 4], ["2026-05-09", "2026-05-10", "2026-05-12"]))
    assert given["reason"].tolist() == [
        "invoice date 2026-05-09 lies before the last date of its number series, 2026-05-10: withdraw its approval and approve it with a later date",
        "",
        "",
    ]
    assert given["number"].tolist()[1:] == ["F2026-000002", "F2026-000003"]


def test_when_no_row_gets_a_number_each_is_named(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(3)
    with workspace.store.write() as session:
        ranges = session.whole("number_ranges").assign(dates_ascend=True)
        session.update("number_ranges", ranges, pd.Timestamp("2026-01-01").to_pydatetime())
    give(workspace, request([1], ["2026-05-10"]))
    given = give(workspace, request([2, 3], ["2026-05-08", "2026-05-09"]))
    assert given["reason"].str.contains("lies before the last date").tolist() == [True, True]
    assert given["number"].isna().all()


def test_a_rolled_back_transaction_burns_no_number(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(2)
    with pytest.raises(RuntimeError), workspace.store.write() as session:
        session.allocate(request([1], ["2026-01-01"]), "run")
        raise RuntimeError
    assert give(workspace, request([1], ["2026-01-01"]))["number"].tolist() == ["F2026-000001"]


def test_a_pattern_of_before_that_is_too_wide_gives_no_number(
    make_workspace: Callable[..., Workspace],
) -> None:
    workspace = make_workspace(2)
    with duckdb.connect(str(workspace.store.file)) as con:
        con.execute("UPDATE number_ranges SET pattern = '{seq:0999999999d}' WHERE series = 'credit_note'")
    wanted = pd.concat([request([1], ["2026-01-01"], "credit_note"), request([2], ["2026-01-01"])])
    given = give(workspace, wanted.reset_index(drop=True))
    assert given["reason"].tolist() == ["the pattern of series 'credit_note' is wider than any number", ""]
    assert given["number"].tolist()[1] == "F2026-000001"


@pytest.mark.parametrize(
    "pattern", ["{year}", "{seq}{seq}", "{nope}-{seq}", "{seq:", "{seq.real}-{seq}", "{seq:c}", "{seq:099d}"]
)
def test_a_pattern_that_gives_no_numbers_is_refused(pattern: str) -> None:
    with pytest.raises(InputFileError):
        check_pattern(pattern)
