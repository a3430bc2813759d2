"""The payment bundles as a list, as plain values: what is asked every morning must not wait for the rest of payments."""

from collections.abc import Mapping
from typing import Any, Final

from invoicebatch.engine.base.folder import Folder
from invoicebatch.model.status import ItemStatus

BECAME: Final[Mapping[str, tuple[ItemStatus, ...]]] = {
    "waiting": (ItemStatus.PENDING, ItemStatus.ACCEPTED),
    "confirmed": (ItemStatus.CONFIRMED,),
    "rejected": (ItemStatus.REJECTED,),
    "returned": (ItemStatus.RETURNED,),
    "withdrawn": (ItemStatus.CANCELLED,),
}
"""What can become of a payment in a bundle, and the states that it is then in."""

SHOWN: Final = (
    "bundle_id", "part", "account", "scheme", "collection_date", "items", "total_cents", "state", *BECAME,
)  # fmt: skip


def bundles(folder: Folder) -> list[dict[str, Any]]:
    """All bundles, newest first, by the columns of `SHOWN`; see `Payments.list`."""
    with folder.store.look() as look:
        found = look.table("payment_bundles", order="created_at DESC, collection_date DESC, bundle_id DESC")
        states = look.states_of_items()
    for bundle in found:
        counts = states.get(bundle["bundle_id"], {})
        bundle |= {word: sum(counts.get(state, 0) for state in of) for word, of in BECAME.items()}
        bundle |= {"account": bundle["company_account_id"], "state": bundle["status"]}
    return found
