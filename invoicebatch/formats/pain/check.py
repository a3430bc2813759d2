"""The check before a bank file leaves: the ISO schema, and every payment read back and compared.

Both in one streaming pass of a parser that knows nothing of the writer; memory stays flat.
"""

from functools import cache
from importlib.resources import as_file, files
from typing import BinaryIO

from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain.message import Message
from invoicebatch.model.money import to_cents, to_decimal

_HINT = "The file was not published. Correct the payment's data, cancel the bundle and make a new one."


_LEAVES = ("EndToEndId", "IBAN", "InstdAmt", "MndtId", "OrgnlMndtId", "AmdmntInd")


@cache
def schema(version: str) -> etree.XMLSchema:
    """The ISO 20022 schema of a message version, as ISO gives it out, compiled once a process."""
    with as_file(files(__package__) / "schemas" / f"{version}.xsd") as path:
        return etree.XMLSchema(file=str(path))


def check_message(message: Message, source: BinaryIO) -> None:
    """Validate a written message and compare it with the journal.

    Args:
        message: what should be in it.
        source: the written bytes, from their start.

    Raises:
        RenderError: the schema, a count, a sum, an amount, an IBAN or an id does not agree.
    """
    reader = _Reader(message)
    try:
        reader.read(source)
    except etree.XMLSyntaxError as error:
        raise RenderError(f"{message.message_id} breaks {message.version}: {error}", _HINT) from error
    except ValueError as error:
        raise RenderError(f"{message.message_id}: {error}", _HINT) from error
    reader.compare()


class _Reader:
    """Reads one message; counts and sums are compared as groups end, payments at the end."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._debit = message.version.startswith("pain.008")
        self._space = f"{{{message.namespace}}}"
        self._payments: list[tuple[str, str, int, str, str, str]] = []
        self._group: list[int] = []
        self._scheme = ""  # EPC130-08 and EPC131-08: one a message
        self._transaction = self._space + ("DrctDbtTxInf" if self._debit else "CdtTrfTxInf")
        self._leaves = [self._space + name for name in _LEAVES]

    def _path(self, *names: str) -> str:
        return "/".join(self._space + name for name in names)

    def read(self, source: BinaryIO) -> None:
        """All elements that matter, each forgotten once seen."""
        group, header = self._space + "PmtInf", self._space + "GrpHdr"
        # lxml 6 does not notice a cut-off file where a schema meets resolve_entities=False; the file
        # is ours and has no DTD, so the defaults serve.
        events = etree.iterparse(
            source,
            events=("end",),
            tag=(self._transaction, group, header),
            schema=schema(self._message.version),
        )
        for _, element in events:
            if element.tag == self._transaction:
                self._take_payment(element)
            elif element.tag == group:
                self._take_group(element)
            else:
                self._take_header(element)

    def _take_payment(self, element: etree._Element) -> None:
        """Each of the leaves occurs once in a payment we send, if at all; another one would not agree."""
        found = {leaf.tag: leaf.text or "" for leaf in element.iter(*self._leaves)}
        end_to_end, iban, amount, mandate, old_mandate, amended = (found.get(tag, "") for tag in self._leaves)
        cents = int(amount.replace(".", "")) if amount[-3:-2] == "." else to_cents(amount)
        self._payments.append((end_to_end, iban, cents, mandate, old_mandate, amended))
        self._group.append(cents)
        previous = element.getprevious()
        element.clear()
        parent = element.getparent()
        if parent is not None and previous is not None and previous.tag == self._transaction:
            parent.remove(previous)

    def _take_group(self, element: etree._Element) -> None:
        if self._debit:
            scheme = element.findtext(self._path("PmtTpInf", "LclInstrm", "Cd")) or ""
            self._scheme = self._scheme or scheme
            if scheme != self._scheme:
                raise RenderError(
                    f"{self._message.message_id}: {self._scheme} and {scheme} may not share a message",
                    "The file was not published. Cancel the bundle and make new ones: one a scheme.",
                )
        ours = element.findtext(self._path("CdtrAcct" if self._debit else "DbtrAcct", "Id", "IBAN"))
        self._agree("own IBAN", ours, self._message.iban)
        self._totals(element, len(self._group), sum(self._group))
        self._group.clear()
        element.clear()

    def _take_header(self, element: etree._Element) -> None:
        items = self._message.items
        self._agree("MsgId", element.findtext(self._path("MsgId")), self._message.message_id)
        self._totals(element, len(items), int(items["amount_cents"].sum()))

    def _totals(self, element: etree._Element, count: int, cents: int) -> None:
        self._agree("NbOfTxs", element.findtext(self._path("NbOfTxs")), str(count))
        self._agree("CtrlSum", element.findtext(self._path("CtrlSum")), str(to_decimal(cents)))

    def compare(self) -> None:
        """Every payment of the file is one of the bundle, with its account, amount and mandate."""
        items = self._message.items
        none = [""] * len(items)
        mandates = items["mandate_id"].tolist() if self._debit else none
        old = items["previous_mandate_id"].fillna("").tolist() if self._debit else none
        moved = items["previous_iban"].fillna("").tolist() if self._debit else none
        amended = ["true" if one or other else "" for one, other in zip(old, moved, strict=True)]
        wanted = zip(
            items["iban"].tolist(), items["amount_cents"].tolist(), mandates, old, amended, strict=True
        )
        journal = dict(zip(items["end_to_end_id"].tolist(), wanted, strict=True))
        self._agree("number of payments", len(self._payments), len(items))
        self._agree("number of EndToEndIds", len(journal), len(items))
        for end_to_end, iban, cents, *rest in self._payments:
            if journal.pop(end_to_end, None) != (iban, cents, *rest):
                raise RenderError(
                    f"{self._message.message_id}: payment {end_to_end} of EUR {to_decimal(cents)} to or from"
                    f" {iban} is not what the bundle holds",
                    _HINT,
                )

    def _agree(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise RenderError(
                f"{self._message.message_id}: {what} is {found} in the file, {wanted} in the bundle", _HINT
            )
