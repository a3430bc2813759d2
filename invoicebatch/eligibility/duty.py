"""Who must get an electronic invoice, as data (`rules/einvoice/duty.toml`): the law's reason for each row.

Mail, post and the networks ask it before they send; whether that warns or refuses is a setting.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from invoicebatch.files.rule_tables import rule_files, valid
from invoicebatch.model.action import Context
from invoicebatch.model.changes import no_failures, where_said

FILE: Final = "duty.toml"

COLUMNS: Final = frozenset(
    {
        "account_country", "customer_country", "customer_is_business", "customer_siret", "customer_endpoint_scheme",
        "invoice_date", "shipping_channel",
    }
)  # fmt: skip
"""Overview columns that `duty_reasons` needs."""

ANY: Final = "any"
"""The channel of a duty that any electronic invoice fulfils."""

_LEITWEG: Final = "0204"


class Duty(BaseModel):
    """One duty: of which parties, from which day, by which channel: a network by its name, or `any`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    seller: str = ""
    buyer: str
    who: Literal["", "business", "private", "public"] = ""
    since: date = Field(alias="from")
    channel: str
    because: str


@lru_cache(maxsize=8)
def load_duties(root: Path) -> tuple[Duty, ...]:
    """The duties of a workspace: its own, then those that are shipped.

    Raises:
        RulesError: a file can't be read, or a key in it is wrong; file and key are named.
    """
    return tuple(
        valid(Duty, file, "duties", table)
        for file, found in reversed(rule_files(root, f"einvoice/{FILE}"))
        for table in found.get("duties", [])
    )


def duty_reasons(
    rows: pd.DataFrame, duties: tuple[Duty, ...], today: date, channel: str = ""
) -> "pd.Series[str]":
    """Why mail or post alone (or another channel) will not do, by row; empty: nothing speaks against it.

    Args:
        rows: the columns of `COLUMNS`.
        duties: the first that fits counts.
        today: the day of a row that has no invoice date yet.
        channel: the network it is to go through, which a duty may ask for; empty: mail or post.
    """
    reason = pd.Series("", index=rows.index, dtype="str")
    open_ones = ~rows["shipping_channel"].eq("einvoice").fillna(value=False).astype(bool)
    day = rows["invoice_date"].fillna(pd.Timestamp(today))
    kinds = _kinds(rows)
    for duty in duties:
        fits = rows["customer_country"].eq(duty.buyer) & (day >= pd.Timestamp(duty.since)) & open_ones
        if duty.seller:
            fits &= rows["account_country"].eq(duty.seller)
        if duty.who:
            fits &= kinds[duty.who]
        fits = fits.fillna(value=False).astype(bool)
        open_ones &= ~fits
        if not channel or duty.channel not in (channel, ANY):
            reason = reason.mask(fits, duty.because)
    return reason


def _kinds(rows: pd.DataFrame) -> Mapping[str, "pd.Series[bool]"]:
    business = rows["customer_is_business"].fillna(value=True).astype(bool)
    siret = rows["customer_siret"].fillna("").ne("")
    public = siret | rows["customer_endpoint_scheme"].eq(_LEITWEG).fillna(value=False)
    return {"business": business, "private": ~business & ~public, "public": public}


def refused_by_law(
    rows: pd.DataFrame, reason: "pd.Series[str]", context: Context, channel: str = ""
) -> "pd.Series[str]":
    """The reasons, with the law's where there is none yet and `[einvoice] duty` refuses."""
    if context.settings.einvoice.duty != "refuse":
        return reason
    return reason.where(reason != "", _said(rows, context, channel))


def warned_by_law(rows: pd.DataFrame, context: Context, channel: str = "") -> pd.DataFrame:
    """What the law says of rows that go out all the same: invoice_id, reason; none where it refuses them."""
    if context.settings.einvoice.duty == "refuse":
        return no_failures()
    return where_said(rows["invoice_id"], _said(rows, context, channel))


def _said(rows: pd.DataFrame, context: Context, channel: str) -> "pd.Series[str]":
    return duty_reasons(rows, load_duties(context.root), context.today, channel)
