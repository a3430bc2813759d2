"""Write the bank file of a payment bundle: all of it or nothing, checked before it is published.

It is written once: again gives the same bytes. Only a new message may hold something else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast

import pandas as pd
from pydantic import Field

from invoicebatch.errors import DocumentError, RenderError
from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure, failures
from invoicebatch.model.ident import sha256_bytes
from invoicebatch.model.payments.bundles import READS, WAITING, bundle_row, payment_groups, resolve
from invoicebatch.model.payments.calendar import earliest_date
from invoicebatch.model.payments.candidates import COLLECTIONS
from invoicebatch.model.payments.combined import debits
from invoicebatch.model.payments.release import release_fault
from invoicebatch.model.payments.sepa import message_id, payment_information_id
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.payments.stale import COLUMNS, stale_items
from invoicebatch.model.schema.payments import BUNDLE_ITEMS, PAYMENT_BUNDLES
from invoicebatch.model.status import BundleStatus, ItemStatus

if TYPE_CHECKING:
    from invoicebatch.formats.pain import Message
    from invoicebatch.formats.pain.message import Version

OLD_MESSAGES: Final = {
    "pain.008.001.02": 'direct_debit_message = "pain.008.001.08"',
    "pain.001.001.03": 'credit_transfer_message = "pain.001.001.09"',
}
"""Messages older than 2019, and the setting that does without."""


class WriteParams(Params):
    """Parameters of `payments.write`."""

    bundle: str = Field(description="Id of the bundle")
    replace: bool = Field(
        False, description="A new message of what still waits; the written one never went to the bank"
    )


@dataclass(frozen=True, slots=True)
class _Writing:
    """What a run writes of a bundle, looked up once.

    Attributes:
        bundle: its row.
        fresh: whether a message comes into being: the first one, or one that replaces it.
        number: of the message.
        items: of the file; of a written one all that went in, whatever became of them since.
        stale: those that may no longer go, before a message comes into being: invoice_id, item_no, reason.
    """

    bundle: pd.Series
    fresh: bool
    number: int
    items: pd.DataFrame
    stale: pd.DataFrame

    @property
    def good(self) -> pd.DataFrame:
        """The items that go."""
        return self.items[~self.items["item_no"].isin(self.stale["item_no"])]


def _writing(batch: Batch, params: WriteParams) -> _Writing:
    bundle = bundle_row(batch, params.bundle)
    number = int(bundle["message_no"]) + params.replace
    fresh = bundle["status"] == BundleStatus.CREATED or params.replace
    items = batch["bundle_items"]
    items = items[items["bundle_id"].eq(params.bundle)].reset_index(drop=True)
    status = items["status"].astype("str")
    if not fresh:
        prefix = payment_information_id(params.bundle, 0, number)[:-2]
        inside = items["payment_information_id"].str.startswith(prefix).fillna(False).astype(bool)
        sent = items[status.ne(ItemStatus.CANCELLED) & inside].reset_index(drop=True)
        return _Writing(bundle, fresh, number, sent, sent.iloc[:0].assign(reason=""))
    chosen = items[status.isin(WAITING)].reset_index(drop=True)
    if params.replace:
        chosen = chosen.assign(payment_information_id=payment_groups(chosen, number))
    stale = stale_items(chosen, batch.invoices, collecting=bundle["part"] == COLLECTIONS)
    return _Writing(bundle, fresh, number, chosen, stale)


def _hindrance(batch: Batch, writing: _Writing, params: WriteParams, context: Context) -> str:
    """Why the bundle can't be written at all, or an empty string."""
    bundle, items = writing.bundle, writing.items
    if bundle["status"] not in (BundleStatus.CREATED, BundleStatus.EXPORTED):
        return f"payment bundle {params.bundle} is {bundle['status']}"
    held = items["status"].astype("str").isin(WAITING)
    missing = int((held & ~items["invoice_id"].isin(batch.invoices["invoice_id"])).sum())
    if missing:
        return f"{missing:,} invoices of the bundle are busy in another run; write it when that has finished"
    return _new_hindrance(batch, writing, params, context) if writing.fresh else ""


def _new_hindrance(batch: Batch, writing: _Writing, params: WriteParams, context: Context) -> str:
    """Why no new message can come into being, or an empty string."""
    bundle, items = writing.bundle, writing.items
    if params.replace and bundle["status"] == BundleStatus.CREATED:
        return f"payment bundle {params.bundle} has no bank file yet that could be replaced"
    if items["status"].astype("str").eq(ItemStatus.ACCEPTED).any():
        return "the bank took it already: its message can't be replaced"
    payment = context.settings.payment
    if payment.four_eyes and (fault := _release_fault(batch, writing)):
        return fault
    version = _version(writing, context)
    if version in OLD_MESSAGES and not payment.old_messages:
        return (
            f"{version} is of 2009: banks refuse it since November 2026; set {OLD_MESSAGES[version]} in [payment],"
            " or old_messages = true where this bank still takes it"
        )
    lead = payment.collection_lead_days if bundle["part"] == COLLECTIONS else payment.execution_lead_days
    earliest = earliest_date(context.now, lead, payment.cut_off, payment.time_zone)
    day = bundle["collection_date"].date()
    if day < earliest:
        return f"its date {day} is too near: the bank takes {earliest} or later; cancel it and bundle again"
    return ""


def _release_fault(batch: Batch, writing: _Writing) -> str:
    """Why what would be written is not what was released, or an empty string."""
    stale = writing.stale
    if len(stale):
        numbers = batch.invoices.set_index("invoice_id")["number"].reindex(stale["invoice_id"])
        listed = ", ".join(f"{number} ({why})" for number, why in zip(numbers, stale["reason"], strict=True))
        return f"it would be less than was released: {listed}; remove these and release it again"
    return release_fault(writing.bundle, writing.items, writing.number)


def _version(writing: _Writing, context: Context) -> "Version":
    """The version of a written file stays; a new one is as the settings say."""
    if not writing.fresh:
        return cast("Version", writing.bundle["message"])
    payment = context.settings.payment
    debit = writing.bundle["part"] == COLLECTIONS
    return payment.direct_debit_message if debit else payment.credit_transfer_message


def _message(writing: _Writing, params: WriteParams, context: Context) -> "Message":
    from invoicebatch.formats.pain import Message

    bundle, fresh = writing.bundle, writing.fresh
    return Message(
        version=_version(writing, context),
        message_id=message_id(params.bundle, writing.number),
        created_at=bundle["created_at"].to_pydatetime(),
        requested_date=bundle["collection_date"].date(),
        account_name=bundle["account_name"],
        iban=bundle["iban"],
        bic=bundle["bic"] if isinstance(bundle["bic"], str) else "",
        creditor_id=bundle["creditor_id"] if isinstance(bundle["creditor_id"], str) else "",
        batch_booking=context.settings.payment.batch_booking if fresh else bool(bundle["batch_booking"]),
        items=debits(writing.good, bundle["description"] if isinstance(bundle["description"], str) else ""),
        authorisation=_opt_out(bundle, context),
    )


def _opt_out(bundle: pd.Series, context: Context) -> str:
    """Names of payees are verified of credit transfers only."""
    return "" if bundle["part"] == COLLECTIONS else context.settings.payment.payee_check_opt_out


def _checked(message: "Message") -> bytes:
    """The file, validated against the ISO schema and read back.

    Raises:
        RenderError: it is not what the bundle holds.
    """
    from invoicebatch.formats.pain import check_message, write_message

    out = BytesIO()
    write_message(message, out)
    out.seek(0)
    check_message(message, out)
    return out.getvalue()


def _as_written(bundle: pd.Series, message: "Message", context: Context) -> bytes:
    """The bytes that were written: the stored file, or made once more where it lies elsewhere or is gone.

    Raises:
        RenderError: neither has the hash of what was written.
    """
    path, sha256 = str(bundle["file_path"]), str(bundle["file_sha256"])
    try:
        return context.document(path, sha256).read_bytes()
    except DocumentError as error:
        made = _checked(message)
        if sha256_bytes(made) == sha256:
            return made
        raise RenderError(
            f"the written bank file {path} can't be given again: {error.message}, and made anew it differs",
            "Look for a copy with its hash (payments show), or replace it by a new message.",
        ) from error


def artefacts(batch: Batch, params: WriteParams, context: Context) -> Iterator[Prepared]:
    """The bank file, checked before it is handed over; of a written bundle the bytes that were written."""
    writing = batch.once("writing", lambda: _writing(batch, params))
    reason = _hindrance(batch, writing, params, context)
    message = None if reason else _message(writing, params, context)
    if message is None or message.items.empty:
        yield from (RowFailure(int(row), reason) for row in batch.invoices["invoice_id"] if reason)
        return
    try:
        content = _checked(message) if writing.fresh else _as_written(writing.bundle, message, context)
    except RenderError as error:
        yield from (RowFailure(int(row), str(error)) for row in batch.invoices["invoice_id"])
        return
    yield Artefact(_file_name(writing, message, params), content, details={"message": message.version})


def _file_name(writing: _Writing, message: "Message", params: WriteParams) -> str:
    """Such as `pain.008.001.08_NL_CORE_2026-12-03_930d2bb3.xml`."""
    bundle, number = writing.bundle, writing.number
    scheme = bundle["scheme"] if isinstance(bundle["scheme"], str) else ""
    parts = [
        message.version,
        bundle["company_account_id"],
        scheme,
        str(message.requested_date),
        params.bundle[:8],
    ]
    return "_".join([*filter(None, parts), *([f"M{number:02d}"] if number > 1 else [])]) + ".xml"


def transform(batch: Batch, params: WriteParams, context: Context) -> Changes:
    """The bundle is `exported`; items that may no longer go leave it, named."""
    if len(batch.failed):
        return Changes(failures=batch.failed)
    writing = batch.once("writing", lambda: _writing(batch, params))
    stale, good = writing.stale, writing.good
    effects = ChangesBuilder()
    if len(stale):
        decided = stale[["bundle_id", "item_no", "reason"]].assign(status=ItemStatus.CANCELLED.value)
        resolve(effects, batch.invoices, batch["payment_bundles"], batch["bundle_items"], decided)
    gone = failures(stale["invoice_id"], stale["reason"])
    if len(batch.files) and writing.fresh:
        effects.updates["payment_bundles"] = _exported(writing, batch, params, context)
        if params.replace:
            out = stale.assign(status=ItemStatus.CANCELLED.value)
            moved = ["bundle_id", "item_no", "status", "reason", "payment_information_id"]
            effects.updates["bundle_items"] = BUNDLE_ITEMS.conform(pd.concat([good, out])[moved])
    return effects.changes(failures=gone, totals={"written_cents": int(good["amount_cents"].sum())})


def _exported(writing: _Writing, batch: Batch, params: WriteParams, context: Context) -> pd.DataFrame:
    file = batch.files.iloc[0]
    bundle, items = writing.bundle, writing.good
    frame = pd.DataFrame({"bundle_id": [bundle["bundle_id"]], "version": [bundle["version"]]})
    exported = frame.assign(
        status=BundleStatus.EXPORTED.value,
        items=len(items),
        total_cents=int(items["amount_cents"].sum()),
        message_id=message_id(params.bundle, writing.number),
        message_no=writing.number,
        batch_booking=context.settings.payment.batch_booking,
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
    columns=COLUMNS | {"number"},
    artefacts=artefacts,
    transform=transform,
    repeatable=True,
    hidden=True,
    of_rows={"bundle": "payment_bundle_id"},
    after=("payments.confirm",),
)
