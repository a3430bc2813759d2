"""What other programs call things: the words of rules/headers.toml, compared without case, accents and marks."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Final, NamedTuple

from anyascii import anyascii

from invoicebatch.files.shipped import shipped

LANGUAGES: Final = ("en", "de", "fr", "nl")
_EXACT, _PART, _NEAR = 100, 60, 40
_ALIKE: Final = 0.9
_WEAK: Final = frozenset(
    {"id", "no", "nr", "number", "du", "au", "from", "to", "von", "bis", "van", "tot", "days"}
)
"""Headers that many columns could have."""


class Word(NamedTuple):
    """One name of a column: folded, what it holds, its language, how far behind it stands in its list."""

    text: str
    role: str
    language: str
    place: int


class Match(NamedTuple):
    """How well a header fits a role; a sure one is a name from the list."""

    score: float
    role: str
    language: str
    sure: bool


@cache
def folded(text: str) -> str:
    """Letters and digits in lower case, what stands in brackets left out.

    >>> folded("Fällig am"), folded("Due Date (UTC)"), folded("N° de facture"), folded("customerID")
    ('fallig am', 'due date', 'no de facture', 'customer id')
    """
    plain = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", text)
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    plain = anyascii(re.sub(r"(?i)n[°º]", "no ", plain)).lower().replace("%", " percent ")
    for two, one in (("ae", "a"), ("oe", "o"), ("ue", "u")):  # Faellig is Fällig
        plain = plain.replace(two, one)
    return " ".join(re.findall(r"[a-z0-9]+", plain))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((shipped("rules") / "headers.toml").read_text("utf-8"))


@cache
def _words() -> tuple[Word, ...]:
    return tuple(
        Word(folded(text), role, language, place)
        for role, names in _data().items()
        if role not in ("totals", "values")
        for language in LANGUAGES
        for place, text in enumerate(names.get(language, ()))
    )


@cache
def totals() -> tuple[str, ...]:
    """Words by which a row of totals says what it is, in lower case."""
    return tuple({text.lower() for names in _data()["totals"].values() for text in names})


@cache
def values(role: str) -> Mapping[str, str]:
    """Values of ours by the folded words that stand for them; empty: the role has no such list."""
    known = _data()["values"].get(role, {})
    return {word: value for value, words in known.items() for word in (_bare(value), *map(_bare, words))}


def value_of(role: str, cell: str) -> str | None:
    """The value of ours that a cell means; None: it is not in the list."""
    return values(role).get(_bare(cell))


def _bare(text: str) -> str:
    return folded(text) or text.strip()


def matches(header: str) -> list[Match]:
    """What a header may be, the best first; at most one match a role."""
    plain = folded(header)
    best: dict[str, Match] = {}
    for word in _words():
        score = _score(plain, word)
        if score and score > best.get(word.role, Match(0, "", "", False)).score:
            sure = score > _EXACT - 20 and plain not in _WEAK
            best[word.role] = Match(score, word.role, word.language, sure)
    return sorted(best.values(), reverse=True)


def _score(header: str, word: Word) -> float:
    if header.replace(" ", "") == word.text.replace(" ", ""):
        return _EXACT - word.place / 2
    parts = set(word.text.split())
    if len(word.text) > 4 and parts <= set(header.split()):
        return _PART + len(word.text) / 4 - word.place / 10
    near = len(header) > 5 and SequenceMatcher(None, header, word.text).ratio() >= _ALIKE
    return _NEAR - word.place / 10 if near else 0


def language_of(headers: Iterable[str]) -> str:
    """The language that most headers are in; English where none says."""
    found = Counter(
        word.language
        for header in headers
        for word in _words()
        if word.text == folded(header) and len(word.text) > 3
    )
    return max(LANGUAGES, key=lambda language: found[language])
