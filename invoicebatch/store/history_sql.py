"""The steps of `history_columns`, each a table by its name: from the reviewed documents to what they are compared with."""

from typing import Final

IDS: Final = "reviewed_ids"

_GROUP: Final = "hash(i.customer_id, i.company_account_id, i.kind, i.currency)"
_METER: Final = "hash(m.connection_id, m.meter_id, m.register, m.unit)"
_MOMENT: Final = "coalesce(i.period_end, i.invoice_date, i.created_at::DATE)"
_ISSUED: Final = "i.status IN ('approved', 'created', 'generation_failed') AND i.credited_by IS NULL"
_PRODUCT: Final = "coalesce(l.item_id, l.name)"

_DOCUMENTS: Final = f"""
wanted AS MATERIALIZED (
  SELECT i.invoice_id, i.customer_id, i.company_account_id, i.kind, i.currency, i.total, i.invoice_date, i.due_date,
    i.payment_term_days, i.credited_by, i.period_end, w.place AS row_place, {_MOMENT} AS moment, {_GROUP} AS alike
  FROM {IDS} w JOIN invoices i ON i.invoice_id = w.id),
groups AS MATERIALIZED (SELECT DISTINCT alike, moment FROM wanted),
issued AS (
  SELECT i.invoice_id, i.total, {_MOMENT} AS moment, {_GROUP} AS alike FROM invoices i
  WHERE {_ISSUED} AND NOT i.is_open_item
  UNION ALL SELECT NULL, i.total, i.period_end, {_GROUP} FROM billing_history i),
last AS MATERIALIZED (
  SELECT alike, g.moment, max_by(i.total, i.moment, $documents) AS totals, arg_max_null(i.invoice_id, i.moment) AS last_id
  FROM groups g JOIN issued i USING (alike) WHERE i.moment < g.moment GROUP BY alike, g.moment),
usual AS (
  SELECT alike, moment, len(totals) AS earlier_documents, list_median(totals)::DECIMAL(18,2) AS usual_total FROM last)"""
"""The reviewed documents, and the last ones before them: same customer, account, kind and currency."""

_PRODUCTS: Final = f"""
own AS (
  SELECT l.invoice_id, hash({_PRODUCT}) AS product FROM lines l SEMI JOIN wanted w ON w.invoice_id = l.invoice_id),
gone AS MATERIALIZED (
  SELECT w.invoice_id, w.alike, w.moment, any_value(a.totals) AS totals, {_PRODUCT} AS product, min(l.name) AS name
  FROM wanted w JOIN last a USING (alike, moment) JOIN lines l ON l.invoice_id = a.last_id
  ANTI JOIN own o ON o.invoice_id = w.invoice_id AND o.product = hash({_PRODUCT})
  WHERE l.net <> 0 GROUP BY w.invoice_id, w.alike, w.moment, product),
before AS MATERIALIZED (
  SELECT g.alike, g.moment, i.invoice_id FROM (SELECT DISTINCT alike, moment FROM gone) g
  JOIN issued i USING (alike) WHERE i.moment < g.moment
  QUALIFY row_number() OVER (PARTITION BY g.alike, g.moment ORDER BY i.moment DESC) <= $documents),
had AS (
  SELECT g.invoice_id, g.product, g.name FROM gone g JOIN before b USING (alike, moment)
  JOIN lines l ON l.invoice_id = b.invoice_id AND {_PRODUCT} = g.product AND l.net <> 0
  GROUP BY g.invoice_id, g.product, g.name HAVING count(DISTINCT b.invoice_id) = any_value(len(g.totals))),
missing AS (
  SELECT invoice_id, string_agg(name, ', ' ORDER BY name) AS missing_products FROM had GROUP BY invoice_id)"""
"""What all earlier documents have and a document has not: the last one says what may be missing, the others whether."""

_NEAR: Final = "(m.date_from >= $first - 40 OR m.date_from BETWEEN $first - 395 AND $last - 335)"
"""Readings of the period before and of a year ago: most meters need no other."""


def _read(condition: str) -> str:
    return f"""
  SELECT r.*, hash(i.customer_id, i.kind) AS who FROM (
    SELECT m.invoice_id, {_METER} AS meter, min(m.date_from) AS date_from, max(m.date_to) AS date_to,
      sum(m.usage)::DOUBLE AS usage, max(m.date_to) - min(m.date_from) + 1 AS days,
      bool_or(coalesce(m.method = 'estimated', false)) AS estimated
    FROM measurements m WHERE {condition} GROUP BY m.invoice_id, meter) r
  JOIN invoices i ON i.invoice_id = r.invoice_id
  WHERE i.kind NOT IN ('credit_note', 'correction_note')
    AND ({_ISSUED} OR i.invoice_id IN (SELECT invoice_id FROM wanted))"""


_READINGS: Final = f"""
mine AS MATERIALIZED (
  SELECT m.invoice_id, {_METER} AS meter, hash(i.customer_id, i.kind) AS who, min(m.meter_id) AS meter_id,
    min(m.date_from) AS date_from, max(m.date_to) AS date_to, sum(m.usage)::DOUBLE AS usage,
    max(m.date_to) - min(m.date_from) + 1 AS days, bool_or(coalesce(m.method = 'estimated', false)) AS estimated
  FROM measurements m JOIN wanted i ON i.invoice_id = m.invoice_id
  WHERE i.kind NOT IN ('credit_note', 'correction_note') AND i.credited_by IS NULL
  GROUP BY m.invoice_id, meter, who),
near AS MATERIALIZED ({_read(f"{_NEAR} AND {_METER} IN (SELECT meter FROM mine)")}),
lacking AS MATERIALIZED (
  SELECT DISTINCT meter, meter_id FROM mine m WHERE NOT EXISTS (
    SELECT 1 FROM near r WHERE r.meter = m.meter AND r.who = m.who AND r.invoice_id <> m.invoice_id
      AND r.date_from <= m.date_from AND r.date_from >= $first - 40 AND NOT (m.estimated AND r.estimated))),
read AS MATERIALIZED (
  SELECT * FROM near UNION ALL {_read(f"NOT {_NEAR} AND m.meter_id IN (SELECT meter_id FROM lacking)")}),
beside AS MATERIALIZED (
  SELECT m.invoice_id, meter, max_by(r.date_to, r.date_from) FILTER (r.date_from <= m.date_from) AS read_until,
    max_by(r.usage / r.days, r.date_from) FILTER (r.date_to < m.date_from) AS daily,
    min_by(r.usage / r.days, abs(m.date_from - 365 - r.date_from))
      FILTER (abs(m.date_from - 365 - r.date_from) <= 30) AS daily_year,
    max(r.date_from) FILTER (NOT r.estimated AND r.date_from <= m.date_from) AS last_read
  FROM mine m JOIN read r USING (meter, who) WHERE r.invoice_id <> m.invoice_id
  GROUP BY m.invoice_id, meter),
guessed AS (
  SELECT m.invoice_id, meter, count(*) AS streak FROM mine m LEFT JOIN beside b USING (invoice_id, meter)
  JOIN read r USING (meter, who)
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
followed AS (
  SELECT m.invoice_id, min(i.customer_id) AS followed_by FROM mine m JOIN near r USING (meter)
  JOIN invoices i ON i.invoice_id = r.invoice_id JOIN wanted w ON w.invoice_id = m.invoice_id
  WHERE i.customer_id <> w.customer_id AND r.date_from > m.date_to GROUP BY m.invoice_id),
bare AS (
  SELECT l.invoice_id, count(*) AS lines_without_readings
  FROM lines l SEMI JOIN wanted w ON w.invoice_id = l.invoice_id
  ANTI JOIN measurements m ON m.invoice_id = l.invoice_id AND m.line_no = l.line_no GROUP BY l.invoice_id)"""
"""Readings by meter and document, each beside the one before and the one a year ago, of the same customer."""

_RUN: Final = f"""
run AS MATERIALIZED (
  SELECT i.invoice_id, i.company_account_id, i.currency, i.total FROM invoices i
  WHERE i.status IN ('empty', 'approval_failed') OR i.invoice_id IN (SELECT invoice_id FROM wanted)),
sold AS MATERIALIZED (
  SELECT r.invoice_id, r.company_account_id, r.currency, {_PRODUCT} AS product, l.name, l.unit,
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
  SEMI JOIN measurements m ON m.invoice_id = r.invoice_id WHERE r.total <> 0 GROUP BY ALL)"""
"""The billing run: what waits for approval, and the reviewed documents."""

_TWICE: Final = """
billed AS (
  SELECT i.invoice_id, i.customer_id, i.company_account_id, i.kind, i.currency, i.period_start, i.period_end, i.total,
    coalesce(i.contract_reference, '') AS contract, coalesce(i.number, i.external_id) AS named FROM invoices i
  WHERE i.credited_by IS NULL AND i.credit_of IS NULL AND NOT i.is_open_item AND i.total <> 0
    AND i.period_end IN (SELECT period_end FROM wanted)),
pairs AS MATERIALIZED (
  SELECT a.invoice_id, b.invoice_id AS other, b.named, a.total = b.total AS same
  FROM billed a SEMI JOIN wanted w ON w.invoice_id = a.invoice_id
  JOIN billed b USING (customer_id, company_account_id, kind, currency, period_start, period_end, contract)
  WHERE a.invoice_id <> b.invoice_id),
places AS (
  SELECT invoice_id, string_agg(DISTINCT place, ' ' ORDER BY place) AS meters
  FROM (SELECT m.invoice_id, m.connection_id || m.meter_id AS place FROM measurements m
    WHERE m.invoice_id IN (SELECT invoice_id FROM pairs UNION SELECT other FROM pairs)) GROUP BY invoice_id),
twice AS (
  SELECT p.invoice_id, min(p.named) AS billed_as
  FROM pairs p LEFT JOIN places a ON a.invoice_id = p.invoice_id LEFT JOIN places b ON b.invoice_id = p.other
  WHERE a.meters = b.meters OR a.meters IS NULL AND b.meters IS NULL AND p.same GROUP BY p.invoice_id)"""
"""The same customer, account, kind, contract and period, and the same meters; where there are none, the same total."""

_PARTIES: Final = f"""
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

STEPS: Final = f"{_DOCUMENTS},{_PRODUCTS},{_READINGS},{_RUN},{_TWICE},{_PARTIES}"
