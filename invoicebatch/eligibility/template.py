"""Reason texts with the values of a row: parsed once, filled per distinct value, never per row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.errors import UnknownNameError
from invoicebatch.expressions import OVERVIEW_WORDS, ExpressionError, Vocabulary
from invoicebatch.model.money import format_cents
from invoicebatch.model.schema import OVERVIEW, REVIEW_COLUMNS, Column, Type

Codes = npt.NDArray[np.intp]

MISSING: Final = "none"
CURRENCY: Final = "currency"
LONGEST_VALUE: Final = 80
_LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Template:
    """A reason such as ``status is {status}, not created``.

    `columns` are the overview columns it shows, in order of appearance and without repetition.
    """

    text: str
    columns: tuple[Column, ...]

    @property
    def needs(self) -> frozenset[str]:
        """Frame names it reads; an amount is shown with the row's currency."""
        money = any(column.type is Type.MONEY for column in self.columns)
        return frozenset({c.frame_name for c in self.columns} | ({CURRENCY} if money else set()))

    @property
    def summary(self) -> str:
        """The text without values: ``status is …, not created``."""
        return self._fill(["…"] * len(self.columns))

    def fill(self, frame: pd.DataFrame, rows: Codes) -> tuple[Codes, list[str]]:
        """The text for some rows: codes into a list of distinct texts.

        Args:
            frame: overview columns.
            rows: positions in the frame.

        Raises:
            UnknownNameError: the frame lacks a column that the text shows.
        """
        codes: Codes = np.zeros(len(rows), dtype=np.intp)
        shown: list[list[str]] = [[]]
        for column in self.columns:
            own, texts = _shown(column, frame, rows)
            codes, kept = _distinct(codes * len(texts) + own % len(texts))
            shown = [[*shown[k // len(texts)], texts[k % len(texts)]] for k in kept]
        return codes, [self._fill(values) for values in shown]

    def _fill(self, values: list[str]) -> str:
        names = [column.name for column in self.columns]
        return self.text.format(**dict(zip(names, values, strict=True)))


def parse_template(text: str, more: Mapping[str, Column] = MappingProxyType({})) -> Template:
    """The template of a reason text.

    Args:
        text: with columns of the overview in braces.
        more: further columns it may show, by frame name.

    Raises:
        ExpressionError: a placeholder that is no column, or more than a plain name.
    """
    try:
        names = list(dict.fromkeys(_placeholders(text, OVERVIEW_WORDS.extended(more.values()))))
    except ValueError as error:
        raise error if isinstance(error, ExpressionError) else ExpressionError(str(error)) from error
    return Template(text, tuple(more[name] if name in more else OVERVIEW[name].column for name in names))


def _placeholders(text: str, words: Vocabulary) -> Iterator[str]:
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ExpressionError(f"placeholder {{{name}}} must be a plain column name")
        yield words.field(name).column


def _distinct(codes: Codes) -> tuple[Codes, list[int]]:
    again, values = pd.factorize(codes)
    return again, [int(value) for value in values]


def _shown(column: Column, frame: pd.DataFrame, rows: Codes) -> tuple[Codes, list[str]]:
    """Codes into the column's distinct values as people read them."""
    codes, values = _factorized(column, frame, rows)
    if column.type is not Type.MONEY:
        show = _SHOW.get(column.type, str)
        longest = _LONGEST_REASON if column.frame_name in REVIEW_COLUMNS else LONGEST_VALUE
        return codes, [MISSING if value is None else _tidy(show(value), longest) for value in values]
    currency_codes, currencies = _factorized(OVERVIEW[CURRENCY].column, frame, rows)
    codes, pairs = _distinct(codes * max(len(currencies), 1) + currency_codes)
    amounts = [(values[pair // len(currencies)], currencies[pair % len(currencies)]) for pair in pairs]
    return codes, [MISSING if c is None else format_cents(int(c), _tidy(str(u or ""))) for c, u in amounts]


def _factorized(column: Column, frame: pd.DataFrame, rows: Codes) -> tuple[Codes, list[Any]]:
    if column.frame_name not in frame.columns:
        raise UnknownNameError(f"A reason shows {column.frame_name}, which the rows do not have")
    series = frame[column.frame_name]
    if isinstance(series.dtype, pd.CategoricalDtype):
        array: Any = series.array
        plain = [str(value).replace("_", " ") for value in array.categories]
        return array.codes[rows].astype(np.intp), [*plain, None]
    values: Any = series.iloc[rows]
    if column.type is Type.TIMESTAMP:
        values = values.dt.floor("D")
    codes, found = pd.factorize(values, use_na_sentinel=False)
    return codes, [None if pd.isna(value) or value == "" else value for value in found]


def _tidy(text: str, longest: int = LONGEST_VALUE) -> str:
    """One line of printable characters, so that a value can't disturb a terminal or a sheet."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return printable if len(printable) <= longest else printable[: longest - 1] + "…"


_SHOW: Final[Mapping[Type, Callable[[Any], str]]] = {
    Type.DATE: lambda value: str(value.date().isoformat()),
    Type.TIMESTAMP: lambda value: str(value.date().isoformat()),
    Type.PERCENT: lambda value: f"{int(value) / 100:g} %",
    Type.BOOLEAN: lambda value: "yes" if value else "no",
    Type.INTEGER: lambda value: str(int(value)),
}
