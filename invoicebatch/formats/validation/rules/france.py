"""France: what the reform of e-invoicing asks beyond EN 16931 (BR-FR of XP Z12-012), by the ids of its schematron."""

from collections.abc import Callable
from string import ascii_letters, digits
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoicebatch.formats.validation.facts import CATEGORY_TERMS, Facts, Mask, Rule
from invoicebatch.model.en16931.terms import DOCUMENT, LINE

Broken = Callable[[Facts], Mask]

_NUMBER: Final = r"[A-Za-z0-9+\-_/]+"
_ALLOWED: Final = frozenset(ascii_letters + digits + "+-_/")
_TYPES: Final = ("380", "389", "393", "501", "386", "500", "384", "471", "472", "473", "261", "262", "381", "396", "502",
                 "503")  # fmt: skip
_MODES: Final = ("B1", "S1", "M1", "B2", "S2", "M2", "S3", "B4", "S4", "M4", "S5", "S6", "B7", "S7", "B8", "S8", "M8",
                 "B9", "S9", "M9")  # fmt: skip
_RATES: Final = (0, 90, 105, 175, 210, 550, 700, 850, 920, 960, 1000, 1300, 1960, 2000, 2060)
"""Rates that are or were of use in France, in hundredths of a percent."""
_PAID: Final = ("B2", "S2", "M2")
_AFTER_ADVANCES: Final = ("B4", "S4", "M4")
_ADVANCE: Final = ("386", "500", "503")
_CATEGORIES: Final = ("S", "E", "AE", "K", "G", "O", "Z")
_NOTES: Final = {"PMT": "costs of recovery", "PMD": "late payment", "AAB": "discount"}


def _notes(facts: Facts, code: str) -> np.ndarray:
    """How many notes of a subject code each document has."""
    frame = facts.frame("BG-1")
    if "BT-22" not in frame or frame.empty:
        return np.zeros(facts.count, np.int64)
    array = pa.Array.from_pandas(frame["BT-22"])
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    counts = pc.fill_null(pc.count_substring(pc.cast(array, pa.large_string()), f"#{code}#"), 0)
    return np.bincount(facts.document("BG-1"), weights=np.asarray(counts), minlength=facts.count).astype(
        np.int64
    )


def _note_count(code: str, broken: Callable[[np.ndarray], Mask]) -> Broken:
    return lambda facts: broken(_notes(facts, code))


def _misspelt_address(term: str) -> Broken:
    return lambda facts: (
        facts.is_in(DOCUMENT, f"{term}-1", ("0225",)) & ~facts.matches(term, r"[A-Za-z0-9+\-_.]+")
    )


def _unlike(term: str, pattern: str) -> Broken:
    return lambda facts: facts.has(DOCUMENT, term) & ~facts.matches(term, pattern)


def _preceding(broken: Callable[[str], bool]) -> Broken:
    def found(facts: Facts) -> Mask:
        frame = facts.frame("BG-3")
        if "BT-25" not in frame:
            return np.zeros(len(frame), bool)
        return np.array(
            [bool(text) and broken(str(text).strip()) for text in frame["BT-25"].fillna("")], bool
        )

    return found


def _outside(group: str, codes: tuple[str, ...]) -> Broken:
    term = CATEGORY_TERMS[group][0]
    return lambda facts: facts.has(group, term) & ~facts.is_in(group, term, codes)


def _other_rate(group: str) -> Broken:
    term = CATEGORY_TERMS[group][1]
    wanted = np.array(_RATES, np.int64) * 100
    return lambda facts: facts.has(group, term) & ~np.isin(facts.integers(group, term), wanted)


def _no_siren(facts: Facts) -> Mask:
    return ~(facts.is_in(DOCUMENT, "BT-30-1", ("0002",)) & facts.matches("BT-30", r"\d{9}"))


def _references(facts: Facts, dated: bool = False) -> np.ndarray:
    """How many preceding invoices each document names (with their dates)."""
    rows = facts.document("BG-3")
    if dated:
        rows = rows[facts.has("BG-3", "BT-25") & facts.has("BG-3", "BT-26")]
    return np.bincount(rows, minlength=facts.count)


def _due_before_issued(facts: Facts) -> Mask:
    frame = facts.frame(DOCUMENT)
    if "BT-9" not in frame or "BT-2" not in frame:
        return np.zeros(facts.count, bool)
    before = (frame["BT-9"] < frame["BT-2"]).to_numpy(bool)
    return before & ~facts.is_in(DOCUMENT, "BT-3", _ADVANCE) & ~facts.is_in(DOCUMENT, "BT-23", _PAID)


def _not_accounted_in_euro(facts: Facts) -> Mask:
    foreign = facts.has(DOCUMENT, "BT-5") & ~facts.is_in(DOCUMENT, "BT-5", ("EUR",))
    return foreign & ~(facts.is_in(DOCUMENT, "BT-6", ("EUR",)) & facts.has(DOCUMENT, "BT-111"))


def _paid(broken: Broken) -> Broken:
    return lambda facts: facts.is_in(DOCUMENT, "BT-23", _PAID) & broken(facts)


def _other_establishment(facts: Facts) -> Mask:
    """The buyer's SIRET does not begin with its SIREN."""
    frame = facts.frame(DOCUMENT)
    said = facts.is_in(DOCUMENT, "BT-46-1", ("0009",)) & facts.has(DOCUMENT, "BT-46")
    if not said.any():
        return said
    siren = frame["BT-47"].fillna("-") if "BT-47" in frame else "-"
    same = frame["BT-46"].str[:9].eq(siren).fillna(value=False).to_numpy(bool)
    return said & ~(same & facts.matches("BT-46", r"\d{14}"))


def _rule(number: str, group: str, term: str, says: str, fix: str, broken: Broken) -> Rule:
    return Rule(f"BR-FR-{number}", group, term, says, fix, broken)


_SPELLING: Final = "Use letters, digits and - + _ / only."

RULES: Final = (
    _rule("01_BT-1-1", DOCUMENT, "BT-1", "The number is longer than 35 characters", "Shorten the series.",
          _unlike("BT-1", r".{0,35}")),
    *(_rule(number, DOCUMENT, "BT-1", "The number has characters that France does not allow", _SPELLING,
            _unlike("BT-1", _NUMBER)) for number in ("01_BT-1-2", "02_BT-1")),
    _rule("04_BT-3", DOCUMENT, "BT-3", "The type code is not in use in France", "Use 380 or 381.",
          lambda facts: facts.has(DOCUMENT, "BT-3") & ~facts.is_in(DOCUMENT, "BT-3", _TYPES)),
    *(
        _rule(f"05_BT-22-{place}", DOCUMENT, "BT-22", f"The note on {what} (#{code}#) is missing",
              "Set its text under [einvoice.france].", _note_count(code, lambda count: count == 0))
        for place, (code, what) in enumerate(_NOTES.items(), 1)
    ),
    *(
        _rule(f"06_BT-21-{place}", DOCUMENT, "BT-22", f"There are several notes of subject {code}", "Keep one.",
              _note_count(code, lambda count: count > 1))
        for place, code in enumerate((*_NOTES, "TXD"), 1)
    ),
    _rule("08_BT-23", DOCUMENT, "BT-23", "The business process is none of B1, S1, M1 …", "Export with profile france.",
          lambda facts: ~facts.is_in(DOCUMENT, "BT-23", _MODES)),
    _rule("09_BT-46", DOCUMENT, "BT-46", "The buyer's SIRET does not begin with its SIREN", "Correct customers.legal_id or siret.",
          _other_establishment),
    _rule("CO-10_BT-46-1", DOCUMENT, "BT-46-1", "The buyer's identifier has no scheme", "Give its scheme, such as 0009.",
          lambda facts: facts.has(DOCUMENT, "BT-46") & facts.lacks(DOCUMENT, "BT-46-1")),
    _rule("10_BT-30", DOCUMENT, "BT-30", "The seller has no SIREN of nine digits",
          "Give company_accounts.legal_id with scheme 0002, or its SIRET with 0009.", _no_siren),
    _rule("12_BT-49", DOCUMENT, "BT-49", "The buyer has no electronic address",
          "Give customers.legal_id (SIREN), or endpoint_id and endpoint_scheme 0225.",
          lambda facts: facts.lacks(DOCUMENT, "BT-49")),
    _rule("13_BT-34", DOCUMENT, "BT-34", "The seller has no electronic address",
          "Give company_accounts.endpoint_id and endpoint_scheme 0225.", lambda facts: facts.lacks(DOCUMENT, "BT-34")),
    *(
        _rule(number, group, CATEGORY_TERMS[group][0], "The VAT category is not in use in France",
              "Use S, E, AE, K, G, O or Z.", _outside(group, _CATEGORIES))
        for number, group in (("15_BT-95_BT-102-1", "BG-20"), ("15_BT-95_BT-102-1", "BG-21"), ("15_BT-118-1", "BG-23"),
                              ("15_BT-151-1", LINE))
    ),
    *(
        _rule(f"16_{CATEGORY_TERMS[group][1]}", group, CATEGORY_TERMS[group][1], "The VAT rate is not in use in France",
              "Correct the rate.", _other_rate(group))
        for group in ("BG-23", LINE)
    ),
    *(
        _rule(f"23_{term}", DOCUMENT, term, "The address of the French directory has characters it can't have",
              "Use letters, digits and - _ . only.",
              _misspelt_address(term))
        for term in ("BT-34", "BT-49")
    ),
    _rule("01_BT-25-1", "BG-3", "BT-25", "The number of the preceding invoice is longer than 35 characters", "Correct it.",
          _preceding(lambda text: len(text) > 35)),
    *(_rule(number, "BG-3", "BT-25", "The number of the preceding invoice has characters that France does not allow",
            _SPELLING, _preceding(lambda text: not set(text) <= _ALLOWED)) for number in ("01_BT-25-2", "02_BT-25")),
    _rule("CO-04_BT-3", DOCUMENT, "BT-25", "A correcting invoice names not exactly one invoice", "Give preceding_number.",
          lambda facts: facts.is_in(DOCUMENT, "BT-3", ("384", "471", "472", "473")) & (_references(facts) != 1)),
    _rule("CO-05_BT-3", DOCUMENT, "BT-25", "A credit note names no invoice with its date", "Give preceding_number and preceding_date.",
          lambda facts: facts.is_in(DOCUMENT, "BT-3", ("261", "381", "396", "502", "503")) & (_references(facts, dated=True) == 0)),
    _rule("CO-07_BT-9", DOCUMENT, "BT-9", "It is due before it is issued", "Correct due_date.", _due_before_issued),
    _rule("CO-08_BT-23", DOCUMENT, "BT-23", "An advance can't be one after advances", "Correct the kind.",
          lambda facts: facts.is_in(DOCUMENT, "BT-23", _AFTER_ADVANCES) & facts.is_in(DOCUMENT, "BT-3", _ADVANCE)),
    _rule("CO-09_BT-23-1", DOCUMENT, "BT-113", "An invoice already paid has another amount paid than its total",
          "Correct the amounts.",
          _paid(lambda facts: facts.integers(DOCUMENT, "BT-113") != facts.integers(DOCUMENT, "BT-112"))),
    _rule("CO-09_BT-23-2", DOCUMENT, "BT-115", "An invoice already paid has something due", "Correct the amounts.",
          _paid(lambda facts: facts.integers(DOCUMENT, "BT-115") != 0)),
    _rule("CO-09_BT-23-3", DOCUMENT, "BT-9", "An invoice already paid has no date of payment", "Give due_date.",
          _paid(lambda facts: facts.lacks(DOCUMENT, "BT-9"))),
    _rule("CO-12_BT-5", DOCUMENT, "BT-6", "Another currency than the euro needs the VAT in euro too", "Give BT-6 and BT-111.",
          _not_accounted_in_euro),
)  # fmt: skip
