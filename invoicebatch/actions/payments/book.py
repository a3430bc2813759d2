"""Book what banks and other systems reported: payments, confirmed, rejected and returned items.

The reports wait in `bank_entries`; each is booked once, by its key and its mark.
"""

import pandas as pd

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.booking import READS, book_items
from invoicebatch.model.payments.candidates import COLLECTIONS
from invoicebatch.model.schema.payments import BANK_ENTRIES
from invoicebatch.model.status import EntryKind, ItemStatus

_KEY = ["bundle_id", "item_no"]


def _entries(batch: Batch) -> pd.DataFrame:
    """Unbooked entries with their item; of several on one item only the first is booked now."""
    entries = batch["bank_entries"]
    entries = entries[~entries["booked"]].sort_values(["booked_on", "entry_id"], kind="stable")
    items = batch["bundle_items"].merge(batch["payment_bundles"][["bundle_id", "part"]], on="bundle_id")
    known = items[[*_KEY, "end_to_end_id", "status", "amount_cents", "part", "remittance", "mandate_id"]]
    known = known.rename(columns={"status": "item_status", "amount_cents": "item_cents"})
    rows = entries.merge(known, on=_KEY, how="left")
    later = rows["bundle_id"].notna() & rows.duplicated(_KEY)
    return rows[~later].reset_index(drop=True)


def _outcome(rows: pd.DataFrame) -> "pd.Series[str]":
    """What each entry comes to: confirm, reject, give_back, pay, or an empty string."""
    kind, status = rows["kind"].astype("str"), rows["item_status"].astype("str")
    back = kind.isin([EntryKind.REJECTED, EntryKind.RETURNED])
    outcome = pd.Series("", index=rows.index, dtype="str")
    outcome = outcome.mask(kind.eq(EntryKind.CONFIRMED) & status.eq(ItemStatus.PENDING), "confirm")
    outcome = outcome.mask(back & status.eq(ItemStatus.PENDING), "reject")
    outcome = outcome.mask(back & status.eq(ItemStatus.CONFIRMED), "give_back")
    return outcome.mask(kind.eq(EntryKind.PAYMENT), "pay")


def _decided(batch: Batch, rows: pd.DataFrame, outcome: "pd.Series[str]") -> pd.DataFrame:
    chosen = rows[outcome.isin(["confirm", "reject"])]
    status = outcome[chosen.index].map(
        {"confirm": ItemStatus.CONFIRMED.value, "reject": ItemStatus.REJECTED.value}
    )
    news = chosen[[*_KEY, "reason", "booked_on", "source"]].assign(status=status)
    return batch["bundle_items"].drop(columns=["status", "reason"]).merge(news, on=_KEY)


def _movements(rows: pd.DataFrame, outcome: "pd.Series[str]") -> pd.DataFrame:
    """Plain payments, and confirmed items given back."""
    chosen = rows[outcome.isin(["pay", "give_back"])]
    received = chosen["part"].astype("str").eq(COLLECTIONS)
    back = chosen["item_cents"].where(~received, -chosen["item_cents"])
    amount = chosen["amount_cents"].where(outcome[chosen.index].eq("pay"), back)
    return chosen[["invoice_id", "booked_on", "source", "reference"]].assign(
        payment_id=chosen["entry_id"], amount_cents=amount.astype("int64")
    )


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """Each entry has its effect once; one that comes too late is named and laid aside."""
    rows = _entries(batch)
    outcome = _outcome(rows)
    early = context.settings.payment_plans.early_payment
    movements = _movements(rows, outcome)
    effects = book_items(batch, _decided(batch, rows, outcome), context.today, early, movements)
    given_back = rows[outcome.eq("give_back")]
    returned = given_back[[*_KEY, "reason"]].assign(status=ItemStatus.RETURNED.value)
    effects.update_more("bundle_items", returned)
    effects.update("bank_entries", BANK_ENTRIES.conform(rows[["entry_id"]].assign(booked=True)))
    late = rows[outcome.eq("")]
    state = late["item_status"].astype("str").where(late["item_status"].notna(), "no payment of ours")
    text = "reported as " + late["kind"].astype("str") + ", but is " + state
    return effects.changes(
        failures=failures(late["invoice_id"], text),
        totals={"booked_cents": int(movements["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.book",
    label="Book bank entries",
    help="Book what the bank reported about payments.",
    reads=READS | {"bank_entries"},
    transform=transform,
    repeatable=True,
    hidden=True,
)
