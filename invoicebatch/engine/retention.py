"""Which documents no law keeps any more: told, never deleted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.files.rule_tables import tables, valid

FILE: Final = "retention.toml"
_COLUMNS: Final = (
    "invoice_id",
    "number",
    "company_account_id",
    "customer_id",
    "invoice_date",
    "outstanding_cents",
)


class Term(BaseModel):
    """How long a country's law keeps a document: years from the end of the calendar year of its date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    years: int = Field(ge=1, le=100)
    source: str


def load_terms(root: Path) -> Mapping[str, Term]:
    """The terms by country, `rules/retention.toml`.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    found = tables(root, FILE)
    return {country: valid(Term, file, country, table) for country, (file, table) in found.items()}


def may_go(workspace: WorkspaceBase) -> pd.DataFrame:
    """Issued documents whose term is over and on which nothing is open.

    Returns:
        invoice_id int64, number str, customer_id str, invoice_date datetime64[s], kept_until datetime64[s]
        (the last day), source str (the law, or the setting); sorted by date.
    """
    other = Term(years=workspace.settings.retention.years, source="[retention] years")
    terms = load_terms(workspace.root)
    with workspace.store.read() as session:
        rows = session.overview(_COLUMNS, clock.today())
        countries = session.whole("company_accounts").set_index("company_account_id")["country"]
    rows = rows[rows["number"].notna() & rows["invoice_date"].notna() & rows["outstanding_cents"].eq(0)]
    by_account = {account: terms.get(str(country), other) for account, country in countries.items()}
    term = rows["company_account_id"].astype("object").map(lambda account: by_account.get(account, other))
    last = rows["invoice_date"].dt.year + term.map(lambda one: one.years).astype("int64")
    found = rows.assign(
        kept_until=pd.to_datetime(last.astype("str") + "-12-31").astype("datetime64[s]"),
        source=term.map(lambda one: one.source).astype("str"),
    )
    found = found[found["kept_until"] < pd.Timestamp(clock.today())].sort_values(
        ["invoice_date", "invoice_id"]
    )
    columns = ["invoice_id", "number", "customer_id", "invoice_date", "kept_until", "source"]
    return found[columns].reset_index(drop=True)
