"""A workspace into which texts are imported as files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace
from tests.copies import made_once

ACCOUNTS = (
    "company_account_id,name,legal_name,street,postcode,city,country,vat_id,iban,creditor_id,email\n"
    "NL,Shop,Shop B.V.,Weg 1,3511AB,Utrecht,NL,NL800000018B01,NL20INGB0001234567,DE98ZZZ09999999999,shop@example.com\n"
)
CUSTOMERS = (
    "customer_id,name,street,postcode,city,country,email,payment_method\n"
    "00013,Ann,Straat 1,1012AB,Amsterdam,NL,ann@example.com,direct_debit\n"
)
MANDATES = (
    "mandate_id,customer_id,iban,signed_on,sequence_type,last_used_on\n"
    "M-1,00013,NL91ABNA0417164300,2025-01-01,FRST,2026-09-01\n"
)
INVOICES = "external_id,customer_id\nA1,00013\nA2,00013\n"
LINES = "external_id,name,quantity,price,vat_rate\nA1,Gas,10,1.00,21\nA1,Water,1,2.00,9\nA2,Gas,1,10,21\n"

Import = Callable[..., ImportReport]


BROUGHT = {
    "parties": {"accounts.csv": ACCOUNTS, "customers.csv": CUSTOMERS, "mandates.csv": MANDATES},
    "filled": {"invoices.csv": INVOICES, "lines.csv": LINES},
}
"""What is imported, one after the other, for a test that asks for a fixture of that name."""

REPORTS: dict[tuple[str, str], ImportReport] = {}
"""Of what was imported once, by module (whose day may be its own) and name."""


@pytest.fixture
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """A workspace of the test's own: empty, or with what it asks for."""
    names = list(BROUGHT)
    wanted = names[: max((at for at, name in enumerate(names, 1) if name in request.fixturenames), default=0)]
    module = request.module.__name__

    def bring_all(made: Workspace) -> None:
        for name in wanted:
            REPORTS[module, name] = _import(made, tmp_path, BROUGHT[name])

    return made_once(tmp_path / "ws", ("brought", module, wanted), bring_all, new_id=False)


def _import(workspace: Workspace, folder: Path, files: dict[str, str], **options: Any) -> ImportReport:
    for name, text in files.items():
        (folder / name).write_text(text)
    return workspace.import_files([folder / name for name in files], **options)


@pytest.fixture
def bring(workspace: Workspace, tmp_path: Path) -> Import:
    """Import texts as files: `bring({"invoices.csv": text}, kind=…)`."""
    return lambda files, **options: _import(workspace, tmp_path, files, **options)


@pytest.fixture
def parties(request: pytest.FixtureRequest, workspace: Workspace) -> ImportReport:
    """Company account NL, and customer 00013 on direct debit with a first mandate."""
    return REPORTS[request.module.__name__, "parties"]


@pytest.fixture
def filled(request: pytest.FixtureRequest, parties: ImportReport) -> ImportReport:
    """Two empty invoices, A1 and A2, of that customer."""
    return REPORTS[request.module.__name__, "filled"]


@pytest.fixture
def whole(workspace: Workspace) -> Callable[[str], pd.DataFrame]:
    """All rows of a table as they are stored now."""

    def read(table: str) -> pd.DataFrame:
        with workspace.store.read() as session:
            return session.whole(table)

    return read
