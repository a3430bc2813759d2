"""Matching a bank's report with our bundles: each entry finds its items by id, or is named. Pure frames."""

import pandas as pd

from invoicebatch.model.ident import derived_id
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.sepa import payment_information_id
from invoicebatch.model.status import ItemStatus


def with_groups(items: pd.DataFrame) -> pd.DataFrame:
    """The written items with `payment_information_id`, the group of the bank file they went in."""
    written = items[items["status"].astype("str").ne(ItemStatus.CANCELLED)]
    keys = ["bundle_id", "scheme", "sequence_type"]
    groups = written[keys].drop_duplicates().sort_values(keys)
    number = groups.groupby("bundle_id").cumcount() + 1
    ids = [payment_information_id(bundle, no) for bundle, no in zip(groups["bundle_id"], number, strict=True)]
    return written.merge(groups.assign(payment_information_id=ids), on=keys, how="left")


def matched(entries: pd.DataFrame, items: pd.DataFrame, report: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Entries of a report (see `BankReport`), each with the item it decides, and the faults.

    An item named by itself does not take the status of its group or message.

    Args:
        entries: the report's entries in their order of precedence.
        items: rows of `bundle_items`, with message_id and payment_information_id of their bundle.
        report: id of the report and its message name; the same entry read again gets the same id.

    Returns:
        Rows of `bank_entries` (without source), and faults: position int64, end_to_end_id, reason.
    """
    entries = entries.reset_index(names="position")
    keys = (
        (entries["end_to_end_id"] != "", "end_to_end_id"),
        (
            (entries["end_to_end_id"] == "") & (entries["payment_information_id"] != ""),
            "payment_information_id",
        ),
        ((entries["end_to_end_id"] == "") & (entries["payment_information_id"] == ""), "message_id"),
    )
    columns = ["bundle_id", "item_no", "invoice_id", "end_to_end_id", "message_id", "payment_information_id"]
    ours = items[columns].assign(item_cents=items["amount_cents"], item_status=items["status"].astype("str"))
    pairs = []
    for mask, key in keys:
        others = [name for name in ("end_to_end_id", "message_id", "payment_information_id") if name != key]
        left = entries[mask].drop(columns=[name for name in others if name != "end_to_end_id"])
        left = left.drop(columns="end_to_end_id") if key != "end_to_end_id" else left
        pairs.append(left.merge(ours, on=key, how="inner"))
    found = pd.concat(pairs, ignore_index=True)
    first = found[~found.duplicated(["bundle_id", "item_no"])]
    direct = entries.loc[keys[0][0], "position"]
    doubled = found[found.duplicated(["bundle_id", "item_no"]) & found["position"].isin(direct)]
    known = entries["position"].isin(found["position"])
    wrong = first["amount_cents"].notna() & first["amount_cents"].ne(first["item_cents"]).fillna(
        False
    ).astype(bool)
    faults = pd.concat(
        [
            _faults(entries[~known], "no payment of ours has this id"),
            _faults(doubled, "reported twice in this file; the first one counts"),
            _faults(
                first[wrong],
                "reported with " + first["amount_cents"][wrong].map(format_cents).astype("str")
                + ", sent with " + first["item_cents"][wrong].map(format_cents).astype("str"),
            ),
        ],
        ignore_index=True,
    )  # fmt: skip
    return _bank_entries(first[~wrong], report), faults


def _faults(rows: pd.DataFrame, reason: "str | pd.Series[str]") -> pd.DataFrame:
    return rows[["position", "end_to_end_id"]].assign(reason=reason)


def _bank_entries(rows: pd.DataFrame, report: str) -> pd.DataFrame:
    ids = [
        derived_id("bank entry", report, kind, end_to_end, reference)
        for kind, end_to_end, reference in zip(
            rows["kind"], rows["end_to_end_id"], rows["reference"].fillna(""), strict=True
        )
    ]
    return rows[["kind", "invoice_id", "bundle_id", "item_no", "booked_on", "reason", "reference"]].assign(
        entry_id=ids, amount_cents=rows["item_cents"].astype("int64")
    )
