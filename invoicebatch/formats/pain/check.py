"""The check before a bank file leaves: the ISO schema, and every payment read back and compared.

Both in one streaming pass of a parser that knows nothing of the writer; memory stays flat.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from typing import BinaryIO

from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain.message import Message
from invoicebatch.model.money import format_cents, to_cents

_HINT = "The file was not published. Correct the payment's data, cancel the bundle and make a new one."


@dataclass(slots=True)
class _Read:
    """What the parser found."""

    payments: list[tuple[str, str, int, str]] = field(default_factory=list)
    group: list[int] = field(default_factory=list)


@cache
def schema(version: str) -> etree.XMLSchema:
    """The ISO 20022 schema of a message version, compiled once a process."""
    with as_file(files("sepaxml") / "schemas" / f"{version}.xsd") as path:
        return etree.XMLSchema(file=str(path))


def check_message(message: Message, source: BinaryIO) -> None:
    """Validate a written message and compare it with the journal.

    Args:
        message: what should be in it.
        source: the written bytes, from their start.

    Raises:
        RenderError: the schema, a count, a sum, an amount, an IBAN or an id does not agree.
    """
    read = _Read()
    try:
        for element in _elements(message, source):
            _take(message, element, read)
    except etree.XMLSyntaxError as error:
        raise RenderError(f"{message.message_id} breaks {message.version}: {error}", _HINT) from error
    except ValueError as error:
        raise RenderError(f"{message.message_id}: {error}", _HINT) from error
    _compare(message, read)


def _elements(message: Message, source: BinaryIO) -> Iterator[etree._Element]:
    transaction = "DrctDbtTxInf" if message.version.startswith("pain.008") else "CdtTrfTxInf"
    tags = [f"{{{message.namespace}}}{name}" for name in (transaction, "PmtInf", "GrpHdr")]
    # lxml 6 does not notice a cut-off file where a schema meets resolve_entities=False; the file is ours
    # and has no DTD, so the defaults serve.
    events = etree.iterparse(source, events=("end",), tag=tags, schema=schema(message.version))
    for _, element in events:
        yield element
        if not element.tag.endswith("GrpHdr"):
            element.clear(keep_tail=False)
            _forget_before(element)


def _forget_before(element: etree._Element) -> None:
    parent = element.getparent()
    previous = element.getprevious()
    if parent is not None and previous is not None and previous.tag == element.tag:
        parent.remove(previous)


def _take(message: Message, element: etree._Element, read: _Read) -> None:
    name = etree.QName(element).localname
    if name == "GrpHdr":
        _agree(message, "MsgId", _text(message, element, "MsgId"), message.message_id)
        _totals(message, element, len(message.items), int(message.items["amount_cents"].sum()))
    elif name == "PmtInf":
        ours = "CdtrAcct" if message.version.startswith("pain.008") else "DbtrAcct"
        _agree(message, "own IBAN", _text(message, element, ours, "Id", "IBAN"), message.iban)
        _totals(message, element, len(read.group), sum(read.group))
        read.group.clear()
    else:
        payment = _payment(message, element)
        read.payments.append(payment)
        read.group.append(payment[2])


def _payment(message: Message, element: etree._Element) -> tuple[str, str, int, str]:
    debit = message.version.startswith("pain.008")
    amount = ("InstdAmt",) if debit else ("Amt", "InstdAmt")
    return (
        _text(message, element, "PmtId", "EndToEndId"),
        _text(message, element, "DbtrAcct" if debit else "CdtrAcct", "Id", "IBAN"),
        to_cents(_text(message, element, *amount)),
        _text(message, element, "DrctDbtTx", "MndtRltdInf", "MndtId") if debit else "",
    )


def _totals(message: Message, element: etree._Element, count: int, cents: int) -> None:
    _agree(message, "NbOfTxs", int(_text(message, element, "NbOfTxs")), count)
    total = to_cents(_text(message, element, "CtrlSum"))
    _agree(message, "CtrlSum", total, cents, format_cents)


def _text(message: Message, element: etree._Element, *path: str) -> str:
    found = element.findtext("/".join(f"{{{message.namespace}}}{name}" for name in path))
    return found or ""


def _compare(message: Message, read: _Read) -> None:
    items = message.items
    debit = message.version.startswith("pain.008")
    mandates = items["mandate_id"] if debit else [""] * len(items)
    wanted = zip(items["end_to_end_id"], items["iban"], items["amount_cents"], mandates, strict=True)
    journal = {end_to_end: (iban, int(cents), mandate) for end_to_end, iban, cents, mandate in wanted}
    _agree(message, "number of payments", len(read.payments), len(items))
    _agree(message, "different EndToEndIds", len(journal), len(items))
    for end_to_end, iban, cents, mandate in read.payments:
        if journal.pop(end_to_end, None) != (iban, cents, mandate):
            raise RenderError(
                f"{message.message_id}: payment {end_to_end} of {format_cents(cents, 'EUR')} to or from "
                f"{iban} is not what the bundle holds",
                _HINT,
            )


def _agree(
    message: Message, what: str, found: object, wanted: object, show: Callable[..., str] = str
) -> None:
    if found != wanted:
        raise RenderError(
            f"{message.message_id}: {what} is {show(found)} in the file, {show(wanted)} in the bundle", _HINT
        )
