"""Matching a bank's report with our bundles: each entry finds its items by id, or is named. Pure frames.

An entry names a payment, a group or a message, as its level says; one without an id is about none of ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from invoicebatch.model.ident import derived_id
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.bundles import WAITING
from invoicebatch.model.payments.candidates import COLLECTIONS, first_reason
from invoicebatch.model.payments.combined import as_debits, shares
from invoicebatch.model.payments.recalls import ACCEPTED
from invoicebatch.model.payments.report_counts import bulk_misfits, miscounted
from invoicebatch.model.status import EntryKind, ItemStatus

KINDS: Final = {
    **dict.fromkeys(("ACCP", "ACSP", "ACWC"), EntryKind.ACCEPTED.value),
    **dict.fromkeys(("ACSC", "ACCC"), EntryKind.CONFIRMED.value),
    **dict.fromkeys(("RJCT", "CANC", ACCEPTED), EntryKind.REJECTED.value),
}
"""What a status of a report on our messages means to us; others (received, pending, in part) decide nothing."""

ON_MESSAGES: Final = ("pain.002", "camt.029")
"""Reports on messages of ours: they name payments, groups and messages, and book nothing."""

BOOKED: Final = "BOOK"
_GROUP: Final = ["entry_no", "payment_information_id", "message_id"]
_KEY: Final = ["bundle_id", "item_no"]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a report's entries came to.

    Attributes:
        entries: rows of `bank_entries`, without source.
        faults: entries without effect, and counts that do not fit: end_to_end_id (or the group's or message's
            id), reason.
        others: rows of the report that are about no payment of ours.
    """

    entries: pd.DataFrame
    faults: pd.DataFrame
    others: pd.DataFrame


def matched(entries: pd.DataFrame, items: pd.DataFrame, message: str, counts: pd.DataFrame) -> Matches:
    """Entries that decide something, each with the item it is about.

    Args:
        entries: of `BankReport`; those of a statement are booked ones, of our own accounts.
        items: rows of `bundle_items`, with message_id, part, collection_date and account_iban of their bundle.
        message: message and version of the report.
        counts: of `BankReport`.
    """
    ours = items.assign(item_cents=items["amount_cents"], item_status=items["status"].astype("str"))
    each = ours.drop(columns=["amount_cents", "status", "reason", "mandate_id"])
    ours = as_debits(each)
    named = _named(entries, ours)
    if message.startswith(ON_MESSAGES):
        pairs, wrong, found = _nearest(named, entries, ours)
        wrong = pd.concat([wrong, miscounted(counts, entries, ours)], ignore_index=True)
    else:
        rest = entries[~entries["position"].isin(named["position"])]
        pairs, wrong, found = _whole_groups(named, rest, ours)
        single = entries["level"].eq("transaction") & entries["entry_no"].isin(named["entry_no"])
        listed = bulk_misfits(entries[single])
        wrong = pd.concat([wrong, _faults(listed, listed["reason"])], ignore_index=True)
    pairs = _with_amount(_with_kind(pairs))
    fault = _fault(pairs)
    bad, good = pairs[fault.ne("")], pairs[fault.eq("")]
    faults = pd.concat([_faults(bad, fault[bad.index]), wrong], ignore_index=True)
    others = entries[~entries["position"].isin(found)]
    good = shares(good, each)
    return Matches(_bank_entries(good, message), faults.drop_duplicates(), others)


def _faults(rows: pd.DataFrame, reason: "pd.Series[str] | str") -> pd.DataFrame:
    ids = rows["end_to_end_id"]
    for other in ("instruction_id", "payment_information_id", "message_id"):
        ids = ids.mask(ids.eq(""), rows[other])
    return pd.DataFrame({"end_to_end_id": ids}).assign(reason=reason)


def unknown(rows: pd.DataFrame) -> pd.DataFrame:
    """Faults of entries of a status report, and of returns, that are about no payment of ours."""
    return _faults(rows, rows["fault"].mask(rows["fault"].eq(""), "no payment of ours has this id"))


def _pairs(rows: pd.DataFrame, ours: pd.DataFrame, key: str, other: str = "") -> pd.DataFrame:
    """Rows with the items that carry their id; the items' own ids stand in the pair."""
    if rows.empty or ours.empty:
        return rows.iloc[:0].join(ours.iloc[:0].drop(columns=rows.columns.intersection(ours.columns)))
    left = rows.assign(_id=rows[key]).drop(columns=rows.columns.intersection(ours.columns))
    return left.merge(ours.assign(_id=ours[other or key]), on="_id", how="inner").drop(columns="_id")


def _named(entries: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Payments that are named by themselves, by EndToEndId or by an InstrId that repeats it."""
    rows = entries[entries["level"].eq("transaction")]
    booked_on = rows[["position", "account_iban"]].rename(columns={"account_iban": "booked_at"})
    by_id = _pairs(rows[rows["end_to_end_id"].ne("")], ours, "end_to_end_id")
    rest = rows[~rows["position"].isin(by_id["position"]) & rows["instruction_id"].ne("")]
    by_instruction = _pairs(rest, ours, "instruction_id", "end_to_end_id")
    both = pd.concat([by_id, by_instruction], ignore_index=True) if len(by_instruction) else by_id
    return both.merge(booked_on, on="position", how="left")


_Found = tuple[pd.DataFrame, pd.DataFrame, "pd.Series[int]"]
"""Pairs, faults, and the positions of all rows that are about payments of ours."""


def _nearest(named: pd.DataFrame, entries: pd.DataFrame, ours: pd.DataFrame) -> _Found:
    """Payments take the status of the nearest level that decides one: themselves, their group, the message."""
    levels = [named]
    for level, key in (("group", "payment_information_id"), ("message", "message_id")):
        rows = entries[entries["level"].eq(level) & entries[key].ne("")]
        levels.append(_pairs(rows, ours, key).assign(booked_at=""))
    whole = _joined(levels)
    pairs = whole[whole["status"].isin(KINDS)]
    direct = pairs["position"].isin(named["position"])
    nearest = pairs[direct | ~pairs.duplicated(_KEY)].reset_index(drop=True)
    return nearest, _faults(entries[:0], ""), whole["position"]


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames of the same columns in one; empty ones would blur the dtypes."""
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def _whole_groups(named: pd.DataFrame, entries: pd.DataFrame, ours: pd.DataFrame) -> _Found:
    """Bookings of a group as a whole: all its payments, where number and total are those that were sent."""
    known = entries["payment_information_id"].isin(ours["payment_information_id"]) | (
        entries["level"].eq("group") & entries["message_id"].isin(ours["message_id"])
    )
    bookings = entries[known & entries["end_to_end_id"].eq("") & entries["instruction_id"].eq("")]
    stray = bookings["entry_no"].isin(named["entry_no"])  # its neighbours are named, so it is one of them
    pairs, faults = [named], [unknown(bookings[stray])]
    for _, rows in bookings[~stray].groupby(_GROUP, sort=False):
        number, cents = _said(rows)
        members = next((s for s in _sets(rows.iloc[0], ours) if _fits(s, number, cents)), None)
        if members is None:
            faults.append(_faults(rows[:1], _misfit(rows.iloc[0], ours, number, cents)))
        else:
            pairs.append(_each(rows[:1], members))
    found = pd.concat([named["position"], bookings["position"]])
    return _joined(pairs), pd.concat(faults, ignore_index=True), found


def _each(booking: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """A pair for each payment of a group that is booked as a whole, with the payment's own amount."""
    row = booking.assign(booked_at=booking["account_iban"])
    pairs = row.drop(columns=row.columns.intersection(members.columns)).merge(members, how="cross")
    none = pd.Series(pd.NA, index=pairs.index, dtype="Int64")
    amount = pairs["item_cents"].astype("Int64")
    return pairs.assign(amount_cents=amount, instructed_cents=none, charges_cents=none)


def _said(rows: pd.DataFrame) -> tuple[int | None, int]:
    """Number and total that the bank gives for a group, where it gives them; else what it books and lists.

    What it books may differ from its total by its charges, and by nothing else.
    """
    count, cents = rows["batch_count"].iloc[0], rows["batch_cents"].iloc[0]
    listed = len(rows) if rows["level"].eq("transaction").all() and len(rows) > 1 else None
    booked, charges = int(rows["amount_cents"].sum()), int(rows["charges_cents"].sum())
    told = pd.notna(cents) and (rows["amount_cents"].isna().any() or abs(booked - int(cents)) in (0, charges))
    return (listed if pd.isna(count) else int(count)), (int(cents) if told else booked)


def _sets(row: pd.Series, ours: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The sets of payments that a booking can mean: those that wait, or came in, before all that were sent."""
    key = "payment_information_id" if row["payment_information_id"] else "message_id"
    named = ours[ours[key].eq(row[key])]
    groups = [named] + (
        [g for _, g in named.groupby("payment_information_id")] if key == "message_id" else []
    )
    planned = named["part"].astype("str").eq(COLLECTIONS).map({True: "credit", False: "debit"})
    forward = len(named) > 0 and planned.iloc[0] == row["direction"]
    wanted = WAITING if forward else (ItemStatus.CONFIRMED.value,)
    for states in (wanted, tuple(state.value for state in ItemStatus if state != ItemStatus.CANCELLED)):
        yield from (group[group["item_status"].isin(states)] for group in groups)


def _fits(members: pd.DataFrame, number: int | None, cents: int) -> bool:
    return len(members) > 0 and number in (None, len(members)) and int(members["item_cents"].sum()) == cents


def _misfit(row: pd.Series, ours: pd.DataFrame, number: int | None, cents: int) -> str:
    first = next(iter(_sets(row, ours)))
    payments = "" if number is None else f"{number:,} payments of together "
    return (
        f"the group is reported with {payments}{format_cents(cents)}; "
        f"with the bank are {len(first):,} of together {format_cents(int(first['item_cents'].sum()))}"
    )


def _with_kind(pairs: pd.DataFrame) -> pd.DataFrame:
    """`kind` of each pair: by its status, else by where the money went; empty: it contradicts itself.

    A status that says settled is no more than accepted while the date of the bundle lies ahead.
    """
    planned = pairs["part"].astype("str").eq(COLLECTIONS).map({True: "credit", False: "debit"})
    forward = pairs["direction"].eq(planned)
    kind = pairs["status"].map(KINDS).astype(object)
    ahead = kind.eq(EntryKind.CONFIRMED) & pairs["booked_on"].lt(pairs["collection_date"])
    kind = kind.mask(ahead, EntryKind.ACCEPTED.value)
    moved = pairs["direction"].ne("")
    kind = kind.mask(moved & ~forward, EntryKind.RETURNED.value)
    kind = kind.mask(moved & forward, EntryKind.CONFIRMED.value)
    kind = kind.mask(moved & forward & pairs["returned"], "")
    kind = kind.mask(moved & forward & pairs["reversal"], EntryKind.RESTORED.value)
    return pairs.assign(kind=kind.fillna("").astype("str"))


def _with_amount(pairs: pd.DataFrame) -> pd.DataFrame:
    """`amount_cents` without the bank's charges, and those as `fee_cents`.

    A status report without an amount is about all of it. Charges may be in the amount or beside it: where
    the bank does not say, they are beside it when the amount is what was sent.
    """
    amount = pairs["amount_cents"].fillna(pairs["item_cents"])
    ordered, charges = pairs["instructed_cents"], pairs["charges_cents"].fillna(0)
    beyond = pairs["charges_cents"].isna() & ordered.notna() & pairs["kind"].eq(EntryKind.RETURNED)
    charges = charges.mask(beyond & (amount > ordered).fillna(False).astype(bool), amount - ordered)
    said = pairs["charges_included"]
    included = said.eq("yes") | (said.eq("") & amount.ne(pairs["item_cents"]).fillna(False).astype(bool))
    sign = pairs["direction"].map({"debit": -1, "credit": 1}).fillna(0).astype("int64")
    without = amount + charges * sign
    agrees = without.eq(ordered).fillna(False).astype(bool)
    return pairs.assign(amount_cents=amount.mask(included | agrees, without), fee_cents=charges)


def _fault(pairs: pd.DataFrame) -> "pd.Series[str]":
    """Why a pair has no effect, or an empty string."""
    sent, said = pairs["item_cents"].map(format_cents), pairs["amount_cents"].map(format_cents)
    whole = pairs["kind"].isin([EntryKind.ACCEPTED, EntryKind.CONFIRMED, EntryKind.REJECTED])
    doubled = pairs.duplicated([*_KEY, "kind", "booked_on", "amount_cents", "bank_reference"])
    status = pairs["direction"].eq("")
    checks = (
        (pairs["fault"].ne(""), pairs["fault"]),
        (
            pairs["booked_at"].ne("") & pairs["booked_at"].ne(pairs["account_iban"]),
            "it is booked on " + pairs["booked_at"] + ", but was sent for " + pairs["account_iban"],
        ),
        (
            ~pairs["currency"].isin(["", "EUR"]),
            "it is reported in " + pairs["currency"] + ", but was sent in EUR",
        ),
        (pairs["kind"].eq(""), "it is reported as a return, but money did not come back"),
        (
            whole & pairs["amount_cents"].ne(pairs["item_cents"]),
            "reported with " + said.astype("str") + ", sent with " + sent.astype("str"),
        ),
        (
            doubled & (status | pairs["kind"].eq(EntryKind.CONFIRMED)),
            "reported twice in this file; the first one counts",
        ),
    )
    return first_reason(pairs.index, checks)


def _bank_entries(rows: pd.DataFrame, message: str) -> pd.DataFrame:
    """Rows of `bank_entries`; the id tells entries of one report apart."""
    words = (rows["reason_code"] + " " + rows["reason"]).str.strip()
    frame = rows[
        ["kind", "invoice_id", *_KEY, "booked_on", "value_on", "reason_code", "booking", "position"]
    ].assign(
        amount_cents=rows["amount_cents"].astype("int64"),
        fee_cents=rows["fee_cents"].astype("int64"),
        reason=words.where(words.ne(""), None),
        reference=rows["bank_reference"],
        message=message,
        report=rows["statement_id"],
    )
    frame = frame.sort_values("position", kind="stable")
    again = frame.groupby([*_KEY, "kind", "amount_cents", "booked_on", "reference", "report"]).cumcount()
    parts = ("report", *_KEY, "kind", "amount_cents", "booked_on", "reference")
    ids = [
        derived_id("bank entry", message, *values)
        for values in zip(*(frame[name] for name in parts), again, strict=True)
    ]
    return frame.assign(entry_id=ids).reset_index(drop=True)
