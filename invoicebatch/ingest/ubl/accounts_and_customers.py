"""Seller and buyer of imported documents as company accounts and customers, under derived ids.

A party already known by its VAT identifier, company number or electronic address keeps its id and its
row; what the document says of it differently stays with the document.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.en16931.derive.document import ACCOUNT_COLUMNS, CUSTOMER_COLUMNS, REPRESENTATIVE_KEYS
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import DeliveryPreference, PaymentMethod

ACCOUNT_IDENTITY: Final = ("BT-31", "BT-30", "BT-34", "BT-32", "BT-27")
CUSTOMER_IDENTITY: Final = ("BT-48", "BT-47", "BT-49", "BT-46", "BT-44")
"""Terms that tell who a party is, the surest first."""

_SCHEMES: Final = {"BT-30": "BT-30-1", "BT-34": "BT-34-1", "BT-47": "BT-47-1", "BT-49": "BT-49-1"}
_KNOWN_BY: Final = ("vat_id", "legal_id", "endpoint_id")


def company_accounts(
    documents: pd.DataFrame, payment: pd.DataFrame, known: pd.DataFrame | None
) -> tuple[pd.Series, pd.DataFrame]:
    """The account id of each document, and the rows of accounts that are not known yet."""
    ids = _identities(documents, ACCOUNT_IDENTITY, _lookup(known, "company_account_id"), ACCOUNT_COLUMNS)
    rows = {column: documents[term] for term, column in ACCOUNT_COLUMNS.items()}
    rows["name"] = documents["BT-28"].fillna(documents["BT-27"]).fillna(ids)
    rows["legal_name"] = documents["BT-27"]
    rows["currency"] = documents["BT-5"].fillna("EUR")
    rows["creditor_id"] = documents["BT-90"]
    first = payment.drop_duplicates(PARENT).set_index(PARENT)
    rows["iban"] = first["BT-84"].reindex(documents.index)
    rows["bic"] = first["BT-86"].reindex(documents.index)
    rows["tax_representative"] = _representatives(documents)
    rows["language"] = pd.Series("en", index=documents.index)
    return ids, _new_rows("company_accounts", "company_account_id", ids, rows, known)


def customers(
    documents: pd.DataFrame, payment: pd.DataFrame, known: pd.DataFrame | None
) -> tuple[pd.Series, pd.DataFrame]:
    """The customer id of each document, and the rows of customers that are not known yet."""
    ids = _identities(documents, CUSTOMER_IDENTITY, _lookup(known, "customer_id"), CUSTOMER_COLUMNS)
    columns = {term: column for term, column in CUSTOMER_COLUMNS.items() if column != "customer_id"}
    rows = {column: documents[term] for term, column in columns.items()}
    rows["is_business"] = documents[["BT-47", "BT-48", "BT-49"]].notna().any(axis=1)
    rows["skip_if_direct_debit"] = pd.Series(False, index=documents.index)
    electronic = documents["BT-49"].notna()
    rows["delivery_preference"] = pd.Series(
        np.where(electronic, DeliveryPreference.EINVOICE.value, DeliveryPreference.EMAIL.value)
    )
    debited = documents.index.isin(payment.loc[payment["BT-89"].notna(), PARENT])
    method = np.where(debited, PaymentMethod.DIRECT_DEBIT.value, PaymentMethod.CREDIT_TRANSFER.value)
    rows["payment_method"] = pd.Series(method)
    return ids, _new_rows("customers", "customer_id", ids, rows, known)


def _lookup(known: pd.DataFrame | None, key: str) -> Mapping[str, str]:
    if known is None:
        return {}
    found: dict[str, str] = {}
    for column in _KNOWN_BY:
        if column in known:
            rows = known[known[column].notna()]
            for value, party in zip(rows[column], rows[key], strict=True):
                found.setdefault(f"{column}:{value}", party)
    return found


def _identities(
    documents: pd.DataFrame, terms: tuple[str, ...], lookup: Mapping[str, str], columns: Mapping[str, str]
) -> pd.Series:
    """Known id, else VAT identifier, company number, electronic address, own number or a hash of the name."""
    result = pd.Series(None, index=documents.index, dtype="str")
    for term in terms[:3]:
        keys = f"{columns.get(term)}:" + documents[term].fillna("")
        result = result.fillna(keys.map(lookup).astype("str"))
    for term in terms[:-1]:
        scheme = documents[_SCHEMES[term]].fillna("") if term in _SCHEMES else ""
        joined = (scheme + ":" + documents[term]).str.lstrip(":") if term in _SCHEMES else documents[term]
        result = result.fillna(joined)
    hashed = documents[terms[-1]].fillna("").map(lambda name: f"UBL-{_short_hash(name)}")
    return result.fillna(hashed).astype("str")


def _short_hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12].upper()


def _representatives(documents: pd.DataFrame) -> pd.Series:
    import json

    texts = []
    for row in zip(*(documents[term] for term in REPRESENTATIVE_KEYS), strict=True):
        fields = {
            key: value
            for key, value in zip(REPRESENTATIVE_KEYS.values(), row, strict=True)
            if isinstance(value, str)
        }
        texts.append(json.dumps(fields, ensure_ascii=False) if fields else None)
    return pd.Series(texts, index=documents.index, dtype="str")


def _new_rows(
    table: str, key: str, ids: pd.Series, rows: Mapping[str, pd.Series], known: pd.DataFrame | None
) -> pd.DataFrame:
    """One row a party, as the first document names it."""
    frame = pd.DataFrame({key: ids, **rows}).drop_duplicates(key)
    if known is not None:
        frame = frame[~frame[key].isin(known[key])]
    return TABLES[table].conform(frame.reset_index(drop=True))
