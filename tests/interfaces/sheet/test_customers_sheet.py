"""The customers' sheet: what failed first, edits taken in once, everything in doubt refused by cell."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from invoicebatch.errors import InputFileError
from invoicebatch.formats.workbook.customers import COLUMNS, FIRST_ROW, SHEET
from invoicebatch.interfaces.api import Workspace
from invoicebatch.interfaces.cli.main import run
from invoicebatch.interfaces.customers_sheet.run import plan_customers, run_customers
from invoicebatch.interfaces.customers_sheet.write import customers_sheet


def edited(path: Path, **values: object) -> Path:
    """The sheet with cells `<column>_<row from 0>` set."""
    book = openpyxl.load_workbook(path)
    for place, value in values.items():
        name, _, row = place.rpartition("_")
        book[SHEET].cell(FIRST_ROW + int(row), COLUMNS.index(name) + 1).value = value
    out = path.with_name(f"edited{len(list(path.parent.iterdir()))}.xlsx")
    book.save(out)
    return out


@pytest.fixture
def broken(workspace: Workspace) -> Workspace:
    """The last customer has no street, and its document failed for it."""
    with workspace.store.write() as session:
        ids = session.rows_of("invoices", "invoice_id", pd.Series([10]))[
            ["invoice_id", "customer_id", "version"]
        ]
        failure = f"customer {ids['customer_id'].iloc[0]} has no street"
        from invoicebatch.engine.base import clock

        session.update("invoices", ids[["invoice_id", "version"]].assign(failure=failure), clock.now())
        customer = session.rows_of("customers", "customer_id", ids["customer_id"])[["customer_id", "version"]]
        session.update(
            "customers", customer.assign(street=pd.Series([None], customer.index, dtype="str")), clock.now()
        )
    return workspace


def test_what_failed_is_first_and_mended_once(
    broken: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, count = customers_sheet(broken.select(all=True), tmp_path / "customers.xlsx")
    sheet = openpyxl.load_workbook(path)[SHEET]
    first = dict(zip(COLUMNS, [cell.value for cell in sheet[FIRST_ROW]], strict=True))
    assert "has no street" in str(first["failure"])
    assert first["missing"] == "street"
    assert count > 1
    assert plan_customers(broken, path).rows.empty
    filled = edited(path, street_0="Kade 1", postcode_0="0000 AB", phone_0="+31 20 5550100")
    run(["sheet", "check", str(filled), "-w", str(broken.root)])
    assert "1 would change" in capsys.readouterr().out
    done = run_customers(broken, plan_customers(broken, filled))
    assert done.rows["outcome"].tolist() == ["changed"]
    with broken.store.read() as session:
        stored = session.rows_of("customers", "customer_id", done.rows["customer_id"])
    assert stored[["street", "phone"]].iloc[0].tolist() == ["Kade 1", "+31 20 5550100"]
    again = run_customers(broken, plan_customers(broken, filled))
    assert again.rows["outcome"].tolist() == ["unchanged"]
    stale = plan_customers(broken, edited(path, street_0="Kade 2")).rows
    assert stale["outcome"].tolist() == ["refused"]
    assert stale["reason"][0].startswith(f"A{FIRST_ROW}: the customer changed since")


def test_doubts_are_refused_by_cell(broken: Workspace, tmp_path: Path) -> None:
    path, _ = customers_sheet(broken.select(all=True), tmp_path / "customers.xlsx")
    rows = plan_customers(broken, edited(path, payment_term_days_0="soon", customer_id_1="X9")).rows
    assert rows["outcome"].tolist() == ["refused", "refused"]
    assert f"{FIRST_ROW}: 'soon': " in rows["reason"][0]
    assert "does not belong to its customer" in rows["reason"][1]
    book = openpyxl.load_workbook(path)
    book[SHEET].append([cell.value for cell in book[SHEET][FIRST_ROW]])
    book[SHEET].cell(book[SHEET].max_row, COLUMNS.index("city") + 1).value = "Elsewhere"
    book.save(tmp_path / "doubled.xlsx")
    doubled = plan_customers(broken, tmp_path / "doubled.xlsx").rows
    assert doubled["outcome"].tolist() == ["refused", "refused"]
    book["_meta"]["B2"].value = "another"
    book.save(tmp_path / "foreign.xlsx")
    with pytest.raises(InputFileError, match="another workspace"):
        plan_customers(broken, tmp_path / "foreign.xlsx")
