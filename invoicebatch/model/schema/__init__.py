"""Every table and column, in one place: DDL, dtypes, Parquet schemas and the documentation derive
from it. Only descriptions live here; reading and writing is the store's.
"""

from collections.abc import Mapping
from typing import Final

from invoicebatch.model.schema.archive import ARCHIVE_PARTS, ARCHIVED_INVOICES
from invoicebatch.model.schema.invoices import (
    ALLOWANCE_CHARGES,
    ATTACHMENTS,
    BILLING_HISTORY,
    DOCUMENTS,
    INVOICES,
    LINES,
    MEASUREMENTS,
    VAT_BREAKDOWN,
)
from invoicebatch.model.schema.journal import (
    ARTEFACTS,
    BOUNCED_ADDRESSES,
    BUYER_ANSWERS,
    CLAIMS,
    DELIVERY_REPORTS,
    EVENT_CHAIN,
    EVENTS,
    EXPORT_JOBS,
    IMPORTS,
    INVOICE_CHANGES,
    MAILBOXES,
    OUTBOX,
    RUN_ROWS,
    RUNS,
)
from invoicebatch.model.schema.overview import OVERVIEW, Derived, needs_today, overview_sql
from invoicebatch.model.schema.parties import (
    COMPANY_ACCOUNTS,
    CUSTOMERS,
    ISSUED_NUMBERS,
    MANDATES,
    NUMBER_COUNTERS,
    NUMBER_RANGES,
)
from invoicebatch.model.schema.payments import (
    BANK_ENTRIES,
    BANK_STATEMENTS,
    BUNDLE_ITEMS,
    COLLECTION_CASES,
    COLLECTION_STEPS,
    INCOMING_PAYMENTS,
    INSTALMENTS,
    LIVE_BUNDLE_ITEMS,
    PAYMENT_ALLOCATIONS,
    PAYMENT_BUNDLES,
    PAYMENT_PLANS,
    PAYMENTS,
)
from invoicebatch.model.schema.review import (
    HISTORY_COLUMNS,
    JUDGED,
    PAST,
    REVIEW_CHANGES,
    REVIEW_COLUMNS,
    REVIEW_FINDINGS,
)
from invoicebatch.model.schema.types import Column, Table, Type

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        INVOICES,
        LINES,
        ALLOWANCE_CHARGES,
        VAT_BREAKDOWN,
        MEASUREMENTS,
        DOCUMENTS,
        ATTACHMENTS,
        BILLING_HISTORY,
        REVIEW_FINDINGS,
        CUSTOMERS,
        MANDATES,
        COMPANY_ACCOUNTS,
        NUMBER_RANGES,
        NUMBER_COUNTERS,
        ISSUED_NUMBERS,
        PAYMENT_BUNDLES,
        BUNDLE_ITEMS,
        LIVE_BUNDLE_ITEMS,
        PAYMENTS,
        INCOMING_PAYMENTS,
        PAYMENT_ALLOCATIONS,
        BANK_ENTRIES,
        BANK_STATEMENTS,
        COLLECTION_CASES,
        COLLECTION_STEPS,
        PAYMENT_PLANS,
        INSTALMENTS,
        EXPORT_JOBS,
        RUNS,
        RUN_ROWS,
        CLAIMS,
        ARTEFACTS,
        OUTBOX,
        EVENTS,
        INVOICE_CHANGES,
        EVENT_CHAIN,
        IMPORTS,
        BUYER_ANSWERS,
        DELIVERY_REPORTS,
        BOUNCED_ADDRESSES,
        MAILBOXES,
        ARCHIVED_INVOICES,
        ARCHIVE_PARTS,
    )
}
"""Every table by name."""

INVOICE_TABLES: Final = tuple(
    name for name, table in TABLES.items() if table.key[0] == "invoice_id" and len(table.key) > 1
)
"""Tables whose rows belong to one invoice (`invoice_id` leads the key)."""


_HEAD: Final = "| column | kind | meaning |\n|---|---|---|\n"


def documentation() -> str:
    """All tables and columns as Markdown."""
    parts = []
    for table in TABLES.values():
        rows = "\n".join(
            f"| `{c.frame_name}` | {c.sql_type} | {c.frame_unit} | {'yes' if c.editable else ''} "
            f"| {c.meaning}{' (' + ', '.join(c.values) + ')' if c.values else ''} |"
            for c in table.columns
        )
        parts.append(
            f"## {table.name}\n{table.meaning} Key: {', '.join(table.key)}.\n\n"
            f"| column in a frame | stored as | unit | editable | meaning |\n|---|---|---|---|---|\n{rows}\n"
        )
    history = "\n".join(f"| `{c.name}` | {c.type} | {c.meaning} |" for c in HISTORY_COLUMNS.values())
    return "\n".join(
        [
            *parts,
            "## History columns\nFor the conditions of rules/review.toml; stored nowhere.\n",
            _HEAD + history + "\n",
        ]
    )


__all__ = [
    "HISTORY_COLUMNS",
    "INVOICE_TABLES",
    "JUDGED",
    "OVERVIEW",
    "PAST",
    "REVIEW_CHANGES",
    "REVIEW_COLUMNS",
    "TABLES",
    "Column",
    "Derived",
    "Table",
    "Type",
    "documentation",
    "needs_today",
    "overview_sql",
]
