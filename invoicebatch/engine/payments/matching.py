"""Customers' payments matched with what they owe: what is certain is booked, the rest proposed; credits set off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.payments.allocations import LIVE, allocate, book_waiting, with_left
from invoicebatch.engine.payments.proposing import names_of, proposals
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import ParameterError
from invoicebatch.model.markup import table
from invoicebatch.model.payments.incoming import rules
from invoicebatch.model.payments.ledger import KEY
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import Status

_PROPOSAL: Final = ["payment_id", "proposal"]
_ROUNDS: Final = 25
"""Payments of one document are booked one after the other; after so many rounds the rest waits for the next."""


@dataclass(frozen=True, slots=True)
class Matching(ShowsFrames):
    """What matching came to.

    Attributes:
        booked: payment_id, number, amount_cents, currency, evidence: what was booked by itself, a row a document.
        proposed: the same of what is only proposed; proposal int64: which of the payment's it is.
        open: payments for which nothing was found: the columns of `incoming`.
        refused: payment_id, number, reason: what could not be booked.
        reports: of the runs.
    """

    booked: pd.DataFrame
    proposed: pd.DataFrame
    open: pd.DataFrame
    refused: pd.DataFrame
    reports: tuple[Report, ...] = field(default=(), repr=False)

    def _repr_html_(self) -> Markup:
        words = f"{self.booked['payment_id'].nunique():,} booked, {self.proposed['payment_id'].nunique():,} proposed"
        head = Markup("<b>{}, {:,} open</b>").format(words, len(self.open))
        return head + table(self.proposed)


def match(workspace: WorkspaceBase, only: "pd.Series[str] | None" = None, *, book: bool = True) -> Matching:
    """Book what is certain, and propose the rest.

    Args:
        workspace: where.
        only: ids of the payments to look at; None: all that wait.
        book: else nothing is changed, and what would be booked stands among the proposals.

    Raises:
        RulesError: rules/matching.toml is wrong.
        BusyError: the workspace is in another process's hands.
    """
    reports, refused, booked = list(book_waiting(workspace)) if book else [], [], []
    payments = _waiting(workspace, only)
    by_hand = payments.loc[payments["by_hand"], "payment_id"]
    names = names_of(workspace, payments)
    found = proposals(workspace, payments, names)
    for _ in range(_ROUNDS if book else 0):
        sure = found[found["books"] & ~found["payment_id"].isin(by_hand)]
        if sure.empty:
            break
        run, lost = allocate(workspace, sure)
        reports += run
        refused.append(lost)
        booked.append(sure[~sure["payment_id"].isin(lost["payment_id"])])
        left = found[~found["payment_id"].isin(sure["payment_id"])]
        touched = left.loc[left["invoice_id"].isin(sure["invoice_id"]), "payment_id"].unique()
        found = left.assign(books=False)
        if len(touched):
            again = proposals(workspace, payments[payments["payment_id"].isin(touched)], names)
            found = pd.concat([found[~found["payment_id"].isin(touched)], again], ignore_index=True)
    done, lost = (pd.concat([found.iloc[:0], *frames], ignore_index=True) for frames in (booked, refused))
    money = payments[["payment_id", "currency"]]
    shown = ["payment_id", "proposal", "number", "amount_cents", "currency", "evidence"]
    named, rest = (
        rows.merge(money, on="payment_id").rename(columns={"cents": "amount_cents"}) for rows in (done, found)
    )
    still = payments[~payments["payment_id"].isin(pd.concat([done["payment_id"], found["payment_id"]]))]
    lost = lost.reindex(columns=["payment_id", "number", "reason"])
    return Matching(named[shown], rest[shown], still, lost, tuple(reports))


@dataclass(frozen=True, slots=True)
class Booked(ShowsFrames):
    """What became of proposals that a person ticked.

    Attributes:
        payments: ids of the payments that are booked now.
        refused: payment_id, number, reason: what is not.
        reports: of the runs.
    """

    payments: tuple[str, ...]
    refused: pd.DataFrame
    reports: tuple[Report, ...] = field(default=(), repr=False)


def book_proposals(workspace: WorkspaceBase, shown: pd.DataFrame) -> Booked:
    """Book proposals that a person ticked; one that is another now than what was shown is refused.

    Args:
        workspace: where.
        shown: payment_id, proposal int64, number, cents int64: a row a document, as `incoming` showed it.

    Raises:
        BusyError: the workspace is in another process's hands.
    """
    now = proposals(workspace, _left_of(workspace, shown["payment_id"]))
    then = _documents(shown)
    same = then.index[_documents(now).reindex(then.index).eq(then)]
    wanted = now[pd.MultiIndex.from_frame(now[_PROPOSAL]).isin(same)]
    reports, refused = allocate(workspace, wanted.assign(rule=rules.HAND, evidence="matched by hand"))
    late = shown[~pd.MultiIndex.from_frame(shown[_PROPOSAL]).isin(same)].drop_duplicates("payment_id")
    late = late[["payment_id", "number"]].assign(reason="what it may pay is another now: look again")
    refused = pd.concat([late, refused], ignore_index=True)
    done = wanted.loc[~wanted["payment_id"].isin(refused["payment_id"]), "payment_id"].unique()
    return Booked(tuple(done), refused, tuple(reports))


def _documents(rows: pd.DataFrame) -> "pd.Series[Any]":
    """The documents and amounts of each proposal, as one text."""
    pairs = rows["number"].astype("str") + " " + rows["cents"].astype("str")
    return pairs.groupby([rows[name] for name in _PROPOSAL]).agg(lambda those: "; ".join(sorted(those)))


def _left_of(workspace: WorkspaceBase, payment_ids: "pd.Series[str]") -> pd.DataFrame:
    """These payments with what is left of them as their amount."""
    with workspace.store.read() as session:
        payments = session.rows_of("incoming_payments", "payment_id", payment_ids.drop_duplicates())
        known = session.rows_of("payment_allocations", "payment_id", payments["payment_id"])
    rows = with_left(payments, known[known["taken_back_by"].isna()])
    rows = rows[rows["set_aside"].isna() & rows["left_cents"].gt(0)].reset_index(drop=True)
    return rows.assign(amount_cents=rows["left_cents"])


def _waiting(workspace: WorkspaceBase, only: "pd.Series[str] | None") -> pd.DataFrame:
    """Payments of which nothing is booked; what is left of others is only booked by hand."""
    with workspace.store.read() as session:
        if only is None:
            payments = session.whole("incoming_payments", "set_aside IS NULL")
            known = session.whole("payment_allocations", LIVE)
        else:
            payments = session.rows_of("incoming_payments", "payment_id", only)
            known = session.rows_of("payment_allocations", "payment_id", only)
            known = known[known["taken_back_by"].isna()]
    free = payments["set_aside"].isna() & ~payments["payment_id"].isin(known["payment_id"])
    return payments[free].reset_index(drop=True)


def set_off(workspace: WorkspaceBase, customers: Sequence[str] = ()) -> list[Report]:
    """Set customers' credits off against what they owe, the oldest first.

    What is left of their payments goes to their open documents, and what is then still left stays as a credit on
    the document that the payment was for, to be paid back by `assign.bank_file`.

    Args:
        workspace: where.
        customers: only these; none: all.

    Raises:
        ParameterError: a customer that there is not.
    """
    _check_customers(workspace, customers)
    reports, _ = allocate(workspace, _rests(workspace, customers))
    columns = [*KEY, "outstanding_cents", "status", "payment_bundle_id"]
    with workspace.store.read() as session:
        rows = session.overview(columns, clock.today())
    created = rows["status"].astype("str").eq(Status.CREATED)
    rows = rows[created & rows["outstanding_cents"].fillna(0).ne(0) & rows["payment_bundle_id"].isna()]
    rows = rows[rows["customer_id"].isin(customers)] if customers else rows
    ledgers = rows.groupby(KEY)["outstanding_cents"]
    both = ledgers.transform("min").lt(0) & ledgers.transform("max").gt(0)
    chosen = rows.loc[both, "invoice_id"].tolist()
    return [*reports, *([run_action(workspace, "payments.set_off", chosen)] if chosen else [])]


def _check_customers(workspace: WorkspaceBase, customers: Sequence[str]) -> None:
    """Customers that are named must be there.

    Raises:
        ParameterError: one is not.
    """
    named = pd.Series(list(customers), dtype="str")
    with workspace.store.read() as session:
        known = session.rows_of("customers", "customer_id", named, ["customer_id"])["customer_id"]
    lost = sorted(set(customers) - set(known))
    if lost:
        raise ParameterError(f"There is no customer {', '.join(lost)}.")


def _rests(workspace: WorkspaceBase, customers: Sequence[str]) -> pd.DataFrame:
    """What is left of booked payments, each on the last document it paid, as a credit."""
    with workspace.store.read() as session:
        allocations = session.whole("payment_allocations", LIVE)
        payments = with_left(
            session.rows_of("incoming_payments", "payment_id", allocations["payment_id"]), allocations
        )
        owners = session.overview(["customer_id", "number"], clock.today(), np.unique(allocations["invoice_id"].to_numpy(np.int64)))  # fmt: skip
    last = (
        allocations.merge(owners, on="invoice_id")
        .sort_values("invoice_id")
        .drop_duplicates("payment_id", keep="last")
    )
    rows = last.merge(
        payments.loc[payments["left_cents"].gt(0), ["payment_id", "left_cents"]], on="payment_id"
    )
    rows = rows[rows["customer_id"].isin(customers)] if customers else rows
    rows = rows.assign(cents=rows["left_cents"], rule=rules.HAND, evidence="overpaid", beyond=True)
    return rows[["payment_id", "invoice_id", "number", "cents", "rule", "evidence", "beyond"]].reset_index(
        drop=True
    )
