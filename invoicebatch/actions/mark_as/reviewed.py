"""Mark as reviewed: what the review asked to look at was looked at, and is right."""

from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures


class ReviewedParams(Params):
    """Parameters of mark_as.reviewed."""

    reason: str = Field(min_length=1, max_length=200, description="Why what looks odd is right")


def transform(batch: Batch, params: ReviewedParams, context: Context) -> Changes:  # noqa: ARG001
    """Every row keeps the reason until the document changes."""
    already = batch.invoices["reviewed"] == params.reason
    rows = batch.invoices.loc[~already, ["invoice_id"]].assign(reviewed=params.reason)
    unchanged = failures(
        batch.invoices.loc[already, "invoice_id"], "marked as reviewed for that reason already"
    )
    return Changes(updates={"invoices": rows}, unchanged=unchanged)


ACTION = Action(
    name="mark_as.reviewed",
    label="Mark as reviewed",
    help="Record that what the review asks to look at is right; a change of the document takes that back.",
    params=ReviewedParams,
    columns=frozenset({"reviewed"}),
    transform=transform,
    chunk_rows=100_000,
    after=("approve",),
)
