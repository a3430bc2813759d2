"""Decided bundle items booked on their invoices: bundle, key, mandate, plan and case follow."""

from datetime import date
from typing import Literal

import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.payments import bundles, settlement
from invoicebatch.model.payments.candidates import COLLECTIONS
from invoicebatch.model.payments.mandates import after_collection
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import ItemStatus

READS = bundles.READS | settlement.READS | {"mandates"}
"""Tables that `book_items` looks into."""


def book_items(
    batch: Batch,
    decided: pd.DataFrame,
    today: date,
    early: Literal["keep", "recalculate"],
    further: pd.DataFrame | None = None,
) -> ChangesBuilder:
    """All that follows from the bank's word on some items.

    Args:
        batch: invoices and the tables of `READS`.
        decided: rows of `bundle_items` with new status and reason; booked_on datetime64, source str.
        today: what an early payment is early to.
        early: what an early payment does to a plan.
        further: movements besides (see `settlement.settled`).
    """
    items = decided.merge(
        batch["payment_bundles"][["bundle_id", "part", "collection_date"]], on="bundle_id", how="left"
    )
    taken = items[items["status"].eq(ItemStatus.CONFIRMED)]
    sign = taken["part"].astype("str").eq(COLLECTIONS).map({True: 1, False: -1}).astype("int64")
    movements = taken[["invoice_id", "booked_on", "source"]].assign(
        payment_id=taken["end_to_end_id"],
        amount_cents=taken["amount_cents"] * sign,
        reference=taken["remittance"],
    )
    if further is not None and len(further):
        movements = pd.concat([movements, further], ignore_index=True) if len(movements) else further
    effects = settlement.settled(batch, movements, today, early)
    if len(decided):
        touched = batch["payment_bundles"]["bundle_id"].isin(decided["bundle_id"])
        bundles.resolve(
            effects, batch.invoices, batch["payment_bundles"][touched], batch["bundle_items"], decided
        )
    effects.update("mandates", after_collection(batch["mandates"], taken))
    return effects
