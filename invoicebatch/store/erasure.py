"""Taking out of the state what is known of a person; events and changes are the chain's own affair (`event_chain.erase`).

Numbers that were given stay, so do the rows of runs: they tell that there was a document, and nothing of whose it was.
"""

import json
import re
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from invoicebatch.model.schema import INVOICE_TABLES
from invoicebatch.model.status import ERASED
from invoicebatch.store.checks import SOURCE
from invoicebatch.store.frames import registered

_GO: Final = (
    *INVOICE_TABLES, "review_findings", "buyer_answers", "payments", "payment_allocations", "bank_entries",
    "live_bundle_items", "collection_cases", "artefacts", "invoices",
)  # fmt: skip
"""Tables whose rows of a document go with it."""

_PAYER: Final = ("payer", "payer_iban", "end_to_end_id", "reference", "documents", "text")
_PARTY: Final = (
    "bic", "street", "building", "free_line", "free_line_2", "postcode", "city", "country", "mandate_id",
    "previous_mandate_id", "previous_iban", "creditor_reference", "reason", "payee_check",
)  # fmt: skip
_CUSTOMER: Final = ("billing_history", "customers")

_CARRIED: Final = (
    "SELECT message_id, invoice_id FROM outbox UNION ALL"
    " SELECT message_id, unnest(CAST(also AS BIGINT[])) FROM outbox WHERE also IS NOT NULL"
)


def remove_documents(con: Any, ids: "pd.Series[int]") -> None:
    """Remove documents with all that hangs on them; in bank files and statements they become nameless.

    Args:
        con: an open connection inside a transaction.
        ids: int64 ids; no law keeps them, and nothing is open on them.
    """
    with registered(con, SOURCE, pa.table({"invoice_id": pa.array(ids, pa.int64())})):
        among = f"invoice_id IN (SELECT invoice_id FROM {SOURCE})"
        only = f"SELECT message_id FROM ({_CARRIED}) GROUP BY message_id HAVING bool_and(coalesce({among}, false))"
        con.execute(f"DELETE FROM delivery_reports WHERE message_id IN ({only})")
        con.execute(f"DELETE FROM outbox WHERE message_id IN ({only})")
        paid = f"SELECT payment_id FROM payment_allocations GROUP BY payment_id HAVING bool_and({among})"
        con.execute(f"UPDATE incoming_payments SET {_emptied(_PAYER)} WHERE payment_id IN ({paid})")
        named = "name = $erased, iban = $erased, remittance = $erased"
        con.execute(f"UPDATE bundle_items SET {named}, {_emptied(_PARTY)} WHERE {among}", {"erased": ERASED})
        con.execute(f"UPDATE run_rows SET reason = NULL WHERE {among} AND reason IS NOT NULL")
        cases = f"SELECT case_id FROM collection_cases WHERE {among}"
        con.execute(f"DELETE FROM collection_steps WHERE case_id IN ({cases})")
        for table in _GO:
            con.execute(f"DELETE FROM {table} WHERE {among}")


def remove_customer(con: Any, customer_id: str, texts: list[str], *, whole: bool) -> None:
    """Remove what no kept document needs of a customer: mandates, plans, history, marks of addresses.

    Args:
        con: an open connection inside a transaction, after `remove_documents`.
        customer_id: which.
        texts: addresses and the like; they are blanked in the parameters of runs.
        whole: no document is kept: the customer's own row goes too.
    """
    key = {"customer": customer_id}
    con.execute(
        "DELETE FROM mandates WHERE customer_id = $customer"
        " AND mandate_id NOT IN (SELECT mandate_id FROM bundle_items WHERE mandate_id IS NOT NULL)",
        key,
    )
    plans = "plan_id NOT IN (SELECT payment_plan_id FROM invoices WHERE payment_plan_id IS NOT NULL)"
    mine = f"SELECT plan_id FROM payment_plans WHERE customer_id = $customer AND {plans}"
    con.execute(f"DELETE FROM instalments WHERE plan_id IN ({mine})", key)
    con.execute(f"DELETE FROM payment_plans WHERE customer_id = $customer AND {plans}", key)
    for table in _CUSTOMER if whole else _CUSTOMER[:1]:
        con.execute(f"DELETE FROM {table} WHERE customer_id = $customer", key)
    small = [text.lower() for text in texts]
    con.execute("DELETE FROM bounced_addresses WHERE list_contains($small, lower(address))", {"small": small})
    _blank_runs(con, small)


def _blank_runs(con: Any, texts: list[str]) -> None:
    """Take texts out of what runs were asked: whole ones alone, for `an@x.de` is not in `jan@x.de`, and never a number."""
    if not texts:
        return
    any_of = "|".join(re.escape(text) for text in texts)
    whole = re.compile(rf"(?<![\w.@+-])(?:{any_of})(?![\w@+-]|\.\w)", re.IGNORECASE)
    holds = "list_bool_or(list_transform($texts::VARCHAR[], lambda x: contains(lower(parameters || ' ' || selection), x)))"
    found = con.sql(
        f"SELECT run_id, parameters, selection FROM runs WHERE {holds}", params={"texts": texts}
    ).fetchall()
    for run_id, parameters, selection in found:
        blanked = json.dumps(_blanked(json.loads(parameters), whole), ensure_ascii=False)
        con.execute(
            "UPDATE runs SET parameters = ?, selection = ? WHERE run_id = ?",
            [blanked, whole.sub(ERASED, selection), run_id],
        )


def _blanked(value: Any, whole: "re.Pattern[str]") -> Any:
    """A JSON value without the texts."""
    if isinstance(value, dict):
        return {name: _blanked(one, whole) for name, one in value.items()}
    if isinstance(value, list):
        return [_blanked(one, whole) for one in value]
    return whole.sub(ERASED, value) if isinstance(value, str) else value


def _emptied(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = NULL" for name in columns)
