"""Domains that look like another one: letters of several scripts in one label (UTS 39, mixed scripts)."""

import unicodedata
from typing import Final

import idna
import pandas as pd

from invoicebatch.model.contact.mailbox import addresses_in

_TOGETHER: Final = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "HANGUL"},
    {"LATIN", "CJK", "BOPOMOFO"},
)
"""Scripts that are written together (UTS 39, 5.2: highly restrictive)."""

_LIKE_LATIN: Final = frozenset("асԁеһіјӏорԛѕԝхуɑɩοαν")
"""Letters of other scripts that look like Latin ones; a label of nothing else imitates one."""


def look_alike(domain: str) -> str:
    """Why a domain may imitate another one; empty: nothing speaks for it.

    >>> look_alike("p\u0430ypal.example"), look_alike("почта.example")
    ("'p\u0430ypal.example' mixes Cyrillic and Latin letters (xn--pypal-4ve.example)", '')
    """
    try:
        shown = idna.decode(domain, uts46=True)
        name = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
    for label in shown.split("."):
        letters = [letter for letter in label if letter.isalpha()]
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
        if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
            words = " and ".join(sorted(script.capitalize() for script in scripts))
            return f"{shown!r} mixes {words} letters ({name})"
        if letters and not label.isascii() and _LIKE_LATIN.issuperset(letters):
            return f"{shown!r} is not written in Latin letters, though it looks so ({name})"
    return ""


def look_alikes(fields: "pd.Series[str]") -> "pd.Series[str]":
    """`look_alike` of the first such domain in each field of addresses; same index, dtype str."""
    clean = fields.astype(object).where(fields.notna(), None)
    domains = {field: [at.rpartition("@")[2] for at in addresses_in(field)] for field in clean.unique()}
    found = {field: next(filter(None, map(look_alike, each)), "") for field, each in domains.items()}
    return clean.map(found).astype("str")
