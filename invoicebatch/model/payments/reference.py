"""Structured payment references: Belgian, Dutch, Swiss and ISO 11649, derived, checked and printed.

Only the references themselves live here; which document carries one is decided elsewhere.
"""

import re
from operator import mul

from stdnum import iso11649
from stdnum.be import ogm_vcs

_DUTCH_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1, 2, 4, 8, 5, 10)
_SWISS = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)


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
    as_digits = "".join(str(int(c, 36)) for c in body + "RF00")
    return f"RF{98 - int(as_digits) % 97:02d}{body}"


def is_creditor_reference(reference: str) -> bool:
    """Whether it is a valid ISO 11649 reference."""
    return bool(iso11649.is_valid(reference))


def is_reference(token: str) -> bool:
    """Whether letters and digits are a structured reference, by its check digits.

    >>> is_reference("202600012320"), is_reference("202600012302")
    (True, False)
    """
    if token.startswith("RF"):
        return is_creditor_reference(token)
    if not token.isdigit() or not int(token):
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


def carried(reference: str, country: str) -> str:
    """The structured reference that a collection carries, or an empty string: then it carries text.

    ISO 11649 everywhere; the Belgian structured communication of a Belgian creditor.

    >>> carried("RF46 2026 0001 23", "DE"), carried("+++202/6000/12320+++", "BE"), carried("2026-000123", "BE")
    ('RF462026000123', '202600012320', '')
    """
    compact = _compact(reference)
    if is_creditor_reference(compact):
        return compact
    belgian_form = country == "BE" and compact.isdigit() and ogm_vcs.is_valid(compact)
    return compact if belgian_form else ""


def _compact(reference: str) -> str:
    return re.sub(r"[\s+/*]", "", reference)


def printed(reference: str, country: str | None = None) -> str:
    """The reference as people read it; free text stays as it is.

    >>> printed("202600012320", "BE")
    '+++202/6000/12320+++'
    >>> printed("RF462026000123")
    'RF46 2026 0001 23'
    """
    compact = _compact(reference)
    if country != "NL" and compact.isdigit() and ogm_vcs.is_valid(compact):
        return f"+++{compact[:3]}/{compact[3:7]}/{compact[7:]}+++"
    if is_creditor_reference(compact) or (country == "NL" and re.fullmatch(r"\d{16}", compact)):
        return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))
    return reference
