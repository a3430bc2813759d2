"""A bank's XML report as frames, whatever message and version it is; nothing is matched here."""

import re
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.limits import BANK_FILE_BYTES, open_bounded
from invoicebatch.files.xml import iterate_xml, split_name
from invoicebatch.ingest.bank import camt, camt029, pain002
from invoicebatch.ingest.bank.elements import flat, local
from invoicebatch.ingest.bank.entries import table
from invoicebatch.model.payments.matching import ON_MESSAGES

_MESSAGES: Final = {
    "CstmrPmtStsRpt": "pain.002",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
    "BkToCstmrAcctRpt": "camt.052",
    "RsltnOfInvstgtn": "camt.029",
}
_READERS: Final = {"CstmrPmtStsRpt": pain002.StatusReader, "RsltnOfInvstgtn": camt029.RecallReader}
_VERSION: Final = re.compile(r"(?:pain|camt)\.\d{3}\.\d{3}\.\d{2}")
_HEADERS: Final = ("GrpHdr", "Assgnmt")
_TAGS: Final = tuple(f"{{*}}{name}" for name in (*_HEADERS, *camt.TAGS, *pain002.TAGS))


@dataclass(frozen=True, slots=True)
class BankReport:
    """What a bank file says.

    Attributes:
        message: message and version, such as pain.002.001.10.
        entries: one row an entry, see `entries.COLUMNS`.
        statements: of camt messages, one row a statement: account_iban, statement_id, statement_no Int64,
            made_at (ISO text), currency, opening_cents and closing_cents Int64 (missing where it has no such
            balance), entries int64 and sum_cents Int64 of the booked ones (missing: an amount can't be read).
        counts: of status reports, one row a count: level, message_id, payment_information_id, status (empty: of
            all that was sent), number and cents Int64.
    """

    message: str
    entries: pd.DataFrame
    statements: pd.DataFrame = field(default_factory=partial(table, camt.STATEMENTS_READ))
    counts: pd.DataFrame = field(default_factory=partial(table, pain002.COUNTED))

    @property
    def is_statement(self) -> bool:
        """Whether it says what was booked on accounts, not what became of a message of ours."""
        return not self.message.startswith(ON_MESSAGES)

    @property
    def answers_recall(self) -> bool:
        """Whether it says what became of a recall (camt.029)."""
        return self.message.startswith("camt.029")

    @property
    def provisional(self) -> bool:
        """Whether it only says what may be booked (camt.052)."""
        return self.message.startswith("camt.052")


def read_bank_report(path: Path, today: date) -> BankReport:
    """Read a pain.002, camt.029, camt.052, camt.053 or camt.054 file.

    Args:
        path: the file, of at most `BANK_FILE_BYTES`.
        today: booking date of entries that carry none, and what dates are judged by.

    Raises:
        InputFileError: not XML, hostile or truncated XML, another message, a device, or too large.
    """
    with open_bounded(path, BANK_FILE_BYTES) as stream:
        if not stream.peek(1):  # type: ignore[attr-defined]  # a plain file is buffered
            raise InputFileError(f"{path.name} is empty")
        return _Reading(path.name, today).read(iterate_xml(stream, _TAGS, path.name))


class _Reading:
    """One file being read: its header says which reader takes the rest."""

    def __init__(self, name: str, today: date) -> None:
        self._name, self._today = name, today
        self._reader: camt.StatementReader | pain002.StatusReader | None = None
        self._message = ""

    def read(self, elements: Any) -> BankReport:
        """All elements of the file."""
        for element in elements:
            if local(element) in _HEADERS:
                self._begin(element)
            elif self._reader is not None:
                self._reader.take(element)
        if self._reader is None:
            raise self._refused("no such message")
        return BankReport(self._message, self._reader.frame(), **self._reader.rest())

    def _begin(self, header: etree._Element) -> None:
        root = header.getparent()
        namespace, kind = split_name(root) if root is not None else ("", "")
        version = _VERSION.search(namespace)
        if kind not in _MESSAGES or (version and version[0].endswith(".01")):
            raise self._refused(version[0] if version else kind)
        reader = _READERS.get(kind, camt.StatementReader)
        values = flat(header)
        self._message = version[0] if version else _MESSAGES[kind]
        try:
            self._reader = reader(values, namespace, self._today)
        except ValueError as error:
            raise InputFileError(f"{self._name}: {error}", "Ask the bank for the file again.") from error

    def _refused(self, what: str) -> InputFileError:
        return InputFileError(
            f"{self._name} is {what}, not a pain.002, camt.029, camt.052, camt.053 or camt.054.",
            "Ask the bank for the status report or statement in that format.",
        )
