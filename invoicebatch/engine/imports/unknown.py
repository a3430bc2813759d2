"""Rows that name a customer or a company account that nobody knows: taken, and doubted at once."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from invoicebatch.store import Session

_NAMES: Final = (
    ("number_ranges", "company_account_id", "company_accounts", "company account"),
    ("mandates", "customer_id", "customers", "customer"),
    ("invoices", "company_account_id", "company_accounts", "company account"),
    ("invoices", "customer_id", "customers", "customer"),
    ("billing_history", "customer_id", "customers", "customer"),
    ("open_items", "customer_id", "customers", "customer"),
)
"""Table and column that name something, the table that knows it, and the word for it."""


def unknown_names(
    session: Session,
    frames: Mapping[str, pd.DataFrame],
    sources: Mapping[str, pd.DataFrame],
    refused: Sequence[pd.DataFrame],
) -> list[pd.DataFrame]:
    """Doubts, as file, row, column, value and reason, about names that neither the import nor the store knows.

    Args:
        session: the import's transaction, with its parties merged.
        frames: the rows of the files, by table.
        sources: file and row of each.
        refused: cells of rows that were not taken.
    """
    place = ["file", "row"]
    out = pd.MultiIndex.from_frame(pd.concat([pd.DataFrame(columns=place), *refused])[place])
    doubts = []
    for table, column, where, word in _NAMES:
        if column not in frames.get(table, pd.DataFrame()):
            continue
        names = frames[table][column]
        known = session.rows_of(where, column, names, [column])[column]
        lost = names.notna() & ~names.isin(known) & ~pd.MultiIndex.from_frame(sources[table][place]).isin(out)
        reason = f"there is no {word} " + names[lost] + ": import it too"
        doubts.append(sources[table][lost].assign(column=column, value=names[lost], reason=reason))
    return [found for found in doubts if len(found)]
