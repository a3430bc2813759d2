"""The one frame that every bank report becomes: an entry a row, whatever message and version it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from invoicebatch.ingest.bank.elements import NO_ID, Texts

COLUMNS: Final[dict[str, str]] = {
    "position": "int64",
    "entry_no": "int64",
    "level": "str",
    "status": "str",
    "direction": "str",
    "reversal": "bool",
    "returned": "bool",
    "message_id": "str",
    "payment_information_id": "str",
    "instruction_id": "str",
    "end_to_end_id": "str",
    "mandate_id": "str",
    "bank_reference": "str",
    "transaction_code": "str",
    "currency": "str",
    "amount_cents": "Int64",
    "instructed_cents": "Int64",
    "charges_cents": "Int64",
    "charges_included": "str",
    "batch_count": "Int64",
    "batch_cents": "Int64",
    "party_name": "str",
    "party_iban": "str",
    "structured_reference": "str",
    "document_numbers": "str",
    "remittance": "str",
    "reason_code": "str",
    "reason": "str",
    "booked_on": "datetime64[s]",
    "value_on": "datetime64[s]",
    "account_iban": "str",
    "statement_id": "str",
    "booking": "str",
    "fault": "str",
}
"""Columns of `BankReport.entries` and their dtypes.

position: place in the file, from 0; rows of one booked entry share entry_no. level: message, group or
transaction: what the row is about, never told from a missing id. status: BOOK, PDNG … of a statement, ACCP,
RJCT … of a status report. direction: credit, debit or empty (a status report), seen from our account, of the
transaction where it has its own. reversal: it takes an earlier entry back. returned: the bank calls it a
return. Ids are the original payment's; NOTPROVIDED is empty. currency: of amount_cents, which is the
transaction's amount; instructed_cents (same currency, else missing) is what was ordered, charges_cents what
the bank takes, charges_included yes, no or empty (not said). batch_*: number and total that the bank gives for
the group. party_*: the other side. structured_reference, document_numbers: of structured remittance, blanks
between several; remittance: unstructured. booking: the booked entry that it is part of, by its reference, else
by its place in the statement. fault: why the row can't be used, else empty.
"""

MESSAGE, GROUP, TRANSACTION = "message", "group", "transaction"

_A_FRAME: Final = 10_000


class Raw:
    """Rows of texts on their way to `COLUMNS`, some thousand at a time: a converted frame is much smaller.

    What `convert` gets has only the columns that these rows fill; see `text` and `first`.
    """

    def __init__(self, columns: Sequence[str], convert: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        self._columns, self._convert = columns, convert
        self._rows: list[Texts] = []
        self._frames: list[pd.DataFrame] = []

    def add(self, row: Texts) -> None:
        """Take the texts of one row, one for each column."""
        self._rows.append(row)
        if len(self._rows) >= _A_FRAME:
            self._pack()

    def frame(self) -> pd.DataFrame:
        """All rows, in order, with `COLUMNS`."""
        if self._rows:
            self._pack()
        none = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
        whole = pd.concat(self._frames or [none], ignore_index=True)
        return whole.assign(position=whole.index.astype("int64"))[list(COLUMNS)]

    def _pack(self) -> None:
        columns = dict(zip(self._columns, zip(*self._rows, strict=True), strict=True))
        filled = {name: values for name, values in columns.items() if any(v is not None for v in values)}
        raw = pd.DataFrame({name: pd.array(values, dtype="str") for name, values in filled.items()})
        self._rows = []
        known = self._convert(raw)
        self._frames.append(
            pd.DataFrame({name: _column(known, name, dtype) for name, dtype in COLUMNS.items()})
        )


def _column(frame: pd.DataFrame, name: str, dtype: Any) -> pd.Series:
    if name not in frame:
        empty: Any = {"str": "", "bool": False, "int64": 0}.get(dtype)
        blank: pd.Series = pd.Series(empty, index=frame.index, dtype=dtype)
        return blank
    values = frame[name].fillna("") if dtype == "str" else frame[name]
    return pd.Series(values.astype(dtype))


def table(dtypes: Mapping[str, str], rows: Sequence[Any] = ()) -> pd.DataFrame:
    """A frame of rows with these columns and dtypes."""
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dict(dtypes))


def text(raw: pd.DataFrame, name: str) -> "pd.Series[str]":
    """A column of texts; one that nothing in the file fills is missing throughout."""
    return raw[name] if name in raw else pd.Series(None, index=raw.index, dtype="str")


def first(raw: pd.DataFrame, *names: str) -> "pd.Series[str]":
    """The first of several columns that holds text, on one line; else empty."""
    there = [raw[name].fillna("") for name in names if name in raw]
    found = there[0] if there else pd.Series("", index=raw.index, dtype="str")
    for other in there[1:]:
        found = found.mask(found.eq(""), other)
    return found.str.replace("\n", " ", regex=False) if there else found


def first_word(values: "pd.Series[str]") -> "pd.Series[str]":
    """The first word of each text, also of a frame without rows."""
    return values.str.extract("^([^ ]*)", expand=False)


def identifier(raw: pd.DataFrame, *names: str) -> "pd.Series[str]":
    """The first of several columns that holds a reference; `NOTPROVIDED` is none."""
    there = {name: raw[name] for name in names if name in raw}
    cleaned = {name: ids.mask(ids.str.upper().isin(NO_ID)) for name, ids in there.items()}
    return first(pd.DataFrame(cleaned, index=raw.index), *cleaned)


def parsed(
    values: "pd.Series[str]", parse: Callable[[str], Any], dtype: Any
) -> tuple[pd.Series, "pd.Series[str]"]:
    """Values of texts, each different text parsed once, and what is wrong with each text (else empty)."""
    known: dict[str, Any] = {"": None}
    faults: dict[str, str] = {}
    for value in values.unique():
        try:
            known[value] = parse(value) if value else None
        except ValueError as error:
            known[value], faults[value] = None, str(error)
    found = pd.Series([known[value] for value in values], index=values.index, dtype=dtype)
    none = pd.Series("", index=values.index, dtype="str")
    return found, values.map(faults).fillna("").astype("str") if faults else none


def first_fault(faults: Iterable["pd.Series[str]"]) -> "pd.Series[str]":
    """The first fault of each row, or an empty string."""
    one, *others = faults
    for other in others:
        one = one.mask(one.eq(""), other)
    return one
