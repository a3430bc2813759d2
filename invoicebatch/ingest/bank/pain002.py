"""Customer payment status report (pain.002): what the bank took and what it refused, at each level.

A payment takes the status of the nearest level that names one: itself, its group, the message.
"""

from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from invoicebatch.ingest.bank.elements import cents, day, every, first, reason, text
from invoicebatch.model.status import EntryKind

KINDS: Final = {
    **dict.fromkeys(("ACCP", "ACSP", "ACSC", "ACCC", "ACWC"), EntryKind.CONFIRMED.value),
    "RJCT": EntryKind.REJECTED.value,
}
"""What a status means to us; others (received, pending, technically checked, in part) decide nothing."""


def read(root: etree._Element) -> tuple[list[dict[str, Any]], list[str], str]:
    """Entries (see `report.BankReport`), notes and the report's id."""
    rows, notes = [], []
    report_id = text(root, "CstmrPmtStsRpt/GrpHdr/MsgId")
    booked_on = day(text(root, "CstmrPmtStsRpt/GrpHdr/CreDtTm"))
    group = root.find("{*}CstmrPmtStsRpt/{*}OrgnlGrpInfAndSts")
    message_id = text(group, "OrgnlMsgId") if group is not None else ""
    for row, status in _levels(root, group, message_id):
        if status in KINDS:
            rows.append({**row, "kind": KINDS[status], "booked_on": booked_on, "reference": report_id})
        elif status and status != "PART":
            notes.append(f"{_name(row)} has status {status}, which decides nothing yet")
    return rows, notes, report_id


def _levels(
    root: etree._Element, group: etree._Element | None, message_id: str
) -> Iterator[tuple[dict[str, Any], str]]:
    """Payments first, then groups, then the message: the nearest word counts."""
    base = {"message_id": message_id, "payment_information_id": "", "end_to_end_id": "", "amount_cents": None}
    infos = every(root, "CstmrPmtStsRpt/OrgnlPmtInfAndSts")
    for info in infos:
        for element in every(info, "TxInfAndSts"):
            amount = first(
                element, "OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt"
            )
            yield (
                {
                    **base,
                    "payment_information_id": text(info, "OrgnlPmtInfId"),
                    "end_to_end_id": text(element, "OrgnlEndToEndId"),
                    "amount_cents": cents(amount),
                    "reason": reason(element, "StsRsnInf"),
                },
                text(element, "TxSts"),
            )
    for info in infos:
        row = {
            **base,
            "payment_information_id": text(info, "OrgnlPmtInfId"),
            "reason": reason(info, "StsRsnInf"),
        }
        yield row, text(info, "PmtInfSts")
    if group is not None:
        yield {**base, "reason": reason(group, "StsRsnInf")}, text(group, "GrpSts")


def _name(row: dict[str, Any]) -> str:
    return row["end_to_end_id"] or row["payment_information_id"] or row["message_id"] or "an entry"
