"""What a rejected or returned collection leads to: when it may be collected again, and its mandate's end.

The table of reasons is data (rules/bank_reasons.toml). Frames in, frames out.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from invoicebatch.model.payments.calendar import add_banking_days
from invoicebatch.model.payments.candidates import COLLECTIONS

Language = Literal["en", "nl", "fr", "de"]


class BankReason(BaseModel):
    """One reason code: its words, and what follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    nl: str = Field(min_length=1)
    fr: str = Field(min_length=1)
    de: str = Field(min_length=1)
    retry_after: int | None = Field(None, ge=0, le=250)
    retry_times: int | None = Field(None, ge=0, le=99)
    end_mandate: bool = False
    ask_customer: bool = False
    open_case: bool = False

    @model_validator(mode="after")
    def _whole(self) -> "BankReason":
        if (self.retry_after is None) != (self.retry_times is None):
            raise ValueError("retry_after and retry_times go together")
        return self

    def words(self, language: Language = "en") -> str:
        """The reason in a language."""
        return {"en": self.en, "nl": self.nl, "fr": self.fr, "de": self.de}[language]

    def again_on(self, returned_on: pd.Timestamp, count: int, today: date) -> pd.Timestamp | None:
        """From when it may be collected again after the `count`-th return for this reason; None: not at all."""
        if self.retry_after is None or self.retry_times is None:
            return min(returned_on, pd.Timestamp(today))
        if count > self.retry_times:
            return None
        return pd.Timestamp(add_banking_days(returned_on.date(), self.retry_after))


Reasons = Mapping[str, BankReason]

_FREE: Final = BankReason(en="-", nl="-", fr="-", de="-")
"""A reason that the table does not know: nothing follows."""


def code_of(reason: object, reasons: Reasons) -> str:
    """The code that a free text begins with, or an empty string."""
    first = (
        str(reason).split(maxsplit=1)[0].strip(":,;").upper()
        if isinstance(reason, str) and reason.strip()
        else ""
    )
    return first if first in reasons else ""


def marked(invoices: pd.DataFrame, returned: pd.DataFrame, reasons: Reasons, today: date) -> pd.DataFrame:
    """The update of invoices whose collection was rejected or returned.

    Args:
        invoices: overview rows.
        returned: invoice_id, part, reason_code (may be missing), booked_on; one row an invoice counts, the last.
        reasons: the table.
        today: when one for which nothing follows may be collected again.

    Returns:
        invoice_id, return_code, returned_on, return_count, collect_again_on.
    """
    last = _collections(returned).drop_duplicates("invoice_id", keep="last")
    before = invoices.set_index("invoice_id")[["return_code", "return_count"]].reindex(last["invoice_id"])
    code = last["reason_code"].fillna("").to_numpy()
    same = pd.Series(before["return_code"].fillna("").to_numpy() == code, index=last.index)
    count = before["return_count"].fillna(0).astype("int64").to_numpy() * same + 1
    again = [
        reasons.get(code, _FREE).again_on(day, int(times), today)
        for code, day, times in zip(code, last["booked_on"], count, strict=True)
    ]
    return last[["invoice_id"]].assign(
        return_code=pd.Series(code, index=last.index, dtype="str"),
        returned_on=last["booked_on"],
        return_count=count.astype("int64"),
        collect_again_on=pd.Series(again, index=last.index, dtype="datetime64[s]"),
    )


def ended_mandates(returned: pd.DataFrame, reasons: Reasons) -> "pd.Series[str]":
    """Why mandates are suspended ("MD01 on 2026-12-03"), by mandate id.

    Args:
        returned: mandate_id, part, reason_code, booked_on.
        reasons: the table.
    """
    rows = _collections(returned)
    ends = rows["reason_code"].map({code: reason.end_mandate for code, reason in reasons.items()})
    rows = rows[ends.eq(True) & rows["mandate_id"].notna()].drop_duplicates("mandate_id", keep="last")
    days = rows["booked_on"].dt.strftime("%Y-%m-%d").tolist()
    because = [f"{code} on {day}" for code, day in zip(rows["reason_code"], days, strict=True)]
    return pd.Series(because, index=pd.Index(rows["mandate_id"]), dtype="str")


def _collections(returned: pd.DataFrame) -> pd.DataFrame:
    rows = returned[returned["part"].astype("str").eq(COLLECTIONS)]
    return rows.sort_values("booked_on", kind="stable")


def follows(row: Mapping[str, Any], reasons: Reasons) -> str:
    """What follows a return, in words.

    Args:
        row: reason_code, mandate_id, collect_again_on, return_code, part, invoice_id, outstanding_cents, has_case.
        reasons: the table.
    """
    reason = reasons.get(str(row["reason_code"]), _FREE)
    steps = []
    collection = row["part"] == COLLECTIONS
    if collection and row["return_code"] == row["reason_code"] and reason.retry_times is not None:
        again = row["collect_again_on"]
        steps.append("not to be collected again without a new mandate" if pd.isna(again) else f"may be collected again from {again:%Y-%m-%d}")  # fmt: skip
    if collection and reason.end_mandate:
        steps.append(f"mandate {row['mandate_id']} is suspended: get a new one")
    if reason.ask_customer:
        steps.append("ask the customer")
    if collection and reason.open_case and row["outstanding_cents"] > 0:
        steps.append("a collection case is open" if row["has_case"] else f"open a case: invoicebatch run assign.collection_case --ids {row['invoice_id']}")  # fmt: skip
    return "; ".join(steps)
