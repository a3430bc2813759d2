"""Withdraw approval: the way back of a document that has no number yet, or that failed its checks."""

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes
from invoicebatch.model.status import Status


class WithdrawParams(Params):
    """Parameters of `withdraw_approval`."""

    reason: str = Field("", max_length=200, description="Why, kept in the history of each document")


def transform(batch: Batch, params: WithdrawParams, context: Context) -> Changes:  # noqa: ARG001
    """Rows become `empty`: without a date and without faults, to be mended, approved anew or deleted."""
    no_date = pd.Series(pd.NaT, index=batch.invoices.index, dtype="datetime64[s]")
    rows = batch.invoices[["invoice_id"]].assign(
        status=Status.EMPTY.value,
        invoice_date=no_date,
        due_date=no_date,
        failure=pd.array([None] * len(batch), dtype="str"),
    )
    return Changes(updates={"invoices": rows})


ACTION = Action(
    name="withdraw_approval",
    label="Withdraw approval",
    help="Take the approval of documents back that have no number yet, or that failed their checks.",
    params=WithdrawParams,
    columns=frozenset(),
    transform=transform,
    chunk_rows=100_000,
    outcome=("status", Status.EMPTY.value),
    after=("approve",),
    undo="approve",
)
