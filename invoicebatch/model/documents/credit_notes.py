"""Credit notes as frames: what an original gives back, wholly or in part, and the rows of the note.

A draft has the original's ids and signs; `rows_of_notes` turns it round. Arithmetic is in `crediting`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd
import pyarrow as pa

from invoicebatch.model.changes import Batch, failures
from invoicebatch.model.documents import crediting
from invoicebatch.model.documents.crediting import GROUP
from invoicebatch.model.money import to_decimal

TOTALS: Final = (
    "line_total_cents", "allowance_total_cents", "charge_total_cents", "net_total_cents", "vat_total_cents",
    "total_cents", "prepaid_cents", "rounding_cents",
)  # fmt: skip
"""Totals of a document that its credit note mirrors."""

_CREDIT_ON: Final = {
    "en": ("Credit on", "the invoice"),
    "nl": ("Credit op", "de factuur"),
    "fr": ("Note de crédit sur", "la facture"),
    "de": ("Gutschrift zu", "der Rechnung"),
}
"""What a line for one VAT rate is called, by language: before a number, and where there is none yet."""

_QUANTITY: Final = pd.ArrowDtype(pa.decimal128(18, 6))


@dataclass(frozen=True, slots=True)
class Draft:
    """What originals give back, with their own ids and signs.

    Attributes:
        totals: invoice_id and `TOTALS`, one row an original.
        lines: rows of `lines`.
        allowances: rows of `allowance_charges`.
        vat: `GROUP`, taxable_cents, tax_cents, exemption_reason, exemption_code.
        faults: invoice_id, reason: originals that can't be credited so.
        exhausted: ids of originals of which nothing is left.
        taken: invoice_id, line_no of original lines that are given back as they are.
    """

    totals: pd.DataFrame
    lines: pd.DataFrame
    allowances: pd.DataFrame
    vat: pd.DataFrame
    faults: pd.DataFrame
    exhausted: "pd.Series[int]"
    taken: pd.DataFrame

    def joined(self, other: "Draft") -> "Draft":
        """Both drafts; they name different originals."""
        names = ("totals", "lines", "allowances", "vat", "faults", "exhausted", "taken")
        parts = {
            name: [part for part in (getattr(self, name), getattr(other, name)) if len(part)]
            or [getattr(self, name)]
            for name in names
        }
        return Draft(**{name: pd.concat(found, ignore_index=True) for name, found in parts.items()})


def mirrored(batch: Batch, ids: "pd.Series[int]") -> Draft:
    """The whole of some originals of which nothing is credited yet."""
    invoices, lines, allowances, vat = (
        frame[frame["invoice_id"].isin(ids)]
        for frame in (batch.invoices, batch["lines"], batch["allowance_charges"], batch["vat_breakdown"])
    )
    columns = [*GROUP, "taxable_cents", "tax_cents", "exemption_reason", "exemption_code"]
    return Draft(
        invoices[["invoice_id", *TOTALS]],
        lines,
        allowances,
        vat[columns],
        failures(ids.iloc[:0], ""),
        ids,
        lines[["invoice_id", "line_no"]],
    )


def partial(batch: Batch, ids: "pd.Series[int]", lines: tuple[int, ...], wanted: crediting.Wanted) -> Draft:
    """Some lines, some net amounts per VAT rate, or (neither given) all that is left of some originals."""
    breakdown = batch["vat_breakdown"][batch["vat_breakdown"]["invoice_id"].isin(ids)]
    none = failures(ids[~ids.isin(breakdown["invoice_id"])], "has no VAT breakdown")
    if lines:
        chosen, faults = _chosen_lines(batch, ids, lines)
    else:
        groups, faults = _groups(breakdown, wanted)
        chosen = _rate_lines(groups, batch)
    currencies = batch.invoices.set_index("invoice_id")["currency"]
    taxed = crediting.with_tax(chosen[[*GROUP, "net_cents"]], breakdown, currencies)
    beyond = failures(taxed["invoice_id"], taxed["reason"])
    vat = taxed.rename(columns={"net_cents": "taxable_cents"})
    return Draft(
        totals=_totals(vat),
        lines=chosen,
        allowances=batch["allowance_charges"].iloc[:0],
        vat=vat[[*GROUP, "taxable_cents", "tax_cents", "exemption_reason", "exemption_code"]],
        faults=pd.concat([none, faults, beyond[beyond["reason"] != ""]], ignore_index=True),
        exhausted=_exhausted(breakdown, vat),
        taken=(chosen if lines else chosen.iloc[:0])[["invoice_id", "line_no"]],
    )


def _groups(breakdown: pd.DataFrame, wanted: crediting.Wanted) -> tuple[pd.DataFrame, pd.DataFrame]:
    if wanted:
        return crediting.by_amount(breakdown, wanted)
    left = crediting.remaining(breakdown)
    groups = left[GROUP].assign(net_cents=left["left_taxable_cents"])
    return groups[groups["net_cents"] != 0], failures(breakdown["invoice_id"].iloc[:0], "")


def _chosen_lines(
    batch: Batch, ids: "pd.Series[int]", numbers: tuple[int, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    lines = batch["lines"]
    lines = lines[lines["invoice_id"].isin(ids) & lines["line_no"].isin(numbers)]
    gone = lines.loc[lines["credited_by"].notna(), "invoice_id"].drop_duplicates()
    lacking = ids[ids.map(lines["invoice_id"].value_counts()).fillna(0) < len(set(numbers))]
    wanted = ", ".join(map(str, numbers))
    faults = [
        failures(gone, f"one of the lines {wanted} is credited already"),
        failures(lacking, f"has not all of the lines {wanted}"),
    ]
    return lines, pd.concat(faults, ignore_index=True)


def _rate_lines(groups: pd.DataFrame, batch: Batch) -> pd.DataFrame:
    """One line a VAT rate, for credits that name no line of the original."""
    prices = groups["net_cents"].map(to_decimal).astype(object)
    return groups.assign(
        line_no=groups.groupby("invoice_id").cumcount() + 1,
        name=_names(groups, batch),
        unit="C62",
        price=prices.astype(_QUANTITY),
        quantity=pd.Series(Decimal(1), index=groups.index, dtype=_QUANTITY),
        price_base=pd.Series(Decimal(1), index=groups.index, dtype=_QUANTITY),
    )


def _names(groups: pd.DataFrame, batch: Batch) -> "pd.Series[str]":
    """What a line for one VAT rate is called, in the language of the document."""
    rows = batch.invoices.set_index("invoice_id").loc[groups["invoice_id"]]
    language = rows["customer_language"].fillna(rows["account_language"])
    language = language.where(language.isin(list(_CREDIT_ON)), "en")
    words = pd.DataFrame(language.map(_CREDIT_ON).tolist(), index=groups.index, columns=["on", "invoice"])
    return words["on"] + " " + rows["number"].set_axis(groups.index).fillna(words["invoice"]).astype("str")


def _totals(vat: pd.DataFrame) -> pd.DataFrame:
    sums = vat.groupby("invoice_id", as_index=False)[["taxable_cents", "tax_cents"]].sum()
    return pd.DataFrame(
        {
            "invoice_id": sums["invoice_id"].astype("int64"),
            **dict.fromkeys(TOTALS, 0),
            "line_total_cents": sums["taxable_cents"],
            "net_total_cents": sums["taxable_cents"],
            "vat_total_cents": sums["tax_cents"],
            "total_cents": sums["taxable_cents"] + sums["tax_cents"],
        }
    )


def _exhausted(breakdown: pd.DataFrame, vat: pd.DataFrame) -> "pd.Series[int]":
    left = crediting.remaining(breakdown).merge(
        vat[[*GROUP, "taxable_cents"]], on=GROUP, how="left", suffixes=("", "_now")
    )
    after = left["left_taxable_cents"] - left["taxable_cents"].fillna(0)
    open_ids = left.loc[after != 0, "invoice_id"]
    ids = breakdown["invoice_id"].drop_duplicates()
    return ids[~ids.isin(open_ids)].reset_index(drop=True)


def rows_of_notes(draft: Draft, note_ids: "pd.Series[int]") -> dict[str, pd.DataFrame]:
    """Inserts of lines, allowances and VAT of the notes, all turned round.

    Args:
        draft: what the originals give back.
        note_ids: id of the note, indexed by the original's id.
    """
    lines = draft.lines.drop(columns=["credited_by"], errors="ignore")
    return {
        "lines": _turned(lines, note_ids, ("quantity", "net_cents")),
        "allowance_charges": _turned(draft.allowances, note_ids, ("amount_cents", "base_amount_cents")),
        "vat_breakdown": _turned(draft.vat, note_ids, ("taxable_cents", "tax_cents")),
    }


def _turned(frame: pd.DataFrame, note_ids: "pd.Series[int]", columns: tuple[str, ...]) -> pd.DataFrame:
    turned = {name: -frame[name] for name in columns}
    return frame.assign(invoice_id=frame["invoice_id"].map(note_ids).astype("int64"), **turned)
