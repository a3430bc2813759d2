"""Rejected and returned payments of a workspace: which, why, what follows; collection cases that follow."""

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.plan.report import Report
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import NothingEligibleError
from invoicebatch.ingest.bank.reasons import load_reasons
from invoicebatch.model.payments.returns import Reasons, code_of, follows
from invoicebatch.model.status import CaseStatus, EntryKind, ItemStatus
from invoicebatch.store import Session

_COLUMNS = ["invoice_id", "number", "customer_id", "name", "kind", "booked_on", "amount_cents", "fee_cents",
            "reason_code", "reason", "follows", "collect_again_on", "mandate_id", "bundle_id", "item_no",
            "end_to_end_id"]  # fmt: skip
_KEY = ["bundle_id", "item_no"]
_OF_ITEM = [*_KEY, "invoice_id", "name", "mandate_id", "end_to_end_id"]
_OF_INVOICE = [
    "invoice_id",
    "number",
    "customer_id",
    "return_code",
    "collect_again_on",
    "outstanding_cents",
    "collection_case_id",
]


def list_returns(workspace: WorkspaceBase) -> pd.DataFrame:
    """Rejected and returned payments, newest first.

    Returns:
        invoice_id int64, number, customer_id, name (of the account), kind (rejected or returned), booked_on
        datetime64[s] (missing: rejected by hand), amount_cents int64, fee_cents int64 (the bank's), reason_code,
        reason (in words), follows (in words), collect_again_on datetime64[s], mandate_id, bundle_id, item_no,
        end_to_end_id.
    """
    with workspace.store.with_archive().read() as session:
        back = pd.concat([_reported(session), _by_hand(session)], ignore_index=True)
        invoices = session.rows_of("invoices", "invoice_id", back["invoice_id"])[_OF_INVOICE]
        cases = session.rows_of("collection_cases", "case_id", invoices["collection_case_id"])
        bundles = session.whole("payment_bundles")[["bundle_id", "part"]]
    live = cases.loc[cases["status"].ne(CaseStatus.CLOSED), "case_id"]
    invoices = invoices.assign(has_case=invoices["collection_case_id"].isin(live))
    reasons = load_reasons(workspace.root)
    rows = _in_words(back.merge(invoices, on="invoice_id").merge(bundles, on="bundle_id"), reasons)
    return rows.sort_values(["booked_on", "invoice_id"], ascending=[False, True], ignore_index=True)[_COLUMNS]


def open_cases(workspace: WorkspaceBase, returned: pd.DataFrame) -> Report | None:
    """Open the collection cases that follow returned collections, as the table of reasons says.

    Args:
        workspace: where; its settings say in which flow.
        returned: invoice_id, reason_code, of what was rejected or returned now.

    Returns:
        The report; None: nothing follows, or no document of these can have a case (yet).

    Raises:
        ParameterError: there is no such flow.
    """
    opens = [code for code, reason in load_reasons(workspace.root).items() if reason.open_case]
    ids = returned.loc[returned["reason_code"].isin(opens), "invoice_id"].drop_duplicates().tolist()
    try:
        return run_action(workspace, "assign.collection_case", ids) if ids else None
    except NothingEligibleError:  # such as: no debt collection here, or it has a case
        return None


def _reported(session: Session) -> pd.DataFrame:
    """What bank reports brought, and had an effect."""
    back = session.whole("bank_entries", "booked AND remark IS NULL AND kind IN ('rejected', 'returned')")
    items = session.rows_of("bundle_items", "bundle_id", back["bundle_id"])[_OF_ITEM]
    entries = back.drop(columns=["invoice_id", "reference", "source", "booked"])
    return entries.assign(kind=back["kind"].astype("str")).merge(items, on=_KEY)


def _by_hand(session: Session) -> pd.DataFrame:
    """Items that a person rejected; no report knows of them."""
    items = session.whole("bundle_items", "status = 'rejected'")
    known = session.rows_of("bank_entries", "bundle_id", items["bundle_id"])
    told = known[known["kind"].isin([EntryKind.REJECTED, EntryKind.RETURNED]) & known["remark"].isna()]
    there = pd.MultiIndex.from_frame(items[_KEY]).isin(pd.MultiIndex.from_frame(told[_KEY]))
    rows = items.loc[~there, [*_OF_ITEM, "amount_cents", "reason"]].reset_index(drop=True)
    return rows.assign(kind=ItemStatus.REJECTED.value, fee_cents=0, booked_on=None, reason_code=None).astype(
        {"booked_on": "datetime64[s]", "reason_code": "str"}
    )


def _in_words(rows: pd.DataFrame, reasons: Reasons) -> pd.DataFrame:
    codes = [
        code if isinstance(code, str) and code else code_of(text, reasons)
        for code, text in zip(rows["reason_code"], rows["reason"], strict=True)
    ]
    words = [
        reasons[code].words() if code in reasons else text if isinstance(text, str) else ""
        for code, text in zip(codes, rows["reason"], strict=True)
    ]
    coded = rows.assign(reason_code=pd.Series(codes, index=rows.index, dtype="str"))
    then = [follows({str(k): v for k, v in row.items()}, reasons) for row in coded.to_dict("records")]
    return coded.assign(
        reason=pd.Series(words, index=rows.index, dtype="str"),
        follows=pd.Series(then, index=rows.index, dtype="str"),
        fee_cents=coded["fee_cents"].fillna(0).astype("int64"),
    )
