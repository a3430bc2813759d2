"""Which profile a document follows: Peppol BIS, plain EN 16931, or what its country asks, by buyer and setting."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoicebatch.model.en16931.derive.source import Source, filled
from invoicebatch.model.en16931.terms import TERMS
from invoicebatch.model.en16931.values import dtype_of
from invoicebatch.settings import EInvoice

EN16931: Final = "urn:cen.eu:en16931:2017"
PEPPOL: Final = f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
SELF_BILLING: Final = f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
SELF_BILLING_PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"
XRECHNUNG: Final = f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
EXTENDED_CTC_FR: Final = f"{EN16931}#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
FACTURX_EXTENDED: Final = f"{EN16931}#conformant#urn:factur-x.eu:1p0:extended"
UBL_BE: Final = f"{EN16931}#conformant#urn:UBL.BE:1.0.0.20180214"

IDENTIFIERS: Final = {
    "peppol": (PEPPOL, PEPPOL_PROCESS),
    "en16931": (EN16931, ""),
    "xrechnung": (XRECHNUNG, PEPPOL_PROCESS),
    "france": (EN16931, ""),
    "ubl.be": (UBL_BE, PEPPOL_PROCESS),
}
"""BT-24 and BT-23 by profile; the French process depends on what is sold and how it is paid."""

LEITWEG: Final = "0204"
"""Electronic address scheme of the Leitweg-ID, by which German public bodies are addressed."""

SELF_BILLED: Final = ("389", "527", "261")
"""Type codes of documents that the buyer issues in the seller's name."""

FRENCH_REFORM: Final = np.datetime64("2026-09-01")


@dataclass(frozen=True, slots=True)
class Choice:
    """By what a country may ask for a profile of its own.

    Attributes:
        settings: by which countries choose; None: no country does.
        national: whether they choose for every profile.
        on: the day that decides which law holds; None: each document's own date.
    """

    settings: EInvoice | None = None
    national: bool = False
    on: date | None = None


def profile_of(source: Source, frame: pd.DataFrame, profile: str, choice: Choice) -> "pd.Series[str]":
    """The profile of each document.

    Args:
        source: the tables.
        frame: the document terms derived so far.
        profile: `auto`, or the one that all follow.
        choice: by what a country may ask for another.
    """
    settings = choice.settings
    chosen = np.full(len(frame), "peppol" if profile == "auto" else profile, object)
    business = _business(source)
    if profile == "auto":
        chosen[~(business | frame["BT-49"].notna().to_numpy())] = "en16931"
    if settings is not None and choice.national:
        for country, of_country in settings.profiles.items():
            here = frame["BT-55"].eq(country).fillna(value=False).to_numpy(bool) & business
            chosen[here & _suits(frame, of_country, choice.on)] = of_country
        chosen[frame["BT-49-1"].eq(LEITWEG).fillna(value=False).to_numpy(bool)] = "xrechnung"
    return pd.Series(chosen, dtype="str")


def identifiers_of(profiles: "pd.Series[str]") -> tuple[pd.Series, pd.Series]:
    """BT-24 and BT-23 of each profile."""
    specification = profiles.map({name: both[0] for name, both in IDENTIFIERS.items()})
    process = profiles.map({name: both[1] for name, both in IDENTIFIERS.items()}).astype("str")
    return specification.astype(dtype_of(TERMS["BT-24"].value)), filled(process)


def _business(source: Source) -> npt.NDArray[np.bool_]:
    customers = source.customers
    if "is_business" not in customers:
        return np.ones(len(customers), bool)
    found: npt.NDArray[np.bool_] = customers["is_business"].fillna(value=True).to_numpy(bool)
    return found


def _suits(frame: pd.DataFrame, profile: str, on: date | None) -> npt.NDArray[np.bool_]:
    """The French rules are for French sellers, since the reform; others ask nothing of the seller."""
    if profile != "france":
        return np.ones(len(frame), bool)
    days = frame["BT-2"].to_numpy("datetime64[D]") if on is None else np.full(len(frame), np.datetime64(on))
    since = np.isnat(days) | (days >= FRENCH_REFORM)
    found: npt.NDArray[np.bool_] = (frame["BT-40"].eq("FR").fillna(value=False) & since).to_numpy(bool)
    return found


def bill_oneself(documents: pd.DataFrame) -> None:
    """Self-billed documents of Peppol BIS follow its self-billing; changed in place."""
    mine = documents["BT-3"].isin(SELF_BILLED) & documents["BT-24"].eq(PEPPOL)
    if mine.any():
        documents["BT-24"] = documents["BT-24"].mask(mine, SELF_BILLING)
        documents["BT-23"] = documents["BT-23"].mask(mine, SELF_BILLING_PROCESS)
