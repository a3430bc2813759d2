"""A workspace into which texts are imported as files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invoicebatch.engine.imports.import_files import ImportReport
from invoicebatch.engine.workspace import Workspace
from tests.copies import new_workspace

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


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return new_workspace(tmp_path / "ws")


@pytest.fixture
def bring(workspace: Workspace, tmp_path: Path) -> Import:
    """Import texts as files: `bring({"invoices.csv": text}, kind=…)`."""

    def import_texts(files: dict[str, str], **options: Any) -> ImportReport:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return workspace.import_files([tmp_path / name for name in files], **options)

    return import_texts


@pytest.fixture
def parties(bring: Import) -> ImportReport:
    """Company account NL, and customer 00013 on direct debit with a first mandate."""
    return bring({"accounts.csv": ACCOUNTS, "customers.csv": CUSTOMERS, "mandates.csv": MANDATES})


@pytest.fixture
def filled(parties: ImportReport, bring: Import) -> ImportReport:
    """Two empty invoices, A1 and A2, of that customer."""
    return bring({"invoices.csv": INVOICES, "lines.csv": LINES})


@pytest.fixture
def whole(workspace: Workspace) -> Callable[[str], pd.DataFrame]:
    """All rows of a table as they are stored now."""

    def read(table: str) -> pd.DataFrame:
        with workspace.store.read() as session:
            return session.whole(table)

    return read
