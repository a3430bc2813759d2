"""What an earlier system billed: completed, and periods that overlap one another refused."""

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed
from invoicebatch.model.status import Kind


def complete_history(typed: Typed | None, account: str | None, refused: Refusals) -> None:
    """Fill account and kind where none is given, and refuse what can be no history, in place.

    Args:
        typed: the rows; None: there are none.
        account: the only company account.
        refused: takes the refused cells.
    """
    if typed is None:
        return
    for column, value in (("company_account_id", account), ("kind", Kind.INVOICE.value)):
        given = typed.frame.get(column, pd.Series(None, typed.frame.index, dtype="str")).astype("str")
        typed.frame[column] = given if value is None else given.fillna(value)
    frame = typed.frame
    typed.refuse(
        frame["period_end"] < frame["period_start"], "period_end", "lies before period_start", refused
    )
    frame = typed.frame.sort_values(["period_start", "period_end"], kind="stable")
    groups = frame.groupby(["customer_id", "company_account_id", "kind"], dropna=False, sort=False)
    before = groups["period_end"].shift()
    doubled = frame.duplicated(["customer_id", "company_account_id", "kind", "period_end"], keep=False)
    overlaps = ((before >= frame["period_start"]) & ~doubled).reindex(typed.frame.index)
    reason = "overlaps another period of the customer in the same file"
    typed.refuse(overlaps, "period_start", reason, refused)
