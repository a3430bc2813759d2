"""The arithmetic of credit notes: what a note takes back per line and VAT rate, and what is set off.

Frames in, frames out, int64 cents; amounts to credit have the sign of the original document.
"""

from decimal import Decimal, InvalidOperation

import numpy as np
import pandas as pd

from invoicebatch.model.money import format_cents, tax_cents, to_cents, unit_cents

GROUP = ["invoice_id", "vat_category", "vat_rate_bp"]

Wanted = dict[tuple[str, int], int]
"""Net cents to credit by VAT category ("" where not named) and rate in basis points."""


def parse_amounts(text: str) -> Wanted:
    """Net amounts per VAT rate.

    >>> parse_amounts("21: 50.00, AE0:10")
    {('', 2100): 5000, ('AE', 0): 1000}

    Raises:
        ValueError: a decimal comma, not of the form RATE:AMOUNT, a rate named twice, or no positive amount.
    """
    wanted: Wanted = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, colon, amount = part.partition(":")
        if wanted and not colon and part.isdigit():
            raise ValueError(
                f"amounts are written with a point, and commas stand between them: 21:50.00,6:10.00; got {text!r}"
            )
        letters = key.strip().rstrip("0123456789.").upper()
        try:
            rate = int(Decimal(key.strip()[len(letters) :]) * 100)
            cents = to_cents(amount.strip())
        except (InvalidOperation, ValueError) as error:
            raise ValueError(f"{part!r} is not RATE:AMOUNT, such as 21:50.00") from error
        if not colon or cents <= 0:
            raise ValueError(f"{part!r} needs a positive amount, such as 21:50.00")
        if (letters, rate) in wanted:
            raise ValueError(f"rate {key.strip()} is named twice")
        wanted[(letters, rate)] = cents
    return wanted


def remaining(breakdown: pd.DataFrame) -> pd.DataFrame:
    """What each VAT group still holds: `GROUP`, left_taxable_cents, left_tax_cents, exemptions."""
    return breakdown[[*GROUP, "exemption_reason", "exemption_code"]].assign(
        left_taxable_cents=breakdown["taxable_cents"] - breakdown["credited_taxable_cents"],
        left_tax_cents=breakdown["tax_cents"] - breakdown["credited_tax_cents"],
    )


def by_amount(breakdown: pd.DataFrame, wanted: Wanted) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Groups to credit with the wanted net amounts.

    Returns:
        Groups (`GROUP`, net_cents) and failures (invoice_id, reason).
    """
    left = remaining(breakdown)
    groups, faults = [], []
    for (category, rate), cents in wanted.items():
        rows = left[left["vat_rate_bp"].eq(rate)]
        rows = rows[rows["vat_category"].eq(category)] if category else rows
        label = f"{category}{rate / 100:g} %"
        missing = pd.Series(sorted(set(breakdown["invoice_id"]) - set(rows["invoice_id"])), dtype="int64")
        faults.append(_fault(missing, f"has no VAT at {label}"))
        twice = rows["invoice_id"][rows.duplicated("invoice_id")].drop_duplicates()
        faults.append(_fault(twice, f"has several VAT categories at {label}: name one, such as S21:50.00"))
        sign = np.sign(rows["left_taxable_cents"]).replace(0, 1)
        groups.append(rows[GROUP].assign(net_cents=(sign * cents).astype("int64")))
    return pd.concat(groups, ignore_index=True), pd.concat(faults, ignore_index=True)


def _fault(ids: "pd.Series[int]", reason: str) -> pd.DataFrame:
    return pd.DataFrame({"invoice_id": ids.astype("int64"), "reason": pd.Series(reason, index=ids.index)})


def with_tax(
    groups: pd.DataFrame, breakdown: pd.DataFrame, currencies: "pd.Series[str] | None" = None
) -> pd.DataFrame:
    """The groups with VAT, checked against what is left of the original.

    A group that is credited to the end takes the rest of its VAT, so that all notes together sum to the
    original to the cent; else VAT is the rate on the net amount (EN 16931 BR-CO-17), never beyond the rest.

    Args:
        groups: `GROUP`, net_cents; several rows a group are summed.
        breakdown: rows of `vat_breakdown` of these invoices.
        currencies: of these invoices, by id; None: all have two decimals.

    Returns:
        One row a group: the columns of `remaining`, net_cents, tax_cents, reason (str; empty: possible).
    """
    summed = groups.groupby(GROUP, as_index=False, observed=True, dropna=False)["net_cents"].sum()
    rows = summed.merge(remaining(breakdown), on=GROUP, how="left")
    missing = rows["left_taxable_cents"].isna()
    left = rows["left_taxable_cents"].fillna(0).astype("int64")
    tax_left = rows["left_tax_cents"].fillna(0).astype("int64")
    net = rows["net_cents"].astype("int64")
    currency = pd.Series("", rows.index) if currencies is None else rows["invoice_id"].map(currencies)
    unit = unit_cents(currency.astype("str"))
    ruled = pd.Series(tax_cents(net, rows["vat_rate_bp"].astype("int64"), unit), index=rows.index)
    capped = np.sign(tax_left) * np.minimum(ruled.abs(), tax_left.abs())
    beyond = missing | (net.abs() > left.abs()) | ((np.sign(net) != np.sign(left)) & net.ne(0))
    text = (
        "cannot credit " + _shown(net) + " at " + _shown_rate(rows) + ": " + _shown(left) + " is left there"
    )
    checked: pd.DataFrame = rows.assign(
        left_taxable_cents=left,
        left_tax_cents=tax_left,
        tax_cents=tax_left.where(net.eq(left), capped).astype("int64"),
        reason=text.where(beyond, "").mask(net % unit != 0, _shown(net) + ": the currency has no decimals"),
    )
    return checked


def _shown(cents: "pd.Series[int]") -> "pd.Series[str]":
    return cents.map(format_cents).astype("str")


def _shown_rate(rows: pd.DataFrame) -> "pd.Series[str]":
    return (rows["vat_rate_bp"] / 100).map("{:g} %".format).astype("str")


def set_off(due: "pd.Series[int]", outstanding: "pd.Series[int]") -> "pd.Series[int]":
    """How much of a credit goes against what the original still has open; the rest is to be refunded.

    Args:
        due: what the note gives back, with the sign of the original.
        outstanding: what is open on the original.

    >>> set_off(pd.Series([100, 100, 100]), pd.Series([100, 30, 0])).tolist()
    [100, 30, 0]
    """
    same = np.sign(due) == np.sign(outstanding)
    least = np.sign(due) * np.minimum(due.abs(), outstanding.abs())
    return pd.Series(least).where(same, 0).astype("int64")
