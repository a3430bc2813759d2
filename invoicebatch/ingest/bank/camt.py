"""Account statement and debit/credit notification (camt.053, camt.054): booked and returned payments.

Only transactions with an EndToEndId can be ours; what has none is counted and read over.
"""

from typing import Any

from lxml import etree

from invoicebatch.ingest.bank.elements import cents, day, every, first, reason, text
from invoicebatch.model.status import EntryKind

_NO_ID = {"", "NOTPROVIDED"}


def read(root: etree._Element) -> tuple[list[dict[str, Any]], list[str], str]:
    """Entries (see `report.BankReport`), notes and the report's id."""
    rows, notes, without = [], [], 0
    report_id = first(root, "BkToCstmrStmt/GrpHdr/MsgId", "BkToCstmrDbtCdtNtfctn/GrpHdr/MsgId")
    for entry in (*every(root, "BkToCstmrStmt/Stmt/Ntry"), *every(root, "BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry")):
        status = first(entry, "Sts/Cd", "Sts")
        details = every(entry, "NtryDtls/TxDtls")
        if status not in ("BOOK", ""):
            notes.append(f"an entry of {text(entry, 'Amt')} has status {status}: it is not booked yet")
            continue
        for transaction in details:
            end_to_end = text(transaction, "Refs/EndToEndId")
            if end_to_end in _NO_ID:
                without += 1
            else:
                rows.append(_row(entry, transaction, end_to_end, alone=len(details) == 1))
        without += not details
    if without:
        notes.append(f"{without:,} booked payments carry no EndToEndId: they are not from our bank files")
    return rows, notes, report_id


def _row(
    entry: etree._Element, transaction: etree._Element, end_to_end: str, *, alone: bool
) -> dict[str, Any]:
    returned = transaction.find("{*}RtrInf") is not None
    amount = first(transaction, "AmtDtls/InstdAmt/Amt", "Amt", "AmtDtls/TxAmt/Amt")
    return {
        "kind": (EntryKind.RETURNED if returned else EntryKind.CONFIRMED).value,
        "message_id": text(transaction, "Refs/MsgId"),
        "payment_information_id": "",
        "end_to_end_id": end_to_end,
        "amount_cents": cents(amount or (text(entry, "Amt") if alone else "")),
        "booked_on": day(first(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt")),
        "reason": reason(transaction, "RtrInf"),
        "reference": first(transaction, "Refs/AcctSvcrRef") or first(entry, "AcctSvcrRef", "NtryRef"),
    }
