"""Who must get an electronic invoice, as data (`rules/einvoice/duty.toml`): the law's reason for each row.

Mail and post ask it before they send; whether that warns or refuses is a setting.
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

FILE: Final = "duty.toml"

COLUMNS: Final = frozenset(
    {
        "account_country", "customer_country", "customer_is_business", "customer_siret", "customer_endpoint_scheme",
        "invoice_date", "shipping_channel",
    }
)  # fmt: skip
"""Overview columns that `duty_reasons` needs."""

_LEITWEG: Final = "0204"


class Duty(BaseModel):
    """One duty: of which parties, from which day, by which channel."""

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


def duty_reasons(rows: pd.DataFrame, duties: tuple[Duty, ...], today: date) -> "pd.Series[str]":
    """Why mail or post alone will not do, by row; empty: nothing speaks against it.

    Args:
        rows: the columns of `COLUMNS`.
        duties: the first that fits counts.
        today: the day of a row that has no invoice date yet.
    """
    reason = pd.Series("", index=rows.index, dtype="str")
    day = rows["invoice_date"].fillna(pd.Timestamp(today))
    kinds = _kinds(rows)
    sent = rows["shipping_channel"].eq("einvoice").fillna(value=False)
    for duty in duties:
        fits = (
            rows["customer_country"].eq(duty.buyer)
            & (day >= pd.Timestamp(duty.since))
            & (reason == "")
            & ~sent
        )
        if duty.seller:
            fits &= rows["account_country"].eq(duty.seller)
        if duty.who:
            fits &= kinds[duty.who]
        reason = reason.mask(fits.fillna(value=False).astype(bool), duty.because)
    return reason


def _kinds(rows: pd.DataFrame) -> Mapping[str, "pd.Series[bool]"]:
    business = rows["customer_is_business"].fillna(value=True).astype(bool)
    siret = rows["customer_siret"].fillna("").ne("")
    public = siret | rows["customer_endpoint_scheme"].eq(_LEITWEG).fillna(value=False)
    return {"business": business, "private": ~business & ~public, "public": public}


def refused_by_law(rows: pd.DataFrame, reason: "pd.Series[str]", context: Context) -> "pd.Series[str]":
    """The reasons, with the law's where there is none yet and `[einvoice] duty` refuses."""
    if context.settings.einvoice.duty != "refuse":
        return reason
    return reason.where(reason != "", duty_reasons(rows, load_duties(context.root), context.today))


def law_preview(rows: pd.DataFrame, context: Context) -> dict[str, pd.DataFrame]:
    """A table for a preview: of how many rows the law asks something else; none where there are none."""
    said = duty_reasons(rows, load_duties(context.root), context.today)
    counts = said[said != ""].value_counts()
    if counts.empty:
        return {}
    return {"law": pd.DataFrame({"mail or post alone will not do": counts.index, "rows": counts.to_numpy()})}
