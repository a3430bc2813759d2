"""Credit: a credit note for all or a part of an invoice; both together are zero to the cent.

What was open on the original is set off; what was paid already stays on the note, to be refunded.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator, model_validator

from invoicebatch.model.action import Action, Context, Params, Preview, RowChoices
from invoicebatch.model.changes import Batch, Changes, failures
from invoicebatch.model.documents import crediting
from invoicebatch.model.documents.credit_notes import TOTALS, Draft, mirrored, partial, rows_of_notes
from invoicebatch.model.payments import bundles, settlement
from invoicebatch.model.payments.settlement import ChangesBuilder
from invoicebatch.model.status import ItemStatus, Kind, Status

COPIED = (
    "company_account_id", "customer_id", "currency", "period_start", "period_end", "delivery_date",
    "buyer_reference", "order_reference", "contract_reference", "project_reference",
)  # fmt: skip
COLUMNS = frozenset({
    *COPIED, *TOTALS, "number", "external_id", "invoice_date", "customer_name", "customer_language", "account_language",
    "credited_by", "credited_cents", "outstanding_cents", "payment_plan_id",
})  # fmt: skip


class CreditParams(Params):
    """Parameters of `credit`."""

    invoice_date: date | None = Field(None, description="Date of the credit notes; empty: today")
    lines: tuple[int, ...] = Field((), description="Only these lines, by number: 1,3")
    amount: str = Field("", description="Only these net amounts per VAT rate: 21:50.00,6:10.00")
    reason: str = Field("", max_length=500, description="Reason, printed on the credit note")
    with_advances: bool = Field(False, description="Credit the advances that a final note lists, too")

    @field_validator("amount")
    @classmethod
    def _readable(cls, value: str) -> str:
        crediting.parse_amounts(value)
        return value

    @model_validator(mode="after")
    def _one_way(self) -> "CreditParams":
        if self.lines and self.amount.strip():
            raise ValueError("give lines or amount, not both")
        if self.with_advances and self.partial:
            raise ValueError(
                "with_advances takes back whole documents; leave out lines and amount, or credit the advances apart"
            )
        return self

    @property
    def partial(self) -> bool:
        """Whether only a part is credited."""
        return bool(self.lines or self.amount.strip())


def companions(params: CreditParams) -> Callable[[pd.DataFrame], npt.NDArray[np.int64]] | None:
    """Advances that the selected final notes list, when asked for."""
    return _advances if params.with_advances else None


def _advances(lines: pd.DataFrame) -> npt.NDArray[np.int64]:
    listed: npt.NDArray[np.int64] = lines["advance_of"].dropna().to_numpy(np.int64)
    return np.unique(listed)


def lines_left(batch: Batch) -> pd.DataFrame:
    """The lines that are not credited yet: number and name; quantity and amount of one document, of several
    how many have such a line.
    """
    lines = batch["lines"]
    left = lines[lines["credited_by"].isna()].sort_values(["line_no", "invoice_id"])
    if len(batch.invoices) == 1:
        currency = batch.invoices["currency"].iloc[0]
        return left[["line_no", "name", "quantity", "net_cents"]].assign(currency=currency)
    by_number = left.groupby("line_no", as_index=False)
    return by_number.agg(name=("name", _names), invoices=("invoice_id", "nunique"))


def _names(names: "pd.Series[str]") -> str:
    found = names.unique().tolist()
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _whole(batch: Batch) -> "pd.Series[bool]":
    """By invoice id: nothing of it is credited yet, so that it can be mirrored."""
    ids = batch.invoices["invoice_id"]
    breakdown, lines = batch["vat_breakdown"], batch["lines"]
    touched = breakdown.loc[
        breakdown["credited_taxable_cents"].ne(0) | breakdown["credited_tax_cents"].ne(0), "invoice_id"
    ]
    part = ids.isin(touched) | ids.isin(lines.loc[lines["credited_by"].notna(), "invoice_id"])
    return pd.Series(~part.to_numpy(), index=ids.to_numpy())


def _draft(batch: Batch, params: CreditParams) -> Draft:
    """What the rows give back; mirrored where nothing was credited before, else the rest."""
    good = batch.invoices["invoice_id"]
    wanted = crediting.parse_amounts(params.amount)
    if params.partial:
        return partial(batch, good, params.lines, wanted)
    whole = good[good.map(_whole(batch))]
    rest = good[~good.isin(whole)]
    draft = mirrored(batch, whole)
    return draft if rest.empty else draft.joined(partial(batch, rest, (), {}))


def row_checks(batch: Batch, params: CreditParams, context: Context) -> pd.DataFrame:
    """Rows that can't be credited so much, or not on that date."""
    return pd.concat([_early(batch, params, context), _draft(batch, params).faults], ignore_index=True)


def _early(batch: Batch, params: CreditParams, context: Context) -> pd.DataFrame:
    """Rows of a later date than the note would have."""
    day = _note_date(params, context)
    rows = batch.invoices[batch.invoices["invoice_date"] > day]
    text = f"a credit note of {day:%Y-%m-%d} would lie before its invoice, "
    return failures(rows["invoice_id"], text + rows["invoice_date"].dt.strftime("%Y-%m-%d"))


def _note_date(params: CreditParams, context: Context) -> pd.Timestamp:
    return pd.Timestamp(params.invoice_date or context.today)


def _credits(batch: Batch, params: CreditParams) -> tuple[Draft, pd.DataFrame]:
    """The draft of the rows and their settlement.

    The settlement has one row an original: invoice_id, due_cents (what the note gives back), applied_cents
    (what is set off against the open amount).
    """
    draft = _draft(batch, params)
    due = draft.totals["total_cents"] - draft.totals["prepaid_cents"] + draft.totals["rounding_cents"]
    outstanding = draft.totals["invoice_id"].map(batch.invoices.set_index("invoice_id")["outstanding_cents"])
    settlement_rows = draft.totals[["invoice_id"]].assign(
        due_cents=due, applied_cents=crediting.set_off(due, outstanding.astype("int64"))
    )
    return draft, settlement_rows


def preview(batch: Batch, params: CreditParams, _: Context) -> Preview:
    """Tables `credits` (what each note gives back) and `total` by currency."""
    draft, rows = _credits(batch, params)
    shown = batch.invoices[["invoice_id", "number", "customer_name", "currency", "total_cents"]]
    notes = rows.merge(shown, on="invoice_id").assign(
        credit_cents=-draft.totals["total_cents"], to_refund_cents=rows["due_cents"] - rows["applied_cents"]
    )
    columns = ["invoice_id", "number", "customer_name", "total_cents", "credit_cents", "to_refund_cents"]
    sums = notes.assign(currency=notes["currency"].astype("str")).groupby("currency", as_index=False)
    return {
        "total": sums.agg(notes=("invoice_id", "size"), credit_cents=("credit_cents", "sum")),
        "credits": notes[columns],
    }


def transform(batch: Batch, params: CreditParams, context: Context) -> Changes:
    """One note a row, approved; the original set off, and taken out of bundle, case and plan."""
    draft, rows = _credits(batch, params)
    ids = pd.Series(context.reserve_ids(len(rows)), index=rows["invoice_id"].to_numpy())
    effects = ChangesBuilder()
    effects.inserts = {"invoices": _notes(batch, draft, rows, ids, params, context)}
    effects.inserts |= {name: frame for name, frame in rows_of_notes(draft, ids).items() if len(frame)}
    _mark_originals(effects, batch, draft, rows, ids)
    _take_out(effects, batch, rows)
    totals = {"credited_cents": -int(draft.totals["total_cents"].sum()), "notes": len(rows)}
    return effects.changes(totals=totals)


def _notes(
    batch: Batch,
    draft: Draft,
    rows: pd.DataFrame,
    ids: "pd.Series[int]",
    params: CreditParams,
    context: Context,
) -> pd.DataFrame:
    """Rows of `invoices` of the notes."""
    original = batch.invoices.set_index("invoice_id").loc[rows["invoice_id"]].reset_index()
    note_ids = original["invoice_id"].map(ids)
    day = _note_date(params, context)
    turned = {name: -draft.totals[name] for name in TOTALS}
    return original[[*COPIED]].assign(
        invoice_id=note_ids,
        external_id=original["external_id"].astype("str") + "/credit/" + note_ids.astype("str"),
        kind=Kind.CREDIT_NOTE.value,
        status=Status.APPROVED.value,
        invoice_date=day,
        due_date=day,
        note=params.reason or None,
        credit_of=original["invoice_id"],
        preceding_number=original["number"],
        preceding_date=original["invoice_date"],
        paid_cents=0,
        credited_cents=-rows["applied_cents"],
        outstanding_cents=rows["applied_cents"] - rows["due_cents"],
        **turned,
    )


def _mark_originals(
    effects: ChangesBuilder, batch: Batch, draft: Draft, rows: pd.DataFrame, ids: "pd.Series[int]"
) -> None:
    """What the originals remember: the set-off, the note that ends them, lines and VAT given back."""
    now = batch.invoices.set_index("invoice_id").loc[rows["invoice_id"]]
    applied = rows["applied_cents"].to_numpy()
    ended = rows["invoice_id"].isin(draft.exhausted)
    update = rows[["invoice_id"]].assign(
        credited_by=rows["invoice_id"].map(ids).where(ended).astype("Int64"),
        credited_cents=now["credited_cents"].to_numpy() + applied,
        outstanding_cents=now["outstanding_cents"].to_numpy() - applied,
    )
    effects.update_invoices(batch.invoices, update)
    taken = draft.taken
    effects.update("lines", taken.assign(credited_by=taken["invoice_id"].map(ids).astype("Int64")))
    before = batch["vat_breakdown"][[*crediting.GROUP, "credited_taxable_cents", "credited_tax_cents"]]
    vat = draft.vat.merge(before, on=crediting.GROUP)
    effects.update(
        "vat_breakdown",
        vat[crediting.GROUP].assign(
            credited_taxable_cents=vat["credited_taxable_cents"] + vat["taxable_cents"],
            credited_tax_cents=vat["credited_tax_cents"] + vat["tax_cents"],
        ),
    )


def _take_out(effects: ChangesBuilder, batch: Batch, rows: pd.DataFrame) -> None:
    """Out of the bundle, where its file is not written yet; out of case and plan by what was set off."""
    items = batch["bundle_items"]
    waiting = items[
        items["invoice_id"].isin(rows["invoice_id"]) & items["status"].astype("str").isin(bundles.WAITING)
    ]
    if len(waiting):
        decided = waiting[["bundle_id", "item_no"]].assign(
            status=ItemStatus.CANCELLED.value, reason="the invoice was credited"
        )
        bundles.resolve(effects, batch.invoices, batch["payment_bundles"], items, decided)
    settlement.close_cases(effects, batch["collection_cases"], effects.updates["invoices"], "credited")
    settlement.taken_out(effects, batch, rows.set_index("invoice_id")["applied_cents"])


ACTION = Action(
    name="credit",
    label="Credit",
    help="Make credit notes that take invoices back, wholly or in part.",
    params=CreditParams,
    columns=COLUMNS,
    reads=bundles.READS | settlement.READS | {"lines", "vat_breakdown", "allowance_charges"},
    preview=preview,
    transform=transform,
    row_checks=row_checks,
    companions=companions,
    order=("invoice_date", "invoice_id"),
    chunk_rows=50_000,
    together=lambda _: "customer_id",  # a case, a plan, an advance and its final note are of one customer
    confirm=True,
    irreversible=True,
    after_made=("create",),
    row_choices={"lines": RowChoices(lines_left, frozenset({"currency"}), frozenset({"lines"}))},
)
