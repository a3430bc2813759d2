"""History columns of documents: one pass over the stored documents, lines and readings; see `model.schema.review`."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import HISTORY_COLUMNS, TABLES, Type
from invoicebatch.store.frames import fetch, registered

_IDS: Final = "reviewed_ids"

_DOCUMENTS: Final = f"""
wanted AS MATERIALIZED (
  SELECT i.*, w.place AS row_place, coalesce(i.period_end, i.invoice_date, i.created_at::DATE) AS moment
  FROM {_IDS} w JOIN invoices i ON i.invoice_id = w.id),
issued AS MATERIALIZED (
  SELECT i.invoice_id, i.customer_id, i.company_account_id, i.kind, i.currency, i.total,
    coalesce(i.period_end, i.invoice_date, i.created_at::DATE) AS moment,
    row_number() OVER (PARTITION BY i.customer_id, i.company_account_id, i.kind, i.currency
      ORDER BY coalesce(i.period_end, i.invoice_date, i.created_at::DATE), i.invoice_id) AS place
  FROM invoices i SEMI JOIN wanted w ON w.customer_id = i.customer_id
  WHERE i.status IN ('approved', 'created', 'generation_failed') AND i.credited_by IS NULL AND NOT i.is_open_item),
days AS (
  SELECT customer_id, company_account_id, kind, currency, moment, max(place) AS place FROM issued GROUP BY ALL),
latest AS (
  SELECT w.invoice_id, w.customer_id, w.company_account_id, w.kind, w.currency, d.place
  FROM wanted w ASOF JOIN days d ON w.customer_id = d.customer_id
    AND w.company_account_id = d.company_account_id AND w.kind = d.kind AND w.currency = d.currency AND w.moment > d.moment),
steps AS (
  SELECT *, unnest(range(greatest(1, place - $documents + 1), place + 1)) AS step FROM latest),
earlier AS MATERIALIZED (
  SELECT s.invoice_id, i.invoice_id AS earlier_id, i.total
  FROM steps s JOIN issued i ON i.customer_id = s.customer_id AND i.company_account_id = s.company_account_id
    AND i.kind = s.kind AND i.currency = s.currency AND i.place = s.step),
usual AS MATERIALIZED (
  SELECT invoice_id, count(*) AS earlier_documents, median(total)::DECIMAL(18,2) AS usual_total
  FROM earlier GROUP BY invoice_id)"""
"""The reviewed documents, and of each the last ones before it: same customer, account, kind and currency."""

_PRODUCTS: Final = """
had AS (
  SELECT e.invoice_id, coalesce(l.item_id, l.name) AS product, min(l.name) AS name
  FROM earlier e JOIN lines l ON l.invoice_id = e.earlier_id JOIN usual u ON u.invoice_id = e.invoice_id
  WHERE l.net <> 0
  GROUP BY e.invoice_id, product HAVING count(DISTINCT e.earlier_id) = any_value(u.earlier_documents)),
missing AS (
  SELECT h.invoice_id, string_agg(h.name, ', ' ORDER BY h.name) AS missing_products
  FROM had h ANTI JOIN lines l ON l.invoice_id = h.invoice_id AND coalesce(l.item_id, l.name) = h.product
  GROUP BY h.invoice_id)"""

_READINGS: Final = """
billed AS (
  SELECT i.invoice_id, i.customer_id, i.kind FROM invoices i SEMI JOIN wanted w ON w.customer_id = i.customer_id
  WHERE i.kind NOT IN ('credit_note', 'correction_note') AND i.credited_by IS NULL
    AND (i.status IN ('approved', 'created', 'generation_failed') OR i.invoice_id IN (SELECT invoice_id FROM wanted))),
read AS MATERIALIZED (
  SELECT b.invoice_id, b.customer_id, b.kind, coalesce(m.connection_id, '') AS connection, m.meter_id,
    coalesce(m.register, '') AS register, m.unit, min(m.date_from) AS date_from, max(m.date_to) AS date_to,
    sum(m.usage)::DOUBLE AS usage, bool_or(coalesce(m.method, '') = 'estimated') AS estimated,
    max(m.date_to) - min(m.date_from) + 1 AS days
  FROM measurements m JOIN billed b ON b.invoice_id = m.invoice_id GROUP BY ALL),
streaks AS MATERIALIZED (
  SELECT *, lag(date_to) OVER meter AS read_until, lag(usage / days) OVER meter AS daily,
    row_number() OVER meter - coalesce(max(CASE WHEN NOT estimated THEN turn ELSE 0 END) OVER meter, 0) AS streak
  FROM (SELECT *, row_number() OVER (PARTITION BY customer_id, kind, connection, meter_id, register, unit
      ORDER BY date_from, date_to, invoice_id) AS turn FROM read)
  WINDOW meter AS (PARTITION BY customer_id, kind, connection, meter_id, register, unit
    ORDER BY date_from, date_to, invoice_id)),
mine AS (
  SELECT s.*, usage AS now_usage, CASE WHEN read_until < date_from THEN daily * days END AS before
  FROM streaks s SEMI JOIN wanted w ON w.invoice_id = s.invoice_id),
year_ago AS (
  SELECT m.*, y.usage / y.days * m.days AS year_before
  FROM mine m ASOF JOIN read y ON y.customer_id = m.customer_id AND y.kind = m.kind AND y.connection = m.connection
    AND y.meter_id = m.meter_id AND y.register = m.register AND y.unit = m.unit AND m.date_from - 335 >= y.date_from
  WHERE y.date_from >= m.date_from - 395),
meters AS (
  SELECT invoice_id,
    min(sign(usage) * ceil(abs(usage)))::BIGINT AS least_usage,
    max(CASE WHEN estimated THEN streak ELSE 0 END) AS estimated_in_a_row,
    arg_max(date_from - read_until - 1, abs(date_from - read_until - 1)) AS gap_days,
    arg_max(read_until, abs(date_from - read_until - 1)) AS read_until
  FROM mine GROUP BY invoice_id),
previous AS (
  SELECT invoice_id, arg_max(struct_pack(meter := meter_id, usage := usage, expected := before),
    abs(ln(greatest(usage, 0.001) / before))) AS p FROM mine WHERE before > 0 GROUP BY invoice_id),
yearly AS (
  SELECT invoice_id, arg_max(struct_pack(meter := meter_id, usage := usage, expected := year_before),
    abs(ln(greatest(usage, 0.001) / year_before))) AS y FROM year_ago WHERE year_before > 0 GROUP BY invoice_id),
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

_SELECT: Final = """
SELECT w.invoice_id,
  u.earlier_documents, (u.usual_total * 100)::BIGINT AS usual_total_cents,
  CASE WHEN u.usual_total <> 0 THEN round(w.total::DOUBLE / u.usual_total::DOUBLE * 10000) END AS total_share_bp,
  (abs(w.total - u.usual_total) * 100)::BIGINT AS total_difference_cents, missing_products,
  p.meter AS previous_meter, round(p.usage) AS previous_usage, round(p.expected) AS previous_expected,
  round(p.usage / p.expected * 10000) AS previous_share_bp, round(abs(p.usage - p.expected)) AS previous_difference,
  y.meter AS yearly_meter, round(y.usage) AS yearly_usage, round(y.expected) AS yearly_expected,
  round(y.usage / y.expected * 10000) AS yearly_share_bp, round(abs(y.usage - y.expected)) AS yearly_difference,
  gap_days, read_until, least_usage, coalesce(lines_without_readings, 0) AS lines_without_readings, estimated_in_a_row,
  isodow(w.due_date) AS due_weekday, previous_iban, billed_as, same_totals,
  x.name AS price_product, round(x.share * 10000) AS price_share_bp, x.lines AS price_lines,
  v.name AS vat_product, (v.rate * 100)::BIGINT AS vat_rate_bp, (v.usual * 100)::BIGINT AS usual_vat_rate_bp,
  round(v.share * 10000) AS usual_vat_share_bp, v.lines AS vat_lines
FROM wanted w
LEFT JOIN usual u USING (invoice_id) LEFT JOIN missing USING (invoice_id) LEFT JOIN meters USING (invoice_id)
LEFT JOIN previous USING (invoice_id) LEFT JOIN yearly USING (invoice_id) LEFT JOIN bare USING (invoice_id)
LEFT JOIN twice USING (invoice_id) LEFT JOIN priced USING (invoice_id) LEFT JOIN taxed USING (invoice_id)
LEFT JOIN debited d ON d.customer_id = w.customer_id
LEFT JOIN metered t ON t.company_account_id = w.company_account_id AND t.currency = w.currency AND t.total = w.total
ORDER BY w.row_place"""


def history_columns(con: Any, ids: npt.NDArray[np.int64], documents: int) -> pd.DataFrame:
    """History columns of some documents, in their order.

    Args:
        con: an open connection.
        ids: int64 invoice ids; unknown ones are left out.
        documents: so many earlier documents of a customer count.

    Returns:
        invoice_id int64, and `HISTORY_COLUMNS`; missing where there is nothing to compare with.
    """
    whole = (Type.INTEGER, Type.MONEY, Type.PERCENT)
    types = {c.frame_name: "BIGINT" if c.type in whole else c.sql_type for c in HISTORY_COLUMNS.values()}
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in types.items())
    steps = f"{_DOCUMENTS},{_PRODUCTS},{_READINGS},{_RUN}"
    sql = f"WITH {steps} SELECT invoice_id, {columns} FROM ({_SELECT})"
    source = pa.table({"id": pa.array(ids, pa.int64()), "place": pa.array(np.arange(len(ids)), pa.int64())})
    with registered(con, _IDS, source):
        return fetch(
            con,
            sql,
            [TABLES["invoices"].column("invoice_id"), *HISTORY_COLUMNS.values()],
            {"documents": documents},
        )
