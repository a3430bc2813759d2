"""Several invoices of one mandate in one debit: items keep their invoice and share their EndToEndId.

A file and a bank speak of the debit, everything else of its items. Frames in, frames out.
"""

from typing import Final

import pandas as pd

from invoicebatch.model.payments.sepa import MAX_REMITTANCE, sepa_text
from invoicebatch.model.status import EntryKind, ItemStatus

_DEBIT: Final = "end_to_end_id"


def debits(items: pd.DataFrame, description: str = "") -> pd.DataFrame:
    """What a file holds: one row a debit, with the sum and the numbers of its items, in item order.

    Args:
        items: rows of `bundle_items` that go.
        description: text of the bundle, said once.
    """
    if not items[_DEBIT].duplicated().any():
        return items
    first = items.drop_duplicates(_DEBIT).reset_index(drop=True)
    sums = items.groupby(_DEBIT)["amount_cents"].sum()
    sizes = items.groupby(_DEBIT).size().reindex(first[_DEBIT]).to_numpy()
    ending = f" {sepa_text(description, MAX_REMITTANCE)}" if description else ""
    plain = items.assign(remittance=[text.removesuffix(ending) for text in items["remittance"]])
    numbers = plain.groupby(_DEBIT)["remittance"].agg(", ".join).reindex(first[_DEBIT])
    several = pd.Series(sizes > 1, index=first.index)
    texts = [_text(text, int(size), ending) for text, size in zip(numbers, sizes, strict=True)]
    return first.assign(
        amount_cents=sums.reindex(first[_DEBIT]).to_numpy(),
        remittance=first["remittance"].mask(several, pd.Series(texts, index=first.index)),
        creditor_reference=first["creditor_reference"].mask(several),
    )


def _text(numbers: str, count: int, ending: str) -> str:
    """The numbers where they fit, else how many there are."""
    whole = numbers + ending
    return (
        whole
        if len(whole) <= MAX_REMITTANCE
        else sepa_text(f"{count} invoices, see your invoices{ending}", MAX_REMITTANCE)
    )


def sharing(items: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The items of the debits that hold the chosen ones: what befalls a debit befalls all of them."""
    return items[items[_DEBIT].isin(chosen[_DEBIT])]


def as_debits(items: pd.DataFrame) -> pd.DataFrame:
    """Items as a bank reports on them: one row a debit, `item_cents` its sum; others as of its first item.

    Args:
        items: end_to_end_id, item_cents, item_status (str).
    """
    sent = _sent(items)
    if not sent[_DEBIT].duplicated().any():
        return sent
    sums = sent.groupby(_DEBIT)["item_cents"].sum()
    first = sent.sort_values(["bundle_id", "item_no"]).drop_duplicates(_DEBIT)
    return first.assign(item_cents=first[_DEBIT].map(sums))


def _sent(items: pd.DataFrame) -> pd.DataFrame:
    """Without what was taken out of a debit that went all the same."""
    out = items["item_status"].eq(ItemStatus.CANCELLED)
    if not out.any() or not items[_DEBIT].duplicated().any():
        return items
    went = items[_DEBIT].isin(items.loc[~out, _DEBIT])
    return items[~(out & went)]


def shares(pairs: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """What a report says of debits, said of their items: all of them, a part the oldest first.

    Args:
        pairs: position, end_to_end_id, kind, amount_cents, fee_cents and what else is known of a debit.
        items: end_to_end_id, bundle_id, item_no, invoice_id, item_cents, returned_cents, item_status.
    """
    sent = _sent(items)
    if not sent[_DEBIT].duplicated().any():
        return pairs
    own = ["bundle_id", "item_no", "invoice_id", "item_cents", "returned_cents", "item_status"]
    rest = pairs.drop(columns=[*own], errors="ignore")
    whole = rest.merge(sent[[_DEBIT, *own]], on=_DEBIT, how="left").sort_values(
        ["position", _DEBIT, "item_no"]
    )
    back = whole["kind"].eq(EntryKind.RETURNED)
    room = (whole["item_cents"] - whole["returned_cents"].where(back, 0)).mask(
        whole["kind"].eq(EntryKind.RESTORED), whole["returned_cents"]
    )
    by_debit = [whole["position"], whole[_DEBIT]]
    before = room.groupby(by_debit).cumsum() - room
    share = (whole["amount_cents"].astype("int64") - before).clip(lower=0)
    last = ~whole.duplicated(["position", _DEBIT], keep="last")
    share = share.where(share.le(room) | last, room)
    found = whole.assign(amount_cents=share, fee_cents=whole["fee_cents"].where(before.eq(0), 0))
    return found[share.gt(0)].reset_index(drop=True)
