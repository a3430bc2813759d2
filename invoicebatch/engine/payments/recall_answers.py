"""The bank's answers to recalls (camt.029): what it refused to give back waits as before, noted by a run of its own."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from invoicebatch.engine.base.workspace_base import WorkspaceBase
from invoicebatch.engine.run.runs import run_action
from invoicebatch.errors import InputFileError
from invoicebatch.model.counted import counted
from invoicebatch.model.payments.bundles import WAITING
from invoicebatch.model.payments.combined import sharing
from invoicebatch.model.payments.recalls import REFUSED, of_payments
from invoicebatch.model.status import RowOutcome
from invoicebatch.store import Session

if TYPE_CHECKING:
    from invoicebatch.ingest.bank.report import BankReport


def answered(report: "BankReport", items: pd.DataFrame) -> "BankReport":
    """The answer, said of each payment; see `recalls.of_payments`.

    Raises:
        InputFileError: it names no payment, group or message.
    """
    if report.entries.empty:
        raise InputFileError(
            f"Answer {_answer_id(report)} to a recall names no payment.",
            "Ask the bank which ones it means; payments recall --refused notes that it gives none back.",
        )
    return replace(report, entries=of_payments(report.entries, items))


def refuse_recalls(workspace: WorkspaceBase, report: "BankReport") -> list[str]:
    """What the bank refused to give back is no longer recalled, once an answer; a sentence.

    A payment that was recalled again after that answer stays recalled.
    """
    said = report.entries[report.entries["status"].eq(REFUSED)]
    with workspace.store.read() as session:
        items = _recalled(session, said["end_to_end_id"])
        items = items[~items["invoice_id"].isin(_noted(session, _answer_id(report)))]
    done = 0
    for bundle, chosen in items.groupby("bundle_id"):
        ids, answer = chosen["invoice_id"].tolist(), _answer_id(report)
        done += len(
            run_action(workspace, "payments.recall", ids, bundle=bundle, refused=True, answer=answer).done
        )
    notes = [f"{counted(done, 'recall')} refused: the payment waits as before"] if done else []
    busy = len(items) - done
    return notes + ([f"{counted(busy, 'invoice')} busy in another run: import it again"] if busy else [])


def _recalled(session: Session, debits: "pd.Series[str]") -> pd.DataFrame:
    named = session.rows_of("bundle_items", "end_to_end_id", debits)
    whole = sharing(session.rows_of("bundle_items", "bundle_id", named["bundle_id"]), named)
    return whole[whole["recalled_at"].notna() & whole["status"].astype("str").isin(WAITING)]


def _noted(session: Session, answer: str) -> "pd.Series[int]":
    """The documents of which an earlier run noted that answer."""
    where = "action = 'payments.recall' AND parameters->>'answer' = $answer"
    runs = session.whole("runs", where, {"answer": answer})["run_id"]
    rows = pd.concat([pd.DataFrame({"invoice_id": [], "outcome": []}), *map(session.taken_rows, runs)])
    return rows.loc[rows["outcome"].eq(RowOutcome.DONE), "invoice_id"]


def _answer_id(report: "BankReport") -> str:
    return "".join(report.entries["statement_id"].head(1))
