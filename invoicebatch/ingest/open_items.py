"""Open items of an earlier system: what is still to be paid of an invoice that was made and sent there.

They come in created, with their own number; lines, VAT and document stay where they were made.
"""

import pandas as pd

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed
from invoicebatch.model.status import Kind, Status


def complete_open_items(
    typed: Typed | None, account: str | None, currency: str | None, refused: Refusals
) -> None:
    """Fill in what the file leaves out, and refuse rows that can't be told apart, in place.

    Args:
        typed: rows of the kind `open_items`; None: the files hold none.
        account: company account of rows that name none.
        currency: its currency.
        refused: takes the refused cells.
    """
    if typed is None:
        return
    frame = typed.frame
    for column, default in (
        ("external_id", frame["number"]),
        ("company_account_id", account),
        ("currency", currency),
    ):
        given = frame[column] if column in frame else pd.Series(pd.NA, frame.index, dtype="str")
        frame[column] = given if default is None else given.fillna(default)
    frame["currency"] = frame["currency"].str.upper()
    missing = frame["company_account_id"].isna()
    typed.refuse(missing, "company_account_id", "no company account is named", refused)
    twice = typed.frame.duplicated(["company_account_id", "number"], keep=False)
    twice &= ~typed.frame.duplicated("external_id", keep=False)
    typed.refuse(twice, "number", "stands in the file under several external ids", refused)
    due = typed.frame["outstanding_cents"].astype("int64")
    kind = (due < 0).map({True: Kind.CREDIT_NOTE.value, False: Kind.INVOICE.value})
    typed.frame = typed.frame.assign(
        kind=kind.astype("str"), status=Status.CREATED.value, total_cents=due, is_open_item=True
    )
