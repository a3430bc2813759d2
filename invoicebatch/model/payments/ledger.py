"""What customers owe: documents, payments and credits as one ledger, as it stood on a day. Frames in, frames out.

A ledger is of one customer, one company account and one currency; nothing is ever summed across two of them.
"""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.model.changes import Batch
from invoicebatch.model.status import Status

KEY: Final = ["customer_id", "company_account_id", "currency"]

COLUMNS: Final = frozenset(
    {
        "invoice_id", "kind", "status", "number", *KEY, "invoice_date", "due_date", "total_cents",
        "prepaid_cents", "rounding_cents", "credited_cents", "outstanding_cents", "document_version",
        "credit_of", "remittance_reference", "payment_bundle_id",
    }
)  # fmt: skip
"""Columns of `invoices` that a ledger is made of."""

READS: Final = frozenset({"invoices", "payments"})
"""Tables a ledger is made of: all documents of the customers, and the payments on them."""

PAYMENT: Final = "payment"
RETURNED: Final = "returned"
CREDIT: Final = "credit"
SET_OFF: Final = "set_off"
WRITE_OFF: Final = "write_off"
EARLIER: Final = "earlier"

BUCKETS: Final = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
"""How long after its due date an amount is open, in days."""

_LIMITS: Final = np.array([0, 30, 60, 90])
_ABOUT: Final = [*KEY, "invoice_id", "number", "kind", "due"]


def documents_of(batch: Batch) -> pd.DataFrame:
    """All documents of the ledgers that the batch's rows belong to, issued or not; columns as `COLUMNS`."""
    ledgers = batch.invoices[KEY].astype("str").drop_duplicates()
    return batch["invoices"].astype(dict.fromkeys(KEY, "str")).merge(ledgers, on=KEY)


def issued(documents: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a document was ever created: a later failure to make it anew takes nothing back."""
    return documents["status"].astype("str").eq(Status.CREATED.value) | documents["document_version"].gt(0)


def movements(documents: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """The ledgers' movements; those of an issued document sum to its `outstanding_cents`.

    Args:
        documents: all documents of some ledgers, columns as `COLUMNS`.
        payments: the payments on them.

    Returns:
        one row a movement: `KEY`, invoice_id, number, kind, due (datetime64: the due date, else the invoice
        date), day (datetime64), what (the kind of a document as it was issued, or payment, returned, credit,
        set_off, write_off, earlier), amount_cents int64: what it adds to the debt. `set_off` moves a debt between
        two issued documents, `credit` takes off what a credit note not issued yet will state, `earlier` is what
        nothing else explains, by the date of its document.
    """
    own = documents[issued(documents)]
    own = own.assign(due=own["due_date"].fillna(own["invoice_date"]), kind=own["kind"].astype("str"))
    amount = own["total_cents"] - own["prepaid_cents"] + own["rounding_cents"]
    moves = pd.concat([_paid(payments), _set_off(documents)], ignore_index=True)
    moves = moves.merge(own[_ABOUT], on="invoice_id")
    known = amount + own["invoice_id"].map(moves.groupby("invoice_id")["amount_cents"].sum()).fillna(0)
    rest = (own["outstanding_cents"] - known).astype("int64")
    by_document = own[_ABOUT].assign(day=own["invoice_date"])
    parts = [
        by_document.assign(what=own["kind"], amount_cents=amount),
        moves,
        by_document.assign(what=EARLIER, amount_cents=rest)[rest.ne(0)],
    ]
    return pd.concat([part[[*_ABOUT, "day", "what", "amount_cents"]] for part in parts], ignore_index=True)


def _paid(payments: pd.DataFrame) -> pd.DataFrame:
    what = payments["what"].astype("str")
    what = what.mask(what.eq(PAYMENT) & payments["amount_cents"].lt(0), RETURNED)
    moves = payments[["invoice_id"]].assign(day=payments["booked_on"], what=what)
    return moves.assign(amount_cents=-payments["amount_cents"])


def _set_off(documents: pd.DataFrame) -> pd.DataFrame:
    """Both sides of what credit notes are set off against, by the date of the note."""
    notes = documents[documents["credit_of"].notna() & documents["credited_cents"].ne(0)]
    both = notes["credit_of"].isin(documents.loc[issued(documents), "invoice_id"]) & issued(notes)
    moves = notes[["invoice_id"]].assign(
        day=notes["invoice_date"],
        what=both.map({True: SET_OFF, False: CREDIT}).astype("str"),
        amount_cents=-notes["credited_cents"],
    )
    other = moves.assign(invoice_id=notes["credit_of"].astype("int64"), amount_cents=-moves["amount_cents"])
    return pd.concat([moves, other], ignore_index=True)


def as_of(moves: pd.DataFrame, day: date, today: date) -> pd.DataFrame:
    """The movements up to and with a day that has passed; on today or later all that is booked."""
    if day >= today:
        return moves
    return moves[moves["day"].isna() | moves["day"].le(pd.Timestamp(day))]


def before(moves: pd.DataFrame, start: date) -> "pd.Series[bool]":
    """Which movements are of before a period; one without a date always is."""
    return moves["day"].isna() | moves["day"].lt(pd.Timestamp(start))


def entries(moves: pd.DataFrame, start: date) -> pd.DataFrame:
    """The movements of a period as a statement lists them: by day, documents first.

    What two documents of one ledger settle between them changes nothing, and is left out.
    """
    shown = moves[~before(moves, start) & moves["what"].ne(SET_OFF)]
    order = shown.assign(later=shown["what"].ne(shown["kind"]))
    order = order.sort_values(["day", "later", "invoice_id"], kind="stable", ignore_index=True)
    return order.drop(columns="later")


def open_items(documents: pd.DataFrame) -> pd.DataFrame:
    """The issued documents with anything open now: `KEY`, number, remittance_reference, due, in_payment (with
    the bank) and amount_cents, by due date.
    """
    left = documents[issued(documents) & documents["outstanding_cents"].ne(0)]
    items = left[[*KEY, "number", "remittance_reference"]].assign(
        due=left["due_date"].fillna(left["invoice_date"]),
        in_payment=left["payment_bundle_id"].notna(),
        amount_cents=left["outstanding_cents"],
    )
    return items.sort_values("due", kind="stable", ignore_index=True)


def lateness(due: "pd.Series[pd.Timestamp]", on: date) -> "pd.Series[str]":
    """The bucket of each due date on a day; one that is missing is not due."""
    late = (pd.Timestamp(on) - due).dt.days.fillna(0)
    return pd.Series(np.array(BUCKETS)[np.searchsorted(_LIMITS, late.to_numpy())], due.index, dtype="str")


def aged(moves: pd.DataFrame, on: date) -> pd.DataFrame:
    """What is open of each ledger by days since the due date, of those with anything open.

    Args:
        moves: as `movements` gives.
        on: the day that days are counted to.

    Returns:
        `KEY` str, documents int64 (how many are open), a column of cents a bucket of `BUCKETS`, and their sum
        outstanding_cents, int64; by currency, company account and customer.
    """
    left = moves.groupby([*KEY, "invoice_id", "due"], dropna=False, as_index=False)["amount_cents"].sum()
    left = left[left["amount_cents"].ne(0)]
    bucket = lateness(left["due"], on)
    columns = {f"{name}_cents": left["amount_cents"].where(bucket.eq(name), 0) for name in BUCKETS}
    rows = left[KEY].assign(documents=1, **columns, outstanding_cents=left["amount_cents"])
    sums: pd.DataFrame = rows.groupby(KEY, as_index=False).sum()
    order = ["currency", "company_account_id", "customer_id"]
    return sums.sort_values(order, ignore_index=True).astype(dict.fromkeys(KEY, "str"))


def by_currency(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums of the columns of cents, one row a currency."""
    cents = [name for name in rows.columns if name.endswith("_cents")]
    return rows.groupby("currency", as_index=False)[cents].sum()
