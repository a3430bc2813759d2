"""Account statement, report and notification (camt.053, .052, .054, version 02 on): texts of entries, by path.

A booked entry is read as its transactions where it has them, else as the group or payment that it is. What the
texts mean is in `booked`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pandas as pd
from lxml import etree

from invoicebatch.ingest.bank import booked, elements
from invoicebatch.ingest.bank.elements import Paths, Texts, Values, count, first, flat, local
from invoicebatch.ingest.bank.entries import GROUP, TRANSACTION, Raw, table

STATEMENTS: Final = ("Stmt", "Rpt", "Ntfctn")
TAGS: Final = (*STATEMENTS, "Ntry", "TxDtls")

_OPENING: Final = ("OPBD", "PRCD", "ITBD")
_CLOSING: Final = ("CLBD", "ITBD")
STATEMENTS_READ: Final = {
    "account_iban": "str", "statement_id": "str", "statement_no": "Int64", "made_at": "str", "currency": "str",
    "opening_cents": "Int64", "closing_cents": "Int64", "entries": "int64", "sum_cents": "Int64",
}  # fmt: skip
"""Columns of `report.BankReport.statements`."""


@dataclass
class _Block:
    """The transactions that stand together in one NtryDtls, and what the bank says of them as a batch."""

    batch: Texts
    transactions: list[Texts] = field(default_factory=list)


_NO_BATCH: Final[Texts] = [None] * len(booked.BATCH)
_NO_TRANSACTION: Final[Texts] = [None] * len(booked.TRANSACTION)


class StatementReader:
    """Takes the elements of statements as they end; entries and statements come out."""

    def __init__(self, header: Values, namespace: str, today: date) -> None:
        self._of_file = header
        self._of_entry, self._of_batch, self._of_transaction = (
            Paths(paths, namespace) for paths in (booked.ENTRY, booked.BATCH, booked.TRANSACTION)
        )
        self._raw = Raw(booked.COLUMNS, lambda raw: booked.converted(raw, today))
        self._blocks: list[_Block] = []
        self._header: Values | None = None
        self._balances: list[Values] = []
        self._entry_no = self._entries = 0
        self._sum: int | None = 0
        self._statements: list[dict[str, Any]] = []

    def take(self, element: etree._Element) -> None:
        """One element of `TAGS`."""
        name = local(element)
        if name == "TxDtls":
            self._transaction(element)
        elif name == "Ntry":
            self._entry(element)
        else:
            self._statement(element)

    def frame(self) -> pd.DataFrame:
        """The entries read, see `entries.COLUMNS`."""
        return self._raw.frame()

    def rest(self) -> dict[str, pd.DataFrame]:
        """The statements read, see `report.BankReport`."""
        return {"statements": table(STATEMENTS_READ, self._statements)}

    def _transaction(self, element: etree._Element) -> None:
        parent = element.getparent()
        head = parent[0] if parent is not None else element
        if head is element or local(head) == "Btch":  # before a later one stands what is left of an earlier
            self._blocks.append(_Block(_NO_BATCH if head is element else self._of_batch.read(head)))
        self._blocks[-1].transactions.append(self._of_transaction.read(element))

    def _head_of(self, element: etree._Element | None) -> Values:
        """What stands before the first entry of a statement; it is gone when the next one comes."""
        if self._header is None:
            head: Values = {}
            for child in element if element is not None else ():
                name = local(child)
                if name == "Bal":
                    self._balances.append(flat(child))
                elif name not in ("Ntry", "TxsSummry"):
                    head |= flat(child, f"{name}/") if len(child) else {name: (child.text or "").strip()}
            head["account"] = "".join(first(head, "Acct/Id/IBAN", "Acct/Id/Othr/Id").split()).upper()
            head["made"] = head.get("CreDtTm") or self._of_file.get("CreDtTm", "")
            self._header = head
        return self._header

    def _entry(self, element: etree._Element) -> None:
        head = self._head_of(element.getparent())
        entry = self._of_entry.read(element)
        for details in element.iterchildren("{*}NtryDtls"):
            if all(local(child) == "Btch" for child in details):
                self._blocks.append(_Block(self._of_batch.read(details[0]) if len(details) else _NO_BATCH))
        blocks, self._blocks = self._blocks or [_Block(_NO_BATCH)], []
        alone = "yes" if len(blocks) == 1 and len(blocks[0].transactions) <= 1 else "no"
        self._entry_no += 1
        self._add_up(dict(zip(booked.ENTRY, entry, strict=True)))
        whole = [head.get(path) for path in booked.STATEMENT] + entry
        for block in blocks:
            level = TRANSACTION if block.transactions or block.batch is _NO_BATCH else GROUP
            known = [str(self._entry_no), level, alone, *whole, *block.batch]
            for transaction in block.transactions or [_NO_TRANSACTION]:
                self._raw.add(known + transaction)

    def _add_up(self, entry: Mapping[str, str | None]) -> None:
        if (entry["Sts/Cd"] or entry["Sts"] or entry["Sts/Prtry"] or booked.BOOKED) != booked.BOOKED:
            return
        self._entries += 1
        amount = _signed(entry)
        self._sum = None if amount is None or self._sum is None else self._sum + amount

    def _statement(self, element: etree._Element) -> None:
        head = self._head_of(element)
        number = first(head, "ElctrncSeqNb") or first(head, "LglSeqNb")
        self._statements.append(
            {
                "account_iban": head["account"],
                "statement_id": first(head, "Id"),
                "statement_no": count(number),
                "made_at": head["made"],
                "currency": first(head, "Acct/Ccy"),
                "opening_cents": _balance(self._balances, _OPENING, 0),
                "closing_cents": _balance(self._balances, _CLOSING, -1),
                "entries": self._entries,
                "sum_cents": self._sum,
            }
        )
        self._header, self._balances, self._entries, self._sum = None, [], 0, 0


def _signed(values: Mapping[str, str | None]) -> int | None:
    """The amount, negative where it is a debit; None where it can't be read."""
    try:
        amount = elements.cents(values.get("Amt") or "")
    except ValueError:
        return None
    return -amount if amount is not None and values.get("CdtDbtInd") == "DBIT" else amount


def _balance(balances: list[Values], codes: tuple[str, ...], place: int) -> int | None:
    """The balance of the first code there is; of several the first or the last."""
    by_code = [[b for b in balances if first(b, "Tp/CdOrPrtry/Cd") == code] for code in codes]
    found = next((found for found in by_code if found), None)
    return _signed(found[place]) if found else None
