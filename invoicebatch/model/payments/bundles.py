"""Payment bundles and their items as frames: made, changed, called off.

What may go into one is decided in `candidates`; files are the formats' work.
"""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.ident import derived_id, end_to_end_id
from invoicebatch.model.payments.sepa import MAX_NAME, message_id, payment_information_id, sepa_texts
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import BUNDLE_ITEMS, PAYMENT_BUNDLES
from invoicebatch.model.status import BundleStatus, ItemStatus


@dataclass(frozen=True, slots=True)
class Making:
    """How bundles are made.

    Attributes:
        run_id: the run that bundles.
        now: time of the bundles.
        description: text for the bank statement.
        user: who bundles.
        combine: the invoices of one mandate make one debit of a bundle.
        most: payments that the bank takes in one file; 0: any number.
    """

    run_id: str
    now: datetime
    description: str = ""
    user: str = ""
    most: int = 0
    combine: bool = False


def bundle_frames(
    good: pd.DataFrame, invoices: pd.DataFrame, making: Making
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bundles and items of the payments that may go: one bundle an account, part, scheme and date.

    EPC130-08 and EPC131-08: CORE and B2B never share a message. What is more than the bank takes in a file
    makes further bundles.

    Args:
        good: rows of `candidates` with an empty reason.
        invoices: overview rows of the accounts (`account_*`).
        making: see `Making`.

    Returns:
        Frames of `payment_bundles` and `bundle_items`.
    """
    one = ["company_account_id", "part", "scheme", "collection_date"]
    key = [*one, "file_no"]
    apart = good.assign(scheme=good["scheme"].astype("str"))  # missing of refunds
    items = apart.sort_values(one, kind="stable").reset_index(drop=True)
    place = items.groupby(one, dropna=False).cumcount()
    items["file_no"] = place // (making.most or max(len(items), 1))
    items["item_no"] = items.groupby(key, dropna=False).cumcount() + 1
    bundles = items.groupby(key, as_index=False, dropna=False).agg(
        items=("invoice_id", "size"), total_cents=("amount_cents", "sum")
    )
    bundles["bundle_id"] = [
        _bundle_id(making.run_id, account, part, scheme, day, number)
        for account, part, scheme, day, number in zip(*(bundles[name] for name in key), strict=True)
    ]
    items = items.merge(bundles[[*key, "bundle_id"]], on=key, how="left", validate="many_to_one")
    number = items["item_no"]
    if making.combine:  # the first item of a mandate names the debit
        number = (
            items.groupby(["bundle_id", "mandate_id", "iban", "sequence_type"], observed=True)["item_no"]
            .transform("min")
            .fillna(number)
        )
    items["end_to_end_id"] = [
        end_to_end_id(bundle, int(no)) for bundle, no in zip(items["bundle_id"], number, strict=True)
    ]
    items["status"] = ItemStatus.PENDING.value
    items["payment_information_id"] = payment_groups(items)
    accounts = invoices.drop_duplicates("company_account_id").set_index("company_account_id")
    account = accounts.reindex(bundles["company_account_id"]).reset_index()
    bundles = bundles.assign(
        status=BundleStatus.CREATED.value,
        iban=account["account_iban"],
        bic=account["account_bic"],
        account_name=sepa_texts(account["account_name"], MAX_NAME),
        creditor_id=account["account_creditor_id"],
        currency="EUR",
        message_no=1,
        description=making.description or None,
        message_id=[message_id(bundle) for bundle in bundles["bundle_id"]],
        run_id=making.run_id,
        created_by=making.user or None,
        created_at=pd.Timestamp(making.now).tz_localize(None),
        updated_at=pd.Timestamp(making.now).tz_localize(None),
        version=1,
    )
    gone = ["part", "company_account_id", "collection_date", "file_no", "reason"]
    return bundles.drop(columns="file_no"), items.drop(columns=gone)


def _bundle_id(run_id: str, account: str, part: str, scheme: object, day: pd.Timestamp, file_no: int) -> str:
    further = [*([scheme] if isinstance(scheme, str) else []), *([file_no] if file_no else [])]
    return derived_id("bundle", run_id, account, part, *further, day.date())


def payment_groups(items: pd.DataFrame, message_no: int = 1) -> "pd.Series[str]":
    """PmtInfId of each item: one group a scheme and sequence type, in the order of the bank file."""
    table = BUNDLE_ITEMS.conform(items[["bundle_id", "scheme", "sequence_type"]])
    keys = ["bundle_id", "scheme", "sequence_type"]
    groups = table.drop_duplicates().sort_values(keys)
    number = groups.groupby("bundle_id").cumcount() + 1
    ids = [
        payment_information_id(bundle, no, message_no)
        for bundle, no in zip(groups["bundle_id"], number, strict=True)
    ]
    joined = table.merge(groups.assign(group=ids), on=keys, how="left")
    return joined["group"].set_axis(items.index)


WAITING = (ItemStatus.PENDING.value, ItemStatus.ACCEPTED.value)
"""Statuses of items that hold their invoice: neither booked nor refused."""

READS = frozenset({"payment_bundles", "bundle_items"})
"""Tables that `resolve` looks into."""

COLUMNS = frozenset({"payment_bundle_id"})
"""Overview columns that it needs."""


def bundle_row(batch: Batch, bundle: str) -> pd.Series:
    """The row of a bundle in `payment_bundles`."""
    bundles = batch["payment_bundles"]
    return bundles[bundles["bundle_id"] == bundle].iloc[0]


def waiting_items(batch: Batch, bundle: str) -> pd.DataFrame:
    """Items of a bundle that are neither booked nor refused, of the batch's invoices (`bundle_items` columns)."""
    items = batch["bundle_items"]
    return items[
        items["bundle_id"].eq(bundle)
        & items["status"].astype("str").isin(WAITING)
        & items["invoice_id"].isin(batch.invoices["invoice_id"])
    ]


def resolve(
    effects: ChangesBuilder,
    invoices: pd.DataFrame,
    bundles: pd.DataFrame,
    items: pd.DataFrame,
    decided: pd.DataFrame,
) -> None:
    """Give waiting items their final status; a bundle without waiting items is settled or cancelled.

    Rejected, cancelled and confirmed items leave their bundle's hold: their invoices are free again.

    Args:
        effects: gets the updates of items, bundles and invoices, and frees the key.
        invoices: overview rows of the items.
        bundles: rows of `payment_bundles`; others than those of decided items stay as they are.
        items: all rows of `bundle_items` of these bundles.
        decided: bundle_id, item_no, status (str), reason (str or missing); may hold returned_cents.
    """
    key = ["bundle_id", "item_no"]
    bundles = bundles[bundles["bundle_id"].isin(decided["bundle_id"].unique())]
    new = decided.set_index(key)["status"]
    index = pd.MultiIndex.from_frame(items[key])
    status = pd.Series(new.reindex(index).to_numpy(), index=items.index).fillna(items["status"].astype("str"))
    changed = [*key, "status", "reason", *({"returned_cents"} & set(decided.columns))]
    effects.update("bundle_items", BUNDLE_ITEMS.conform(decided[changed]))
    effects.update("payment_bundles", _bundles_after(bundles, items.assign(status=status)))
    freed = items[index.isin(pd.MultiIndex.from_frame(decided[key]))]["invoice_id"].reset_index(drop=True)
    effects.deletes["live_bundle_items"] = pd.DataFrame({"invoice_id": freed})
    update = pd.DataFrame(
        {"invoice_id": freed, "payment_bundle_id": pd.Series(None, index=freed.index, dtype="str")}
    )
    effects.update_invoices(invoices, update)


def _bundles_after(bundles: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Status of bundles, from the status of their items.

    What was sent stays what it was; before that, what is taken out of a bundle is no longer in it. One that
    is emptied tells all that it was of, taken out at once or bit by bit.
    """
    by_bundle = items["bundle_id"]
    waiting = items["status"].isin(WAITING).groupby(by_bundle).any()
    booked = items["status"].isin([ItemStatus.CONFIRMED, ItemStatus.RETURNED]).groupby(by_bundle).any()
    ids = bundles["bundle_id"]
    final = booked.map({True: BundleStatus.CONFIRMED.value, False: BundleStatus.CANCELLED.value})
    status = bundles["status"].astype("str").where(ids.map(waiting).astype(bool), ids.map(final))
    left = items["status"].ne(ItemStatus.CANCELLED)
    emptied = ~left.groupby(by_bundle).transform("any")
    kept = items[left | emptied].groupby("bundle_id")["amount_cents"]
    unsent = bundles["status"].astype("str").eq(BundleStatus.CREATED) & ids.isin(kept.size().index)
    frame = bundles[["bundle_id", "version"]].assign(
        status=status,
        items=bundles["items"].mask(unsent, ids.map(kept.size())).astype("int64"),
        total_cents=bundles["total_cents"].mask(unsent, ids.map(kept.sum())).astype("int64"),
    )
    return PAYMENT_BUNDLES.conform(frame.reset_index(drop=True))
