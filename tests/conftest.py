"""Shared fixtures of all tests."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invoicebatch.interfaces.api import Workspace, init_workspace

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of official validators and real data beside the repository; a user has none."""
    if not (SHARED / "validation").is_dir():
        pytest.skip("conformance case not run: the folder of official validators is not beside this clone")
    return SHARED


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Make a workspace with `count` plain empty invoices (ids from 1), two lines each, one account."""

    def make(count: int = 10, name: str = "workspace", status: str = "empty") -> Workspace:
        workspace = init_workspace(tmp_path / name)
        with workspace.store.write() as session:
            for table, frame in small_frames(count, status).items():
                session.insert(table, frame)
            session.reserve_ids(count)
        return workspace

    return make


def small_frames(count: int, status: str = "empty") -> dict[str, pd.DataFrame]:
    """Frames of a tiny workspace: account NL, three customers, `count` invoices of 121.00 with two lines."""
    moment = pd.Timestamp("2026-01-01")
    ids = np.arange(1, count + 1, dtype=np.int64)
    address = {"street": "Kade 1", "postcode": "1011 AA", "city": "Amsterdam", "country": "NL"}
    accounts = pd.DataFrame(
        [{"company_account_id": "NL", "name": "Stroom BV", "legal_name": "Stroom BV", "vat_id": "NL123456782B90",
          "iban": "NL91ABNA0417164300", "legal_id": "12345678", **address}]
    )  # fmt: skip
    ranges = pd.DataFrame(
        [{"company_account_id": "NL", "series": s, "pattern": p, "yearly_reset": True, "dates_ascend": False}
         for s, p in (("invoice", "F{year}-{seq:06d}"), ("credit_note", "C{year}-{seq:06d}"))]
    )  # fmt: skip
    customers = pd.DataFrame(
        [
            {"customer_id": f"K{i}", "name": f"Klant {i}", "email": f"k{i}@example.com", **address}
            for i in range(3)
        ]
    )
    invoices = pd.DataFrame(
        {"invoice_id": ids, "external_id": [f"X{i:07d}" for i in ids], "status": status, "kind": "invoice",
         "company_account_id": "NL", "customer_id": [f"K{i % 3}" for i in ids], "currency": "EUR",
         "line_total_cents": 10_000, "net_total_cents": 10_000, "vat_total_cents": 2_100, "total_cents": 12_100,
         "outstanding_cents": 12_100, "created_at": moment, "updated_at": moment}
    )  # fmt: skip
    lines = pd.DataFrame(
        {"invoice_id": np.repeat(ids, 2), "line_no": np.tile([1, 2], count), "name": np.tile(["Levering", "Vaste kosten"], count),
         "quantity": "1", "price": "50", "net_cents": 5_000, "vat_category": "S", "vat_rate_bp": 2_100, "unit": "C62"}
    ).astype({"quantity": object, "price": object})  # fmt: skip
    return {
        "company_accounts": accounts,
        "number_ranges": ranges,
        "customers": customers,
        "invoices": invoices,
        "lines": lines,
    }


@pytest.fixture(scope="session")
def soffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """Opens a file in LibreOffice and saves it in another format: `soffice(path, "pdf")`."""
    profile = tmp_path_factory.mktemp("libreoffice")
    filters = {"xlsx": "xlsx:Calc MS Excel 2007 XML", "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1"}

    def convert(path: Path, kind: str) -> Path:
        out = path.parent / f"{path.stem}.office"
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore"]
        subprocess.run(
            [*command, "--convert-to", filters.get(kind, kind), "--outdir", str(out), str(path)],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return out / f"{path.stem}.{kind}"

    return convert
