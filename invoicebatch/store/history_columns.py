"""History columns of documents: one pass over the stored documents, lines and readings; see `model.schema.review`."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import HISTORY_COLUMNS, TABLES, Type
from invoicebatch.store import history_sql
from invoicebatch.store.frames import fetch, registered

_SOURCES: Final[Mapping[str, str]] = {
    "w": "",
    "c": "LEFT JOIN customers c ON c.customer_id = w.customer_id",
    "u": "LEFT JOIN usual u USING (alike, moment)",
    "g": "LEFT JOIN missing g ON g.invoice_id = w.invoice_id",
    "m": "LEFT JOIN meters m ON m.invoice_id = w.invoice_id",
    "f": "LEFT JOIN followed f ON f.invoice_id = w.invoice_id",
    "b": "LEFT JOIN bare b ON b.invoice_id = w.invoice_id",
    "t": "LEFT JOIN twice t ON t.invoice_id = w.invoice_id",
    "x": "LEFT JOIN priced x ON x.invoice_id = w.invoice_id",
    "v": "LEFT JOIN taxed v ON v.invoice_id = w.invoice_id",
    "d": "LEFT JOIN moved d ON d.customer_id = w.customer_id",
    "s": (
        "LEFT JOIN metered s ON s.company_account_id = w.company_account_id AND s.currency = w.currency"
        " AND s.total = w.total"
    ),
}
_USAGE: Final[Mapping[str, str]] = {
    "meter": "m.{0}.meter",
    "usage": "round(m.{0}.usage)",
    "expected": "round(m.{0}.expected)",
    "share_bp": "round(m.{0}.usage / m.{0}.expected * 10000)",
    "difference": "round(abs(m.{0}.usage - m.{0}.expected))",
}
_FALLS_DUE: Final = (
    "coalesce(w.due_date, coalesce(w.invoice_date, $today)"
    " + coalesce(w.payment_term_days, c.payment_term_days, $term_days)::INTEGER)"
)
_COLUMNS: Final[Mapping[str, str]] = {
    "earlier_documents": "u.earlier_documents",
    "usual_total_cents": "u.usual_total * 100",
    "total_share_bp": "round(w.total::DOUBLE / nullif(u.usual_total, 0)::DOUBLE * 10000)",
    "total_difference_cents": "abs(w.total - u.usual_total) * 100",
    "missing_products": "g.missing_products",
    **{f"previous_{name}": sql.format("p") for name, sql in _USAGE.items()},
    **{f"yearly_{name}": sql.format("y") for name, sql in _USAGE.items()},
    "gap_days": "m.gap_days",
    "read_until": "m.read_until",
    "least_usage": "m.least_usage",
    "lines_without_readings": "coalesce(b.lines_without_readings, 0)",
    "estimated_in_a_row": "m.estimated_in_a_row",
    "followed_by": "f.followed_by",
    "falls_due": _FALLS_DUE,
    "due_weekday": f"isodow({_FALLS_DUE})",
    "previous_address": "d.previous_address",
    "previous_iban": "d.previous_iban",
    "billed_as": "t.billed_as",
    "same_totals": "s.same_totals",
    "price_product": "x.x.name",
    "price_share_bp": "round(x.x.share * 10000)",
    "price_lines": "x.x.lines",
    "vat_product": "v.v.name",
    "vat_rate_bp": "v.v.rate * 100",
    "usual_vat_rate_bp": "v.v.usual * 100",
    "usual_vat_share_bp": "round(v.v.share * 10000)",
    "vat_lines": "v.v.lines",
}
"""Each history column; a source that none of the wanted ones comes from is not worked out."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What documents are compared by: so many earlier ones, and what they fall due by if approved today."""

    documents: int
    today: date
    term_days: int


def history_columns(
    con: Any, ids: npt.NDArray[np.int64], by: Compared, wanted: Collection[str]
) -> pd.DataFrame:
    """History columns of some documents, in their order.

    Args:
        con: an open connection.
        ids: int64 invoice ids; unknown ones are left out.
        by: what they are compared by.
        wanted: names in `HISTORY_COLUMNS`; others are ignored.

    Returns:
        invoice_id int64, and the wanted columns; missing where there is nothing to compare with.
    """
    columns = [column for name, column in HISTORY_COLUMNS.items() if name in wanted]
    whole = (Type.INTEGER, Type.MONEY, Type.PERCENT)
    parts = ["w.invoice_id"]
    for column in columns:
        kind = "BIGINT" if column.type in whole else column.sql_type
        parts.append(f"({_COLUMNS[column.frame_name]})::{kind} AS {column.frame_name}")
    used = "".join(parts)
    joins = " ".join(sql for alias, sql in _SOURCES.items() if re.search(rf"\b{alias}\.", used))
    sql = f"WITH {history_sql.STEPS} SELECT {', '.join(parts)} FROM wanted w {joins} ORDER BY w.row_place"
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    with registered(con, history_sql.IDS, source):
        values = {"documents": str(int(by.documents)), "term_days": str(int(by.term_days))}
        values |= {"today": f"DATE '{by.today}'", **_first_and_last(con)}
        for name, value in values.items():  # literals: only they let a scan skip what is older
            sql = sql.replace(f"${name}", value)
        return fetch(con, sql, [TABLES["invoices"].column("invoice_id"), *columns])


def _first_and_last(con: Any) -> dict[str, str]:
    """The first days of the earliest and the latest reading of the reviewed documents, as literals."""
    ((first, last),) = con.sql(
        f"SELECT min(date_from), max(date_from) FROM measurements m SEMI JOIN {history_sql.IDS} w ON w.id = m.invoice_id"
    ).fetchall()
    return {"first": f"DATE '{first or '1970-01-01'}'", "last": f"DATE '{last or '1970-01-01'}'"}
