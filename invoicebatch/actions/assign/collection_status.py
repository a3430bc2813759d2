"""Pause, resume or close collection cases by hand."""

from typing import Literal

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.payments.settlement import ChangesBuilder, closed
from invoicebatch.model.schema.payments import COLLECTION_CASES
from invoicebatch.model.status import CaseStatus


class CollectionStatusParams(Params):
    """Parameters of `assign.collection_status`."""

    change: Literal["pause", "resume", "close"] = Field(description="What to do with the cases")
    reason: str = Field("closed by hand", max_length=200, description="Why a case is closed")


_FROM = {
    "pause": (CaseStatus.ACTIVE,),
    "resume": (CaseStatus.PAUSED,),
    "close": (CaseStatus.ACTIVE, CaseStatus.PAUSED),
}


def row_checks(batch: Batch, params: CollectionStatusParams, _: Context) -> pd.DataFrame:
    """Rows whose case is in another state than the change begins from."""
    cases = batch["collection_cases"]
    states = cases["status"].astype("str")
    bad = ~states.isin(_FROM[params.change])
    return failures(cases.loc[bad, "invoice_id"], "its collection case is " + states[bad])


def transform(batch: Batch, params: CollectionStatusParams, context: Context) -> Changes:
    """The rows' open cases change; a resumed case goes on where it stood, no step lies in the past."""
    cases = batch["collection_cases"]
    effects = ChangesBuilder()
    if params.change == "close":
        effects.update("collection_cases", closed(cases, params.reason))
    else:
        today = pd.Timestamp(context.today)
        later = cases["next_step_on"].where(cases["next_step_on"] > today, today)
        paused = params.change == "pause"
        frame = cases[["case_id", "version"]].assign(
            status=(CaseStatus.PAUSED if paused else CaseStatus.ACTIVE).value,
            next_step_on=cases["next_step_on"] if paused else later,
        )
        effects.update("collection_cases", COLLECTION_CASES.conform(frame.reset_index(drop=True)))
    return effects.changes(totals={"cases": len(cases)})


ACTION = Action(
    name="assign.collection_status",
    label="Pause, resume or close collection cases",
    help="Pause, resume or close the collection cases of invoices.",
    params=CollectionStatusParams,
    reads=frozenset({"collection_cases"}),
    transform=transform,
    row_checks=row_checks,
    repeatable=True,
)
