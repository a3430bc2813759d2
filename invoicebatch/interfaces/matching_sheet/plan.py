"""What running a matching sheet would do: each row's payment and documents, judged as they are now."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from invoicebatch.engine.base import clock
from invoicebatch.engine.payments.allocations import with_left
from invoicebatch.engine.payments.proposing import debits_of
from invoicebatch.engine.workspace import Workspace
from invoicebatch.interfaces.matching_sheet.read import MatchingFile
from invoicebatch.interfaces.sheet.plan_sheet import check_workspace
from invoicebatch.model.money import format_cents
from invoicebatch.model.payments.incoming.payers import iban_key
from invoicebatch.model.payments.incoming.rules import HAND
from invoicebatch.model.shown import ShowsFrames
from invoicebatch.model.status import PAYABLE

_DOCUMENT: Final = ("number", "status", "currency", "outstanding_cents", "account_iban", "payment_bundle_id")
_WANTED: Final = ["row", "payment_id", "invoice_id", "number", "cents", "rule", "evidence", "beyond"]


@dataclass(frozen=True)
class MatchingPlan(ShowsFrames):
    """What a matching sheet would do, or did.

    Attributes:
        path: the sheet.
        rows: one row a row that says something: row int64, payment (id), outcome (`would book`, `would set aside`,
            `unchanged`, `refused`; once it ran `booked`, `set aside`), reason.
        wanted: documents to book on: payment_id, invoice_id, number, cents, rule, evidence, beyond.
        aside: payment_id, reason of those to set aside.
    """

    path: Path
    rows: pd.DataFrame
    wanted: pd.DataFrame
    aside: pd.DataFrame

    @property
    def refused(self) -> pd.DataFrame:
        """Rows that are refused."""
        return self.rows[self.rows["outcome"].eq("refused")]


def plan_matching(workspace: Workspace, sheet: MatchingFile) -> MatchingPlan:
    """Judge every row of a sheet that says something; nothing changes.

    Raises:
        InputFileError: the sheet was written from another workspace.
    """
    check_workspace(workspace, sheet)
    now = _Now(workspace, sheet.rows)
    verdicts, wanted, aside = [], [], []
    for row in sheet.rows.to_dict("records"):
        said = {str(name): value for name, value in row.items()}
        outcome, reason, documents = now.judge(said)
        verdicts.append(
            {"row": said["row"], "payment": said["payment_id"], "outcome": outcome, "reason": reason}
        )
        wanted += documents
        if outcome == "would set aside":
            aside.append({"payment_id": said["payment_id"], "reason": said["set_aside"]})
    return MatchingPlan(
        sheet.path,
        pd.DataFrame(verdicts, columns=["row", "payment", "outcome", "reason"]),
        pd.DataFrame(wanted, columns=_WANTED),
        pd.DataFrame(aside, columns=["payment_id", "reason"]),
    )


_Verdict = tuple[str, str, list[dict[str, Any]]]


class _Now:
    """Payments, allocations and documents of a sheet as they are now; what one row takes is gone for the next."""

    def __init__(self, workspace: Workspace, rows: pd.DataFrame) -> None:
        numbers = [number for listed in rows["numbers"] for number in listed]
        proposed = [int(pair.partition(":")[0]) for key in rows["key"] for pair in key.split(";") if pair]
        with workspace.store.read() as session:
            payments = session.rows_of("incoming_payments", "payment_id", rows["payment_id"])
            known = session.rows_of("payment_allocations", "payment_id", rows["payment_id"])
            typed = session.ids_of("number", list(dict.fromkeys(numbers)))["invoice_id"].dropna()
            ids = np.unique([*proposed, *typed.astype("int64"), *known["invoice_id"]]).astype(np.int64)
            documents = session.overview(_DOCUMENT, clock.today(), ids)
            documents = documents.assign(debit=debits_of(session, documents["payment_bundle_id"]))
        live = known[known["taken_back_by"].isna()]
        self._booked = {
            str(payment): dict(zip(part["invoice_id"], part["amount_cents"], strict=True))
            for payment, part in live.groupby("payment_id")
        }
        self._payments: dict[str, dict[str, Any]] = _by_id(with_left(payments, live), "payment_id")
        self._documents: dict[int, dict[str, Any]] = _by_id(documents, "invoice_id")
        self._by_number: dict[tuple[str, str], list[int]] = {}
        keys = zip(documents["number"].astype("str"), iban_key(documents["account_iban"]), strict=True)
        for key, invoice in zip(keys, documents["invoice_id"], strict=True):
            self._by_number.setdefault(key, []).append(int(invoice))
        self._open = {one: int(document["outstanding_cents"]) for one, document in self._documents.items()}

    def judge(self, row: dict[str, Any]) -> _Verdict:
        """What a row comes to: outcome, reason, documents to book on."""
        payment = self._payments.get(row["payment_id"])
        if row["problem"]:
            return "refused", row["problem"], []
        if payment is None:
            return "refused", "there is no such payment in this workspace", []
        if row["set_aside"]:
            return self._aside(row, payment)
        if isinstance(payment["set_aside"], str):
            return "refused", f"the payment was set aside since: {payment['set_aside']}", []
        documents, fault = self._documents_of(row, payment)
        booked = self._booked.get(row["payment_id"], {})
        exact = bool(row["amounts"]) or not row["numbers"]
        same = [
            booked.get(one["invoice_id"]) in ((one["cents"],) if exact else booked.values())
            for one in documents
        ]
        if booked and not fault and all(same):
            return "unchanged", "it is booked so already", []
        if payment["left_cents"] != row["left_cents"]:
            return "refused", "the payment changed since the sheet was written; write a new one", []
        fault = fault or self._fault(documents, payment)
        if fault:
            return "refused", f"{row['cell']}: {fault}", []
        for one in documents:
            self._open[one["invoice_id"]] -= one["cents"]
        debits = {one["number"]: self._documents[one["invoice_id"]]["debit"] for one in documents}
        return (
            "would book",
            "; ".join(f"{number}: {words}" for number, words in debits.items() if words),
            documents,
        )

    def _aside(self, row: dict[str, Any], payment: dict[str, Any]) -> _Verdict:
        if payment["set_aside"] == row["set_aside"]:
            return "unchanged", "it is set aside already", []
        if row["numbers"] or row["ticked"]:
            return "refused", "it can't be booked and set aside", []
        if payment["left_cents"] != row["left_cents"] or self._booked.get(row["payment_id"]):
            return "refused", "some of it is booked", []
        return "would set aside", "", []

    def _documents_of(self, row: dict[str, Any], payment: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """The documents a row names, else those of its proposal; and what is wrong with them."""
        if not row["numbers"]:
            if not row["key"]:
                return [], "there is no proposal for it: type the numbers that it pays"
            pairs = [pair.split(":") for pair in row["key"].split(";")]
            return [self._one(row, int(one), int(cents), beyond=bool(more)) for one, cents, more in pairs], ""
        accounts = {payment["account_iban"], ""}
        found = [
            [one for account in accounts for one in self._by_number.get((number, account), [])]
            for number in row["numbers"]
        ]
        lost = [number for number, those in zip(row["numbers"], found, strict=True) if len(those) != 1]
        if lost:
            return [], f"no document of the account that was paid has the number {lost[0]}"
        ids = [those[0] for those in found]
        if len(set(ids)) < len(ids):
            return [], "a number is given twice"
        if row["amounts"]:
            told = zip(ids, row["amounts"], strict=True)
            return [self._one(row, one, cents, beyond=True) for one, cents in told], ""
        left, documents = row["left_cents"], []
        for one in ids:
            cents = min(left, max(self._open[one], 0))
            left -= cents
            documents.append(self._one(row, one, cents, beyond=False))
        return documents, ""

    def _one(self, row: dict[str, Any], invoice: int, cents: int, *, beyond: bool) -> dict[str, Any]:
        number = self._documents.get(invoice, {}).get("number")
        return {
            "row": row["row"], "payment_id": row["payment_id"], "invoice_id": invoice, "number": number, "cents": cents,
            "rule": HAND, "evidence": "matched by hand", "beyond": beyond,
        }  # fmt: skip

    def _fault(self, documents: list[dict[str, Any]], payment: dict[str, Any]) -> str:
        """Why documents can't be booked on, or an empty string."""
        for one in documents:
            document = self._documents.get(one["invoice_id"])
            if document is None or document["status"] not in PAYABLE:
                return f"{one['number'] or 'a document'} can't be paid: it is not created"
            if document["currency"] != payment["currency"]:
                return f"{one['number']} is in {document['currency']}, the payment in {payment['currency']}"
            held = self._open[one["invoice_id"]]
            if one["cents"] <= 0 or (not one["beyond"] and one["cents"] > held):
                return f"of {one['number']} only {format_cents(max(held, 0))} is open now"
        total = sum(one["cents"] for one in documents)
        if total > payment["left_cents"]:
            return (
                f"{format_cents(total)} is more than the {format_cents(payment['left_cents'])} of the payment"
            )
        return ""


def _by_id(rows: pd.DataFrame, column: str) -> dict[Any, dict[str, Any]]:
    return {row[column]: {str(name): value for name, value in row.items()} for row in rows.to_dict("records")}
