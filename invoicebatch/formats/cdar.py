"""Life-cycle messages of the French reform (CDAR, XP Z12-012): one status of one invoice, as seller, buyer or platform says it.

Plain values to bytes; who may say what when is not told here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.model.status import BuyerAnswer

_SPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
CODES: Final = {
    BuyerAnswer.DEPOSITED: ("200", "Déposée"),
    BuyerAnswer.RECEIVED: ("202", "Reçue"),
    BuyerAnswer.IN_PROCESS: ("204", "Prise_en_charge"),
    BuyerAnswer.ACCEPTED: ("205", "Approuvée"),
    BuyerAnswer.UNDER_QUERY: ("207", "En_litige"),
    BuyerAnswer.REJECTED: ("210", "Refusée"),
    BuyerAnswer.PAID: ("212", "Encaissée"),
}
"""Code and word of each status."""

REASONS: Final = {
    BuyerAnswer.UNDER_QUERY: (
        "AUTRE", "COORD_BANC_ERR", "TX_TVA_ERR", "MONTANTTOTAL_ERR", "CALCUL_ERR", "NON_CONFORME", "DOUBLON", "DEST_INC",
        "DEST_ERR", "TRANSAC_INC", "EMMET_INC", "CONTRAT_TERM", "DOUBLE_FACT", "CMD_ERR", "ADR_ERR", "SIRET_ERR",
        "CODE_ROUTAGE_ERR", "REF_CT_ABSENT", "REF_ERR", "PU_ERR", "REM_ERR", "QTE_ERR", "ART_ERR", "MODPAI_ERR",
        "QUALITE_ERR", "LIVR_INCOMP",
    ),
    BuyerAnswer.REJECTED: (
        "TX_TVA_ERR", "MONTANTTOTAL_ERR", "CALCUL_ERR", "NON_CONFORME", "DOUBLON", "DEST_ERR", "TRANSAC_INC", "EMMET_INC",
        "CONTRAT_TERM", "DOUBLE_FACT", "CMD_ERR", "ADR_ERR", "REF_CT_ABSENT",
    ),
}  # fmt: skip
"""Codes of the reasons that a dispute and a refusal may have (BR-FR-CDV-CL-09)."""

_OF_PLATFORM: Final = (BuyerAnswer.DEPOSITED, BuyerAnswer.RECEIVED)
_SELLER, _BUYER, _PLATFORM = "SE", "BY", "WK"

Element = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """One status of one invoice.

    Attributes:
        number: of the invoice (BT-1).
        type_code: of the invoice (BT-3).
        invoice_date: of the invoice (BT-2).
        status: what is said.
        at: when it came about.
        seller: SIREN and name.
        buyer: SIREN and name.
        addresses: electronic addresses (scheme 0225) of seller and buyer.
        currency: of the amounts.
        paid: what was paid by VAT rate, as amount and percent; of `paid` only.
        reason_code: of the French list; of a refusal and a dispute.
        reason: in words.
    """

    number: str
    type_code: str
    invoice_date: date
    status: BuyerAnswer
    at: datetime
    seller: tuple[str, str]
    buyer: tuple[str, str]
    addresses: tuple[str, str]
    currency: str = "EUR"
    paid: Sequence[tuple[Decimal, Decimal]] = ()
    reason_code: str = ""
    reason: str = ""


def write_life_cycle(message: LifeCycle) -> bytes:
    """The message; the same status gives the same bytes.

    Raises:
        RenderError: a payment without amounts, or a refusal without a reason of its list.
    """
    if message.status is BuyerAnswer.PAID and not message.paid:
        raise RenderError(f"{message.number} is said to be paid, but not how much at which VAT rate")
    codes = REASONS.get(message.status)
    if codes and message.reason_code not in codes:
        raise RenderError(
            f"{message.number} is refused or disputed without a reason", f"Give a code: {', '.join(codes)}."
        )
    root = etree.Element(f"{{{_SPACES['rsm']}}}CrossDomainAcknowledgementAndResponse", nsmap=_SPACES)
    for part in (_context(), _document(message), _acknowledgement(message)):
        _add(root, part)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add(parent: etree._Element, description: Element) -> None:
    name, *parts = description
    prefix, local = name.split(":")
    element = etree.SubElement(parent, f"{{{_SPACES[prefix]}}}{local}")
    for part in parts:
        match part:
            case dict():
                for key, value in part.items():
                    element.set(key, value)
            case tuple():
                _add(element, part)
            case _:
                element.text = str(part)


def _context() -> Element:
    return (
        "rsm:ExchangedDocumentContext",
        ("ram:BusinessProcessSpecifiedDocumentContextParameter", ("ram:ID", "REGULATED")),
        ("ram:GuidelineSpecifiedDocumentContextParameter", ("ram:ID", "urn.cpro.gouv.fr:1p0:CDV:invoice")),
    )


def _moment(name: str, at: datetime) -> Element:
    return (name, ("udt:DateTimeString", f"{at:%Y%m%d%H%M%S}", {"format": "204"}))


def _party(element: str, role: str, party: tuple[str, str] | None = None, address: str = "") -> Element:
    who = () if party is None else (("ram:GlobalID", party[0], {"schemeID": "0002"}), ("ram:Name", party[1]))
    where = (
        (("ram:URIUniversalCommunication", ("ram:URIID", address, {"schemeID": "0225"})),) if address else ()
    )
    return (element, *who, ("ram:RoleCode", role), *where)


def _document(message: LifeCycle) -> Element:
    code, word = CODES[message.status]
    own = (
        f"{message.number}_{code}_{message.at:%Y%m%d%H%M%S}#{message.type_code}_{message.invoice_date:%Y%m%d}"
    )
    to_buyer = message.status is BuyerAnswer.PAID
    if message.status in _OF_PLATFORM:
        issuer = _party("ram:IssuerTradeParty", _PLATFORM)
    else:
        issuer = _party(
            "ram:IssuerTradeParty",
            _SELLER if to_buyer else _BUYER,
            message.seller if to_buyer else message.buyer,
        )
    recipient = (message.buyer, message.addresses[1]) if to_buyer else (message.seller, message.addresses[0])
    return (
        "rsm:ExchangedDocument",
        ("ram:ID", own),
        ("ram:Name", f"{message.number} {word}"),
        _moment("ram:IssueDateTime", message.at),
        _party("ram:SenderTradeParty", _PLATFORM),
        issuer,
        _party("ram:RecipientTradeParty", _BUYER if to_buyer else _SELLER, *recipient),
    )


def _acknowledgement(message: LifeCycle) -> Element:
    code, word = CODES[message.status]
    return (
        "rsm:AcknowledgementDocument",
        ("ram:MultipleReferencesIndicator", ("udt:Indicator", "false")),
        ("ram:TypeCode", "305" if message.status in _OF_PLATFORM else "23"),
        _moment("ram:IssueDateTime", message.at),
        (
            "ram:ReferenceReferencedDocument",
            ("ram:IssuerAssignedID", message.number),
            ("ram:TypeCode", message.type_code),
            ("ram:FormattedIssueDateTime", ("qdt:DateTimeString", f"{message.invoice_date:%Y%m%d}", {"format": "102"})),
            ("ram:ProcessConditionCode", code),
            ("ram:ProcessCondition", word),
            ("ram:IssuerTradeParty", ("ram:GlobalID", message.seller[0], {"schemeID": "0002"}), ("ram:RoleCode", _SELLER)),
            *_details(message),
        ),
    )  # fmt: skip


def _details(message: LifeCycle) -> tuple[Element, ...]:
    reason: tuple[Element, ...] = ()
    if message.reason_code:
        reason = (
            ("ram:ReasonCode", message.reason_code),
            ("ram:Reason", message.reason or message.reason_code),
        )
    amounts = tuple(
        (
            "ram:SpecifiedDocumentCharacteristic",
            ("ram:TypeCode", "MEN"),
            ("ram:ValueChangedIndicator", ("udt:IndicatorString", "false")),
            ("ram:ValueAmount", f"{amount:.2f}", {"currencyID": message.currency}),
            ("ram:ValuePercent", f"{rate:.2f}"),
        )
        for amount, rate in message.paid
    )
    if not reason and not amounts:
        return ()
    return (("ram:SpecifiedDocumentStatus", *reason, ("ram:SequenceNumeric", "1"), *amounts),)
