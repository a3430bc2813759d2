"""Export for the accountant: number and total of each invoice of one company account, as CSV."""

from collections.abc import Iterator

from pydantic import Field

from invoicebatch.model.action import Action, Choices, Context, Params, Surroundings
from invoicebatch.model.changes import Artefact, Batch, Changes, Prepared


class AccountantParams(Params):
    """What may be chosen."""

    account: str = Field(description="Company account")


def accounts(around: Surroundings) -> dict[str, str]:
    """The company accounts of the workspace."""
    known = around.table("company_accounts")
    return dict(zip(known["company_account_id"], known["name"], strict=True))


def artefacts(batch: Batch, params: AccountantParams, _: Context) -> Iterator[Prepared]:
    """One file of two columns."""
    rows = batch.invoices[batch.invoices["company_account_id"] == params.account]
    pairs = zip(rows["external_id"], rows["total_cents"], strict=True)
    yield Artefact("accountant.csv", "\n".join(f"{name},{cents}" for name, cents in pairs).encode())


def transform(batch: Batch, *_: object) -> Changes:
    """Nothing changes."""
    return Changes(failures=batch.failed)


ACTION = Action(
    name="export.csv_for_accountant",
    label="CSV for the accountant",
    help="Number and total of each invoice, as the accountant reads them.",
    params=AccountantParams,
    columns=frozenset({"external_id", "company_account_id", "total_cents"}),
    artefacts=artefacts,
    transform=transform,
    repeatable=True,
    schedulable=True,
    choices={"account": Choices(accounts, "the company accounts")},
)
