"""What is known of a file when a mapping is proposed: its rows, what its columns hold, what the workspace knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.ingest.guess.entries import Section, column, derived, text, translated
from invoicebatch.ingest.guess.samples import (
    DATES,
    NUMBERS,
    Guess,
    date_formats,
    numbers_of,
    sign_in,
    unknown_words,
)
from invoicebatch.ingest.guess.words import value_of, values


@dataclass(frozen=True, slots=True)
class Known:
    """The company accounts of the workspace."""

    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A file, without its rows of totals, and what its columns hold.

    Attributes:
        columns: cells by header.
        roles: what they hold.
        date_format: of the file.
        known: what the workspace knows.
        taken: headers that the mapping reads, filled as it is made.
    """

    columns: dict[str, pa.Array]
    roles: dict[str, Guess]
    date_format: str | None
    known: Known
    taken: set[str]

    def has(self, *roles: str) -> bool:
        """Whether all these roles were found."""
        return all(role in self.roles for role in roles)

    def first(self, *roles: str) -> str | None:
        """The first of these roles that was found."""
        return next((role for role in roles if role in self.roles), None)

    def cells(self, role: str) -> pa.Array:
        """The cells of a role."""
        return self.columns[self.roles[role].header]

    def frame(self, *roles: str) -> pd.DataFrame:
        """Texts of some roles, a row each."""
        return pd.DataFrame({role: self.cells(role).to_pylist() for role in roles}, dtype="object")

    def numbers(self, role: str) -> "pd.Series[Any]":
        """The exact numbers of a role."""
        return pd.Series(numbers_of(self.cells(role))[0].to_pylist(), dtype="object")

    def term(self, role: str) -> str:
        """A role as it stands in an expression, without signs of currencies."""
        header = self.roles[role].header
        self.taken.add(header)
        sign = "%" if role == "vat_rate" else sign_in(self.cells(role)) if role in NUMBERS else None
        if sign == "%" and not pc.any(pc.match_substring(self.cells(role), sign)).as_py():
            sign = None
        return f"trim(replace({column(header)}, {sign!r}, ''))" if sign else column(header)

    def put(self, section: Section, key: str, role: str | None = None, doubt: str = "") -> None:
        """Map a column of ours to what was found for it; nothing where nothing was found."""
        role = role or key
        if role not in self.roles:
            return
        guess = self.roles[role]
        if values(role) and role != "language" and self._put_words(section, key, role):
            return
        self.taken.add(guess.header)
        section.add(key, self._source(role), "; ".join(filter(None, (doubt, self.doubt(role)))))

    def _source(self, role: str) -> str:
        header = self.roles[role].header
        if role in NUMBERS and sign_in(self.cells(role)):
            return derived(self.term(role))
        if role in DATES:
            formats = date_formats(self.cells(role).drop_null())
            if formats and self.date_format not in formats and formats != ["yyyy-mm-dd"]:
                return f"{{ column = {text(header)}, date_format = {text(formats[0])} }}"
        return text(header)

    def _put_words(self, section: Section, key: str, role: str) -> bool:
        """A column of words, each with the value of ours it means; left open where one is unknown."""
        header, cells = self.roles[role].header, self.cells(role)
        if role == "currency" and not unknown_words(role, cells.filter(pc.invert(_three_letters(cells)))):
            known = {}
        else:
            known = dict.fromkeys(unknown_words(role, cells), "")
        words = pc.unique(cells.drop_null()).to_pylist()
        meant = {word: value for word in words if (value := value_of(role, word)) and value != word}
        if not known and not meant:
            return False
        if known:
            some = ", ".join(sorted(known)[:5])
            section.add(key, translated(header, meant | known), f"what do {some} mean?", open=True)
        else:
            section.add(key, translated(header, meant), self.doubt(role))
        self.taken.add(header)
        return True

    def doubt(self, role: str) -> str:
        """What is not sure about the column of a role."""
        guess = self.roles[role]
        if guess.sure:
            return ""
        others = f", or {', '.join(guess.others)}" if guess.others else ""
        return f"is this column {guess.header!r}{others}?"


def _three_letters(cells: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(cells, "^[A-Za-z]{3}$"), True)


def listed(headers: Sequence[str]) -> str:
    """Headers for a sentence."""
    return ", ".join(repr(header) for header in headers)
