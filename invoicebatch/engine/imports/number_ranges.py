"""Number ranges of an import: held against the series that are in use and the numbers that are given."""

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.model.documents.number_ranges import changed_patterns, range_faults, whole_ranges
from invoicebatch.store import Session


def judge_ranges(
    session: Session, wanted: pd.DataFrame, sources: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The ranges that can come in, whole; the refused cells; and the doubts about those that come in.

    Args:
        session: the import's open transaction.
        wanted: rows of `number_ranges`, as far as the files say them.
        sources: file and row of each.
    """
    stored, counters = session.whole("number_ranges"), session.whole("number_counters")
    rows = whole_ranges(wanted, stored)
    given = given_numbers(session, rows["company_account_id"])
    faults = range_faults(rows, stored, counters, given, clock.today().year)
    bad = faults["reason"] != ""
    refused = sources[bad].join(faults[bad])
    good = rows[~bad].reset_index(drop=True)
    places = sources[~bad].reset_index(drop=True)
    change = changed_patterns(good, stored, counters)
    said = change != ""
    doubts = places[said].assign(column="pattern", value=good.loc[said, "pattern"], reason=change[said])
    return good, refused, doubts


def given_numbers(session: Session, accounts: "pd.Series[str]") -> pd.DataFrame:
    """Every number that documents of these accounts have: company_account_id, number."""
    columns = ["company_account_id", "number"]
    tables = ("issued_numbers", "invoices", "archived_invoices")
    found = [session.rows_of(name, "company_account_id", accounts, columns)[columns] for name in tables]
    return pd.concat(found, ignore_index=True).dropna().drop_duplicates()
