"""Write the bank file of a payment bundle: all of it or nothing, checked before it is published.

Written again it is the same bytes: everything in it was fixed when the bundle was made.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import cast

import pandas as pd
from pydantic import Field

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain import Message, check_message, write_message
from invoicebatch.formats.pain.message import Version
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, failures
from invoicebatch.model.payments.bundles import READS, WAITING, resolve
from invoicebatch.model.payments.calendar import earliest_date
from invoicebatch.model.payments.candidates import COLLECTIONS, first_reason
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import PAYMENT_BUNDLES
from invoicebatch.model.status import BundleStatus, ItemStatus, MandateStatus


class WriteParams(Params):
    """Parameters of `payments.write`."""

    bundle: str = Field(description="Id of the bundle")


def _bundle(batch: Batch, params: WriteParams) -> pd.Series:
    bundles = batch["payment_bundles"]
    return bundles[bundles["bundle_id"] == params.bundle].iloc[0]


def _sent(batch: Batch, params: WriteParams) -> pd.DataFrame:
    """The items of the file; of a written one all that went in, whatever became of them since."""
    items = batch["bundle_items"]
    kept = items["status"].astype("str").ne(ItemStatus.CANCELLED)
    return items[items["bundle_id"].eq(params.bundle) & kept].reset_index(drop=True)


def _stale(batch: Batch, bundle: pd.Series, items: pd.DataFrame) -> pd.DataFrame:
    """Items that may no longer go, before the first writing: invoice_id, item_no, reason."""
    if bundle["status"] != BundleStatus.CREATED:
        return items.iloc[:0].assign(reason="")
    rows = batch.invoices.set_index("invoice_id").reindex(items["invoice_id"]).reset_index()
    collecting = pd.Series(bundle["part"] == COLLECTIONS, index=items.index)
    due = rows["outstanding_cents"].where(collecting, -rows["outstanding_cents"])
    own = rows["customer_iban"].where(rows["customer_iban"].fillna("") != "", rows["mandate_iban"])
    reason = first_reason(
        items.index,
        [
            (
                collecting
                & (
                    rows["mandate_id"].ne(items["mandate_id"])
                    | rows["mandate_status"].astype("str").ne(MandateStatus.ACTIVE)
                ),
                "its mandate was replaced, suspended or cancelled since it was bundled; bundle it again",
            ),
            (
                rows["mandate_iban"].where(collecting, own).ne(items["iban"]),
                "the account changed since it was bundled; bundle it again",
            ),
            (
                due.ne(items["amount_cents"]),
                "the outstanding amount changed since it was bundled; bundle it again",
            ),
        ],
    )
    return items.assign(reason=reason)[reason != ""]


def _hindrance(batch: Batch, params: WriteParams, context: Context) -> str:
    """Why the bundle can't be written at all, or an empty string."""
    bundle = _bundle(batch, params)
    items = _sent(batch, params)
    if bundle["status"] not in (BundleStatus.CREATED, BundleStatus.EXPORTED):
        return f"payment bundle {params.bundle} is {bundle['status']}"
    held = items["status"].astype("str").isin(WAITING)
    missing = int((held & ~items["invoice_id"].isin(batch.invoices["invoice_id"])).sum())
    if missing:
        return f"{missing:,} invoices of the bundle are busy in another run; write it when that has finished"
    payment = context.settings.payment
    lead = payment.collection_lead_days if bundle["part"] == COLLECTIONS else payment.execution_lead_days
    earliest = earliest_date(context.now, lead, payment.cut_off, payment.time_zone)
    day = bundle["collection_date"].date()
    if bundle["status"] == BundleStatus.CREATED and day < earliest:
        return f"its date {day} is too near: the bank takes {earliest} or later; cancel it and bundle again"
    return ""


def _version(bundle: pd.Series, context: Context) -> Version:
    """The version of a written file stays; a new one is as the settings say."""
    if isinstance(bundle["message"], str) and bundle["message"]:
        return cast("Version", bundle["message"])
    payment = context.settings.payment
    debit = bundle["part"] == COLLECTIONS
    return payment.direct_debit_message if debit else payment.credit_transfer_message


def _message(batch: Batch, params: WriteParams, context: Context) -> Message:
    bundle = _bundle(batch, params)
    items = _sent(batch, params)
    stale = _stale(batch, bundle, items)
    return Message(
        version=_version(bundle, context),
        message_id=bundle["message_id"],
        created_at=bundle["created_at"].to_pydatetime(),
        requested_date=bundle["collection_date"].date(),
        account_name=bundle["account_name"],
        iban=bundle["iban"],
        bic=bundle["bic"] if isinstance(bundle["bic"], str) else "",
        creditor_id=bundle["creditor_id"] if isinstance(bundle["creditor_id"], str) else "",
        batch_booking=context.settings.payment.batch_booking,
        items=items[~items["item_no"].isin(stale["item_no"])],
    )


def artefacts(batch: Batch, params: WriteParams, context: Context) -> Iterator[Prepared]:
    """The bank file, validated against the ISO schema and read back before it is handed over."""
    reason = _hindrance(batch, params, context)
    message = None if reason else _message(batch, params, context)
    if message is None or message.items.empty:
        yield from (RowFailure(int(row), reason) for row in batch.invoices["invoice_id"] if reason)
        return
    out = BytesIO()
    write_message(message, out)
    out.seek(0)
    try:
        check_message(message, out)
    except RenderError as error:
        yield from (RowFailure(int(row), str(error)) for row in batch.invoices["invoice_id"])
        return
    name = f"{message.version}_{_bundle(batch, params)['company_account_id']}_{message.requested_date}"
    yield Artefact(
        f"{name}_{params.bundle[:8]}.xml",
        lambda file: (file.write(out.getbuffer()), None)[1],
        details={"message": message.version},
    )


def transform(batch: Batch, params: WriteParams, _: Context) -> Changes:
    """The bundle is `exported`; items that may no longer go leave it, named."""
    if len(batch.failed):
        return Changes(failures=batch.failed)
    bundle, items = _bundle(batch, params), _sent(batch, params)
    stale = _stale(batch, bundle, items)
    effects = ChangesBuilder()
    if len(stale):
        decided = stale[["bundle_id", "item_no", "reason"]].assign(status=ItemStatus.CANCELLED.value)
        bundles = batch["payment_bundles"]
        resolve(effects, batch.invoices, bundles, batch["bundle_items"], decided)
    gone = failures(stale["invoice_id"], stale["reason"])
    good = items[~items["item_no"].isin(stale["item_no"])]
    if len(batch.files) and bundle["status"] == BundleStatus.CREATED:
        effects.updates["payment_bundles"] = _exported(bundle, good, batch)
    return effects.changes(failures=gone, totals={"written_cents": int(good["amount_cents"].sum())})


def _exported(bundle: pd.Series, items: pd.DataFrame, batch: Batch) -> pd.DataFrame:
    file = batch.files.iloc[0]
    frame = pd.DataFrame({"bundle_id": [bundle["bundle_id"]], "version": [bundle["version"]]})
    exported = frame.assign(
        status=BundleStatus.EXPORTED.value,
        items=len(items),
        total_cents=int(items["amount_cents"].sum()),
        file_path=file["path"],
        file_sha256=file["sha256"],
        message=file["message"],
    )
    return PAYMENT_BUNDLES.conform(exported)


ACTION = Action(
    name="payments.write",
    label="Write bank file",
    help="Write the bank file of a payment bundle.",
    params=WriteParams,
    reads=READS,
    artefacts=artefacts,
    transform=transform,
    repeatable=True,
    hidden=True,
    of_rows={"bundle": "payment_bundle_id"},
    after=("payments.confirm",),
)
