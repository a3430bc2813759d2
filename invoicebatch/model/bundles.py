"""Payment bundles and their items as frames: made, changed, called off.

What may go into one is decided in `candidates`; files are the formats' work.
"""

from datetime import datetime

import pandas as pd

from invoicebatch.model.ident import derived_id, end_to_end_id
from invoicebatch.model.sepa import MAX_NAME, message_id, sepa_texts
from invoicebatch.model.status import BundleStatus, ItemStatus


def bundle_frames(
    good: pd.DataFrame, invoices: pd.DataFrame, run_id: str, now: datetime, description: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bundles and items of the payments that may go: one bundle an account, part and date.

    Args:
        good: rows of `candidates` with an empty reason.
        invoices: overview rows of the accounts (`account_*`).
        run_id: the run that bundles.
        now: time of the bundles.
        description: text for the bank statement.

    Returns:
        Frames of `payment_bundles` and `bundle_items`.
    """
    key = ["company_account_id", "part", "collection_date"]
    items = good.sort_values(key, kind="stable").reset_index(drop=True)
    items["item_no"] = items.groupby(key).cumcount() + 1
    bundles = items.groupby(key, as_index=False).agg(
        items=("invoice_id", "size"), total_cents=("amount_cents", "sum")
    )
    bundles["bundle_id"] = [
        derived_id("bundle", run_id, account, part, day.date())
        for account, part, day in zip(*(bundles[name] for name in key), strict=True)
    ]
    items = items.merge(bundles[[*key, "bundle_id"]], on=key, how="left", validate="many_to_one")
    items["end_to_end_id"] = [
        end_to_end_id(bundle, item) for bundle, item in zip(items["bundle_id"], items["item_no"], strict=True)
    ]
    items["status"] = ItemStatus.PENDING.value
    accounts = invoices.drop_duplicates("company_account_id").set_index("company_account_id")
    account = accounts.reindex(bundles["company_account_id"]).reset_index()
    bundles = bundles.assign(
        status=BundleStatus.CREATED.value,
        iban=account["account_iban"],
        bic=account["account_bic"],
        account_name=sepa_texts(account["account_name"], MAX_NAME),
        creditor_id=account["account_creditor_id"],
        currency="EUR",
        description=description or None,
        message_id=[message_id(bundle) for bundle in bundles["bundle_id"]],
        run_id=run_id,
        created_at=pd.Timestamp(now).tz_localize(None),
        updated_at=pd.Timestamp(now).tz_localize(None),
        version=1,
    )
    return bundles, items.drop(columns=["part", "company_account_id", "collection_date", "reason"])
