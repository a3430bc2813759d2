"""Which documents are closed: nothing more is to come of them, so they may leave the live state."""

from datetime import date
from typing import Any, Final

import pandas as pd

from invoicebatch.store.archive.tables import GOING

PART_DOCUMENTS: Final = 10_000
"""Documents of a part at most: what is written, checked and committed at a time."""

_CARRIED: Final = (
    "SELECT invoice_id, status FROM outbox UNION ALL"
    " SELECT unnest(CAST(also AS BIGINT[])), status FROM outbox WHERE also IS NOT NULL"
)
_PAID_BY: Final = (
    "SELECT a.invoice_id FROM payment_allocations a JOIN (SELECT p.payment_id FROM incoming_payments p"
    " JOIN payment_allocations s ON s.payment_id = p.payment_id AND s.taken_back_by IS NULL"
    " GROUP BY p.payment_id, p.amount HAVING p.amount > sum(s.amount)) r USING (payment_id)"
    " WHERE a.taken_back_by IS NULL"
)

STAYS: Final = {
    "it is not issued": "i.status <> 'created' OR i.number IS NULL OR i.invoice_date IS NULL",
    "something is outstanding": "i.outstanding <> 0",
    "it is not sent": "i.shipping_status <> 'sent'",
    "it is not exported": "i.export_status <> 'exported'",
    "it is in a payment bundle": (
        "i.payment_bundle_id IS NOT NULL OR i.invoice_id IN (SELECT invoice_id FROM live_bundle_items)"
    ),
    "it is in collection": (
        "i.invoice_id IN (SELECT invoice_id FROM collection_cases WHERE status <> 'closed')"
    ),
    "its payment plan runs": (
        "i.payment_plan_id IN (SELECT plan_id FROM payment_plans WHERE status IN ('draft', 'active'))"
    ),
    "a run holds it": "i.invoice_id IN (SELECT invoice_id FROM claims)",
    "a message of it is under way or in doubt": (
        f"i.invoice_id IN (SELECT invoice_id FROM ({_CARRIED}) WHERE status NOT IN ('sent', 'failed'))"
    ),
    "a payment of it is not booked yet": (
        "i.invoice_id IN (SELECT invoice_id FROM bank_entries WHERE NOT booked) OR i.invoice_id IN"
        " (SELECT invoice_id FROM payment_allocations WHERE NOT booked AND taken_back_by IS NULL)"
    ),
    "something of a payment of it is left": f"i.invoice_id IN ({_PAID_BY})",
}
"""Why a document stays, and when (SQL over `invoices i`); one that none of it holds of is closed.

Paid or credited, sent and exported: the last steps of the bar. The rest is what still moves by itself: a bank file,
collection (§ 286 BGB, art. 6:96 BW), instalments, runs, messages, payments. A paid direct debit may still come back,
for eight weeks or thirteen months (EPC016 SDD Core Rulebook 4.3.1.1, PSD2 art. 71 and 77): it is brought back then.
"""

_LINKED: Final = "what belongs to it stays: a credit note, its original, or the note that deducts it"


def judge(con: Any, before: date, matters: Any = None) -> None:
    """Fill the temporary table `judged`: what is dated before a day, and why it stays.

    A document and its credit notes are one matter, which goes as a whole or stays, with its last date.

    Args:
        con: an open connection.
        before: the first day that stays.
        matters: only these (ids of the originals), and the notes that deduct them; None: all.
    """
    among = "" if matters is None else f"WHERE {_MATTER} IN ({_ASKED}) OR {_MATTER} IN ({_DEDUCTING})"
    cases = " ".join(f"WHEN {condition} THEN '{why}'" for why, condition in STAYS.items())
    params = {"before": before} | ({} if matters is None else {"matters": list(matters)})
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT *, max(date) OVER (PARTITION BY matter) AS last_date,"
        " CASE WHEN why = '' AND bool_or(why <> '') OVER (PARTITION BY matter) THEN $linked ELSE why END AS stays"
        f" FROM (SELECT i.invoice_id, {_MATTER} AS matter, i.company_account_id AS account, i.invoice_date AS date,"
        f" CASE {cases} ELSE '' END AS why FROM invoices i {among})"
        " QUALIFY last_date < $before",
        params | {"linked": _LINKED},
    )
    con.execute(  # an advance waits for the note that deducts it
        "UPDATE judged SET stays = $linked WHERE stays = '' AND matter IN (SELECT j.matter FROM judged j"
        " JOIN lines l ON l.advance_of = j.invoice_id"
        " WHERE l.invoice_id NOT IN (SELECT invoice_id FROM judged WHERE stays = ''))",
        {"linked": _LINKED},
    )


_MATTER: Final = "coalesce(i.credit_of, i.invoice_id)"
_ASKED: Final = "SELECT unnest($matters::BIGINT[])"
_DEDUCTING: Final = (
    "SELECT coalesce(n.credit_of, n.invoice_id) FROM lines l JOIN invoices n ON n.invoice_id = l.invoice_id"
    f" JOIN invoices a ON a.invoice_id = l.advance_of WHERE coalesce(a.credit_of, a.invoice_id) IN ({_ASKED})"
)
"""Matters of the notes that deduct the asked ones."""


def closed_parts(con: Any, before: date) -> tuple[list[list[int]], pd.DataFrame, int]:
    """What may go, by parts of one account and month; and why the rest stays.

    Args:
        con: an open connection.
        before: the first day that stays.

    Returns:
        The matters of each part; reason str, rows int64 of what is dated before that day and stays; how many
        documents may go.
    """
    judge(con, before)
    parts = con.sql(
        "SELECT list(matter ORDER BY matter) FROM (SELECT *, sum(documents) OVER (PARTITION BY account, month"
        f" ORDER BY matter) // {PART_DOCUMENTS} AS place FROM (SELECT matter, min(account) AS account,"
        " strftime(max(last_date), '%Y-%m') AS month, count(*) AS documents FROM judged WHERE stays = ''"
        " GROUP BY matter)) GROUP BY account, month, place ORDER BY account, month, place"
    ).fetchall()
    stays = con.sql(
        "SELECT stays AS reason, count(*) AS rows FROM judged WHERE stays <> '' GROUP BY ALL ORDER BY rows DESC, reason"
    ).df()
    ((documents,),) = con.sql("SELECT count(*) FROM judged WHERE stays = ''").fetchall()
    return [matters for (matters,) in parts], stays.astype({"reason": "str", "rows": "int64"}), documents


def choose(con: Any, before: date, matters: list[int]) -> tuple[str, str, int]:
    """Fill `GOING` with those of some matters that are closed now: account and month of them, and how many."""
    judge(con, before, matters)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {GOING} AS SELECT invoice_id, account, last_date FROM judged"
        f" WHERE stays = '' AND matter IN ({_ASKED}) ORDER BY invoice_id",
        {"matters": matters},
    )
    ((account, month, count),) = con.sql(
        f"SELECT min(account), strftime(max(last_date), '%Y-%m'), count(*) FROM {GOING}"
    ).fetchall()
    return str(account), str(month), int(count)
