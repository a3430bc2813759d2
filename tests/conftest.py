"""Shared fixtures of all tests."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import settings

from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.model.schema import TABLES, Table
from tests.copies import copy_workspace, made_once

_MEMORY = Path("/dev/shm")
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
os.environ.setdefault("INVOICEBATCH_EXECUTOR__PROCESSES", "1")  # the tests run side by side already
settings.register_profile("any machine", deadline=None, max_examples=50)
settings.load_profile("any machine")

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
        return made_once(
            tmp_path / name, ("plain", count, status), lambda made: fill(made, small_frames(count, status))
        )

    return make


def fill(workspace: Workspace, frames: Mapping[str, pd.DataFrame]) -> Workspace:
    """Insert the tables; the ids of the invoices count as given."""
    with workspace.store.write() as session:
        for table, frame in frames.items():
            session.insert(table, frame)
        session.reserve_ids(len(frames["invoices"]))
    return workspace


@pytest.fixture(scope="session")
def frames_of() -> Callable[..., dict[str, pd.DataFrame]]:
    """`small_frames`, for fixtures that make a workspace once for many tests."""
    return small_frames


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


@pytest.fixture
def money_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Make a workspace of `count` created invoices of 121.00 to customers on direct debit, due 2026-01-31.

    Customer K0 is a business; `columns` overrides columns of the invoices,
    `mandates` of the mandates.
    """

    return partial(money_workspace_in, tmp_path / "money")


@pytest.fixture
def written_bundle(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Callable[..., Workspace]:
    """Make a workspace of `money_workspace` whose collections are bundled and written; made once, then copied.

    `params` are those of `assign.bank_file`.
    """

    def make(count: int, **params: object) -> Workspace:
        key = json.dumps([count, params, os.environ.get("INVOICEBATCH_NOW", "")])
        if key not in _WRITTEN:
            workspace = money_workspace_in(tmp_path_factory.mktemp("written") / "money", count)
            workspace.select(all=True).plan("assign.bank_file", **params).apply()
            for bundle in workspace.payments.list()["bundle_id"]:
                workspace.payments.write(bundle)
            _WRITTEN[key] = workspace.root
        return open_workspace(copy_workspace(_WRITTEN[key], tmp_path / "money"))

    return make


_WRITTEN: dict[str, Path] = {}


def money_workspace_in(
    folder: Path, count: int = 6, mandates: dict[str, object] | None = None, **columns: object
) -> Workspace:
    """See the fixture `money_workspace`."""
    key = ("money", count, mandates, columns)
    return made_once(folder, key, lambda made: fill(made, _money_frames(count, mandates, columns)))


def _money_frames(
    count: int, mandates: dict[str, object] | None, columns: dict[str, object]
) -> dict[str, pd.DataFrame]:
    frames = small_frames(count, "created")
    number = frames["invoices"]["invoice_id"].map(lambda i: f"F2026-{i:06d}")
    dates = {"invoice_date": pd.Timestamp("2026-01-17"), "due_date": pd.Timestamp("2026-01-31")}
    frames["invoices"] = frames["invoices"].assign(**{"number": number} | dates | columns)
    frames["company_accounts"] = frames["company_accounts"].assign(
        creditor_id="DE98ZZZ09999999999", bic="ABNANL2A"
    )
    ibans = ["BE68539007547034", "NL91ABNA0417164300", "DE89370400440532013000"]
    frames["customers"] = frames["customers"].assign(
        payment_method="direct_debit", iban=ibans, is_business=[True, False, False]
    )
    frames["vat_breakdown"] = frames["invoices"][["invoice_id"]].assign(
        vat_category="S", vat_rate_bp=2_100, taxable_cents=10_000, tax_cents=2_100
    )
    frames["mandates"] = pd.DataFrame(
        {"mandate_id": ["M-0", "M-1", "M-2"], "customer_id": ["K0", "K1", "K2"], "iban": ibans,
         "scheme": "CORE", "sequence_type": ["RCUR", "FRST", "RCUR"], "status": "active",
         "signed_on": pd.Timestamp("2025-01-01")}
    ).assign(**(mandates or {}))  # fmt: skip
    return frames


@pytest.fixture(scope="session")
def soffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """Opens a file in LibreOffice and saves it in another format: `soffice(path, "pdf")`."""
    profile = tmp_path_factory.mktemp("libreoffice")
    filters = {"xlsx": "xlsx:Calc MS Excel 2007 XML", "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1"}

    def convert(path: Path, kind: str) -> Path:
        out = path.parent / f"{path.stem}.office"
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore"]
        command += ["--convert-to", filters.get(kind, kind), "--outdir", str(out), str(path)]
        for _ in range(3):  # on a busy machine it breaks off now and then as it starts
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
            if not done.returncode:
                return out / f"{path.stem}.{kind}"
        raise AssertionError(f"LibreOffice ended with {done.returncode}: {done.stdout}{done.stderr}")

    return convert


@pytest.fixture(scope="session")
def make_documents() -> Callable[..., tuple[pd.DataFrame, dict[str, pd.DataFrame]]]:
    """Make invoices (as overview rows) and tables of valid Peppol documents: `(count, lines)`."""
    return peppol_frames


def peppol_frames(count: int = 3, lines: int = 2) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Invoices of a Belgian seller to Belgian businesses, valid by EN 16931 and Peppol BIS Billing 3.

    Every third one is a credit note, every second customer pays by direct debit.
    """
    ids = np.arange(1, count + 1, dtype=np.int64)
    credit = ids % 3 == 0
    sign = np.where(credit, -1, 1)
    net, tax = 1000 * lines, 210 * lines
    address = {"street": "Rue de la Loi 1", "postcode": "1000", "city": "Bruxelles", "country": "BE"}
    accounts = pd.DataFrame(
        [{"company_account_id": "BE", "name": "Watt & Volt", "legal_name": "Watt & Volt SA", "vat_id": "BE0403170701",
          "legal_id": "0403170701", "legal_id_scheme": "0208", "endpoint_id": "0403170701", "endpoint_scheme": "0208",
          "iban": "BE68539007547034", "bic": "GKCCBEBB", "creditor_id": "BE68ZZZ0403170701", "currency": "EUR",
          "contact_name": "Service", "phone": "+32 2 000 00 00", "email": "service@example.com", **address}]
    )  # fmt: skip
    numbers = [_enterprise_number(i) for i in range(min(count, 1000))]
    customers = pd.DataFrame(
        {"customer_id": [f"C{i:05d}" for i in range(len(numbers))], "name": [f"Küche & Söhne <{i}>" for i in range(len(numbers))],
         "is_business": True, "vat_id": [f"BE{n}" for n in numbers], "legal_id": numbers, "legal_id_scheme": "0208",
         "endpoint_id": numbers, "endpoint_scheme": "0208",
         "payment_method": ["direct_debit" if i % 2 else "credit_transfer" for i in range(len(numbers))], **address}
    )  # fmt: skip
    owner = (ids - 1) % len(numbers)
    debited = (owner % 2 == 1) & ~credit
    invoices = pd.DataFrame(
        {"invoice_id": ids, "kind": np.where(credit, "credit_note", "invoice"), "status": "created",
         "number": [f"{'C' if c else 'F'}2026-{i:06d}" for i, c in zip(ids, credit, strict=True)],
         "company_account_id": "BE", "customer_id": customers["customer_id"].to_numpy()[owner], "currency": "EUR",
         "invoice_date": np.datetime64("2026-11-20", "s"), "due_date": np.datetime64("2026-12-04", "s"),
         "period_start": np.datetime64("2026-10-01", "s"), "period_end": np.datetime64("2026-10-31", "s"),
         "buyer_reference": [f"REF-{i}" for i in ids], "remittance_reference": [f"RF{i:08d}" for i in ids],
         "preceding_number": np.where(credit, "F2026-000001", None), "mandate_id": np.where(debited, "M-1", None),
         "mandate_status": np.where(debited, "active", None),
         "mandate_iban": np.where(debited, "BE71096123456769", None), "line_total_cents": net * sign,
         "allowance_total_cents": 0, "charge_total_cents": 0, "net_total_cents": net * sign,
         "vat_total_cents": tax * sign, "total_cents": (net + tax) * sign, "prepaid_cents": 0, "rounding_cents": 0}
    )  # fmt: skip
    per_line = np.repeat(ids, lines)
    line_frame = pd.DataFrame(
        {"invoice_id": per_line, "line_no": np.tile(np.arange(1, lines + 1), count), "name": "Electricity, peak",
         "unit": "KWH", "net_cents": 1000 * np.repeat(sign, lines), "vat_category": "S", "vat_rate_bp": 2100}
    )  # fmt: skip
    decimal = pd.ArrowDtype(pa.decimal128(18, 6))
    line_frame["quantity"] = (
        pd.Series(100 * np.repeat(sign, lines)).astype(object).map(Decimal).astype(decimal)
    )
    line_frame["price"] = pd.Series([Decimal("0.1")] * len(per_line)).astype(decimal)
    line_frame["price_base"] = pd.Series([Decimal(1)] * len(per_line)).astype(decimal)
    vat = pd.DataFrame(
        {"invoice_id": ids, "vat_category": "S", "vat_rate_bp": 2100, "taxable_cents": net * sign, "tax_cents": tax * sign}
    )  # fmt: skip
    frames = {"lines": line_frame, "vat_breakdown": vat, "customers": customers, "company_accounts": accounts}
    tables = {name: _whole(TABLES[name], frame) for name, frame in frames.items()}
    empty = {name: TABLES[name].empty() for name in ("allowance_charges", "attachments", "measurements")}
    of_mandate = ["mandate_id", "mandate_status", "mandate_iban"]
    overview = invoices.astype(dict.fromkeys(of_mandate, "str"))
    return _whole(TABLES["invoices"], overview).join(overview[of_mandate]), tables | empty


def _enterprise_number(index: int) -> str:
    base = f"0{2000000 + index:07d}"
    return f"{base}{97 - int(base) % 97:02d}"


def _whole(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column of the table, missing ones empty."""
    missing = {name: None for name in table.frame_names if name not in frame and name not in _REQUIRED}
    return table.conform(
        frame.assign(
            **missing, **{n: v for n, v in _REQUIRED.items() if n in table.frame_names and n not in frame}
        )
    )


_REQUIRED = {"version": 1, "document_version": 0, "paid_cents": 0, "credited_cents": 0, "outstanding_cents": 0,
             "external_id": "X", "is_open_item": False, "shipping_status": "to_send", "export_status": "unexported", "skip_if_direct_debit": False,
             "created_at": np.datetime64("2026-01-01", "us"), "updated_at": np.datetime64("2026-01-01", "us"),
             "delivery_preference": "einvoice", "credited_taxable_cents": 0, "credited_tax_cents": 0}  # fmt: skip
