"""Two billing runs beside each other: who is missing, who is new, what moved. Frames in, frames out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from invoicebatch.model.schema.types import Column, integer, money, percent, quantity, text

MOVERS: Final = 50
"""So many of those that moved most are named."""

_NOTHING_ODD: Final = "nothing odd: within what the review lets go"

_WHO: Final = (
    text("customer_id", "The debtor"),
    text("customer_name", "Name of the debtor"),
    text("company_account_id", "The seller's account"),
    text("currency", "ISO 4217"),
)
_MOVED: Final = (
    integer("documents_before", "Documents of the earlier run"),
    integer("documents_now", "Documents of this run"),
    money("total_before", "Their sum", required=False),
    money("total_now", "Their sum", required=False),
    money("change", "From one to the other", required=False),
    percent("change_percent", "In percent of the earlier sum"),
)
_USED: Final = (
    quantity("usage_before", "Usage of the earlier run"),
    quantity("usage_now", "Usage of this run"),
    quantity("usage_change", "From one to the other"),
)
COLUMNS: Final[Mapping[str, Sequence[Column]]] = {
    "accounts": (_WHO[2], text("kind", "What the documents are"), _WHO[3], *_MOVED),
    "products": (text("product", "Item id, else name"), _WHO[3], *_MOVED),
    "vat_rates": (percent("vat_rate", "VAT rate"), _WHO[3], *_MOVED),
    "usages": (text("register", "Register of the meters"), text("unit", "UN/ECE Rec 20 unit code"), *_USED),
    "movers": (*_WHO, *_MOVED, text("reasons", "Why, by the review")),
    "missing": (*_WHO, _MOVED[0], _MOVED[2]),
    "new": (*_WHO, _MOVED[1], _MOVED[3]),
}
"""The tables, one a question, and their columns."""


@dataclass(frozen=True)
class Billed:
    """A run's documents: overview columns, their lines and their readings."""

    invoices: pd.DataFrame
    lines: pd.DataFrame
    measurements: pd.DataFrame


def compare(now: Billed, before: Billed, findings: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of `COLUMNS`, by name; sums of lines are net, of documents with VAT.

    Args:
        now: the run that is looked at.
        before: the run it is compared with.
        findings: what the review finds of documents of the first: invoice_id int64, reason str.
    """
    who = [column.name for column in _WHO]
    customers = _beside(now.invoices, before.invoices, who, "total_cents")
    both = customers["documents_now"].gt(0) & customers["documents_before"].gt(0)
    movers = customers[both].sort_values("change_cents", key=abs, ascending=False).head(MOVERS)
    found = findings.merge(now.invoices[["invoice_id", "customer_id"]], on="invoice_id")
    reasons = found.drop_duplicates(["customer_id", "reason"]).groupby("customer_id")["reason"].agg("; ".join)
    sold, sold_before = _sold(now), _sold(before)
    tables = {
        "accounts": _beside(
            now.invoices, before.invoices, ["company_account_id", "kind", "currency"], "total_cents"
        ),
        "products": _beside(sold, sold_before, ["product", "currency"], "net_cents"),
        "vat_rates": _beside(sold, sold_before, ["vat_rate_bp", "currency"], "net_cents"),
        "usages": _usages(now.measurements, before.measurements),
        "movers": movers.assign(reasons=movers["customer_id"].map(reasons).fillna(_NOTHING_ODD)),
        "missing": customers[customers["documents_now"] == 0],
        "new": customers[customers["documents_before"] == 0],
    }
    return {
        name: table[[c.frame_name for c in COLUMNS[name]]].reset_index(drop=True)
        for name, table in tables.items()
    }


def _sold(billed: Billed) -> pd.DataFrame:
    """Lines with product and currency."""
    lines = billed.lines
    currency = billed.invoices.set_index("invoice_id")["currency"].astype("str")
    product = lines["item_id"].where(lines["item_id"].notna(), lines["name"])
    return lines.assign(product=product, currency=lines["invoice_id"].map(currency))


def _beside(now: pd.DataFrame, before: pd.DataFrame, keys: list[str], amount: str) -> pd.DataFrame:
    """By keys: documents, sums and their change; zero where one run has none."""
    sides = []
    for frame, side in ((before, "before"), (now, "now")):
        groups = frame.groupby(keys, observed=True, dropna=False)
        named = {f"documents_{side}": ("invoice_id", "nunique"), f"total_{side}_cents": (amount, "sum")}
        sides.append(groups.agg(**named))
    table = sides[0].join(sides[1], how="outer").fillna(0).astype("int64")
    table["change_cents"] = table["total_now_cents"] - table["total_before_cents"]
    base = table["total_before_cents"].where(table["total_before_cents"] != 0).astype("Float64").abs()
    table["change_percent_bp"] = (table["change_cents"] / base * 10_000).round().astype("Int64")
    return table.reset_index()


def _usages(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([before.assign(side="usage_before"), now.assign(side="usage_now")])
    sums = both.astype({"usage": object}).groupby(["register", "unit", "side"], dropna=False)["usage"].sum()
    sides = [column.name for column in _USED[:2]]
    table = sums.unstack("side", fill_value=0).reindex(columns=sides, fill_value=0).map(Decimal)  # noqa: PD010 - exact
    table["usage_change"] = table["usage_now"] - table["usage_before"]
    return table.astype({column.name: column.dtype for column in _USED}).reset_index()
