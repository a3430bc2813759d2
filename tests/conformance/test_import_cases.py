"""Inputs that other billing systems stumbled over, imported into fresh workspaces: right amounts or refusals."""

from pathlib import Path

import pandas as pd
import pytest

from invoicebatch.engine.workspace import Workspace
from invoicebatch.interfaces.api import init_workspace

PARTIES = ("accounts", "customers", "mandates", "number_ranges")


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    folder = shared / "cases" / "imports"
    if not folder.is_dir():
        pytest.skip("conformance case not run: the folder of cases is not beside this clone")
    return folder


def imported(
    folder: Path, root: Path, *names: str, mapping: str | None = None
) -> tuple[Workspace, pd.DataFrame]:
    """A workspace with a case's parties and files, and what was refused of the files."""
    workspace = init_workspace(root / "workspace")
    parties = [folder / f"{name}.csv" for name in PARTIES]
    workspace.import_files([path for path in parties if path.is_file()])
    given = folder / mapping if mapping else None
    return workspace, workspace.import_files([folder / name for name in names], mapping=given).refused


def totals(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """VAT and total of each document, cents."""
    with workspace.store.read() as session:
        frame = session.whole("invoices")
    amounts = zip(frame["vat_total_cents"], frame["total_cents"], strict=True)
    return dict(zip(frame["external_id"], amounts, strict=True))


@pytest.mark.parametrize(("part", "right"), [("a", {}), ("b", {"A2": (18900, 108900)})])
def test_an_allowance_without_vat(
    cases: Path, tmp_path: Path, part: str, right: dict[str, tuple[int, int]]
) -> None:
    names = [f"{part}/{name}.csv" for name in ("invoices", "lines", "allowance_charges")]
    workspace, refused = imported(cases / "allowance_without_vat", tmp_path, *names)
    assert totals(workspace) == right
    assert "vat_rate is empty" in set(refused["reason"])


def test_an_empty_cell_of_a_line(cases: Path, tmp_path: Path) -> None:
    folder = cases / "empty_cell_of_a_line"
    workspace, refused = imported(folder, tmp_path, "charges.csv", mapping="charges.toml")
    assert totals(workspace) == {"FC-2026-11-000021": (520, 2995)}
    assert {"vat_rate is empty", "quantity is empty"} <= set(refused["reason"])


def test_localized_booleans(cases: Path, tmp_path: Path) -> None:
    names = [f"customers_{number}.csv" for number in range(3)]
    workspace, refused = imported(cases / "localized_booleans", tmp_path, *names)
    assert refused.empty
    with workspace.store.read() as session:
        stored = session.whole("customers").set_index("customer_id")["is_business"]
    assert stored[["90", "91", "92"]].tolist() == [True, False, True]


def test_a_thousand_or_one(cases: Path, tmp_path: Path) -> None:
    workspace, refused = imported(cases / "thousands_point_alone", tmp_path, "invoices.csv", "lines.csv")
    assert totals(workspace) == {}
    assert refused["reason"].str.contains("can be read in two ways").any()


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("xlsx_formula_without_value", {}),
        ("xlsx_percent_cell", {"A1": (2100, 12100)}),
        ("xlsx_number_as_identifier", {}),
    ],
)
def test_cells_of_workbooks(
    cases: Path, tmp_path: Path, name: str, right: dict[str, tuple[int, int]]
) -> None:
    workspace, refused = imported(cases / name, tmp_path, "b.xlsx")
    assert totals(workspace) == right
    assert refused.empty == bool(right)


def test_a_number_with_leading_zeros_is_the_customer_it_shows(cases: Path, tmp_path: Path) -> None:
    workspace, refused = imported(cases / "xlsx_number_as_identifier", tmp_path, "c.xlsx")
    assert refused.empty
    with workspace.store.read() as session:
        stored = session.whole("customers").set_index("customer_id")["postcode"]
    assert stored["00000003"] == "01067"


def test_yen_have_no_decimals(cases: Path, tmp_path: Path) -> None:
    workspace, refused = imported(cases / "yen_with_decimals", tmp_path, "invoices.csv", "lines.csv")
    assert refused.empty
    assert totals(workspace) == {"A1": (12600, 138200)}
