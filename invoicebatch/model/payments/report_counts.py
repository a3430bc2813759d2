"""Whether a bank's report holds what it counts: payments by status, and those of a booking in bulk. Pure frames."""

from typing import Final

import pandas as pd

from invoicebatch.model.counted import counted
from invoicebatch.model.money import format_cents
from invoicebatch.model.status import ItemStatus

REJECTING: Final = ("RJCT", "CANC")
_LEVELS: Final = {"message": "message_id", "group": "payment_information_id"}
_UNDECIDED: Final = ("", "PART")


def miscounted(counts: pd.DataFrame, entries: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Counts of a status report that are not those of what was sent, or of what the report itself names.

    Args:
        counts: level (message or group), message_id, payment_information_id, status (empty: of all that was
            sent), number and cents Int64 (missing: not said).
        entries: of the report, see `BankReport`.
        ours: debits of these messages and groups: end_to_end_id, message_id, payment_information_id, item_cents,
            item_status.

    Returns:
        end_to_end_id (of the message or group), reason.
    """
    named = _by_status(entries, ours)
    found = [
        part
        for level, key in _LEVELS.items()
        for rows in (counts[counts["level"].eq(level) & counts[key].isin(ours[key])],)
        for part in (_of_all(rows, ours, key), _of_status(rows, named, key))
    ]
    return pd.concat(found, ignore_index=True)


def _of_all(counts: pd.DataFrame, ours: pd.DataFrame, key: str) -> pd.DataFrame:
    """Counts of the original message or group that fit neither all we sent nor what of it was not taken out."""
    rows = counts[counts["status"].eq("")]
    kept = ours[ours["item_status"].ne(ItemStatus.CANCELLED)]
    whole, rest = (_sums(part, [key]).reindex(rows[key]).set_axis(rows.index) for part in (ours, kept))
    bad = _differs(rows, whole) & _differs(rows, rest)
    sent = whole.where(rest["number"].isna(), rest)
    reason = "it is of " + _payments(rows) + "; " + _payments(sent) + " were sent"
    return _named(rows[bad], key, reason)


def _of_status(counts: pd.DataFrame, named: pd.DataFrame, key: str) -> pd.DataFrame:
    """Counts of a status that the report does not bear out; who is accepted, it need not name one by one."""
    rows = counts[counts["status"].ne("")]
    both = pd.MultiIndex.from_frame(rows[[key, "status"]])
    found = _sums(named, [key, "status"]).reindex(both).set_axis(rows.index).fillna(0).astype("int64")
    unsaid = _sums(named[named["status"].isin(_UNDECIDED)], [key])["number"]
    spare = rows[key].map(unsaid).fillna(0).astype("int64").mask(rows["status"].isin(REJECTING), 0)
    few = rows["number"].lt(found["number"]) | rows["number"].gt(found["number"] + spare)
    sums = rows["number"].eq(found["number"]) & rows["cents"].ne(found["cents"])
    reason = "it counts " + _payments(rows) + " as " + rows["status"] + ", but names " + _payments(found)
    return _named(rows[(few | sums).fillna(value=False).astype(bool)], key, reason)


def _by_status(entries: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Each payment with the status of the nearest level that has one; also those that are none of ours."""
    single = entries[entries["level"].eq("transaction")]
    ids = single["end_to_end_id"].where(
        single["end_to_end_id"].isin(ours["end_to_end_id"]), single["instruction_id"]
    )
    said = single.assign(id=ids).drop_duplicates("id", keep="last").set_index("id")["status"]
    status = ours["end_to_end_id"].map(said).astype("str")
    for level, key in reversed(_LEVELS.items()):
        whole = entries[entries["level"].eq(level)].drop_duplicates(key).set_index(key)["status"]
        status = status.fillna(ours[key].map(whole).astype("str"))
    strangers = single[~ids.isin(ours["end_to_end_id"])].assign(item_cents=single["amount_cents"])
    columns = ["message_id", "payment_information_id", "status", "item_cents"]
    return pd.concat([ours.assign(status=status.fillna(""))[columns], strangers[columns]], ignore_index=True)


def bulk_misfits(entries: pd.DataFrame) -> pd.DataFrame:
    """Bookings in bulk that list other payments than the bank counts: a row each of entries, with `reason`.

    Args:
        entries: single payments of statements, with the count and total that the bank gives for their booking.
    """
    key = ["entry_no", "batch_count", "batch_cents"]
    rows = entries[entries["batch_count"].notna() | entries["batch_cents"].notna()]
    money = rows.assign(
        ordered=rows["instructed_cents"].fillna(rows["amount_cents"]), took=rows["charges_cents"].fillna(0)
    )
    groups = money.groupby(key, dropna=False)
    sums = {name: groups[name].transform("sum") for name in ("amount_cents", "ordered", "took")}
    number = groups["position"].transform("size")
    told = rows["batch_cents"]
    totals = (
        sums["amount_cents"],
        sums["ordered"],
        sums["amount_cents"] + sums["took"],
        sums["amount_cents"] - sums["took"],
    )
    fits = pd.concat([(total % told).eq(0) & total.ge(told) for total in totals], axis=1).any(axis=1)
    known = told.gt(0) & groups["amount_cents"].transform("count").eq(number)
    many = rows["batch_count"].gt(0) & (number % rows["batch_count"]).ne(0)
    bad = (many | (known & ~fits)).fillna(value=False).astype(bool)
    said = rows[["batch_count", "batch_cents"]].set_axis(["number", "cents"], axis=1)
    listed = pd.DataFrame({"number": number, "cents": sums["amount_cents"]})
    reason = (
        "its booking counts "
        + _payments(said)
        + ", but lists "
        + _payments(listed)
        + "; what it lists counts"
    )
    return rows.assign(reason=reason)[bad].drop_duplicates(key)


def _sums(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    return rows.groupby(key).agg(number=("item_cents", "size"), cents=("item_cents", "sum"))


def _differs(rows: pd.DataFrame, known: pd.DataFrame) -> "pd.Series[bool]":
    off = rows["number"].ne(known["number"]).fillna(value=False) | rows["cents"].ne(known["cents"]).fillna(
        value=False
    )
    return off.astype(bool)


def _payments(rows: pd.DataFrame) -> "pd.Series[str]":
    """Such as `2 payments of together 600.00`; what is not said is left out."""
    number = rows["number"].map(lambda n: "payments" if pd.isna(n) else counted(int(n), "payment"))
    total = rows["cents"].map(lambda c: "" if pd.isna(c) else f" of together {format_cents(int(c))}")
    return (number + total).astype("str")


def _named(rows: pd.DataFrame, key: str, reason: "pd.Series[str]") -> pd.DataFrame:
    return pd.DataFrame({"end_to_end_id": rows[key], "reason": reason[rows.index]})
