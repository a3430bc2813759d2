"""What the payments of a workspace may pay: its open documents, payers and rules, given to the matching."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.ingest.bank.evidence import load_evidence
from invoicebatch.model.payments.incoming.by_text import Open
from invoicebatch.model.payments.incoming.numbers import COLUMNS, keys_of, named, words_of
from invoicebatch.model.payments.incoming.payers import iban_key, known_payers, repeated
from invoicebatch.model.payments.incoming.proposals import propose
from invoicebatch.model.payments.incoming.rules import PAID_TWICE
from invoicebatch.model.payments.incoming.texts import whole_texts
from invoicebatch.model.status import PAYABLE, BundleStatus
from invoicebatch.store import Session

_OPEN: Final = f"outstanding > 0 AND status IN ({', '.join(repr(str(status)) for status in PAYABLE)})"

_DOCUMENT: Final = (
    *COLUMNS, "status", "account_iban", "customer_id", "customer_name", "currency", "outstanding_cents",
    "invoice_date", "due_date", "payment_plan_id", "payment_bundle_id",
)  # fmt: skip
_PARTY: Final = ("customer_id", "iban")


@dataclass(frozen=True, slots=True)
class Names:
    """What payments name: `keys` and `pairs` of `numbers.keys_of` and `numbers.named`."""

    keys: pd.DataFrame
    pairs: pd.DataFrame

    def of(self, payments: "pd.Series[str]") -> "Names":
        """Those of some payments."""
        keys, pairs = (rows[rows["payment_id"].isin(payments)] for rows in (self.keys, self.pairs))
        return Names(keys, pairs)


def names_of(workspace: WorkspaceBase, payments: pd.DataFrame) -> Names:
    """What payments name, among all documents on which something is open: the one time that these are read."""
    with workspace.store.read() as session:
        documents = session.whole("invoices", _OPEN, columns=COLUMNS)
    keys = keys_of(whole_texts(payments), words_of(documents))
    return Names(keys, named(keys, documents))


def proposals(workspace: WorkspaceBase, payments: pd.DataFrame, names: Names | None = None) -> pd.DataFrame:
    """What payments may pay, see `propose`.

    Args:
        workspace: where.
        payments: rows of `incoming_payments`, amount_cents: what is left of them.
        names: what they name, where that is known.

    Raises:
        RulesError: rules/matching.toml is wrong.
    """
    rules = load_evidence(workspace.root)
    tolerance = workspace.settings.payment.tolerance_cents
    known = names_of(workspace, payments) if names is None else names.of(payments["payment_id"])
    with workspace.store.read() as session:
        rows = _at_own_account(session, payments)
        columns = ("payment_id", "payer_iban", "booked_on")
        earlier = session.rows_of("incoming_payments", "payer_iban", rows["payer_iban"], columns)
        rows = rows.assign(repeated=repeated(rows, earlier))
        around = _around(session, rows, known.pairs)
    return propose(rows, known.keys, known.pairs, around, rules, tolerance)


def _at_own_account(session: Session, payments: pd.DataFrame) -> pd.DataFrame:
    """The payments with the account that the company has now, where theirs was an earlier one of it."""
    bundles = session.whole("payment_bundles")[["iban", "company_account_id"]].drop_duplicates("iban")
    accounts = session.whole("company_accounts").set_index("company_account_id")["iban"]
    now = bundles.set_index("iban")["company_account_id"].map(accounts)
    ours = payments["account_iban"]
    moved = ours.map(now.dropna()).astype("str").fillna(ours)
    return payments.assign(account_iban=ours.where(ours.isin(accounts), moved).astype("str"))


def _around(session: Session, payments: pd.DataFrame, pairs: pd.DataFrame) -> Open:
    """The open documents of the payers, and of the customers of named documents."""
    today = clock.today()
    payers = _payers(session, payments)
    found = np.unique(pairs["invoice_id"].to_numpy(np.int64))
    customers = pd.concat(
        [session.overview(["customer_id"], today, found)["customer_id"], payers["customer_id"]]
    )
    of_customers = ("invoice_id", "outstanding_cents", "status")
    theirs = _open(session.rows_of("invoices", "customer_id", customers, of_customers))
    wanted = np.union1d(found, theirs["invoice_id"].to_numpy(np.int64))
    documents = _open(session.overview(_DOCUMENT, today, wanted))
    documents = documents.assign(
        account_iban=iban_key(documents["account_iban"]),
        debit=debits_of(session, documents["payment_bundle_id"]),
    )
    names = documents["customer_name"].drop_duplicates()
    known = session.rows_of("customers", "name", names, ["customer_id", "name"])["name"].value_counts()
    return Open(
        documents,
        payers,
        session.rows_of("instalments", "plan_id", documents["payment_plan_id"]),
        frozenset(known.index[known.gt(1)]),
    )


def debits_of(session: Session, bundles: "pd.Series[str]") -> "pd.Series[str]":
    """What is known of the direct debits of documents, in words: with the bank, or about to go there."""
    known = session.rows_of(
        "payment_bundles", "bundle_id", bundles, ["bundle_id", "status", "collection_date"]
    )
    day = known["collection_date"].dt.strftime("%Y-%m-%d").astype("str")
    short = known["bundle_id"].str[:8]
    planned = "is planned for " + day + " (bundle " + short + f"): it {PAID_TWICE}"
    sent = "is with the bank until " + day + f": it {PAID_TWICE}"
    written = known["status"].astype("str").eq(BundleStatus.EXPORTED)
    words = "its direct debit " + sent.where(written, planned)
    return bundles.map(words.set_axis(known["bundle_id"])).astype("str").fillna("")


def _open(rows: pd.DataFrame) -> pd.DataFrame:
    """The documents on which something is to be paid: as `_OPEN`."""
    payable = rows["outstanding_cents"].gt(0) & rows["status"].astype("str").isin(PAYABLE)
    return rows[payable.fillna(value=False)].reset_index(drop=True)


def _payers(session: Session, payments: pd.DataFrame) -> pd.DataFrame:
    """Whose accounts the payers' are: of customers, of mandates, of earlier payments."""
    ibans = iban_key(payments["payer_iban"])
    ibans = ibans[ibans.ne("")]
    customers, mandates = (
        session.rows_of(table, "iban", ibans, _PARTY) for table in ("customers", "mandates")
    )
    before = session.rows_of("incoming_payments", "payer_iban", ibans, ["payment_id", "payer_iban"])
    paid = session.rows_of("payment_allocations", "payment_id", before["payment_id"])
    paid = paid[paid["booked"] & paid["taken_back_by"].isna()].merge(before, on="payment_id")
    owners = session.overview(
        ["customer_id"], clock.today(), np.unique(paid["invoice_id"].to_numpy(np.int64))
    )
    owners = pd.concat([owners, session.archived("invoice_id", paid["invoice_id"])])
    earlier = paid.merge(owners, on="invoice_id").rename(columns={"payer_iban": "iban"})
    return known_payers(customers, mandates, earlier)
