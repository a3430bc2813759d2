"""The evidence there is, as data: in which order it is tried, and whether it books by itself (rules/matching.toml)."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

REFERENCE: Final = "reference"
NUMBERS_AND_PAYER: Final = "numbers_and_payer"
NUMBERS_AND_AMOUNT: Final = "numbers_and_amount"
PLAIN_REFERENCE: Final = "plain_reference"
NUMBERS: Final = "numbers"
ALL_OPEN: Final = "payer_and_all_open"
ONLY_INSTALMENT: Final = "payer_and_only_instalment"
INSTALMENT: Final = "payer_and_instalment"
AMOUNT: Final = "payer_and_amount"
SUM: Final = "payer_and_sum"
HAND: Final = "hand"

WORDS: Final[Mapping[str, str]] = {
    REFERENCE: "structured reference",
    NUMBERS_AND_PAYER: "invoice number, amount and payer",
    NUMBERS_AND_AMOUNT: "invoice number and amount",
    PLAIN_REFERENCE: "reference without check digits",
    NUMBERS: "invoice number",
    ALL_OPEN: "payer's account and all that is open",
    ONLY_INSTALMENT: "payer's account and the instalment that is due",
    INSTALMENT: "payer's account and an instalment that is due",
    AMOUNT: "payer's account and the amount of one document",
    SUM: "payer's account and the sum of some documents",
}
"""Every evidence there is, in words."""


PAID_TWICE: Final = "would be paid twice"
"""How a remark on a document ends whose direct debit goes on."""


class Evidence(BaseModel):
    """One kind of evidence: its place, and whether it books by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: int = Field(ge=1, le=99)
    books: bool
    most: int = Field(12, ge=2, le=16)


Rules = Mapping[str, Evidence]
"""By name; those of `WORDS`, all of them."""
