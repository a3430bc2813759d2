"""The documents that payments name: by structured reference or by number, however it is spelled.

Documents are looked up by keys, a key the spelling of a number or what a reference is made of; so a million of
them are gone through once, whatever the number of payments.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.model.payments.incoming.texts import number_keys, references
from invoicebatch.model.payments.reference import belgian, creditor_reference, dutch

REFERENCE: Final = "reference"
NUMBER: Final = "number"
PLAIN: Final = "plain"
"""A reference that a document prints, whose digits can't be checked."""

_LEAST_PLAIN: Final = 5
_BELGIAN: Final = 12
_LONGEST: Final = 21
"""Letters and digits of a number that an ISO 11649 reference holds."""

COLUMNS: Final = ("invoice_id", "number", "remittance_reference")
"""Columns of documents that `named` looks them up by."""


def words_of(documents: pd.DataFrame) -> frozenset[str]:
    """The runs of letters that numbers and references of documents hold."""
    numbers = pd.concat([documents["number"], documents["remittance_reference"].dropna()])
    skeletons = pc.unique(_sub(_upper(numbers), "[^A-Z]+", "."))
    return frozenset(word for text in skeletons.to_pylist() for word in text.split(".") if word)


def keys_of(texts: "pd.Series[str]", words: frozenset[str]) -> pd.DataFrame:
    """What payments name.

    Args:
        texts: by payment id, see `texts.whole_texts`.
        words: see `words_of`.

    Returns:
        payment_id, kind (reference, or number for whatever else), key, token (the reference as it was found; empty).
    """
    rows: list[tuple[str, str, str, str]] = []
    known: dict[str, list[tuple[str, str, str]]] = {}
    for payment, text in zip(texts.index, texts, strict=True):
        if text not in known:  # many say the same, or nothing
            known[text] = [
                *((REFERENCE, key, token) for token in references(text) for key in _reference_keys(token)),
                *((NUMBER, key, "") for key in number_keys(text, words)),
            ]
        rows += [(payment, *found) for found in known[text]]
    return pd.DataFrame(rows, columns=["payment_id", "kind", "key", "token"], dtype="str")


def _reference_keys(token: str) -> Iterator[str]:
    """What a document may be looked up by: the reference itself, or what ours are made of."""
    yield f"={token}"
    if token.startswith("RF"):
        yield "~" + token[4:].lstrip("0")
    elif len(token) == _BELGIAN:
        yield "#" + token[:10].lstrip("0")
    elif len(token) == 16:
        yield "#" + token[1:].lstrip("0")


def named(keys: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Which documents are named by which payments.

    Args:
        keys: see `keys_of`.
        documents: `COLUMNS`.

    Returns:
        payment_id, invoice_id int64, kind (reference, number, plain), token; a pair may be named in several ways.
    """
    wanted = pa.array(keys["key"].unique(), pa.string())
    likely = documents[_may_be_named(documents["number"], keys["key"])]
    parts = [documents.iloc[:0][["invoice_id"]].assign(key=pd.Series(dtype="str"), kind=REFERENCE)]
    given = documents[documents["remittance_reference"].notna()]
    kinds = (
        (NUMBER, likely, _of_numbers),
        (PLAIN, given, _of_plain),
        (REFERENCE, given, _of_given),
        (REFERENCE, likely[likely["remittance_reference"].isna()], _of_references),
    )
    for kind, those, spellings in kinds:
        for spelled in spellings(those):
            hit = pc.is_in(spelled, value_set=wanted).to_numpy(zero_copy_only=False)
            rows = those.loc[hit, ["invoice_id"]]
            parts.append(rows.assign(key=spelled.filter(pa.array(hit)).to_pandas().to_numpy(), kind=kind))
    index = pd.concat(parts, ignore_index=True).astype({"key": "str", "kind": "str"}).drop_duplicates()
    found = [
        keys[keys["kind"].eq(NUMBER if kind == PLAIN else kind)][["payment_id", "key", "token"]].merge(
            rows, on="key"
        )
        for kind, rows in index.groupby("kind")
    ]
    pairs = pd.concat(found or [keys.assign(invoice_id=0)[:0]], ignore_index=True)
    return pairs[["payment_id", "invoice_id", "kind", "token"]].drop_duplicates(ignore_index=True)


def _upper(texts: "pd.Series[str]") -> pa.Array:
    return pc.utf8_upper(pc.fill_null(pa.array(texts, pa.string(), from_pandas=True), ""))


def _sub(texts: pa.Array, pattern: str, by: str) -> pa.Array:
    return pc.replace_substring_regex(texts, pattern=pattern, replacement=by)


def _of_numbers(documents: pd.DataFrame) -> Iterator[pa.Array]:
    """The spellings of documents' numbers, one a row, empty where there is none."""
    return _spellings(_upper(documents["number"]))


def _of_plain(documents: pd.DataFrame) -> Iterator[pa.Array]:
    """The spellings of documents' own references, as those of numbers; short ones could be anything."""
    given = _upper(documents["remittance_reference"])
    for spelled in _spellings(given):
        yield pc.if_else(pc.greater_equal(pc.utf8_length(spelled), _LEAST_PLAIN), spelled, "")


def _spellings(number: pa.Array) -> Iterator[pa.Array]:
    digits = _without_zeros(_sub(number, "[^0-9]+", ""))
    long = pc.greater_equal(pc.utf8_length(digits), 3)
    dotted = _dotted(number)
    letters = pc.utf8_trim(_sub(dotted, "[0-9.]+", "."), characters=".")
    bare = pc.equal(letters, "")
    yield dotted
    yield pc.if_else(long, pc.if_else(bare, digits, _joined(letters, ".", digits)), "")
    yield pc.if_else(long, digits, "")
    yield pc.if_else(long, _sub(dotted, r"^[A-Z]+\.", ""), "")


def _of_given(documents: pd.DataFrame) -> Iterator[pa.Array]:
    """The references that documents have of their own."""
    given = _sub(_upper(documents["remittance_reference"]), "[^A-Z0-9]+", "")
    yield pc.if_else(pc.equal(given, ""), "", _joined("=", given))


def _of_references(documents: pd.DataFrame) -> Iterator[pa.Array]:
    """What the references are made of that documents print where they have none of their own: their number."""
    joined = _sub(_upper(documents["number"]), "[^A-Z0-9]+", "")
    yield _joined("#", _without_zeros(_sub(joined, "[A-Z]+", "")))
    yield _joined("~", _without_zeros(pc.utf8_slice_codeunits(joined, -_LONGEST)))


def _may_be_named(numbers: "pd.Series[str]", keys: "pd.Series[str]") -> npt.NDArray[np.bool_]:
    """Which documents a key may mean: whose digits, or last run of them, one ends with; the others are not spelled."""
    number = pa.array(numbers, pa.string(), from_pandas=True)
    ends = keys.drop_duplicates().str.replace(r"^.*\.|[^0-9.]+", "", regex=True).str.lstrip("0")
    wanted = pa.array(ends.unique(), pa.string())
    hit = pc.is_in(_without_zeros(_sub(number, "[^0-9]+", "")), value_set=wanted)
    last = _without_zeros(_sub(number, r"^.*?([0-9]*)[^0-9]*$", r"\1"))
    hit = pc.or_(hit, pc.is_in(last, value_set=wanted))
    long = pc.fill_null(pc.greater(pc.utf8_length(number), _LONGEST), fill_value=False)
    found: npt.NDArray[np.bool_] = pc.or_(hit, long).to_numpy(zero_copy_only=False)
    return found


def _joined(*texts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*texts, "")


def _without_zeros(texts: pa.Array) -> pa.Array:
    return pc.utf8_ltrim(texts, characters="0")


def _dotted(number: pa.Array) -> pa.Array:
    """Runs of letters and of digits, the latter without leading zeros, with points between."""
    apart = _sub(_sub(number, "[^A-Z0-9]+", "."), "([A-Z])([0-9])", r"\1.\2")
    if pc.any(pc.match_substring_regex(apart, "[0-9][A-Z]")).as_py():
        apart = _sub(apart, "([0-9])([A-Z])", r"\1.\2")
    return _sub(pc.utf8_trim(apart, characters="."), r"(^|\.)0+([0-9])", r"\1\2")


def exact(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs whose reference is the one that the document prints, not only made of like digits.

    Args:
        pairs: as `named` gives them, of references, with number and remittance_reference.
    """
    rows = zip(pairs["token"], pairs["number"], pairs["remittance_reference"], strict=True)
    return pairs[[_prints(*row) for row in rows]]


def _prints(token: str, number: str, given: object) -> bool:
    if isinstance(given, str) and given:
        return "".join(c for c in given.upper() if c.isalnum()) == token
    if token.startswith("RF"):
        return creditor_reference(number)[4:].lstrip("0") == token[4:].lstrip("0")
    digits = "".join(c for c in number if c.isdecimal())
    return token == (belgian(digits[-10:]) if len(token) == _BELGIAN else dutch(digits[-15:]))
