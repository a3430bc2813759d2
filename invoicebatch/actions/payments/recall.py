"""Call single payments of a written bundle back at the bank (camt.055); they wait for its answer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared, RowFailure
from invoicebatch.model.payments.bundles import COLUMNS, READS, bundle_row, waiting_items
from invoicebatch.model.payments.candidates import COLLECTIONS
from invoicebatch.model.payments.combined import debits
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.schema.payments import BUNDLE_ITEMS
from invoicebatch.model.status import BundleStatus

if TYPE_CHECKING:
    from invoicebatch.formats.pain.camt055 import Recall


class RecallParams(Params):
    """Parameters of `payments.recall`."""

    bundle: str = Field(description="Id of the bundle")
    reason: Literal["CUST", "DUPL", "TECH", "FRAD"] = Field(
        "CUST", description="Why: the customer asks, a duplicate, a technical fault, fraud"
    )
    refused: bool = Field(False, description="The bank refused the recall: the payments wait as before")
    answer: str = Field("", description="Id of the bank's answer that says so")


def _hindrance(batch: Batch, params: RecallParams, context: Context) -> str:
    """Why nothing of the bundle can be recalled, or an empty string."""
    bundle = bundle_row(batch, params.bundle)
    if params.refused:
        return ""
    if not context.settings.payment.recalls:
        return "recalls are off: set recalls = true under [payment] where this bank takes camt.055"
    if bundle["status"] != BundleStatus.EXPORTED:
        return f"payment bundle {params.bundle[:8]} is {bundle['status']}: remove takes a payment out of it"
    if bundle["part"] == COLLECTIONS and bundle["collection_date"].date() <= context.today:
        return f"it is collected on {bundle['collection_date'].date()}: it can only be paid back"
    return ""


def _chosen(batch: Batch, params: RecallParams) -> "tuple[pd.DataFrame, pd.Series[bool]]":
    """The payments of the rows, and which of them stand as is asked already."""
    items = waiting_items(batch, params.bundle)
    recalled = items["recalled_at"].notna()
    return items, ~recalled if params.refused else recalled


def artefacts(batch: Batch, params: RecallParams, context: Context) -> Iterator[Prepared]:
    """The request; none where the bank refused an earlier one."""
    items, known = _chosen(batch, params)
    if reason := _hindrance(batch, params, context):
        yield from (RowFailure(int(row), reason) for row in batch.invoices["invoice_id"])
        return
    said = "is not recalled" if params.refused else "is recalled already and waits for the bank's answer"
    yield from (RowFailure(int(row), said) for row in items.loc[known, "invoice_id"])
    if params.refused or known.all():
        return
    from invoicebatch.formats.pain.camt055 import VERSION, recall_file

    recall = _recall(batch, params, context, items[~known])
    yield Artefact(f"{VERSION}_{params.bundle[:8]}_{recall.request_id}.xml", recall_file(recall))


def _recall(batch: Batch, params: RecallParams, context: Context, items: pd.DataFrame) -> "Recall":
    from invoicebatch.formats.pain.camt055 import Recall

    bundle = bundle_row(batch, params.bundle)
    return Recall(
        request_id=f"IBR{context.run_id.replace('-', '').upper()}"[:35],
        created_at=context.now,
        account_name=bundle["account_name"],
        bic=bundle["bic"] if isinstance(bundle["bic"], str) else "",
        message_id=bundle["message_id"],
        message=bundle["message"],
        day=bundle["collection_date"].date(),
        reason=params.reason,
        items=debits(items),
    )


def transform(batch: Batch, params: RecallParams, context: Context) -> Changes:
    """The payments are marked as recalled, or no longer; what became of them the bank says."""
    items, known = _chosen(batch, params)
    moved = items[~known & ~items["invoice_id"].isin(batch.failed["invoice_id"])]
    now = None if params.refused else pd.Timestamp(context.now).tz_localize(None)
    marks = moved[["bundle_id", "item_no"]].assign(recalled_at=now).astype({"recalled_at": "datetime64[us]"})
    effects = ChangesBuilder()
    effects.update("bundle_items", BUNDLE_ITEMS.conform(marks.reset_index(drop=True)))
    word = "recall_refused_cents" if params.refused else "recalled_cents"
    return effects.changes(totals={word: int(moved["amount_cents"].sum())})


ACTION = Action(
    name="payments.recall",
    label="Recall payments",
    help="Call single payments of a written bundle back at the bank.",
    params=RecallParams,
    reads=READS,
    columns=COLUMNS,
    artefacts=artefacts,
    transform=transform,
    repeatable=True,
    hidden=True,
)
