"""The ageing list as a file and as a picture; what is owed is reckoned elsewhere."""

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any, BinaryIO, Final

import pandas as pd

from invoicebatch.formats.chart import Bar, Panel, picture
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
    sums = by_currency(table.frame).to_dict("records") or [{}]
    out.write(picture([_panel(row, table, on) for row in sums]))


def _panel(row: Mapping[Hashable, Any], table: TableExport, on: date) -> Panel:
    cents = [int(row.get(f"{name}_cents", 0)) for name in BUCKETS]
    currency = str(row.get("currency", ""))
    heading = f"{title('aging', table.language)} {on.isoformat()}"
    total = f"{title('outstanding', table.language)} {format_cents(sum(cents), currency)}"
    bars = [
        Bar(title(name, table.language), value, format_cents(value, currency).rpartition(" ")[2], colour)
        for name, value, colour in zip(BUCKETS, cents, _COLOURS, strict=True)
    ]
    return Panel(f"{heading}   {total}", bars)
