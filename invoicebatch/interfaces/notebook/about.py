"""What a reader knows invoices by: number, customer and amount; and reasons told with them, by kind."""

from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.model.money import format_cents
from invoicebatch.model.readable import short_ids
from invoicebatch.model.reasons import by_kind, of_kind

About = pd.DataFrame
"""Of invoices by id: name str, currency str, total_cents int64."""

_READ: Final = ("number", "external_id", "customer_id", "customer_name", "currency", "total_cents")
_FEW: Final = 5


def about(workspace: WorkspaceBase, ids: "pd.Series[int]") -> About:
    """What is known of invoices: as names number, customer's name and number, amount; not of those that are gone."""
    with workspace.store.read() as session:
        rows = session.overview(_READ, clock.today(), np.unique(ids.to_numpy(np.int64)))
    rows = rows.astype(
        dict.fromkeys(("number", "external_id", "customer_id", "customer_name", "currency"), "str")
    )
    number = rows["number"].fillna(rows["external_id"])
    amount = pd.Series(map(_amount, rows["total_cents"], rows["currency"]), rows.index, dtype="str")
    name = number + " " + rows["customer_name"].fillna("") + " (" + rows["customer_id"] + ") " + amount
    return rows.assign(name=name).set_index("invoice_id")[["name", "currency", "total_cents"]]


def worth(ids: "pd.Series[int]", known: About) -> str:
    """The sum of some invoices by currency, what is to be paid back apart: ``EUR 121.00, EUR -20.00``."""
    rows = known.reindex(ids).dropna(subset="currency")
    back = rows["total_cents"].lt(0)
    sums = rows.assign(back=back).groupby(["currency", "back"], as_index=False)["total_cents"].sum()
    return ", ".join(map(_amount, sums["total_cents"], sums["currency"]))


def _amount(cents: float, currency: str) -> str:
    """An amount that no line break parts from its currency."""
    return format_cents(int(cents), currency).replace(" ", "\u00a0")


def reasons(rows: pd.DataFrame, known: About) -> pd.DataFrame:
    """The kinds of reason of some rows, most frequent first: reason, invoices int64, amount, which (the first) str.

    Args:
        rows: invoice_id int64, number, reason str.
        known: see `about`.
    """
    called = rows["number"].astype("str").fillna("invoice " + rows["invoice_id"].astype("str"))
    names = rows["invoice_id"].map(known["name"]).astype("str").fillna(called)
    kinds = by_kind(rows["reason"]).rename(columns={"rows": "invoices"})
    own = [of_kind(rows["reason"], reason).index for reason in kinds["reason"]]
    return kinds.assign(
        reason=kinds["reason"].map(short_ids),
        amount=[worth(rows.loc[index, "invoice_id"], known) for index in own],
        which=["; ".join(names.loc[index].head(_FEW)) + "; …" * (len(index) > _FEW) for index in own],
    )
