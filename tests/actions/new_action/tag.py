"""Archive: a tag on each invoice, by which it is found again."""

from pydantic import Field

from invoicebatch.model.action import Action, Context, Params
from invoicebatch.model.changes import Batch, Changes


class TagParams(Params):
    """What may be chosen."""

    tag: str = Field("archived", max_length=20, description="The tag")


def transform(batch: Batch, params: TagParams, _: Context) -> Changes:
    """Every row has the tag as its project."""
    return Changes(updates={"invoices": batch.invoices[["invoice_id"]].assign(project_reference=params.tag)})


ACTION = Action(
    name="archive.tag",
    label="Tag",
    help="Puts a tag on invoices, by which they are found again.",
    params=TagParams,
    columns=frozenset(),
    transform=transform,
    after=("export.csv_for_accountant",),
)
