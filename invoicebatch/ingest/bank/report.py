"""A bank's XML report as a frame of entries, whatever message and version it is; nothing is matched here."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.xml import parse_xml
from invoicebatch.ingest.bank import camt, pain002

COLUMNS = {
    "kind": "str",
    "message_id": "str",
    "payment_information_id": "str",
    "end_to_end_id": "str",
    "amount_cents": "Int64",
    "booked_on": "datetime64[s]",
    "reason": "str",
    "reference": "str",
}


@dataclass(frozen=True, slots=True)
class BankReport:
    """What a bank file says.

    Attributes:
        message: message name, such as pain.002.001.10.
        report_id: the report's own id; with `position` it tells entries apart.
        entries: one row an entry, in file order: kind (confirmed, rejected, returned), message_id and
            payment_information_id (the original's; where an entry is about all of it, end_to_end_id is
            empty), end_to_end_id str, amount_cents Int64, booked_on datetime64[s], reason, reference str.
        notes: sentences on what was read over, such as entries that are not booked yet.
    """

    message: str
    report_id: str
    entries: pd.DataFrame
    notes: tuple[str, ...]


def read_bank_report(data: bytes, name: str, today: date) -> BankReport:
    """Read a pain.002, camt.053 or camt.054 file.

    Args:
        data: the file's bytes.
        name: what messages call it.
        today: booking date of entries that carry none.

    Raises:
        InputFileError: not XML, hostile XML, or another message.
    """
    root = parse_xml(data, name)
    message = (etree.QName(root).namespace or "").rpartition(":")[2]
    if message.startswith("pain.002"):
        rows, notes, report_id = pain002.read(root)
    elif message.startswith(("camt.053", "camt.054")):
        rows, notes, report_id = camt.read(root)
    else:
        raise InputFileError(
            f"{name} is {message or 'no ISO 20022 message'}, not a pain.002, camt.053 or camt.054.",
            "Ask the bank for the status report or statement in that format.",
        )
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    entries = frame.assign(booked_on=frame["booked_on"].fillna(pd.Timestamp(today)))
    return BankReport(message, report_id, entries, tuple(notes))
