"""History columns of documents, beside the stored documents, lines and readings; see `model.schema.review`."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import HISTORY_COLUMNS, TABLES, Type
from invoicebatch.store.frames import registered, to_frame
from invoicebatch.store.history import sql
from invoicebatch.store.history.arrays import Array, arrays
from invoicebatch.store.history.documents import billed_twice, earlier_columns
from invoicebatch.store.history.meters import meter_columns
from invoicebatch.store.history.run import PRICES, RATES, run_columns

_SOURCES: Final[Mapping[str, str]] = {
    "i": "JOIN invoices i ON i.invoice_id = w.id",
    "c": "LEFT JOIN customers c ON c.customer_id = i.customer_id",
    "d": "LEFT JOIN moved d ON d.customer_id = i.customer_id",
}
_USAGE: Final[Mapping[str, str]] = {
    "meter": "w.{0}_meter",
    "usage": "round(w.{0}_usage)",
    "expected": "round(w.{0}_expected)",
    "share_bp": "round(w.{0}_usage / w.{0}_expected * 10000)",
    "difference": "round(abs(w.{0}_usage - w.{0}_expected))",
}
_TOTAL, _USUAL_TOTAL = "i.total::DOUBLE", "(w.usual_total_cents / 100)"
_FALLS_DUE: Final = (
    "coalesce(i.due_date, coalesce(i.invoice_date, $today)"
    " + coalesce(i.payment_term_days, c.payment_term_days, $term_days)::INTEGER)"
)
_TOTALS: Final[Mapping[str, str]] = {
    "earlier_documents": "w.earlier_documents",
    "usual_total_cents": "w.usual_total_cents",
    "total_share_bp": f"round({_TOTAL} / nullif({_USUAL_TOTAL}, 0) * 10000)",
    "total_difference_cents": "abs(round(i.total::DOUBLE * 100) - w.usual_total_cents)",
}
_METERS: Final[Mapping[str, str]] = {
    **{f"previous_{name}": text.format("previous") for name, text in _USAGE.items()},
    **{f"yearly_{name}": text.format("yearly") for name, text in _USAGE.items()},
    **{f"{name}": f"w.{name}" for name in ("gap_days", "read_until", "least_usage", "estimated_in_a_row")},
    "followed_by": "w.followed_by",
}
_COLUMNS: Final[Mapping[str, str]] = {
    **_TOTALS,
    "missing_products": "w.missing_products",
    **_METERS,
    "lines_without_readings": "w.lines_without_readings",
    "falls_due": _FALLS_DUE,
    "due_weekday": f"isodow({_FALLS_DUE})",
    "previous_address": "d.previous_address",
    "previous_iban": "d.previous_iban",
    "billed_as": "w.billed_as",
    "same_totals": "w.same_totals",
    "price_product": "w.price_product",
    "price_share_bp": "round(w.price_share * 10000)",
    "price_lines": "w.price_lines",
    "vat_product": "w.vat_product",
    "vat_rate_bp": "w.vat_rate",
    "usual_vat_rate_bp": "w.usual_vat_rate",
    "usual_vat_share_bp": "round(w.usual_vat_share * 10000)",
    "vat_lines": "w.vat_lines",
}
"""Each history column; a source that none of the wanted ones comes from is not worked out."""

_OF_LINES: Final = PRICES | RATES | {"missing_products", "lines_without_readings"}

_LINE: Final = ("place", "line_no", "product", "charged")
"""What is still asked of lines once their prices and rates are compared: the rest makes room."""

_OF_READINGS: Final = frozenset({*_METERS, "lines_without_readings", "same_totals"})


@dataclass(frozen=True, slots=True)
class Compared:
    """What documents are compared by: so many earlier ones, and what they fall due by if approved today."""

    documents: int
    today: date
    term_days: int


def history_columns(
    con: Any, ids: npt.NDArray[np.int64], by: Compared, wanted: Collection[str], at_once: int
) -> Iterator[pd.DataFrame]:
    """History columns of some documents, in their order.

    Args:
        con: an open connection.
        ids: int64 invoice ids; unknown ones are left out.
        by: what they are compared by.
        wanted: names in `HISTORY_COLUMNS`; others are ignored.
        at_once: documents in a frame.

    Yields:
        invoice_id int64, and the wanted columns; missing where there is nothing to compare with. The index
        counts the documents.
    """
    columns = [TABLES["invoices"].column("invoice_id")]
    columns += [column for name, column in HISTORY_COLUMNS.items() if name in wanted]
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": np.arange(len(ids))})
    with registered(con, sql.IDS, source):
        known = arrays(con, sql.DOCUMENTS)
    if not len(known["id"]):
        return
    order = np.argsort(known["place"])
    known = {name: values[order] for name, values in known.items()}
    found = _selected(con, _worked_out(con, known, by, wanted), by, wanted)
    order = np.argsort(found["place"].to_numpy())
    for start in range(0, len(order), at_once):
        rows = found.take(order[start : start + at_once])
        frame = to_frame(rows.drop_columns("place"), columns)
        yield frame.set_axis(pd.RangeIndex(start, start + len(frame)))


def _worked_out(con: Any, known: Mapping[str, Array], by: Compared, wanted: Collection[str]) -> pa.Table:
    """The documents' id and place, and what arrays say of them."""
    size = len(known["id"])
    source = pa.table({"id": known["id"], "place": np.arange(size)})
    with registered(con, sql.IDS, source):
        lines = arrays(con, sql.RUN_LINES) if not _OF_LINES.isdisjoint(wanted) else {}
        if not (PRICES | RATES).isdisjoint(wanted):
            source = _with(source, run_columns(con, lines, size, wanted))
        lines = {name: lines[name] for name in _LINE if name in lines}
        if not {*_TOTALS, "missing_products"}.isdisjoint(wanted):
            source = _with(source, earlier_columns(con, known, lines, by.documents, wanted))
        if not _OF_READINGS.isdisjoint(wanted):
            source = _with(source, meter_columns(con, known, lines, wanted))
        if "billed_as" in wanted:
            source = _with(source, {"billed_as": billed_twice(con, size)})
    return source


def _with(table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


def _selected(con: Any, source: pa.Table, by: Compared, wanted: Collection[str]) -> pa.Table:
    """The wanted columns, in no order."""
    whole = (Type.INTEGER, Type.MONEY, Type.PERCENT)
    parts = ["w.id AS invoice_id", "w.place"]
    for column in (column for name, column in HISTORY_COLUMNS.items() if name in wanted):
        kind = "BIGINT" if column.type in whole else column.sql_type
        parts.append(f"({_COLUMNS[column.frame_name]})::{kind} AS {column.frame_name}")
    used = "".join(parts)
    joins = " ".join(
        join for alias, join in _SOURCES.items() if alias == "i" or re.search(rf"\b{alias}\.", used)
    )
    text = f"WITH {sql.MOVED} SELECT {', '.join(parts)} FROM {sql.IDS} w {joins}"
    text = sql.on_days(text, {"$today": by.today}).replace("$term_days", str(int(by.term_days)))
    with registered(con, sql.IDS, source):
        return con.sql(text).to_arrow_table()
