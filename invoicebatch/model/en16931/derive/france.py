"""What the French reform asks beyond EN 16931 (XP Z12-012): SIREN and SIRET, the process, three notes with subject codes."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.en16931.derive.profiles import EXTENDED_CTC_FR
from invoicebatch.model.en16931.frames import PARENT, document_of
from invoicebatch.model.en16931.terms import DOCUMENT
from invoicebatch.settings import France

SIREN: Final = "0002"
SIRET: Final = "0009"
ADDRESS: Final = "0225"
"""Electronic address schemes of the French directory, and of company and establishment numbers."""

_EXTENSION: Final = {"FR-LINE": ("FR-1", "FR-162", "FR-163"), "BG-32": ("FR-159", "FR-160")}

_PARTIES: Final = (("BT-30", "BT-31"), ("BT-47", "BT-48"))


def complete(
    groups: dict[str, pd.DataFrame], rows: npt.NDArray[np.bool_], final: npt.NDArray[np.bool_], france: France
) -> None:
    """Complete the documents that follow the French rules; frames are changed in place.

    Args:
        groups: the documents' terms.
        rows: documents that follow them.
        final: documents that come after advances.
        france: the seller's texts, and what is sold.
    """
    if not rows.any():
        return
    documents = groups[DOCUMENT]
    sirets = _company_numbers(documents, rows)
    here = pd.Series(rows, index=documents.index)
    for party, address in ((0, "BT-34"), (1, "BT-49")):
        bare = here & documents[address].isna() & documents[_PARTIES[party][0]].notna()
        documents[address] = documents[address].mask(bare, documents[_PARTIES[party][0]])
        documents[f"{address}-1"] = documents[f"{address}-1"].mask(bare, ADDRESS)
    known = here & sirets[1].notna()
    scheme = _column(documents, "BT-46-1").mask(known, SIRET)
    number = documents["BT-46"].mask(known, sirets[1])
    documents["BT-46"] = number.mask(
        here & scheme.isna()
    )  # our own customer number has no scheme (BR-FR-CO-10)
    documents["BT-46-1"] = scheme
    _identify_sellers(groups, here & sirets[0].notna(), sirets[0])
    documents["BT-23"] = documents["BT-23"].mask(here, _process(documents, final, france.sells))
    groups["BG-1"] = _with_notes(groups["BG-1"], np.flatnonzero(rows), france)


def extend(groups: dict[str, pd.DataFrame], rows: npt.NDArray[np.bool_]) -> None:
    """Documents that say something that EXTENDED-CTC-FR alone has a place for follow it; changed in place.

    Args:
        groups: the documents' terms.
        rows: documents that follow the French rules.
    """
    needs = np.zeros(len(rows), bool)
    for group, terms in _EXTENSION.items():
        frame = groups[group]
        said = [frame[term].notna().to_numpy(bool) for term in terms if term in frame]
        if said and len(frame):
            needs[document_of(groups, group)[np.logical_or.reduce(said)]] = True
    documents = groups[DOCUMENT]
    documents["BT-24"] = documents["BT-24"].mask(
        pd.Series(needs & rows, index=documents.index), EXTENDED_CTC_FR
    )


def _column(frame: pd.DataFrame, term: str) -> pd.Series:
    return frame[term] if term in frame else pd.Series(None, index=frame.index, dtype="str")


def _company_numbers(documents: pd.DataFrame, rows: npt.NDArray[np.bool_]) -> tuple[pd.Series, pd.Series]:
    """Put the SIREN where the company number stands; the SIRET of seller and buyer, where there is one."""
    found = []
    here = pd.Series(rows, index=documents.index)
    for number, vat in _PARTIES:
        digits = documents[number].str.replace(r"\D", "", regex=True)
        siret = digits.where(digits.str.len() == 14)
        siren = digits.where(digits.str.len() == 9).fillna(siret.str[:9])
        siren = siren.fillna(documents[vat].str.extract(r"^FR[0-9A-Z]{2}(\d{9})$")[0])
        named = here & siren.notna()
        documents[number] = documents[number].mask(named, siren)
        documents[f"{number}-1"] = documents[f"{number}-1"].mask(named, SIREN)
        found.append(siret.where(here).astype("str"))
    return found[0], found[1]


def _identify_sellers(groups: dict[str, pd.DataFrame], known: pd.Series, siret: pd.Series) -> None:
    rows = np.flatnonzero(known)
    if len(rows) and groups["BT-29"].empty:
        groups["BT-29"] = pd.DataFrame(
            {PARENT: rows, "BT-29": siret.iloc[rows].to_numpy(), "BT-29-1": SIRET}
        ).astype({"BT-29": "str", "BT-29-1": "str"})


def _process(documents: pd.DataFrame, final: npt.NDArray[np.bool_], sells: str) -> pd.Series:
    """BT-23: what is sold (B goods, S services, M both), then 1 to be paid, 2 paid already, 4 after advances."""
    paid = documents["BT-115"].eq(0) & documents["BT-113"].eq(documents["BT-112"])
    digit = np.where(final, "4", np.where(paid.fillna(value=False), "2", "1"))
    return pd.Series(digit, index=documents.index, dtype="str").radd(sells)


def _with_notes(notes: pd.DataFrame, rows: npt.NDArray[np.intp], france: France) -> pd.DataFrame:
    """The notes with those that the law asks for, each written as `#CODE#text`, as UBL has them; one each."""
    wanted = {"PMT": france.recovery_costs, "PMD": france.late_payment, "AAB": france.discount}
    said = _column(notes, "BT-22")
    parts = [notes.assign(**{"BT-22": said})]
    for code, text in wanted.items():
        has = notes[PARENT][said.str.startswith(f"#{code}#").fillna(value=False)]
        lacking = rows[~np.isin(rows, has.to_numpy(np.int64))]
        parts.append(pd.DataFrame({PARENT: lacking, "BT-22": f"#{code}#{text}"}))
    joined = pd.concat(parts, ignore_index=True).astype({PARENT: "int64", "BT-22": "str"})
    return joined.sort_values(PARENT, kind="stable", ignore_index=True)
