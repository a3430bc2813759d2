"""What makes a document whole: positions, line amounts, and no document with a part missing.

A document of which a row was refused is refused as a whole: it would say a wrong amount.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from invoicebatch.ingest.cells import Refusals
from invoicebatch.ingest.draft import Typed
from invoicebatch.ingest.lines import line_net
from invoicebatch.model.ident import derived_id
from invoicebatch.model.money import unit_cents

POSITIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "lines": ("line_no", ("external_id",)),
    "allowance_charges": ("allowance_no", ("external_id",)),
    "measurements": ("reading_no", ("external_id", "line_no")),
    "attachments": ("attachment_no", ("external_id",)),
}
"""Position columns by kind, and what they count within."""

_LINE: Final = ["external_id", "line_no"]
_VAT: Final = ["vat_category", "vat_rate_bp"]


def number_rows(typed: Typed) -> None:
    """Give rows without a position the next free one, in the order of the file."""
    if typed.kind.name not in POSITIONS or typed.frame.empty:
        return
    column, within = POSITIONS[typed.kind.name]
    frame = typed.frame
    if column not in frame:
        frame[column] = pd.array([pd.NA] * len(frame), dtype="Int64")
    missing = frame[column].isna()
    if missing.any():
        group = frame.groupby(list(within), sort=False, dropna=False)
        last = group[column].transform("max").fillna(0)
        order = missing.groupby([frame[key] for key in within], sort=False, dropna=False).cumsum()
        frame[column] = frame[column].fillna((last + order).astype("Int64"))


def name_payments(typed: Typed) -> None:
    """Give payments without an id one that the same payment gets again in the next import."""
    frame = typed.frame
    if "payment_id" not in frame:
        frame["payment_id"] = pd.Series(pd.NA, index=frame.index, dtype="str")
    missing = frame["payment_id"].isna()
    if not missing.any():
        return
    columns = ["external_id", "booked_on", "amount_cents", *(c for c in ("reference",) if c in frame)]
    facts = frame.loc[missing, columns].astype("str")
    turn = facts.groupby(columns, sort=False).cumcount()
    ids = [derived_id("payment", *row) for row in zip(*(facts[c] for c in columns), turn, strict=True)]
    frame.loc[missing, "payment_id"] = ids


def fill_net(lines: Typed, allowances: Typed | None, currencies: "pd.Series[str]", refused: Refusals) -> None:
    """Fill empty line amounts: quantity × price ÷ base quantity − allowances + charges of the line.

    Rounded half away from zero to the decimals of the currency, once a line (PEPPOL-EN16931-R120).

    Args:
        lines: changed in place.
        allowances: on documents and lines.
        currencies: by external id; a document that is not there has two decimals.
        refused: gathers what can't be calculated.
    """
    frame = lines.frame
    for column, default in (("quantity", 1), ("price_base", 1)):
        frame[column] = _filled_quantity(frame, column, default)
    zero = np.asarray(pa.array(frame["price_base"]).cast(pa.float64())) == 0
    lines.refuse(zero, "price_base", "the base quantity of a price can't be zero", refused)
    frame = lines.frame
    if "net_cents" in frame and frame["net_cents"].notna().all():
        return
    whole = unit_cents(frame["external_id"].map(currencies).astype("str")) > 1
    net, absurd = line_net(frame, whole)
    given = frame["net_cents"] if "net_cents" in frame else pd.Series(pd.NA, index=frame.index, dtype="Int64")
    extra = _line_allowances(frame, allowances)
    frame["net_cents"] = given.fillna(pd.Series(net, index=frame.index).astype("Int64") + extra)
    lines.refuse(absurd, "price", "quantity × price is an absurd amount", refused)


def _filled_quantity(frame: pd.DataFrame, column: str, default: int) -> "pd.Series[Any]":
    kind = pd.ArrowDtype(pa.decimal128(18, 6))
    if column not in frame:
        return pd.Series(
            pa.repeat(pa.scalar(Decimal(default), pa.decimal128(18, 6)), len(frame)), frame.index, kind
        )
    values = pa.array(frame[column])
    return pd.Series(values.fill_null(pa.scalar(Decimal(default), values.type)), frame.index, kind)


def _line_allowances(frame: pd.DataFrame, allowances: Typed | None) -> "pd.Series[Any]":
    """Charges less allowances of each line, cents."""
    zero = pd.Series(0, index=frame.index, dtype="Int64")
    if allowances is None or "line_no" not in allowances.frame:
        return zero
    of_line = allowances.frame[allowances.frame["line_no"].notna()]
    sums = signed(of_line).groupby([of_line["external_id"], of_line["line_no"]]).sum()
    keys = pd.MultiIndex.from_frame(frame[["external_id", "line_no"]])
    return pd.Series(sums.reindex(keys).to_numpy(), index=frame.index).fillna(0).astype("Int64")


def check_line_numbers(kinds: Mapping[str, Typed], refused: Refusals) -> None:
    """Refuse rows on a line that their document lacks, and allowances with another VAT than their line."""
    if "lines" not in kinds or kinds["lines"].frame.empty:
        return
    vat = kinds["lines"].frame.drop_duplicates(_LINE).set_index(_LINE)[_VAT]
    documents = {*kinds["lines"].frame["external_id"]}
    if "invoices" in kinds:
        documents.update(kinds["invoices"].frame["external_id"])
    for typed in (kinds[name] for name in ("allowance_charges", "measurements") if name in kinds):
        if "line_no" not in typed.frame:
            continue
        of_line = typed.frame["line_no"].notna() & typed.frame["external_id"].isin(documents)
        found = pd.MultiIndex.from_frame(typed.frame[_LINE]).isin(vat.index)
        typed.refuse(of_line & ~found, "line_no", "the document has no such line", refused)
        if set(_VAT) <= set(typed.frame):
            own = typed.frame[_VAT].reset_index(drop=True)
            lines = vat.reindex(pd.MultiIndex.from_frame(typed.frame[_LINE])).reset_index(drop=True)
            other = (own.notna() & lines.notna() & (own != lines).fillna(value=False)).any(axis=1)
            typed.refuse(
                other, "vat_rate_bp", "is not the VAT of its line, which it has: leave it empty", refused
            )


def is_charge(allowances: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows are charges; a row that does not say is an allowance."""
    if "is_charge" not in allowances:
        return pd.Series(False, index=allowances.index)
    return allowances["is_charge"].fillna(value=False).astype(bool)


def signed(allowances: pd.DataFrame) -> "pd.Series[Any]":
    """Charges positive, allowances negative, cents."""
    amount = allowances["amount_cents"].astype("int64")
    return amount.where(is_charge(allowances), -amount)


def drop_spoiled(kinds: Mapping[str, Typed], refused: Refusals) -> None:
    """Refuse every row of a document of which a row was refused, naming that row."""
    spoiled: dict[str, str] = {}
    for typed in kinds.values():
        spoiled = {**typed.spoiled, **spoiled}
    if not spoiled:
        return
    for typed in kinds.values():
        if "external_id" not in typed.frame:
            continue
        where = typed.frame["external_id"].map(spoiled)
        reason = "belongs to a document that was refused because of " + where.astype("str")
        typed.refuse(where.notna(), "external_id", reason, refused)
