"""A workspace whose invoices have stored documents, ready to be sent."""

import hashlib

import pandas as pd
import pikepdf

from invoicebatch.engine.base import clock
from invoicebatch.interfaces.api import Workspace


def with_documents(workspace: Workspace, *, customers: pd.DataFrame | None = None) -> Workspace:
    """Give every invoice a number, dates and a small stored PDF, and every customer their own address."""
    with workspace.store.read() as session:
        ids = session.whole("invoices")["invoice_id"]
    file = workspace.data / "documents/one.pdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(file)
    frame = pd.DataFrame(
        {
            "invoice_id": ids,
            "number": [f"F2026-{i:06d}" for i in ids],
            "invoice_date": pd.Timestamp("2026-11-22"),
            "due_date": pd.Timestamp("2026-12-06"),
            "document_path": "documents/one.pdf",
            "document_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "document_version": 1,
            "customer_id": [f"S{i}" for i in ids],
        }
    )
    people = pd.DataFrame({"customer_id": frame["customer_id"], "name": [f"Person {i}" for i in ids]}).assign(
        email=[f"p{i}@example.org" for i in ids],
        language="en",
        street="Kade 1",
        postcode="1011 AA",
        city="Amsterdam",
        country="NL",
    )
    documents = frame[["invoice_id", "document_version"]].assign(
        path=frame["document_path"], sha256=frame["document_sha256"], size=file.stat().st_size,
        run_id="made before", created_at=pd.Timestamp("2026-01-01"),
    )  # fmt: skip
    if customers is not None:
        people = customers.combine_first(people.set_index("customer_id")).reset_index()
    with workspace.store.write() as session:
        session.insert("customers", people)
        session.update("invoices", frame, clock.now())
        session.insert("documents", documents)
        accounts = session.whole("company_accounts")[["company_account_id"]]
        session.update("company_accounts", accounts.assign(email="billing@stroom.example"), clock.now())
    return workspace


def statuses(workspace: Workspace) -> dict[str, int]:
    """Shipping statuses and how many invoices have each."""
    with workspace.store.read() as session:
        found = session.whole("invoices")["shipping_status"].astype(str).value_counts()
    return {str(k): int(v) for k, v in found.items()}


def outbox(workspace: Workspace) -> pd.DataFrame:
    """The outbox."""
    with workspace.store.read() as session:
        return session.whole("outbox")


def configure(workspace: Workspace, text: str) -> Workspace:
    """Append to the settings and open the workspace again."""
    file = workspace.root / "invoicebatch.toml"
    old = file.read_text() if file.exists() else ""
    file.write_text(old + "\n" + text)
    return Workspace(workspace.root)
