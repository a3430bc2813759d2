"""One payment bundle as a person looks at it: its payments, its messages, who did what with it and when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.records import records
from invoicebatch.files.stored import whole_paths
from invoicebatch.model.payments.sepa import message_id
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import RowOutcome
from invoicebatch.store import Session

_REFUSED: Final = (RowOutcome.REFUSED.value, RowOutcome.FAILED.value)
_OF_BUNDLE: Final = ["bundle_id", "part", "company_account_id", "scheme", "iban", "collection_date", "items", "total_cents",
                     "currency", "status", "message_id", "message", "file_path", "file_sha256", "description", "created_by", "released_by", "released_at"]  # fmt: skip
_OF_ITEM: Final = ["item_no", "status", "amount_cents", "name", "iban", "mandate_id", "sequence_type",
                   "remittance", "creditor_reference", "debit", "previous_mandate_id", "previous_iban", "end_to_end_id", "payee_check", "recalled_at", "reason"]  # fmt: skip


@dataclass(frozen=True)
class BundleView(ShowsFrames):
    """A bundle and what belongs to it.

    Attributes:
        bundle: one row: bundle_id, part, account, scheme, iban, collection_date, items, total_cents, currency, state, message_id,
            message, file, file_sha256, description, created_by, released_by, released_at.
        history: what was done with it: at datetime64, what, by, payments int64 (done; none of a refused one), run_id;
            oldest first.
        messages: every file that was written: message_id, state (current or replaced), file, sha256, at, by.
        payments: one row a payment: number (of the invoice), debit Int64 (of several in one: the item that names it),
            and columns of `bundle_items`.
    """

    bundle: pd.DataFrame
    history: pd.DataFrame
    messages: pd.DataFrame
    payments: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """The view as the command line's JSON."""
        parts = ("history", "messages", "payments")
        return {**records(self.bundle)[0], **{name: records(getattr(self, name)) for name in parts}}


def view_bundle(workspace: WorkspaceBase, bundle: str) -> BundleView:
    """Look at a bundle, by its full id."""
    key = pd.Series([bundle])
    with workspace.store.with_archive().read() as session:
        row = session.rows_of("payment_bundles", "bundle_id", key)
        items = session.rows_of("bundle_items", "bundle_id", key)
        numbers = session.rows_of("invoices", "invoice_id", items["invoice_id"], ["invoice_id", "number"])
        runs = _runs(session, bundle, str(row["run_id"].iloc[0]))
        wrote = runs.loc[runs["action"].isin(["payments.write", runs["action"].iloc[0]]), "run_id"]
        files = pd.concat([session.artefacts(run).assign(run_id=run) for run in wrote])
    files["path"] = whole_paths(workspace.data, files["path"])
    row["file_path"] = whole_paths(workspace.data, row["file_path"])
    named = {"company_account_id": "account", "status": "state", "file_path": "file"}
    shared = items["item_no"].groupby(items["end_to_end_id"]).transform("min").astype("Int64")
    items["debit"] = shared.where(items["end_to_end_id"].duplicated(keep=False))
    payments = items.merge(numbers, on="invoice_id", how="left")[["number", *_OF_ITEM]]
    return BundleView(
        row[_OF_BUNDLE].rename(columns=named), _history(runs), _messages(bundle, runs, files), payments
    )


def _runs(session: Session, bundle: str, made_by: str) -> pd.DataFrame:
    """The runs about a bundle, oldest first, with their parameters."""
    where = "run_id = $run OR (action LIKE 'payments.%' AND contains(parameters::VARCHAR, $bundle))"
    found = session.whole("runs", where, {"run": made_by, "bundle": bundle})
    ordered = found.sort_values(["created_at", "run_id"], ignore_index=True)
    rows = session.rows_of("run_rows", "run_id", ordered["run_id"], ["run_id", "outcome"])
    by_run = rows.groupby("run_id")["outcome"]
    done = by_run.agg(lambda outcome: int(outcome.eq(RowOutcome.DONE).sum())).reindex(ordered["run_id"])
    refused = by_run.agg(lambda outcome: bool(outcome.isin(_REFUSED).all())).reindex(ordered["run_id"])
    return ordered.assign(
        params=ordered["parameters"].map(json.loads),
        done=done.fillna(0).astype("int64").to_numpy(),
        refused=refused.fillna(False).astype(bool).to_numpy(),
    )


def _history(runs: pd.DataFrame) -> pd.DataFrame:
    replaced = runs["params"].map(lambda params: " (replaced)" if params.get("replace") else "")
    refused = runs["refused"].map({True: " (refused)", False: ""})
    why = runs["params"].map(_why)
    return pd.DataFrame(
        {
            "at": runs["created_at"],
            "what": runs["action"].str.extract(r"([^.]*)$", expand=False) + replaced + refused + why,
            "by": runs["user"],
            "payments": runs["done"],
            "state": runs["status"].astype("str"),
            "run_id": runs["run_id"],
        }
    )


def _why(params: Mapping[str, Any]) -> str:
    if params.get("refused"):
        return ": the bank refused it"
    return f": {params['reason']}" if params.get("reason") else ""


def _messages(bundle: str, runs: pd.DataFrame, files: pd.DataFrame) -> pd.DataFrame:
    """Each content once, where it was written first; only the last one holds."""
    written = files.merge(runs[["run_id", "created_at", "user"]], on="run_id") if len(files) else files
    if not len(written):
        return pd.DataFrame(columns=["message_id", "state", "file", "sha256", "at", "by"])
    first = written.drop_duplicates("sha256").reset_index(drop=True)
    last = len(first) - 1
    return pd.DataFrame(
        {
            "message_id": [message_id(bundle, at + 1) for at in first.index],
            "state": ["current" if at == last else "replaced" for at in first.index],
            "file": first["path"],
            "sha256": first["sha256"],
            "at": first["created_at"],
            "by": first["user"],
        }
    )
