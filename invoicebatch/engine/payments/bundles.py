"""Payment bundles as a person handles them: listed, written, confirmed, rejected, cancelled.

Each verb is a run of a hidden action on the bundle's invoices: claims, versions and the journal hold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.only_match import only_match
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.payments import incoming as customers
from invoicebatch.engine.payments import matching
from invoicebatch.engine.payments.bank_reports import BankImport, read_report
from invoicebatch.engine.payments.listing import BECAME
from invoicebatch.engine.payments.offers import offers, refuse_state
from invoicebatch.engine.payments.payee_checks import doubted
from invoicebatch.engine.payments.returns import list_returns, open_cases
from invoicebatch.engine.payments.show import BundleView, view_bundle
from invoicebatch.engine.plan.next_steps import bundles_in_words
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import ParameterError
from invoicebatch.files.stored import DocumentState, document_state, whole_paths
from invoicebatch.ingest.bank.reasons import load_reasons
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.bundles import WAITING
from invoicebatch.model.payments.combined import sharing
from invoicebatch.model.payments.returns import code_of
from invoicebatch.model.shown import shown
from invoicebatch.model.status import BundleStatus

_OF_ITEMS: Final = ("bundle_id", "item_no", "status")
_OF_WAITING: Final = (
    "bundle_id", "item_no", "status", "invoice_id", "end_to_end_id", "amount_cents", "name", "payee_check", "recalled_at",
)  # fmt: skip


def _became(items: pd.DataFrame, bundles: "pd.Series[str]") -> pd.DataFrame:
    """Number of items by what became of them, a row a bundle."""
    words = {state.value: word for word, states in BECAME.items() for state in states}
    became = items["status"].map(words).astype("str")
    counts = pd.crosstab(items["bundle_id"], became)
    whole = counts.reindex(index=pd.Index(bundles), columns=list(BECAME), fill_value=0)
    return whole.astype("int64").reset_index()


class Payments:
    """The payment bundles of a workspace."""

    def __init__(self, workspace: WorkspaceBase) -> None:
        self._workspace = workspace

    @shown
    def list(self) -> pd.DataFrame:
        """All bundles, newest first.

        Returns:
            bundle_id, part, account, scheme (of collections), collection_date datetime64[s], items int64, total_cents int64 (of what
            was or will be sent), state, description, file (path of the written bank file, or missing),
            created_at; and of its items, int64: waiting, confirmed, rejected, returned, withdrawn.
        """
        with self._workspace.store.read() as session:
            bundles = session.whole("payment_bundles")
            items = session.rows_of("bundle_items", "bundle_id", bundles["bundle_id"], _OF_ITEMS)
        named = {"company_account_id": "account", "status": "state", "file_path": "file"}
        columns = ["bundle_id", "part", "account", "scheme", "collection_date", "items", "total_cents", "state",
                   "description", "file", "created_at"]  # fmt: skip
        ordered = bundles.sort_values(["created_at", "collection_date", "bundle_id"], ascending=False)
        listed = ordered.rename(columns=named)[columns]
        listed = listed.assign(file=whole_paths(self._workspace.data, listed["file"]))
        return listed.merge(_became(items, listed["bundle_id"]), on="bundle_id", how="left")

    @shown
    def outgoing(self) -> pd.DataFrame:
        """`list` with who bundled and who released each and the account's name, to be shown: newest first."""
        with self._workspace.store.read() as session:
            who = session.whole("payment_bundles")[["bundle_id", "created_by", "released_by", "currency"]]
            accounts = session.whole("company_accounts").set_index("company_account_id")["name"]
        bundles = self.list().merge(who, on="bundle_id")
        return bundles.assign(account=bundles["account"].map(accounts).fillna(bundles["account"]))

    @shown
    def offers(self, bundle: str) -> pd.DataFrame:
        """What can be done with a bundle now, and why not the rest; see `offers.offers`."""
        full = self.find(bundle)
        ids = self._waiting(full)["invoice_id"]
        return offers(self._workspace, full, str(self._row(full)["status"]), ids)

    def in_words(self, bundle: str) -> str:
        """What a person knows a bundle by: part, scheme, date and total."""
        full = self.find(bundle)
        with self._workspace.store.read() as session:
            return bundles_in_words(session, pd.Series([full]))[full]

    def waiting(self, bundle: str) -> "pd.Series[int]":
        """The invoices of a bundle's waiting payments, by id."""
        return self._waiting(self.find(bundle))["invoice_id"].reset_index(drop=True)

    def find(self, bundle: str) -> str:
        """The full id of a bundle from its first characters.

        Raises:
            UnknownNameError: none, or several, begin so.
        """
        with self._workspace.store.read() as session:
            bundles = session.whole("payment_bundles")
        found = only_match(bundles, "bundle_id", bundle, "payment bundle", "invoicebatch payments list")
        return str(found["bundle_id"])

    @shown
    def items(self, bundle: str) -> pd.DataFrame:
        """The payments of a bundle: the columns of table `bundle_items`."""
        return self._items(self.find(bundle))

    def show(self, bundle: str) -> BundleView:
        """A bundle with its payments, its messages and what was done with it; see `show.view_bundle`."""
        return view_bundle(self._workspace, self.find(bundle))

    def write(self, bundle: str, folder: str | Path = "", *, replace: bool = False) -> Report:
        """Write the bank file; written again, the same bytes.

        Args:
            bundle: id of the bundle.
            folder: where the file goes; empty: a folder of the run's own.
            replace: a new message, with ids of its own, of what still waits. The written one must never
                have gone to the bank.

        Raises:
            ParameterError: the bundle is settled or cancelled, or the bank has the file that would be replaced.
        """
        full = self._open(bundle, "written", written=replace)
        if replace:
            self._not_with_the_bank(full)
        return self._run("payments.write", self._waiting(full), folder=folder, bundle=full, replace=replace)

    def release(self, bundle: str) -> Report:
        """Another person than who bundled it looked at it: it may be written. Any change voids that.

        Raises:
            ParameterError: it is settled or cancelled.
            NothingEligibleError: no release is asked for.
        """
        full = self._open(bundle, "released")
        return self._run("payments.release", self._waiting(full), bundle=full)

    def confirm(self, bundle: str) -> Report:
        """The bank took it: its payments are accepted, and from its date on its invoices are paid.

        Raises:
            ParameterError: it has no bank file yet, is settled or cancelled, or its file was changed.
        """
        full = self._open(bundle, "confirmed", written=True)
        self._unchanged_file(full)
        return self._run("payments.confirm", self._waiting(full), bundle=full)

    def in_question(self, verb: str, bundle: str) -> str:
        """What a person should know before a bundle is released, confirmed or cancelled (`verb`); else empty.

        Raises:
            ParameterError: it is about `confirm`, and that would raise it.
        """
        full = self.find(bundle)
        if verb == "confirm":
            return f"Bundle {full[:8]}: {self._confirming(full)}."
        if verb == "release" and (doubts := _doubts(self._waiting(full))):
            return f"Bundle {full[:8]}{doubts}."
        if verb == "cancel" and self._row(full)["status"] == BundleStatus.EXPORTED:
            return f"The bank file of bundle {full[:8]} is written: make sure that the bank does not get it."
        return ""

    def pin(self, bundle: str) -> tuple[str, tuple[int, ...]]:
        """State of a bundle and numbers of its waiting payments; another once either changed."""
        full = self.find(bundle)
        return str(self._row(full)["status"]), tuple(sorted(self._waiting(full)["item_no"]))

    def cancel(self, bundle: str) -> Report:
        """Call it off: its invoices are free again.

        Raises:
            ParameterError: it is settled or cancelled already.
        """
        full = self._open(bundle, "cancelled")
        return self._run("payments.cancel", self._waiting(full), bundle=full)

    def remove(self, bundle: str, numbers: Sequence[str]) -> Report:
        """Take the payments of some documents, by their numbers, out of a bundle that is not written yet.

        Raises:
            ParameterError: the bundle holds no waiting payment of one of them, or is settled, cancelled or written.
        """
        full = self._open(bundle, "changed")
        if self._row(full)["status"] == BundleStatus.EXPORTED:
            raise ParameterError(
                f"The bank file of bundle {full[:8]} is written: nothing is removed from it.",
                f"Recall or reject the payments: invoicebatch payments recall {full[:8]} --numbers ...",
            )
        return self._run("payments.remove", self._of_numbers(full, numbers), bundle=full)

    def recall(
        self, bundle: str, numbers: Sequence[str], folder: str | Path = "", *, reason: str = "CUST",
        refused: bool = False,
    ) -> Report:  # fmt: skip
        """Write a recall (camt.055) of the payments of some documents of a written bundle.

        Args:
            bundle: id of the bundle.
            numbers: of the documents.
            folder: where the file goes.
            reason: CUST, DUPL, TECH or FRAD.
            refused: the bank refused an earlier recall; nothing is written.

        Raises:
            ParameterError: it has no bank file yet, is settled or cancelled, or holds no such waiting payment.
        """
        full = self._open(bundle, "recalled in part", written=True)
        chosen = sharing(self._waiting(full), self._of_numbers(full, numbers))
        return self._run("payments.recall", chosen, folder, bundle=full, reason=reason, refused=refused)

    def _of_numbers(self, bundle: str, numbers: Sequence[str]) -> pd.DataFrame:
        """The waiting payments of documents, by their numbers."""
        waiting = self._waiting(bundle)
        with self._workspace.store.read() as session:
            names = ["invoice_id", "number"]
            known = session.rows_of("invoices", "invoice_id", waiting["invoice_id"], names)
        found = waiting.merge(known[known["number"].isin(numbers)], on="invoice_id")
        if missing := [number for number in numbers if number not in set(found["number"])]:
            raise ParameterError(
                f"Payment bundle {bundle[:8]} has no waiting payment of {', '.join(missing)}.",
                f"See its payments with: invoicebatch payments show {bundle[:8]}",
            )
        return found

    def _confirming(self, full: str) -> str:
        """What confirming it would mean, in a sentence: payments, amount, date."""
        self._open(full, "confirmed", written=True)
        self._unchanged_file(full)
        row, items = self._row(full), self._waiting(full)
        recalled = items["recalled_at"].notna()
        waiting, back = (
            items[~recalled],
            f"; {recalled.sum():,} recalled wait for the bank" if recalled.any() else "",
        )
        day = row["collection_date"].date()
        then = (
            f"which lies ahead: they become accepted, and are paid from {day} on"
            if day > clock.today()
            else "and their invoices become paid"
        )
        amount = f"{row['currency']} {format_cents(int(waiting['amount_cents'].sum()))}"
        return f"{len(waiting):,} {row['part']} of together {amount} on {day}, {then}{back}{_doubts(items)}"

    def _row(self, bundle: str) -> "pd.Series[Any]":
        with self._workspace.store.read() as session:
            return session.rows_of("payment_bundles", "bundle_id", pd.Series([bundle])).iloc[0]

    def _unchanged_file(self, bundle: str) -> None:
        """The written file, where it still lies there, must be what was written; it may have been moved."""
        row = self._row(bundle)
        path = str(row["file_path"])
        folder = (self._workspace.data / path).parent
        state = document_state(self._workspace.data, path, str(row["file_sha256"]), folder)
        if state is DocumentState.CHANGED:
            raise ParameterError(
                f"The bank file of bundle {bundle[:8]} {state.sentence}: {path}.",
                f"If the bank got that file, ask it what it took; payments write {bundle[:8]} gives the true one.",
            )

    def _not_with_the_bank(self, bundle: str) -> None:
        with self._workspace.store.read() as session:
            told = session.rows_of("bank_entries", "bundle_id", pd.Series([bundle]))
        if len(told):
            raise ParameterError(
                f"The bank has the file of bundle {bundle[:8]}: {told['source'].iloc[0]} reports on it.",
                "What the bank has is recalled or returned there, not replaced here.",
            )

    def reject(self, bundle: str, item: int | Sequence[int], reason: str) -> Report:
        """The bank refused one or more items, by their number in the bundle; those of the same debit with them.

        Raises:
            ParameterError: the bundle has no bank file yet, or an item is not waiting.
        """
        full = self._open(bundle, "rejected in part", written=True)
        wanted = [item] if isinstance(item, int) else item
        waiting = self._waiting(full)
        missing = sorted(set(wanted) - set(waiting["item_no"]))
        if missing:
            raise ParameterError(
                f"Payment bundle {full[:8]} has no waiting item {', '.join(map(str, missing))}.",
                f"See its items with: invoicebatch payments items {full[:8]}",
            )
        chosen = sharing(waiting, waiting[waiting["item_no"].isin(wanted)])
        report = self._run("payments.reject", chosen, bundle=full, reason=reason)
        code = code_of(reason, load_reasons(self._workspace.root))
        open_cases(self._workspace, report.done.assign(reason_code=code))
        return report

    def read(self, path: str | Path) -> BankImport:
        """Read a bank's report; see `bank.read_report`."""
        return read_report(self._workspace, Path(path))

    @shown
    def returns(self) -> pd.DataFrame:
        """Rejected and returned payments, why, and what follows; see `returns.list_returns`."""
        return list_returns(self._workspace)

    @shown
    def incoming(self) -> pd.DataFrame:
        """Payments of customers, what they paid or may pay; see `incoming.incoming`."""
        return customers.incoming(self._workspace)

    def book(self, shown: pd.DataFrame) -> matching.Booked:
        """Book proposals as they were shown; see `matching.book_proposals`."""
        return matching.book_proposals(self._workspace, shown)

    def match(self, *, book: bool = True) -> matching.Matching:
        """Book the waiting payments that are certain, propose the others; see `matching.match`."""
        return matching.match(self._workspace, book=book)

    def unmatch(self, payment: str) -> Report:
        """Take a payment off the documents it was booked on; see `incoming.unmatch`."""
        return customers.unmatch(self._workspace, payment)

    def set_aside(self, payment: str, reason: str) -> str:
        """Mark a payment as none of ours, or with no reason as waiting again; see `incoming.set_aside`."""
        return customers.set_aside(self._workspace, payment, reason)

    def set_off(self, customer_ids: Sequence[str] = ()) -> Sequence[Report]:
        """Set customers' credits off against what they owe; see `matching.set_off`."""
        return matching.set_off(self._workspace, customer_ids)

    def _open(self, bundle: str, what: str, *, written: bool = False) -> str:
        full = self.find(bundle)
        refuse_state(full, str(self._row(full)["status"]), what, written=written)
        return full

    def _items(self, bundle: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        with self._workspace.store.read() as session:
            found = session.rows_of("bundle_items", "bundle_id", pd.Series([bundle]), columns)
        return found.reset_index(drop=True)

    def _waiting(self, bundle: str) -> pd.DataFrame:
        items = self._items(bundle, _OF_WAITING)
        return items[items["status"].astype("str").isin(WAITING)]

    def _run(self, action: str, items: pd.DataFrame, folder: str | Path = "", **params: Any) -> Report:
        return run_action(self._workspace, action, items["invoice_id"].tolist(), folder=folder, **params)


def _doubts(items: pd.DataFrame) -> str:
    rows = doubted(items)
    if rows.empty:
        return ""
    named = [f"{name} ({check})" for name, check in zip(rows["name"], rows["payee_check"], strict=True)]
    more = f" and {len(named) - 5:,} more" if len(named) > 5 else ""
    return f"; names that the bank doubts: {', '.join(named[:5])}{more}"
