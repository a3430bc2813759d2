"""How long the law keeps documents, and which it keeps no more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.files.rule_tables import tables, valid
from invoicebatch.store import Session

FILE: Final = "retention.toml"


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
    with workspace.store.with_archive().read() as session:
        rows = with_terms(session, workspace, session.whole("invoices", columns=_COLUMNS))
    over = rows["kept_until"].lt(pd.Timestamp(clock.today())) & rows["number"].notna()
    found = rows[over & rows["outstanding_cents"].eq(0)].sort_values(["invoice_date", "invoice_id"])
    columns = ["invoice_id", "number", "customer_id", "invoice_date", "kept_until", "source"]
    return found[columns].reset_index(drop=True)


def with_terms(session: Session, workspace: WorkspaceBase, invoices: pd.DataFrame) -> pd.DataFrame:
    """How long documents are kept: from their date, or that of the last payment on them.

    A document and what credits it are one matter: both are kept until the later term is over.

    Args:
        session: an open session.
        workspace: its rules and settings.
        invoices: rows of `invoices` with the columns `_COLUMNS`.

    Returns:
        The rows with kept_until datetime64[s] (the last day; missing: no date yet) and source str.
    """
    other = Term(years=workspace.settings.retention.years, source="[retention] years")
    terms = load_terms(workspace.root)
    accounts = session.whole("company_accounts").set_index("company_account_id")["country"]
    term = invoices["company_account_id"].map(accounts).map(lambda country: terms.get(str(country), other))
    paid = session.rows_of("payments", "invoice_id", invoices["invoice_id"]).groupby("invoice_id")
    last_paid = paid["booked_on"].max().reindex(invoices["invoice_id"]).set_axis(invoices.index)
    begin = pd.concat([invoices["invoice_date"], last_paid], axis=1).max(axis=1)
    years = begin.dt.year + term.map(lambda one: one.years).astype("float64")
    until = pd.to_datetime(years.map("{:.0f}-12-31".format).where(begin.notna())).astype("datetime64[s]")
    matter = invoices["credit_of"].fillna(invoices["invoice_id"])
    source = term.map(lambda one: one.source).astype("str")
    return invoices.assign(kept_until=until.groupby(matter).transform("max"), source=source)


_COLUMNS: Final = (
    "invoice_id", "number", "company_account_id", "customer_id", "invoice_date", "outstanding_cents", "credit_of",
)  # fmt: skip
