"""Sending once more what was sent already: the parameter, what it waives, and the earlier sending in words."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from pydantic import Field

from invoicebatch.model.action import Params, Preview
from invoicebatch.model.changes import failures
from invoicebatch.model.status import ShippingStatus

MARKED: Final = "marked"
"""The shipping channel of what a person marked as shipped."""

WAIVES: Final[Mapping[str, tuple[str, ...]]] = {
    "again": (
        "not_marked_as_shipped",
        "not_imported_as_sent",
        "not_sent_in_older_version",
        "not_sent_by_channel",
    )
}
"""The facts of the rules that a document is not sent, by the parameter that does without them."""


class SendParams(Params):
    """What every way of sending may be asked."""

    again: bool = Field(
        False,
        description="Send the present document once more where one was sent already; asks to be confirmed",
    )


def how_sent(invoices: pd.DataFrame) -> "pd.Series[str]":
    """How each row was sent: `sent by email`, `marked as shipped` or `imported as sent`.

    Args:
        invoices: shipping_channel, sent_version of rows that are sent.
    """
    channel = invoices["shipping_channel"].astype("str")
    ours = ("sent by " + channel).where(invoices["sent_version"].notna(), "imported as sent")
    return ours.mask(channel == MARKED, "marked as shipped").astype("str")


def sent_before(invoices: pd.DataFrame) -> pd.DataFrame:
    """The rows that were sent already: invoice_id, number, how, sent_at, sent_version, document_version.

    Args:
        invoices: overview rows.
    """
    sent = invoices[invoices["shipping_status"] == ShippingStatus.SENT.value]
    columns = ["invoice_id", "number", "how", "sent_at", "sent_version", "document_version"]
    return sent.assign(how=how_sent(sent))[columns].reset_index(drop=True)


def notes(invoices: pd.DataFrame) -> pd.DataFrame:
    """What the history of each row sent before keeps of it: invoice_id int64, reason str."""
    before = sent_before(invoices)
    on = before["sent_at"].dt.strftime(" on %Y-%m-%d %H:%M").fillna("").astype("str")
    version = (" in version " + before["sent_version"].astype("str")).where(
        before["sent_version"].notna(), ""
    )
    return failures(before["invoice_id"], "before: " + before["how"] + on + version.astype("str"))


def preview(invoices: pd.DataFrame) -> Preview:
    """Table `sent_before`, where any row was."""
    before = sent_before(invoices)
    return {"sent_before": before.drop(columns="invoice_id")} if len(before) else {}
