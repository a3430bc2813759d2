"""The ageing list as a file and as a picture; what is owed is reckoned elsewhere."""

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any, BinaryIO, Final

import pandas as pd

from invoicebatch.formats.workbook.rows import TableExport
from invoicebatch.formats.workbook.titles import title
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.ledger import BUCKETS, by_currency
from invoicebatch.model.schema.types import Column, integer, money, text

COLUMNS: Final[tuple[Column, ...]] = (
    text("customer_id", "The debtor"),
    text("customer_name", "Name of the debtor"),
    text("company_account_id", "The seller's account"),
    text("currency", "ISO 4217"),
    integer("documents", "Open documents", required=True),
    *(money(name, "Open, by days since the due date") for name in BUCKETS),
    money("outstanding", "Sum of the five: what is owed"),
)

_COLOURS: Final = ("#2f6f8f", "#8fb8c9", "#e3c36b", "#d98b4a", "#b5473a")
_INK: Final = "#1f2937"


def aging_facts(rows: pd.DataFrame, on: date) -> dict[str, str]:
    """The day and the sum of each currency, for the sheet that says what the file is."""
    sums = by_currency(rows)
    amounts = zip(sums["currency"], sums["outstanding_cents"].tolist(), strict=True)
    owed = "; ".join(format_cents(cents, currency) for currency, cents in amounts)
    return {"aged_on": on.isoformat(), "outstanding": owed}


def write_picture(out: BinaryIO, table: TableExport, on: date) -> None:
    """The sums of the buckets as bars, one panel a currency, as PNG.

    Args:
        out: an open binary stream.
        table: the ageing list.
        on: the day it is aged on.
    """
    from matplotlib.figure import Figure

    sums = by_currency(table.frame).to_dict("records") or [{}]
    figure = Figure(figsize=(8, 0.6 + 2.2 * len(sums)), dpi=150, layout="constrained")
    panels = figure.subplots(len(sums), squeeze=False)[:, 0]
    for panel, row in zip(panels, sums, strict=True):
        _draw(panel, row, table, on)
    figure.savefig(out, format="png", metadata={"Software": None})


def _draw(panel: Any, row: Mapping[Hashable, Any], table: TableExport, on: date) -> None:
    cents = [int(row.get(f"{name}_cents", 0)) for name in BUCKETS]
    currency = str(row.get("currency", ""))
    bars = panel.barh(
        [title(name, table.language) for name in BUCKETS], [c / 100 for c in cents], color=_COLOURS
    )
    labels = [format_cents(value, currency).rpartition(" ")[2] for value in cents]
    panel.bar_label(bars, labels=labels, padding=4, fontsize=9, color=_INK)
    heading = f"{title('aging', table.language)} {on.isoformat()}"
    total = f"{title('outstanding', table.language)} {format_cents(sum(cents), currency)}"
    panel.set_title(f"{heading}   {total}", loc="left", fontsize=11, color=_INK)
    panel.invert_yaxis()
    panel.axvline(0, color=_INK, linewidth=0.6)
    panel.spines[["top", "right", "bottom", "left"]].set_visible(False)
    panel.xaxis.set_visible(False)
    panel.tick_params(axis="y", length=0, labelsize=9, labelcolor=_INK)
    panel.margins(x=0.18)
