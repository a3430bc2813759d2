"""Customer payment status report (pain.002, version 03 on): what the bank took and what it refused, by level."""

from datetime import date
from typing import Final

import pandas as pd
from lxml import etree

from invoicebatch.ingest.bank import elements
from invoicebatch.ingest.bank.elements import Paths, Texts, Values, local
from invoicebatch.ingest.bank.entries import (
    GROUP,
    MESSAGE,
    TRANSACTION,
    Raw,
    first,
    identifier,
    parsed,
    table,
    text,
)

TAGS: Final = ("OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts")

_AMOUNTS: Final = ("OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt")
_PAYMENT: Final = (
    "TxSts", "OrgnlInstrId", "OrgnlEndToEndId", "OrgnlTxRef/MndtRltdInf/MndtId", "AcctSvcrRef", *_AMOUNTS,
    *(f"{path}@" for path in _AMOUNTS), "StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry", "StsRsnInf/AddtlInf",
)  # fmt: skip
_REASON: Final = _PAYMENT[-3:]
_COUNTS: Final = (
    "OrgnlNbOfTxs", "OrgnlCtrlSum", "NbOfTxsPerSts/DtldNbOfTxs", "NbOfTxsPerSts/DtldSts", "NbOfTxsPerSts/DtldCtrlSum",
)  # fmt: skip
_MESSAGE: Final = ("OrgnlMsgId", "GrpSts", *_REASON, *_COUNTS)
_GROUP: Final = ("OrgnlPmtInfId", "PmtInfSts", *_REASON, *_COUNTS)
_HEAD: Final = len(_GROUP) - len(_COUNTS)
COUNTED: Final = {
    "level": "str", "message_id": "str", "payment_information_id": "str", "status": "str", "number": "Int64",
    "cents": "Int64",
}  # fmt: skip
"""Columns of `report.BankReport.counts`."""

_COLUMNS: Final = ("level", "message", "group", *_PAYMENT)
_NO_PAYMENT: Final[Texts] = [None] * (len(_PAYMENT) - 1 - len(_REASON))


class StatusReader:
    """Takes the elements of a status report as they end; entries come out."""

    def __init__(self, header: Values, namespace: str, today: date) -> None:
        self._payment, self._of_group, self._of_message = (
            Paths(paths, namespace) for paths in (_PAYMENT, _GROUP, _MESSAGE)
        )
        self._report_id = header.get("MsgId", "")
        self._made_on = elements.day(header.get("CreDtTm", ""), today) or today
        self._raw = Raw(_COLUMNS, self._converted)
        self._counts: list[tuple[str, str, str, str, int | None, int | None]] = []
        self._message: str | None = None
        self._group: Texts | None = None

    def take(self, element: etree._Element) -> None:
        """One element of `TAGS`."""
        name = local(element)
        if name == "OrgnlGrpInfAndSts":
            said = self._of_message.read(element)
            self._message, status, *reason = said[:_HEAD]
            self._raw.add([MESSAGE, self._message, None, status, *_NO_PAYMENT, *reason])
            self._count(MESSAGE, "", said[_HEAD:])
        elif name == "TxInfAndSts":
            group = self._group_of(element.getparent())
            self._raw.add([TRANSACTION, self._message, group[0], *self._payment.read(element)])
        else:
            said = self._group_of(element)
            group_id, status, *reason = said[:_HEAD]
            self._raw.add([GROUP, self._message, group_id, status, *_NO_PAYMENT, *reason])
            self._count(GROUP, group_id or "", said[_HEAD:])
            self._group = None

    def frame(self) -> pd.DataFrame:
        """The entries read, see `entries.COLUMNS`."""
        return self._raw.frame()

    def rest(self) -> dict[str, pd.DataFrame]:
        """How many payments the report says it is about, see `report.BankReport`."""
        return {"counts": table(COUNTED, self._counts)}

    def _count(self, level: str, group: str, said: Texts) -> None:
        """What a message or group counts: all that was sent, and by status."""
        number, total, *by_status = said
        told = [("", number, total)]
        numbers, statuses, sums = ((text or "").split("\n") for text in by_status)
        if len(numbers) == len(statuses):
            known = sums if len(sums) == len(statuses) else [None] * len(statuses)
            told += [one for one in zip(statuses, numbers, known, strict=True) if one[0]]
        for status, count, cents in told:
            row = (elements.count(count or ""), _cents(cents or ""))
            if row != (None, None):
                self._counts.append((level, self._message or "", group, status, *row))

    def _group_of(self, element: etree._Element | None) -> Texts:
        """What stands before the first transaction of a group; it is gone when the next one comes."""
        if self._group is None:
            self._group = self._of_group.read(element) if element is not None else [None] * len(_GROUP)
        return self._group

    def _converted(self, raw: pd.DataFrame) -> pd.DataFrame:
        amount, fault = parsed(first(raw, *_AMOUNTS), elements.cents, "Int64")
        return pd.DataFrame(
            {
                "level": raw["level"],
                "status": text(raw, "TxSts"),
                "message_id": identifier(raw, "message"),
                "payment_information_id": identifier(raw, "group"),
                "instruction_id": identifier(raw, "OrgnlInstrId"),
                "end_to_end_id": identifier(raw, "OrgnlEndToEndId"),
                "mandate_id": identifier(raw, "OrgnlTxRef/MndtRltdInf/MndtId"),
                "bank_reference": identifier(raw, "AcctSvcrRef"),
                "currency": first(raw, *(f"{path}@" for path in _AMOUNTS)),
                "amount_cents": amount,
                "reason_code": first(raw, "StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry").str.partition(" ")[0],
                "reason": first(raw, "StsRsnInf/AddtlInf").str[:200],
                "statement_id": self._report_id,
                "booked_on": pd.Timestamp(self._made_on),
                "fault": fault,
            }
        )


def _cents(text: str) -> int | None:
    try:
        return elements.cents(text)
    except ValueError:
        return None
