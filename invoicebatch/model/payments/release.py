"""The release of a bundle by a second person: over what it holds, so that any change voids it."""

import pandas as pd

from invoicebatch.model.ident import sha256_json

_OF_BUNDLE = ("bundle_id", "part", "scheme", "iban", "creditor_id", "collection_date")
_OF_ITEM = (
    "item_no",
    "invoice_id",
    "amount_cents",
    "name",
    "iban",
    "mandate_id",
    "sequence_type",
    "remittance",
)


def release_hash(bundle: pd.Series, items: pd.DataFrame, message_no: int) -> str:
    """SHA-256 over a bundle as it would be written.

    Args:
        bundle: its row of `payment_bundles`.
        items: the rows of `bundle_items` that would go.
        message_no: number of the message.
    """
    rows = items.sort_values("item_no")[list(_OF_ITEM)].astype("str")
    head = [str(bundle[name]) for name in _OF_BUNDLE]
    return sha256_json([head, message_no, rows.to_numpy().tolist()])


def release_fault(bundle: pd.Series, items: pd.DataFrame, message_no: int) -> str:
    """Why a bundle may not be written without a (new) release, or an empty string; arguments as before."""
    how = f"another than {bundle['created_by']} releases it: invoicebatch payments release {bundle['bundle_id'][:8]}"
    if not isinstance(bundle["released_sha256"], str):
        return f"it is not released yet; {how}"
    if bundle["released_sha256"] == release_hash(bundle, items, message_no):
        return ""
    when = f"{bundle['released_at']:%Y-%m-%d %H:%M}"
    return f"it changed since {bundle['released_by']} released it on {when}, which is void; {how}"
