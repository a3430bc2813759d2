"""Terms that stand once on a document: its head, the parties, references and totals."""

from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.en16931.derive.profiles import LEITWEG, Choice, identifiers_of, profile_of
from invoicebatch.model.en16931.derive.source import Source, filled, frame_of, text
from invoicebatch.model.en16931.terms import TERMS, Value
from invoicebatch.model.status import Kind

TYPE_CODES: Final = {
    Kind.INVOICE: "380",
    Kind.ADVANCE: "386",
    Kind.FINAL_NOTE: "380",
    Kind.CORRECTION_NOTE: "384",
    Kind.CREDIT_NOTE: "381",
    Kind.STATEMENT: "380",
}
"""UNCL 1001 code by kind; 384 only between German parties (PEPPOL-EN16931-P0112), else 380."""

INVOICE_COLUMNS: Final = {
    "BT-1": "number",
    "BT-2": "invoice_date",
    "BT-5": "currency",
    "BT-9": "due_date",
    "BT-10": "buyer_reference",
    "BT-11": "project_reference",
    "BT-12": "contract_reference",
    "BT-13": "order_reference",
    "BT-20": "payment_terms",
    "BT-72": "delivery_date",
    "BT-73": "period_start",
    "BT-74": "period_end",
}

ACCOUNT_COLUMNS: Final = {
    "BT-30": "legal_id",
    "BT-30-1": "legal_id_scheme",
    "BT-31": "vat_id",
    "BT-33": "legal_form",
    "BT-34": "endpoint_id",
    "BT-34-1": "endpoint_scheme",
    "BT-35": "street",
    "BT-36": "street_extra",
    "BT-37": "city",
    "BT-38": "postcode",
    "BT-39": "region",
    "BT-40": "country",
    "BT-41": "contact_name",
    "BT-42": "phone",
    "BT-43": "email",
}

CUSTOMER_COLUMNS: Final = {
    "BT-44": "name",
    "BT-46": "customer_id",
    "BT-47": "legal_id",
    "BT-47-1": "legal_id_scheme",
    "BT-48": "vat_id",
    "BT-49": "endpoint_id",
    "BT-49-1": "endpoint_scheme",
    "BT-50": "street",
    "BT-51": "street_extra",
    "BT-52": "city",
    "BT-53": "postcode",
    "BT-54": "region",
    "BT-55": "country",
    "BT-56": "contact_name",
    "BT-57": "phone",
    "BT-58": "email",
}

TOTAL_COLUMNS: Final = {
    "BT-106": "line_total_cents",
    "BT-109": "net_total_cents",
    "BT-110": "vat_total_cents",
    "BT-112": "total_cents",
}
OPTIONAL_TOTALS: Final = {
    "BT-107": "allowance_total_cents",
    "BT-108": "charge_total_cents",
    "BT-113": "prepaid_cents",
    "BT-114": "rounding_cents",
}
"""Left out where they are zero."""

REPRESENTATIVE_KEYS: Final = {
    "BT-62": "name",
    "BT-63": "vat_id",
    "BT-64": "street",
    "BT-65": "street_extra",
    "BT-66": "city",
    "BT-67": "postcode",
    "BT-68": "region",
    "BT-69": "country",
}
"""Keys of `company_accounts.tax_representative`."""

_VAT_IDENTIFIERS: Final = ("BT-31", "BT-48", "BT-63")


def documents(source: Source, profile: str, choice: Choice) -> pd.DataFrame:
    """The `INVOICE` frame: `invoice_id`, `extra`, `profile`, and a column a term."""
    invoices = source.invoices
    columns = {
        **{term: _column(invoices, name, term) for term, name in INVOICE_COLUMNS.items()},
        **{term: filled(text(source.accounts, name)) for term, name in ACCOUNT_COLUMNS.items()},
        **{term: filled(text(source.customers, name)) for term, name in CUSTOMER_COLUMNS.items()},
        **_seller_names(source.accounts),
        **_representative(source.accounts),
        **_totals(source),
    }
    frame = pd.DataFrame({"invoice_id": invoices["invoice_id"].astype("int64"), **columns})
    frame["BT-3"] = _type_codes(invoices, frame)
    frame["BT-90"] = _creditor(source)
    _public_body(source, frame)
    _without_vat(source, frame)
    frame["profile"] = profile_of(source, frame, profile, choice)
    frame["BT-24"], frame["BT-23"] = identifiers_of(frame["profile"])
    routed = frame["BT-49-1"].eq(LEITWEG).fillna(value=False) & frame["BT-10"].isna()
    frame["BT-10"] = frame["BT-10"].mask(routed, frame["BT-49"])
    frame["extra"] = text(invoices, "extra")
    return frame


def notes(source: Source) -> pd.DataFrame:
    """BG-1: the note on the document."""
    note = filled(text(source.invoices, "note"))
    rows = np.flatnonzero(note.notna())
    return frame_of(rows, {"BT-22": note.iloc[rows]})


def preceding(source: Source) -> pd.DataFrame:
    """BG-3: the document that this one corrects or credits."""
    number = filled(text(source.invoices, "preceding_number"))
    rows = np.flatnonzero(number.notna())
    dates = _column(source.invoices, "preceding_date", "BT-26")
    return frame_of(rows, {"BT-25": number.iloc[rows], "BT-26": dates.iloc[rows]})


def _column(frame: pd.DataFrame, name: str, term: str) -> pd.Series:
    value = TERMS[term].value
    if value is Value.DATE:
        if name in frame:
            return frame[name].astype("datetime64[s]")
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    return filled(text(frame, name))


def _seller_names(accounts: pd.DataFrame) -> dict[str, pd.Series]:
    trading, legal = filled(text(accounts, "name")), filled(text(accounts, "legal_name"))
    name = legal.fillna(trading)
    return {"BT-27": name, "BT-28": trading.mask(trading == name)}


def _representative(accounts: pd.DataFrame) -> dict[str, pd.Series]:
    """BG-11 from the account's JSON; few accounts, so each distinct text is read once."""
    import json

    raw = filled(text(accounts, "tax_representative"))
    parsed = {value: json.loads(value) for value in raw.dropna().unique()}
    return {
        term: raw.map({value: fields.get(key) for value, fields in parsed.items()}).astype("str")
        for term, key in REPRESENTATIVE_KEYS.items()
        if parsed
    }


def _totals(source: Source) -> dict[str, pd.Series]:
    invoices, rows = source.invoices, np.arange(len(source.invoices))
    columns = {term: source.cents(invoices, name, rows) for term, name in TOTAL_COLUMNS.items()}
    for term, name in OPTIONAL_TOTALS.items():
        amount = source.cents(invoices, name, rows)
        columns[term] = amount.mask(amount.eq(0).fillna(value=True))
    for term, charge in (("BT-107", False), ("BT-108", True)):
        used = _documents_with(source, charge)
        columns[term] = columns[term].mask(used & columns[term].isna(), 0)
    columns["BT-115"] = (
        columns["BT-112"] - columns["BT-113"].fillna(0) + columns["BT-114"].fillna(0)
    ).astype("Int64")
    return columns


def _documents_with(source: Source, charge: bool) -> np.ndarray:
    """Documents with an allowance, or a charge, on document level."""
    table = source.table("allowance_charges")
    used = np.zeros(len(source.invoices), bool)
    mine = table["line_no"].isna() & (table["is_charge"].astype(bool) == charge)
    used[table.loc[mine, "parent"].to_numpy(np.int64)] = True
    return used


def _type_codes(invoices: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    codes = invoices["kind"].astype("str").map({kind.value: code for kind, code in TYPE_CODES.items()})
    german = frame["BT-40"].eq("DE") & frame["BT-55"].eq("DE")
    return codes.where(codes.ne("384") | german.fillna(value=False), "380").astype("str")


def _creditor(source: Source) -> pd.Series:
    """BT-90 stands on documents that are debited."""
    from invoicebatch.model.en16931.derive.payment import is_debited

    return filled(text(source.accounts, "creditor_id")).where(is_debited(source))


def _public_body(source: Source, frame: pd.DataFrame) -> None:
    """A French public body is known by its SIRET (ISO 6523 scheme 0009) and its service code."""
    siret = filled(text(source.customers, "siret"))
    for identifier, scheme in (("BT-47", "BT-47-1"), ("BT-49", "BT-49-1")):
        use = frame[identifier].isna() & siret.notna()
        frame[identifier] = frame[identifier].mask(use, siret)
        frame[scheme] = frame[scheme].mask(use, "0009")
    frame["BT-10"] = frame["BT-10"].fillna(filled(text(source.customers, "service_code")))


def _without_vat(source: Source, frame: pd.DataFrame) -> None:
    """A document not subject to VAT names no VAT identifier (EN 16931 BR-O-02…04)."""
    table = source.table("vat_breakdown")
    outside = np.zeros(len(frame), bool)
    outside[table.loc[table["vat_category"].eq("O").fillna(value=False), "parent"].to_numpy(np.int64)] = True
    if outside.any():
        for term in _VAT_IDENTIFIERS:
            if term in frame:
                frame[term] = frame[term].mask(outside)
