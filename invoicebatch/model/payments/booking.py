"""Decided bundle items booked on their invoices: bundle, key, mandate, plan and case follow."""

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from invoicebatch.model.action import Context
from invoicebatch.model.changes import Batch
from invoicebatch.model.payments import bundles, settlement
from invoicebatch.model.payments.candidates import COLLECTIONS
from invoicebatch.model.payments.mandates import after_collection
from invoicebatch.model.payments.returns import Reasons, ended_mandates, marked
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import ItemStatus

READS = bundles.READS | settlement.READS | {"mandates"}
"""Tables that `book_items` looks into."""

COLUMNS = bundles.COLUMNS | {
    "paid_cents", "outstanding_cents", "payment_plan_id", "return_code", "returned_on", "return_count", "collect_again_on",
}  # fmt: skip
"""Overview columns that it needs."""

AGAIN: Final = "reported before"
"""Remark of a bank entry that says once more what was booked."""

_RETURNED: Final = ["invoice_id", "mandate_id", "part", "reason_code", "booked_on"]
_CHANGED: Final = ["bundle_id", "item_no", "status", "reason", "returned_cents"]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The bank's word on items.

    Attributes:
        settled: rows of `bundle_items` that waited, with final status and reason; booked_on datetime64,
            source str.
        changed: items that stay in their bundle's hold or were settled before: bundle_id, item_no, status,
            reason, returned_cents.
        returned: rejected and returned items: invoice_id, mandate_id, part, reason_code, booked_on.
        reasons: what follows them, by code.
    """

    settled: pd.DataFrame
    changed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_CHANGED))
    returned: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_RETURNED))
    reasons: Reasons = field(default_factory=dict)


def book_items(
    batch: Batch, decisions: Decisions, context: Context, further: pd.DataFrame | None = None
) -> ChangesBuilder:
    """All that follows from the bank's word on some items.

    Args:
        batch: invoices and the tables of `READS`.
        decisions: see `Decisions`.
        context: of the run; its day is what an early payment is early to.
        further: movements besides (see `settlement.settled`).
    """
    decided = decisions.settled
    items = decided.merge(
        batch["payment_bundles"][["bundle_id", "part", "collection_date"]], on="bundle_id", how="left"
    )
    taken = items[items["status"].eq(ItemStatus.CONFIRMED)]
    sign = taken["part"].astype("str").eq(COLLECTIONS).map({True: 1, False: -1}).astype("int64")
    movements = taken[["invoice_id", "booked_on", "source"]].assign(
        payment_id=_payment_ids(taken),
        amount_cents=taken["amount_cents"] * sign,
        reference=taken["remittance"],
    )
    if further is not None and len(further):
        movements = pd.concat([movements, further], ignore_index=True) if len(movements) else further
    early = context.settings.payment_plans.early_payment
    effects = settlement.settled(batch, movements, context.today, early)
    if len(decided):
        bundles.resolve(effects, batch.invoices, batch["payment_bundles"], batch["bundle_items"], decided)
    effects.update_more("bundle_items", decisions.changed)
    ended = pd.Series(dtype="str")
    if len(decisions.returned):
        effects.update_invoices(
            batch.invoices, marked(batch.invoices, decisions.returned, decisions.reasons, context.today)
        )
        ended = ended_mandates(decisions.returned, decisions.reasons)
    effects.update("mandates", after_collection(batch["mandates"], taken, ended))
    return effects


def _payment_ids(items: pd.DataFrame) -> "pd.Series[str]":
    """The EndToEndId; of further items of a debit with their number."""
    number = items["item_no"].astype("str").str.zfill(6)
    ids = items["end_to_end_id"].astype("str")
    return ids.where(ids.str[-6:].eq(number), ids + "-" + number)
