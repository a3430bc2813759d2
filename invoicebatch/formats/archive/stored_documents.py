"""Stored documents of a batch: their verified files, and names for handing them out.

Shared by the download actions; opens nothing itself.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.errors import DocumentError
from invoicebatch.files.csv_text import csv_bytes
from invoicebatch.files.names import safe_name
from invoicebatch.formats.archive.zip import unique_names
from invoicebatch.model.changes import RowFailure
from invoicebatch.model.money import to_decimal

COLUMNS: Final = frozenset(
    {
        "invoice_id", "number", "kind", "invoice_date", "currency", "total_cents", "company_account_id",
        "customer_id", "customer_name", "document_path", "document_sha256",
    }
)  # fmt: skip
"""Overview columns that handing out documents takes."""


def verified(
    invoices: pd.DataFrame, document: Callable[[str, str], Path]
) -> tuple[pd.DataFrame, list[RowFailure]]:
    """Rows whose stored PDF is there and unchanged, with its `file`; the others as failures.

    Args:
        invoices: overview columns.
        document: gives the checked file of a path and hash, or raises DocumentError.
    """
    files: list[Path | None] = []
    failures = []
    columns = invoices["invoice_id"], invoices["document_path"], invoices["document_sha256"]
    for invoice_id, path, sha256 in zip(*columns, strict=True):
        try:
            files.append(document(path, sha256) if isinstance(path, str) else None)
            reason = "no document is stored: regenerate it"
        except DocumentError as error:
            files.append(None)
            reason = str(error).replace("\n", " ")
        if files[-1] is None:
            failures.append(RowFailure(int(invoice_id), reason))
    rows = invoices.assign(file=pd.Series(files, index=invoices.index, dtype=object))
    return rows[rows["file"].notna()].reset_index(drop=True), failures


def download_names(invoices: pd.DataFrame, layout: str = "flat") -> list[str]:
    """A name for each document, ``2026-000123.pdf``, in a folder where the layout asks for one.

    Args:
        invoices: overview columns.
        layout: `flat`, `by_customer` (number and name) or `by_month` of the invoice date.
    """
    stems = invoices["number"].map(safe_name)
    accounts = invoices["company_account_id"].map(safe_name)
    twice = stems.str.casefold().duplicated(keep=False)
    stems = stems.where(~twice, stems + "_" + accounts)
    folders = _folders(invoices, layout)
    return unique_names((folders + stems + ".pdf").tolist())


def document_list(invoices: pd.DataFrame, names: Sequence[str]) -> bytes:
    """A list of the documents as CSV, for a spreadsheet: what each is, and its file in the archive."""
    columns = {
        "number": invoices["number"],
        "file": names,
        "kind": invoices["kind"],
        "invoice_date": invoices["invoice_date"].dt.date,
        "customer_id": invoices["customer_id"],
        "customer_name": invoices["customer_name"],
        "currency": invoices["currency"],
        "total": invoices["total_cents"].map(to_decimal),
        "sha256": invoices["document_sha256"],
    }
    return csv_bytes(columns, mark=True)


def _folders(invoices: pd.DataFrame, layout: str) -> "pd.Series[str]":
    if layout == "by_customer":
        columns = invoices["customer_id"].fillna(""), invoices["customer_name"].fillna("")
        folders = [f"{safe_name(f'{key} {name}')}/" for key, name in zip(*columns, strict=True)]
    elif layout == "by_month":
        folders = invoices["invoice_date"].dt.strftime("%Y-%m/").tolist()
    else:
        folders = [""] * len(invoices)
    return pd.Series(folders, index=invoices.index, dtype="str")
