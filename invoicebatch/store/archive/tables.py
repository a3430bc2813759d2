"""Which tables a document takes along to the archive, and which of their rows.

What tells that something was done already, so that it is not done twice, stays: payments that came in and what they
paid, payments that went out, bank entries, numbers that were given, runs.
"""

from dataclasses import dataclass
from typing import Final

from invoicebatch.model.schema import INVOICE_TABLES, TABLES

GOING: Final = "going"
"""The temporary table with the ids of the documents that are moved."""

_AMONG: Final = f"(SELECT invoice_id FROM {GOING})"
_CASES: Final = f"(SELECT case_id, invoice_id FROM collection_cases WHERE invoice_id IN {_AMONG})"
_MAILS: Final = f"(SELECT message_id, invoice_id FROM outbox WHERE also IS NULL AND invoice_id IN {_AMONG})"


@dataclass(frozen=True, slots=True)
class Moved:
    """How rows of a table are found.

    Attributes:
        where: SQL condition over alias `t`: the rows that go with the documents in `GOING`.
        owner: SQL of the document that a row goes with.
    """

    where: str = f"t.invoice_id IN {_AMONG}"
    owner: str = "t.invoice_id"


MOVED: Final = {
    "collection_steps": Moved(
        f"t.case_id IN (SELECT case_id FROM {_CASES})",
        f"(SELECT c.invoice_id FROM {_CASES} c WHERE c.case_id = t.case_id)",
    ),
    "delivery_reports": Moved(
        f"t.message_id IN (SELECT message_id FROM {_MAILS})",
        f"(SELECT m.invoice_id FROM {_MAILS} m WHERE m.message_id = t.message_id)",
    ),
    "outbox": Moved(f"t.also IS NULL AND t.invoice_id IN {_AMONG}"),
    **dict.fromkeys(
        (
            "collection_cases", *INVOICE_TABLES, "review_findings", "buyer_answers", "payments", "artefacts",
            "events", "invoice_changes", "run_rows", "invoices",
        ),
        Moved(),
    ),
}  # fmt: skip
"""By table, in the order in which rows may be deleted. A message that carries several documents stays."""

OWNER: Final = "archived_for"
PART: Final = "archived_in"
"""Columns of a file of the archive beside those of its table: the document that a row went with, the part."""


def columns_of(table: str) -> str:
    """The stored columns of a table."""
    return ", ".join(f'"{c.name}"' for c in TABLES[table].columns)
