"""Mail addresses: is each a single, well-formed one, and do several stand in one field? No look-up on any network."""

import re
from typing import Final

import idna
import pandas as pd

from invoicebatch.model.distinct import of_distinct

MAX_LOCAL: Final = 64
MAX_ADDRESS: Final = 254
"""Longest address of a mail path (RFC 5321, 4.5.3.1.3, without the angle brackets)."""

MAX_RECIPIENTS: Final = 20
"""Most addresses in one field."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SEVERAL = re.compile(r"[,;]|@.*@")


def address_fault(address: str | None) -> str:
    """What is wrong with a mail address, or an empty string.

    Exactly one bare address (RFC 5321 dot-string at a domain with a dot) is taken: a list, a name
    in front, a comment, a line break or a quoted local part is refused.

    >>> address_fault("ada@example.org"), address_fault("a@x.org, b@x.org")
    ('', "'a@x.org, b@x.org' is more than one address")
    """
    if not address or not address.strip():
        return "no e-mail address"
    text = address.strip()
    if _SEVERAL.search(text):
        return f"{text!r} is more than one address"
    local, at, domain = text.rpartition("@")
    if not at or not domain or not local:
        return f"{text!r} is not an e-mail address"
    if not local.isascii():
        return f"{text!r} has letters before the @ that mail servers do not take"
    if not _LOCAL.fullmatch(local) or len(local) > MAX_LOCAL:
        return f"{text!r} is not an e-mail address"
    return _domain_fault(text, domain) or ("" if len(text) <= MAX_ADDRESS else f"{text!r} is too long")


def _domain_fault(text: str, domain: str) -> str:
    try:
        name = ascii_domain(domain)
    except idna.IDNAError:
        return f"{text!r} has no valid domain"
    labels = name.split(".")
    good = len(labels) > 1 and len(name) <= 253 and not labels[-1].isdigit()
    return "" if good else f"{text!r} has no valid domain"


def ascii_domain(domain: str) -> str:
    """A domain as mail servers know it (IDNA 2008, UTS 46), in small letters.

    >>> ascii_domain("Müller.example")
    'xn--mller-kva.example'

    Raises:
        idna.IDNAError: not a domain.
    """
    return idna.encode(domain, uts46=True).decode("ascii").lower()


def ascii_address(address: str) -> str:
    """A checked address with its domain as mail servers know it; the local part stays as it is."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def addresses_in(field: str | None) -> tuple[str, ...]:
    """The addresses of a field, each once; a comma or semicolon parts them.

    >>> addresses_in("ada@example.org; bob@example.org,ada@example.org")
    ('ada@example.org', 'bob@example.org')
    """
    parts = (part.strip() for part in re.split("[,;]", field or ""))
    return tuple(dict.fromkeys(part for part in parts if part))


def recipients_fault(field: str | None) -> str:
    """What is wrong with a field of one or several addresses, each bad one named; empty: each can be mailed.

    >>> recipients_fault("ada@example.org; bob@"), recipients_fault("ada@example.org; bob@example.org")
    ("'bob@' is not an e-mail address", '')
    """
    found = addresses_in(field)
    if len(found) > MAX_RECIPIENTS:
        return f"{len(found)} addresses in one field, at most {MAX_RECIPIENTS} are mailed"
    return "; ".join(filter(None, map(address_fault, found or (None,))))


def recipients_faults(fields: "pd.Series[str]") -> "pd.Series[str]":
    """`recipients_fault` of every value; same index, dtype str."""
    return of_distinct(fields, recipients_fault)


def address_faults(addresses: "pd.Series[str]") -> "pd.Series[str]":
    """`address_fault` of every value; same index, dtype str."""
    return of_distinct(addresses, address_fault)
