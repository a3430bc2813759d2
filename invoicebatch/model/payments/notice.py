"""Whether a debtor was told of a collection in time: what was sent, when, and with which date and amount.

Source: SEPA Core rulebook (EPC016-06), section 4.6.4: date and amount are notified 14 calendar days before,
unless another time is agreed. Frames in, frames out.
"""

import pandas as pd

from invoicebatch.model.payments.amount_due import due_at_issue_cents
from invoicebatch.model.payments.candidates import first_reason
from invoicebatch.model.status import ShippingStatus


def notice_faults(
    invoices: pd.DataFrame, collection_date: "pd.Series[pd.Timestamp]", days: int
) -> "pd.Series[str]":
    """Why a debtor does not know early enough of a collection, or an empty string.

    Args:
        invoices: overview rows: shipping_status, sent_at, due_date, due_at_issue_cents, outstanding_cents,
            mandate_notice_days.
        collection_date: datetime64[s], on the same index.
        days: calendar days between the notice and the collection, where the mandate agrees on none
            (mandate_notice_days).
    """
    wanted = invoices["mandate_notice_days"].fillna(days).astype("int64")
    sent = invoices["shipping_status"].astype("str").eq(ShippingStatus.SENT) & invoices["sent_at"].notna()
    told_on = invoices["sent_at"].dt.normalize()
    between = (collection_date.dt.normalize() - told_on).dt.days
    named = invoices["due_date"].dt.strftime("%Y-%m-%d").astype("str")
    more = invoices["outstanding_cents"].gt(due_at_issue_cents(invoices))
    late = (
        "told on " + told_on.dt.strftime("%Y-%m-%d").astype("str") + ", " + between.astype("Int64").astype("str")
        + " days before the collection; " + wanted.astype("str") + " are to lie between"
    )  # fmt: skip
    checks = (
        (~sent, "not told: its document was not sent"),
        (sent & between.lt(wanted), late),
        (invoices["due_date"].gt(collection_date), "told for " + named + ", which is later"),
        (more, "told with a smaller amount"),
    )
    return first_reason(invoices.index, checks)
