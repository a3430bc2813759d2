"""Workspaces that a grid's tests look at: invoices of every status, amount and kind of customer.

Made once for each size and copied for each test, so that a test may change what it likes.
"""

import atexit
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from invoicebatch.interfaces.api import Workspace, init_workspace, open_workspace
from invoicebatch.interfaces.lab.workspace_backend import WorkspaceBackend
from tests.conftest import small_frames
from tests.copies import copy_workspace

NAMES = ("Bakery de Vries", "Hotel Zeezicht", "Garage Jansen", "Café Müller", "Studio O'Brien", "Ærø Ferries")
STATUSES = ("empty", "approval_failed", "approved", "generation_failed", "created")
HOMELESS = "C00003"
"""A customer without a street: invoices to them fail at approval."""


def books(folder: Path, rows: int) -> Workspace:
    """A workspace of so many invoices in a folder that is not there yet."""
    copy_workspace(_template(rows), folder)
    return open_workspace(folder)


@cache
def _template(rows: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="books-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    workspace = init_workspace(folder / "books")
    with workspace.store.write() as session:
        for table, frame in frames(rows).items():
            session.insert(table, frame)
        session.reserve_ids(rows)
    return folder / "books"


def frames(rows: int, seed: int = 7) -> dict[str, pd.DataFrame]:
    """Tables of invoices whose lines, VAT and totals agree; every 17th is a credit note."""
    rng = np.random.default_rng(seed)
    tables = small_frames(rows)
    ids = tables["invoices"]["invoice_id"].to_numpy()
    status = rng.choice(STATUSES, rows, p=[0.3, 0.04, 0.16, 0.03, 0.47])
    status[:3] = ("empty", "empty", "created")
    numbered = np.isin(status, ["created", "generation_failed"])
    credit = (ids % 17 == 0) & numbered
    net = np.where(credit, -200, 200) * rng.integers(2, 4000, rows)
    days = np.datetime64("2026-09-01", "s") + rng.integers(0, 80, rows).astype("timedelta64[D]")
    dated = np.where(status == "empty", np.datetime64("NaT", "s"), days)
    paid = numbered & ~credit & (rng.random(rows) < 0.4)
    customer = rng.integers(0, max(4, rows // 8), rows)
    tables["customers"] = _customers(max(4, rows // 8), tables["customers"].iloc[0])
    tables["mandates"] = _mandates(tables["customers"])
    tables["company_accounts"] = tables["company_accounts"].assign(
        creditor_id="DE98ZZZ09999999999", bic="ABNANL2A"
    )
    tables["invoices"] = tables["invoices"].assign(
        external_id=[f"SUB-{i:06d}" for i in ids],
        number=[f"OLD-{i:06d}" if n else None for i, n in zip(ids, numbered, strict=True)],
        status=status,
        document_path=np.where(status == "created", "documents/one.pdf", None),
        document_sha256=np.where(status == "created", "0" * 64, None),
        document_version=(status == "created").astype(int),
        kind=np.where(credit, "credit_note", "invoice"),
        customer_id=[f"C{c:05d}" for c in customer],
        line_total_cents=net,
        net_total_cents=net,
        vat_total_cents=net * 21 // 100,
        total_cents=net * 121 // 100,
        paid_cents=np.where(paid, net * 121 // 100, 0),
        outstanding_cents=np.where(paid, 0, net * 121 // 100),
        invoice_date=dated,
        due_date=dated + np.timedelta64(14, "D"),
        export_status=np.where(paid, "exported", "unexported"),
        shipping_status=np.where(numbered, rng.choice(["to_send", "sent", "failed"], rows, p=[0.3, 0.65, 0.05]), "to_send"),
        failure=np.where(status == "approval_failed", "customer: there is no address", None),
    )  # fmt: skip
    half = np.repeat(net // 2, 2)
    tables["lines"] = tables["lines"].assign(net_cents=half, price=(half / 100).astype(str).astype(object))
    return tables


def _customers(count: int, like: pd.Series) -> pd.DataFrame:
    ids = [f"C{c:05d}" for c in range(count)]
    people = pd.DataFrame([like.to_dict()] * count).assign(
        customer_id=ids,
        name=[f"{NAMES[c % 6]} {c}" for c in range(count)],
        payment_method="direct_debit",
        iban="NL91ABNA0417164300",
        is_business=False,
    )
    return people.assign(street=people["street"].where(people["customer_id"] != HOMELESS))


def _mandates(customers: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"mandate_id": "M-" + customers["customer_id"], "customer_id": customers["customer_id"], "iban": customers["iban"],
         "scheme": "CORE", "sequence_type": "RCUR", "status": "active", "signed_on": pd.Timestamp("2025-01-01")}
    )  # fmt: skip


class StoppingBackend(WorkspaceBackend):
    """Cancels each run after its first chunk, as a person would who is quick enough."""

    told: list[tuple[str, int, int]]
    """What the last run told of its progress."""

    def apply(self, plan, progress, cancel):
        def tell(phase, done, of):
            progress(phase, done, of)
            self.told.append((phase, done, of))
            if done:
                cancel.set()

        self.told = []
        return super().apply(plan, tell, cancel)

    def resume(self, run_id, progress, cancel):
        def tell(phase, done, of):
            progress(phase, done, of)
            self.told.append((phase, done, of))

        self.told = []
        return super().resume(run_id, tell, cancel)


class WaitingBackend(WorkspaceBackend):
    """Begins each run only when `gate` is set, so that a test can look while one is under way."""

    def __init__(self, workspace, where=""):
        super().__init__(workspace, where)
        self.gate = threading.Event()
        self.cancel = threading.Event()

    def apply(self, plan, progress, cancel):
        self.cancel = cancel
        progress("waiting", 0, plan.eligible)
        self.gate.wait(60)
        return super().apply(plan, progress, cancel)
