"""History columns of documents: one pass over the stored documents, lines and readings; see `model.schema.review`."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import HISTORY_COLUMNS, TABLES, Type
from invoicebatch.store.frames import fetch, registered

_IDS: Final = "reviewed_ids"

_GROUP: Final = "hash(i.customer_id, i.company_account_id, i.kind, i.currency)"
_METER: Final = "hash(b.customer_id, b.kind, m.connection_id, m.meter_id, m.register, m.unit)"

_DOCUMENTS: Final = f"""
wanted AS MATERIALIZED (
  SELECT i.*, w.place AS row_place, coalesce(i.period_end, i.invoice_date, i.created_at::DATE) AS moment,
    {_GROUP} AS alike
  FROM {_IDS} w JOIN invoices i ON i.invoice_id = w.id),
issued AS (
  SELECT i.invoice_id, i.total, coalesce(i.period_end, i.invoice_date, i.created_at::DATE) AS moment, {_GROUP} AS alike
  FROM invoices i SEMI JOIN wanted w ON w.customer_id = i.customer_id
  WHERE i.status IN ('approved', 'created', 'generation_failed') AND i.credited_by IS NULL AND NOT i.is_open_item
  UNION ALL SELECT NULL, i.total, i.period_end, {_GROUP}
  FROM billing_history i SEMI JOIN wanted w ON w.customer_id = i.customer_id),
last AS MATERIALIZED (
  SELECT alike, w.moment, max_by(struct_pack(id := i.invoice_id, total := i.total), i.moment, $documents) AS documents
  FROM (SELECT DISTINCT alike, moment FROM wanted) w JOIN issued i USING (alike) WHERE i.moment < w.moment
  GROUP BY alike, w.moment),
usual AS (
  SELECT w.invoice_id, len(documents) AS earlier_documents,
    list_median(list_transform(documents, lambda d: d.total))::DECIMAL(18,2) AS usual_total
  FROM wanted w JOIN last USING (alike, moment))"""
"""The reviewed documents, and the last ones before them: same customer, account, kind and currency."""

_PRODUCTS: Final = """
gone AS MATERIALIZED (
  SELECT w.invoice_id, coalesce(l.item_id, l.name) AS product, min(l.name) AS name, any_value(a.documents) AS documents
  FROM wanted w JOIN last a USING (alike, moment) JOIN lines l ON l.invoice_id = a.documents[1].id
  ANTI JOIN lines n ON n.invoice_id = w.invoice_id AND coalesce(n.item_id, n.name) = coalesce(l.item_id, l.name)
  WHERE l.net <> 0 GROUP BY w.invoice_id, product),
had AS (
  SELECT g.invoice_id, g.product, g.name
  FROM (SELECT invoice_id, product, name, len(documents) AS many, unnest(documents).id AS id FROM gone) g
  JOIN lines l ON l.invoice_id = g.id AND coalesce(l.item_id, l.name) = g.product AND l.net <> 0
  GROUP BY g.invoice_id, g.product, g.name HAVING count(DISTINCT g.id) = any_value(g.many)),
missing AS (
  SELECT invoice_id, string_agg(name, ', ' ORDER BY name) AS missing_products FROM had GROUP BY invoice_id)"""
"""What all earlier documents have and a document has not: the last one says what may be missing, the others whether."""

_READINGS: Final = f"""
billed AS MATERIALIZED (
  SELECT i.invoice_id, i.customer_id, i.kind, w.invoice_id IS NOT NULL AS is_wanted
  FROM invoices i LEFT JOIN wanted w ON w.invoice_id = i.invoice_id
  SEMI JOIN wanted v ON v.customer_id = i.customer_id
  WHERE i.kind NOT IN ('credit_note', 'correction_note') AND i.credited_by IS NULL
    AND (i.status IN ('approved', 'created', 'generation_failed') OR w.invoice_id IS NOT NULL)),
read AS MATERIALIZED (
  SELECT b.invoice_id, {_METER} AS meter, any_value(b.is_wanted) AS is_wanted, min(m.date_from) AS date_from,
    max(m.date_to) AS date_to, sum(m.usage)::DOUBLE AS usage, max(m.date_to) - min(m.date_from) + 1 AS days,
    bool_or(coalesce(m.method = 'estimated', false)) AS estimated
  FROM measurements m JOIN billed b ON b.invoice_id = m.invoice_id GROUP BY b.invoice_id, meter),
mine AS MATERIALIZED (
  SELECT r.*, n.meter_id FROM read r JOIN (
    SELECT b.invoice_id, {_METER} AS meter, min(m.meter_id) AS meter_id
    FROM measurements m JOIN billed b ON b.invoice_id = m.invoice_id WHERE b.is_wanted GROUP BY b.invoice_id, meter) n
  USING (invoice_id, meter)),
beside AS MATERIALIZED (
  SELECT m.invoice_id, meter, max_by(r.date_to, r.date_from) FILTER (r.date_from <= m.date_from) AS read_until,
    max_by(r.usage / r.days, r.date_from) FILTER (r.date_to < m.date_from) AS daily,
    min_by(r.usage / r.days, abs(m.date_from - 365 - r.date_from))
      FILTER (abs(m.date_from - 365 - r.date_from) <= 30) AS daily_year,
    max(r.date_from) FILTER (NOT r.estimated AND r.date_from <= m.date_from) AS last_read
  FROM mine m JOIN read r USING (meter) WHERE r.invoice_id <> m.invoice_id GROUP BY m.invoice_id, meter),
guessed AS (
  SELECT m.invoice_id, meter, count(*) AS streak FROM mine m LEFT JOIN beside b USING (invoice_id, meter)
  JOIN read r USING (meter)
  WHERE m.estimated AND r.date_from <= m.date_from AND (b.last_read IS NULL OR r.date_from > b.last_read)
  GROUP BY m.invoice_id, meter),
compared AS MATERIALIZED (
  SELECT m.*, read_until, daily * days AS before, daily_year * days AS year_before, coalesce(streak, 0) AS streak,
    m.date_from - read_until - 1 AS gap
  FROM mine m LEFT JOIN beside USING (invoice_id, meter) LEFT JOIN guessed USING (invoice_id, meter)),
meters AS (
  SELECT invoice_id, min(sign(usage) * ceil(abs(usage)))::BIGINT AS least_usage, max(streak) AS estimated_in_a_row,
    max_by(gap, abs(gap)) AS gap_days, max_by(read_until, abs(gap)) AS read_until,
    max_by(struct_pack(meter := meter_id, usage := usage, expected := before),
      abs(ln(greatest(usage, 0.001) / before))) FILTER (before > 0) AS p,
    max_by(struct_pack(meter := meter_id, usage := usage, expected := year_before),
      abs(ln(greatest(usage, 0.001) / year_before))) FILTER (year_before > 0) AS y
  FROM compared GROUP BY invoice_id),
bare AS (
  SELECT l.invoice_id, count(*) AS lines_without_readings
  FROM lines l SEMI JOIN wanted w ON w.invoice_id = l.invoice_id
  ANTI JOIN measurements m ON m.invoice_id = l.invoice_id AND m.line_no = l.line_no GROUP BY l.invoice_id)"""
"""Readings by meter and document, each beside the one before and the one a year ago, of the same customer."""

_RUN: Final = """
run AS MATERIALIZED (
  SELECT i.invoice_id, i.company_account_id, i.currency, i.total FROM invoices i
  WHERE i.status IN ('empty', 'approval_failed') OR i.invoice_id IN (SELECT invoice_id FROM wanted)),
sold AS MATERIALIZED (
  SELECT r.invoice_id, r.company_account_id, r.currency, coalesce(l.item_id, l.name) AS product, l.name, l.unit,
    abs(l.price / l.price_base)::DOUBLE AS price, l.vat_rate FROM run r JOIN lines l ON l.invoice_id = r.invoice_id),
prices AS (
  SELECT company_account_id, currency, product, unit, median(price) AS usual, count(*) AS lines
  FROM sold WHERE price > 0 GROUP BY ALL),
priced AS (
  SELECT s.invoice_id, arg_max(struct_pack(name := s.name, share := s.price / p.usual, lines := p.lines),
    abs(ln(s.price / p.usual))) AS x
  FROM sold s JOIN prices p USING (company_account_id, currency, product, unit)
  WHERE s.price > 0 AND s.invoice_id IN (SELECT invoice_id FROM wanted) GROUP BY s.invoice_id),
rates AS (
  SELECT company_account_id, product, vat_rate, count(*) AS lines,
    sum(count(*)) OVER (PARTITION BY company_account_id, product) AS all_lines
  FROM sold GROUP BY company_account_id, product, vat_rate),
usual_rates AS (
  SELECT company_account_id, product, arg_max(vat_rate, lines) AS rate, max(lines) AS lines, any_value(all_lines) AS all_lines
  FROM rates GROUP BY ALL),
taxed AS (
  SELECT s.invoice_id, arg_max(struct_pack(name := s.name, rate := s.vat_rate, usual := u.rate,
    share := u.lines / u.all_lines, lines := u.all_lines), u.lines / u.all_lines) AS v
  FROM sold s JOIN usual_rates u USING (company_account_id, product)
  WHERE s.vat_rate <> u.rate AND s.invoice_id IN (SELECT invoice_id FROM wanted) GROUP BY s.invoice_id),
metered AS (
  SELECT r.company_account_id, r.currency, r.total, count(*) AS same_totals FROM run r
  SEMI JOIN measurements m ON m.invoice_id = r.invoice_id WHERE r.total <> 0 GROUP BY ALL),
alike AS MATERIALIZED (
  SELECT i.invoice_id, i.customer_id, i.company_account_id, i.kind, i.currency, i.total, i.period_start, i.period_end,
    coalesce(i.contract_reference, '') AS contract, coalesce(i.number, i.external_id) AS named, coalesce((
      SELECT string_agg(DISTINCT m.connection_id || m.meter_id, ' ' ORDER BY m.connection_id || m.meter_id)
      FROM measurements m WHERE m.invoice_id = i.invoice_id), '') AS meters
  FROM invoices i SEMI JOIN wanted w ON w.customer_id = i.customer_id AND w.period_start = i.period_start
    AND w.period_end = i.period_end AND w.total = i.total
  WHERE i.credited_by IS NULL AND i.credit_of IS NULL AND NOT i.is_open_item AND i.total <> 0),
twice AS (
  SELECT a.invoice_id, min(b.named) AS billed_as FROM alike a JOIN alike b
    USING (customer_id, company_account_id, kind, currency, total, period_start, period_end, contract, meters)
  WHERE a.invoice_id <> b.invoice_id GROUP BY a.invoice_id),
debited AS (
  SELECT customer_id, any_value(previous_iban) AS previous_iban FROM mandates
  WHERE status = 'active' AND previous_iban IS NOT NULL AND previous_iban <> iban GROUP BY customer_id)"""
"""The billing run: what waits for approval, and the reviewed documents."""

_SOURCES: Final[Mapping[str, str]] = {
    "w": "",
    "u": "LEFT JOIN usual u ON u.invoice_id = w.invoice_id",
    "g": "LEFT JOIN missing g ON g.invoice_id = w.invoice_id",
    "m": "LEFT JOIN meters m ON m.invoice_id = w.invoice_id",
    "b": "LEFT JOIN bare b ON b.invoice_id = w.invoice_id",
    "t": "LEFT JOIN twice t ON t.invoice_id = w.invoice_id",
    "x": "LEFT JOIN priced x ON x.invoice_id = w.invoice_id",
    "v": "LEFT JOIN taxed v ON v.invoice_id = w.invoice_id",
    "d": "LEFT JOIN debited d ON d.customer_id = w.customer_id",
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
    "due_weekday": "isodow(w.due_date)",
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


def history_columns(
    con: Any, ids: npt.NDArray[np.int64], documents: int, wanted: Collection[str]
) -> pd.DataFrame:
    """History columns of some documents, in their order.

    Args:
        con: an open connection.
        ids: int64 invoice ids; unknown ones are left out.
        documents: so many earlier documents of a customer count.
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
    steps = f"{_DOCUMENTS},{_PRODUCTS},{_READINGS},{_RUN}"
    sql = f"WITH {steps} SELECT {', '.join(parts)} FROM wanted w {joins} ORDER BY w.row_place"
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    with registered(con, _IDS, source):
        described = [TABLES["invoices"].column("invoice_id"), *columns]
        return fetch(con, sql.replace("$documents", str(int(documents))), described)
