"""Book what banks and other systems reported: payments, accepted, confirmed, rejected and returned items.

The reports wait in `bank_entries`; each is booked once, by its key and its mark.
"""

from dataclasses import replace

import pandas as pd

from invoicebatch.ingest.bank.reasons import load_reasons
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.booking import AGAIN, COLUMNS, READS, Decisions, book_items
from invoicebatch.model.payments.bundles import WAITING
from invoicebatch.model.payments.candidates import COLLECTIONS, first_reason
from invoicebatch.model.schema.payments import BANK_ENTRIES
from invoicebatch.model.status import EntryKind, ItemStatus

_KEY = ["bundle_id", "item_no"]
_ITEM = [
    *_KEY,
    "end_to_end_id",
    "status",
    "amount_cents",
    "returned_cents",
    "part",
    "remittance",
    "mandate_id",
]
_BACK = (EntryKind.REJECTED.value, EntryKind.RETURNED.value)
_FINAL = {"confirm": ItemStatus.CONFIRMED.value, "reject": ItemStatus.REJECTED.value}


def _entries(batch: Batch) -> pd.DataFrame:
    """Unbooked entries with their item, by date; of several on one item only the first is booked now."""
    whole = batch["bank_entries"].assign(kind=batch["bank_entries"]["kind"].cat.as_ordered())
    entries = whole[~whole["booked"]].sort_values(["booked_on", "kind", "entry_id"], kind="stable")
    items = batch["bundle_items"].merge(batch["payment_bundles"][["bundle_id", "part"]], on="bundle_id")
    known = items[_ITEM].rename(columns={"status": "item_status", "amount_cents": "item_cents"})
    rows = entries.merge(known, on=_KEY, how="left")
    done = whole[whole["booked"] & whole["remark"].isna()].sort_values("booked_on", kind="stable")
    told = {"on": ("booked_on", "last"), "by": ("report", "last"), "as": ("message", "last")}
    for word, kinds in (("gone", _BACK), ("came", (EntryKind.CONFIRMED.value,))):
        named = {f"{word}_{name}": column for name, column in told.items()}
        last = done[done["kind"].isin(kinds)].groupby(_KEY, as_index=False).agg(**named)
        rows = rows.merge(last, on=_KEY, how="left")
    later = rows["bundle_id"].notna() & rows.duplicated(_KEY)
    return rows[~later].reset_index(drop=True)


def _answers(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which entries answer a recall of ours: no fault of the debtor follows."""
    return rows["message"].fillna("").str.startswith("camt.029").astype(bool)


def _outcome(rows: pd.DataFrame) -> "pd.Series[str]":
    """What each entry comes to: accept, confirm, reject, give_back, collect, pay, again; empty: nothing."""
    kind, status = rows["kind"].astype("str"), rows["item_status"].astype("str")
    waiting, booked = status.isin(WAITING), status.isin([ItemStatus.CONFIRMED, ItemStatus.RETURNED])
    refused = status.eq(ItemStatus.REJECTED)
    amount, left = rows["amount_cents"], rows["item_cents"] - rows["returned_cents"]
    confirmed, back = kind.eq(EntryKind.CONFIRMED), kind.isin(_BACK)
    whole = amount.eq(rows["item_cents"])
    before = rows["booked_on"].le(rows["gone_on"])
    twice = rows["came_by"].notna() & rows["came_by"].eq(rows["report"])
    otherwise = rows["gone_as"].str[:8].ne(rows["message"].str[:8]) & rows["gone_on"].notna()
    too_old = kind.eq(EntryKind.REJECTED) & rows["booked_on"].lt(rows["came_on"])
    too_old |= _answers(rows)  # what was booked comes back by a booking
    collected_again = confirmed & status.eq(ItemStatus.RETURNED) & rows["booked_on"].gt(rows["gone_on"])
    restored = kind.eq(EntryKind.RESTORED) & amount.le(rows["returned_cents"])
    outcomes = (
        ("pay", kind.eq(EntryKind.PAYMENT)),
        ("accept", kind.eq(EntryKind.ACCEPTED) & status.eq(ItemStatus.PENDING)),
        ("again", kind.eq(EntryKind.ACCEPTED) & status.ne(ItemStatus.CANCELLED) & rows["item_cents"].notna()),
        ("confirm", confirmed & waiting),
        ("collect", collected_again | restored),
        ("again", confirmed & booked & ~twice),
        ("again", confirmed & refused & before),
        ("reject", back & waiting & whole),
        ("again", back & whole & status.eq(ItemStatus.RETURNED) & otherwise),
        ("again", back & refused & whole),
        ("give_back", back & booked & amount.le(left) & ~too_old),
    )
    return first_reason(rows.index, ((mask, name) for name, mask in outcomes))


def _decided(batch: Batch, rows: pd.DataFrame, outcome: "pd.Series[str]") -> Decisions:
    """Items with their new status: settled ones, and those that only change."""
    status = outcome.map(_FINAL)
    settled = rows[status.notna()]
    news = settled[[*_KEY, "reason", "booked_on", "source"]].assign(status=status[settled.index])
    accepted = rows[outcome.eq("accept")]
    changed = rows[outcome.isin(["give_back", "collect"])]
    back = outcome[changed.index].eq("give_back")
    returned = changed["returned_cents"] + changed["amount_cents"].where(back, -changed["amount_cents"])
    whole = returned.eq(changed["item_cents"]).map({True: ItemStatus.RETURNED, False: ItemStatus.CONFIRMED})
    moved = [
        accepted[[*_KEY, "reason", "returned_cents"]].assign(status=ItemStatus.ACCEPTED.value),
        changed[_KEY].assign(
            reason=changed["reason"], returned_cents=returned.clip(lower=0), status=whole.astype("str")
        ),
    ]
    items = batch["bundle_items"].drop(columns=["status", "reason"])
    return Decisions(items.merge(news, on=_KEY), pd.concat(moved, ignore_index=True))


def _movements(rows: pd.DataFrame, outcome: "pd.Series[str]") -> pd.DataFrame:
    """Plain payments, confirmed items given back, and given back ones that came again."""
    chosen = rows[outcome.isin(["pay", "give_back", "collect"])]
    what = outcome[chosen.index]
    received = chosen["part"].astype("str").eq(COLLECTIONS).map({True: 1, False: -1})
    sign = (received * what.eq("collect").map({True: 1, False: -1})).mask(what.eq("pay"), 1)
    return chosen[["invoice_id", "booked_on", "source", "reference"]].assign(
        payment_id=chosen["entry_id"], amount_cents=(chosen["amount_cents"] * sign).astype("int64")
    )


def _why_not(rows: pd.DataFrame) -> "pd.Series[str]":
    """Why an entry has no effect, in words."""
    state = rows["item_status"].astype("str").where(rows["item_status"].notna(), "no payment of ours")
    kind = rows["kind"].astype("str")
    text = "reported as " + kind + ", but is " + state
    left = (rows["item_cents"] - rows["returned_cents"]).where(state.isin(["confirmed", "returned"]), 0)
    more = kind.isin(_BACK) & rows["item_cents"].notna() & rows["amount_cents"].gt(left)
    amounts = rows["amount_cents"].map(format_cents).astype("str")
    held = left.fillna(0).map(format_cents).astype("str")
    too_much = amounts + " went back, but no more than " + held + " is collected and not returned yet"
    return text.mask(more & ~state.eq("cancelled"), too_much)


def transform(batch: Batch, _: Params, context: Context) -> Changes:
    """Each entry has its effect once; one that comes too late is named and laid aside."""
    rows = _entries(batch)
    outcome = _outcome(rows)
    movements = _movements(rows, outcome)
    reasons = load_reasons(context.root)
    returned = rows[outcome.isin(["reject", "give_back"]) & ~_answers(rows)]
    decisions = replace(_decided(batch, rows, outcome), returned=returned, reasons=reasons)
    effects = book_items(batch, decisions, context, movements)
    late = rows[outcome.eq("")]
    reason = _why_not(late)
    remark = outcome.eq("again").map({True: AGAIN, False: None}).astype(object)
    remark.loc[late.index] = reason
    marks = rows[["entry_id"]].assign(booked=True, remark=remark)
    effects.update("bank_entries", BANK_ENTRIES.conform(marks))
    return effects.changes(
        failures=failures(late["invoice_id"], reason),
        totals={"booked_cents": int(movements["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.book",
    label="Book bank entries",
    help="Book what the bank reported about payments.",
    reads=READS | {"bank_entries"},
    columns=COLUMNS,
    transform=transform,
    repeatable=True,
    hidden=True,
)
