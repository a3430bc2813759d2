"""BG-25 and what hangs on a line: meter readings, also as item attributes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.model.en16931.derive.source import (
    Source,
    filled,
    frame_of,
    line_rows,
    quantity,
    quantity_series,
    rate,
    text,
)
from invoicebatch.model.en16931.frames import PARENT
from invoicebatch.model.en16931.terms import TERMS
from invoicebatch.model.en16931.values import texts

METER_COLUMNS = {
    "METER-1": "connection_id",
    "METER-2": "meter_id",
    "METER-3": "register",
    "METER-4": "date_from",
    "METER-5": "date_to",
    "METER-6": "value_from",
    "METER-7": "value_to",
    "METER-8": "usage",
    "METER-9": "unit",
    "METER-10": "method",
}


def lines(source: Source) -> pd.DataFrame:
    """BG-25, with `line_no`; a negative price becomes a negative quantity (EN 16931 BR-27)."""
    table = source.table("lines")
    parent = table[PARENT].to_numpy(np.int64)
    amount, price = _signed(source, table, parent)
    base, unit = quantity(table["price_base"]), text(table, "unit")
    based = pc.not_equal(base, pa.scalar(1, base.type)).to_numpy(zero_copy_only=False)
    category = text(table, "vat_category")
    return frame_of(
        parent,
        {
            "line_no": table["line_no"],
            "BT-126": table["line_no"].astype("str"),
            "BT-127": text(table, "note"),
            "BT-129": quantity_series(amount),
            "BT-130": unit,
            "BT-131": source.cents(table, "net_cents", parent),
            "BT-134": table["period_start"],
            "BT-135": table["period_end"],
            "BT-146": quantity_series(price),
            "BT-149": quantity_series(pc.if_else(pa.array(based), base, None)),
            "BT-150": unit.where(based),
            "BT-151": category,
            "BT-152": rate(table["vat_rate_bp"], category),
            "BT-153": text(table, "name"),
            "BT-154": text(table, "description"),
            "BT-155": text(table, "item_id"),
            "extra": text(table, "extra"),
        },
    )


def _signed(source: Source, table: pd.DataFrame, parent: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """Quantity and price with the document's sign, the price not negative."""
    amount, price = quantity(table["quantity"]), quantity(table["price"])
    below = pc.fill_null(pc.less(price, pa.scalar(0, price.type)), fill_value=False)
    credit = pa.array(source.credit[parent] if len(parent) else np.zeros(0, bool))
    turned = pc.xor(below, credit)
    if pc.any(turned).as_py():
        amount = pc.if_else(turned, pc.negate(amount), amount)
    if pc.any(below).as_py():
        price = pc.if_else(below, pc.negate(price), price)
    return amount, price


def meter_readings(source: Source, line_frame: pd.DataFrame) -> pd.DataFrame:
    """METER: readings by line, in order."""
    table = source.table("measurements")
    parent = line_rows(line_frame, table[PARENT].to_numpy(np.int64), table["line_no"])
    table, parent = table[parent >= 0], parent[parent >= 0]
    columns = {
        term: (table[name] if TERMS[term].value in ("date", "quantity") else filled(text(table, name)))
        for term, name in METER_COLUMNS.items()
    }
    for term, values in columns.items():
        if TERMS[term].value == "quantity":
            columns[term] = quantity_series(quantity(values))
    return frame_of(parent, columns)


def item_attributes(readings: pd.DataFrame) -> pd.DataFrame:
    """BG-32: each reading as one attribute, such as `Meter 123 high` = `2026-01-01 – 2026-01-31: …`."""
    if readings.empty:
        return frame_of(np.zeros(0, np.int64), {"BT-160": [], "BT-161": []})
    part = {term: texts(readings[term], TERMS[term].value) for term in METER_COLUMNS}
    name = _joined(" ", pa.scalar("Meter"), part["METER-2"], part["METER-3"])
    days = pc.binary_join_element_wise(part["METER-4"], part["METER-5"], " – ")
    values = pc.binary_join_element_wise(part["METER-6"], part["METER-7"], " – ")
    usage = pc.binary_join_element_wise(part["METER-8"], part["METER-9"], " ")
    value = _joined(", ", _joined(": ", days, values), usage, part["METER-10"])
    return frame_of(
        readings[PARENT].to_numpy(np.int64),
        {"BT-160": pd.Series(name.to_pylist()), "BT-161": pd.Series(value.to_pylist())},
    )


def _joined(separator: str, *parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator, null_handling="skip")
