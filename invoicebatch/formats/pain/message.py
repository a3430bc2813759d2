"""One payment message: what it is made of, and its parts that debits and transfers have in common.

Text is built row by row from columns: ten times the speed of a tree. The check reads it back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from xml.sax.saxutils import escape

import pandas as pd

from invoicebatch.model.payments.address import COLUMNS

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
    return agent(message, message.bic) or NOT_PROVIDED


def agent(message: Message, bic: str) -> str:
    """A bank by its BIC, or an empty string."""
    tag = message.bic_tag
    return f"<FinInstnId><{tag}>{escape(bic)}</{tag}></FinInstnId>" if bic else ""


def column(items: pd.DataFrame, name: str) -> list[str]:
    """A text column escaped for XML; missing values are empty."""
    values = items[name].astype(object).where(items[name].notna(), "")
    if not any("&" in value or "<" in value or ">" in value for value in values.unique()):
        return values.tolist()
    return [escape(value) for value in values]


def addresses(items: pd.DataFrame) -> list[str]:
    """Structured addresses, or hybrid ones with at most two free lines (EPC153-22); empty where there is none."""
    return [_address(*row) for row in zip(*(column(items, name) for name in COLUMNS), strict=True)]


def _address(
    street: str, building: str, free_line: str, free_line_2: str, postcode: str, city: str, country: str
) -> str:
    if not (city and country):
        return ""
    parts = (
        ("StrtNm", street), ("BldgNb", building), ("PstCd", postcode), ("TwnNm", city), ("Ctry", country),
        ("AdrLine", free_line), ("AdrLine", free_line_2),
    )  # fmt: skip
    return f"<PstlAdr>{''.join(f'<{tag}>{text}</{tag}>' for tag, text in parts if text)}</PstlAdr>"


def remittances(items: pd.DataFrame) -> list[str]:
    """The structured reference, else the text: one of both (EPC130-08)."""
    rows = zip(column(items, "creditor_reference"), column(items, "remittance"), strict=True)
    return [_structured(reference) if reference else f"<Ustrd>{text}</Ustrd>" for reference, text in rows]


def _structured(reference: str) -> str:
    """ISO 11649 by ISO; the Belgian one by the Belgian banks' association."""
    issuer = "ISO" if reference.startswith("RF") else "BBA"
    return (
        f"<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>{issuer}</Issr></Tp>"
        f"<Ref>{reference}</Ref></CdtrRefInf></Strd>"
    )
