"""Customer payment status report (pain.002, version 03 on): what the bank took and what it refused, by level."""

from dataclasses import dataclass
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
    first_word,
    identifier,
    parsed,
    table,
    text,
)

TAGS: Final = ("OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts")

_COUNTS: Final = (
    "OrgnlNbOfTxs", "OrgnlCtrlSum", "NbOfTxsPerSts/DtldNbOfTxs", "NbOfTxsPerSts/DtldSts", "NbOfTxsPerSts/DtldCtrlSum",
)  # fmt: skip
_HEAD: Final = -len(_COUNTS)
COUNTED: Final = {
    "level": "str", "message_id": "str", "payment_information_id": "str", "status": "str", "number": "Int64",
    "cents": "Int64",
}  # fmt: skip
"""Columns of `report.BankReport.counts`."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the elements of a message are called that reports on another one.

    Attributes:
        message: status of the whole message.
        group: status of a group.
        payment: status of a payment.
        reason: what holds the reason of a status.
        amounts: where a payment's amount may stand.
        known: what else is known of a payment.
    """

    message: str
    group: str
    payment: str
    reason: str
    amounts: tuple[str, ...]
    known: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, str, str]:
        """Code and words of a reason."""
        return f"{self.reason}/Rsn/Cd", f"{self.reason}/Rsn/Prtry", f"{self.reason}/AddtlInf"

    @property
    def of_payment(self) -> tuple[str, ...]:
        """All that is read of a payment, its status first and its reason last."""
        ids = (self.payment, "OrgnlInstrId", "OrgnlEndToEndId", *self.known)
        return (*ids, *self.amounts, *(f"{path}@" for path in self.amounts), *self.reasons)


_MANDATE: Final = "OrgnlTxRef/MndtRltdInf/MndtId"
PAIN_002: Final = Form(
    message="GrpSts",
    group="PmtInfSts",
    payment="TxSts",
    reason="StsRsnInf",
    amounts=("OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt"),
    known=(_MANDATE, "AcctSvcrRef"),
)


class StatusReader:
    """Takes the elements of a status report as they end; entries come out."""

    def __init__(self, header: Values, namespace: str, today: date, form: Form = PAIN_002) -> None:
        self._form = form
        self._payment = Paths(form.of_payment, namespace)
        self._of_group = Paths(("OrgnlPmtInfId", form.group, *form.reasons, *_COUNTS), namespace)
        self._of_message = Paths(("OrgnlMsgId", form.message, *form.reasons, *_COUNTS), namespace)
        self._no_payment: Texts = [None] * (len(form.of_payment) - 1 - len(form.reasons))
        self._report_id = header.get("MsgId", "")
        self._made_on = elements.day(header.get("CreDtTm", ""), today) or today
        self._raw = Raw(("level", "message", "group", *form.of_payment), self._converted)
        self._counts: list[tuple[str, str, str, str, int | None, int | None]] = []
        self._message: str | None = None
        self._group: Texts | None = None

    def take(self, element: etree._Element) -> None:
        """One element of `TAGS`."""
        name = local(element)
        if name == "OrgnlGrpInfAndSts":
            said = self._of_message.read(element)
            self._message, status, *reason = said[:_HEAD]
            self._raw.add([MESSAGE, self._message, None, status, *self._no_payment, *reason])
            self._count(MESSAGE, "", said[_HEAD:])
        elif name == "TxInfAndSts":
            parent = element.getparent()
            group = None  # a payment may stand beside the groups
            if parent is not None and local(parent) == "OrgnlPmtInfAndSts":
                group = self._group_of(parent)[0]
            self._raw.add([TRANSACTION, self._message, group, *self._payment.read(element)])
        else:
            said = self._group_of(element)
            group_id, status, *reason = said[:_HEAD]
            self._raw.add([GROUP, self._message, group_id, status, *self._no_payment, *reason])
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

    def _group_of(self, element: etree._Element) -> Texts:
        """What stands before the first transaction of a group; it is gone when the next one comes."""
        if self._group is None:
            self._group = self._of_group.read(element)
        return self._group

    def _converted(self, raw: pd.DataFrame) -> pd.DataFrame:
        form = self._form
        amount, fault = parsed(first(raw, *form.amounts), elements.cents, "Int64")
        return pd.DataFrame(
            {
                "level": raw["level"],
                "status": text(raw, form.payment),
                "message_id": identifier(raw, "message"),
                "payment_information_id": identifier(raw, "group"),
                "instruction_id": identifier(raw, "OrgnlInstrId"),
                "end_to_end_id": identifier(raw, "OrgnlEndToEndId"),
                "mandate_id": identifier(raw, _MANDATE),
                "bank_reference": identifier(raw, "AcctSvcrRef"),
                "currency": first(raw, *(f"{path}@" for path in form.amounts)),
                "amount_cents": amount,
                "reason_code": first_word(first(raw, *form.reasons[:2])),
                "reason": first(raw, form.reasons[2]).str[:200],
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
