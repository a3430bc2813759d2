"""Number series of company accounts: as an accounts file names them, else the usual ones."""

from typing import Final

import pandas as pd

from invoicebatch.model.schema import TABLES
from invoicebatch.model.status import Series

PATTERNS: Final = {
    Series.INVOICE: ("number_pattern", "{account}-{year}-{seq:06d}"),
    Series.CREDIT_NOTE: ("credit_note_pattern", "{account}-C{year}-{seq:06d}"),
}
"""By series: the column of an accounts file that names the pattern, and the usual pattern."""


def ranges_of_accounts(accounts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Number ranges that the accounts name, and the usual ones for series they do not."""
    named, usual = [], []
    for series, (column, pattern) in PATTERNS.items():
        rows = pd.DataFrame({"company_account_id": accounts["company_account_id"], "series": series.value})
        rows["pattern"] = accounts.get(column, pd.NA)
        given = rows["pattern"].notna()
        named.append(rows[given])
        usual.append(rows[~given].assign(pattern=pattern))
    table = TABLES["number_ranges"]
    return table.conform(pd.concat(named, ignore_index=True)), table.conform(
        pd.concat(usual, ignore_index=True)
    )
