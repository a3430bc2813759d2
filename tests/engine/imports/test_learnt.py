"""Importing members again: what our collections have taught of a mandate stays."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace
from invoicebatch.interfaces.api import init_workspace, open_workspace
from tests.copies import copy_workspace
from tests.engine.imports.conftest import ACCOUNTS, CUSTOMERS, INVOICES, LINES, MANDATES
from tests.paying import date_has_come

HEADER = "mandate_id,customer_id,iban,signed_on,sequence_type,status,last_used_on,previous_iban\n"
IBAN, OTHER = "NL91ABNA0417164300", "NL20INGB0001234567"

NOW = {"assign.bank_file": {"early": True}}

Import = Callable[..., ImportReport]
Whole = Callable[[str], pd.DataFrame]


def row(
    sequence: str = "FRST", used: str = "2026-09-01", signed: str = "2025-01-01", iban: str = IBAN
) -> str:
    return f"{HEADER}M-1,00013,{iban},{signed},{sequence},active,{used},{OTHER if iban == IBAN else ''}\n"


def collect(workspace: Workspace) -> pd.Timestamp:
    """Both invoices are collected; returns the date."""
    for action in ("approve", "create", "assign.bank_file"):
        assert workspace.select(all=True).plan(action, **NOW.get(action, {})).apply().complete
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    date_has_come(workspace)
    workspace.payments.confirm(bundle)
    return workspace.payments.list()["collection_date"].iloc[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.Timestamp]:
    """A workspace whose two invoices were collected, and when; made once, copied for each test."""
    folder = tmp_path_factory.mktemp("collected")
    workspace = init_workspace(folder / "ws")
    for files in (
        {"accounts.csv": ACCOUNTS, "customers.csv": CUSTOMERS, "mandates.csv": MANDATES},
        {"invoices.csv": INVOICES, "lines.csv": LINES},
        {"mandates.csv": row()},
    ):
        for name, text in files.items():
            (folder / name).write_text(text)
        workspace.import_files([folder / name for name in files])
    return workspace.root, collect(workspace)


@pytest.fixture
def workspace(request: pytest.FixtureRequest, workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of what was made, for the tests of what was collected; else as for all imports."""
    if "collected" not in request.fixturenames:
        return workspace
    made, _ = request.getfixturevalue("made")
    return open_workspace(copy_workspace(made, tmp_path / "collected"))


@pytest.fixture
def collected(made: tuple[Path, pd.Timestamp]) -> pd.Timestamp:
    return made[1]


def mandate(whole: Whole) -> pd.Series:
    return whole("mandates").set_index("mandate_id").loc["M-1"]


@pytest.mark.parametrize("used", ["2026-09-01", ""])
def test_an_older_file_sets_nothing_back(
    collected: pd.Timestamp, bring: Import, whole: Whole, used: str
) -> None:
    before = mandate(whole)
    assert (before["sequence_type"], before["last_used_on"]) == ("RCUR", collected)
    assert pd.isna(before["previous_iban"])
    report = bring({"mandates.csv": row(used=used)})
    assert mandate(whole).equals(before)
    assert report.counts["changed"].tolist() == [0]
    (note,) = report.notes
    assert note.startswith("1 mandate keeps what its collections left")


def test_a_file_without_the_column_sets_nothing_back(
    collected: pd.Timestamp, bring: Import, whole: Whole
) -> None:
    bring({"mandates.csv": f"mandate_id,customer_id,iban,signed_on\nM-1,00013,{IBAN},2025-01-01\n"})
    assert mandate(whole)["last_used_on"] == collected


def test_a_later_use_elsewhere_is_taken(collected: pd.Timestamp, bring: Import, whole: Whole) -> None:
    later = collected + pd.Timedelta(days=3)
    assert bring({"mandates.csv": row("RCUR", f"{later:%Y-%m-%d}")}).notes == ()
    assert mandate(whole)["last_used_on"] == later


def test_a_new_signature_begins_anew(collected: pd.Timestamp, bring: Import, whole: Whole) -> None:
    signed = f"{collected + pd.Timedelta(days=1):%Y-%m-%d}"
    bring({"mandates.csv": row("FRST", "", signed)})
    now = mandate(whole)
    assert now["sequence_type"] == "FRST"
    assert pd.isna(now["last_used_on"])


def test_a_changed_account_is_taken_all_the_same(
    collected: pd.Timestamp, bring: Import, whole: Whole
) -> None:
    bring({"mandates.csv": row(iban=OTHER)})
    now = mandate(whole)
    assert (now["iban"], now["last_used_on"], now["sequence_type"]) == (OTHER, collected, "RCUR")


def test_what_was_never_collected_here_may_be_corrected(
    parties: ImportReport, bring: Import, whole: Whole
) -> None:
    bring({"mandates.csv": row(used="2026-01-02")})
    assert mandate(whole)["last_used_on"] == pd.Timestamp("2026-01-02")


def test_a_one_off_mandate_that_is_used_is_not_revived(
    workspace: Workspace, filled: ImportReport, bring: Import, whole: Whole
) -> None:
    bring({"mandates.csv": row("OOFF", "")})
    for action in ("approve", "create", "assign.bank_file"):
        workspace.select(where="external_id = 'A1'").plan(action, **NOW.get(action, {})).apply()
    (bundle,) = workspace.payments.list()["bundle_id"]
    workspace.payments.write(bundle)
    date_has_come(workspace)
    workspace.payments.confirm(bundle)
    assert mandate(whole)["status"] == "cancelled"
    bring({"mandates.csv": row("OOFF", "")})
    assert mandate(whole)["status"] == "cancelled"
