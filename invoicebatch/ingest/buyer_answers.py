"""What buyers and networks answer to an invoice: Peppol Invoice Response and Message Level Response, French CDAR.

One record an answer and document; nothing is looked up or written here. Sources: Peppol T111 and T71 with
their code lists, XP Z12-012 for the statuses of the French life cycle.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from lxml import etree

from invoicebatch.errors import InputFileError
from invoicebatch.files.xml import parse_xml
from invoicebatch.ingest.ubl.sources import documents_in
from invoicebatch.model.status import BuyerAnswer

_RESPONSE: Final = "{urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2}ApplicationResponse"
_LIFE_CYCLE: Final = (
    "{urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100}"
    "CrossDomainAcknowledgementAndResponse"
)

OF_INVOICE: Final = {
    "AB": BuyerAnswer.RECEIVED, "IP": BuyerAnswer.IN_PROCESS, "UQ": BuyerAnswer.UNDER_QUERY, "CA": BuyerAnswer.ACCEPTED,
    "RE": BuyerAnswer.REJECTED, "AP": BuyerAnswer.ACCEPTED, "PD": BuyerAnswer.PAID,
}  # fmt: skip
OF_MESSAGE: Final = {"AB": BuyerAnswer.RECEIVED, "AP": BuyerAnswer.RECEIVED, "RE": BuyerAnswer.REJECTED}
"""UNCL 4343 codes of an Invoice Response, and of a Message Level Response, which accepts the message alone."""

OF_LIFE_CYCLE: Final = {
    "200": BuyerAnswer.DEPOSITED, "201": BuyerAnswer.DEPOSITED, "202": BuyerAnswer.RECEIVED, "203": BuyerAnswer.RECEIVED,
    "204": BuyerAnswer.IN_PROCESS, "205": BuyerAnswer.ACCEPTED, "206": BuyerAnswer.UNDER_QUERY, "207": BuyerAnswer.UNDER_QUERY,
    "208": BuyerAnswer.UNDER_QUERY, "209": BuyerAnswer.IN_PROCESS, "210": BuyerAnswer.REJECTED, "211": BuyerAnswer.ACCEPTED,
    "212": BuyerAnswer.PAID, "213": BuyerAnswer.REJECTED,
}  # fmt: skip
"""Statuses of the French life cycle; 206 approves a part, 207 disputes, 208 waits for more."""

_REASONS: Final = {
    "REF": "references are wrong", "LEG": "legal information is wrong", "REC": "the receiver is unknown",
    "QUA": "the quality is insufficient", "DEL": "the delivery is at fault", "PRI": "prices are wrong",
    "QTY": "quantities are wrong", "ITM": "items are wrong", "PAY": "payment terms are wrong",
    "UNR": "it is not recognised", "FIN": "finance terms are wrong", "PPD": "it is paid in part", "OTH": "other reasons",
}  # fmt: skip
_ACTIONS: Final = {
    "NOA": "nothing", "PIN": "information", "NIN": "a new invoice", "CNF": "a credit note in full",
    "CNP": "a credit note in part", "CNA": "a credit note of the amount", "OTH": "something else",
}  # fmt: skip

_ALL: Final = "{*}"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer to one document.

    Attributes:
        answer_id: the answer's own id with its sender's, the same whenever it comes.
        number: of the document it is about.
        type_code: UNCL 1001 code of that document; may be empty.
        sellers: identifiers of the seller it is for, without their schemes.
        status: what it says.
        reason: why, in words; may be empty.
        asked: what the seller should do, in words; may be empty.
        answered_at: when, UTC or without a zone.
        file: where it came from.
    """

    answer_id: str
    number: str
    type_code: str
    sellers: frozenset[str]
    status: BuyerAnswer
    reason: str
    asked: str
    answered_at: datetime
    file: str


@dataclass(slots=True)
class Answers:
    """What was read, and the files that are no answer with their reason."""

    found: list[Answered] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def read_answers(paths: list[Path]) -> Answers:
    """Every answer in files, folders and ZIP archives; a file that is none is named.

    Raises:
        InputFileError: a path does not exist or can't be read.
    """
    answers = Answers()
    for found in documents_in(paths):
        if found.reason:
            answers.refused.append((found.name, found.reason))
            continue
        try:
            answers.found += _read(parse_xml(found.data, found.name), found.name)
        except InputFileError as error:
            answers.refused.append((found.name, error.message))
    return answers


def _read(root: etree._Element, file: str) -> list[Answered]:
    if root.tag == _RESPONSE:
        return list(_responses(root, file))
    if root.tag == _LIFE_CYCLE:
        return list(_statuses(root, file))
    raise InputFileError(
        f"{file} is no answer to an invoice", "Known are Peppol responses (T111, T71) and French CDAR."
    )


def _responses(root: etree._Element, file: str) -> Iterator[Answered]:
    codes = OF_MESSAGE if ":mlr:" in _text(root, "CustomizationID") else OF_INVOICE
    sender = _text(root, "SenderParty/{*}EndpointID")
    day = _text(root, "IssueDate")
    time = _text(root, "IssueTime").removesuffix("Z") or "00:00:00"
    for each in root.iterfind(f"{_ALL}DocumentResponse"):
        number = _text(each, "DocumentReference/{*}ID")
        code = _text(each, "Response/{*}ResponseCode")
        coded = [
            (str(found.get("listID", "")), (found.text or "").strip())
            for found in each.iterfind(".//{*}Response/{*}Status/{*}StatusReasonCode")
        ]
        said = _texts(each, "Response/{*}Status/{*}StatusReason") + _texts(each, "Response/{*}Description")
        yield Answered(
            f"{sender}/{_text(root, 'ID')}/{number}",
            number,
            _text(each, "DocumentReference/{*}DocumentTypeCode"),
            _identifiers(root.find(f"{_ALL}ReceiverParty")),
            _status(codes, code, file),
            "; ".join([*(_REASONS[c] for kind, c in coded if "Reason" in kind and c in _REASONS), *said]),
            "; ".join(_ACTIONS[c] for kind, c in coded if "Action" in kind and c in _ACTIONS),
            _moment(f"{_text(each, 'Response/{*}EffectiveDate') or day}T{time}", file),
            file,
        )


def _statuses(root: etree._Element, file: str) -> Iterator[Answered]:
    own = _text(root, "ExchangedDocument/{*}ID")
    sender = _text(root, "ExchangedDocument/{*}IssuerTradeParty/{*}GlobalID")
    moment = _text(root, "AcknowledgementDocument/{*}IssueDateTime/{*}DateTimeString")
    for each in root.iterfind(".//{*}ReferenceReferencedDocument"):
        number = _text(each, "IssuerAssignedID")
        yield Answered(
            f"{sender}/{own}/{number}",
            number,
            _text(each, "TypeCode"),
            _identifiers(each.find(f"{_ALL}IssuerTradeParty")),
            _status(OF_LIFE_CYCLE, _text(each, "ProcessConditionCode"), file),
            "; ".join(_texts(each, "SpecifiedDocumentStatus/{*}Reason")),
            "; ".join(_texts(each, "SpecifiedDocumentStatus/{*}RequestedAction")),
            _moment(moment, file),
            file,
        )


def _status(codes: dict[str, BuyerAnswer], code: str, file: str) -> BuyerAnswer:
    if code not in codes:
        raise InputFileError(f"{file} says {code or 'nothing'}, which is no status of an invoice")
    return codes[code]


def _moment(text: str, file: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        pass
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - a local time without a zone
    except ValueError as error:
        raise InputFileError(f"{file} does not say when it was made ({text})") from error


def _identifiers(party: etree._Element | None) -> frozenset[str]:
    """Identifiers of a party, an electronic address without what stands behind its company number."""
    if party is None:
        return frozenset()
    found = (
        str(element.text or "").strip()
        for element in party.iter("{*}EndpointID", "{*}ID", "{*}GlobalID", "{*}CompanyID")
    )
    return frozenset(text for text in found if text)


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(f"{_ALL}{path}") or "").strip()


def _texts(element: etree._Element, path: str) -> list[str]:
    found = ((each.text or "").strip() for each in element.iterfind(f"{_ALL}{path}"))
    return [text for text in found if text]
