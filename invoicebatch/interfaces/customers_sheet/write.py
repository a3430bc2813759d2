"""`sheet write --kind customers`: the customers of a selection, those whose documents failed first."""

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import InputFileError, SelectionError
from invoicebatch.files.whole import write_whole
from invoicebatch.formats.workbook.customers import EDITABLE, write_customers
from invoicebatch.formats.workbook.sheet.model import SheetMeta
from invoicebatch.model.contact.bounced import MARKS, bounced_faults

_FIELDS: Final = {
    "street": r"\bstreet\b", "postcode": r"\bpost ?code\b", "city": r"\b(?:city|town)\b",
    "country": r"\bcountry\b", "email": r"\be-?mail\b", "name": r"\bcustomer\b.*\bhas no name\b",
    "vat_id": r"\bVAT (?:id|number|identifier)\b", "iban": r"\bIBAN\b", "endpoint_id": r"\b(?:Peppol|electronic address)\b",
    "legal_id": r"\b(?:legal|company) (?:id|no|registration)", "siret": r"\bSIRET\b",
}  # fmt: skip
"""Fields by the words of failures that ask for them."""

Said = Mapping[int, str]
"""Why invoices failed or were refused, by id, where no failure is kept with them."""


def asks_for_data(reasons: "pd.Series[str]") -> "pd.Series[bool]":
    """Whether each reason speaks of a customer's field that the sheet has."""
    words = "|".join(f"(?:{word})" for word in _FIELDS.values())
    return reasons.str.contains(words, case=False, regex=True)


def customers_sheet(selection: Selection, path: str | Path, said: Said | None = None) -> tuple[Path, int]:
    """Write the customers of the selected invoices as a sheet; returns its path and how many they are.

    Args:
        selection: the invoices.
        path: a file that is not there yet.
        said: why they failed, where their kept failures do not tell.

    Raises:
        SelectionError: nothing is selected.
        InputFileError: not .xlsx, or the file exists already.
        StorageError: the folder can't be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".xlsx":
        raise InputFileError(f"{target.name} is no .xlsx", "Name the sheet F.xlsx.")
    rows = customer_rows(selection, said)
    if rows.empty:
        raise SelectionError("The selected invoices have no customer that is known.")
    workspace = selection.workspace
    meta = SheetMeta(
        selection_id=str(uuid.uuid4()), workspace_id=workspace.id, made_at=clock.now(),
        user=workspace.user, selection=f"customers of {selection.description}",
    )  # fmt: skip
    return write_whole(target, lambda out: write_customers(out, rows, meta)), len(rows)


def customer_rows(selection: Selection, said: Said | None = None) -> pd.DataFrame:
    """The sheet's rows as text: first the customers with most failed documents, then by their id."""
    invoices = selection.columns(["invoice_id", "customer_id", "failure"])
    told = invoices["invoice_id"].map(said or {}).astype("str")
    invoices = invoices.drop(columns="invoice_id").assign(failure=told.fillna(invoices["failure"]))
    failed = invoices[invoices["failure"].notna()].drop_duplicates()
    words = failed.groupby("customer_id")["failure"].agg("; ".join)
    counts = invoices.groupby("customer_id").agg(
        invoices=("customer_id", "size"), failures=("failure", "count")
    )
    with selection.workspace.store.read() as session:
        known = session.rows_of("customers", "customer_id", pd.Series(counts.index))
        marks = session.whole(MARKS)
    rows = as_text(known).merge(counts, left_on="customer_id", right_index=True)
    failure = rows["customer_id"].map(words).astype("str").fillna("")
    bounced = bounced_faults(rows["email"], marks)
    failure = (bounced + "; " + failure).where(bounced != "", failure).str.removesuffix("; ")
    rows = rows.assign(
        failure=failure, missing=_missing(rows, failure), invoices=rows["invoices"].astype("str")
    )
    rows = rows.sort_values(["failures", "customer_id"], ascending=[False, True], ignore_index=True)
    return rows.drop(columns="failures")


def as_text(customers: pd.DataFrame) -> pd.DataFrame:
    """Stored customers as a sheet shows them: text, yes or no, empty where missing."""
    frame = customers[["customer_id", "version", *EDITABLE]].reset_index(drop=True)
    words = {"True": "yes", "False": "no"}
    plain = {name: frame[name].astype("str").fillna("").replace("<NA>", "") for name in frame.columns}
    for name in ("is_business", "skip_if_direct_debit"):
        plain[name] = plain[name].replace(to_replace=words)
    return pd.DataFrame(plain)


def _missing(rows: pd.DataFrame, failure: "pd.Series[str]") -> "pd.Series[str]":
    """Names of the empty fields that a customer's failures speak of."""
    found = [
        ", ".join(
            name for name, word in _FIELDS.items() if not row[name] and re.search(word, text, re.IGNORECASE)
        )
        for row, text in zip(rows.to_dict("records"), failure, strict=True)
    ]
    return pd.Series(found, index=rows.index, dtype="str")
