"""Frames of terms to rows of our tables; what the columns can't hold goes to `extra`.

The rows are turned back into terms by the same derivation that the writers use, and every difference
is kept, so that a document says the same when it is written again.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.ubl.accounts_and_customers import company_accounts, customers
from invoicebatch.ingest.ubl.unmapped_terms import residues
from invoicebatch.model.en16931.derive.document import INVOICE_COLUMNS, OPTIONAL_TOTALS, TOTAL_COLUMNS
from invoicebatch.model.en16931.derive.parts import ATTACHMENT_COLUMNS, DOCUMENT_TERMS, LINE_TERMS
from invoicebatch.model.en16931.frames import PARENT, Groups, document_of
from invoicebatch.model.en16931.terms import DOCUMENT, LINE, UNCOUNTED
from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Kind, Status

KIND_OF_CODE: Final = {"386": Kind.ADVANCE.value, "384": Kind.CORRECTION_NOTE.value}
_TABLE_QUANTITY: Final = pa.decimal128(18, 6)

LINE_COLUMNS: Final = {
    "BT-127": "note",
    "BT-130": "unit",
    "BT-134": "period_start",
    "BT-135": "period_end",
    "BT-151": "vat_category",
    "BT-153": "name",
    "BT-154": "description",
    "BT-155": "item_id",
}
_DEFAULTS: Final = {"unit": "C62", "vat_category": "S", "name": ""}


def tables_of(
    groups: Groups,
    credit_note: np.ndarray,
    other: list[list[list[str]]],
    known: Mapping[str, pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """Rows of our tables, documents by `invoice_id` as in `groups`.

    Args:
        groups: every group's frame with every term's column.
        credit_note: whether each document is a UBL CreditNote.
        other: what each document holds beyond EN 16931, as (path, text).
        known: `company_accounts` and `customers` that exist already; may be empty.
    """
    documents = groups[DOCUMENT]
    sign = np.where(credit_note, -1, 1)
    account_ids, accounts = company_accounts(documents, groups["BG-16"], known.get("company_accounts"))
    customer_ids, buyers = customers(documents, groups["BG-16"], known.get("customers"))
    invoices = _invoices(groups, credit_note, sign)
    invoices["company_account_id"], invoices["customer_id"] = account_ids, customer_ids
    tables = {
        "invoices": invoices,
        "lines": _lines(groups, sign),
        "allowance_charges": _allowance_charges(groups, sign),
        "vat_breakdown": _vat_breakdown(groups, sign),
        "attachments": _attachments(groups),
    }
    tables = {name: TABLES[name].conform(frame) for name, frame in tables.items()}
    parties = {
        "company_accounts": _all(known.get("company_accounts"), accounts),
        "customers": _all(known.get("customers"), buyers),
    }
    for name, extra in residues(groups, tables, parties, other).items():
        tables[name]["extra"] = extra
    return tables | {"company_accounts": accounts, "customers": buyers}


def _all(known: pd.DataFrame | None, new: pd.DataFrame) -> pd.DataFrame:
    return new if known is None or known.empty else pd.concat([known, new], ignore_index=True)


def _invoices(groups: Groups, credit_note: np.ndarray, sign: np.ndarray) -> pd.DataFrame:
    documents = groups[DOCUMENT]
    frame = pd.DataFrame({"invoice_id": documents["invoice_id"]})
    kind = documents["BT-3"].map(KIND_OF_CODE).fillna(Kind.INVOICE.value)
    frame["kind"] = kind.mask(credit_note, Kind.CREDIT_NOTE.value)
    frame["status"] = Status.CREATED.value
    for term, column in INVOICE_COLUMNS.items():
        frame[column] = documents[term]
    frame["currency"] = documents["BT-5"].fillna("EUR")
    frame["note"] = _first(groups["BG-1"], "BT-22", len(frame))
    frame["remittance_reference"] = _first(groups["BG-16"], "BT-83", len(frame))
    frame["preceding_number"] = _first(groups["BG-3"], "BT-25", len(frame))
    frame["preceding_date"] = _first(groups["BG-3"], "BT-26", len(frame))
    for term, column in (TOTAL_COLUMNS | OPTIONAL_TOTALS).items():
        frame[column] = documents[term].fillna(0) * sign
    due = frame["total_cents"] - frame["prepaid_cents"] + frame["rounding_cents"]
    frame["outstanding_cents"] = due
    frame["paid_cents"] = frame["credited_cents"] = 0
    return frame


def _first(frame: pd.DataFrame, term: str, count: int) -> pd.Series:
    return frame.drop_duplicates(PARENT).set_index(PARENT)[term].reindex(range(count))


def _lines(groups: Groups, sign: np.ndarray) -> pd.DataFrame:
    lines = groups[LINE]
    parent = lines[PARENT].to_numpy(np.int64)
    frame = pd.DataFrame({"invoice_id": parent, "line_no": line_numbers(groups)})
    for term, column in LINE_COLUMNS.items():
        frame[column] = lines[term]
    for column, default in _DEFAULTS.items():
        frame[column] = frame[column].fillna(default)
    quantity = pa.Array.from_pandas(lines["BT-129"])
    turned = pa.array(sign[parent] < 0)
    frame["quantity"] = _table_quantity(pc.if_else(turned, pc.negate(quantity), quantity), 1)
    frame["price"] = _table_quantity(pa.Array.from_pandas(lines["BT-146"]), 0)
    frame["price_base"] = _table_quantity(pa.Array.from_pandas(lines["BT-149"]), 1)
    references = groups["FR-LINE"]
    uncounted = references.loc[references["FR-163"].isin(UNCOUNTED), PARENT]
    net = lines["BT-131"].mask(lines.index.isin(uncounted))  # what it says stays in extra, and sums hold
    frame["net_cents"] = net.fillna(0) * sign[parent]
    frame["vat_rate_bp"] = lines["BT-152"].fillna(0) // 100
    return frame


def line_numbers(groups: Groups) -> pd.Series:
    """Position of each line in its document, from 1."""
    lines = groups[LINE]
    return lines.groupby(PARENT).cumcount() + 1


def _table_quantity(values: pa.Array, default: int) -> pd.Series:
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    rounded = pc.cast(pc.round(pc.fill_null(values, pa.scalar(default, values.type)), 6), _TABLE_QUANTITY)
    return pd.Series(pd.array(rounded, dtype=pd.ArrowDtype(_TABLE_QUANTITY)))


def _allowance_charges(groups: Groups, sign: np.ndarray) -> pd.DataFrame:
    parts = []
    numbers = line_numbers(groups)
    for group, charge in (("BG-20", False), ("BG-21", True), ("BG-27", False), ("BG-28", True)):
        rows = groups[group]
        document = document_of(groups, group)
        on_line = group in ("BG-27", "BG-28")
        terms = (LINE_TERMS if on_line else DOCUMENT_TERMS)[charge]
        amount, base, percentage, reason, code, *tax = terms
        part = pd.DataFrame({"invoice_id": document, "is_charge": charge})
        part["line_no"] = numbers.to_numpy()[rows[PARENT]] if on_line else pd.NA
        part["line_no"] = part["line_no"].astype("Int64")
        part["amount_cents"] = rows[amount].fillna(0) * sign[document]
        part["base_amount_cents"] = rows[base] * sign[document]
        part["rate_bp"] = rows[percentage] // 100
        part["reason"], part["reason_code"] = rows[reason], rows[code]
        part["vat_category"] = rows[tax[0]] if tax else pd.Series(None, index=rows.index, dtype="str")
        part["vat_rate_bp"] = (
            rows[tax[1]] if tax else pd.Series(pd.NA, index=rows.index, dtype="Int64")
        ) // 100
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame["allowance_no"] = frame.groupby("invoice_id").cumcount() + 1
    return frame


def _vat_breakdown(groups: Groups, sign: np.ndarray) -> pd.DataFrame:
    rows = groups["BG-23"]
    parent = rows[PARENT].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "invoice_id": parent,
            "vat_category": rows["BT-118"].fillna(""),
            "vat_rate_bp": rows["BT-119"].fillna(0) // 100,
            "taxable_cents": rows["BT-116"].fillna(0) * sign[parent],
            "tax_cents": rows["BT-117"].fillna(0) * sign[parent],
            "exemption_reason": rows["BT-120"],
            "exemption_code": rows["BT-121"],
        }
    )


def _attachments(groups: Groups) -> pd.DataFrame:
    rows = groups["BG-24"]
    frame = pd.DataFrame({"invoice_id": rows[PARENT], "attachment_no": rows.groupby(PARENT).cumcount() + 1})
    for term, column in ATTACHMENT_COLUMNS.items():
        frame[column] = rows[term]
    frame["reference"] = frame["reference"].fillna("")
    return frame
