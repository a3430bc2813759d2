"""Release a bundle for the bank: a second person looked at what it holds. Any later change voids that."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.bundles import COLUMNS, READS, WAITING, bundle_row
from invoicebatch.model.payments.release import release_hash
from invoicebatch.model.schema.payments import PAYMENT_BUNDLES
from invoicebatch.model.status import BundleStatus


class ReleaseParams(Params):
    """Parameters of `payments.release`."""

    bundle: str = Field(description="Id of the bundle")


def _items(batch: Batch, params: ReleaseParams) -> pd.DataFrame:
    items = batch["bundle_items"]
    return items[items["bundle_id"].eq(params.bundle) & items["status"].astype("str").isin(WAITING)]


def _hindrance(batch: Batch, params: ReleaseParams, context: Context) -> str:
    """Why this person can't release it now, or an empty string."""
    bundle, items = bundle_row(batch, params.bundle), _items(batch, params)
    if bundle["created_by"] == context.user:
        return f"{context.user} bundled it: another person releases it"
    missing = int((~items["invoice_id"].isin(batch.invoices["invoice_id"])).sum())
    return f"{missing:,} invoices of the bundle are busy in another run" if missing else ""


def transform(batch: Batch, params: ReleaseParams, context: Context) -> Changes:
    """Who released what, and when; of a written bundle the message that would replace it."""
    ids = batch.invoices["invoice_id"]
    if reason := _hindrance(batch, params, context):
        return Changes(failures=failures(ids, reason))
    bundle, items = bundle_row(batch, params.bundle), _items(batch, params)
    number = int(bundle["message_no"]) + (bundle["status"] != BundleStatus.CREATED)
    sha256 = release_hash(bundle, items, number)
    if bundle["released_sha256"] == sha256:
        return Changes(unchanged=failures(ids, f"released already by {bundle['released_by']}"))
    release = pd.DataFrame({"bundle_id": [bundle["bundle_id"]], "version": [bundle["version"]]}).assign(
        released_sha256=sha256,
        released_by=context.user,
        released_at=pd.Timestamp(context.now).tz_localize(None),
    )
    return Changes(
        updates={"payment_bundles": PAYMENT_BUNDLES.conform(release)},
        totals={"released_cents": int(items["amount_cents"].sum())},
    )


ACTION = Action(
    name="payments.release",
    label="Release payment bundle",
    help="Another person than the one who bundled it releases a bundle for the bank.",
    params=ReleaseParams,
    reads=READS,
    columns=COLUMNS,
    transform=transform,
    repeatable=True,
    confirm=True,
    hidden=True,
    of_rows={"bundle": "payment_bundle_id"},
    after=("payments.write",),
)
