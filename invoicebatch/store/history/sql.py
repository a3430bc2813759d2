"""The queries of the history: from the reviewed documents to what they are compared with.

Documents, meters and products are told apart by a hash of what makes them one.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np

from invoicebatch.model.schema.types import scaled_sql

IDS: Final = "reviewed_ids"
"""The reviewed documents: id, place, and what was worked out of them so far."""
ASIDE: Final = "reviewed_aside"
"""What else a query joins."""

_GROUP: Final = "hash(i.customer_id, i.company_account_id, i.kind, i.currency)"
_WHO: Final = "hash(i.customer_id, i.kind)"
_METER: Final = "hash(m.connection_id, m.meter_id, m.register, m.unit)"
_MOMENT: Final = "coalesce(i.period_end, i.invoice_date, i.created_at::DATE)"
_ISSUED: Final = "i.status IN ('approved', 'created', 'generation_failed') AND i.credited_by IS NULL"
_METERED: Final = "i.kind NOT IN ('credit_note', 'correction_note')"
_BILLED: Final = "i.credited_by IS NULL AND i.credit_of IS NULL AND NOT i.is_open_item AND i.total <> 0"
_PRODUCT: Final = "coalesce(l.item_id, l.name)"
_CENTS: Final = scaled_sql("i.total")

DOCUMENTS: Final = f"""
SELECT w.place, i.invoice_id AS id, {_GROUP} AS alike, {_MOMENT} AS moment, {_WHO} AS who, {_METERED} AS metered,
  i.credited_by IS NULL AS counts
FROM {IDS} w JOIN invoices i ON i.invoice_id = w.id"""

EARLIER: Final = f"""
SELECT g.code, i.moment, i.cents, i.id FROM (
  SELECT i.invoice_id AS id, {_CENTS} AS cents, {_MOMENT} AS moment, {_GROUP} AS alike FROM invoices i
  WHERE {_ISSUED} AND NOT i.is_open_item
  UNION ALL SELECT -1, {_CENTS}, i.period_end, {_GROUP} FROM billing_history i) i
JOIN {ASIDE} g ON g.alike = i.alike"""
"""Documents before others, and what an earlier system billed: same customer, account, kind and currency."""


LAST_CHARGED: Final = f"""
SELECT w.place, hash({_PRODUCT}) AS product FROM {ASIDE} w JOIN lines l ON l.invoice_id = w.id WHERE l.net <> 0"""
"""Products that the document before each reviewed one charges for."""

GONE: Final = f"""
WITH own AS (
  SELECT w.place, hash({_PRODUCT}) AS product FROM {IDS} w SEMI JOIN {ASIDE} a ON a.place = w.place
  JOIN lines l ON l.invoice_id = w.id)
SELECT a.place, hash({_PRODUCT}) AS product, min(l.name) AS name
FROM {ASIDE} a JOIN lines l ON l.invoice_id = a.id
ANTI JOIN own o ON o.place = a.place AND o.product = hash({_PRODUCT})
WHERE l.net <> 0 GROUP BY ALL"""
"""Products that the last document has and a document has not."""

CHARGED: Final = f"""
SELECT l.invoice_id AS id, hash({_PRODUCT}) AS product FROM lines l SEMI JOIN {ASIDE} a ON a.id = l.invoice_id WHERE l.net <> 0"""
"""Products that documents charge for."""

MISSING: Final = f"SELECT place, string_agg(name, ', ' ORDER BY name) AS names FROM {ASIDE} GROUP BY place"
"""Names of what each document misses."""

_READING: Final = f"""m.invoice_id, {_METER} AS meter, m.date_from, m.date_to,
  round(m.usage::DOUBLE * 1000000)::BIGINT AS usage, coalesce(m.method = 'estimated', false) AS estimated"""

OWN_READINGS: Final = f"SELECT {_READING}, w.place, m.line_no, m.meter_id FROM measurements m JOIN {IDS} w ON w.id = m.invoice_id"
"""Readings of the reviewed documents."""

METERED: Final = f"SELECT i.invoice_id, {_WHO} AS who FROM invoices i WHERE {_METERED} AND {_ISSUED}"
"""Documents whose readings a reviewed one's are compared with."""
THESE: Final = f" AND i.invoice_id IN (SELECT id FROM {ASIDE})"
THEIRS: Final = f" AND {_WHO} IN (SELECT who FROM {ASIDE})"

_NEAR: Final = "(m.date_from >= $first - 40 OR m.date_from BETWEEN $first - 395 AND $last - 335)"
"""Readings of the period before and of a year ago: most meters need no other."""

NEAR: Final = f"""
SELECT {_READING} FROM measurements m WHERE {_NEAR} AND {_METER} IN (SELECT meter FROM {ASIDE})
  AND m.invoice_id NOT IN (SELECT id FROM {IDS})"""
OLDER: Final = f"""
SELECT {_READING}, a.who FROM measurements m JOIN {ASIDE} a ON a.invoice_id = m.invoice_id WHERE NOT {_NEAR}"""


def on_days(text: str, days: Mapping[str, date | int]) -> str:
    """A query with its days as literals, given as such or as in arrays: only that lets a scan skip what is older."""
    for name, day in days.items():
        text = text.replace(name, f"DATE '{np.datetime64(day, 'D')}'")
    return text


FOLLOWED: Final = f"""
SELECT f.place, min(i.customer_id) AS customer FROM {ASIDE} f JOIN invoices i ON i.invoice_id = f.document_later
JOIN invoices w ON w.invoice_id = f.document WHERE i.customer_id <> w.customer_id GROUP BY f.place"""
"""Customers whose readings of a meter begin after another's."""

_IN_RUN: Final = f"""
FROM invoices i LEFT JOIN {IDS} w ON w.id = i.invoice_id"""
_RUN: Final = "(i.status IN ('empty', 'approval_failed') OR w.id IS NOT NULL)"

RUN_LINES: Final = f"""
SELECT coalesce(w.place, -1) AS place, l.line_no, hash({_PRODUCT}) AS product, l.net <> 0 AS charged, hash(i.company_account_id, i.currency, {_PRODUCT}, l.unit) AS sold,
  hash(i.company_account_id, {_PRODUCT}) AS taxed, hash(l.name) AS name, abs(l.price / l.price_base)::DOUBLE AS price,
  (l.vat_rate * 100)::BIGINT AS rate {_IN_RUN} JOIN lines l ON l.invoice_id = i.invoice_id WHERE {_RUN}"""
"""Lines of the billing run: of what waits for approval, and of the reviewed documents."""

NAMES: Final = f"""
SELECT hash(l.name) AS code, l.name FROM {ASIDE} a JOIN {IDS} w ON w.place = a.place
JOIN lines l ON l.invoice_id = w.id AND l.line_no = a.line_no"""

RUN_TOTALS: Final = f"""
SELECT coalesce(w.place, -1) AS place, i.invoice_id AS id, hash(i.company_account_id, i.currency, i.total) AS total {_IN_RUN}
WHERE {_RUN} AND i.total <> 0"""
WITH_READINGS: Final = (
    f"SELECT DISTINCT m.invoice_id AS id FROM measurements m SEMI JOIN {ASIDE} a ON a.id = m.invoice_id"
)

PERIODS: Final = f"""
SELECT i.invoice_id AS id, hash(i.customer_id, i.company_account_id, i.kind, i.currency, i.period_start, i.period_end,
  coalesce(i.contract_reference, '')) AS period, hash(i.total) AS total, i.invoice_id IN (SELECT id FROM {IDS}) AS reviewed
FROM invoices i WHERE {_BILLED} AND i.customer_id IS NOT NULL AND i.period_start IS NOT NULL
  AND i.period_end IN (SELECT i.period_end FROM {IDS} w JOIN invoices i ON i.invoice_id = w.id)"""

BILLED_METERS: Final = f"""
SELECT DISTINCT m.invoice_id AS id, hash(m.connection_id || m.meter_id) AS meter
FROM measurements m SEMI JOIN {ASIDE} a ON a.id = m.invoice_id WHERE m.connection_id || m.meter_id IS NOT NULL"""

TWICE: Final = f"""
SELECT w.place, min(coalesce(i.number, i.external_id)) AS billed_as
FROM {ASIDE} a JOIN {IDS} w ON w.id = a.id JOIN {ASIDE} b ON b.billed = a.billed AND b.id <> a.id
JOIN invoices i ON i.invoice_id = b.id GROUP BY w.place"""
"""How the others are named that bill the same."""

MOVED: Final = f"""
changed AS MATERIALIZED (
  SELECT customer_id, iban_changed_on AS day, iban_before AS iban, NULL AS address FROM customers
  WHERE iban_changed_on IS NOT NULL
  UNION ALL SELECT customer_id, address_changed_on, NULL, address_before FROM customers
  WHERE address_changed_on IS NOT NULL
  UNION ALL SELECT customer_id, iban_changed_on, iban_before, NULL FROM mandates
  WHERE status = 'active' AND iban_changed_on IS NOT NULL),
told AS (
  SELECT i.customer_id, max(coalesce(i.invoice_date, i.created_at::DATE)) AS day FROM invoices i
  WHERE {_ISSUED} AND i.customer_id IN (SELECT customer_id FROM changed) GROUP BY i.customer_id),
moved AS (
  SELECT customer_id, min(iban) AS previous_iban, min(address) AS previous_address FROM (
    SELECT c.customer_id, c.iban, c.address FROM changed c JOIN told t USING (customer_id) WHERE c.day >= t.day
    UNION ALL SELECT customer_id, previous_iban, NULL FROM mandates
    WHERE status = 'active' AND previous_iban IS NOT NULL AND previous_iban <> iban) GROUP BY customer_id)"""
"""Customers whose address or account changed since their last document."""
