"""A mail or cover page about several documents of one customer: one table, and a sum a currency.

The words are the templates'; which documents go together is decided elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import RenderError
from invoicebatch.formats.mail.letter import Letter, Letters
from invoicebatch.formats.mail.words import iban_ending, iban_text, money_text, short_date_text
from invoicebatch.model.outbox.together import Bundle, left
from invoicebatch.model.payments.amount_due import Situation

SEVERAL: Final = "-several"
"""What the name of a template set ends with that speaks of several documents: `invoice-several`."""

_OF: Final = {"en": "of", "nl": "van", "fr": "sur", "de": "von"}

Documents = Sequence[Mapping[str, Any]]
"""The values of each document, see `letter_values`."""


class Writer:
    """The letters of bundles: those of one document by the set itself, those of several by its companion."""

    def __init__(self, name: str, folders: Sequence[Path], channel: str) -> None:
        """Of a template set, see `Letters`.

        Args:
            name: the set for one document.
            folders: where sets are looked for before ours.
            channel: `email`, or `post` for a cover page.
        """
        self._one, self._several = (Letters(each, folders) for each in (name, name + SEVERAL))
        self._channel = channel

    def letters(
        self, rows: pd.DataFrame, found: Iterable[Bundle], values: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> Iterator[tuple[Bundle, list[int], str, Letter | RenderError]]:
        """Each bundle with the positions of its rows, its language and its letter, or why there is none.

        Args:
            rows: overview rows.
            found: bundles of them; see `left`.
            values: of each row, see `letter_values`.
        """
        plain = list(values)
        for bundle, at in left(found, rows):
            language = plain[at[0]][0]
            try:
                yield bundle, at, language, self.letter(language, [plain[each][1] for each in at], bundle)
            except RenderError as error:
                yield bundle, at, language, error

    def letter(self, language: str, documents: Documents, bundle: Bundle) -> Letter:
        """The letter about some documents.

        Args:
            language: en, nl, fr or de.
            documents: values of the documents of one customer.
            bundle: which part of how many it is.

        Raises:
            RenderError: see `Letters.render`.
        """
        if len(documents) == 1:
            letter = self._one.render(language, documents[0])
        else:
            values = self._values(language, documents, bundle)
            letter = replace(self._several.render(language, values), table=values["table"])
        if bundle.parts == 1:
            return letter
        return replace(letter, subject=f"{letter.subject} ({bundle.part} {_OF[language]} {bundle.parts})")

    def _values(self, language: str, documents: Documents, bundle: Bundle) -> dict[str, Any]:
        """What the templates for several documents may name."""
        words = self._several.words(language)
        first = documents[0]
        return {
            "words": words,
            "account": first["account"],
            "customer": first["customer"],
            "note": first["note"],
            "count": len(documents),
            "channel": self._channel,
            "part": {"number": bundle.part, "of": bundle.parts},
            "sentences": list(_sentences(words, documents)),
            "table": table(words, documents, language),
        }


def table(words: Mapping[str, Any], documents: Documents, language: str) -> dict[str, Any]:
    """The table of documents in cells of text: `head`, `rows`, `sums` (one a currency), `text`, `right`.

    The columns are number, date, due date and amount; what is still open where that differs from an
    amount, and how it is paid where there is anything to say. `text` has the same in lines, `right`
    the columns that stand on the right, `numbers` the number of each row.
    """
    is_open = any(
        each["invoice"]["outstanding_cents"] != each["invoice"]["total_cents"] for each in documents
    )
    ways = [_way(words, each) for each in documents]
    columns = [
        "number",
        "date",
        "due",
        "amount",
        *(["open"] if is_open else []),
        *(["payment"] if any(ways) else []),
    ]
    rows = [
        cells(columns, _row(words, each["invoice"], way, language))
        for each, way in zip(documents, ways, strict=True)
    ]
    sums = [cells(columns, sums | {"number": words["total"]}) for sums in _sums(documents, language)]
    head = cells(columns, words)
    right = [at for at, name in enumerate(columns) if name in ("amount", "open")]
    text = lines([head, *rows, *sums], right)
    numbers = [each["invoice"]["number"] for each in documents]
    return {"head": head, "rows": rows, "sums": sums, "right": right, "numbers": numbers, "text": text}


def cells(columns: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """A row of text: the value of each column, empty where there is none."""
    return [str(values.get(name, "")) for name in columns]


def _row(words: Mapping[str, Any], invoice: Mapping[str, Any], way: str, language: str) -> dict[str, str]:
    currency = invoice["currency"]
    return {
        "number": f"{words['kinds'][invoice['kind']]} {invoice['number']}",
        "date": short_date_text(invoice["date"], language),
        "due": short_date_text(invoice["due_date"], language),
        "amount": money_text(invoice["total_cents"], currency, language),
        "open": money_text(invoice["outstanding_cents"], currency, language),
        "payment": way,
    }


def _sums(documents: Documents, language: str) -> Iterator[dict[str, str]]:
    """A sum a currency: amounts of two are never added up."""
    invoices = [each["invoice"] for each in documents]
    for currency in dict.fromkeys(invoice["currency"] for invoice in invoices):
        same = [invoice for invoice in invoices if invoice["currency"] == currency]
        amount, left = (
            sum(invoice[name] for invoice in same) for name in ("total_cents", "outstanding_cents")
        )
        yield {"amount": money_text(amount, currency, language), "open": money_text(left, currency, language)}


def _way(words: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """How a document is paid: its reference where that isn't its number, or what becomes of it."""
    invoice, situation = document["invoice"], document["situation"]
    if situation == Situation.PAY:
        return str(invoice["reference"]) if invoice["reference"] != invoice["number"] else ""
    return str(words["ways"][situation])


def _sentences(words: Mapping[str, Any], documents: Documents) -> Iterator[str]:
    """What the customer is to do or to expect, once each."""
    by_situation = {each["situation"]: each for each in documents}
    account = documents[0]["account"]
    if Situation.PAY in by_situation:
        to = words["pay_to"].format(iban=iban_text(account["iban"]), holder=account["holder"])
        yield to if account["iban"] else words["pay"]
    if Situation.DEBIT in by_situation:
        yield words["debit"]
    if Situation.REFUND in by_situation:
        iban = by_situation[Situation.REFUND]["payer"]["iban"]
        yield words["refund"].format(ending=iban_ending(iban)) if iban else words["refund_ask"]
    if not by_situation.keys() & {Situation.PAY, Situation.DEBIT, Situation.REFUND}:
        yield words["nothing"]


def lines(rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    """Rows of text in columns of one width, as a plain mail shows them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
