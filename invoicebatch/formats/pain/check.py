"""The check before a bank file leaves: the ISO schema, and every payment read back and compared.

Both in one streaming pass of a parser that knows nothing of the writer; memory stays flat.
"""

import re
from functools import cache
from importlib.resources import as_file, files
from typing import BinaryIO, Final, NoReturn

import pandas as pd
from lxml import etree

from invoicebatch.errors import RenderError
from invoicebatch.formats.pain.message import Message
from invoicebatch.model.money import to_cents, to_decimal

_HINT = "The file was not published. Correct the payment's data, cancel the bundle and make a new one."


_PAYMENTS_AT_A_TIME: Final = 1000
_ONCE: Final = {
    "pain.008": {
        "end_to_end_id": "PmtId/EndToEndId",
        "amount": "InstdAmt",
        "iban": "DbtrAcct/Id/IBAN",
        "name": "Dbtr/Nm",
        "mandate_id": "DrctDbtTx/MndtRltdInf/MndtId",
        "signed_on": "DrctDbtTx/MndtRltdInf/DtOfSgntr",
        "remittance": "RmtInf/Ustrd or RmtInf/Strd/CdtrRefInf/Ref",
    },
    "pain.001": {
        "end_to_end_id": "PmtId/EndToEndId",
        "amount": "Amt/InstdAmt",
        "iban": "CdtrAcct/Id/IBAN",
        "name": "Cdtr/Nm",
        "remittance": "RmtInf/Ustrd",
    },
}
"""What each payment that we send holds once, and where."""


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
        kind = message.version[:8]
        self._debit = kind == "pain.008"
        self._name = "DrctDbtTxInf" if self._debit else "CdtTrfTxInf"
        self._space = {"n": message.namespace}
        self._scheme = ""  # EPC130-08 and EPC131-08: one a message
        self._once = {name: tuple(path.split(" or ")) for name, path in _ONCE[kind].items()}
        self._payments: dict[str, list[str]] = {name: [] for name in self._once}
        self._amendments: dict[str, tuple[str, str, str]] = {}
        self._cents: list[int] = []
        self._groups: dict[str, list[str]] = {"payment_information_id": [], "sequence_type": []}

    def _text(self, element: etree._Element, path: str) -> str:
        return element.findtext(_prefixed(path), "", self._space)

    def read(self, source: BinaryIO) -> None:
        """All elements that matter, each forgotten once seen."""
        payment, group, header = (
            f"{{{self._message.namespace}}}{name}" for name in (self._name, "PmtInf", "GrpHdr")
        )
        # lxml 6 does not notice a cut-off file where a schema meets resolve_entities=False; the file
        # is ours and has no DTD, so the defaults serve.
        events = etree.iterparse(
            source, events=("end",), tag=(payment, group, header), schema=schema(self._message.version)
        )
        waiting: list[etree._Element] = []
        for _, element in events:
            if element.tag == payment:
                waiting.append(element)
                if len(waiting) > _PAYMENTS_AT_A_TIME:
                    self._take_payments(waiting[:-1])  # the parser may still stand in the last one
                    del waiting[:-1]
            elif element.tag == group:
                self._take_payments(waiting)
                waiting.clear()
                self._take_group(element)
            else:
                self._take_header(element)

    def _take_payments(self, payments: list[etree._Element]) -> None:
        """Read the first payments of a group, a column at a time, and forget them."""
        apart = etree.Element("payments")
        apart.extend(payments)  # out of the group, which the parser still fills
        for name, path in self._once.items():
            leaves = [leaf.text or "" for leaf in apart.iter(*self._tags(path))]
            if len(leaves) != len(payments):  # missing in some, or there twice: compared as what stands there
                leaves = ["".join(self._text(one, each) for each in path) for one in payments]
            self._payments[name] += leaves
        self._cents += [_cents(text) for text in self._payments["amount"][len(self._cents) :]]
        for changed in apart.iter(*self._tags(("AmdmntInd",))):
            self._take_amendment(next(changed.iterancestors(payments[0].tag)))

    def _tags(self, paths: tuple[str, ...]) -> list[str]:
        return [f"{{{self._message.namespace}}}{path.rpartition('/')[2]}" for path in paths]

    def _take_amendment(self, payment: etree._Element) -> None:
        """What says that a mandate changed, its old id, and the marker of a new account (SMNDA)."""
        mandate = "DrctDbtTx/MndtRltdInf"
        self._amendments[self._text(payment, "PmtId/EndToEndId")] = (
            self._text(payment, f"{mandate}/AmdmntInd"),
            self._text(payment, f"{mandate}/AmdmntInfDtls/OrgnlMndtId"),
            self._text(payment, f"{mandate}/AmdmntInfDtls/OrgnlDbtrAcct/Id/Othr/Id"),
        )

    def _take_group(self, element: etree._Element) -> None:
        if self._debit:
            scheme = self._text(element, "PmtTpInf/LclInstrm/Cd")
            self._scheme = self._scheme or scheme
            if scheme != self._scheme:
                raise RenderError(
                    f"{self._message.message_id}: {self._scheme} and {scheme} may not share a message",
                    "The file was not published. Cancel the bundle and make new ones: one a scheme.",
                )
        ours = self._text(element, f"{'CdtrAcct' if self._debit else 'DbtrAcct'}/Id/IBAN")
        self._agree("own IBAN", ours, self._message.iban)
        day = "ReqdColltnDt" if self._debit else "ReqdExctnDt"
        told = self._text(element, day) or self._text(element, f"{day}/Dt")
        self._agree(day, told, str(self._message.requested_date))
        if self._debit:
            creditor = self._text(element, "CdtrSchmeId/Id/PrvtId/Othr/Id")
            self._agree("creditor identifier", creditor, self._message.creditor_id)
        ended = self._groups["payment_information_id"]
        cents = self._cents[len(ended) :]
        self._totals(element, len(cents), sum(cents))
        self._groups["sequence_type"] += [self._text(element, "PmtTpInf/SeqTp")] * len(cents)
        ended += [self._text(element, "PmtInfId")] * len(cents)
        element.clear()

    def _take_header(self, element: etree._Element) -> None:
        items = self._message.items
        self._agree("MsgId", self._text(element, "MsgId"), self._message.message_id)
        self._totals(element, len(items), int(items["amount_cents"].sum()))

    def _totals(self, element: etree._Element, count: int, cents: int) -> None:
        self._agree("NbOfTxs", self._text(element, "NbOfTxs"), str(count))
        self._agree("CtrlSum", self._text(element, "CtrlSum"), str(to_decimal(cents)))

    def compare(self) -> None:
        """Every payment of the file is one of the bundle, in its group, with all that is said of it."""
        items = self._message.items.set_index("end_to_end_id")
        found = pd.DataFrame({**self._payments, **self._groups}).assign(amount=self._cents)
        self._agree("number of payments", len(found), len(items))
        self._agree("number of EndToEndIds", items.index.nunique(), len(items))
        places = items.index.get_indexer(pd.Index(found["end_to_end_id"]))
        wanted = _as_written(items, debit=self._debit).iloc[places].reset_index()
        differs = found["end_to_end_id"].duplicated() | (places < 0)
        for name in found.columns.intersection(wanted.columns).drop("end_to_end_id"):
            differs |= found[name].ne(wanted[name])
        for row in found[differs].to_dict("records"):
            self._not_ours(row["end_to_end_id"], row["amount"], row["iban"])
        self._compare_amendments(items)

    def _compare_amendments(self, items: pd.DataFrame) -> None:
        old, moved = items["previous_mandate_id"].fillna(""), items["previous_iban"].notna()
        ids = items.index[old.ne("") | moved] if self._debit else items.index[:0]
        accounts = moved.map({True: "SMNDA", False: ""})
        wanted = {str(key): ("true", old[key], accounts[key]) for key in ids}
        for key in wanted.keys() | self._amendments.keys():
            if wanted.get(key) != self._amendments.get(key):
                self._not_ours(key, items["amount_cents"][key], items["iban"][key])

    def _not_ours(self, end_to_end: str, cents: int, iban: str) -> NoReturn:
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


def _as_written(items: pd.DataFrame, *, debit: bool) -> pd.DataFrame:
    """The items with what the file says of them, by the names of what is read."""
    wanted = items.rename(columns={"amount_cents": "amount"})
    if not debit:
        return wanted.drop(columns=["sequence_type", "payment_information_id"])  # transfers are one group
    references = items["creditor_reference"].fillna("")
    return wanted.assign(
        signed_on=items["mandate_signed_on"].dt.strftime("%Y-%m-%d"),
        remittance=references.where(references.ne(""), items["remittance"]),
    )


def _cents(amount: str) -> int:
    """Two decimals are what we write; any other form is read with care."""
    return int(amount.replace(".", "")) if amount[-3:-2] == "." else to_cents(amount)


def _prefixed(path: str) -> str:
    """The path with the message's namespace at each of its elements."""
    return re.sub(r"(?<!\$)\b[A-Z]\w*", r"n:\g<0>", path)
