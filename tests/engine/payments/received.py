"""Workspaces that are owed money, and statements of what customers sent."""

from pathlib import Path
from typing import Any

import pandas as pd

from invoicebatch.engine.payments.bank_reports import BankImport
from invoicebatch.interfaces.api import Workspace
from tests.conftest import fill, small_frames
from tests.copies import made_once
from tests.ingest.bank.bank_files import camt, entry, statement, transaction

IBANS = {"K0": "BE68539007547034", "K1": "DE89370400440532013000"}
"""Accounts that are known; K2's is not."""


def owed_workspace(root: Path, amounts: list[int], settings: str = "", **columns: Any) -> Workspace:
    """Created invoices F2026-000001 … of these cents to K1, K2, K0 in turn, due 2026-01-31."""
    key = ("owed", amounts, columns)
    workspace = made_once(root, key, lambda made: fill(made, _owed_frames(amounts, columns)))
    if not settings:
        return workspace
    (root / "invoicebatch.toml").write_text(settings)
    return Workspace(root)


def _owed_frames(amounts: list[int], columns: dict[str, Any]) -> dict[str, pd.DataFrame]:
    frames = small_frames(len(amounts), "created")
    numbers = frames["invoices"]["invoice_id"].map(lambda i: f"F2026-{i:06d}")
    values = {"number": numbers, "invoice_date": pd.Timestamp("2026-01-17"), "due_date": pd.Timestamp("2026-01-31"),
              "total_cents": amounts, "outstanding_cents": amounts, **columns}  # fmt: skip
    frames["invoices"] = frames["invoices"].assign(**values)
    frames["customers"] = frames["customers"].assign(iban=frames["customers"]["customer_id"].map(IBANS))
    return frames


def credit(
    amount: str, text: str = "", *, name: str = "Iemand", iban: str = "NL50INGB7320556819", reference: str = "",
    bank: str = "", currency: str = "EUR", day: str = "2026-12-01",
) -> str:  # fmt: skip
    """A transfer that came in."""
    said = f"<Ustrd>{text}</Ustrd>" if text else ""
    said += f"<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>" if reference else ""
    party = (
        f"<RltdPties><Dbtr><Pty><Nm>{name}</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>{iban}</IBAN></Id></DbtrAcct></RltdPties>"
        f"<RmtInf>{said}</RmtInf>"
    )
    details = transaction("", amount, extra=party, currency=currency)
    return entry(amount, details=details, reference=bank, day=day).replace('Ccy="EUR"', f'Ccy="{currency}"')


def read(
    workspace: Workspace, *entries: str, message: str = "camt.053.001.08", name: str = "S1"
) -> BankImport:
    path = workspace.root / f"{name}.xml"
    path.write_text(camt(statement(*entries, name=name), message=message))
    return workspace.payments.read(path)


def outstanding(workspace: Workspace) -> list[int]:
    return workspace.select(all=True).columns(["outstanding_cents"])["outstanding_cents"].tolist()
