"""Totals of documents from their lines: net, VAT per category and rate, total, outstanding.

What a file states is kept as stated: approval compares it with the lines.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.documents import is_charge, signed
from invoicebatch.ingest.draft import Typed
from invoicebatch.model.money import tax_cents, unit_cents

TOTALS: Final = (
    "line_total_cents", "allowance_total_cents", "charge_total_cents", "net_total_cents",
    "vat_total_cents", "total_cents",
)  # fmt: skip
_BREAKDOWN: Final = ["external_id", "vat_category", "vat_rate_bp"]


def fill_totals(invoices: Typed, lines: Typed | None, allowances: Typed | None, stated: Typed | None) -> Any:
    """Fill the empty totals of documents whose lines came along; other empty amounts become 0.

    Args:
        invoices: changed in place: all amounts filled, `outstanding_cents` added.
        lines: with `net_cents`; None: no lines in this import.
        allowances: on documents and lines.
        stated: the VAT breakdown as imported.

    Returns:
        The VAT breakdown of all documents: stated rows, else computed ones (BR-CO-17); None: none.
    """
    frame = invoices.frame.set_index("external_id", drop=False)
    breakdown = stated.frame if stated is not None else None
    if lines is not None and len(lines.frame):
        currency = frame["currency"] if "currency" in frame else pd.Series(index=frame.index, dtype="str")
        computed = _computed_breakdown(lines.frame, allowances, currency)
        if breakdown is not None:
            computed = computed[~computed["external_id"].isin(breakdown["external_id"])]
        breakdown = computed if breakdown is None else pd.concat([breakdown, computed], ignore_index=True)
        _fill(frame, _sums(lines.frame, allowances, breakdown))
    if any(column in frame for column in TOTALS) or "prepaid_cents" in frame:
        _add_outstanding(frame)
    invoices.frame = frame.reset_index(drop=True)
    return breakdown


def check_totals(invoices: Typed, lines: Typed | None, refused: Refusals) -> None:
    """Refuse documents that state a part of their amounts, but no total, and have no lines to work it out."""
    stated = [column for column in TOTALS if column in invoices.frame]
    if "total_cents" not in stated:
        return
    told = invoices.frame["external_id"].isin(lines.frame["external_id"] if lines is not None else [])
    untold = invoices.frame["total_cents"].isna() & invoices.frame[stated].notna().any(axis=1)
    reason = "total is empty, and the document has no lines here that make it"
    invoices.refuse(untold & ~told, "total_cents", reason, refused)


def _computed_breakdown(
    lines: pd.DataFrame, allowances: Typed | None, currency: "pd.Series[str]"
) -> pd.DataFrame:
    parts = [lines.assign(taxable_cents=lines["net_cents"].astype("int64"))[[*_BREAKDOWN, "taxable_cents"]]]
    on_document = _of_document(allowances)
    if on_document is not None:
        parts.append(on_document.assign(taxable_cents=signed(on_document))[[*_BREAKDOWN, "taxable_cents"]])
    whole = pd.concat(parts, ignore_index=True)
    whole = whole[whole["external_id"].isin(currency.index)]
    reasons = _reasons(lines)
    sums = whole.groupby(_BREAKDOWN, sort=False, dropna=False)["taxable_cents"].sum().reset_index()
    rates = sums["vat_rate_bp"].astype("int64")
    units = unit_cents(sums["external_id"].map(currency).astype("str"))
    sums["tax_cents"] = tax_cents(sums["taxable_cents"].astype("int64"), rates, units)
    computed = pd.DataFrame(sums)
    return computed if reasons is None else computed.merge(reasons, on=_BREAKDOWN, how="left")


def _reasons(lines: pd.DataFrame) -> pd.DataFrame | None:
    if "exemption_reason" not in lines:
        return None
    given = lines.loc[lines["exemption_reason"].notna(), [*_BREAKDOWN, "exemption_reason"]]
    return given.drop_duplicates(_BREAKDOWN)


def _of_document(allowances: Typed | None) -> pd.DataFrame | None:
    if allowances is None or allowances.frame.empty:
        return None
    frame = allowances.frame
    own = frame[frame["line_no"].isna()] if "line_no" in frame else frame
    return own if len(own) else None


def _sums(lines: pd.DataFrame, allowances: Typed | None, breakdown: pd.DataFrame) -> pd.DataFrame:
    """Totals by external id, cents (BR-CO-10 to BR-CO-15)."""
    net = lines["net_cents"].astype("int64").groupby(lines["external_id"], sort=False).sum()
    sums = pd.DataFrame({"line_total_cents": net})
    on_document = _of_document(allowances)
    for column, charges in (("allowance_total_cents", False), ("charge_total_cents", True)):
        sums[column] = 0
        if on_document is not None:
            rows = on_document[is_charge(on_document) == charges]
            part = rows["amount_cents"].astype("int64").groupby(rows["external_id"]).sum()
            sums[column] = part.reindex(sums.index).fillna(0).astype("int64")
    sums["net_total_cents"] = (
        sums["line_total_cents"] - sums["allowance_total_cents"] + sums["charge_total_cents"]
    )
    tax = breakdown["tax_cents"].astype("int64").groupby(breakdown["external_id"]).sum()
    sums["vat_total_cents"] = tax.reindex(sums.index).fillna(0).astype("int64")
    sums["total_cents"] = sums["net_total_cents"] + sums["vat_total_cents"]
    return sums


def _fill(frame: pd.DataFrame, sums: pd.DataFrame) -> None:
    for column in TOTALS:
        computed = pd.Series(sums[column].reindex(frame.index).to_numpy(), frame.index).astype("Int64")
        frame[column] = frame[column].fillna(computed) if column in frame else computed


def _add_outstanding(frame: pd.DataFrame) -> None:
    """Total − prepaid + rounding; nothing was paid or credited before an import."""
    for column in (*TOTALS, "prepaid_cents", "rounding_cents"):
        given = frame[column] if column in frame else pd.Series(0, index=frame.index)
        frame[column] = given.fillna(0).astype("int64")
    frame["outstanding_cents"] = np.asarray(
        frame["total_cents"] - frame["prepaid_cents"] + frame["rounding_cents"], dtype=np.int64
    )
