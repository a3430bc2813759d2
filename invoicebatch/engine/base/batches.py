"""Loading a batch: the overview rows of some ids and the tables an action reads, restricted to them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.errors import StaleError
from invoicebatch.model.action import Action
from invoicebatch.model.changes import Batch, Frames
from invoicebatch.model.payments import ledger
from invoicebatch.model.schema import INVOICE_TABLES, OVERVIEW
from invoicebatch.model.slices import belonging
from invoicebatch.store import Session

ALWAYS: Final = ("invoice_id", "version", "status", "currency", "total_cents")
"""Overview columns the engine itself needs of every row."""

_LINKS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(INVOICE_TABLES, ("invoice_id", "invoice_id")),
    "outbox": ("invoice_id", "invoice_id"),
    "payments": ("invoice_id", "invoice_id"),
    "payment_allocations": ("invoice_id", "invoice_id"),
    "live_bundle_items": ("invoice_id", "invoice_id"),
    "customers": ("customer_id", "customer_id"),
    "mandates": ("customer_id", "customer_id"),
    "company_accounts": ("company_account_id", "company_account_id"),
    "number_ranges": ("company_account_id", "company_account_id"),
    "number_counters": ("company_account_id", "company_account_id"),
    "bank_entries": ("invoice_id", "invoice_id"),
    **dict.fromkeys(("payment_bundles", "bundle_items"), ("bundle_id", "payment_bundle_id")),
    "collection_cases": ("case_id", "collection_case_id"),
    "collection_steps": ("case_id", "collection_case_id"),
    "payment_plans": ("plan_id", "payment_plan_id"),
    "instalments": ("plan_id", "payment_plan_id"),
}
"""By table: its column, and the overview column whose values it is restricted to."""

_PARTIES: Final[Mapping[str, str]] = {"c": "customer_id", "m": "customer_id", "a": "company_account_id"}
"""By alias of an overview column: the column that says whose customer, mandate or account it speaks of."""


def overview_columns(action: Action) -> list[str]:
    """The overview columns a batch of the action carries, in schema order."""
    if action.columns is None:
        return list(OVERVIEW)
    wanted = {*ALWAYS, *action.columns, *action.order, *action.watch}
    if action.reserve is not None:
        wanted.add("number")
    wanted |= {_LINKS[table][1] for table in action.reads if table in _LINKS}
    return [name for name in OVERVIEW if name in wanted]


def load_batch(
    session: Session,
    action: Action,
    ids: npt.NDArray[np.int64],
    today: date,
    parts: "pd.Series[str] | None" = None,
) -> Batch:
    """The batch of some ids, in their order.

    Args:
        session: an open session.
        action: whose columns and tables to load.
        ids: int64 invoice ids.
        today: the date that `overdue` is judged by.
        parts: part per id, indexed by invoice id; missing or empty where there is none, None: there is none at all.
    """
    invoices = session.overview(overview_columns(action), today, ids)
    of_rows: pd.Series[str] | str = ""
    if parts is not None and (parts.notna() & parts.ne("")).any():  # looking the ids up takes much room
        of_rows = invoices["invoice_id"].map(parts.astype("str")).fillna("")
    invoices["part"] = pd.Series(of_rows, index=invoices.index, dtype="str")
    tables = dict(_ledger(session, invoices)) if "invoices" in action.reads else {}
    if wanted := action.reads & _OF_BUNDLES:
        found = _bundles(session, invoices)
        tables |= {name: found[name] for name in wanted}
    rest = sorted(action.reads - tables.keys())
    linked = {name: linked_rows(session, name, invoices, action.read_columns.get(name)) for name in rest}
    return Batch(invoices, {**tables, **linked})


def _ledger(session: Session, invoices: pd.DataFrame) -> Frames:
    """All documents of the rows' customers, selected or not, and the payments on them."""
    documents = session.rows_of("invoices", "customer_id", invoices["customer_id"], ledger.COLUMNS)
    return {
        "invoices": documents,
        "payments": session.rows_of("payments", "invoice_id", documents["invoice_id"]),
    }


_OF_BUNDLES: Final = frozenset({"bundle_items", "payment_bundles"})


def _bundles(session: Session, invoices: pd.DataFrame) -> Frames:
    """All items of the live bundles, and the rows' own items of earlier ones; and their bundles."""
    live = invoices["payment_bundle_id"].drop_duplicates().dropna()
    own = session.rows_of("bundle_items", "invoice_id", invoices["invoice_id"], ["bundle_id", "invoice_id"])
    earlier = own[~own["bundle_id"].isin(live)]
    further = session.rows_of("bundle_items", "invoice_id", earlier["invoice_id"])
    parts = [
        session.rows_of("bundle_items", "bundle_id", live),
        further[~further["bundle_id"].isin(live)],
    ]
    items = pd.concat(parts, ignore_index=True) if len(earlier) else parts[0].reset_index(drop=True)
    ids = pd.concat([live, earlier["bundle_id"]])
    return {"bundle_items": items, "payment_bundles": session.rows_of("payment_bundles", "bundle_id", ids)}


def linked_rows(
    session: Session, name: str, invoices: pd.DataFrame, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """The rows of a table that belong to invoices, or to their parties, bundles, cases and plans; all of another.

    Args:
        session: an open session.
        name: of the table.
        invoices: overview rows, with the column that links the table.
        columns: those wanted; None: all.
    """
    if name not in _LINKS:
        return session.whole(name, columns=columns)
    column, source = _LINKS[name]
    return session.rows_of(name, column, invoices[source], columns)


def every_one(
    session: Session, ids: npt.NDArray[np.int64], columns: Iterable[str], today: date
) -> pd.DataFrame:
    """Overview rows of the ids, in their order.

    Raises:
        StaleError: there is none of an id.
    """
    invoices = session.overview(columns, today, ids)
    if len(invoices) != len(ids):
        lost = np.setdiff1d(ids, invoices["invoice_id"])
        raise StaleError(
            f"Nothing was written: invoice {', '.join(map(str, lost[:10]))} is not there any more.",
            "Another process changed it meanwhile; select again.",
        )
    return invoices


class Parties:
    """What is read once for many invoices: rows that several of them share, and what is said of their parties."""

    def __init__(
        self,
        session: Session,
        ids: npt.NDArray[np.int64],
        columns: Iterable[str],
        reads: Mapping[str, Iterable[str] | None],
        today: date,
    ) -> None:
        """Read it.

        Args:
            session: an open session.
            ids: int64 invoice ids.
            columns: overview columns; those that are not of a party are left out.
            reads: columns by table; None: all. Tables whose rows are of one invoice each are left out.
            today: the date that `overdue` is judged by.

        Raises:
            StaleError: there is no invoice of an id.
        """
        self.columns = [name for name in columns if OVERVIEW[name].alias in _PARTIES]
        keys = sorted({_PARTIES[OVERVIEW[name].alias] for name in self.columns})
        self._links = {name: _LINKS[name] for name in reads if _LINKS[name][1] != "invoice_id"}
        links = {*keys, *(link for _, link in self._links.values())}
        invoices = every_one(session, ids if links else ids[:0], links, today)
        self._rows = {name: linked_rows(session, name, invoices, reads[name]) for name in self._links}
        self._keys = {name: pd.Index(self._rows[name][column]) for name, (column, _) in self._links.items()}
        if self.columns:
            groups = invoices.groupby(keys, sort=False, dropna=False, observed=True).ngroup()
            one_each = ids[~groups.duplicated()]
            self._groups = groups.to_numpy(np.int32)
            self._said = session.overview(self.columns, today, one_each)[self.columns]

    def __contains__(self, table: str) -> bool:
        return table in self._links

    def of(self, invoices: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The rows that belong to some of the invoices, by table."""
        return {
            name: belonging(rows, self._keys[name], invoices[self._links[name][1]])
            for name, rows in self._rows.items()
        }

    def beside(self, invoices: pd.DataFrame, start: int) -> pd.DataFrame:
        """Invoices from a place in the ids on, with the columns of their parties."""
        if not self.columns:
            return invoices
        said = self._said.take(self._groups[start : start + len(invoices)])
        return invoices.join(said.set_axis(invoices.index))
