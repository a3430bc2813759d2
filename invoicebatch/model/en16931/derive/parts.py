"""Groups that our tables hold row by row: VAT breakdown, allowances and charges, attachments."""

from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.en16931.derive.source import Source, filled, frame_of, line_rows, rate, text
from invoicebatch.model.en16931.frames import PARENT

DEFAULT_EXEMPTION_CODES: Final = {
    "AE": "VATEX-EU-AE",
    "K": "VATEX-EU-IC",
    "G": "VATEX-EU-G",
    "O": "VATEX-EU-O",
}
"""VATEX code of a category that has but one reason, where the row names none."""

DOCUMENT_TERMS: Final = {
    False: ("BT-92", "BT-93", "BT-94", "BT-97", "BT-98", "BT-95", "BT-96"),
    True: ("BT-99", "BT-100", "BT-101", "BT-104", "BT-105", "BT-102", "BT-103"),
}
LINE_TERMS: Final = {
    False: ("BT-136", "BT-137", "BT-138", "BT-139", "BT-140"),
    True: ("BT-141", "BT-142", "BT-143", "BT-144", "BT-145"),
}
"""Amount, base, percentage, reason and reason code (and VAT category and rate), by `is_charge`."""

ATTACHMENT_COLUMNS: Final = {
    "BT-122": "reference",
    "BT-123": "description",
    "BT-124": "uri",
    "BT-125": "content_base64",
    "BT-125-1": "mime_code",
    "BT-125-2": "filename",
}


def vat_breakdown(source: Source) -> pd.DataFrame:
    """BG-23; the reason of an exemption may stand on the lines instead."""
    table = source.table("vat_breakdown")
    parent = table[PARENT].to_numpy(np.int64)
    category = text(table, "vat_category")
    reason = filled(text(table, "exemption_reason"))
    code = filled(text(table, "exemption_code"))
    bare = reason.isna() & code.isna()
    if bare.any():
        reason = reason.fillna(_line_reasons(source, parent, category))
        code = code.mask(bare & reason.isna(), category.map(DEFAULT_EXEMPTION_CODES))
    return frame_of(
        parent,
        {
            "BT-116": source.cents(table, "taxable_cents", parent),
            "BT-117": source.cents(table, "tax_cents", parent),
            "BT-118": category,
            "BT-119": rate(table["vat_rate_bp"], category),
            "BT-121": code,
            "BT-120": reason,
            "extra": text(table, "extra"),
        },
    )


def _line_reasons(source: Source, parent: np.ndarray, category: pd.Series) -> pd.Series:
    """The first reason on a line of the same document and category."""
    lines = source.table("lines")
    reason = filled(text(lines, "exemption_reason"))
    named = lines.loc[reason.notna(), [PARENT, "vat_category"]].assign(reason=reason.dropna())
    if named.empty:
        return pd.Series(None, index=category.index, dtype="str")
    first = named.drop_duplicates([PARENT, "vat_category"]).set_index([PARENT, "vat_category"])["reason"]
    keys = pd.MultiIndex.from_arrays([parent, category])
    return pd.Series(first.reindex(keys).to_numpy(), index=category.index, dtype="str")


def allowances(source: Source, charge: bool, lines: pd.DataFrame | None) -> pd.DataFrame:
    """BG-20 or BG-21 of documents, or BG-27 or BG-28 of lines where `lines` is given."""
    table = source.table("allowance_charges")
    on_line = table["line_no"].notna()
    table = table[(table["is_charge"].astype(bool) == charge) & (on_line == (lines is not None))]
    document = table[PARENT].to_numpy(np.int64)
    parent = document if lines is None else line_rows(lines, document, table["line_no"])
    if lines is not None:
        order = np.argsort(parent, kind="stable")
        order = order[parent[order] >= 0]
        table, document, parent = table.iloc[order], document[order], parent[order]
    amount, base, percentage, reason, code, *tax = (DOCUMENT_TERMS if lines is None else LINE_TERMS)[charge]
    columns = {
        amount: source.cents(table, "amount_cents", document),
        base: source.cents(table, "base_amount_cents", document),
        percentage: table["rate_bp"].astype("Int64") * 100,
        reason: filled(text(table, "reason")),
        code: filled(text(table, "reason_code")),
    }
    if tax:
        category = filled(text(table, "vat_category"))
        columns |= {tax[0]: category, tax[1]: rate(table["vat_rate_bp"], category)}
    return frame_of(parent, {**columns, "extra": text(table, "extra")})


def attachments(source: Source) -> pd.DataFrame:
    """BG-24: supporting documents."""
    table = source.table("attachments")
    columns = {term: filled(text(table, name)) for term, name in ATTACHMENT_COLUMNS.items()}
    return frame_of(table[PARENT].to_numpy(np.int64), columns)
