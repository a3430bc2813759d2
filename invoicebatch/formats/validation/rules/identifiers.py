"""Check digits of the identifiers Peppol looks into, by ISO 6523 scheme (PEPPOL-COMMON rules)."""

import re
from collections.abc import Callable
from typing import Final

import numpy as np

from invoicebatch.formats.validation.facts import Facts, Mask


def gln(text: str) -> bool:
    """GS1 location number: weights 3 and 1 from the right, modulo 10.

    >>> gln("7300010000001")
    True
    """
    if not text.isdecimal():
        return False
    digits = [int(digit) for digit in reversed(text)]
    total = sum(digit * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits[1:]))
    return (10 - total % 10) % 10 == digits[0]


def organisation_number(text: str) -> bool:
    """Norwegian organisation number: nine digits, weights 2 to 7 from the right, modulo 11."""
    if not re.fullmatch(r"\d{9}", text):
        return False
    total = sum(int(digit) * (index % 6 + 2) for index, digit in enumerate(reversed(text[:-1])))
    return (11 - total % 11) % 11 == int(text[-1])


def enterprise_number(text: str) -> bool:
    """Belgian enterprise number: ten digits, the last two 97 less the others modulo 97.

    >>> enterprise_number("0403170701")
    True
    """
    return bool(re.fullmatch(r"\d{10}", text)) and 97 - int(text[:8]) % 97 == int(text[8:])


def swedish_number(text: str) -> bool:
    """Swedish organisation number: ten digits, Luhn."""
    if not re.fullmatch(r"\d{10}", text):
        return False
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(text[:9]))
    return (10 - sum(d // 10 + d % 10 for d in doubled) % 10) % 10 == int(text[9])


def business_number(text: str) -> bool:
    """Australian business number: eleven digits, weighted, modulo 89."""
    if not re.fullmatch(r"\d{11}", text):
        return False
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    digits = [int(text[0]) - 1, *(int(digit) for digit in text[1:])]
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 89 == 0


def _pattern(expression: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(expression, text) is not None


KVK: Final = r"\d{8}"
DUTCH_VAT: Final = r"NL\d{9}B\d{2}"

IDENTIFIERS: Final[dict[str, tuple[str, str, Callable[[str], bool]]]] = {
    "0088": ("PEPPOL-COMMON-R040", "GLN", gln),
    "0192": ("PEPPOL-COMMON-R041", "Norwegian organisation number", organisation_number),
    "0184": ("PEPPOL-COMMON-R042", "Danish organisation number", _pattern(r"DK\d{8}|\d{8}")),
    "0208": ("PEPPOL-COMMON-R043", "Belgian enterprise number", enterprise_number),
    "0007": ("PEPPOL-COMMON-R049", "Swedish organisation number", swedish_number),
    "0151": ("PEPPOL-COMMON-R050", "Australian business number", business_number),
    "0096": ("PEPPOL-COMMON-R052", "Danish P number", _pattern(r"\d{10}")),
    "0106": ("PEPPOL-COMMON-R054", "Dutch KVK number", _pattern(KVK)),
    "0190": ("PEPPOL-COMMON-R055", "Dutch organisation number (OIN)", _pattern(r"\d{20}")),
    "9944": ("PEPPOL-COMMON-R056-1", "Dutch VAT number", _pattern(DUTCH_VAT)),
    "0217": ("PEPPOL-COMMON-R057", "Dutch establishment number", _pattern(r"\d{12}")),
    "0198": ("PEPPOL-COMMON-R053", "Danish VAT number", _pattern(r"DK\d{8}")),
}
"""Rule, what the identifier is, and its check, by scheme."""


def wrong(facts: Facts, group: str, term: str, scheme: str) -> Mask:
    """Rows whose identifier is of the scheme and fails its check; each distinct one is checked once."""
    of_scheme = facts.is_in(group, f"{term}-1", (scheme,)) & facts.has(group, term)
    if not of_scheme.any():
        return of_scheme
    check = IDENTIFIERS[scheme][2]
    rows = np.flatnonzero(of_scheme)
    values = facts.frame(group)[term].iloc[rows].str.strip()
    bad = [value for value in values.unique() if not check(value)]
    broken = np.zeros(len(of_scheme), bool)
    if bad:
        broken[rows] = values.isin(bad).to_numpy(bool)
    return broken
