"""Structured payment references: Belgian, Dutch, Swiss and ISO 11649, derived, checked and printed.

Only the references themselves live here; which document carries one is decided elsewhere.
"""

import re
from operator import mul
from typing import Final

from stdnum.iso7064 import mod_97_10

_DUTCH_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1, 2, 4, 8, 5, 10)
_SWISS = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_CREDITOR_REFERENCE: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")


def structured_reference(country: str | None, number: str) -> str:
    """A reference that carries an invoice number: digits of 12 (BE), 16 (NL), else ISO 11649.

    >>> structured_reference("BE", "2026-000123")
    '202600012320'
    >>> structured_reference("DE", "2026-000123")
    'RF462026000123'
    """
    digits = re.sub(r"\D", "", number)
    if country == "BE" and 0 < len(digits) <= 10:
        return belgian(digits)
    if country == "NL" and 0 < len(digits) <= 15:
        return dutch(digits)
    return creditor_reference(number)


def belgian(digits: str) -> str:
    """Twelve digits: ten, and their remainder modulo 97 (97 where it is 0)."""
    body = digits.rjust(10, "0")
    return f"{body}{int(body) % 97 or 97:02d}"


def dutch(digits: str) -> str:
    """Sixteen digits: a check digit (weights modulo 11) before fifteen."""
    body = digits.rjust(15, "0")
    total = sum(map(mul, map(int, reversed(body)), _DUTCH_WEIGHTS))
    check = 11 - total % 11
    return f"{({10: 1, 11: 0}).get(check, check)}{body}"


def creditor_reference(number: str) -> str:
    """ISO 11649: RF, two check digits, at most 21 letters and digits of the number."""
    body = re.sub(r"[^A-Z0-9]", "", number.upper())[-21:]
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


def as_creditor_reference(reference: str) -> str:
    """The reference in the electronic form of ISO 11649, or an empty string: then it is none.

    >>> as_creditor_reference("rf46 2026-0001-23"), as_creditor_reference("RF47 2026 0001 23")
    ('RF462026000123', '')
    """
    compact = re.sub(r"[\s.,:/-]", "", reference).upper()
    right = _CREDITOR_REFERENCE.fullmatch(compact) and mod_97_10.is_valid(compact[4:] + compact[:4])
    return compact if right else ""


def is_reference(token: str) -> bool:
    """Whether letters and digits are a structured reference, by its check digits.

    >>> is_reference("202600012320"), is_reference("202600012302")
    (True, False)
    """
    if token.startswith("RF"):
        return as_creditor_reference(token) == token
    if not (token.isascii() and token.isdigit() and int(token)):
        return False
    checks = {12: belgian_check, 16: dutch_check, 27: swiss_check}
    return len(token) in checks and checks[len(token)](token)


def belgian_check(token: str) -> bool:
    """Twelve digits, the last two the remainder of the others modulo 97."""
    return belgian(token[:10]) == token


def dutch_check(token: str) -> bool:
    """Sixteen digits, the first one the check digit."""
    return dutch(token[1:]) == token


def swiss_check(token: str) -> bool:
    """Twenty-seven digits, the last one modulo 10, recursive (Swiss Payment Standards, QR reference)."""
    carry = 0
    for digit in token[:-1]:
        carry = _SWISS[(carry + int(digit)) % 10]
    return (10 - carry) % 10 == int(token[-1])


def carried(reference: str | None, country: str) -> str:
    """The structured reference that a collection carries, or an empty string: then it carries text.

    ISO 11649 everywhere; the Belgian structured communication of a Belgian creditor.

    >>> carried("RF46 2026 0001 23", "DE"), carried("+++202/6000/12320+++", "BE"), carried("2026-000123", "BE")
    ('RF462026000123', '202600012320', '')
    """
    if not reference:
        return ""
    return as_creditor_reference(reference) or (_as_belgian(reference) if country == "BE" else "")


def _as_belgian(reference: str) -> str:
    """Its twelve digits, or an empty string."""
    compact = _compact(reference)
    return compact if len(compact) == 12 and compact.isdigit() and is_reference(compact) else ""


def _compact(reference: str) -> str:
    return re.sub(r"[\s+/*]", "", reference)


def printed(reference: str, country: str | None = None) -> str:
    """The reference as people read it; free text stays as it is.

    >>> printed("202600012320", "BE")
    '+++202/6000/12320+++'
    >>> printed("RF462026000123")
    'RF46 2026 0001 23'
    """
    if country != "NL" and (digits := _as_belgian(reference)):
        return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"
    compact = as_creditor_reference(reference)
    if country == "NL" and re.fullmatch(r"[0-9]{16}", digits := _compact(reference)):
        compact = digits
    return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4)) or reference
