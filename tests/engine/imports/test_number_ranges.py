"""Importing number ranges: a series in use never gives a number twice or leaves a gap, and is never changed unsaid."""

from collections.abc import Callable

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace

HEADER = "company_account_id,series,pattern,yearly_reset\n"

Import = Callable[..., ImportReport]
Whole = Callable[[str], pd.DataFrame]


def take(bring: Import, rows: str, header: str = HEADER) -> ImportReport:
    return bring({"number_ranges.csv": header + rows})


def series(whole: Whole, name: str = "invoice") -> tuple[str, bool]:
    row = whole("number_ranges").set_index("series").loc[name]
    return row["pattern"], bool(row["yearly_reset"])


@pytest.fixture
def in_use(workspace: Workspace, filled: ImportReport) -> None:
    """Number NL-2026-000001 is given."""
    one = workspace.select(where="external_id = 'A1'")
    one.plan("approve", invoice_date="2026-11-22").apply()
    workspace.select(where="external_id = 'A1'").plan("create").apply()


@pytest.mark.usefixtures("in_use")
def test_a_series_in_use_keeps_its_yearly_reset(bring: Import, whole: Whole) -> None:
    report = take(bring, "NL,invoice,{account}-{year}-{seq:06d},no\n")
    assert report.refused[["row", "column", "value"]].to_numpy().tolist() == [[2, "yearly_reset", "no"]]
    assert "would repeat or leave a gap" in report.refused["reason"][0]
    assert series(whole) == ("{account}-{year}-{seq:06d}", True)


@pytest.mark.usefixtures("parties")
def test_a_series_that_is_not_in_use_may_change(bring: Import, whole: Whole) -> None:
    report = take(bring, "NL,invoice,F{seq:06d},no\n")
    assert report.refused.empty
    assert report.doubted.empty
    assert series(whole) == ("F{seq:06d}", False)


@pytest.mark.usefixtures("in_use")
def test_a_new_pattern_of_a_series_in_use_is_taken_and_said(
    workspace: Workspace, bring: Import, whole: Whole
) -> None:
    report = take(bring, "NL,invoice,F{year}-{seq:03d},yes\n")
    assert report.refused.empty
    assert report.doubted["reason"].tolist() == [
        "replaces {account}-{year}-{seq:06d} in a series that has given numbers; F2026-002 follows"
    ]
    workspace.select(where="external_id = 'A2'").plan("approve", invoice_date="2026-11-22").apply()
    workspace.select(where="external_id = 'A2'").plan("create").apply()
    assert whole("invoices")["number"].tolist() == ["NL-2026-000001", "F2026-002"]
    assert workspace.doctor().empty


@pytest.mark.parametrize("rows", ["NL,invoice,F{seq:06d},yes\n", "NL,credit_note,F{seq:06d},yes\n"])
@pytest.mark.usefixtures("parties")
def test_a_series_that_starts_again_needs_the_year(bring: Import, rows: str) -> None:
    report = take(bring, rows)
    assert report.refused["column"].tolist() == ["pattern"]
    assert "no {year}" in report.refused["reason"][0]


@pytest.mark.usefixtures("parties")
def test_a_file_that_does_not_say_lets_a_series_start_again_where_its_numbers_tell_the_year(
    bring: Import, whole: Whole
) -> None:
    header = "company_account_id,series,pattern\n"
    bring(
        {"accounts.csv": "company_account_id,name,number_pattern\nBE,Shop,B{seq:05d}\nFR,Shop,F{year}{seq}\n"}
    )
    assert take(bring, "NL,credit_note,C{year}-{seq:06d}\n", header).refused.empty
    resets = whole("number_ranges").set_index(["company_account_id", "series"])["yearly_reset"]
    assert not resets["BE", "invoice"]
    assert resets["FR", "invoice"]
    assert resets["NL", "credit_note"]


@pytest.mark.usefixtures("parties")
def test_an_empty_cell_is_no_yes(bring: Import) -> None:
    report = take(bring, "NL,invoice,F{year}-{seq:06d},\n")
    assert report.refused[["row", "column"]].to_numpy().tolist() == [[2, "yearly_reset"]]


@pytest.mark.usefixtures("parties")
def test_two_series_of_an_account_may_not_share_a_pattern(bring: Import, whole: Whole) -> None:
    before = series(whole), series(whole, "credit_note")
    report = take(bring, "NL,invoice,F{year}-{seq:06d},yes\nNL,credit_note,F{year}-{seq},yes\n")
    assert report.refused["row"].tolist() == [2, 3]
    assert report.refused["reason"].str.startswith("would give numbers of the series").all()
    assert (series(whole), series(whole, "credit_note")) == before


@pytest.mark.usefixtures("in_use")
def test_a_pattern_may_not_give_a_number_that_a_document_has(bring: Import, whole: Whole) -> None:
    assert take(bring, "NL,invoice,F{year}-{seq},yes\n").refused.empty
    report = take(bring, "NL,credit_note,NL-{year}-{seq:06d},yes\n")
    assert report.refused["reason"].tolist() == [
        "would give number NL-2026-000001 again, which a document has already"
    ]
    assert series(whole, "credit_note")[0] == "{account}-C{year}-{seq:06d}"


@pytest.mark.usefixtures("parties")
def test_a_wrong_row_is_refused_by_cell_and_the_others_go_in(bring: Import, whole: Whole) -> None:
    rows = (
        "NL,invoices,F{year}-{seq},yes\nNL,credit_note,{seq:0999999999d},no\nNL,invoice,F{year}-{seq},yes\n"
    )
    report = take(bring, rows)
    reasons = report.refused.set_index("row")["reason"]
    assert reasons.to_dict() == {
        2: "is no series; there are: invoice, credit_note",
        3: "is wider than 20 digits",
    }
    assert series(whole) == ("F{year}-{seq}", True)


def test_an_account_names_patterns_that_can_be_used(bring: Import, whole: Whole) -> None:
    text = (
        "company_account_id,name,number_pattern,credit_note_pattern\nNL,Shop,{seq:c},\n"
        "A-VERY-LONG-COMPANY-NAME,Shop,F{year}-{seq},\nBE,Shop,B{year}-{seq},\n"
    )
    report = bring({"accounts.csv": text})
    assert report.refused[["row", "column"]].to_numpy().tolist() == [
        [2, "number_pattern"],
        [3, "company_account_id"],
    ]
    assert report.refused["reason"][1] == "makes numbers too long: name a credit_note_pattern of your own"
    assert whole("company_accounts")["company_account_id"].tolist() == ["BE"]


def test_accounts_and_ranges_in_one_import_twice_change_nothing(bring: Import, whole: Whole) -> None:
    accounts = "company_account_id,name,number_pattern\nNL,Shop,\nBE,Shop,B{year}-{seq}\n"
    files = {"accounts.csv": accounts, "number_ranges.csv": HEADER + "NL,invoice,N{seq},no\n"}
    bring(files)
    before = whole("number_ranges")
    again = bring(files)
    assert again.counts.set_index("table").loc["number_ranges", ["added", "changed"]].tolist() == [0, 0]
    assert whole("number_ranges").equals(before)
