"""What a reminder says: its table, oldest first, what it asks, how to pay it, and its letter in the customer's language.

Which rows share a reminder and what they owe is decided in `model.payments.reminders`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from invoicebatch.errors import RenderError
from invoicebatch.formats.mail.letter import Letter, Letters
from invoicebatch.formats.mail.several import SEVERAL, cells, lines
from invoicebatch.formats.mail.values import COLUMNS, letter_values
from invoicebatch.formats.mail.words import money_text, short_date_text
from invoicebatch.model.payments.collection import REMINDER
from invoicebatch.model.payments.reference import printed, structured_reference
from invoicebatch.model.payments.reminders import Collecting

_MOST_REFERENCE: Final = 140
_RIGHT: Final = ("days", "amount", "open")


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder and what its letter may name.

    Attributes:
        ids: invoice ids of its rows, oldest first.
        row: the row that leads, see `due_steps`.
        language: en, nl, fr or de.
        named: what its templates may name, but for `channel` and `copies`.
        total_cents: what is asked in all: open, costs and interest.
        reference: what to pay with, as it is printed.
    """

    ids: tuple[int, ...]
    row: Mapping[Any, Any]
    language: str
    named: Mapping[str, Any]
    total_cents: int
    reference: str

    @property
    def asked(self) -> Sequence[tuple[str, str]]:
        """Labels and amounts of what is asked, apart."""
        found: Sequence[tuple[str, str]] = self.named["asked"]
        return found


class ReminderWriter:
    """The letters of reminders: of one invoice by the step's set, of several by its companion `NAME-several`."""

    def __init__(self, root: Path, accounts: pd.DataFrame, language: str, by: Collecting) -> None:
        """Of a workspace.

        Args:
            root: the workspace's folder.
            accounts: rows of company_accounts.
            language: where neither customer nor account has one.
            by: flows that give steps their titles.
        """
        self._folders = [root / "templates" / "mail"]
        self._accounts, self._language, self._by = accounts, language, by
        self._sets: dict[str, Letters] = {}
        self._words = Letters(REMINDER + SEVERAL, self._folders)

    def reminders(self, rows: pd.DataFrame) -> Iterator[Reminder]:
        """The reminders of rows, oldest first.

        Args:
            rows: see `due_steps`; those without a reminder are passed over.

        Raises:
            RenderError: the words of a language can't be read.
        """
        rows = rows[rows["reminder"].notna()].sort_values(["due_date", "invoice_id"])
        values = letter_values(rows[list(COLUMNS)].reset_index(drop=True), self._accounts, self._language)
        known = dict(zip(rows["invoice_id"].tolist(), values, strict=True))
        for _, some in rows.groupby("reminder", sort=False):
            yield self._reminder(some, [known[each] for each in some["invoice_id"].tolist()])

    def _reminder(self, rows: pd.DataFrame, values: Sequence[tuple[str, Mapping[str, Any]]]) -> Reminder:
        row = rows[rows["leads"]].iloc[0].to_dict()
        language, first = values[0]
        words = self._words.words(language)
        titles = [self._title(*each, language) for each in zip(rows["flow"], rows["step"], strict=True)]
        sums = {
            "open_cents": int(rows["outstanding_cents"].sum()),
            "costs_cents": int((rows["costs_cents"] + rows["cost_cents"]).sum()),
            "interest_cents": int(rows["interest_cents"].sum()),
        }
        total, title = sum(sums.values()), self._title(row["flow"], row["step"], language)
        reference = _reference(rows, words)
        named = {
            **first,
            "words": words,
            "subject": words["title"].replace("{count}", str(len(rows))).replace("{step}", title),
            "currency": row["currency"],
            "count": len(rows),
            "reminder": {"step": title, **sums},
            "amount_cents": total,
            "asked": _asked(words, sums, total, row["currency"], language),
            "reference": reference,
            "table": _table(words, rows, [invoice["invoice"] for _, invoice in values], titles, language),
        }
        return Reminder(tuple(rows["invoice_id"].tolist()), row, language, named, total, reference)

    def _title(self, flow: Any, step: Any, language: str) -> str:
        known = self._by.step(flow, step)
        return known.title(language) if known else ""

    def letter(self, reminder: Reminder, channel: str, *, copies: bool) -> Letter | RenderError:
        """The letter, or why there is none.

        Args:
            reminder: what it is about.
            channel: `email`, or `post` for a page that has the table and how to pay beside it.
            copies: whether copies of the invoices go along.
        """
        name = reminder.row["template"] + (SEVERAL if len(reminder.ids) > 1 else "")
        letters = self._sets.setdefault(name, Letters(name, self._folders))
        try:
            named = {**reminder.named, "channel": channel, "copies": copies}
            return letters.render(reminder.language, named)
        except RenderError as error:
            return error


def _asked(
    words: Mapping[str, Any], sums: Mapping[str, int], total: int, currency: str, language: str
) -> list[tuple[str, str]]:
    """What is open, costs and interest, each apart, and the sum where there is more than one."""
    labels = {"open_cents": "open_amount", "costs_cents": "costs", "interest_cents": "interest"}
    found = [(words[labels[name]], cents) for name, cents in sums.items() if cents or name == "open_cents"]
    found += [(words["to_pay"], total)] if len(found) > 1 else []
    return [(label, money_text(cents, currency, language)) for label, cents in found]


def _table(
    words: Mapping[str, Any],
    rows: pd.DataFrame,
    invoices: Sequence[Mapping[str, Any]],
    titles: Sequence[str],
    language: str,
) -> dict[str, Any]:
    """The table of invoices, see `several.table`; steps are named where they differ."""
    columns = ["number", "date", "due", "days", "amount", "open", *(["step"] if len(set(titles)) > 1 else [])]
    currency = invoices[0]["currency"]
    body = [
        cells(
            columns,
            {
                "number": invoice["number"],
                "date": short_date_text(invoice["date"], language),
                "due": short_date_text(invoice["due_date"], language),
                "days": "" if pd.isna(days) else int(days),
                "amount": money_text(invoice["total_cents"], currency, language),
                "open": money_text(invoice["outstanding_cents"], currency, language),
                "step": title,
            },
        )
        for invoice, days, title in zip(invoices, rows["days_overdue"], titles, strict=True)
    ]
    sums = {
        "number": words["total"],
        "amount": money_text(int(rows["total_cents"].sum()), currency, language),
        "open": money_text(int(rows["outstanding_cents"].sum()), currency, language),
    }
    head, last = cells(columns, words), [cells(columns, sums)] if len(body) > 1 else []
    right = [at for at, name in enumerate(columns) if name in _RIGHT]
    numbers = [invoice["number"] for invoice in invoices]
    return {"head": head, "rows": body, "sums": last, "right": right, "numbers": numbers,
            "text": lines([head, *body, *last], right)}  # fmt: skip


def _reference(rows: pd.DataFrame, words: Mapping[str, Any]) -> str:
    """That of one invoice, structured where the country has one; of several, customer number and their numbers.

    They are left out where they don't fit in what a transfer carries.
    """
    first = rows.iloc[0]
    if len(rows) == 1:
        stored, country = first["remittance_reference"], first["account_country"]
        reference = (
            stored if isinstance(stored, str) and stored else structured_reference(country, first["number"])
        )
        return printed(reference, country)
    customer = words["customer"].replace("{id}", str(first["customer_id"]))
    text = f"{customer}: {', '.join(rows['number'])}"
    return text if len(text) <= _MOST_REFERENCE else customer
