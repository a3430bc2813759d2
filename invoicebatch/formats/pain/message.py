"""One payment message: what it is made of, and what its header and groups have in common."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from xml.sax.saxutils import escape

import pandas as pd

Version = Literal["pain.008.001.08", "pain.008.001.02", "pain.001.001.09", "pain.001.001.03"]

NOT_PROVIDED: Final = "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"
"""An agent known by the IBAN alone (EPC130-08)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A bank file before it is text.

    Attributes:
        version: ISO 20022 message and version.
        message_id: MsgId.
        created_at: CreDtTm; the bundle's own time, so that the file never differs.
        requested_date: collection or execution date.
        account_name: creditor of debits, debtor of transfers.
        iban: its account.
        bic: its bank; may be empty.
        creditor_id: SEPA creditor identifier, of debits.
        batch_booking: one booking a group on the statement.
        authorisation: what stands in Authstn/Prtry; empty: nothing.
        items: rows of `bundle_items` that go out: end_to_end_id, amount_cents int64 (positive), name,
            iban, bic, the columns of an address, creditor_reference, mandate_id, mandate_signed_on, sequence_type, scheme,
            previous_mandate_id, previous_iban, remittance, payment_information_id.
    """

    version: Version
    message_id: str
    created_at: datetime
    requested_date: date
    account_name: str
    iban: str
    bic: str
    creditor_id: str
    batch_booking: bool
    items: pd.DataFrame
    authorisation: str = ""

    @property
    def namespace(self) -> str:
        """XML namespace of the message."""
        return f"urn:iso:std:iso:20022:tech:xsd:{self.version}"

    @property
    def bic_tag(self) -> str:
        """Element that holds a BIC in this version."""
        return "BIC" if self.version.endswith((".02", ".03")) else "BICFI"


def counts(items: pd.DataFrame) -> str:
    """Number and sum of some payments (NbOfTxs, CtrlSum)."""
    return f"<NbOfTxs>{len(items)}</NbOfTxs><CtrlSum>{amount(int(items['amount_cents'].sum()))}</CtrlSum>"


def amount(cents: int) -> str:
    """Decimal text of a positive amount of cents."""
    return f"{cents // 100}.{cents % 100:02d}"


def own_agent(message: Message) -> str:
    """The bank of our own account."""
    tag = message.bic_tag
    return f"<FinInstnId><{tag}>{escape(message.bic)}</{tag}></FinInstnId>" if message.bic else NOT_PROVIDED
