"""Which entries of a bank report are customers' payments, and which of those were not reported before."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import pandas as pd

from invoicebatch.model.ident import derived_id
from invoicebatch.model.schema.payments import INCOMING_PAYMENTS

_BOOKED: Final = ["account_iban", "booked_on", "currency", "amount_cents"]
_PARTS: Final = (
    "account_iban", "statement_id", "bank_reference", "booked_on", "currency", "amount_cents", "payer_iban",
    "end_to_end_id", "reference", "text",
)  # fmt: skip
_NAMES: Final = {
    "party_name": "payer",
    "party_iban": "payer_iban",
    "structured_reference": "reference",
    "document_numbers": "documents",
    "remittance": "text",
}
_TEXTS: Final = ["bank_reference", "payer_iban", "end_to_end_id", "reference", "text"]


def received(others: pd.DataFrame) -> "pd.Series[bool]":
    """Which entries that are none of ours are money that a customer sent: credits, booked, nothing taken back.

    Args:
        others: entries of a statement, see `Matches.others`.
    """
    back = others["returned"] | others["reversal"]
    amount = others["amount_cents"].gt(0).fillna(False).astype(bool)
    return others["fault"].eq("") & others["direction"].eq("credit") & ~back & amount


def payments_of(entries: pd.DataFrame, message: str, source: str, now: datetime) -> pd.DataFrame:
    """Rows of `incoming_payments` of some entries; the id tells payments of one statement apart.

    Args:
        entries: see `received`.
        message: message and version of the report.
        source: the file's name.
        now: when it is read.
    """
    rows = entries.rename(columns=_NAMES)
    again = rows.groupby(list(_PARTS)).cumcount()
    ids = [
        derived_id("incoming payment", *parts)
        for parts in zip(*(rows[name] for name in _PARTS), again, strict=True)
    ]
    stamp = pd.Timestamp(now).tz_localize(None)
    texts = {name: rows[name].where(rows[name].ne(""), None) for name in [*_TEXTS, "payer", "documents"]}
    whole = rows.assign(
        payment_id=ids, message=message, source=source, read_at=stamp, set_aside=None, **texts
    )
    return INCOMING_PAYMENTS.conform(whole.assign(currency=whole["currency"].replace("", "EUR")))


def fresh(payments: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The payments that no report brought before.

    The bank's reference of a day tells. Where another kind of message has another one, it is told by what
    both say of the payer; where one of them says nothing of the payer, by day and amount. The n-th of one
    report is the n-th of the other.

    Args:
        payments: see `payments_of`; of one report.
        stored: rows of `incoming_payments` of the same accounts.
    """
    new, old = (rows.assign(**_comparable(rows)) for rows in (payments, stored))
    known = new["payment_id"].isin(old["payment_id"])
    old = old[~old["payment_id"].isin(new["payment_id"])]
    new = new[~known]
    for left, right, key in _ways(new, old):
        pairs = _pairs(new[left & new["open"]], old[right & old["open"]], key)
        new.loc[pairs["left"], "open"] = False
        old.loc[pairs["right"], "open"] = False
    return payments.loc[new.index[new["open"]]]


_Way = tuple["pd.Series[bool]", "pd.Series[bool]", list[str]]


def _ways(new: pd.DataFrame, old: pd.DataFrame) -> Iterator[_Way]:
    """Which of the new and of the stored may be the same, and by what, the surest first."""
    yield new["bank_reference"].ne(""), old["bank_reference"].ne(""), [*_BOOKED, "bank_reference"]
    kinds = new["message"].str[:8]
    elsewhere = ~old["message"].str[:8].isin(kinds)
    every = kinds.notna()
    yield every, elsewhere, [*_BOOKED, "told"]
    yield new["told"].eq(""), elsewhere, _BOOKED
    yield every, elsewhere & old["told"].eq(""), _BOOKED


def _comparable(rows: pd.DataFrame) -> "dict[str, pd.Series[str] | pd.Series[bool]]":
    """Texts without gaps; `told`: what is said of the payer, in one text; `open`: not found yet."""
    texts = {name: rows[name].fillna("").astype("str") for name in _TEXTS}
    said = texts["payer_iban"] + texts["end_to_end_id"] + texts["reference"] + texts["text"]
    told = said.str.upper().str.replace(r"[^A-Z0-9]+", "", regex=True)
    return {"bank_reference": texts["bank_reference"], "told": told, "open": told.notna()}


def _pairs(new: pd.DataFrame, old: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Index of the n-th new and the n-th stored row of the same key, as `left` and `right`."""
    left, right = (
        rows[key].assign(nth=rows.groupby(key).cumcount()).reset_index(names=name)
        for rows, name in ((new, "left"), (old, "right"))
    )
    return left.merge(right, on=[*key, "nth"])
